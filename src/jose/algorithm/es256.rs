//! The software backend for ES256.

use p256::ecdsa::VerifyingKey;
use p256::ecdsa::signature::Verifier;

use super::sec1::uncompressed_point;
use super::{Algorithm, BackendError, Signature, SignatureAlgorithm};
use crate::jose::PublicKey;

/// ES256 in software: ECDSA on P-256 with SHA-256, by the crate `p256`.
///
/// Signatures with `s` > n/2 are accepted, as in JOSE. A token therefore has two valid signatures, so that its text
/// does not identify it, neither for a revocation nor for a replay check.
#[derive(Clone, Copy, Debug)]
pub struct Es256;

impl SignatureAlgorithm for Es256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        let key = VerifyingKey::from_sec1_bytes(&uncompressed_point(key)?).map_err(|_| BackendError::InvalidKey)?;
        p256::ecdsa::Signature::from_bytes(&(*signature.fixed::<64>()?).into())
            .and_then(|signature| key.verify(message, &signature))
            .map_err(|_| BackendError::InvalidSignature)
    }
}
