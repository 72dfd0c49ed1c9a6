/// Whether a big-endian number is in 1..n-1, as `r` and `s` must be before anything is computed from them
/// ([FIPS 186-5](https://doi.org/10.6028/NIST.FIPS.186-5) section 6.4.2; CVE-2022-21449).
pub(super) fn is_scalar(number: &[u8]) -> bool {
    number.iter().any(|byte| *byte != 0) && *number < ORDER[..]
}

/// Whether a big-endian coordinate is below p ([SP 800-56A](https://doi.org/10.6028/NIST.SP.800-56Ar3) section
/// 5.6.2.3.3). Whether the point is on the curve is the backend's to say.
pub(crate) fn is_coordinate(number: &[u8]) -> bool {
    *number < FIELD_PRIME[..]
}

/// ES256 in software: ECDSA on P-256 with SHA-256, by the crate `p256`.
///
/// A signature with `s` > n/2 is accepted, as JOSE has it: one token has two valid signatures, so that its text
/// is no identity to revoke or to remember it by.
#[cfg(feature = "es256")]
#[derive(Clone, Copy, Debug)]
pub struct Es256;

#[cfg(feature = "es256")]
impl super::SignatureAlgorithm for Es256 {
    fn algorithm(&self) -> super::Algorithm {
        super::Algorithm::Es256
    }

    fn verify(&self, key: &crate::Key, message: &[u8], signature: &[u8; 64]) -> Result<(), super::BackendError> {
        use p256::ecdsa::signature::Verifier;
        use p256::ecdsa::{Signature, VerifyingKey};

        let point = uncompressed_point(key)?;
        let key = VerifyingKey::from_sec1_bytes(&point).map_err(|_| super::BackendError::InvalidKey)?;
        Signature::from_bytes(&(*signature).into())
            .and_then(|signature| key.verify(message, &signature))
            .map_err(|_| super::BackendError::InvalidSignature)
    }
}

/// The key as SEC 1 encodes it whole ([section 2.3.3](https://www.secg.org/sec1-v2.pdf)).
#[cfg(any(feature = "es256", feature = "ring"))]
pub(super) fn uncompressed_point(key: &crate::Key) -> Result<[u8; 65], super::BackendError> {
    let coordinates = <[u8; 64]>::try_from(key.public_key()).map_err(|_| super::BackendError::InvalidKey)?;
    let mut point = [UNCOMPRESSED; 65];
    let (_, rest) = point.split_at_mut(1);
    rest.copy_from_slice(&coordinates);
    Ok(point)
}

/// First byte of an uncompressed point.
#[cfg(any(feature = "es256", feature = "ring"))]
const UNCOMPRESSED: u8 = 4;

/// p = 2^256 - 2^224 + 2^192 + 2^96 - 1, big-endian
/// ([SP 800-186](https://doi.org/10.6028/NIST.SP.800-186) section 3.2.1.3).
pub(super) const FIELD_PRIME: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
];

/// Order n of P-256's base point, big-endian
/// (the same section).
pub(super) const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coordinate_is_below_p() {
        let mut number = FIELD_PRIME;
        assert!(!is_coordinate(&number));
        number[31] -= 1;
        assert!(is_coordinate(&number) && is_coordinate(&[0; 32]));
        assert!(!is_coordinate(&[0xff; 32]));
    }
}
