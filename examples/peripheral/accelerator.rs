//! A peripheral that verifies ECDSA on P-256, as its driver sees it: it is told what to do, and some time later it has
//! a result and raises an interrupt. It stands for registers; what they compute, a library computes here.

use std::task::Waker;

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};

#[derive(Debug, Default)]
pub struct Accelerator {
    state: State,
    waker: Option<Waker>,
    /// For trying what a driver makes of it: it begins, and never ends.
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

/// What its status register says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Status {
    Idle,
    Busy,
    Valid,
    Invalid,
    NotOnCurve,
}

/// Another verification is going on.
#[derive(Debug, PartialEq)]
pub struct Busy;

impl Accelerator {
    /// Starts a verification, unless another is going on. A result that nobody has read is lost.
    pub fn start(&mut self, public_key: &[u8], digest: &[u8; 32], signature: &[u8; 64]) -> Result<(), Busy> {
        if let State::Busy { .. } = self.state {
            return Err(Busy);
        }
        self.state = State::Busy { ticks_left: TICKS, result: compute(public_key, digest, signature) };
        Ok(())
    }

    /// Reading a result makes it ready for the next.
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

    /// Forgets what it was doing.
    pub fn reset(&mut self) {
        self.state = State::Idle;
    }

    /// Whom its interrupt is for.
    pub fn wake_when_done(&mut self, waker: &Waker) {
        self.waker = Some(waker.clone());
    }

    /// Time goes on; at the end comes the interrupt.
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

/// How long it takes for one verification.
const TICKS: u32 = 20;

fn compute(public_key: &[u8], digest: &[u8; 32], signature: &[u8; 64]) -> Status {
    let point = [&[4], public_key].concat();
    let Ok(key) = VerifyingKey::from_sec1_bytes(&point) else { return Status::NotOnCurve };
    let verdict = Signature::from_slice(signature).and_then(|signature| key.verify_prehash(digest, &signature));
    if verdict.is_ok() { Status::Valid } else { Status::Invalid }
}
