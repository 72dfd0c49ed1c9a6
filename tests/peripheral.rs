//! The example `peripheral`: hardware in the place of the crate's cryptography, by its two drivers.
#![cfg(all(feature = "es256", feature = "eddsa"))]

mod common;

#[path = "../examples/peripheral/accelerator.rs"]
mod accelerator;
#[path = "../examples/peripheral/awaited.rs"]
mod awaited;
#[path = "../examples/peripheral/blocking.rs"]
mod blocking;
#[path = "../examples/peripheral/executor.rs"]
mod executor;

use std::cell::{Cell, RefCell};

use accelerator::Accelerator;
use blocking::{AcceleratedEs256, PATIENCE};
use common::*;
use embedded_jwt::*;

#[test]
fn the_driver_that_waits_passes_the_self_test() {
    let accelerator = RefCell::new(Accelerator::default());
    assert_eq!(self_test(&AcceleratedEs256(&accelerator)), Ok(SelfTest::Strict));
}

#[test]
fn both_drivers_say_what_the_software_says() {
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
fn a_peripheral_in_use_or_stuck_is_no_refusal_and_serves_again_afterwards() {
    let accelerator = RefCell::new(Accelerator::default());
    let (key, [good, _]) = (Alg::Es256.key(), tokens());
    let waited_for = || verify(&good, &key, &AcceleratedEs256(&accelerator));
    let awaited = || verify_awaited(&good, &key, &accelerator, || ());

    let in_use = accelerator.borrow_mut();
    assert_eq!(waited_for(), Err(Error::BackendUnavailable));
    drop(in_use);

    assert!(accelerator.borrow_mut().start(&[4; 64], &[0; 32], &[1; 64]));
    assert_eq!(waited_for(), Err(Error::BackendUnavailable));
    assert_eq!(awaited(), Err(Error::BackendUnavailable));
    accelerator.borrow_mut().reset();

    accelerator.borrow_mut().hangs = true;
    assert_eq!(waited_for(), Err(Error::BackendUnavailable));
    assert_eq!(awaited(), Err(Error::BackendUnavailable));

    accelerator.borrow_mut().hangs = false;
    assert_eq!(waited_for(), Ok(()));
    assert_eq!(awaited(), Ok(()));
}

#[test]
fn other_tasks_run_while_the_peripheral_is_at_work() {
    let accelerator = RefCell::new(Accelerator::default());
    let (others, [good, _]) = (Cell::new(0), tokens());
    assert_eq!(verify_awaited(&good, &Alg::Es256.key(), &accelerator, || others.set(others.get() + 1)), Ok(()));
    assert!(others.get() > 10, "{}", others.get());
}

/// One that holds, and one whose signature is of something else.
fn tokens() -> [String; 2] {
    let good = Alg::Es256.access_token(&claims());
    let (signing_input, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{signing_input}.{}", base64url(&Alg::Es256.sign(b"something else")));
    [good, forged]
}

fn verify(text: &str, key: &Key, backend: &dyn SignatureAlgorithm) -> Result<(), Error> {
    let mut buf = [0; 1024];
    let algorithms = [backend];
    Token::parse(text)?.verify(&Issuer::new(ISSUER, std::slice::from_ref(key), &algorithms), &mut buf).map(drop)
}

fn verify_awaited(
    text: &str,
    key: &Key,
    accelerator: &RefCell<Accelerator>,
    mut other_task: impl FnMut(),
) -> Result<(), Error> {
    let mut buf = [0; 1024];
    let issuer = Issuer::new(ISSUER, std::slice::from_ref(key), &[&Algorithm::Es256]);
    let prepared = Token::parse(text)?.prepare(&issuer, &mut buf)?;
    let tick = || {
        accelerator.borrow_mut().tick();
        other_task();
    };
    let outcome = executor::run(awaited::verify(accelerator, &prepared), tick, PATIENCE);
    prepared.caller_asserts(outcome.unwrap_or(Err(BackendError::Unavailable))).map(drop)
}
