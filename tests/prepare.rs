//! Signatures verified outside the crate, with [`Token::prepare`]: the data it hands out, and how it uses the outcome.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::task::{Context, Poll, Waker};

use embedded_jwt::*;
use serde_json::json;
use sha2::Digest as _;
use testkit::*;

const POLICY: AccessTokenPolicy<'_> = AccessTokenPolicy::new(AUDIENCE);

const CALLER: &[&dyn SignatureAlgorithm] = &[&CallerVerifies(Algorithm::Es256), &CallerVerifies(Algorithm::EdDsa)];

fn external_issuer(keys: &[Key]) -> Issuer<'_> {
    Issuer::new(ISSUER, keys, CALLER)
}

/// Verifies with [`Token::prepare`] and asserts the true outcome.
fn prepare_and_assert<'t, 'b>(
    text: &'t [u8],
    issuer: &Issuer<'t>,
    buf: &'b mut [u8],
) -> Result<Verified<'t, 'b>, Error> {
    complete(Token::parse(text)?.prepare(&[issuer], buf)?, outcome)
}

#[test]
fn prepared_token_has_all_that_a_backend_needs() {
    let keys = keys();
    for (alg, algorithm) in ALGS.into_iter().zip([Algorithm::Es256, Algorithm::EdDsa]) {
        let text = alg.access_token(&claims());
        let mut buf = [0; 1024];
        let prepared = Token::parse(&text).unwrap().prepare(&[&external_issuer(&keys)], &mut buf).unwrap();
        let (message, _) = text.rsplit_once('.').unwrap();
        assert_eq!(prepared.algorithm(), algorithm);
        assert_eq!(prepared.key(), &alg.key());
        assert_eq!(prepared.message(), message.as_bytes());
        assert_eq!(prepared.message().as_ptr(), text.as_ptr());
        assert_eq!(prepared.message_digest(), *sha2::Sha256::digest(message));
        assert_eq!(prepared.signature().as_bytes(), alg.sign(message.as_bytes()));
        assert_eq!(outcome(&prepared), Ok(()));
    }
}

#[test]
fn signature_asserted_by_the_caller_gives_an_access_token() {
    let keys = keys();
    for alg in ALGS {
        let text = alg.access_token(&claims());
        let mut buf = [0; 1024];
        let verified = prepare_and_assert(text.as_bytes(), &external_issuer(&keys), &mut buf).unwrap();
        let token = verified.into_access_token(&POLICY, now()).unwrap();
        assert_eq!(token.subject(), Some("user-42"));
        assert!(token.has_scope("pump:write"));
    }
}

#[test]
fn token_is_refused_with_the_error_that_the_caller_reports() {
    let keys = keys();
    let text = Alg::Es256.access_token(&claims());
    for (outcome, error) in [
        (BackendError::InvalidKey, Error::InvalidKey),
        (BackendError::InvalidSignature, Error::InvalidSignature),
        (BackendError::Unavailable, Error::BackendUnavailable),
    ] {
        let mut buf = [0; 1024];
        let prepared = Token::parse(&text).unwrap().prepare(&[&external_issuer(&keys)], &mut buf).unwrap();
        assert_eq!(prepared.caller_asserts(Err(outcome)).unwrap_err(), error);
    }
}

/// A forged signature is accepted if the caller asserts that it is valid.
#[test]
fn caller_decides_about_the_signature_and_nothing_else() {
    let keys = keys();
    let validate = |claims: &serde_json::Value| {
        let text = Alg::EdDsa.access_token(claims);
        let (signing_input, _) = text.rsplit_once('.').unwrap();
        let forged = format!("{signing_input}.{}", base64url(&Alg::EdDsa.sign(b"something else")));
        let mut buf = [0; 1024];
        let prepared = Token::parse(&forged)?.prepare(&[&external_issuer(&keys)], &mut buf)?;
        assert_eq!(outcome(&prepared), Err(BackendError::InvalidSignature));
        complete(prepared, |_| Ok(()))?.into_access_token(&POLICY, now()).map(drop)
    };
    assert_eq!(validate(&claims()), Ok(()));
    assert_eq!(validate(&claims_with("iss", json!("https://evil.example"))), Err(Error::Mismatch(Claim::Issuer)));
    assert_eq!(validate(&claims_with("exp", json!(NOW - 61))), Err(Error::Expired));
    assert_eq!(validate(&claims_with("aud", json!("urn:device:other"))), Err(Error::Mismatch(Claim::Audience)));
}

/// The payload is not decoded before the caller has answered.
#[test]
fn payload_is_decoded_after_the_signature_is_asserted() {
    let keys = keys();
    let text = Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), "{");
    let mut buf = [0; 1024];
    let mut prepare =
        |outcome| Token::parse(&text)?.prepare(&[&external_issuer(&keys)], &mut buf)?.caller_asserts(outcome).map(drop);
    assert_eq!(prepare(Err(BackendError::InvalidSignature)), Err(Error::InvalidSignature));
    assert_eq!(prepare(Ok(())), Err(Error::Malformed(Part::Payload)));
}

/// `prepare` does not return keys and signatures that a backend must never see.
#[test]
fn prepare_refuses_input_that_no_backend_may_see() {
    let keys = keys();
    let prepare = |text: &str, issuer: &Issuer<'_>, room: usize| {
        let mut buf = [0; 1024];
        Token::parse(text)?.prepare(&[issuer], &mut buf[..room]).map(drop)
    };
    let signed_by = |alg: Alg, signature: &[u8]| {
        let text = alg.access_token(&claims());
        format!("{}.{}", text.rsplit_once('.').unwrap().0, base64url(signature))
    };
    let (good, issuer) = (Alg::EdDsa.access_token(&claims()), external_issuer(&keys));
    assert_eq!(prepare(&good, &issuer, 1024), Ok(()));
    assert_eq!(prepare(&good, &issuer, 10), Err(Error::BufferTooSmall));
    assert_eq!(prepare(&good, &Issuer::new("", &keys, CALLER), 1024), Err(Error::Unconfigured(Claim::Issuer)));
    assert_eq!(
        prepare(&good, &Issuer::new(ISSUER, &keys, &[&CallerVerifies(Algorithm::Es256)]), 1024),
        Err(Error::UnsupportedAlgorithm)
    );
    assert_eq!(prepare(&good, &Issuer::new(ISSUER, &keys[..1], CALLER), 1024), Err(Error::UnknownKey));
    assert_eq!(prepare(&signed_by(Alg::Es256, &[0; 64]), &issuer, 1024), Err(Error::InvalidSignature));
    assert_eq!(prepare(&signed_by(Alg::EdDsa, &[0xff; 64]), &issuer, 1024), Err(Error::InvalidSignature));
    assert_eq!(prepare(&signed_by(Alg::EdDsa, &[1; 63]), &issuer, 1024), Err(Error::InvalidSignature));

    let small_order = [Key::ed25519(&[0; 32]).with_kid(b"ed-test")];
    assert_eq!(prepare(&good, &external_issuer(&small_order), 1024), Err(Error::InvalidKey));
}

#[test]
fn caller_verifies_backend_is_unavailable_to_verify_and_self_test() {
    let keys = keys();
    for (alg, algorithm) in ALGS.into_iter().zip([Algorithm::Es256, Algorithm::EdDsa]) {
        let text = alg.access_token(&claims());
        let mut buf = [0; 1024];
        let refused = Token::parse(&text).unwrap().verify(&external_issuer(&keys), &mut buf).map(drop);
        assert_eq!(refused, Err(Error::BackendUnavailable));
        assert_eq!(CallerVerifies(algorithm).algorithm(), algorithm);
        assert_eq!(self_test(&CallerVerifies(algorithm)), Err(Error::BackendUnavailable));
    }
}

/// `prepare` and `verify` report the same error for every fault of a token.
#[test]
fn prepare_returns_the_verdict_of_verify() {
    let keys = keys();
    let mut cases = 0;
    let mut compare = |text: &[u8], keys: &[Key]| {
        let [mut one, mut other] = [[0; 4096]; 2];
        let at_once = Token::parse(text).and_then(|token| token.verify(&issuer(keys), &mut one).map(drop));
        let in_steps = prepare_and_assert(text, &external_issuer(keys), &mut other).map(drop);
        assert_eq!(in_steps, at_once, "{}", text.escape_ascii());
        cases += 1;
    };
    for alg in ALGS {
        let text = alg.access_token(&claims()).into_bytes();
        for at in 0..text.len() {
            for bit in [0, 2, 5] {
                let mut mutant = text.clone();
                mutant[at] ^= 1 << bit;
                compare(&mutant, &keys);
            }
            compare(&text[..at], &keys);
        }
        compare(&text, &[]);
        compare(&text, &[alg.key(), alg.key()]);
    }
    assert!(cases > 3000, "{cases}");
}

/// An executor with several threads can move the waiting future, whatever the issuer's backends are.
#[test]
fn prepared_token_moves_to_another_thread_while_it_waits() {
    async fn accepts(text: &str, keys: &[Key]) -> Result<(), Error> {
        let mut buf = [0; 1024];
        // The issuer is not kept, because it may hold a peripheral that belongs to one thread.
        let prepared = Token::parse(text)?.prepare(&[&external_issuer(keys)], &mut buf)?;
        let outcome = after_a_while(outcome(&prepared)).await;
        match prepared.caller_asserts(outcome)? {
            Answer::Verified(verified) => verified.into_access_token(&POLICY, now()).map(drop),
            Answer::Next(_) => panic!("there is no other key"),
        }
    }
    async fn after_a_while<T>(outcome: T) -> T {
        let mut has_waited = false;
        std::future::poll_fn(|_| match std::mem::replace(&mut has_waited, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
        outcome
    }
    let accepts = |text: &str, keys: &[Key]| {
        let mut future = Box::pin(accepts(text, keys));
        let mut poll_elsewhere = || {
            let poll = || future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            std::thread::scope(|scope| scope.spawn(poll).join().unwrap())
        };
        [poll_elsewhere(), poll_elsewhere()]
    };
    let keys = keys();
    let good = Alg::EdDsa.access_token(&claims());
    let (signing_input, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{signing_input}.{}", base64url(&Alg::EdDsa.sign(b"something else")));
    assert_eq!(accepts(&good, &keys), [Poll::Pending, Poll::Ready(Ok(()))]);
    assert_eq!(accepts(&forged, &keys), [Poll::Pending, Poll::Ready(Err(Error::InvalidSignature))]);
}

#[test]
fn prepare_finds_the_right_one_of_several_issuers() {
    let other_key = Key::ed25519(ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes());
    let (keys, other_keys) = (keys(), [other_key.with_kid(Alg::EdDsa.kid().as_bytes())]);
    let issuers = [
        Issuer::new("urn:other-algorithm", &keys, &[&CallerVerifies(Algorithm::Es256)]),
        Issuer::new("urn:other-key", &other_keys, CALLER),
        Issuer::new("urn:other-name", &keys, CALLER),
        external_issuer(&keys),
    ];
    let subject = |text: &str, issuers: &[&Issuer<'_>]| {
        let mut buf = [0; 1024];
        let verified = complete(Token::parse(text)?.prepare(issuers, &mut buf)?, outcome)?;
        Ok(verified.into_access_token(&POLICY, now())?.subject().map(str::to_owned))
    };
    let text = Alg::EdDsa.access_token(&claims());
    let [a, b, c, d] = &issuers;
    assert_eq!(subject(&text, &[a, b, c, d]), Ok(Some("user-42".into())));
    assert_eq!(subject(&text, &[a, b, c]), Err(Error::Mismatch(Claim::Issuer)));
    assert_eq!(subject(&text, &[a, b]), Err(Error::InvalidSignature));
    assert_eq!(subject(&text, &[a]), Err(Error::UnsupportedAlgorithm));
    assert_eq!(subject(&text, &[]), Err(Error::Unconfigured(Claim::Issuer)));
    assert_eq!(subject(&text, &[a, b, c, d, d]), Err(Error::TooManyIssuers));
}
