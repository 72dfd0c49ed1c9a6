//! A chip that verifies signatures, as the tasks of the network see it: they send it a request, and await its answer.
//!
//! It is a mock: the main loop does the arithmetic, while interrupts preempt it. So a verification of many milliseconds
//! does not stop the network.

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, with_timeout};
use embedded_jwt::{
    Algorithm, BackendError, CallerVerifies, EdDsa, Es256, Key, PublicKey, Signature, SignatureAlgorithm, self_test,
};
use heapless::Vec;

use crate::http::MAX_HEAD_LEN;
use crate::lock::Lock;

/// The accepted algorithms of issuers and proofs. The device itself has no backend.
pub const ALGORITHMS: [&dyn SignatureAlgorithm; 2] =
    [&CallerVerifies(Algorithm::Es256), &CallerVerifies(Algorithm::EdDsa)];

/// A chip that does not answer in this time is broken.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// A request, as it is sent to the chip.
struct Request {
    number: u32,
    algorithm: Algorithm,
    key: [u8; 64],
    message: Vec<u8, MAX_HEAD_LEN>,
    signature: [u8; 64],
}

static REQUEST: Signal<CriticalSectionRawMutex, Request> = Signal::new();
static REPLY: Signal<CriticalSectionRawMutex, (u32, Result<(), BackendError>)> = Signal::new();
/// The number of the last request. The task that holds the lock uses the chip, which takes one request at a time.
static TURN: Lock<u32> = Lock::new(0);

/// Verifies a signature on the chip.
pub async fn verify(key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
    let unavailable = BackendError::Unavailable;
    let mut turn = TURN.lock().await;
    *turn = turn.wrapping_add(1);
    let number = *turn;
    let mut bytes = [0; 64];
    bytes.get_mut(..key.public_key().len()).ok_or(unavailable)?.copy_from_slice(key.public_key());
    REQUEST.signal(Request {
        number,
        algorithm: key.algorithm(),
        key: bytes,
        message: Vec::from_slice(message).map_err(|_| unavailable)?,
        signature: *signature.fixed()?,
    });
    let reply = async {
        loop {
            // A reply to an earlier request, which was given up, is not the reply to this one.
            let (answered, outcome) = REPLY.wait().await;
            if answered == number {
                return outcome;
            }
        }
    };
    with_timeout(TIME_LIMIT, reply).await.unwrap_or(Err(unavailable))
}

/// The chip's side: answers a request, if there is one. It takes as long as a signature takes.
pub fn work() -> bool {
    let Some(request) = REQUEST.try_take() else { return false };
    REPLY.signal((request.number, request.outcome()));
    true
}

pub fn has_work() -> bool {
    REQUEST.signaled()
}

impl Request {
    fn outcome(&self) -> Result<(), BackendError> {
        let (x, y) = self.key.split_first_chunk().ok_or(BackendError::InvalidKey)?;
        let y = y.first_chunk().ok_or(BackendError::InvalidKey)?;
        let signature = Signature::new(self.algorithm, &self.signature)?;
        match self.algorithm {
            Algorithm::Es256 => Es256.verify(&Key::es256(x, y), &self.message, signature),
            Algorithm::EdDsa => EdDsa.verify(&Key::ed25519(x), &self.message, signature),
            _ => Err(BackendError::Unavailable),
        }
    }
}

/// Whether the chip works, before it is relied on.
pub fn is_sound() -> bool {
    self_test(&Es256).is_ok() && self_test(&EdDsa).is_ok()
}
