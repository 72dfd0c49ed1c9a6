//! The driver that is awaited: other tasks run until the peripheral's interrupt comes.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::Poll;

use embedded_jwt::{BackendError, Prepared};

use crate::accelerator::{Accelerator, Status};
use crate::blocking::outcome;

/// Has the peripheral verify the signature of a prepared ES256 token. Given up, by a time-out or a cancellation, it
/// leaves the peripheral ready for the next.
pub async fn verify(accelerator: &RefCell<Accelerator>, prepared: &Prepared<'_, '_>) -> Result<(), BackendError> {
    let started = accelerator.try_borrow_mut().is_ok_and(|mut accelerator| {
        accelerator.start(prepared.key().public_key(), &prepared.message_digest(), prepared.signature())
    });
    if !started {
        return Err(BackendError::Unavailable);
    }
    let _reset = ResetOnDrop(accelerator);
    // Never borrowed while it waits, so that others can look at the peripheral.
    poll_fn(|context| match accelerator.try_borrow_mut() {
        Ok(mut accelerator) => match accelerator.status() {
            Status::Busy => {
                accelerator.wake_when_done(context.waker());
                Poll::Pending
            }
            result => Poll::Ready(outcome(result)),
        },
        Err(_) => Poll::Ready(Err(BackendError::Unavailable)),
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
