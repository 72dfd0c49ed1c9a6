//! Single use of tokens and proofs, and the [`ReplayWindow`] that records them.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use embedded_jwt::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::*;

const OTHER_ISSUER: &str = "urn:factory";
/// When the token of [`claims`] expires.
const EXP: i64 = NOW + 240;
const LEEWAY: i64 = 60;
const A_MINUTE: Duration = Duration::from_secs(60);

const ACCESS: AccessTokenPolicy = AccessTokenPolicy::new(AUDIENCE).with_leeway(A_MINUTE);
const UNTYPED: AccessTokenPolicy = AccessTokenPolicy::untyped(AUDIENCE).with_leeway(A_MINUTE);
const TYPED: TypedPolicy = TypedPolicy::new("at+jwt", AUDIENCE).with_leeway(A_MINUTE);

fn at(secs: i64) -> UnixTime {
    UnixTime::from_secs(secs)
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

fn use_id<const N: usize>(window: &ReplayWindow<N>, id: &str, until: i64, now: i64) -> Result<(), Error> {
    window.use_once(b"scope", id, at(until), at(now))
}

/// Scope, id, `until` and `now`.
type Use = (Vec<u8>, String, i64, i64);

#[test]
fn id_is_used_once_by_policies_with_different_leeways() {
    let window = ReplayWindow::<4>::new();
    assert_eq!(use_id(&window, "id", NOW + 10, NOW), Ok(()));
    assert_eq!(use_id(&window, "id", NOW + 300, NOW + 10), Err(Error::Replayed));
    // Then the later `until` counts.
    for id in ["a", "b", "c"] {
        assert_eq!(use_id(&window, id, NOW + 300, NOW + 10), Ok(()));
    }
    assert_eq!(use_id(&window, "d", NOW + 300, NOW + 20), Err(Error::Full));
    assert_eq!(use_id(&window, "id", NOW + 300, NOW + 20), Err(Error::Replayed));
}

#[test]
fn slots_are_freed_when_only_the_tokens_show_the_time() {
    let window = ReplayWindow::<1>::new();
    let policy = ACCESS.with_max_unproven_lifetime(Duration::from_secs(300)).with_single_use(&window);
    for hours in 0..3 {
        let mut claims = claims_with("jti", json!(format!("token-{hours}")));
        for name in ["iat", "nbf", "exp"] {
            claims[name] = json!(claims[name].as_i64().unwrap() + hours * 3600);
        }
        let text = Alg::EdDsa.access_token(&claims);
        let verdict = verify(&text, |verified| verified.into_access_token(&policy, Now::AtLeast(at(0))).map(drop));
        assert_eq!(verdict, Ok(()), "{hours}");
    }
}

/// Accepts everything, and records each use.
#[derive(Debug, Default)]
struct Recorder {
    uses: RefCell<Vec<Use>>,
}

impl ReplayCheck for Recorder {
    fn use_once(&self, scope: &[u8], id: &str, until: UnixTime, now: UnixTime) -> Result<(), Error> {
        self.uses.borrow_mut().push((scope.to_vec(), id.into(), until.as_secs(), now.as_secs()));
        Ok(())
    }
}

#[test]
fn token_is_accepted_once() {
    for kind in KINDS {
        let window = ReplayWindow::<8>::new();
        let token_2 = claims_with("jti", json!("token-2"));
        let of_other_issuer = claims_with("iss", json!(OTHER_ISSUER));
        for claims in
            [claims(), token_2, of_other_issuer, claims_with("jti", json!(" ")), claims_with("jti", json!("a\"\\b"))]
        {
            assert_eq!(consume(kind, &claims, &window, NOW), Ok(()), "{kind:?} {claims}");
            for now in [NOW, NOW - 30, EXP - 1, EXP, EXP + LEEWAY - 1] {
                assert_eq!(consume(kind, &claims, &window, now), Err(Error::Replayed), "{kind:?} {claims} {now}");
            }
            // Even if its other claims differ.
            let rewritten = with(with(claims, "sub", json!("user-43")), "exp", json!(EXP + 1));
            assert_eq!(consume(kind, &rewritten, &window, NOW), Err(Error::Replayed), "{kind:?}");
        }
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
    let list = RevocationList::<0>::new();
    let mut all_revoked = list.clone();
    all_revoked.revoke(Revocation::All { issued_before: at(NOW) }, at(EXP), now()).unwrap();
    let policy = UNTYPED.with_revocations(&all_revoked).with_single_use(&store);
    let validate = |claims: &Value| validate_access_token(&Alg::EdDsa.access_token(claims), &policy, NOW, |_| ());
    assert_eq!(validate(&anonymous), Err(Error::Missing(Claim::JwtId)));
    assert_eq!(validate(&claims()), Err(Error::Revoked));
    assert_eq!(store.uses.take(), []);
}

#[test]
fn token_is_recorded_by_issuer_and_id_for_as_long_as_it_is_accepted() {
    for kind in KINDS {
        let store = Recorder::default();
        for (claims, issuer, id, exp) in [
            (claims(), ISSUER, "token-1", EXP),
            (claims_with("jti", json!("a\"\\b\u{e9}")), ISSUER, "a\"\\b\u{e9}", EXP),
            (claims_with("iss", json!(OTHER_ISSUER)), OTHER_ISSUER, "token-1", EXP),
            (claims_with("exp", json!(EXP as f64 + 0.5)), ISSUER, "token-1", EXP),
            (claims_with("exp", json!(i64::MAX)), ISSUER, "token-1", i64::MAX),
        ] {
            assert_eq!(consume(kind, &claims, &store, NOW - 1), Ok(()));
            let until = exp.saturating_add(LEEWAY);
            assert_eq!(store.uses.take(), [(issuer.as_bytes().to_vec(), id.into(), until, NOW - 1)], "{kind:?}");
        }
    }
}

#[test]
fn refused_token_consumes_nothing() {
    let window = ReplayWindow::<1>::new();
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
fn full_window_refuses_until_an_entry_has_expired() {
    for kind in KINDS {
        let token = |id: &str, exp: i64| with(claims_with("jti", json!(id)), "exp", json!(exp));
        let window = ReplayWindow::<2>::new();
        assert_eq!(consume(kind, &token("1", EXP), &window, NOW), Ok(()));
        assert_eq!(consume(kind, &token("2", EXP + 100), &window, NOW), Ok(()));
        let generation = window.generation();
        for now in [NOW, EXP, EXP + LEEWAY - 1] {
            assert_eq!(consume(kind, &token("3", EXP + 100), &window, now), Err(Error::Full), "{now}");
            assert_eq!(consume(kind, &token("1", EXP), &window, now), Err(Error::Replayed), "{now}");
            assert_eq!(consume(kind, &token("2", EXP + 100), &window, now), Err(Error::Replayed), "{now}");
        }
        assert_eq!(window.generation(), generation);
        assert_eq!(consume(kind, &token("3", EXP + 100), &window, EXP + LEEWAY), Ok(()));
        assert_eq!(consume(kind, &token("4", EXP + 100), &window, EXP + LEEWAY), Err(Error::Full));
        for id in ["2", "3"] {
            assert_eq!(consume(kind, &token(id, EXP + 100), &window, EXP + LEEWAY), Err(Error::Replayed), "{id}");
        }
    }
}

#[test]
fn evicted_token_stays_refused_when_the_clock_is_set_back() {
    for kind in KINDS {
        let token = |id: &str, exp: i64| with(claims_with("jti", json!(id)), "exp", json!(exp));
        let window = ReplayWindow::<1>::new();
        assert_eq!(consume(kind, &token("1", EXP), &window, NOW), Ok(()));
        assert_eq!(consume(kind, &token("2", EXP + 100), &window, EXP + LEEWAY), Ok(()));
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

/// A proof is accepted at its last moment too.
#[test]
fn proof_is_accepted_once_until_its_last_moment() {
    let cnf = json!({"jkt": Alg::Es256.key().thumbprint().to_string()});
    let text = Alg::EdDsa.access_token(&claims_with("cnf", cnf));
    let request = DpopPolicy::new("POST", "https://pump-7.local/speed", &text);
    let last = NOW + 120;
    let present = |id: &str, window: &ReplayWindow<1>, now: i64| {
        let claims = with(dpop_claims(&text), "jti", json!(id));
        let (proof, mut buf) = (Alg::Es256.mint(Alg::Es256.dpop_header().to_string(), claims.to_string()), [0; 1024]);
        let proof = Token::parse(&proof)?.verify_dpop(&request, BOTH, at(now), &mut buf)?;
        assert_eq!(proof.usable_until(), at(last));
        validate_access_token(&text, &ACCESS.with_dpop(&proof, window), now, |_| ())
    };
    for first in [NOW, last - 1, last] {
        let window = ReplayWindow::<1>::new();
        assert_eq!(present("1", &window, first), Ok(()), "{first}");
        for again in [NOW, first, last] {
            assert_eq!(present("1", &window, again), Err(Error::Replayed), "{first} {again}");
        }
        assert_eq!(present("2", &window, NOW), Err(Error::Full));
        assert_eq!(present("1", &window, last + 1), Err(Error::TooOld));
        // Even when another entry has taken its slot.
        assert_eq!(use_id(&window, "another", last + 100, last), Ok(()));
        for again in [NOW, last] {
            assert_eq!(present("1", &window, again), Err(Error::Replayed), "{first} {again}");
        }
    }
}

#[test]
fn proofs_and_tokens_share_a_window() {
    let cnf = json!({"jkt": Alg::Es256.key().thumbprint().to_string()});
    let text = Alg::EdDsa.access_token(&claims_with("cnf", cnf));
    let request = DpopPolicy::new("POST", "https://pump-7.local/speed", &text);
    let window = ReplayWindow::<3>::new();
    let present = |id: &str| {
        let claims = with(dpop_claims(&text), "jti", json!(id));
        let (proof, mut buf) = (Alg::Es256.mint(Alg::Es256.dpop_header().to_string(), claims.to_string()), [0; 1024]);
        let proof = Token::parse(&proof)?.verify_dpop(&request, BOTH, now(), &mut buf)?;
        validate_access_token(&text, &ACCESS.with_dpop(&proof, &window).with_single_use(&window), NOW, |_| ())
    };
    // The proof and the token have the same id, in different scopes.
    assert_eq!(present("token-1"), Ok(()));
    assert_eq!(window.generation(), 2);
    assert_eq!(present("token-1"), Err(Error::Replayed), "the proof is used");
    assert_eq!(window.generation(), 2);
    assert_eq!(present("proof-2"), Err(Error::Replayed), "the token is used; the proof is consumed first");
    assert_eq!(window.generation(), 3);
    assert_eq!(present("proof-3"), Err(Error::Full), "no slot for the proof");
}

#[test]
fn id_is_unique_only_within_its_scope() {
    let window = ReplayWindow::<16>::new();
    let uses: [(&[u8], &str); 9] = [
        (b"a", "bc"),
        (b"ab", "c"),
        (b"abc", ""),
        (b"", "abc"),
        (b"", ""),
        (b"a", "b"),
        (b"a\0", "b"),
        (b"a", "\0b"),
        (b"\xff\xfe", "b"),
    ];
    for (scope, id) in uses {
        assert_eq!(window.use_once(scope, id, at(EXP), now()), Ok(()), "{scope:?} {id}");
    }
    for (scope, id) in uses {
        assert_eq!(window.use_once(scope, id, at(EXP), now()), Err(Error::Replayed), "{scope:?} {id}");
    }
    let long = "j".repeat(100_000);
    assert_eq!(window.use_once(b"a", &long, at(EXP), now()), Ok(()));
    assert_eq!(window.use_once(b"a", &long[1..], at(EXP), now()), Ok(()));
    assert_eq!(window.use_once(b"a", &long, at(EXP), now()), Err(Error::Replayed));
}

#[test]
fn window_without_slots_refuses_every_use() {
    let window = ReplayWindow::<0>::default();
    for now in [1, NOW, EXP, i64::MAX] {
        assert_eq!(use_id(&window, "1", EXP, now), Err(Error::Full), "{now}");
    }
    assert_eq!(window.generation(), 0);
}

#[test]
fn generation_counts_each_use_and_no_refusal() {
    let window = ReplayWindow::<1>::new();
    let mut last = window.generation();
    assert_eq!(last, 0);
    for (id, until, now, expected) in [
        ("1", 10, 1, Ok(())),
        ("1", 10, 1, Err(Error::Replayed)),
        ("2", 20, 1, Err(Error::Full)),
        ("2", 20, 10, Ok(())),
        ("1", 10, 1, Err(Error::Replayed)),
    ] {
        assert_eq!(use_id(&window, id, until, now), expected, "{id} {now}");
        assert_eq!(window.generation() > last, expected.is_ok(), "{id} {now}");
        last = window.generation();
    }
    assert_eq!(window.clone().generation(), last);
    assert_eq!(use_id(&window.clone(), "2", 20, 10), Err(Error::Replayed));
}

/// Each id with the moment until which it is usable, as a token has it.
const IDS: [(&str, i64); 12] = [
    ("a", 4),
    ("b", 4),
    ("c", 6),
    ("d", 8),
    ("e", 8),
    ("f", 10),
    ("g", 12),
    ("h", 12),
    ("i", 14),
    ("j", 16),
    ("k", 18),
    ("l", 20),
];
const SLOTS: usize = 4;

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The clock is set forward and back, and the device restarts now and then.
    #[test]
    fn no_id_is_ever_used_twice(
        steps in prop::collection::vec((prop::sample::select(&IDS[..]), 1..22_i64, prop::bool::weighted(0.1)), 0..60),
    ) {
        let mut window = ReplayWindow::<SLOTS>::new();
        let (mut used, mut latest_use) = (BTreeMap::new(), i64::MIN);
        for ((id, until), now, restarts) in steps {
            if restarts {
                let mut buf = [0; ReplayWindow::<SLOTS>::SNAPSHOT_LEN];
                let snapshot = window.snapshot(&mut buf).unwrap();
                let mut restored = ReplayWindow::new();
                restored.restore(snapshot, window.generation()).unwrap();
                window = restored;
            }
            let may_be_evicted = |end: &i64| *end <= latest_use;
            match use_id(&window, id, until, now) {
                Ok(()) => {
                    prop_assert_eq!(used.insert(id, until), None);
                    latest_use = latest_use.max(now);
                }
                // Or it expires no later than an evicted entry.
                Err(Error::Replayed) => prop_assert!(
                    used.contains_key(id) || used.values().filter(|end| may_be_evicted(end)).any(|end| until <= *end)
                ),
                Err(Error::Full) => prop_assert!(used.values().filter(|end| **end > now).count() >= SLOTS),
                Err(error) => panic!("{error:?}"),
            }
        }
    }
}
