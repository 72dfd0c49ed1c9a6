//! A backend with tables for every key, so that tests reach them with keys that are not known before.

use std::cell::RefCell;

use embedded_jwt::{Algorithm, BackendError, Es256Tables, PublicKey, Signature, SignatureAlgorithm};

/// Prepares each key that it is asked about.
#[derive(Debug, Default)]
pub struct Preparing(RefCell<Es256Tables<1>>);

impl SignatureAlgorithm for Preparing {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        let mut tables = self.0.borrow_mut();
        tables.prepare([key]);
        tables.verify(key, message, signature)
    }
}
