//! The example `peripheral`: hardware instead of the crate's cryptography, through its two drivers.
#![cfg(all(feature = "es256", feature = "eddsa"))]

#[path = "../examples/peripheral/accelerator.rs"]
mod accelerator;
#[path = "../examples/peripheral/awaited.rs"]
mod awaited;
#[path = "../examples/peripheral/blocking.rs"]
mod blocking;

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use accelerator::{Accelerator, Status};
use awaited::Polled;
use blocking::{AcceleratedEs256, PATIENCE, outcome};
use embedded_jwt::*;
use testkit::*;

#[test]
fn both_drivers_pass_the_self_test() {
    let accelerator = RefCell::new(Accelerator::default());
    assert_eq!(self_test(&AcceleratedEs256(&accelerator)), Ok(SelfTest::Strict));
    assert_eq!(self_test(&Polled(&accelerator)), Ok(SelfTest::Strict));
}

#[test]
fn only_the_status_valid_accepts_a_signature() {
    assert_eq!(outcome(Status::Valid), Ok(()));
    assert_eq!(outcome(Status::Invalid), Err(BackendError::InvalidSignature));
    assert_eq!(outcome(Status::NotOnCurve), Err(BackendError::InvalidKey));
    assert_eq!(outcome(Status::Idle), Err(BackendError::Unavailable));
    assert_eq!(outcome(Status::Busy), Err(BackendError::Unavailable));
}

#[test]
fn both_drivers_return_the_verdicts_of_the_software() {
    let accelerator = RefCell::new(Accelerator::default());
    let off_curve = Key::es256(&[1; 32], &[1; 32]).with_kid(b"es-test");
    let [good, forged] = tokens();
    for (text, key, verdict) in [
        (&good, Alg::Es256.key(), Ok(())),
        (&forged, Alg::Es256.key(), Err(Error::InvalidSignature)),
        (&good, off_curve, Err(Error::InvalidKey)),
    ] {
        assert_eq!(verify(text, &key, &embedded_jwt::Es256), verdict);
        assert_eq!(verify(text, &key, &AcceleratedEs256(&accelerator)), verdict);
        assert_eq!(verify_awaited(text, &key, &accelerator, || ()), verdict);
    }
}

#[test]
fn busy_or_stuck_peripheral_is_unavailable_and_recovers() {
    let accelerator = RefCell::new(Accelerator::default());
    let (key, [good, _]) = (Alg::Es256.key(), tokens());
    let blocking = || verify(&good, &key, &AcceleratedEs256(&accelerator));
    let awaited = || verify_awaited(&good, &key, &accelerator, || ());

    let in_use = accelerator.borrow_mut();
    assert_eq!(blocking(), Err(Error::BackendUnavailable));
    drop(in_use);

    assert_eq!(accelerator.borrow_mut().start(&[4; 64], &[0; 32], &[1; 64]), Ok(()));
    assert_eq!(blocking(), Err(Error::BackendUnavailable));
    assert_eq!(awaited(), Err(Error::BackendUnavailable));
    accelerator.borrow_mut().reset();

    accelerator.borrow_mut().hangs = true;
    assert_eq!(blocking(), Err(Error::BackendUnavailable));
    assert_eq!(awaited(), Err(Error::BackendUnavailable));

    accelerator.borrow_mut().hangs = false;
    assert_eq!(blocking(), Ok(()));
    assert_eq!(awaited(), Ok(()));
}

#[test]
fn awaited_peripheral_borrowed_by_another_driver_answers_later() {
    let accelerator = RefCell::new(Accelerator::default());
    let (key, signature) = (Alg::Es256.key(), Alg::Es256.sign(b"message"));
    let signature = Signature::new(Algorithm::Es256, &signature).unwrap();
    let mut awaited = Box::pin(awaited::verify(&accelerator, &key, b"message", signature));
    let mut poll = || awaited.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(poll(), Poll::Pending);
    (0..PATIENCE).for_each(|_| accelerator.borrow_mut().tick());
    let borrowed = accelerator.borrow_mut();
    assert_eq!(poll(), Poll::Pending);
    drop(borrowed);
    assert_eq!(poll(), Poll::Ready(Ok(())));
}

#[test]
fn dropped_verification_frees_the_peripheral_for_the_next() {
    let accelerator = RefCell::new(Accelerator::default());
    let (key, signature) = (Alg::Es256.key(), Alg::Es256.sign(b"message"));
    let signature = Signature::new(Algorithm::Es256, &signature).unwrap();
    for is_borrowed in [false, true] {
        let mut dropped = Box::pin(awaited::verify(&accelerator, &key, b"another", signature));
        assert_eq!(dropped.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
        let borrowed = is_borrowed.then(|| accelerator.borrow_mut());
        drop(dropped);
        drop(borrowed);
        (0..PATIENCE).for_each(|_| accelerator.borrow_mut().tick());
        assert_eq!(Polled(&accelerator).verify(&key, b"message", signature), Ok(()));
    }
}

#[test]
fn other_tasks_run_while_the_peripheral_verifies() {
    let accelerator = RefCell::new(Accelerator::default());
    let (others, [good, _]) = (Cell::new(0), tokens());
    assert_eq!(verify_awaited(&good, &Alg::Es256.key(), &accelerator, || others.set(others.get() + 1)), Ok(()));
    assert!(others.get() > 10, "{}", others.get());
}

/// A valid token, and one whose signature is over another message.
fn tokens() -> [String; 2] {
    let good = Alg::Es256.access_token(&claims());
    let (signing_input, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{signing_input}.{}", base64url(&Alg::Es256.sign(b"something else")));
    [good, forged]
}

fn verify(text: &str, key: &PublicKey<'_>, backend: &dyn SignatureAlgorithm) -> Result<(), Error> {
    let mut buf = [0; 1024];
    let algorithms = [backend];
    Token::parse(text)?.verify(&Issuer::new(ISSUER, std::slice::from_ref(key), &algorithms), &mut buf).map(drop)
}

fn verify_awaited(
    text: &str,
    key: &PublicKey<'_>,
    accelerator: &RefCell<Accelerator>,
    mut other_task: impl FnMut(),
) -> Result<(), Error> {
    let mut buf = [0; 1024];
    let issuer = Issuer::new(ISSUER, std::slice::from_ref(key), &[&CallerVerifies(Algorithm::Es256)]);
    let prepared = Token::parse(text)?.prepare(&[&issuer], &mut buf)?;
    let tick = || {
        accelerator.borrow_mut().tick();
        other_task();
    };
    let verification = awaited::verify(accelerator, prepared.key(), prepared.message(), prepared.signature());
    let outcome = run_when_woken(verification, tick, PATIENCE);
    prepared.caller_asserts(outcome.unwrap_or(Err(BackendError::Unavailable))).map(drop)
}

/// Polls the task only after it was woken, as an interrupt-driven executor does, so that a driver which forgets its waker
/// never ends. `executor::run` of the example polls at each tick.
fn run_when_woken<T>(task: impl Future<Output = T>, mut tick: impl FnMut(), patience: u32) -> Option<T> {
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = Waker::from(woken.clone());
    let mut task = pin!(task);
    for _ in 0..patience {
        if woken.0.swap(false, Ordering::Relaxed)
            && let Poll::Ready(output) = task.as_mut().poll(&mut Context::from_waker(&waker))
        {
            return Some(output);
        }
        tick();
    }
    None
}

/// Whether the task may be polled.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
