//! The software backend for EdDSA.

use ed25519_dalek::VerifyingKey;

use super::{Algorithm, BackendError, Signature, SignatureAlgorithm};
use crate::jose::PublicKey;

/// EdDSA in software: Ed25519, verified strictly (`verify_strict`), by the crate `ed25519-dalek`.
#[derive(Clone, Copy, Debug)]
pub struct EdDsa;

impl SignatureAlgorithm for EdDsa {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDsa
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        let key = VerifyingKey::try_from(key.public_key()).map_err(|_| BackendError::InvalidKey)?;
        let signature = ed25519_dalek::Signature::from_bytes(signature.fixed()?);
        key.verify_strict(message, &signature).map_err(|_| BackendError::InvalidSignature)
    }
}
