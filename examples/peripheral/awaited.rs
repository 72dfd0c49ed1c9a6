//! The async driver: other tasks run until the peripheral raises its interrupt.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use embedded_jwt::{Algorithm, BackendError, PublicKey, Signature, SignatureAlgorithm};
use sha2::{Digest, Sha256};

use crate::accelerator::{Accelerator, Status};
use crate::blocking::{PATIENCE, outcome};

/// Verifies an ES256 signature with the peripheral. If it is dropped, by a time-out or a cancellation, the peripheral
/// is ready for the next verification.
pub async fn verify(
    accelerator: &RefCell<Accelerator>,
    key: &PublicKey<'_>,
    message: &[u8],
    signature: Signature<'_>,
) -> Result<(), BackendError> {
    let digest = Sha256::digest(message).into();
    accelerator
        .try_borrow_mut()
        .map_err(|_| BackendError::Unavailable)?
        .start(key.public_key(), &digest, signature.fixed()?)
        .map_err(|_| BackendError::Unavailable)?;
    let _reset = ResetOnDrop(accelerator);
    poll_fn(|context| {
        let Ok(mut accelerator) = accelerator.try_borrow_mut() else {
            context.waker().wake_by_ref();
            return Poll::Pending; // another driver is using it
        };
        // Set before the status is read: otherwise an interrupt in between would wake no task.
        accelerator.wake_when_done(context.waker());
        match accelerator.status() {
            Status::Busy => Poll::Pending,
            result => Poll::Ready(outcome(result)),
        }
    })
    .await
}

struct ResetOnDrop<'p>(&'p RefCell<Accelerator>);

impl Drop for ResetOnDrop<'_> {
    fn drop(&mut self) {
        if let Ok(mut accelerator) = self.0.try_borrow_mut() {
            accelerator.reset();
        }
    }
}

/// [`verify`] for the self-test at start-up, when there is no executor yet: it is polled until it is done.
#[derive(Debug)]
pub struct Polled<'p>(pub &'p RefCell<Accelerator>);

impl SignatureAlgorithm for Polled<'_> {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        let mut verification = pin!(verify(self.0, key, message, signature));
        for _ in 0..PATIENCE {
            match verification.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(outcome) => return outcome,
                Poll::Pending => self.0.borrow_mut().tick(), // on hardware, time passes by itself
            }
        }
        Err(BackendError::Unavailable)
    }
}
