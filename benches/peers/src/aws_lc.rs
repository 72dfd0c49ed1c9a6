//! A backend of this crate by aws-lc-rs.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, VerificationAlgorithm};
use embedded_jwt::{Algorithm, BackendError, PublicKey, Signature, SignatureAlgorithm};

#[derive(Debug)]
pub struct AwsLc(pub Algorithm);

impl SignatureAlgorithm for AwsLc {
    fn algorithm(&self) -> Algorithm {
        self.0
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        let result = match self.0 {
            Algorithm::EdDsa => ED25519.verify_sig(key.public_key(), message, signature.as_bytes()),
            _ => ECDSA_P256_SHA256_FIXED.verify_sig(&sec1(key), message, signature.as_bytes()),
        };
        result.map_err(|_| BackendError::InvalidSignature)
    }
}

/// The key as an uncompressed point (SEC 1 section 2.3.3).
fn sec1(key: &PublicKey<'_>) -> [u8; 65] {
    let mut point = [4; 65];
    point[1..].copy_from_slice(key.public_key());
    point
}
