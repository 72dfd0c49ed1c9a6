//! Range checks of Ed25519 keys and signatures, before any backend gets them.

use super::{BackendError, Signature};
use crate::jose::PublicKey;

/// Refuses a key or an `R` that is not an acceptable point, and an `S` that is not reduced.
pub(super) fn check_encoding(key: &PublicKey<'_>, signature: Signature<'_>) -> Result<(), BackendError> {
    let (r, s) = signature.halves()?;
    match key.public_key().try_into() {
        Ok(point) if is_acceptable_point(point) => {}
        _ => return Err(BackendError::InvalidKey),
    }
    if is_acceptable_point(r) && is_reduced(s) { Ok(()) } else { Err(BackendError::InvalidSignature) }
}

/// Whether an encoded point has y < p and is not of small order. Anyone can sign for a key of small order, and
/// implementations disagree about the other cases ([RFC 8032 section
/// 5.1.3](https://www.rfc-editor.org/rfc/rfc8032#section-5.1.3), [Chalkias et al.
/// 2020](https://eprint.iacr.org/2020/1244)). The backend checks whether the point is on the curve.
pub(in crate::jose) fn is_acceptable_point(encoded: &[u8; 32]) -> bool {
    let mut y = *encoded;
    let [.., last] = &mut y;
    *last &= 0x7f; // the sign of x
    is_below(&y, &FIELD_PRIME) && !SMALL_ORDER_Y.contains(&y)
}

/// Whether `S` < L ([RFC 8032 section 5.1.7](https://www.rfc-editor.org/rfc/rfc8032#section-5.1.7)). Otherwise a
/// signature could be rewritten into another valid one.
fn is_reduced(s: &[u8; 32]) -> bool {
    is_below(s, &ORDER)
}

/// Compares little-endian numbers of the same length.
fn is_below(number: &[u8; 32], limit: &[u8; 32]) -> bool {
    number.iter().rev().lt(limit.iter().rev())
}

/// p = 2^255 - 19, little-endian ([RFC 8032 section 5.1](https://www.rfc-editor.org/rfc/rfc8032#section-5.1)).
pub(in crate::jose) const FIELD_PRIME: [u8; 32] = [
    0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
];

/// L = 2^252 + 27742317777372353535851937790883648493, little-endian (the same section).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
];

/// The y of each of the eight points whose order divides 8, little-endian: 1 (order 1), p - 1 (order 2), 0 (order 4)
/// and two of order 8. Source: `EIGHT_TORSION` of curve25519-dalek, with which a test compares this table.
pub(in crate::jose) const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    [
        0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ],
    [0x00; 32],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_order_table_matches_the_curve_library() {
        let torsion = curve25519_dalek::constants::EIGHT_TORSION;
        for point in torsion {
            let mut y = point.compress().to_bytes();
            assert!(!is_acceptable_point(&y));
            y[31] &= 0x7f;
            assert!(SMALL_ORDER_Y.contains(&y));
        }
        for y in SMALL_ORDER_Y {
            assert!(torsion.iter().any(|point| point.compress().to_bytes()[..31] == y[..31]));
        }
    }

    #[test]
    fn point_is_refused_if_y_is_p_or_more() {
        let mut y = FIELD_PRIME;
        for low_byte in 0xed..=0xff {
            y[0] = low_byte;
            y[31] = 0x7f;
            assert!(!is_acceptable_point(&y), "{low_byte:#x}");
            y[31] = 0xff;
            assert!(!is_acceptable_point(&y), "{low_byte:#x} with a sign");
        }
        y[0] = 0xeb; // p - 2
        assert!(is_acceptable_point(&y));
    }

    #[test]
    fn s_is_refused_from_the_order_upwards() {
        let mut s = ORDER;
        assert!(!is_reduced(&s));
        s[0] -= 1;
        assert!(is_reduced(&s));
        s[31] = 0x11;
        assert!(!is_reduced(&s));
        assert!(is_reduced(&[0; 32]));
    }
}
