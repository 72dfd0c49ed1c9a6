//! Hardware instead of the crate's cryptography, with two drivers: a blocking one that implements the trait
//! `SignatureAlgorithm`, and an async one for `Token::prepare`. The hardware is a mock.

mod accelerator;
mod awaited;
mod blocking;
mod bundle;
mod executor;

use std::cell::{Cell, RefCell};

use accelerator::Accelerator;
use awaited::Polled;
use blocking::{AcceleratedEs256, PATIENCE};
use bundle::{KEYS, TOKEN};
use embedded_jwt::{
    AccessTokenPolicy, Algorithm, Answer, BackendError, CallerVerifies, Error, Issuer, Key, Token, UnixTime, self_test,
};

const POLICY: AccessTokenPolicy = AccessTokenPolicy::new("urn:device:pump-7");
const ISSUER: &str = "https://idp.example.com";

/// Whether the bearer may run the pump, with the blocking driver.
fn may_write(bearer: &[u8], keys: &[Key], backend: &AcceleratedEs256<'_>, now: UnixTime) -> Result<bool, Error> {
    let mut buf = [0; 1024];
    let token = Token::parse(bearer)?
        .verify(&Issuer::new(ISSUER, keys, &[backend]), &mut buf)?
        .into_access_token(&POLICY, now)?;
    Ok(token.has_scope("pump:write"))
}

/// Whether the bearer may run the pump, with the async driver: other tasks run while the peripheral works.
async fn may_write_awaited(
    bearer: &[u8],
    keys: &[Key],
    accelerator: &RefCell<Accelerator>,
    now: UnixTime,
) -> Result<bool, Error> {
    let mut buf = [0; 1024];
    let issuer = Issuer::new(ISSUER, keys, &[&CallerVerifies(Algorithm::Es256)]);
    let mut prepared = Token::parse(bearer)?.prepare(&[&issuer], &mut buf)?;
    let verified = loop {
        let outcome = awaited::verify(accelerator, prepared.key(), prepared.message(), prepared.signature()).await;
        match prepared.caller_asserts(outcome)? {
            Answer::Verified(verified) => break verified,
            Answer::Next(next) => prepared = next, // another key may have signed it
        }
    };
    Ok(verified.into_access_token(&POLICY, now)?.has_scope("pump:write"))
}

fn main() -> Result<(), Error> {
    let accelerator = RefCell::new(Accelerator::default());
    let backend = AcceleratedEs256(&accelerator);
    println!("self-test, waited for:       {:?}", self_test(&backend)?); // broken, or no answer: do not start
    println!("self-test, awaited:          {:?}", self_test(&Polled(&accelerator))?);

    let now = UnixTime::from_secs(NOW);
    println!("waited for:                  {:?}", may_write(TOKEN, &KEYS, &backend, now));
    println!("waited for, forged:          {:?}", may_write(&forged(), &KEYS, &backend, now));
    let in_use = accelerator.borrow_mut();
    println!("waited for, already in use:  {:?}", may_write(TOKEN, &KEYS, &backend, now));
    drop(in_use);

    let others = Cell::new(0);
    let tick = || {
        accelerator.borrow_mut().tick();
        others.set(others.get() + 1);
    };
    let awaited = |bearer: &[u8]| {
        let task = may_write_awaited(bearer, &KEYS, &accelerator, now);
        executor::run(task, tick, PATIENCE).unwrap_or(Err(BackendError::Unavailable.into()))
    };
    println!("awaited:                     {:?}", awaited(TOKEN));
    println!("awaited, forged:             {:?}", awaited(&forged()));
    accelerator.borrow_mut().hangs = true;
    println!("awaited, the hardware hangs: {:?}", awaited(TOKEN));
    println!("meanwhile other tasks ran {} times", others.get());
    Ok(())
}

/// The token, with one bit of its signature changed.
fn forged() -> Vec<u8> {
    let mut token = TOKEN.to_vec();
    *token.last_mut().expect("it is not empty") ^= 0x10;
    token
}

/// 2026-01-15 12:00:00 UTC
const NOW: i64 = 1_768_478_400;
