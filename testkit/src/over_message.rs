//! Signatures over bytes that are no token.

use embedded_jwt::{Algorithm, BackendError, PublicKey, Signature, SignatureAlgorithm};

/// The real backend, given the vector's message instead of the token's, since no token text has those bytes.
#[derive(Debug)]
pub struct OverMessage<'m> {
    pub backend: &'m dyn SignatureAlgorithm,
    pub message: &'m [u8],
}

impl SignatureAlgorithm for OverMessage<'_> {
    fn algorithm(&self) -> Algorithm {
        self.backend.algorithm()
    }

    fn verify(&self, key: &PublicKey<'_>, _: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        self.backend.verify(key, self.message, signature)
    }
}
