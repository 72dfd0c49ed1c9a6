//! The driver that waits for the peripheral: a backend of the crate like any other.

use std::cell::RefCell;

use embedded_jwt::{Algorithm, BackendError, Key, SignatureAlgorithm};
use sha2::{Digest, Sha256};

use crate::accelerator::{Accelerator, Status};

/// ES256 by a peripheral that other drivers share.
#[derive(Debug)]
pub struct AcceleratedEs256<'p>(pub &'p RefCell<Accelerator>);

impl SignatureAlgorithm for AcceleratedEs256<'_> {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn verify(&self, key: &Key, message: &[u8], signature: &[u8; 64]) -> Result<(), BackendError> {
        let digest = Sha256::digest(message).into();
        // In use by another driver: no answer, which is no refusal.
        let mut accelerator = self.0.try_borrow_mut().map_err(|_| BackendError::Unavailable)?;
        accelerator.start(key.public_key(), &digest, signature).map_err(|_| BackendError::Unavailable)?;
        for _ in 0..PATIENCE {
            match accelerator.status() {
                Status::Busy => accelerator.tick(), // on hardware time goes on by itself
                result => return outcome(result),
            }
        }
        accelerator.reset();
        Err(BackendError::Unavailable)
    }
}

/// Looks at the peripheral, five times as many as it ever needs.
pub const PATIENCE: u32 = 100;

/// What a result means, in a table in which only one line is a yes.
pub fn outcome(result: Status) -> Result<(), BackendError> {
    match result {
        Status::Valid => Ok(()),
        Status::Invalid => Err(BackendError::InvalidSignature),
        Status::NotOnCurve => Err(BackendError::InvalidKey),
        Status::Idle | Status::Busy => Err(BackendError::Unavailable),
    }
}
