//! A mock of a peripheral that verifies ECDSA on P-256, as its driver sees it: a verification is started, and some time
//! later it has a result and raises an interrupt. The methods stand for registers; a library does the computation.

use std::task::Waker;

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};

#[derive(Debug, Default)]
pub struct Accelerator {
    state: State,
    waker: Option<Waker>,
    /// Simulates a fault, to test drivers: a verification starts and never ends.
    pub hangs: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum State {
    #[default]
    Idle,
    Busy {
        ticks_left: u32,
        result: Status,
    },
    Done(Status),
}

/// The value of the status register.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Status {
    Idle,
    Busy,
    Valid,
    Invalid,
    NotOnCurve,
}

/// Another verification is running.
#[derive(Debug, PartialEq)]
pub struct Busy;

impl Accelerator {
    /// Starts a verification, unless another is running. An unread result is lost.
    pub fn start(&mut self, public_key: &[u8], digest: &[u8; 32], signature: &[u8; 64]) -> Result<(), Busy> {
        if let State::Busy { .. } = self.state {
            return Err(Busy);
        }
        self.state = State::Busy { ticks_left: TICKS, result: compute(public_key, digest, signature) };
        Ok(())
    }

    /// Reads the status. Reading a result makes the peripheral ready for the next verification.
    pub fn status(&mut self) -> Status {
        match self.state {
            State::Idle => Status::Idle,
            State::Busy { .. } => Status::Busy,
            State::Done(result) => {
                self.state = State::Idle;
                result
            }
        }
    }

    /// Drops the running verification or its result.
    pub fn reset(&mut self) {
        self.state = State::Idle;
    }

    /// Sets the task that the interrupt wakes.
    pub fn wake_when_done(&mut self, waker: &Waker) {
        self.waker = Some(waker.clone());
    }

    /// Lets time pass. The interrupt is raised at the end of the verification.
    pub fn tick(&mut self) {
        self.state = match self.state {
            State::Busy { ticks_left: 0, result } if !self.hangs => State::Done(result),
            State::Busy { ticks_left, result } => State::Busy { ticks_left: ticks_left.saturating_sub(1), result },
            other => other,
        };
        if matches!(self.state, State::Done(_))
            && let Some(waker) = self.waker.take()
        {
            waker.wake();
        }
    }
}

/// The duration of one verification.
const TICKS: u32 = 20;

fn compute(public_key: &[u8], digest: &[u8; 32], signature: &[u8; 64]) -> Status {
    let point = [&[4], public_key].concat();
    let Ok(key) = VerifyingKey::from_sec1_bytes(&point) else { return Status::NotOnCurve };
    let verdict = Signature::from_slice(signature).and_then(|signature| key.verify_prehash(digest, &signature));
    if verdict.is_ok() { Status::Valid } else { Status::Invalid }
}
