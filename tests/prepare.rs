//! Signatures that somebody else verifies, by [`Token::prepare`]: what is handed out, and what becomes of the answer.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::task::{Context, Poll, Waker};

use embedded_jwt::*;
use serde_json::json;
use sha2::Digest as _;
use testkit::*;

const POLICY: AccessTokenPolicy<'_> = AccessTokenPolicy::new(AUDIENCE);

const CALLER: &[&dyn SignatureAlgorithm] = &[&CallerVerifies(Algorithm::Es256), &CallerVerifies(Algorithm::EdDsa)];

fn elsewhere(keys: &[Key]) -> Issuer<'_> {
    Issuer::new(ISSUER, keys, CALLER)
}

/// What the backends of this crate say of it.
fn outcome(prepared: &Prepared<'_, '_>) -> Result<(), BackendError> {
    let backend = BOTH.iter().find(|backend| backend.algorithm() == prepared.algorithm()).unwrap();
    backend.verify(prepared.key(), prepared.message(), prepared.signature())
}

/// By [`Token::prepare`], with the true outcome.
fn prepare_and_assert<'t, 'b>(
    text: &'t [u8],
    issuer: &Issuer<'t>,
    buf: &'b mut [u8],
) -> Result<Verified<'t, 'b>, Error> {
    let prepared = Token::parse(text)?.prepare(issuer, buf)?;
    let outcome = outcome(&prepared);
    prepared.caller_asserts(outcome)
}

#[test]
fn hands_out_all_that_a_backend_needs() {
    let keys = keys();
    for (alg, algorithm) in ALGS.into_iter().zip([Algorithm::Es256, Algorithm::EdDsa]) {
        let text = alg.access_token(&claims());
        let mut buf = [0; 1024];
        let prepared = Token::parse(&text).unwrap().prepare(&elsewhere(&keys), &mut buf).unwrap();
        let (message, _) = text.rsplit_once('.').unwrap();
        assert_eq!(prepared.algorithm(), algorithm);
        assert_eq!(prepared.key(), &alg.key());
        assert_eq!(prepared.message(), message.as_bytes());
        assert_eq!(prepared.message().as_ptr(), text.as_ptr());
        assert_eq!(prepared.message_digest(), *sha2::Sha256::digest(message));
        assert_eq!(prepared.signature(), &alg.sign(message.as_bytes()));
        assert_eq!(outcome(&prepared), Ok(()));
    }
}

#[test]
fn a_signature_that_the_caller_vouches_for_leads_to_an_access_token() {
    let keys = keys();
    for alg in ALGS {
        let text = alg.access_token(&claims());
        let mut buf = [0; 1024];
        let verified = prepare_and_assert(text.as_bytes(), &elsewhere(&keys), &mut buf).unwrap();
        let token = verified.into_access_token(&POLICY, now()).unwrap();
        assert_eq!(token.subject(), Some("user-42"));
        assert!(token.has_scope("pump:write"));
    }
}

#[test]
fn what_the_caller_did_not_confirm_is_refused() {
    let keys = keys();
    let text = Alg::Es256.access_token(&claims());
    for (outcome, error) in [
        (BackendError::InvalidKey, Error::InvalidKey),
        (BackendError::InvalidSignature, Error::InvalidSignature),
        (BackendError::Unavailable, Error::BackendUnavailable),
    ] {
        let mut buf = [0; 1024];
        let prepared = Token::parse(&text).unwrap().prepare(&elsewhere(&keys), &mut buf).unwrap();
        assert_eq!(prepared.caller_asserts(Err(outcome)).unwrap_err(), error);
    }
}

/// It is the caller's word, and nobody else's.
#[test]
fn believes_the_caller_of_the_signature_and_of_nothing_else() {
    let keys = keys();
    let validate = |claims: &serde_json::Value| {
        let text = Alg::EdDsa.access_token(claims);
        let (signing_input, _) = text.rsplit_once('.').unwrap();
        let forged = format!("{signing_input}.{}", base64url(&Alg::EdDsa.sign(b"something else")));
        let mut buf = [0; 1024];
        let prepared = Token::parse(&forged)?.prepare(&elsewhere(&keys), &mut buf)?;
        assert_eq!(outcome(&prepared), Err(BackendError::InvalidSignature));
        prepared.caller_asserts(Ok(()))?.into_access_token(&POLICY, now()).map(drop)
    };
    assert_eq!(validate(&claims()), Ok(()));
    assert_eq!(validate(&claims_with("iss", json!("https://evil.example"))), Err(Error::Mismatch(Claim::Issuer)));
    assert_eq!(validate(&claims_with("exp", json!(NOW - 61))), Err(Error::Expired));
    assert_eq!(validate(&claims_with("aud", json!("urn:device:other"))), Err(Error::Mismatch(Claim::Audience)));
}

/// The payload stays undecoded until the caller has answered.
#[test]
fn the_payload_is_looked_at_last() {
    let keys = keys();
    let text = Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), "{");
    let mut buf = [0; 1024];
    let mut prepare =
        |outcome| Token::parse(&text)?.prepare(&elsewhere(&keys), &mut buf)?.caller_asserts(outcome).map(drop);
    assert_eq!(prepare(Err(BackendError::InvalidSignature)), Err(Error::InvalidSignature));
    assert_eq!(prepare(Ok(())), Err(Error::Malformed(Part::Payload)));
}

/// What no backend may come to judge is not handed out.
#[test]
fn refuses_before_anybody_is_asked() {
    let keys = keys();
    let prepare = |text: &str, issuer: &Issuer<'_>, room: usize| {
        let mut buf = [0; 1024];
        Token::parse(text)?.prepare(issuer, &mut buf[..room]).map(drop)
    };
    let signed_by = |alg: Alg, signature: &[u8]| {
        let text = alg.access_token(&claims());
        format!("{}.{}", text.rsplit_once('.').unwrap().0, base64url(signature))
    };
    let (good, issuer) = (Alg::EdDsa.access_token(&claims()), elsewhere(&keys));
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
    assert_eq!(prepare(&good, &elsewhere(&small_order), 1024), Err(Error::InvalidKey));
}

#[test]
fn what_the_caller_verifies_is_verified_by_nothing_else() {
    let keys = keys();
    for (alg, algorithm) in ALGS.into_iter().zip([Algorithm::Es256, Algorithm::EdDsa]) {
        let text = alg.access_token(&claims());
        let mut buf = [0; 1024];
        let refused = Token::parse(&text).unwrap().verify(&elsewhere(&keys), &mut buf).map(drop);
        assert_eq!(refused, Err(Error::BackendUnavailable));
        assert_eq!(CallerVerifies(algorithm).algorithm(), algorithm);
        assert_eq!(self_test(&CallerVerifies(algorithm)), Err(Error::BackendUnavailable));
    }
}

/// Whatever is wrong with a token, both ways say the same.
#[test]
fn says_what_verify_says() {
    let keys = keys();
    let mut cases = 0;
    let mut compare = |text: &[u8], keys: &[Key]| {
        let [mut one, mut other] = [[0; 4096]; 2];
        let at_once = Token::parse(text).and_then(|token| token.verify(&issuer(keys), &mut one).map(drop));
        let in_steps = prepare_and_assert(text, &elsewhere(keys), &mut other).map(drop);
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

/// Whatever the issuer's backends are, so that an executor of several threads can move what waits.
#[test]
fn moves_to_another_thread_while_it_waits() {
    async fn accepts(text: &str, keys: &[Key]) -> Result<(), Error> {
        let mut buf = [0; 1024];
        // The issuer itself may hold a peripheral that belongs to one thread: it is not kept.
        let prepared = Token::parse(text)?.prepare(&elsewhere(keys), &mut buf)?;
        let outcome = after_a_while(outcome(&prepared)).await;
        prepared.caller_asserts(outcome)?.into_access_token(&POLICY, now()).map(drop)
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

/// The way that the documentation describes, for issuers whose key ids collide.
#[test]
fn finds_the_one_of_several_issuers() {
    let other_key = Key::ed25519(ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().as_bytes());
    let (keys, other_keys) = (keys(), [other_key.try_with_kid(Alg::EdDsa.kid()).unwrap()]);
    let issuers = [
        Issuer::new("urn:no-such-key", &[], CALLER),
        Issuer::new("urn:other-algorithm", &keys, &[&CallerVerifies(Algorithm::Es256)]),
        Issuer::new("urn:other-key", &other_keys, CALLER),
        Issuer::new("urn:other-name", &keys, CALLER),
        elsewhere(&keys),
    ];
    let subject = |text: &str, issuers: &[Issuer<'_>]| {
        let mut buf = [0; 1024];
        for issuer in issuers {
            let validate = |prepared: Prepared<'_, '_>| {
                let outcome = outcome(&prepared);
                let token = prepared.caller_asserts(outcome)?.into_access_token(&POLICY, now())?;
                Ok(token.subject().map(str::to_owned))
            };
            match Token::parse(text)?.prepare(issuer, &mut buf).and_then(validate) {
                Err(
                    Error::UnknownKey
                    | Error::AmbiguousKey
                    | Error::UnsupportedAlgorithm
                    | Error::InvalidKey
                    | Error::InvalidSignature
                    | Error::Mismatch(Claim::Issuer),
                ) => {}
                judged => return judged,
            }
        }
        Err(Error::UnknownKey)
    };
    let text = Alg::EdDsa.access_token(&claims());
    assert_eq!(subject(&text, &issuers), Ok(Some("user-42".into())));
    assert_eq!(subject(&text, &issuers[..4]), Err(Error::UnknownKey));
}
