//! Single use of tokens and proofs, the [`ReplayWindow`] that records them, and that a request that is refused consumes
//! nothing.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use embedded_jwt::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::*;

const OTHER_ISSUER: &str = "urn:factory";
/// When the token of [`claims`] expires.
const EXP: i64 = NOW + 240;
/// The moment from which every policy refuses the token of [`claims`]: `exp` plus [`MAX_LEEWAY`].
const END: i64 = EXP + 300;
const LEEWAY: i64 = 60;
const A_MINUTE: Duration = Duration::from_secs(60);

const ACCESS: AccessTokenPolicy = AccessTokenPolicy::new(AUDIENCE).with_leeway(A_MINUTE);
const UNTYPED: AccessTokenPolicy = AccessTokenPolicy::untyped(AUDIENCE).with_leeway(A_MINUTE);
const TYPED: TypedPolicy = TypedPolicy::new("at+jwt", AUDIENCE).with_leeway(A_MINUTE);

fn at(secs: i64) -> UnixTime {
    UnixTime::from_secs(secs)
}

fn floor(secs: i64) -> Now {
    Now::AtLeast(EarliestTime::from_secs(secs))
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Access,
    Untyped,
    Typed,
}

const KINDS: [Kind; 3] = [Kind::Access, Kind::Untyped, Kind::Typed];

/// Validates a token of either issuer for a single use.
fn consume(kind: Kind, claims: &Value, replay: &dyn ReplayCheck, now: i64) -> Result<(), Error> {
    let (keys, text, mut buf) = (keys(), Alg::EdDsa.access_token(claims), [0; 4096]);
    let other = Issuer::new(OTHER_ISSUER, &keys, BOTH);
    let verified = Token::parse(&text)?.verify_any(&[&issuer(&keys), &other], &mut buf)?;
    match kind {
        Kind::Access => verified.into_access_token(&ACCESS.with_single_use(replay), at(now)).map(drop),
        Kind::Untyped => verified.into_access_token(&UNTYPED.with_single_use(replay), at(now)).map(drop),
        Kind::Typed => verified.into_typed(&TYPED.with_single_use(replay), at(now)).map(drop),
    }
}

fn single_use(id: &str, until: i64) -> SingleUse {
    SingleUse::new("kind", b"scope", id, at(until))
}

fn use_id(window: &dyn ReplayCheck, id: &str, until: i64, now: i64) -> Result<(), Error> {
    window.use_once(single_use(id, until), at(now).into())
}

/// An open window without ids, in which shares do not matter.
fn unshared<const N: usize>() -> ReplayWindow<N, 99> {
    open()
}

fn open<const N: usize, const SHARE: usize>() -> ReplayWindow<N, SHARE> {
    let window = ReplayWindow::new();
    window.start_empty();
    window
}

/// The whole state of a window.
fn bytes_of<const N: usize, const SHARE: usize>(window: &ReplayWindow<N, SHARE>) -> Vec<u8> {
    window.snapshot(&mut vec![0; ReplayWindow::<N, SHARE>::SNAPSHOT_LEN]).unwrap().to_vec()
}

/// The claims of an access token with this id, bound to this key.
fn bound(jwt_id: &str, alg: Alg) -> Value {
    with(claims_with("jti", json!(jwt_id)), "cnf", json!({"jkt": alg.key().thumbprint().to_string()}))
}

/// Calls `validate` with a proof that this key has made now, with this id, for this access token.
fn prove<T>(
    text: &str,
    alg: Alg,
    id: &str,
    now: i64,
    validate: impl FnOnce(&DpopProof<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let claims = with(with(dpop_claims(text), "jti", json!(id)), "iat", json!(now));
    let (proof, mut buf) = (alg.mint(alg.dpop_header().to_string(), claims.to_string()), [0; 1024]);
    let request = DpopPolicy::new("POST", "https://pump-7.local/speed", text);
    validate(&Token::parse(&proof)?.verify_dpop(&request, BOTH, at(now), &mut buf)?)
}

/// A request with this token, which is bound to the ES256 key, and a proof with this id.
fn request(
    claims: &Value,
    proof: &str,
    policy: &AccessTokenPolicy<'_>,
    proofs: &dyn ReplayCheck,
    now: i64,
) -> Result<(), Error> {
    let text = Alg::EdDsa.access_token(claims);
    prove(&text, Alg::Es256, proof, now, |proof| {
        validate_access_token(&text, &policy.with_dpop(proof, proofs), now, |_| ())
    })
}

/// Accepts every id. Records each use, and counts the questions that use nothing.
#[derive(Debug, Default)]
struct Recorder {
    uses: RefCell<Vec<SingleUse>>,
    checks: Cell<u32>,
    now: Cell<Option<Now>>,
}

impl ReplayCheck for Recorder {
    fn check_unused(&self, ids: &[SingleUse], now: Now) -> Result<(), Error> {
        assert_eq!(ids.len(), 1);
        self.checks.set(self.checks.get() + 1);
        self.now.set(Some(now));
        Ok(())
    }

    fn use_all(&self, ids: &[SingleUse], now: Now) -> Result<(), Error> {
        self.uses.borrow_mut().extend(ids);
        self.now.set(Some(now));
        Ok(())
    }

    fn release(&self, _ids: &[SingleUse]) {
        panic!("nothing was refused");
    }
}

#[test]
fn token_is_accepted_once() {
    for kind in KINDS {
        let window = unshared::<8>();
        let token_2 = claims_with("jti", json!("token-2"));
        let of_other_issuer = claims_with("iss", json!(OTHER_ISSUER));
        for claims in
            [claims(), token_2, of_other_issuer, claims_with("jti", json!(" ")), claims_with("jti", json!("a\"\\b"))]
        {
            assert_eq!(consume(kind, &claims, &window, NOW), Ok(()), "{kind:?} {claims}");
            for now in [NOW, NOW - 30, EXP - 1, EXP, EXP + LEEWAY - 1] {
                assert_eq!(consume(kind, &claims, &window, now), Err(Error::Replayed), "{kind:?} {claims} {now}");
            }
            // A token with the same id and other claims is refused too.
            let rewritten = with(with(claims, "sub", json!("user-43")), "exp", json!(EXP + 1));
            assert_eq!(consume(kind, &rewritten, &window, NOW), Err(Error::Replayed), "{kind:?}");
        }
    }
}

#[test]
fn access_token_is_used_once_over_all_its_policies() {
    for first in KINDS {
        let window = unshared::<8>();
        assert_eq!(consume(first, &claims(), &window, NOW), Ok(()));
        for second in KINDS {
            assert_eq!(consume(second, &claims(), &window, NOW), Err(Error::Replayed), "{first:?} {second:?}");
        }
        // A token without `typ` counts as the same kind.
        let header = json!({"alg": "EdDSA", "kid": "ed-test"});
        let text = Alg::EdDsa.mint(header.to_string(), claims().to_string());
        let policy = UNTYPED.with_single_use(&window);
        assert_eq!(validate_access_token(&text, &policy, NOW, |_| ()), Err(Error::Replayed), "{first:?}");
    }
}

/// Commands and access tokens of one issuer may have the same id.
#[test]
fn ids_are_apart_by_kind_of_token() {
    let window = unshared::<8>();
    let command = |header_typ: &str, policy_typ: &str| {
        let header = json!({"alg": "EdDSA", "typ": header_typ, "kid": "ed-test"});
        let text = Alg::EdDsa.mint(header.to_string(), claims().to_string());
        let policy = TypedPolicy::new(policy_typ, AUDIENCE).with_single_use(&window);
        verify(&text, |verified| verified.into_typed(&policy, now()).map(drop))
    };
    assert_eq!(consume(Kind::Access, &claims(), &window, NOW), Ok(()));
    assert_eq!(command("cmd+jwt", "cmd+jwt"), Ok(()));
    assert_eq!(command("config+jwt", "config+jwt"), Ok(()));
    // The type is the same in any case, with or without `application/`.
    for header_typ in ["cmd+jwt", "CMD+JWT", "application/cmd+jwt", "Application/Cmd+jwt"] {
        for policy_typ in ["cmd+jwt", "Cmd+JWT"] {
            assert_eq!(command(header_typ, policy_typ), Err(Error::Replayed), "{header_typ} {policy_typ}");
        }
    }
    assert_eq!(consume(Kind::Access, &claims(), &window, NOW), Err(Error::Replayed));
    assert_eq!(window.len(), 3);

    let id = |kind: &str| SingleUse::new(kind, b"scope", "id", at(END)).id();
    for same in ["CMD+jwt", "application/cmd+jwt", "APPLICATION/Cmd+Jwt"] {
        assert_eq!(id(same), id("cmd+jwt"), "{same}");
    }
    for other in ["", "cmd", "cmd+jw", "cmd+jwt ", "at+jwt", "dpop+jwt", "audio/cmd+jwt", "application/x/cmd+jwt"] {
        assert_ne!(id(other), id("cmd+jwt"), "{other}");
    }
}

#[test]
fn token_is_accepted_again_without_a_store() {
    for kind in KINDS {
        for _ in 0..2 {
            assert_eq!(consume(kind, &claims(), &AllowReplay, NOW), Ok(()));
        }
    }
    for _ in 0..2 {
        assert_eq!(validate_access_token(&Alg::EdDsa.access_token(&claims()), &ACCESS, NOW, |_| ()), Ok(()));
    }
}

#[test]
fn token_without_id_is_refused_for_single_use() {
    let anonymous = claims_with("jti", Value::Null);
    let store = Recorder::default();
    let empty = claims_with("jti", json!(""));
    for kind in KINDS {
        assert_eq!(consume(kind, &anonymous, &store, NOW), Err(Error::Missing(Claim::JwtId)), "{kind:?}");
        assert_eq!(consume(kind, &empty, &store, NOW), Err(Error::Invalid(Claim::JwtId)), "{kind:?}");
    }
    assert_eq!(validate_access_token(&Alg::EdDsa.access_token(&anonymous), &UNTYPED, NOW, |_| ()), Ok(()));

    // The missing id is noticed before a store is asked.
    let mut all_revoked = revocation_list::<0>();
    all_revoked.revoke(Revocation::All { issued_before: at(NOW) }, at(END), now()).unwrap();
    let policy = UNTYPED.with_revocations(&all_revoked).with_single_use(&store);
    let validate = |claims: &Value| validate_access_token(&Alg::EdDsa.access_token(claims), &policy, NOW, |_| ());
    assert_eq!(validate(&anonymous), Err(Error::Missing(Claim::JwtId)));
    assert_eq!(validate(&claims()), Err(Error::Revoked));
    assert_eq!((store.uses.borrow().len(), store.checks.get()), (0, 0));
}

/// Such a token would take a slot forever.
#[test]
fn token_without_expiry_is_refused_for_single_use() {
    let window = unshared::<4>();
    let policy = TypedPolicy::new_without_audience("at+jwt");
    let eternal = with(claims_with("exp", Value::Null), "aud", Value::Null);
    let validate = |claims: &Value, policy: &TypedPolicy<'_>| {
        verify(&Alg::EdDsa.access_token(claims), |verified| verified.into_typed(policy, now()).map(drop))
    };
    assert_eq!(validate(&eternal, &policy), Ok(()));
    let once = policy.with_single_use(&window);
    assert_eq!(validate(&eternal, &once), Err(Error::Missing(Claim::Expiration)));
    assert_eq!(validate(&with(eternal.clone(), "jti", Value::Null), &once), Err(Error::Missing(Claim::JwtId)));
    assert_eq!(window.generation(), 0);
    assert_eq!(validate(&with(eternal, "exp", json!(EXP)), &once), Ok(()));
}

/// Neither the leeway of the policy nor the dates in the token change this.
#[test]
fn token_is_recorded_by_kind_issuer_and_id_until_no_policy_accepts_it() {
    for kind in KINDS {
        let store = Recorder::default();
        for (claims, issuer, id, exp) in [
            (claims(), ISSUER, "token-1", EXP),
            (claims_with("jti", json!("a\"\\b\u{e9}")), ISSUER, "a\"\\b\u{e9}", EXP),
            (claims_with("iss", json!(OTHER_ISSUER)), OTHER_ISSUER, "token-1", EXP),
            (claims_with("exp", json!(EXP as f64 + 0.5)), ISSUER, "token-1", EXP),
            (claims_with("exp", json!(i64::MAX - 1)), ISSUER, "token-1", i64::MAX - 1),
        ] {
            assert_eq!(consume(kind, &claims, &store, NOW - 1), Ok(()));
            let client = if let Kind::Typed = kind { "user-42" } else { "pump-app" };
            let expected = SingleUse::new("at+jwt", issuer.as_bytes(), id, at(exp.saturating_add(300)))
                .with_owner(issuer.as_bytes(), client.as_bytes());
            let [used] = store.uses.take().try_into().unwrap();
            assert_eq!((used.id(), used.until()), (expected.id(), expected.until()), "{kind:?} {claims}");
            assert_eq!(used.owner(), expected.owner(), "{kind:?} {claims}");
            assert_eq!(used.replayed(), Error::Replayed);
            assert_eq!((store.checks.take(), store.now.take()), (0, Some(at(NOW - 1).into())));
            assert_eq!(format!("{used:?}"), "SingleUse { .. }");
        }
    }
}

#[test]
fn refused_token_consumes_nothing() {
    let window = unshared::<1>();
    for kind in KINDS {
        for (name, value) in [
            ("aud", json!("urn:device:pump-8")),
            ("exp", json!(NOW - LEEWAY)),
            ("nbf", json!(NOW + LEEWAY + 1)),
            ("sub", json!(1)),
            ("jti", json!(1)),
        ] {
            assert!(consume(kind, &claims_with(name, value), &window, NOW).is_err(), "{name}");
        }
        assert_eq!(consume(kind, &claims(), &window, 0), Err(Error::ClockNotSet));
    }
    assert_eq!(window.generation(), 0);
    assert_eq!(consume(Kind::Typed, &claims(), &window, NOW), Ok(()));
}

#[test]
fn token_is_used_once_by_policies_with_different_leeways() {
    let text = Alg::EdDsa.access_token(&claims());
    let leeways = [0, 60, 300, 100_000];
    for first in leeways {
        let window = unshared::<1>();
        let policy = |leeway| ACCESS.with_leeway(Duration::from_secs(leeway)).with_single_use(&window);
        assert_eq!(validate_access_token(&text, &policy(first), NOW, |_| ()), Ok(()));
        for now in [NOW, EXP - 1, EXP, EXP + 59, EXP + 60, END - 1] {
            for second in leeways {
                let is_fresh = now < EXP + i64::try_from(second.min(300)).unwrap();
                let expected = if is_fresh { Error::Replayed } else { Error::Expired };
                assert_eq!(validate_access_token(&text, &policy(second), now, |_| ()), Err(expected), "{second} {now}");
            }
            // The slot is not free while any policy may accept the token.
            let other = Alg::EdDsa.access_token(&with(claims_with("jti", json!("2")), "exp", json!(END + 100)));
            assert_eq!(validate_access_token(&other, &policy(0), now, |_| ()), Err(Error::Full), "{now}");
        }
    }
}

#[test]
fn full_window_refuses_until_an_entry_is_over() {
    for kind in KINDS {
        let token = |id: &str, exp: i64| with(claims_with("jti", json!(id)), "exp", json!(exp));
        let window = unshared::<2>();
        assert_eq!(consume(kind, &token("1", EXP), &window, NOW), Ok(()));
        assert_eq!(consume(kind, &token("2", END + 100), &window, NOW), Ok(()));
        let before = bytes_of(&window);
        for now in [NOW, EXP, EXP + LEEWAY - 1, END - 1] {
            assert_eq!(consume(kind, &token("3", END + 100), &window, now), Err(Error::Full), "{now}");
            let expected = if now < EXP + LEEWAY { Error::Replayed } else { Error::Expired };
            assert_eq!(consume(kind, &token("1", EXP), &window, now), Err(expected), "{now}");
            assert_eq!(consume(kind, &token("2", END + 100), &window, now), Err(Error::Replayed), "{now}");
        }
        assert_eq!(bytes_of(&window), before);
        assert_eq!(consume(kind, &token("3", END + 100), &window, END), Ok(()));
        assert_eq!(consume(kind, &token("4", END + 100), &window, END), Err(Error::Full));
        for id in ["2", "3"] {
            assert_eq!(consume(kind, &token(id, END + 100), &window, END), Err(Error::Replayed), "{id}");
        }
    }
}

#[test]
fn evicted_token_stays_refused_when_the_clock_is_set_back() {
    for kind in KINDS {
        let token = |id: &str, exp: i64| with(claims_with("jti", json!(id)), "exp", json!(exp));
        let window = unshared::<1>();
        assert_eq!(consume(kind, &token("1", EXP), &window, NOW), Ok(()));
        assert_eq!(consume(kind, &token("2", END + 100), &window, END), Ok(()));
        for now in [NOW, EXP, EXP + LEEWAY - 1] {
            assert_eq!(consume(kind, &token("1", EXP), &window, now), Err(Error::Replayed), "{now}");
            assert_eq!(
                consume(kind, &token("3", EXP), &window, now),
                Err(Error::Replayed),
                "it expires no later than the evicted entry"
            );
            assert_eq!(consume(kind, &token("3", EXP + 1), &window, now), Err(Error::Full), "it expires later");
        }
    }
}

/// The same id may come again in another token, long after the first token has expired. A refused request changes
/// nothing: a client that tries again does not keep the slot longer, and causes no write to flash.
#[test]
fn id_may_be_used_again_once_it_is_over() {
    let window = unshared::<4>();
    assert_eq!(use_id(&window, "id", NOW + 60, NOW), Ok(()));
    let before = bytes_of(&window);
    for (until, now) in [(NOW + 60, NOW), (NOW + 3660, NOW + 59), (i64::MAX, NOW), (NOW + 61, NOW - 100)] {
        assert_eq!(use_id(&window, "id", until, now), Err(Error::Replayed), "{until} {now}");
    }
    assert_eq!(use_id(&window, "id", NOW + 60, NOW + 60), Err(Error::EntryExpired));
    assert_eq!(bytes_of(&window), before);
    // The entry ends at its `until`, although the id was tried again before.
    assert_eq!(use_id(&window, "id", NOW + 3660, NOW + 60), Ok(()));
    assert_eq!((window.len(), window.generation()), (1, 2));
    for until in [NOW + 60, NOW + 3660] {
        assert_eq!(use_id(&window, "id", until, NOW), Err(Error::Replayed), "the clock was set back");
    }
    assert_eq!(use_id(&window, "id", NOW + 7260, NOW + 3660), Ok(()));
}

#[test]
fn id_that_is_over_is_refused() {
    let window = unshared::<2>();
    for (until, now) in [(NOW, NOW), (NOW - 1, NOW), (i64::MIN, NOW), (NOW, i64::MAX)] {
        assert_eq!(use_id(&window, "id", until, now), Err(Error::EntryExpired), "{until} {now}");
        assert_eq!(window.use_once(single_use("id", until), floor(now)), Err(Error::EntryExpired), "{until} {now}");
    }
    for now in [i64::MIN, 0, 946_684_800, 1_262_303_999] {
        assert_eq!(use_id(&window, "id", END, now), Err(Error::ClockNotSet), "{now}");
        assert_eq!(window.check_unused(&[single_use("id", END)], at(now).into()), Err(Error::ClockNotSet), "{now}");
    }
    assert_eq!(window.generation(), 0);
    assert_eq!(use_id(&window, "id", END, 1_262_304_000), Ok(()));
    assert_eq!(window.use_once(single_use("id-2", END), floor(0)), Ok(()));
}

/// The times in a token come from its issuer. They free no slot that another token has taken.
#[test]
fn slots_are_not_freed_by_what_tokens_say_about_the_time() {
    let window = unshared::<1>();
    let policy = ACCESS.with_max_unproven_lifetime(Duration::from_secs(300)).with_single_use(&window);
    let validate = |hours: i64, now: Now| {
        let mut claims = claims_with("jti", json!(format!("token-{hours}")));
        for name in ["iat", "nbf", "exp"] {
            claims[name] = json!(claims[name].as_i64().unwrap() + hours * 3600);
        }
        verify(&Alg::EdDsa.access_token(&claims), |verified| verified.into_access_token(&policy, now).map(drop))
    };
    assert_eq!(validate(0, floor(0)), Ok(()));
    for hours in 1..3 {
        for known in [0, NOW, EXP, END - 1] {
            assert_eq!(validate(hours, floor(known)), Err(Error::Full), "{hours} {known}");
            assert_eq!(validate(0, floor(known.min(EXP))), Err(Error::Replayed), "{hours} {known}");
        }
    }
    // The floor frees the slot.
    assert_eq!(validate(1, floor(END)), Ok(()));
    assert_eq!(validate(0, floor(0)), Err(Error::Replayed));
}

/// A proof is accepted at its last moment too.
#[test]
fn proof_is_accepted_once_until_its_last_moment() {
    let text = Alg::EdDsa.access_token(&bound("token-1", Alg::Es256));
    let last = NOW + 120;
    let present = |id: &str, window: &ReplayWindow<1, 99>, now: i64| {
        let claims = with(dpop_claims(&text), "jti", json!(id));
        let (proof, mut buf) = (Alg::Es256.mint(Alg::Es256.dpop_header().to_string(), claims.to_string()), [0; 1024]);
        let request = DpopPolicy::new("POST", "https://pump-7.local/speed", &text);
        let proof = Token::parse(&proof)?.verify_dpop(&request, BOTH, at(now), &mut buf)?;
        assert_eq!(proof.usable_until(), at(last + 1));
        validate_access_token(&text, &ACCESS.with_dpop(&proof, window), now, |_| ())
    };
    for first in [NOW, last - 1, last] {
        let window = unshared::<1>();
        assert_eq!(present("1", &window, first), Ok(()), "{first}");
        let before = bytes_of(&window);
        for again in [NOW, first, last] {
            assert_eq!(present("1", &window, again), Err(Error::ProofReplayed), "{first} {again}");
        }
        assert_eq!(present("2", &window, NOW), Err(Error::Full));
        assert_eq!(present("1", &window, last + 1), Err(Error::ProofTooOld));
        assert_eq!(use_id(&window, "another", last + 100, last), Err(Error::Full));
        assert_eq!(bytes_of(&window), before);
        // The proof stays refused when another entry has taken its slot.
        assert_eq!(use_id(&window, "another", last + 100, last + 1), Ok(()));
        for again in [NOW, last] {
            assert_eq!(present("1", &window, again), Err(Error::ProofReplayed), "{first} {again}");
        }
    }
}

/// A client dates its proofs far ahead. If a nonce shows that they are fresh, their ids expire with their token.
#[test]
fn proof_that_is_dated_ahead_takes_its_slot_no_longer_than_its_token() {
    let (nonces, window) = ([DpopNonce::new()], unshared::<1>());
    let policy = ACCESS.with_max_unproven_lifetime(Duration::from_secs(300));
    let present = |token: &Value, iat: i64, known: i64| {
        nonces[0].issue("n-1");
        let text = Alg::EdDsa.access_token(token);
        let claims = with(with(dpop_claims(&text), "nonce", json!("n-1")), "iat", json!(iat));
        let claims = with(claims, "jti", json!(known.to_string()));
        let (proof, mut buf) = (Alg::Es256.mint(Alg::Es256.dpop_header().to_string(), claims.to_string()), [0; 1024]);
        let request = DpopPolicy::new("POST", "https://pump-7.local/speed", &text).with_nonces(&nonces);
        let proof = Token::parse(&proof)?.verify_dpop(&request, BOTH, floor(known), &mut buf)?;
        verify(&text, |verified| verified.into_access_token(&policy.with_dpop(&proof, &window), floor(known)).map(drop))
    };
    let next = |issued_at: i64| {
        let times = [("iat", issued_at), ("nbf", issued_at), ("exp", issued_at + 300)];
        times.into_iter().fold(bound("next", Alg::Es256), |claims, (name, time)| with(claims, name, json!(time)))
    };
    for iat in [NOW + 99_999_999, i64::MAX] {
        assert_eq!(window.clear(), Ok(()));
        assert_eq!(present(&bound("token-1", Alg::Es256), iat, NOW), Ok(()));
        assert_eq!(present(&next(END - 1), NOW, END - 1), Err(Error::Full), "{iat}");
        assert_eq!(present(&next(END), NOW, END), Ok(()), "{iat}");
    }
}

#[test]
fn proofs_and_tokens_share_a_window() {
    let window = unshared::<3>();
    let policy = ACCESS.with_single_use(&window);
    let present = |token: &str, proof: &str| request(&bound(token, Alg::Es256), proof, &policy, &window, NOW);
    // The proof and the token have equal ids of different kinds.
    assert_eq!(present("token-1", "token-1"), Ok(()));
    assert_eq!((window.len(), window.generation()), (2, 1), "two ids, one change");
    let before = bytes_of(&window);
    assert_eq!(present("token-1", "token-1"), Err(Error::ProofReplayed), "the proof is asked for first");
    assert_eq!(present("token-1", "proof-2"), Err(Error::Replayed));
    assert_eq!(present("token-2", "token-1"), Err(Error::ProofReplayed));
    assert_eq!(present("token-2", "proof-2"), Err(Error::Full), "one slot for two ids");
    assert_eq!(bytes_of(&window), before);
    // One slot is enough for the proof alone. The refused request has not consumed the proof.
    assert_eq!(request(&bound("token-2", Alg::Es256), "proof-2", &ACCESS, &window, NOW), Ok(()));
}

/// A store of the application's own in front of a window.
#[derive(Debug)]
struct Wrapper<'w> {
    window: &'w dyn ReplayCheck,
    /// Whether its `address` is the address of the window.
    is_open_about_it: bool,
}

impl ReplayCheck for Wrapper<'_> {
    fn check_unused(&self, ids: &[SingleUse], now: Now) -> Result<(), Error> {
        self.window.check_unused(ids, now)
    }

    fn use_all(&self, ids: &[SingleUse], now: Now) -> Result<(), Error> {
        self.window.use_all(ids, now)
    }

    fn release(&self, ids: &[SingleUse]) {
        self.window.release(ids);
    }

    fn address(&self) -> Option<*const ()> {
        self.window.address().filter(|_| self.is_open_about_it)
    }
}

/// A request whose two ids do not fit consumes neither of them, directly or through wrappers. If both stores are known
/// to be one window, its generation does not change either.
#[test]
fn one_window_behind_two_wrappers_takes_both_ids_or_none() {
    for is_open_about_it in [true, false] {
        let window = unshared::<3>();
        let [proofs, tokens] = [&window, &window].map(|window| Wrapper { window, is_open_about_it });
        let policy = ACCESS.with_single_use(&tokens);
        let present = |number: &str| request(&bound(number, Alg::Es256), number, &policy, &proofs, NOW);
        assert_eq!(present("1"), Ok(()));
        assert_eq!((window.len(), window.generation()), (2, if is_open_about_it { 1 } else { 2 }));
        let before = bytes_of(&window);
        assert_eq!(present("2"), Err(Error::Full));
        assert_eq!(window.len(), 2);
        assert_eq!(bytes_of(&window) == before, is_open_about_it);
        assert_eq!(present("1"), Err(Error::ProofReplayed));
        assert_eq!(request(&bound("2", Alg::Es256), "2", &ACCESS, &proofs, NOW), Ok(()), "it was not consumed");
    }
}

/// A store without a size can have the address of any other.
#[test]
fn store_that_allows_replay_of_proofs_does_not_stand_for_the_store_of_tokens() {
    #[derive(Debug)]
    struct Stores {
        proofs: AllowReplay,
        tokens: ReplayWindow<4, 4>,
    }

    let stores = Stores { proofs: AllowReplay, tokens: open() };
    let policy = ACCESS.with_single_use(&stores.tokens);
    assert_eq!(request(&bound("1", Alg::Es256), "p", &policy, &stores.proofs, NOW), Ok(()));
    assert_eq!(request(&bound("1", Alg::Es256), "p", &policy, &stores.proofs, NOW), Err(Error::Replayed));
    assert_eq!(stores.tokens.len(), 1);
}

/// A client that repeats a used token, with a fresh proof each time, must not fill the window.
#[test]
fn used_token_with_fresh_proofs_takes_no_slot() {
    let window = unshared::<8>();
    let policy = ACCESS.with_single_use(&window);
    let used = bound("used", Alg::Es256);
    assert_eq!(request(&used, "p0", &policy, &window, NOW), Ok(()));
    let before = bytes_of(&window);
    for n in 1..=20 {
        assert_eq!(request(&used, &format!("p{n}"), &policy, &window, NOW), Err(Error::Replayed));
    }
    assert_eq!(bytes_of(&window), before);
    assert_eq!(request(&bound("honest", Alg::Es256), "h0", &policy, &window, NOW), Ok(()));
}

#[test]
fn refusal_by_the_second_store_consumes_nothing_in_the_first() {
    let (proofs, tokens) = (unshared::<8>(), unshared::<1>());
    let policy = ACCESS.with_single_use(&tokens);
    let (a, b) = (bound("a", Alg::Es256), bound("b", Alg::Es256));
    assert_eq!(request(&a, "p0", &policy, &proofs, NOW), Ok(()));
    let before = (bytes_of(&proofs), bytes_of(&tokens));
    for _ in 0..3 {
        assert_eq!(request(&b, "p1", &policy, &proofs, NOW), Err(Error::Full));
        assert_eq!(request(&a, "p1", &policy, &proofs, NOW), Err(Error::Replayed));
        assert_eq!(request(&b, "p0", &policy, &proofs, NOW), Err(Error::ProofReplayed));
    }
    assert_eq!((proofs.generation(), tokens.generation()), (1, 1));
    assert_eq!((bytes_of(&proofs), bytes_of(&tokens)), before);
    // The same proof is accepted when there is room.
    tokens.clear().unwrap();
    assert_eq!(request(&b, "p1", &policy, &proofs, NOW), Ok(()));

    // A refusal by the first store consumes nothing in the second, either.
    let (proofs, tokens) = (unshared::<1>(), unshared::<8>());
    let policy = ACCESS.with_single_use(&tokens);
    assert_eq!(request(&a, "p0", &policy, &proofs, NOW), Ok(()));
    let before = (bytes_of(&proofs), bytes_of(&tokens));
    assert_eq!(request(&b, "p1", &policy, &proofs, NOW), Err(Error::Full));
    assert_eq!((bytes_of(&proofs), bytes_of(&tokens)), before);
    // A closed store refuses like a full one.
    let closed = ReplayWindow::<8, 8>::new();
    assert_eq!(request(&b, "p1", &policy, &closed, NOW), Err(Error::NotOpened));
    assert_eq!(request(&b, "p1", &ACCESS.with_single_use(&closed), &unshared::<8>(), NOW), Err(Error::NotOpened));
    assert_eq!((bytes_of(&proofs), bytes_of(&tokens)), before);
}

#[test]
fn one_free_slot_is_not_enough_for_a_proof_and_a_token() {
    let one = unshared::<1>();
    for _ in 0..2 {
        let policy = ACCESS.with_single_use(&one);
        assert_eq!(request(&bound("a", Alg::Es256), "p", &policy, &one, NOW), Err(Error::Full));
        assert_eq!((one.len(), one.generation()), (0, 0));
    }
    // A share of one is not enough, either.
    let window = open::<8, 1>();
    let policy = ACCESS.with_single_use(&window);
    assert_eq!(request(&bound("a", Alg::Es256), "p", &policy, &window, NOW), Err(Error::ShareFull));
    assert_eq!((window.len(), window.generation()), (0, 0));
    // An entry that is over makes room for the second.
    let window = unshared::<2>();
    use_id(&window, "other", NOW + 10, NOW).unwrap();
    let policy = ACCESS.with_single_use(&window);
    let before = bytes_of(&window);
    assert_eq!(request(&bound("a", Alg::Es256), "p", &policy, &window, NOW + 9), Err(Error::Full));
    assert_eq!(bytes_of(&window), before);
    assert_eq!(request(&bound("a", Alg::Es256), "p", &policy, &window, NOW + 10), Ok(()));
    assert_eq!((window.len(), window.generation()), (2, 2));
}

/// The answers of a store: to the first question, to the later ones, and to a use.
type Answers = [Result<(), Error>; 3];

/// Gives these answers, and adds each call to a shared log.
#[derive(Debug)]
struct Logged<'l> {
    name: &'static str,
    answers: Answers,
    asked: Cell<usize>,
    log: &'l RefCell<Vec<String>>,
}

impl Logged<'_> {
    fn log(&self, call: &str, ids: &[SingleUse]) {
        assert_eq!(ids.len(), 1);
        self.log.borrow_mut().push(format!("{call} {}", self.name));
    }
}

impl ReplayCheck for Logged<'_> {
    fn check_unused(&self, ids: &[SingleUse], _now: Now) -> Result<(), Error> {
        self.log("ask", ids);
        let asked = self.asked.replace(1);
        self.answers[asked]
    }

    fn use_all(&self, ids: &[SingleUse], _now: Now) -> Result<(), Error> {
        self.log("use", ids);
        self.answers[2]
    }

    fn release(&self, ids: &[SingleUse]) {
        self.log("release", ids);
    }
}

/// Another request can be accepted between validation and consumption: both stores are asked again. If the second store
/// then refuses its id, the first store releases its own.
#[test]
fn two_stores_are_both_asked_before_one_of_them_changes() {
    let (ok, full) = (Ok(()), Err(Error::Full));
    let present = |answers: [Answers; 2]| {
        let log = RefCell::default();
        let [proofs, tokens] = [("proof", answers[0]), ("token", answers[1])].map(|(name, answers)| Logged {
            name,
            answers,
            asked: Cell::new(0),
            log: &log,
        });
        let policy = ACCESS.with_single_use(&tokens);
        let text = Alg::EdDsa.access_token(&bound("a", Alg::Es256));
        let verdict = prove(&text, Alg::Es256, "p", NOW, |proof| {
            let policy = policy.with_dpop(proof, &proofs);
            verify(&text, |verified| verified.validate_access_token(&policy, now())?.consume().map(drop))
        });
        (verdict, log.take())
    };
    let accepts = [ok; 3];
    let twice = ["ask proof", "ask token", "ask proof", "ask token"];
    for (stores, expected, calls) in [
        ([accepts, accepts], ok, &[&twice[..], &["use proof", "use token"]].concat()[..]),
        ([[full, ok, ok], accepts], full, &twice[..2]),
        ([accepts, [full, ok, ok]], full, &twice[..2]),
        ([[ok, full, ok], accepts], full, &twice),
        ([accepts, [ok, full, ok]], full, &twice),
        ([[ok, ok, full], accepts], full, &[&twice[..], &["use proof"]].concat()),
        ([accepts, [ok, ok, full]], full, &[&twice[..], &["use proof", "use token", "release proof"]].concat()),
    ] {
        assert_eq!(present(stores), (expected, calls.iter().map(ToString::to_string).collect()), "{stores:?}");
    }
}

/// One store is full, and the other knows the id: the error says that the id was used, which the client can change.
#[test]
fn used_id_is_reported_before_a_full_store() {
    let full = unshared::<0>();
    let used = unshared::<4>();
    assert_eq!(request(&bound("token-1", Alg::Es256), "p", &ACCESS.with_single_use(&used), &used, NOW), Ok(()));
    let verdict = |proof: &str, token: &str, proofs: &dyn ReplayCheck, tokens: &dyn ReplayCheck| {
        request(&bound(token, Alg::Es256), proof, &ACCESS.with_single_use(tokens), proofs, NOW)
    };
    assert_eq!(verdict("p2", "token-1", &full, &used), Err(Error::Replayed));
    assert_eq!(verdict("p", "token-2", &used, &full), Err(Error::ProofReplayed));
    assert_eq!(verdict("p2", "token-2", &full, &used), Err(Error::Full));
    assert_eq!(verdict("p2", "token-2", &used, &full), Err(Error::Full));
    assert_eq!(verdict("p2", "token-2", &full, &full), Err(Error::Full));
    assert_eq!((used.len(), used.generation()), (2, 1));
}

#[test]
fn id_that_is_over_stays_while_there_is_room() {
    let window = unshared::<2>();
    assert_eq!(use_id(&window, "a", NOW + 10, NOW), Ok(()));
    assert_eq!(use_id(&window, "b", NOW + 100, NOW + 20), Ok(()));
    assert_eq!(window.len(), 2);
    assert_eq!(use_id(&window, "c", NOW + 100, NOW + 20), Ok(()));
    assert_eq!(window.len(), 2, "now the first one has to go");
}

#[test]
fn released_id_can_be_used_again() {
    let window = open::<4, 2>();
    let ids = ["a", "b"].map(|id| single_use(id, END));
    assert_eq!(window.use_all(&ids, now().into()), Ok(()));
    assert_eq!(use_id(&window, "c", END, NOW), Err(Error::ShareFull));
    let generation = window.generation();
    window.release(&ids[..1]);
    assert_eq!((window.len(), window.generation()), (1, generation + 1), "a snapshot from before is an older one");
    assert_eq!(use_id(&window, "b", END, NOW), Err(Error::Replayed));
    assert_eq!(use_id(&window, "a", END, NOW), Ok(()));
    let before = bytes_of(&window);
    window.release(&[single_use("c", END), SingleUse::new("another", b"scope", "a", at(END))]);
    assert_eq!(bytes_of(&window), before, "they were not used");
}

/// The id was used before, in another token that has expired. If the later use is released, the earlier one stays.
#[test]
fn released_id_stays_used_for_as_long_as_before() {
    let window = unshared::<4>();
    let (earlier, later) = (single_use("id", NOW + 60), single_use("id", NOW + 1000));
    assert_eq!(window.use_once(earlier, now().into()), Ok(()));
    assert_eq!(window.use_once(later, at(NOW + 60).into()), Ok(()));
    window.release(&[later]);
    assert_eq!(window.use_once(earlier, now().into()), Err(Error::Replayed), "the clock was set back");
}

/// One token is used in two requests at a time, as handlers on one executor may do.
#[test]
fn only_one_of_two_pending_tokens_with_one_id_is_consumed() {
    let (text, keys) = (Alg::EdDsa.access_token(&claims()), keys());
    let issuer = issuer(&keys);
    fn verify<'t, 'b>(text: &'t str, issuer: &Issuer<'t>, buf: &'b mut [u8]) -> Verified<'t, 'b> {
        Token::parse(text).unwrap().verify(issuer, buf).unwrap()
    }
    let [mut a, mut b, mut c] = [[0; 1024]; 3];

    let window = unshared::<4>();
    let policy = ACCESS.with_single_use(&window);
    let first = verify(&text, &issuer, &mut a).validate_access_token(&policy, now()).unwrap();
    let second = verify(&text, &issuer, &mut b).validate_access_token(&policy, now()).unwrap();
    assert_eq!(first.jwt_id(), second.jwt_id());
    assert_eq!((window.len(), window.generation()), (0, 0), "nothing is consumed yet");
    assert_eq!(second.consume().map(|token| token.jwt_id()), Ok(Some("token-1")));
    let before = bytes_of(&window);
    assert_eq!(first.consume().map(drop), Err(Error::Replayed));
    assert_eq!(verify(&text, &issuer, &mut c).validate_access_token(&policy, now()).map(drop), Err(Error::Replayed));
    assert_eq!(bytes_of(&window), before);

    let window = unshared::<4>();
    let policy = TYPED.with_single_use(&window);
    let first = verify(&text, &issuer, &mut a).validate_typed(&policy, now()).unwrap();
    let second = verify(&text, &issuer, &mut b).validate_typed(&policy, now()).unwrap();
    assert_eq!(first.consume().map(|token| token.jwt_id()), Ok(Some("token-1")));
    assert_eq!(second.consume().map(drop), Err(Error::Replayed));
    assert_eq!(verify(&text, &issuer, &mut c).validate_typed(&policy, now()).map(drop), Err(Error::Replayed));

    // Two tokens are pending, and one slot is free.
    let window = unshared::<1>();
    let policy = ACCESS.with_single_use(&window);
    let other = Alg::EdDsa.access_token(&claims_with("jti", json!("token-2")));
    let first = verify(&text, &issuer, &mut a).validate_access_token(&policy, now()).unwrap();
    let second = verify(&other, &issuer, &mut b).validate_access_token(&policy, now()).unwrap();
    assert!(first.consume().is_ok());
    assert_eq!(second.consume().map(drop), Err(Error::Full));
}

#[test]
fn only_one_of_two_pending_tokens_with_one_proof_is_consumed() {
    let (text, keys) = (Alg::EdDsa.access_token(&bound("token-1", Alg::Es256)), keys());
    let (proofs, tokens) = (unshared::<4>(), unshared::<4>());
    let consumed = prove(&text, Alg::Es256, "p", NOW, |proof| {
        let [mut a, mut b] = [[0; 1024]; 2];
        let issuer = issuer(&keys);
        // The second token is not for single use: the two requests share only the proof.
        let (once, often) =
            (ACCESS.with_single_use(&tokens).with_dpop(proof, &proofs), ACCESS.with_dpop(proof, &proofs));
        let first = Token::parse(&text)?.verify(&issuer, &mut a)?.validate_access_token(&once, now())?;
        let second = Token::parse(&text)?.verify(&issuer, &mut b)?.validate_access_token(&often, now())?;
        assert!(second.consume().is_ok());
        assert_eq!((proofs.len(), tokens.len()), (1, 0));
        assert_eq!(first.consume().map(drop), Err(Error::ProofReplayed));
        Ok((proofs.generation(), tokens.generation()))
    });
    assert_eq!(consumed, Ok((1, 0)));
}

/// Without a clock, a nonce is good for one accepted request: a recorded nonce must not pass with a fresh proof.
#[test]
fn only_one_of_two_pending_tokens_with_one_nonce_is_consumed() {
    let text = Alg::EdDsa.access_token(&bound("token-1", Alg::Es256));
    let (window, nonces, keys) = (unshared::<4>(), [DpopNonce::new()], keys());
    nonces[0].issue("n-1");
    let request = DpopPolicy::new("POST", "https://pump-7.local/speed", &text).with_nonces(&nonces);
    let proofs = ["p1", "p2"].map(|id| {
        let claims = with(with(dpop_claims(&text), "jti", json!(id)), "nonce", json!("n-1"));
        Alg::Es256.mint(Alg::Es256.dpop_header().to_string(), claims.to_string())
    });
    let [mut a, mut b, mut c, mut d] = [[0; 1024]; 4];
    let verify_proof = |text, buf| Token::parse(text).unwrap().verify_dpop(&request, BOTH, floor(NOW), buf).unwrap();
    let (one, two) = (verify_proof(&proofs[0], &mut a), verify_proof(&proofs[1], &mut b));
    let policy = ACCESS.with_max_unproven_lifetime(Duration::from_secs(300));
    let policies = [policy.with_dpop(&one, &window), policy.with_dpop(&two, &window)];
    let verify_token = |buf| Token::parse(&text).unwrap().verify(&issuer(&keys), buf).unwrap();
    let first = verify_token(&mut c).validate_access_token(&policies[0], floor(NOW)).unwrap();
    let second = verify_token(&mut d).validate_access_token(&policies[1], floor(NOW)).unwrap();
    assert!(nonces[0].is_issued() && window.is_empty());
    assert!(second.consume().is_ok());
    let before = bytes_of(&window);
    assert_eq!((nonces[0].is_issued(), window.len()), (false, 1));
    assert_eq!(first.consume().map(drop), Err(Error::Mismatch(Claim::Nonce)));
    // The proof is refused even when the next nonce takes the slot.
    nonces[0].issue("n-2");
    let again = verify(&text, |verified| verified.into_access_token(&policies[0], floor(NOW)).map(drop));
    assert_eq!(again, Err(Error::Mismatch(Claim::Nonce)));
    assert_eq!((bytes_of(&window), nonces[0].is_issued()), (before, true));
}

/// Without a clock, only tokens show that time passes. A full window refuses the very token that shows its ids to be
/// over. If the floor has learned from this token first, the token is accepted when it is sent again.
#[test]
fn window_of_a_device_without_a_clock_goes_on_while_the_floor_learns_first() {
    let policy = ACCESS.with_max_unproven_lifetime(Duration::from_secs(60));
    let token = |nth: i64| {
        let (issued_at, id) = (NOW + 100 * nth, format!("token-{nth}"));
        let times = [("iat", issued_at), ("nbf", issued_at), ("exp", issued_at + 60)];
        let claims = claims_with("jti", json!(id));
        Alg::EdDsa.access_token(&times.into_iter().fold(claims, |claims, (name, time)| with(claims, name, json!(time))))
    };
    fn accept<const SHARE: usize>(
        text: &str,
        policy: &AccessTokenPolicy<'_>,
        window: &ReplayWindow<16, SHARE>,
        floor: &mut TimeFloor<'_>,
    ) -> Result<(), Error> {
        verify(text, |verified| {
            let policy = policy.with_single_use(window);
            let pending = verified.validate_access_token(&policy, floor.now(None, A_MINUTE))?;
            floor.learn(&pending);
            pending.consume().map(drop)
        })
    }
    // An id is in use for 360 s: four tokens are issued in this time, and the floor comes from the token before them.
    let (window, mut floor) = (open::<16, 5>(), TimeFloor::new(at(NOW - 1), &[ISSUER]));
    for nth in 0..50 {
        assert_eq!(accept(&token(nth), &policy, &window, &mut floor), Ok(()), "{nth}");
    }
    // With fewer slots, a client has to send its token again, but is not locked out.
    let (window, mut floor) = (open::<16, 4>(), TimeFloor::new(at(NOW - 1), &[ISSUER]));
    for nth in 0..50 {
        let first = accept(&token(nth), &policy, &window, &mut floor);
        assert_eq!(first, if nth < 4 { Ok(()) } else { Err(Error::ShareFull) }, "{nth}");
        let second = accept(&token(nth), &policy, &window, &mut floor);
        assert_eq!(second, if nth < 4 { Err(Error::Replayed) } else { Ok(()) }, "{nth}");
    }
    // A full window gives the same answer.
    let full = unshared::<4>();
    let others = ["1", "2", "3", "4"].map(|id| single_use(id, NOW + 9999));
    assert_eq!(full.use_all(&others, now().into()), Ok(()));
    let refused = verify(&token(50), |verified| {
        let policy = policy.with_single_use(&full);
        let pending = verified.validate_access_token(&policy, floor.now(None, A_MINUTE))?;
        Ok(pending.consume().err())
    });
    assert_eq!(refused, Ok(Some(Error::Full)));
    // All other errors are returned by the validation already.
    for (store, error) in
        [(&window as &dyn ReplayCheck, Error::Replayed), (&ReplayWindow::<4, 4>::new(), Error::NotOpened)]
    {
        let refused = verify(&token(49), |verified| {
            verified.validate_access_token(&policy.with_single_use(store), floor.now(None, A_MINUTE)).map(drop)
        });
        assert_eq!(refused, Err(error));
    }
    // With a clock, the validation returns these errors too.
    let stores: [(&dyn ReplayCheck, Error); 2] = [(&window, Error::ShareFull), (&full, Error::Full)];
    for (store, error) in stores {
        let refused = verify(&token(50), |verified| {
            let policy = ACCESS.with_single_use(store);
            verified.validate_access_token(&policy, at(NOW + 50 * 100 - 55)).map(drop)
        });
        assert_eq!(refused, Err(error));
    }
}

/// A refused token for another door stays usable.
#[test]
fn token_that_the_application_denies_stays_usable() {
    #[derive(serde::Deserialize)]
    struct Site<'b> {
        site: &'b str,
    }
    let (text, window) = (Alg::EdDsa.access_token(&bound("token-1", Alg::Es256)), unshared::<4>());
    let open = |site: &str, proof: &str| {
        prove(&text, Alg::Es256, proof, NOW, |proof| {
            let policy = ACCESS.with_single_use(&window).with_dpop(proof, &window);
            verify(&text, |verified| {
                let pending = verified.validate_access_token(&policy, now())?;
                assert_eq!(pending.client_id(), Some("pump-app"));
                assert!(pending.has_scope("pump:read") && !pending.has_scope("pump:admin"));
                assert_eq!(pending.scopes().count(), 2);
                assert!(pending.confirmation().is_some());
                assert_eq!(format!("{pending:?}"), "Pending { .. }");
                if pending.claims::<Site<'_>>()?.site == site {
                    pending.consume().map(drop)
                } else {
                    Err(Error::Denied)
                }
            })
        })
    };
    for _ in 0..8 {
        assert_eq!(open("south", "p"), Err(Error::Denied));
    }
    assert_eq!((window.len(), window.generation()), (0, 0));
    assert_eq!(open("north", "p"), Ok(()));
    assert_eq!(open("north", "p"), Err(Error::ProofReplayed));
    assert_eq!(open("south", "p2"), Err(Error::Replayed), "the store is asked before the application");
}

/// `ath` is compared with the token that is validated, not only with the token that the proof was verified for.
#[test]
fn proof_for_another_token_of_the_same_key_is_refused_and_not_consumed() {
    let small = with(bound("small", Alg::Es256), "scope", json!("pump:read"));
    let [small, large] = [small, bound("large", Alg::Es256)].map(|claims| Alg::EdDsa.access_token(&claims));
    let window = unshared::<4>();
    let mismatch = Err(Error::Mismatch(Claim::AccessTokenHash));
    for policy in [ACCESS, UNTYPED, ACCESS.with_single_use(&window), ACCESS.with_required_scope("pump:write")] {
        let verdict = prove(&small, Alg::Es256, "p", NOW, |proof| {
            validate_access_token(&large, &policy.with_dpop(proof, &window), NOW, |_| ())
        });
        assert_eq!(verdict, mismatch);
    }
    // A token with the same claims and another signature or header is another text.
    let twin = Alg::Es256.access_token(&bound("large", Alg::Es256));
    let verdict = prove(&twin, Alg::Es256, "p", NOW, |proof| {
        validate_access_token(&large, &ACCESS.with_dpop(proof, &window), NOW, |_| ())
    });
    assert_eq!((verdict, window.generation()), (mismatch, 0));
    for text in [&large, &small] {
        let verdict = prove(text, Alg::Es256, text, NOW, |proof| {
            validate_access_token(text, &ACCESS.with_dpop(proof, &window), NOW, |_| ())
        });
        assert_eq!(verdict, Ok(()));
    }
}

/// A client with one key dates its proofs ahead, and sends as many as it can.
#[test]
fn key_of_proofs_cannot_fill_the_window() {
    let window = open::<8, 2>();
    let present = |alg: Alg, id: &str, claims: &Value, now: i64| {
        let text = Alg::EdDsa.access_token(claims);
        let claims = with(with(dpop_claims(&text), "jti", json!(id)), "iat", json!(NOW + 60));
        let (proof, mut buf) = (alg.mint(alg.dpop_header().to_string(), claims.to_string()), [0; 1024]);
        let request = DpopPolicy::new("POST", "https://pump-7.local/speed", &text);
        let proof = Token::parse(&proof)?.verify_dpop(&request, BOTH, at(now), &mut buf)?;
        validate_access_token(&text, &ACCESS.with_dpop(&proof, &window), now, |_| ())
    };
    for n in 0..2 {
        assert_eq!(present(Alg::Es256, &format!("p{n}"), &bound("a", Alg::Es256), NOW), Ok(()));
    }
    let before = bytes_of(&window);
    // The share is full for every token and every client of this key.
    for (n, claims) in [
        bound("a", Alg::Es256),
        bound("b", Alg::Es256),
        with(bound("c", Alg::Es256), "client_id", json!("another")),
        with(bound("d", Alg::Es256), "sub", json!("another")),
    ]
    .iter()
    .cycle()
    .take(20)
    .enumerate()
    {
        assert_eq!(present(Alg::Es256, &format!("q{n}"), claims, NOW), Err(Error::ShareFull));
    }
    assert_eq!(present(Alg::Es256, "p0", &bound("a", Alg::Es256), NOW), Err(Error::ProofReplayed));
    assert_eq!(bytes_of(&window), before);
    // Another key has its own share, and the same client id does not matter.
    for n in 0..2 {
        assert_eq!(present(Alg::EdDsa, &format!("p{n}"), &bound("a", Alg::EdDsa), NOW), Ok(()));
    }
    // The share is free again when its entries are over, 181 seconds after the date of the proofs at the latest.
    for (now, expected) in [(NOW + 120, Err(Error::ShareFull)), (NOW + 180, Err(Error::ShareFull))] {
        assert_eq!(present(Alg::Es256, "r", &bound("a", Alg::Es256), now), expected, "{now}");
    }
    let owner =
        |id: &str| SingleUse::new("", b"", id, at(END)).with_owner(Alg::Es256.key().thumbprint().as_bytes(), b"");
    assert_eq!(window.use_once(owner("1"), at(NOW + 180).into()), Err(Error::ShareFull));
    assert_eq!(window.use_once(owner("1"), at(NOW + 181).into()), Ok(()));
}

/// A request with a proof and a token for single use takes two entries of the key's share, and none of the client's.
#[test]
fn proof_and_token_are_both_in_the_share_of_the_key() {
    let window = open::<8, 3>();
    let policy = ACCESS.with_single_use(&window);
    assert_eq!(request(&bound("a", Alg::Es256), "p0", &policy, &window, NOW), Ok(()));
    let before = bytes_of(&window);
    assert_eq!(request(&bound("b", Alg::Es256), "p1", &policy, &window, NOW), Err(Error::ShareFull));
    assert_eq!(bytes_of(&window), before);
    assert_eq!(request(&bound("b", Alg::Es256), "p1", &ACCESS, &window, NOW), Ok(()), "one entry is left");
    // Bearer tokens of the same client are in the share of the client.
    for id in ["1", "2", "3"] {
        assert_eq!(consume(Kind::Access, &claims_with("jti", json!(id)), &window, NOW), Ok(()));
    }
    assert_eq!(consume(Kind::Access, &claims_with("jti", json!("4")), &window, NOW), Err(Error::ShareFull));
}

#[test]
fn client_cannot_fill_the_window_and_neither_can_a_subject() {
    let without_client = |subject: &str| with(claims_with("client_id", Value::Null), "sub", json!(subject));
    let nobody = with(without_client(""), "sub", Value::Null);
    let client = |client: &str| claims_with("client_id", json!(client));
    let of_factory = |claims: Value| with(claims, "iss", json!(OTHER_ISSUER));
    // Tokens of different owners, and others of the same owners.
    let owners = [
        (Kind::Access, client("a"), with(client("a"), "sub", json!("another"))),
        (Kind::Access, client("b"), client("b")),
        (Kind::Untyped, of_factory(client("a")), of_factory(client("a"))),
        (Kind::Untyped, without_client("user-1"), without_client("user-1")),
        (Kind::Untyped, without_client("user-2"), without_client("user-2")),
        (Kind::Untyped, of_factory(without_client("user-1")), of_factory(without_client("user-1"))),
        (Kind::Typed, without_client("user-3"), with(client("a"), "sub", json!("user-3"))),
        (Kind::Untyped, nobody.clone(), nobody),
    ];
    let window = open::<32, 3>();
    let mut count = 0;
    for (kind, claims, same_owner) in owners {
        let mut try_next = |claims: &Value| {
            count += 1;
            consume(kind, &with(claims.clone(), "jti", json!(count.to_string())), &window, NOW)
        };
        assert_eq!([&claims, &same_owner, &claims].map(&mut try_next), [Ok(()); 3], "{claims}");
        let before = bytes_of(&window);
        for _ in 0..40 {
            assert_eq!([&claims, &same_owner].map(&mut try_next), [Err(Error::ShareFull); 2], "{claims}");
        }
        assert_eq!(bytes_of(&window), before);
    }
    assert_eq!(window.len(), 8 * 3);
    // The share is counted in live entries.
    let later = with(claims_with("client_id", json!("a")), "exp", json!(END + 300));
    assert_eq!(consume(Kind::Access, &with(later.clone(), "jti", json!("x")), &window, END - 1), Err(Error::ShareFull));
    assert_eq!(consume(Kind::Access, &with(later, "jti", json!("x")), &window, END), Ok(()));
}

#[test]
fn id_is_unique_only_within_its_kind_and_scope() {
    let window = unshared::<24>();
    // The last two concatenate to the same bytes, with the length of the scope between kind and scope.
    let uses: [(&str, &[u8], &str); 16] = [
        ("", b"a", "bc"),
        ("", b"ab", "c"),
        ("", b"abc", ""),
        ("", b"", "abc"),
        ("", b"", ""),
        ("", b"a", "b"),
        ("", b"a\0", "b"),
        ("", b"a", "\0b"),
        ("", b"\xff\xfe", "b"),
        ("a", b"bc", ""),
        ("ab", b"c", ""),
        ("abc", b"", ""),
        ("a", b"b", "c"),
        ("a", b"", "bc"),
        ("", b"x", "y\0\0\0\0\0\0\0\0"),
        ("\0\0\0\0\0\0\0\u{1}xy", b"", ""),
    ];
    let use_once = |(kind, scope, id): (&str, &[u8], &str)| {
        window.use_once(SingleUse::new(kind, scope, id, at(END)), now().into())
    };
    for id in uses {
        assert_eq!(use_once(id), Ok(()), "{id:?}");
    }
    for id in uses {
        assert_eq!(use_once(id), Err(Error::Replayed), "{id:?}");
    }
    let long = "j".repeat(100_000);
    assert_eq!(use_once(("", b"a", &long)), Ok(()));
    assert_eq!(use_once(("", b"a", &long[1..])), Ok(()));
    assert_eq!(use_once(("", b"a", &long)), Err(Error::Replayed));
    // The owner is no part of the id.
    let (kind, scope, id) = uses[0];
    let of_another = SingleUse::new(kind, scope, id, at(END)).with_owner(b"another", b"");
    assert_eq!(window.use_once(of_another, now().into()), Err(Error::Replayed));
}

#[test]
fn owner_is_a_pair_of_names_and_by_default_the_scope() {
    let id = single_use("id", END);
    assert_eq!(id.owner(), single_use("another", NOW).owner());
    assert_eq!(id.owner(), id.with_owner(b"scope", b"").owner());
    let owners = [[&b"ab"[..], b"c"], [b"a", b"bc"], [b"", b"abc"], [b"abc", b""], [b"scope", b""]];
    for (n, [first, second]) in owners.into_iter().enumerate() {
        for [other_first, other_second] in &owners[n + 1..] {
            assert_ne!(id.with_owner(first, second).owner(), id.with_owner(other_first, other_second).owner());
        }
    }
    assert_eq!(id.with_owner(b"a", b"b").id(), id.id());
}

#[test]
fn ids_of_one_request_are_used_together_or_not_at_all() {
    let window = unshared::<3>();
    let ids = |names: &[&str]| names.iter().map(|id| single_use(id, END)).collect::<Vec<_>>();
    let use_all = |ids: &[SingleUse]| {
        let asked = window.check_unused(ids, now().into());
        let before = bytes_of(&window);
        let used = window.use_all(ids, now().into());
        assert_eq!((asked, bytes_of(&window) == before), (used, used.is_err() || ids.is_empty()));
        used
    };
    assert_eq!(use_all(&ids(&["a", "a"])), Err(Error::Replayed), "the same id twice");
    assert_eq!(use_all(&ids(&["a", "b", "c", "d"])), Err(Error::Full));
    assert_eq!(use_all(&ids(&["a", "b"])), Ok(()));
    assert_eq!(use_all(&ids(&["c", "b"])), Err(Error::Replayed));
    assert_eq!(use_all(&ids(&["c", "d"])), Err(Error::Full));
    assert_eq!(use_all(&[single_use("c", END), single_use("d", NOW)]), Err(Error::EntryExpired));
    assert_eq!(use_all(&ids(&["c"])), Ok(()));
    assert_eq!((window.len(), window.generation()), (3, 2));
}

/// A `const` is a new window at each use: if it were open, it would accept a token each time.
#[test]
#[expect(clippy::declare_interior_mutable_const, clippy::borrow_interior_mutable_const, reason = "the trap under test")]
fn closed_window_refuses_every_use() {
    const USED: ReplayWindow<16, 4> = ReplayWindow::new();
    USED.start_empty();
    let text = Alg::EdDsa.access_token(&claims());
    for _ in 0..3 {
        for kind in KINDS {
            assert_eq!(consume(kind, &claims(), &USED, NOW), Err(Error::NotOpened));
        }
        let policy = ACCESS.with_max_unproven_lifetime(Duration::from_secs(300));
        for known in [0, NOW] {
            let verdict = verify(&text, |verified| {
                verified.into_access_token(&policy.with_single_use(&USED), floor(known)).map(drop)
            });
            assert_eq!(verdict, Err(Error::NotOpened));
        }
        assert_eq!(request(&bound("a", Alg::Es256), "p", &ACCESS, &USED, NOW), Err(Error::NotOpened));
        assert_eq!(USED.snapshot(&mut [0; ReplayWindow::<16, 4>::SNAPSHOT_LEN]), Err(Error::NotOpened));
    }
    for window in [USED, ReplayWindow::default()] {
        assert_eq!(use_id(&window, "id", END, NOW), Err(Error::NotOpened));
        assert_eq!(use_id(&window, "id", NOW, 0), Err(Error::NotOpened));
        assert_eq!(window.check_unused(&[], now().into()), Err(Error::NotOpened));
        assert_eq!(window.clear(), Err(Error::NotOpened));
        assert_eq!((window.len(), window.is_empty(), window.generation()), (0, true, 0));
        window.start_empty();
        assert_eq!(use_id(&window, "id", END, NOW), Ok(()));
        window.start_empty();
        assert_eq!(use_id(&window, "id", END, NOW), Err(Error::Replayed), "an open window stays as it is");
        assert_eq!((window.len(), window.is_empty(), window.generation()), (1, false, 1));
    }
}

/// The device has lost its snapshots, but has a counter that cannot be set back.
#[test]
fn window_that_starts_empty_goes_on_with_its_generations() {
    let window = ReplayWindow::<4, 4>::new();
    window.start_empty_after(41);
    assert_eq!((window.generation(), window.len()), (41, 0));
    assert_eq!(use_id(&window, "id", END, NOW), Ok(()));
    assert_eq!(window.generation(), 42);
    let restored = ReplayWindow::<4, 4>::new();
    assert_eq!(restored.restore(&bytes_of(&window), 42, now()), Ok(()));
    assert_eq!(use_id(&restored, "id", END, NOW), Err(Error::Replayed));
    window.start_empty_after(99);
    assert_eq!((window.generation(), window.len()), (42, 1), "an open window stays as it is");
}

/// The clock jumps ahead while the window is full: every id that ends before the evicted one is refused from then on.
#[test]
fn cleared_window_accepts_ids_again_after_a_wrong_clock() {
    let year = 365 * 24 * 60 * 60;
    let window = unshared::<1>();
    assert_eq!(use_id(&window, "long", NOW + year, NOW), Ok(()));
    assert_eq!(use_id(&window, "glitch", NOW + 2 * year, NOW + year), Ok(()));
    for id in ["token-1", "token-2"] {
        assert_eq!(consume(Kind::Access, &claims_with("jti", json!(id)), &window, NOW), Err(Error::Replayed));
    }
    let before = bytes_of(&window);
    assert_eq!(window.clear(), Ok(()));
    assert_eq!((window.len(), window.generation()), (0, 3));
    assert_eq!(window.restore(&before, 0, now()), Err(Error::RolledBack), "no earlier snapshot brings it back");
    assert_eq!(consume(Kind::Access, &claims(), &window, NOW), Ok(()));
    assert_eq!(consume(Kind::Access, &claims(), &window, NOW), Err(Error::Replayed));
    // Each id that is still fresh can be used once more, as documented.
    assert_eq!(window.clear(), Ok(()));
    assert_eq!(consume(Kind::Access, &claims(), &window, NOW), Ok(()));
}

#[test]
fn window_without_slots_refuses_every_use() {
    let window = unshared::<0>();
    for now in [NOW, EXP, END - 1] {
        assert_eq!(use_id(&window, "1", END, now), Err(Error::Full), "{now}");
    }
    assert_eq!(window.generation(), 0);
    // A share of zero refuses every id.
    let window = open::<4, 0>();
    assert_eq!(use_id(&window, "1", END, NOW), Err(Error::ShareFull));
    assert_eq!((window.len(), window.generation()), (0, 0));
}

#[test]
fn generation_counts_each_use_and_no_refusal() {
    let window = unshared::<1>();
    let mut last = window.generation();
    assert_eq!(last, 0);
    for (id, until, now, expected) in [
        ("1", 10, 1, Ok(())),
        ("1", 10, 1, Err(Error::Replayed)),
        ("2", 20, 1, Err(Error::Full)),
        ("2", 20, 20, Err(Error::EntryExpired)),
        ("2", 20, 10, Ok(())),
        ("1", 10, 1, Err(Error::Replayed)),
    ] {
        let before = bytes_of(&window);
        assert_eq!(use_id(&window, id, NOW + until, NOW + now), expected, "{id} {now}");
        assert_eq!(window.generation(), last + u64::from(expected.is_ok()), "{id} {now}");
        assert_eq!(bytes_of(&window) == before, expected.is_err(), "{id} {now}");
        last = window.generation();
    }
}

/// The ids, each with its owner and the time until which a token makes it usable.
const IDS: [(&str, &str, i64); 12] = [
    ("a", "x", 4),
    ("b", "y", 4),
    ("c", "x", 6),
    ("d", "y", 8),
    ("e", "x", 8),
    ("f", "x", 10),
    ("g", "y", 12),
    ("h", "x", 12),
    ("i", "y", 14),
    ("j", "x", 16),
    ("k", "x", 18),
    ("l", "z", 20),
];
const SLOTS: usize = 4;
const SHARE: usize = 3;

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The clock is set forward and back, and the device restarts now and then. A request has one id or two.
    #[test]
    fn no_id_is_ever_used_twice(
        steps in prop::collection::vec(
            (prop::collection::vec(prop::sample::select(&IDS[..]), 1..3), 1..22_i64, prop::bool::weighted(0.1)),
            0..60,
        ),
    ) {
        let mut window = open::<SLOTS, SHARE>();
        let (mut used, mut latest_use) = (BTreeMap::<&str, (&str, i64)>::new(), i64::MIN);
        for (ids, now, restarts) in steps {
            if restarts {
                let restored = ReplayWindow::new();
                restored.restore(&bytes_of(&window), window.generation(), at(NOW + now)).unwrap();
                window = restored;
            }
            let request: Vec<_> = ids
                .iter()
                .map(|(id, owner, until)| single_use(id, NOW + until).with_owner(owner.as_bytes(), b""))
                .collect();
            let asked = window.check_unused(&request, at(NOW + now).into());
            let before = bytes_of(&window);
            let verdict = window.use_all(&request, at(NOW + now).into());
            prop_assert_eq!((asked, bytes_of(&window) == before), (verdict, verdict.is_err()));

            // Counts the ids that end after this moment, and the ids of the request: for all owners, or for one.
            let ids_after = |moment: i64, of: Option<&str>| {
                let is_of = |owner: &str| of.is_none_or(|of| of == owner);
                used.values().filter(|(owner, end)| *end > moment && is_of(owner)).count()
                    + ids.iter().filter(|(_, owner, _)| is_of(owner)).count()
            };
            match verdict {
                Ok(()) => {
                    // None of these ids was evicted until this moment.
                    let moment = now.max(latest_use);
                    prop_assert!(ids_after(moment, None) <= SLOTS);
                    prop_assert!(ids.iter().all(|(_, owner, _)| ids_after(moment, Some(owner)) <= SHARE), "share");
                    for (id, owner, until) in ids {
                        prop_assert!(now < until);
                        prop_assert_eq!(used.insert(id, (owner, until)), None);
                    }
                    latest_use = latest_use.max(now);
                }
                Err(Error::EntryExpired) => prop_assert!(ids.iter().any(|(.., until)| *until <= now)),
                // The id was used, ends no later than an evicted entry, or comes twice in the request.
                Err(Error::Replayed) => {
                    let evicted = used.values().map(|(_, end)| *end).filter(|end| *end <= latest_use).max();
                    let is_twice = |id: &str| ids.iter().filter(|(other, ..)| id == *other).count() > 1;
                    prop_assert!(ids.iter().any(|(id, _, until)| {
                        used.contains_key(id) || evicted.is_some_and(|end| *until <= end) || is_twice(id)
                    }), "no id was used");
                }
                Err(Error::ShareFull) => {
                    prop_assert!(ids.iter().any(|(_, owner, _)| ids_after(now, Some(owner)) > SHARE), "share");
                }
                Err(Error::Full) => prop_assert!(ids_after(now, None) > SLOTS),
                Err(error) => panic!("{error:?}"),
            }
        }
    }
}
