//! The blocking driver: it waits for the peripheral, and is a backend of the crate like any other.

use std::cell::RefCell;

use embedded_jwt::{Algorithm, BackendError, PublicKey, Signature, SignatureAlgorithm};
use sha2::{Digest, Sha256};

use crate::accelerator::{Accelerator, Status};

/// ES256 by a peripheral that is shared with other drivers.
#[derive(Debug)]
pub struct AcceleratedEs256<'p>(pub &'p RefCell<Accelerator>);

impl SignatureAlgorithm for AcceleratedEs256<'_> {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        let digest = Sha256::digest(message).into();
        // In use by another driver: no answer, which is not a refusal of the signature.
        let mut accelerator = self.0.try_borrow_mut().map_err(|_| BackendError::Unavailable)?;
        accelerator.start(key.public_key(), &digest, signature.fixed()?).map_err(|_| BackendError::Unavailable)?;
        for _ in 0..PATIENCE {
            match accelerator.status() {
                Status::Busy => accelerator.tick(), // on hardware, time passes by itself
                result => return outcome(result),
            }
        }
        accelerator.reset();
        Err(BackendError::Unavailable)
    }
}

/// The most times that the status is read: five times as often as a verification ever needs.
pub const PATIENCE: u32 = 100;

/// The meaning of a result, as a table in which only one line accepts.
pub fn outcome(result: Status) -> Result<(), BackendError> {
    match result {
        Status::Valid => Ok(()),
        Status::Invalid => Err(BackendError::InvalidSignature),
        Status::NotOnCurve => Err(BackendError::InvalidKey),
        Status::Idle | Status::Busy => Err(BackendError::Unavailable),
    }
}
