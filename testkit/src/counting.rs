//! A backend that counts.

use std::cell::Cell;

use embedded_jwt::{Algorithm, BackendError, PublicKey, Signature, SignatureAlgorithm};

use crate::{Alg, EdDsa, Es256};

/// Counts how often it is asked to verify. It computes the answer unless `answer` is set.
#[derive(Debug)]
pub struct Counting {
    algorithm: Algorithm,
    asked: Cell<usize>,
    pub answer: Cell<Option<Result<(), BackendError>>>,
}

impl Counting {
    pub fn new(alg: Alg) -> Self {
        let algorithm = match alg {
            Alg::Es256 => Algorithm::Es256,
            Alg::EdDsa => Algorithm::EdDsa,
        };
        Self { algorithm, asked: Cell::new(0), answer: Cell::new(None) }
    }

    /// How often it was asked since the last call.
    pub fn asked(&self) -> usize {
        self.asked.take()
    }
}

impl SignatureAlgorithm for Counting {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        self.asked.set(self.asked.get() + 1);
        self.answer.get().unwrap_or_else(|| match self.algorithm {
            Algorithm::Es256 => Es256.verify(key, message, signature),
            _ => EdDsa.verify(key, message, signature),
        })
    }
}
