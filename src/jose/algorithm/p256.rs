//! Range checks of P-256 keys and ES256 signatures, before any backend gets them.

use super::{BackendError, Signature};

/// Refuses a signature whose `r` or `s` is out of range.
pub(super) fn check_encoding(signature: Signature<'_>) -> Result<(), BackendError> {
    let (r, s) = signature.halves()?;
    if is_scalar(r) && is_scalar(s) { Ok(()) } else { Err(BackendError::InvalidSignature) }
}

/// Whether a big-endian number is in 1..n-1, as `r` and `s` must be before anything is computed with them
/// ([FIPS 186-5](https://doi.org/10.6028/NIST.FIPS.186-5) section 6.4.2; CVE-2022-21449).
pub(super) fn is_scalar(number: &[u8; 32]) -> bool {
    number.iter().any(|byte| *byte != 0) && *number < ORDER
}

/// Whether a big-endian coordinate is below p ([SP 800-56A](https://doi.org/10.6028/NIST.SP.800-56Ar3) section
/// 5.6.2.3.3). The backend checks whether the point is on the curve.
pub(in crate::jose) fn is_coordinate(number: &[u8; 32]) -> bool {
    *number < FIELD_PRIME
}

/// p = 2^256 - 2^224 + 2^192 + 2^96 - 1, big-endian
/// ([SP 800-186](https://doi.org/10.6028/NIST.SP.800-186) section 3.2.1.3).
pub(in crate::jose) const FIELD_PRIME: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
];

/// The order n of P-256's base point, big-endian (the same section).
pub(super) const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinate_is_refused_from_p_upwards() {
        let mut number = FIELD_PRIME;
        assert!(!is_coordinate(&number));
        number[31] -= 1;
        assert!(is_coordinate(&number) && is_coordinate(&[0; 32]));
        assert!(!is_coordinate(&[0xff; 32]));
    }
}
