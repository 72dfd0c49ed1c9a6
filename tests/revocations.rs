//! Which tokens a [`RevocationList`] revokes, that no clock and no leeway makes a revoked token acceptable again, and
//! when a policy asks a store.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::cell::{Cell, RefCell};
use std::time::Duration;

use embedded_jwt::*;
use p256::elliptic_curve::ff::PrimeField;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::*;

const POLICY: AccessTokenPolicy = AccessTokenPolicy::new(AUDIENCE).with_leeway(Duration::ZERO);
const UNTYPED: AccessTokenPolicy = AccessTokenPolicy::untyped(AUDIENCE).with_leeway(Duration::ZERO);
const TYPED: TypedPolicy = TypedPolicy::new("at+jwt", AUDIENCE).with_leeway(Duration::ZERO);

const FIVE_MINUTES: Duration = Duration::from_secs(300);

const OTHER_ISSUER: &str = "urn:factory";
/// When the token of [`claims`] expires.
const EXP: i64 = NOW + 240;
/// When the token of [`claims`] was issued.
const IAT: i64 = NOW - 60;
const TOKEN_1: Revocation = Revocation::Token { issuer: ISSUER, jwt_id: "token-1" };
const TOKEN_2: Revocation = Revocation::Token { issuer: ISSUER, jwt_id: "token-2" };

fn at(secs: i64) -> UnixTime {
    UnixTime::from_secs(secs)
}

fn all(issued_before: i64) -> Revocation<'static> {
    Revocation::All { issued_before: at(issued_before) }
}

fn subject(subject: &str, issued_before: i64) -> Revocation<'_> {
    Revocation::Subject { issuer: ISSUER, subject, issued_before: at(issued_before) }
}

/// A list with these entries, added now, for tokens that expire no later than the one of [`claims`].
fn list_of<const N: usize>(revocations: [Revocation<'_>; N]) -> RevocationList<N> {
    let mut list = RevocationList::new();
    for revocation in revocations {
        list.revoke(revocation, at(EXP), now()).unwrap();
    }
    list
}

/// Validates a token of either issuer. Both issuers have the same keys.
fn validate_text(text: &str, policy: &AccessTokenPolicy<'_>, now: impl Into<Now>) -> Result<(), Error> {
    let keys = keys();
    let other = Issuer::new(OTHER_ISSUER, &keys, BOTH);
    let mut buf = [0; 4096];
    let verified = Token::parse(text)?.verify_any(&[&issuer(&keys), &other], &mut buf)?;
    verified.into_access_token(policy, now).map(drop)
}

fn validate_at(claims: &Value, revocations: &dyn Revocations, now: i64) -> Result<(), Error> {
    validate_text(&Alg::EdDsa.access_token(claims), &UNTYPED.with_revocations(revocations), at(now))
}

fn validate(claims: &Value, revocations: &dyn Revocations) -> Result<(), Error> {
    validate_at(claims, revocations, NOW)
}

fn validate_typed(claims: &Value, policy: &TypedPolicy<'_>) -> Result<(), Error> {
    verify(&Alg::EdDsa.access_token(claims), |verified| verified.into_typed(policy, now()).map(drop))
}

/// [`claims`] with these members changed, or removed by `Value::Null`.
fn claims_of<const N: usize>(changes: [(&str, Value); N]) -> Value {
    changes.into_iter().fold(claims(), |claims, (name, value)| with(claims, name, value))
}

/// Always gives the same answer, and counts how often it is asked.
#[derive(Debug)]
struct Store {
    answer: Result<(), Error>,
    asked: Cell<u32>,
}

impl Store {
    fn new(answer: Result<(), Error>) -> Self {
        Self { answer, asked: Cell::new(0) }
    }
}

impl Revocations for Store {
    fn check(&self, _token: &TokenIdentity<'_>, _now: Now) -> Result<(), Error> {
        self.asked.set(self.asked.get() + 1);
        self.answer
    }
}

/// Always gives the same answer, and adds its name to a shared log when it is asked.
#[derive(Debug)]
struct Window<'l> {
    name: &'static str,
    answer: Result<(), Error>,
    log: &'l RefCell<Vec<&'static str>>,
}

impl ReplayCheck for Window<'_> {
    fn use_once(&self, _scope: &[u8], _id: &str, _until: UnixTime, _now: UnixTime) -> Result<(), Error> {
        self.log.borrow_mut().push(self.name);
        self.answer
    }
}

#[test]
fn revoked_token_is_refused_and_no_other() {
    let list = list_of([TOKEN_1]);
    for alg in ALGS {
        for policy in [POLICY, UNTYPED] {
            let validate =
                |claims: &Value| validate_text(&alg.access_token(claims), &policy.with_revocations(&list), now());
            assert_eq!(validate(&claims()), Err(Error::Revoked));
            assert_eq!(validate_text(&alg.access_token(&claims()), &policy, now()), Ok(()));
            for other in ["token-2", "token-", "token-10", "Token-1", " "] {
                assert_eq!(validate(&claims_with("jti", json!(other))), Ok(()), "{other}");
            }
            assert_eq!(validate(&claims_with("iss", json!(OTHER_ISSUER))), Ok(()), "the jti belongs to another issuer");
        }
        let without = alg.access_token(&claims_with("jti", Value::Null));
        assert_eq!(validate_text(&without, &UNTYPED.with_revocations(&list), now()), Ok(()));
    }
}

/// Each entry revokes the token of [`claims`], and none of the tokens listed with it.
#[test]
fn revoked_group_is_refused_and_no_other() {
    let before = at(IAT + 1);
    let other_issuer = claims_with("iss", json!(OTHER_ISSUER));
    let keys = keys();
    let table: [(_, &[Value]); 5] = [
        (
            Revocation::Subject { issuer: ISSUER, subject: "user-42", issued_before: before },
            &[
                other_issuer.clone(),
                claims_with("sub", json!("user-43")),
                claims_with("sub", Value::Null),
                claims_of([("sub", json!("u")), ("client_id", json!("user-42")), ("jti", json!("user-42"))]),
            ],
        ),
        (
            Revocation::Client { issuer: ISSUER, client_id: "pump-app", issued_before: before },
            &[
                other_issuer.clone(),
                claims_with("client_id", json!("pump-ap")),
                claims_with("client_id", Value::Null),
                claims_of([("client_id", json!("c")), ("sub", json!("pump-app")), ("jti", json!("pump-app"))]),
            ],
        ),
        (Revocation::Issuer { issuer: ISSUER, issued_before: before }, &[other_issuer]),
        (Revocation::Key { key: &keys[1], issued_before: before }, &[]),
        (Revocation::All { issued_before: before }, &[]),
    ];
    for (revocation, others) in table {
        let list = list_of([revocation]);
        assert_eq!(validate(&claims(), &list), Err(Error::Revoked), "{revocation:?}");
        assert_eq!(validate(&claims_with("iat", json!(IAT + 1)), &list), Ok(()), "{revocation:?}");
        for other in others {
            assert_eq!(validate(other, &list), Ok(()), "{revocation:?} {other}");
        }
    }
    for issuer in [ISSUER, OTHER_ISSUER] {
        let claims = claims_with("iss", json!(issuer));
        for revocation in [all(IAT + 1), Revocation::Key { key: &keys[1], issued_before: before }] {
            assert_eq!(validate(&claims, &list_of([revocation])), Err(Error::Revoked), "{issuer}");
        }
    }
}

/// `issued_before` noon does not revoke a token that was issued at noon; one second later does.
#[test]
fn group_covers_tokens_issued_before_the_moment_or_at_no_known_time() {
    let (keys, before) = (keys(), at(NOW - 100));
    let groups = [
        subject("user-42", NOW - 100),
        Revocation::Client { issuer: ISSUER, client_id: "pump-app", issued_before: before },
        Revocation::Key { key: &keys[1], issued_before: before },
        Revocation::Issuer { issuer: ISSUER, issued_before: before },
        all(NOW - 100),
    ];
    for group in groups {
        let list = list_of([group]);
        for (iat, expected) in [
            (json!(NOW - 101), Err(Error::Revoked)),
            (json!(NOW - 100), Ok(())),
            (json!((NOW - 100) as f64 - 0.5), Err(Error::Revoked)),
            (json!((NOW - 100) as f64 + 0.5), Ok(())),
            (json!(0), Err(Error::Revoked)),
            (json!(-i64::MAX), Err(Error::Revoked)),
            (json!(NOW + 1000), Ok(())),
            (json!(i64::MAX), Ok(())),
            (Value::Null, Err(Error::Revoked)),
        ] {
            assert_eq!(validate(&claims_with("iat", iat.clone()), &list), expected, "{group:?} {iat}");
        }
    }
}

#[test]
fn token_revoked_by_id_is_refused_whenever_it_was_issued() {
    for iat in [json!(-i64::MAX), json!(0), json!(NOW + 1000), json!(i64::MAX), Value::Null] {
        let token = claims_with("iat", iat.clone());
        assert_eq!(validate(&token, &list_of([])), Ok(()), "{iat}");
        assert_eq!(validate(&token, &list_of([TOKEN_1])), Err(Error::Revoked), "{iat}");
        let text = Alg::EdDsa.access_token(&token);
        let digest = Token::parse(&text).unwrap().signing_input_digest();
        assert_eq!(validate(&token, &list_of([Revocation::SigningInput(&digest)])), Err(Error::Revoked), "{iat}");
        // `All`, up to the last moment, replaces the entry.
        let mut list = list_of([TOKEN_1]);
        list.revoke(all(i64::MAX), at(EXP), now()).unwrap();
        assert_eq!((list.len(), validate(&token, &list)), (0, Err(Error::Revoked)), "{iat}");
    }
}

#[test]
fn token_without_id_is_revoked_by_its_signing_input_digest() {
    for alg in ALGS {
        for jti in [Value::Null, json!("token-1")] {
            let text = alg.access_token(&claims_with("jti", jti));
            let (signing_input, _) = text.rsplit_once('.').unwrap();
            let digest = Sha256::digest(signing_input).into();
            assert_eq!(Token::parse(&text).unwrap().signing_input_digest(), digest);
            let list = list_of([Revocation::SigningInput(&digest)]);
            let policy = UNTYPED.with_revocations(&list);
            assert_eq!(validate_text(&text, &policy, now()), Err(Error::Revoked));
            let twin = alg.access_token(&claims_of([("jti", Value::Null), ("max_rpm", json!(3001))]));
            assert_eq!(validate_text(&twin, &policy, now()), Ok(()));
        }
    }
}

/// ES256 has two valid signatures for the same text, (r, s) and (r, n - s).
#[test]
fn token_with_a_rewritten_signature_stays_revoked() {
    for jti in [json!("token-1"), Value::Null] {
        let text = Alg::Es256.access_token(&claims_with("jti", jti.clone()));
        let (signing_input, _) = text.rsplit_once('.').unwrap();
        let [r, s] = Alg::Es256.sign(signing_input.as_bytes()).as_chunks().0.try_into().unwrap();
        let s: [u8; 32] = (-p256::Scalar::from_repr(s.into()).unwrap()).to_repr().into();
        let rewritten = format!("{signing_input}.{}", base64url(&[r, s].concat()));
        assert_ne!(text, rewritten);

        let digest = Token::parse(&text).unwrap().signing_input_digest();
        let (by_id, by_digest) = (list_of([TOKEN_1]), list_of([Revocation::SigningInput(&digest)]));
        let has_id = !jti.is_null();
        for text in [text, rewritten] {
            assert_eq!(validate_text(&text, &UNTYPED, now()), Ok(()));
            let by_id = validate_text(&text, &UNTYPED.with_revocations(&by_id), now());
            assert_eq!(by_id, if has_id { Err(Error::Revoked) } else { Ok(()) });
            let by_digest = validate_text(&text, &UNTYPED.with_revocations(&by_digest), now());
            assert_eq!(by_digest, Err(Error::Revoked));
        }
    }
}

#[test]
fn key_is_identified_by_its_bytes_and_not_by_its_kid() {
    for alg in ALGS {
        let text = alg.access_token(&claims());
        let [mine, other] = [alg, if alg == Alg::Es256 { Alg::EdDsa } else { Alg::Es256 }].map(Alg::key);
        let renamed = |key: Key, kid: &str| key.with_kid(kid.as_bytes());
        let validate = |key: &Key| {
            let list = list_of([Revocation::Key { key, issued_before: at(IAT + 1) }]);
            validate_text(&text, &POLICY.with_revocations(&list), now())
        };
        assert_eq!(validate(&mine), Err(Error::Revoked));
        assert_eq!(validate(&renamed(mine.clone(), "another")), Err(Error::Revoked));
        assert_eq!(validate(&other), Ok(()));
        assert_eq!(validate(&renamed(other, alg.kid())), Ok(()));
        // The first half of a key, or its first 32 bytes padded with zeros, is another key.
        let bytes = mine.public_key();
        let half = Key::ed25519(bytes.first_chunk().unwrap());
        let padded = Key::es256(bytes.first_chunk().unwrap(), &[0; 32]);
        let others: &[Key] = if alg == Alg::Es256 { &[half, padded] } else { &[padded] };
        for key in others {
            assert_eq!(validate(key), Ok(()));
        }
    }
}

/// The issuer `a` with the id `bc` concatenates to the same text as `ab` with `c`.
#[test]
fn pairs_with_the_same_concatenation_are_different_entries() {
    type Named = for<'a> fn(&'a str, &'a str) -> Revocation<'a>;
    let kinds: [(Named, &str); 3] = [
        (|issuer, jwt_id| Revocation::Token { issuer, jwt_id }, "jti"),
        (|issuer, subject| Revocation::Subject { issuer, subject, issued_before: at(NOW) }, "sub"),
        (|issuer, client_id| Revocation::Client { issuer, client_id, issued_before: at(NOW) }, "client_id"),
    ];
    let (all_but_last, last) = ISSUER.split_at(ISSUER.len() - 1);
    let next = format!("{ISSUER}x");
    for (revocation, name) in kinds {
        let named = |id: &str| claims_with(name, json!(id));
        let table = [
            (all_but_last, format!("{last}bc"), "bc"),
            (&next, "bc".into(), "xbc"),
            ("", format!("{ISSUER}bc"), "bc"),
            (ISSUER, "b".into(), "bc"),
            (ISSUER, "bc\0".into(), "bc"),
        ];
        for (issuer, id, other) in table {
            let list = list_of([revocation(issuer, &id)]);
            assert_eq!(validate(&named(other), &list), Ok(()), "{issuer} {id}");
            assert_eq!(validate(&named(other), &list_of([revocation(ISSUER, other)])), Err(Error::Revoked));
        }
    }
}

#[test]
fn empty_id_is_matched_and_absent_id_is_not() {
    let before = at(NOW);
    let table = [
        (Revocation::Token { issuer: ISSUER, jwt_id: "" }, "jti"),
        (Revocation::Subject { issuer: ISSUER, subject: "", issued_before: before }, "sub"),
        (Revocation::Client { issuer: ISSUER, client_id: "", issued_before: before }, "client_id"),
    ];
    for (revocation, name) in table {
        let list = list_of([revocation]);
        assert_eq!(validate(&claims_with(name, json!("")), &list), Err(Error::Revoked), "{name}");
        assert_eq!(validate(&claims_with(name, Value::Null), &list), Ok(()), "{name}");
        assert_eq!(validate(&claims(), &list), Ok(()), "{name}");
    }
}

#[test]
fn ids_are_compared_unescaped() {
    let id = "CORP\\alice \"the first\"\n\u{e9}\u{1f600}";
    let before = at(NOW);
    let table = [
        (Revocation::Token { issuer: ISSUER, jwt_id: id }, "jti"),
        (Revocation::Subject { issuer: ISSUER, subject: id, issued_before: before }, "sub"),
        (Revocation::Client { issuer: ISSUER, client_id: id, issued_before: before }, "client_id"),
    ];
    let escaped: String = id.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    for (revocation, name) in table {
        let list = list_of([revocation]);
        assert_eq!(validate(&claims_with(name, json!(id)), &list), Err(Error::Revoked));
        assert_eq!(validate(&claims_with(name, json!(format!("{id}."))), &list), Ok(()));
        // Its escaped text, taken literally, is another id.
        let raw = json!(id).to_string();
        let (_, raw) = raw.split_at(1);
        assert_eq!(validate(&claims_with(name, json!(raw.strip_suffix('"'))), &list), Ok(()));
        let payload = claims_with(name, json!("?")).to_string().replace("\"?\"", &format!("\"{escaped}\""));
        let text = Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), payload);
        assert_eq!(validate_text(&text, &UNTYPED.with_revocations(&list), now()), Err(Error::Revoked));
    }
}

#[test]
fn revoked_token_is_refused_whatever_the_leeway() {
    let list = list_of([TOKEN_1]);
    let text = Alg::EdDsa.access_token(&claims());
    for leeway in [0, 1, 60, 100_000, i64::MAX.unsigned_abs(), u64::MAX] {
        let policy = POLICY.with_leeway(Duration::from_secs(leeway));
        for now in [1, NOW - 1, NOW, EXP - 1, EXP, EXP + 1, EXP + 59, EXP + 60, NOW * 2] {
            let without = validate_text(&text, &policy, at(now));
            let expected = if without.is_ok() { Err(Error::Revoked) } else { without };
            assert_eq!(validate_text(&text, &policy.with_revocations(&list), at(now)), expected, "{leeway} {now}");
        }
    }
}

/// `until` is the latest `exp` of the revoked tokens. A token that expires later may be accepted.
#[test]
fn revocation_covers_tokens_that_expire_no_later_than_until() {
    let mut list = RevocationList::<2>::new();
    list.revoke(subject("user-42", NOW), at(EXP), now()).unwrap();
    let longer = claims_with("exp", json!(EXP + 1));
    for (now, expected) in [(NOW, Err(Error::Revoked)), (EXP - 1, Err(Error::Revoked)), (EXP, Ok(()))] {
        assert_eq!(validate_at(&longer, &list, now), expected, "{now}");
    }
    let policy = UNTYPED.with_leeway(Duration::from_secs(60)).with_revocations(&list);
    for now in [EXP - 1, EXP, EXP + 59] {
        assert_eq!(validate_text(&Alg::EdDsa.access_token(&claims()), &policy, at(now)), Err(Error::Revoked), "{now}");
    }
    // Whole seconds, rounded down as `exp` is.
    let fraction = claims_with("exp", json!(EXP as f64 + 0.5));
    assert_eq!(validate_text(&Alg::EdDsa.access_token(&fraction), &policy, at(EXP + 30)), Err(Error::Revoked));
}

#[test]
fn token_without_expiry_is_revoked_forever() {
    let mut list = RevocationList::<1>::new();
    list.revoke(subject("user-42", NOW), at(i64::MAX), now()).unwrap();
    let eternal = claims_of([("exp", Value::Null), ("aud", Value::Null)]);
    let policy = TypedPolicy::new_without_audience("at+jwt");
    assert_eq!(validate_typed(&eternal, &policy), Ok(()));
    assert_eq!(validate_typed(&eternal, &policy.with_revocations(&list)), Err(Error::Revoked));
    assert_eq!(list.revoke(TOKEN_1, at(i64::MAX), at(i64::MAX - 1)), Err(Error::Full));
    assert_eq!(validate_typed(&eternal, &policy.with_revocations(&list)), Err(Error::Revoked));
}

#[test]
fn full_list_refuses_a_new_entry_and_drops_none() {
    let mut list = list_of([TOKEN_1, subject("user-43", NOW)]);
    let generation = list.generation();
    for now in [1, NOW, EXP - 1] {
        assert_eq!(list.revoke(TOKEN_2, at(EXP), at(now)), Err(Error::Full), "{now}");
        assert_eq!((list.len(), list.generation()), (2, generation));
    }
    let token_2 = claims_with("jti", json!("token-2"));
    assert_eq!(validate(&claims(), &list), Err(Error::Revoked));
    assert_eq!(
        validate(&claims_of([("jti", json!("token-3")), ("sub", json!("user-43"))]), &list),
        Err(Error::Revoked)
    );
    assert_eq!(validate(&token_2, &list), Ok(()), "it was not revoked");

    // Repeating an entry takes no slot, and `All` takes none.
    assert_eq!(list.revoke(TOKEN_1, at(EXP), now()), Ok(()));
    assert_eq!(list.len(), 2);
    assert_eq!(list.revoke(all(NOW), at(EXP), now()), Ok(()));
    assert_eq!(validate(&token_2, &list), Err(Error::Revoked));
    assert_eq!(validate(&claims_of([("jti", json!("token-3")), ("iat", json!(NOW))]), &list), Ok(()));
    assert_eq!(
        validate(&claims_with("iat", json!(NOW)), &list),
        Err(Error::Revoked),
        "token-1 is revoked, whenever it was issued"
    );
}

#[test]
fn slot_is_freed_when_all_tokens_of_its_entry_have_expired() {
    let token_2 = claims_of([("jti", json!("token-2")), ("exp", json!(EXP + 100))]);
    for (now, expected) in [(EXP - 1, Err(Error::Full)), (EXP, Ok(())), (EXP + 1, Ok(()))] {
        let mut list = list_of([TOKEN_1]);
        assert_eq!(list.revoke(TOKEN_2, at(EXP + 100), at(now)), expected, "{now}");
        let is_revoked = validate(&token_2, &list) == Err(Error::Revoked);
        assert_eq!((list.len(), is_revoked), (1, expected.is_ok()), "{now}");
    }
    // Only an expired entry is evicted.
    let mut list = RevocationList::<2>::new();
    list.revoke(TOKEN_1, at(EXP), now()).unwrap();
    list.revoke(subject("user-43", NOW), at(EXP + 1), now()).unwrap();
    assert_eq!(list.revoke(TOKEN_2, at(EXP + 1), at(EXP)), Ok(()));
    assert_eq!(list.len(), 2);
    let of_user_43 = claims_of([("sub", json!("user-43")), ("exp", json!(EXP + 1))]);
    assert_eq!(validate_at(&of_user_43, &list, EXP), Err(Error::Revoked));
}

#[test]
fn token_of_an_evicted_entry_stays_refused_when_the_clock_is_set_back() {
    let mut list = list_of([TOKEN_1]);
    list.revoke(TOKEN_2, at(EXP + 100), at(EXP)).unwrap();
    let token_1 = Alg::EdDsa.access_token(&claims());
    for leeway in [0, 60, u64::MAX] {
        let policy = POLICY.with_leeway(Duration::from_secs(leeway)).with_revocations(&list);
        for now in [IAT, NOW, EXP - 1, EXP, EXP + 59] {
            assert_eq!(validate_text(&token_1, &policy, at(now)), Err(Error::Expired), "{leeway} {now}");
        }
    }
    // Every token that expires no later is refused too, and no other.
    let other = |exp: i64| claims_of([("jti", json!("token-3")), ("exp", json!(exp))]);
    assert_eq!(validate(&other(EXP - 1), &list), Err(Error::Expired));
    assert_eq!(validate(&other(EXP), &list), Err(Error::Expired));
    assert_eq!(validate(&other(EXP + 1), &list), Ok(()));
    assert_eq!(
        validate(&claims_of([("jti", json!("token-2")), ("exp", json!(EXP + 100))]), &list),
        Err(Error::Revoked)
    );
}

#[test]
fn clock_far_ahead_refuses_only_tokens_that_evicted_entries_cover() {
    let mut list = list_of([TOKEN_1, subject("user-43", NOW)]);
    list.revoke(TOKEN_2, at(EXP), at(10 * NOW)).unwrap();
    assert_eq!(validate(&claims(), &list), Err(Error::Expired));
    assert_eq!(validate(&claims_of([("jti", json!("token-3")), ("exp", json!(EXP + 1))]), &list), Ok(()));
}

#[test]
fn repeated_revocation_keeps_the_later_of_both_times() {
    let (early, late) = ((NOW - 100, EXP), (NOW - 50, EXP + 100));
    for [first, second] in [[early, late], [late, early], [(early.0, late.1), (late.0, early.1)]] {
        let mut list = RevocationList::<1>::new();
        for (before, until) in [first, second] {
            list.revoke(subject("user-42", before), at(until), now()).unwrap();
        }
        assert_eq!(list.len(), 1);
        let token = |iat: i64| claims_of([("iat", json!(iat)), ("exp", json!(EXP + 100))]);
        assert_eq!(validate(&token(NOW - 51), &list), Err(Error::Revoked));
        assert_eq!(validate_at(&token(NOW - 51), &list, EXP + 99), Err(Error::Revoked));
        assert_eq!(validate(&token(NOW - 50), &list), Ok(()));
        assert_eq!(list.revoke(TOKEN_1, at(EXP + 100), at(EXP + 99)), Err(Error::Full));
        assert_eq!(list.revoke(TOKEN_1, at(EXP + 100), at(EXP + 100)), Ok(()));
    }

    let mut list = RevocationList::<0>::new();
    list.revoke(all(NOW - 50), at(EXP), now()).unwrap();
    list.revoke(all(NOW - 100), at(EXP + 100), now()).unwrap();
    let token = |iat: i64| claims_of([("iat", json!(iat)), ("exp", json!(EXP + 100))]);
    assert_eq!(validate_at(&token(NOW - 51), &list, EXP + 99), Err(Error::Revoked));
    assert_eq!(validate_at(&token(NOW - 50), &list, EXP + 99), Ok(()));
}

#[test]
fn all_takes_no_slot_and_frees_the_slots_of_entries_that_it_covers() {
    let groups = |before: i64, until: i64| {
        let mut list = RevocationList::<3>::new();
        for name in ["user-42", "user-43"] {
            list.revoke(subject(name, before), at(until), now()).unwrap();
        }
        list.revoke(TOKEN_1, at(until), now()).unwrap();
        list
    };
    for (before, until, left) in
        [(NOW - 100, EXP, 1), (NOW - 99, EXP, 3), (NOW - 100, EXP + 1, 3), (NOW - 101, EXP - 1, 1)]
    {
        let mut list = groups(before, until);
        let generation = list.generation();
        list.revoke(all(NOW - 100), at(EXP), now()).unwrap();
        assert_eq!(list.len(), left, "{before} {until}");
        assert!(list.generation() > generation);
        // Every token that was revoked before still is.
        let of_user_43 = claims_of([("sub", json!("user-43")), ("iat", json!(before - 1)), ("exp", json!(until))]);
        assert_eq!(validate(&of_user_43, &list), Err(Error::Revoked));
        assert_eq!(validate(&claims_of([("iat", json!(NOW)), ("exp", json!(until))]), &list), Err(Error::Revoked));
        // Other tokens are revoked by `All` alone.
        let of_user_44 = claims_of([("sub", json!("user-44")), ("jti", json!("a"))]);
        assert_eq!(validate(&with(of_user_44.clone(), "iat", json!(NOW - 101)), &list), Err(Error::Revoked));
        assert_eq!(validate(&with(of_user_44, "iat", json!(NOW - 100)), &list), Ok(()));
    }
}

#[test]
fn all_is_never_evicted() {
    let mut list = RevocationList::<1>::new();
    list.revoke(all(NOW), at(EXP), now()).unwrap();
    for round in 1..4 {
        list.revoke(TOKEN_2, at(EXP + 100 * round), at(EXP + 100 * round)).unwrap();
        list.revoke(subject("user-43", NOW), at(EXP + 100 * round), at(EXP + 100 * round)).unwrap();
    }
    let policy = UNTYPED.with_leeway(Duration::from_secs(1000)).with_revocations(&list);
    let longest = Alg::EdDsa.access_token(&claims_with("exp", json!(EXP + 400)));
    assert_eq!(validate_text(&longest, &policy, now()), Err(Error::Revoked));
    assert_eq!(validate_text(&longest, &policy, at(EXP)), Ok(()), "the token expires later than `until`");
}

#[test]
fn list_without_slots_still_revokes_all() {
    let mut list = RevocationList::<0>::new();
    for now in [1, NOW, i64::MAX] {
        assert_eq!(list.revoke(TOKEN_1, at(EXP), at(now)), Err(Error::Full));
    }
    assert_eq!((validate(&claims(), &list), list.generation()), (Ok(()), 0));
    list.revoke(all(NOW), at(EXP), now()).unwrap();
    assert_eq!(validate(&claims(), &list), Err(Error::Revoked));
    assert!(list.is_empty() && list.generation() == 1);
}

#[test]
fn generation_counts_each_change_and_nothing_else() {
    let mut list = RevocationList::<1>::default();
    assert_eq!((list.generation(), list.len(), list.is_empty()), (0, 0, true));
    let mut last = 0;
    for (revocation, until, now) in
        [(TOKEN_1, EXP - 1, NOW), (TOKEN_1, EXP, NOW), (all(NOW), EXP, NOW), (TOKEN_2, EXP, EXP)]
    {
        list.revoke(revocation, at(until), at(now)).unwrap();
        assert!(list.generation() > last);
        last = list.generation();
        if !matches!(revocation, Revocation::All { .. }) {
            list.revoke(revocation, at(until), at(now)).unwrap();
            assert_eq!(list.generation(), last, "repeating an entry is no change");
        }
    }
    assert_eq!(list.revoke(TOKEN_1, at(EXP), now()), Err(Error::Full));
    let _ = validate(&claims(), &list);
    assert_eq!((list.generation(), list.len(), list.is_empty()), (last, 1, false));
    assert_eq!(list.clone().generation(), last);
}

#[test]
fn all_of_several_stores_are_asked() {
    let (list, empty) = (list_of([TOKEN_1]), RevocationList::<4>::new());
    let token_2 = claims_with("jti", json!("token-2"));
    let both: [[&dyn Revocations; 2]; 2] = [[&list, &empty], [&empty, &list]];
    for stores in both {
        assert_eq!(validate(&claims(), &stores), Err(Error::Revoked));
        assert_eq!(validate(&token_2, &stores), Ok(()));
    }
    let none: [&dyn Revocations; 0] = [];
    assert_eq!(validate(&claims(), &none), Ok(()));

    let (one, two) = (Store::new(Ok(())), Store::new(Ok(())));
    let stores: [&dyn Revocations; 2] = [&one, &two];
    assert_eq!((validate(&claims(), &stores), one.asked.get(), two.asked.get()), (Ok(()), 1, 1));
    let nested: [&dyn Revocations; 2] = [&stores, &list];
    assert_eq!(validate(&claims(), &nested), Err(Error::Revoked));
}

#[test]
fn error_of_a_store_refuses_the_token() {
    let list = RevocationList::<1>::new();
    for error in [Error::BackendUnavailable, Error::ClockNotSet, Error::Full, Error::Revoked] {
        let store = Store::new(Err(error));
        assert_eq!(validate(&claims(), &store), Err(error));
        let stores: [[&dyn Revocations; 2]; 2] = [[&store, &list], [&list, &store]];
        for stores in stores {
            assert_eq!(validate(&claims(), &stores), Err(error));
        }
        assert_eq!(validate_typed(&claims(), &TYPED.with_revocations(&store)), Err(error));
    }
}

#[test]
fn last_revocations_set_on_a_policy_count() {
    let (revoking, empty) = (list_of([TOKEN_1]), RevocationList::<1>::new());
    let text = Alg::Es256.access_token(&claims());
    let validate = |policy| validate_text(&text, &policy, now());
    assert_eq!(validate(POLICY.with_revocations(&revoking).with_revocations(&empty)), Ok(()));
    assert_eq!(validate(POLICY.with_revocations(&empty).with_revocations(&revoking)), Err(Error::Revoked));
}

/// A token that is refused for another reason is not looked up.
#[test]
fn store_is_asked_only_about_a_token_that_is_otherwise_accepted() {
    let scope = POLICY.with_required_scope("pump:read");
    let policies = [scope, scope.with_acr("1"), scope.with_challenge("c"), scope.with_max_lifetime(FIVE_MINUTES)];
    let good = claims_of([("acr", json!("1")), ("cnonce", json!("c"))]);
    let bad = [
        ("aud", json!("urn:device:pump-8")),
        ("aud", Value::Null),
        ("exp", json!(NOW)),
        ("exp", json!("soon")),
        ("nbf", json!(NOW + 1)),
        ("sub", Value::Null),
        ("jti", Value::Null),
        ("jti", json!(1)),
        ("scope", json!("pump:write")),
        ("cnf", json!({"jkt": ""})),
    ];
    for policy in policies {
        let store = Store::new(Ok(()));
        let validate = |text: &str, now: i64| validate_text(text, &policy.with_revocations(&store), at(now));
        for (name, value) in &bad {
            let text = Alg::EdDsa.access_token(&with(good.clone(), name, value.clone()));
            assert!(validate(&text, NOW).is_err(), "{name} {value}");
        }
        let id_token = Alg::EdDsa.mint(Alg::EdDsa.id_header().to_string(), good.to_string());
        assert_eq!(validate(&id_token, NOW), Err(Error::WrongType));
        let text = Alg::EdDsa.access_token(&good);
        assert_eq!(validate(&text, 0), Err(Error::ClockNotSet));
        assert_eq!(store.asked.get(), 0);
        assert_eq!((validate(&text, NOW), store.asked.get()), (Ok(()), 1));
    }
}

#[test]
fn store_is_not_asked_about_a_token_that_the_policy_refuses() {
    let good = claims_of([("acr", json!("1")), ("cnonce", json!("c"))]);
    for (policy, claims) in [
        (POLICY.with_acr("2"), good.clone()),
        (POLICY.with_max_age(Duration::from_secs(60)), good.clone()),
        (POLICY.with_challenge("d"), good.clone()),
        (POLICY.with_challenge(""), good.clone()),
        (POLICY.with_max_lifetime(Duration::from_secs(299)), good.clone()),
        (POLICY.with_max_token_age(Duration::from_secs(59)), good.clone()),
        (POLICY.with_certificate(b"der"), good.clone()),
        (POLICY.with_unchecked_confirmation(), with(good.clone(), "cnf", json!([]))),
    ] {
        let store = Store::new(Ok(()));
        let refused = validate_text(&Alg::EdDsa.access_token(&claims), &policy.with_revocations(&store), now());
        assert!(refused.is_err() && store.asked.get() == 0, "{policy:?}");
    }
}

#[test]
fn store_is_asked_only_about_typed_tokens_that_are_otherwise_accepted() {
    let store = Store::new(Ok(()));
    for (name, value) in [("aud", json!("a")), ("exp", json!(NOW)), ("nbf", json!(NOW + 1)), ("sub", json!(1))] {
        assert!(validate_typed(&claims_with(name, value), &TYPED.with_revocations(&store)).is_err(), "{name}");
    }
    let other_type = TypedPolicy::new("cmd+jwt", AUDIENCE).with_revocations(&store);
    assert_eq!((validate_typed(&claims(), &other_type), store.asked.get()), (Err(Error::WrongType), 0));
    assert_eq!((validate_typed(&claims(), &TYPED.with_revocations(&store)), store.asked.get()), (Ok(()), 1));
}

/// Validates a token that is bound to the key of a proof, with these stores. Returns the verdict, and the names of the
/// windows that were asked, in order.
fn validate_bound(
    revocations: &Store,
    proof: Result<(), Error>,
    token: Result<(), Error>,
) -> (Result<(), Error>, Vec<&'static str>) {
    let log = RefCell::default();
    let [proofs, tokens] =
        [("proof", proof), ("token", token)].map(|(name, answer)| Window { name, answer, log: &log });
    let cnf = json!({"jkt": Alg::Es256.key().thumbprint().to_string()});
    let text = Alg::EdDsa.access_token(&claims_with("cnf", cnf));
    let proof = Alg::Es256.mint(Alg::Es256.dpop_header().to_string(), dpop_claims(&text).to_string());
    let request = DpopPolicy::new("POST", "https://pump-7.local/speed", &text);
    let mut buf = [0; 1024];
    let proof = Token::parse(&proof).unwrap().verify_dpop(&request, BOTH, now(), &mut buf).unwrap();
    let policy = POLICY.with_single_use(&tokens).with_dpop(&proof, &proofs).with_revocations(revocations);
    let verdict = validate_text(&text, &policy, now());
    (verdict, log.into_inner())
}

#[test]
fn revoked_token_consumes_nothing() {
    for error in [Error::Revoked, Error::Expired, Error::BackendUnavailable] {
        let revoked = Store::new(Err(error));
        assert_eq!(validate_bound(&revoked, Ok(()), Ok(())), (Err(error), vec![]));
        assert_eq!(revoked.asked.get(), 1);

        let log = RefCell::default();
        let tokens = Window { name: "token", answer: Ok(()), log: &log };
        let policy = TYPED.with_single_use(&tokens).with_revocations(&revoked);
        assert_eq!((validate_typed(&claims(), &policy), log.borrow().len()), (Err(error), 0));
    }
}

#[test]
fn proof_is_consumed_before_the_token() {
    let accepting = Store::new(Ok(()));
    let (ok, replayed, full) = (Ok(()), Err(Error::Replayed), Err(Error::Full));
    assert_eq!(validate_bound(&accepting, ok, ok), (ok, vec!["proof", "token"]));
    for error in [replayed, full] {
        assert_eq!(validate_bound(&accepting, error, ok), (error, vec!["proof"]));
        assert_eq!(validate_bound(&accepting, ok, error), (error, vec!["proof", "token"]));
    }
    assert_eq!(accepting.asked.get(), 5);
}

#[test]
fn typed_token_is_revoked_by_everything_except_its_client() {
    let (keys, before) = (keys(), at(NOW));
    let text = Alg::EdDsa.access_token(&claims());
    let digest = Token::parse(&text).unwrap().signing_input_digest();
    let matching = [
        TOKEN_1,
        Revocation::SigningInput(&digest),
        subject("user-42", NOW),
        Revocation::Key { key: &keys[1], issued_before: before },
        Revocation::Issuer { issuer: ISSUER, issued_before: before },
        all(NOW),
    ];
    for revocation in matching {
        let list = list_of([revocation]);
        assert_eq!(validate_typed(&claims(), &TYPED.with_revocations(&list)), Err(Error::Revoked), "{revocation:?}");
    }
    let client = Revocation::Client { issuer: ISSUER, client_id: "pump-app", issued_before: before };
    for revocation in [TOKEN_2, subject("user-43", NOW), subject("user-42", IAT), client] {
        let list = list_of([revocation]);
        assert_eq!(validate_typed(&claims(), &TYPED.with_revocations(&list)), Ok(()), "{revocation:?}");
    }
}

#[test]
fn store_sees_the_token_and_debug_output_shows_nothing_of_it() {
    #[derive(Debug)]
    struct Inspector<'c> {
        client_id: Option<&'c str>,
        alg: Alg,
        digest: [u8; 32],
    }
    impl Revocations for Inspector<'_> {
        fn check(&self, token: &TokenIdentity<'_>, now: Now) -> Result<(), Error> {
            assert_eq!((token.client_id(), token.key()), (self.client_id, &self.alg.key()));
            assert_eq!(token.signing_input_digest(), self.digest);
            assert_eq!((token.issuer(), token.subject(), token.jwt_id()), (ISSUER, Some("user-42"), Some("token-1")));
            assert_eq!((token.expires_at(), token.issued_at()), (at(EXP), Some(at(IAT))));
            assert_eq!(token.strings("roles").map(|roles| roles.contains("operator")), Ok(true));
            assert_eq!((now, format!("{token:?}")), (Now::Exact(crate::now()), "TokenIdentity { .. }".into()));
            Err(Error::Revoked)
        }
    }
    for alg in ALGS {
        let text = alg.access_token(&claims());
        let digest = Token::parse(&text).unwrap().signing_input_digest();
        let inspector = Inspector { client_id: Some("pump-app"), alg, digest };
        assert_eq!(validate_text(&text, &POLICY.with_revocations(&inspector), now()), Err(Error::Revoked));
        if alg == Alg::EdDsa {
            let inspector = Inspector { client_id: None, ..inspector };
            assert_eq!(validate_typed(&claims(), &TYPED.with_revocations(&inspector)), Err(Error::Revoked));
        }
    }
}

#[test]
fn revoked_token_is_refused_when_the_time_is_unknown() {
    let list = list_of([TOKEN_1]);
    let policy = UNTYPED.with_max_unproven_lifetime(FIVE_MINUTES).with_revocations(&list);
    let validate = |jti: &str, floor: i64| {
        let text = Alg::EdDsa.access_token(&claims_with("jti", json!(jti)));
        validate_text(&text, &policy, Now::AtLeast(at(floor)))
    };
    for floor in [i64::MIN, 0, 1, NOW, EXP - 1] {
        assert_eq!(validate("token-1", floor), Err(Error::Revoked), "{floor}");
        assert_eq!(validate("token-2", floor), Ok(()), "{floor}");
    }
}

#[test]
fn revoked_token_with_a_cached_signature_is_refused() {
    let (keys, cache, text) = (keys(), SignatureCache::<4>::new(), Alg::Es256.access_token(&claims()));
    let validate = |list: &dyn Revocations| {
        let mut buf = [0; 1024];
        let verified = Token::parse(&text)?.verify_cached(&issuer(&keys), &cache, &mut buf)?;
        verified.into_access_token(&POLICY.with_revocations(list), now()).map(drop)
    };
    let digest = Token::parse(&text).unwrap().signing_input_digest();
    assert_eq!(validate(&RevocationList::<1>::new()), Ok(()));
    let key = Revocation::Key { key: &Alg::Es256.key(), issued_before: at(NOW) };
    for revocation in [TOKEN_1, Revocation::SigningInput(&digest), key, all(NOW)] {
        assert_eq!(validate(&list_of([revocation])), Err(Error::Revoked), "{revocation:?}");
    }
}

/// A claim that the policy does not check may have any type.
#[test]
fn store_does_not_cause_other_claims_to_be_checked() {
    let odd = with(claims_with("auth_time", json!("noon")), "acr", json!(1));
    assert_eq!(validate(&odd, &RevocationList::<4>::new()), Ok(()));
    assert_eq!(validate(&odd, &list_of([TOKEN_1])), Err(Error::Revoked));
}
