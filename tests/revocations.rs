//! Which tokens a [`RevocationList`] revokes and for how long, that no clock and no leeway makes a revoked token
//! acceptable again, and when a policy asks a store.
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
/// The moment from which every policy refuses the token of [`claims`]: `exp` plus [`MAX_LEEWAY`].
const END: i64 = EXP + 300;
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

/// A list with these entries, added now, which last until no policy accepts the token of [`claims`].
fn list_of<const N: usize>(revocations: [Revocation<'_>; N]) -> RevocationList<N> {
    let mut list = revocation_list();
    for revocation in revocations {
        list.revoke(revocation, at(END), now()).unwrap();
    }
    list
}

fn floor(secs: i64) -> Now {
    Now::AtLeast(EarliestTime::from_secs(secs))
}

fn bytes_of<const N: usize>(list: &RevocationList<N>) -> Vec<u8> {
    list.snapshot(&mut vec![0; RevocationList::<N>::SNAPSHOT_LEN]).unwrap().to_vec()
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

/// Accepts every id, and counts how often it is asked or changed.
#[derive(Debug, Default)]
struct Window {
    calls: Cell<u32>,
}

impl ReplayCheck for Window {
    fn check_unused(&self, _ids: &[SingleUse], _now: Now) -> Result<(), Error> {
        self.calls.set(self.calls.get() + 1);
        Ok(())
    }

    fn use_all(&self, ids: &[SingleUse], now: Now) -> Result<(), Error> {
        self.check_unused(ids, now)
    }

    fn release(&self, _ids: &[SingleUse]) {
        self.calls.set(self.calls.get() + 1);
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
        list.revoke(all(i64::MAX), at(END), now()).unwrap();
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
    let text = Alg::EdDsa.access_token(&claims());
    let end = verify(&text, |verified| Ok(verified.into_access_token(&POLICY, now())?.refused_from()));
    assert_eq!(end, Ok(at(END)));
    let list = list_of([TOKEN_1]);
    for leeway in [0, 1, 60, 300, 301, 100_000, i64::MAX.unsigned_abs(), u64::MAX] {
        let policy = POLICY.with_leeway(Duration::from_secs(leeway));
        for now in [1, NOW - 1, NOW, EXP - 1, EXP, EXP + 1, EXP + 59, EXP + 60, END - 1, END, END + 1, NOW * 2] {
            let without = validate_text(&text, &policy, at(now));
            let expected = if without.is_ok() { Err(Error::Revoked) } else { without };
            assert_eq!(validate_text(&text, &policy.with_revocations(&list), at(now)), expected, "{leeway} {now}");
        }
    }
}

/// `until` is the moment from which no policy accepts the revoked tokens. A token that expires later is accepted then.
#[test]
fn revocation_is_in_force_until_its_end_and_no_longer() {
    let mut list = revocation_list::<2>();
    list.revoke(subject("user-42", NOW), at(END), now()).unwrap();
    let longer = claims_with("exp", json!(END + 1));
    for (now, expected) in [(NOW, Err(Error::Revoked)), (END - 1, Err(Error::Revoked)), (END, Ok(()))] {
        assert_eq!(validate_at(&longer, &list, now), expected, "{now}");
    }
    let policy = UNTYPED.with_leeway(MAX_LEEWAY).with_revocations(&list);
    for now in [EXP - 1, EXP, END - 1] {
        assert_eq!(validate_text(&Alg::EdDsa.access_token(&claims()), &policy, at(now)), Err(Error::Revoked), "{now}");
    }
    // `exp` is rounded down to whole seconds.
    let fraction = Alg::EdDsa.access_token(&claims_with("exp", json!(EXP as f64 + 0.5)));
    assert_eq!(validate_text(&fraction, &policy, at(END - 1)), Err(Error::Revoked));
    assert_eq!(validate_text(&fraction, &policy, at(END)), Err(Error::Expired));
}

#[test]
fn token_without_expiry_is_revoked_forever() {
    let mut list = revocation_list::<1>();
    list.revoke(subject("user-42", NOW), at(i64::MAX), now()).unwrap();
    let eternal = claims_of([("exp", Value::Null), ("aud", Value::Null)]);
    let policy = TypedPolicy::new_without_audience("at+jwt");
    assert_eq!(validate_typed(&eternal, &policy), Ok(()));
    assert_eq!(validate_typed(&eternal, &policy.with_revocations(&list)), Err(Error::Revoked));
    assert_eq!(list.revoke(TOKEN_1, at(i64::MAX), at(i64::MAX - 1)), Err(Error::Full));
    assert_eq!(validate_typed(&eternal, &policy.with_revocations(&list)), Err(Error::Revoked));
}

/// `revoke(what, now, until)` compiles too: it must not look like a success.
#[test]
fn revocation_with_exchanged_times_is_refused_and_changes_nothing() {
    let mut list = list_of([TOKEN_1, subject("user-43", NOW)]);
    let before = bytes_of(&list);
    for revocation in [TOKEN_1, TOKEN_2, subject("user-42", NOW), all(NOW), all(i64::MAX)] {
        for (until, now) in [(NOW, END), (NOW, NOW), (NOW - 1, NOW), (END, END), (i64::MIN, NOW)] {
            let refused = list.revoke(revocation, at(until), at(now));
            assert_eq!(refused, Err(Error::EntryExpired), "{revocation:?} {until} {now}");
            assert_eq!(list.revoke(revocation, at(until), floor(now)), Err(Error::EntryExpired));
        }
    }
    assert_eq!(bytes_of(&list), before);
    assert_eq!(validate(&claims(), &list), Err(Error::Revoked));
    // An entry may last for one second only.
    let mut list = revocation_list::<1>();
    list.revoke(TOKEN_1, at(NOW + 1), now()).unwrap();
    assert_eq!(validate(&claims(), &list), Err(Error::Revoked));
}

/// A clock that shows such a time was never set. A floor may be as early.
#[test]
fn clock_before_2010_is_refused_and_an_early_floor_is_not() {
    const SET: i64 = 1_262_304_000;
    let mut list = revocation_list::<4>();
    for now in [i64::MIN, -1, 0, 1, 946_684_800, SET - 1] {
        for revocation in [TOKEN_1, all(NOW)] {
            assert_eq!(list.revoke(revocation, at(END), at(now)), Err(Error::ClockNotSet), "{now}");
        }
    }
    assert_eq!((list.len(), list.generation()), (0, 0));
    assert_eq!(list.revoke(TOKEN_1, at(END), at(SET)), Ok(()));
    for now in [i64::MIN, 0, SET - 1] {
        assert_eq!(list.revoke(TOKEN_2, at(END), floor(now)), Ok(()), "{now}");
    }
    assert_eq!(list.len(), 2);
}

#[test]
fn full_list_refuses_a_new_entry_and_drops_none() {
    let mut list = list_of([TOKEN_1, subject("user-43", NOW)]);
    let before = bytes_of(&list);
    for now in [NOW - 1, NOW, END - 1] {
        assert_eq!(list.revoke(TOKEN_2, at(END), at(now)), Err(Error::Full), "{now}");
        assert_eq!(list.revoke(TOKEN_2, at(END + 1), floor(now)), Err(Error::Full), "{now}");
        assert_eq!(bytes_of(&list), before);
    }
    let token_2 = claims_with("jti", json!("token-2"));
    assert_eq!(validate(&claims(), &list), Err(Error::Revoked));
    assert_eq!(
        validate(&claims_of([("jti", json!("token-3")), ("sub", json!("user-43"))]), &list),
        Err(Error::Revoked)
    );
    assert_eq!(validate(&token_2, &list), Ok(()), "it was not revoked");

    // A repeated entry takes no further slot, and `All` takes no slot.
    assert_eq!(list.revoke(TOKEN_1, at(END), now()), Ok(()));
    assert_eq!(list.len(), 2);
    assert_eq!(list.revoke(all(NOW), at(END), now()), Ok(()));
    assert_eq!(validate(&token_2, &list), Err(Error::Revoked));
    assert_eq!(validate(&claims_of([("jti", json!("token-3")), ("iat", json!(NOW))]), &list), Ok(()));
    assert_eq!(
        validate(&claims_with("iat", json!(NOW)), &list),
        Err(Error::Revoked),
        "token-1 is revoked, whenever it was issued"
    );
}

#[test]
fn slot_is_freed_when_its_entry_is_over() {
    // The policies have no leeway, so that it is accepted longer than any token of the first entry.
    let token_2 = claims_of([("jti", json!("token-2")), ("exp", json!(END + 1))]);
    for (now, expected) in [(END - 1, Err(Error::Full)), (END, Ok(())), (END + 1, Ok(()))] {
        let mut list = list_of([TOKEN_1]);
        assert_eq!(list.revoke(TOKEN_2, at(END + 301), at(now)), expected, "{now}");
        let is_revoked = validate(&token_2, &list) == Err(Error::Revoked);
        assert_eq!((list.len(), is_revoked), (1, expected.is_ok()), "{now}");
    }
    // Only an entry that is over is evicted.
    let mut list = revocation_list::<2>();
    list.revoke(TOKEN_1, at(END), now()).unwrap();
    list.revoke(subject("user-43", NOW), at(END + 1), now()).unwrap();
    assert_eq!(list.revoke(TOKEN_2, at(END + 1), at(END)), Ok(()));
    assert_eq!(list.len(), 2);
    let of_user_43 = claims_of([("sub", json!("user-43")), ("exp", json!(END + 1))]);
    assert_eq!(validate_at(&of_user_43, &list, END), Err(Error::Revoked));
}

#[test]
fn token_of_an_evicted_entry_stays_refused_when_the_clock_is_set_back() {
    let mut list = list_of([TOKEN_1]);
    list.revoke(TOKEN_2, at(END + 100), at(END)).unwrap();
    let token_1 = Alg::EdDsa.access_token(&claims());
    for leeway in [0, 60, 300, u64::MAX] {
        let policy = POLICY.with_leeway(Duration::from_secs(leeway)).with_revocations(&list);
        for now in [IAT, NOW, EXP - 1, EXP, EXP + 59, END - 1, END] {
            assert_eq!(validate_text(&token_1, &policy, at(now)), Err(Error::Expired), "{leeway} {now}");
        }
        // Other tokens are refused too if the policy accepts them no longer than the token of the evicted entry. No
        // others are.
        let other = |exp: i64| Alg::EdDsa.access_token(&claims_of([("jti", json!("token-3")), ("exp", json!(exp))]));
        let last = END - i64::try_from(leeway.min(300)).unwrap();
        assert_eq!(validate_text(&other(last - 1), &policy, now()), Err(Error::Expired), "{leeway}");
        assert_eq!(validate_text(&other(last), &policy, now()), Err(Error::Expired), "{leeway}");
        assert_eq!(validate_text(&other(last + 1), &policy, now()), Ok(()), "{leeway}");
    }
    let token_2 = claims_of([("jti", json!("token-2")), ("exp", json!(END + 100))]);
    assert_eq!(validate(&token_2, &list), Err(Error::Revoked));
}

#[test]
fn clock_far_ahead_refuses_only_tokens_that_evicted_entries_cover() {
    let mut list = list_of([TOKEN_1, subject("user-43", NOW)]);
    list.revoke(TOKEN_2, at(10 * NOW + 1), at(10 * NOW)).unwrap();
    assert_eq!(validate(&claims(), &list), Err(Error::Expired));
    let other = |exp: i64| claims_of([("jti", json!("token-3")), ("exp", json!(exp))]);
    assert_eq!(validate(&other(END + 1), &list), Ok(()));
    // The entry that ends last counts, in any order.
    for ends in [[END, END + 10], [END + 10, END]] {
        let mut list = revocation_list::<2>();
        for (jwt_id, until) in ["token-1", "token-2"].into_iter().zip(ends) {
            list.revoke(Revocation::Token { issuer: ISSUER, jwt_id }, at(until), now()).unwrap();
        }
        for (until, now) in [(END + 5, END + 10), (END + 20, END + 5)] {
            for user in ["user-43", "user-44"] {
                let _ = list.revoke(subject(user, NOW), at(until.max(now + 1)), at(now));
            }
        }
        assert_eq!(validate(&other(END + 10), &list), Err(Error::Expired));
        assert_eq!(validate(&other(END + 12), &list), Ok(()));
    }
}

/// The clock jumps a year ahead while the list is full, and one entry is for a token of a long life: every token is
/// refused from then on, whatever the clock, until the list is cleared.
#[test]
fn cleared_list_accepts_tokens_again_after_a_wrong_clock() {
    let year = 365 * 24 * 60 * 60;
    let mut list = revocation_list::<1>();
    list.revoke(TOKEN_2, at(NOW + year), now()).unwrap();
    list.revoke(TOKEN_1, at(NOW + 2 * year), at(NOW + year)).unwrap();
    let token_3 = claims_with("jti", json!("token-3"));
    for token in [claims(), token_3.clone()] {
        assert_eq!(validate(&token, &list), Err(Error::Expired));
    }
    let (generation, before) = (list.generation(), bytes_of(&list));
    assert_eq!(list.clear(), Ok(()));
    assert_eq!((list.len(), list.generation()), (0, generation + 1));
    for token in [claims(), token_3] {
        assert_eq!(validate(&token, &list), Ok(()));
    }
    assert_eq!(list.restore(&before, 0, now()), Err(Error::RolledBack), "no earlier snapshot brings it back");
    assert_eq!(list.revoke(TOKEN_1, at(END), now()), Ok(()));
    assert_eq!(validate(&claims(), &list), Err(Error::Revoked));
}

#[test]
fn cleared_list_no_longer_revokes_everything() {
    let mut list = list_of([all(NOW), all(i64::MAX), TOKEN_1]);
    list.revoke(all(i64::MAX), at(i64::MAX), now()).unwrap();
    assert_eq!(validate(&claims(), &list), Err(Error::Revoked));
    assert_eq!(list.clear(), Ok(()));
    assert_eq!((list.len(), validate(&claims(), &list)), (0, Ok(())));
    assert_eq!(RevocationList::<1>::new().clear(), Err(Error::NotOpened));
}

/// A mistake, such as a revocation of all tokens for a minute, must not revoke all tokens for good.
#[test]
fn revocation_that_is_over_is_replaced_and_not_merged() {
    let year_later = NOW + 365 * 24 * 60 * 60;
    let issued_at = |iat: i64| claims_of([("iat", json!(iat)), ("nbf", json!(iat)), ("exp", json!(iat + 300))]);
    let digest = [7; 32];
    let group: fn(i64) -> Revocation<'static> = |before| subject("user-42", before);
    let issuer = |before| Revocation::Issuer { issuer: ISSUER, issued_before: at(before) };
    let client = |before| Revocation::Client { issuer: ISSUER, client_id: "pump-app", issued_before: at(before) };
    let key = |before| Revocation::Key { key: &KEYS[1], issued_before: at(before) };
    let kinds: [&dyn Fn(i64) -> Revocation<'static>; 5] = [&all, &group, &issuer, &client, &key];
    for revocation in kinds {
        // The first entry revokes tokens with any `iat`, for five minutes.
        let mut list = revocation_list::<2>();
        list.revoke(revocation(i64::MAX), at(END), now()).unwrap();
        assert_eq!(validate(&claims(), &list), Err(Error::Revoked));
        let slots = list.len();
        assert_eq!(validate_at(&issued_at(year_later), &list, year_later), Ok(()), "it is over");
        // A year later, the second entry is an ordinary revocation for a day.
        list.revoke(revocation(year_later + 61), at(year_later + 86_400), at(year_later)).unwrap();
        assert_eq!(list.len(), slots);
        let verdict = |iat: i64| validate_at(&issued_at(iat), &list, iat + 1);
        assert_eq!(verdict(year_later + 60), Err(Error::Revoked));
        assert_eq!(verdict(year_later + 61), Ok(()));
        assert_eq!(verdict(year_later + 7200), Ok(()), "issued after the revocation");
        // If the clock is set back, every token that the first entry has revoked stays refused, whatever its `iat`.
        for iat in [IAT, NOW, i64::MAX] {
            let token = |exp: i64| claims_of([("iat", json!(iat)), ("exp", json!(exp))]);
            assert_eq!(validate(&token(EXP), &list), Err(Error::Expired), "{iat}");
            assert_eq!(validate(&token(END), &list), Err(Error::Expired), "{iat}");
            let expected = if iat < year_later { Err(Error::Revoked) } else { Ok(()) };
            assert_eq!(validate(&token(END + 1), &list), expected, "{iat}");
        }
    }
    // The second revocation of the same token has the same entry with a later end.
    let mut list = revocation_list::<1>();
    for until in [END, year_later] {
        list.revoke(Revocation::SigningInput(&digest), at(until), at(until - 1)).unwrap();
        assert_eq!(list.len(), 1);
    }
}

/// One entry revokes every token for a second, the other every token of 1970 for good. Both together revoke no more.
#[test]
fn two_revocations_of_little_do_not_revoke_everything() {
    let year_later = NOW + 365 * 24 * 60 * 60;
    let token = claims_of([("iat", json!(year_later)), ("nbf", Value::Null), ("exp", json!(year_later + 300))]);
    let kinds: [fn(i64) -> Revocation<'static>; 2] = [all, |before| subject("user-42", before)];
    for revocation in kinds {
        let small = [(i64::MAX, NOW + 1), (1, i64::MAX)];
        for [first, second] in [small, [small[1], small[0]]] {
            let mut list = revocation_list::<2>();
            for (before, until) in [first, second] {
                list.revoke(revocation(before), at(until), now()).unwrap();
            }
            for now in [NOW, NOW + 1, year_later] {
                let expected = if now == NOW { Err(Error::Revoked) } else { Ok(()) };
                assert_eq!(validate_at(&with(claims(), "exp", json!(i64::MAX)), &list, now), expected, "{now}");
            }
            assert_eq!(validate_at(&token, &list, year_later), Ok(()));
            let of_1970 = with(token.clone(), "iat", json!(0));
            assert_eq!(validate_at(&of_1970, &list, year_later), Err(Error::Revoked));
        }
    }
}

#[test]
fn repeated_revocation_takes_no_slot_if_one_of_both_includes_the_other() {
    let (early, late) = ((NOW - 100, END), (NOW - 50, END + 100));
    type Group = fn(i64) -> Revocation<'static>;
    let kinds: [(Group, usize); 2] = [(all, 0), (|before| subject("user-42", before), 1)];
    for (revocation, slots) in kinds {
        for [first, second] in [[early, late], [late, early], [late, (late.0, early.1)], [(early.0, late.1), late]] {
            let mut list = revocation_list::<1>();
            for (before, until) in [first, second] {
                list.revoke(revocation(before), at(until), now()).unwrap();
            }
            let token = |iat: i64| claims_of([("iat", json!(iat)), ("exp", json!(END + 100))]);
            assert_eq!(validate(&token(NOW - 51), &list), Err(Error::Revoked));
            assert_eq!(validate_at(&token(NOW - 51), &list, END + 99), Err(Error::Revoked));
            assert_eq!(validate(&token(NOW - 50), &list), Ok(()));
            // The later one of both is in force, and nothing was evicted.
            assert_eq!(validate(&claims_of([("iat", json!(NOW)), ("exp", json!(NOW + 1))]), &list), Ok(()));
            assert_eq!(list.len(), slots);
        }
    }
}

/// A component-wise maximum of the two would cover tokens that neither covers.
#[test]
fn revocations_that_do_not_include_each_other_stay_side_by_side() {
    // Issued before, and until.
    let (wide, long) = ((NOW - 50, END), (NOW - 100, END + 100));
    let kinds: [fn(i64) -> Revocation<'static>; 2] = [all, |before| subject("user-42", before)];
    for revocation in kinds {
        for [first, second] in [[wide, long], [long, wide]] {
            let mut list = revocation_list::<2>();
            for (before, until) in [first, second] {
                list.revoke(revocation(before), at(until), now()).unwrap();
            }
            let slots = list.len();
            let token = |iat: i64| claims_of([("iat", json!(iat)), ("exp", json!(END + 100))]);
            for (iat, now, expected) in [
                (NOW - 101, NOW, Err(Error::Revoked)),
                (NOW - 101, END + 99, Err(Error::Revoked)),
                (NOW - 100, NOW, Err(Error::Revoked)),
                (NOW - 51, NOW, Err(Error::Revoked)),
                (NOW - 51, END - 1, Err(Error::Revoked)),
                (NOW - 51, END, Ok(())),
                (NOW - 100, END + 99, Ok(())),
                (NOW - 50, NOW, Ok(())),
            ] {
                assert_eq!(validate_at(&token(iat), &list, now), expected, "{iat} {now}");
            }
            // Repeating either of them changes nothing.
            let before = bytes_of(&list);
            for (issued_before, until) in [first, second] {
                list.revoke(revocation(issued_before), at(until), now()).unwrap();
            }
            assert_eq!(bytes_of(&list), before);
            // An entry that includes both replaces both.
            list.revoke(revocation(NOW - 50), at(END + 100), now()).unwrap();
            assert_eq!(list.len(), slots - 1);
            assert_eq!(validate_at(&token(NOW - 51), &list, END + 99), Err(Error::Revoked));
            assert_eq!(validate_at(&token(NOW - 50), &list, NOW), Ok(()));
        }
    }
}

#[test]
fn second_all_takes_a_slot_only_beside_a_live_one_that_it_does_not_include() {
    let mut list = revocation_list::<1>();
    list.revoke(all(NOW - 50), at(END), now()).unwrap();
    assert_eq!(list.revoke(all(NOW - 100), at(END + 100), now()), Ok(()));
    assert_eq!(list.len(), 1);
    // A third one finds no slot, and nothing changes.
    let before = bytes_of(&list);
    assert_eq!(list.revoke(all(NOW - 150), at(END + 200), now()), Err(Error::Full));
    assert_eq!(bytes_of(&list), before);
    // When the first one is over, its successor takes no slot, and the second stays.
    list.revoke(all(NOW - 150), at(END + 200), at(END)).unwrap();
    assert_eq!(list.len(), 1);
    let token = |iat: i64| claims_of([("iat", json!(iat)), ("exp", json!(END + 200))]);
    for (iat, now, expected) in [
        (NOW - 151, END + 199, Err(Error::Revoked)),
        (NOW - 150, END + 100, Ok(())),
        (NOW - 101, END + 99, Err(Error::Revoked)),
        (NOW - 100, END, Ok(())),
    ] {
        assert_eq!(validate_at(&token(iat), &list, now), expected, "{iat} {now}");
    }
    assert_eq!(revocation_list::<0>().revoke(all(NOW), at(END), now()), Ok(()));
}

/// A `const` is a new list at each use, and a restart without a restore has a new list too: neither may accept a
/// revoked token.
#[test]
fn closed_list_refuses_every_token_and_every_change() {
    const LIST: RevocationList<4> = RevocationList::new();
    let token = Alg::EdDsa.access_token(&claims());
    for now in [Now::from(now()), floor(NOW), floor(0)] {
        let policy = POLICY.with_max_unproven_lifetime(FIVE_MINUTES);
        assert_eq!(validate_text(&token, &policy.with_revocations(&LIST), now), Err(Error::NotOpened));
    }
    assert_eq!(validate_typed(&claims(), &TYPED.with_revocations(&LIST)), Err(Error::NotOpened));
    assert_eq!(LIST.snapshot(&mut [0; RevocationList::<4>::SNAPSHOT_LEN]), Err(Error::NotOpened));
    assert_eq!(LIST.snapshot(&mut []), Err(Error::NotOpened));

    for mut list in [LIST, RevocationList::default()] {
        for revocation in [TOKEN_1, all(i64::MAX)] {
            assert_eq!(list.revoke(revocation, at(END), now()), Err(Error::NotOpened));
            assert_eq!(list.revoke(revocation, at(NOW), at(0)), Err(Error::NotOpened));
        }
        assert_eq!(list.clear(), Err(Error::NotOpened));
        assert_eq!((list.len(), list.generation()), (0, 0));
        list.start_empty();
        assert_eq!(list.revoke(TOKEN_1, at(END), now()), Ok(()));
        list.start_empty();
        assert_eq!((list.len(), validate(&claims(), &list)), (1, Err(Error::Revoked)), "an open list stays as it is");
    }
}

/// If all snapshots are lost, the device does not know which tokens were revoked.
#[test]
fn list_starts_with_a_revocation_or_stays_closed() {
    let mut list = RevocationList::<1>::new();
    for (until, now, error) in
        [(END, 0, Error::ClockNotSet), (NOW, NOW, Error::EntryExpired), (NOW, END, Error::EntryExpired)]
    {
        assert_eq!(list.start_with(all(NOW), 7, at(until), at(now)), Err(error));
        assert_eq!((validate(&claims(), &list), list.generation()), (Err(Error::NotOpened), 0));
    }
    let mut without_slots = RevocationList::<0>::new();
    assert_eq!(without_slots.start_with(TOKEN_1, 7, at(END), now()), Err(Error::Full));
    assert_eq!(validate(&claims(), &without_slots), Err(Error::NotOpened));

    assert_eq!(list.start_with(all(NOW), 7, at(END), now()), Ok(()));
    assert_eq!((validate(&claims(), &list), list.generation()), (Err(Error::Revoked), 8));
    assert_eq!(validate(&claims_with("iat", json!(NOW)), &list), Ok(()));
    // An open list keeps its entries, whether or not the new one fits.
    assert_eq!(list.start_with(TOKEN_2, 99, at(END), now()), Ok(()));
    assert_eq!(list.start_with(TOKEN_1, 99, at(END), now()), Err(Error::Full));
    assert_eq!((validate(&claims(), &list), list.generation(), list.len()), (Err(Error::Revoked), 9, 1));
    let token_2 = claims_of([("jti", json!("token-2")), ("iat", json!(NOW))]);
    assert_eq!(validate(&token_2, &list), Err(Error::Revoked));
}

#[test]
fn all_takes_no_slot_and_frees_the_slots_of_entries_that_it_covers() {
    let groups = |before: i64, until: i64| {
        let mut list = revocation_list::<3>();
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
        // Every token that was revoked before is still revoked.
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
fn all_is_not_evicted_with_the_entries() {
    let mut list = revocation_list::<1>();
    list.revoke(all(NOW), at(END), now()).unwrap();
    for round in 0..4 {
        let now = at(NOW + 10 * round);
        list.revoke(TOKEN_2, at(NOW + 10 * round + 5), now).unwrap();
        list.revoke(subject("user-43", NOW), at(NOW + 10 * round + 10), now.plus(Duration::from_secs(5))).unwrap();
        assert_eq!(list.len(), 1);
    }
    let longest = claims_with("exp", json!(END + 1));
    assert_eq!(validate_at(&longest, &list, END - 1), Err(Error::Revoked));
    assert_eq!(validate_at(&longest, &list, END), Ok(()), "it is over");
    // The tokens that this entry has revoked stay refused after another `All` replaces it.
    list.revoke(all(1), at(END + 100), at(END)).unwrap();
    assert_eq!(validate_at(&longest, &list, NOW), Ok(()));
    assert_eq!(validate_at(&claims_with("exp", json!(END)), &list, NOW), Err(Error::Expired));
}

#[test]
fn list_without_slots_still_revokes_all() {
    let mut list = revocation_list::<0>();
    for now in [NOW - 1, NOW, END - 1] {
        assert_eq!(list.revoke(TOKEN_1, at(END), at(now)), Err(Error::Full));
    }
    assert_eq!((validate(&claims(), &list), list.generation()), (Ok(()), 0));
    list.revoke(all(NOW), at(END), now()).unwrap();
    assert_eq!(validate(&claims(), &list), Err(Error::Revoked));
    assert!(list.is_empty() && list.generation() == 1);
}

#[test]
fn generation_counts_each_change_and_nothing_else() {
    let mut list = RevocationList::<1>::default();
    assert_eq!((list.generation(), list.len(), list.is_empty()), (0, 0, true));
    list.start_empty();
    let mut last = 0;
    for (revocation, until, now) in
        [(TOKEN_1, END - 1, NOW), (TOKEN_1, END, NOW), (all(NOW), END, NOW), (TOKEN_2, END + 1, END)]
    {
        list.revoke(revocation, at(until), at(now)).unwrap();
        assert!(list.generation() > last);
        last = list.generation();
        list.revoke(revocation, at(until), at(now)).unwrap();
        assert_eq!(list.generation(), last, "repeating an entry is no change");
    }
    for (until, now, error) in [(END, NOW, Error::Full), (END, 0, Error::ClockNotSet), (NOW, END, Error::EntryExpired)]
    {
        assert_eq!(list.revoke(TOKEN_1, at(until), at(now)), Err(error));
    }
    let _ = validate(&claims(), &list);
    assert_eq!((list.generation(), list.len(), list.is_empty()), (last, 1, false));
    assert_eq!(list.clear(), Ok(()));
    assert_eq!((list.generation(), list.len(), list.is_empty()), (last + 1, 0, true));
}

#[test]
fn all_of_several_stores_are_asked() {
    let (list, empty) = (list_of([TOKEN_1]), revocation_list::<4>());
    let token_2 = claims_with("jti", json!("token-2"));
    let both: [[&dyn Revocations; 2]; 2] = [[&list, &empty], [&empty, &list]];
    for stores in both {
        assert_eq!(validate(&claims(), &stores), Err(Error::Revoked));
        assert_eq!(validate(&token_2, &stores), Ok(()));
    }

    let (one, two) = (Store::new(Ok(())), Store::new(Ok(())));
    let stores: [&dyn Revocations; 2] = [&one, &two];
    assert_eq!((validate(&claims(), &stores), one.asked.get(), two.asked.get()), (Ok(()), 1, 1));
    let nested: [&dyn Revocations; 2] = [&stores, &list];
    assert_eq!(validate(&claims(), &nested), Err(Error::Revoked));
}

#[test]
fn error_of_a_store_refuses_the_token() {
    let list = revocation_list::<1>();
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
    let (revoking, empty) = (list_of([TOKEN_1]), revocation_list::<1>());
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

#[test]
fn revoked_token_consumes_nothing() {
    for error in [Error::Revoked, Error::Expired, Error::BackendUnavailable] {
        let (revoked, proofs, tokens) = (Store::new(Err(error)), Window::default(), Window::default());
        let text = Alg::EdDsa.access_token(&bound());
        let verdict = present(&text, |proof| {
            let policy = POLICY.with_single_use(&tokens).with_dpop(proof, &proofs).with_revocations(&revoked);
            validate_text(&text, &policy, now())
        });
        assert_eq!((verdict, revoked.asked.get()), (Err(error), 1));

        let policy = TYPED.with_single_use(&tokens).with_revocations(&revoked);
        assert_eq!(validate_typed(&claims(), &policy), Err(error));
        assert_eq!((proofs.calls.get(), tokens.calls.get()), (0, 0));
    }
}

/// A list that can change while tokens wait.
#[derive(Debug)]
struct Shared(RefCell<RevocationList<4>>);

impl Revocations for Shared {
    fn check(&self, token: &TokenIdentity<'_>, now: Now) -> Result<(), Error> {
        self.0.borrow().check(token, now)
    }
}

/// The application's own check may wait for something, such as the answer of another device.
#[test]
fn token_that_is_revoked_while_it_is_pending_is_not_consumed() {
    let (keys, text) = (keys(), Alg::EdDsa.access_token(&claims()));
    let client = Revocation::Client { issuer: ISSUER, client_id: "pump-app", issued_before: at(NOW) };
    let (digest, key) = (Token::parse(&text).unwrap().signing_input_digest(), Alg::EdDsa.key());
    let key = Revocation::Key { key: &key, issued_before: at(NOW) };
    for revocation in [TOKEN_1, Revocation::SigningInput(&digest), key, subject("user-42", NOW), client] {
        let (list, used, mut bufs) = (Shared(RefCell::new(revocation_list())), Window::default(), [[0; 1024]; 2]);
        let [a, b] = &mut bufs;
        let issuer = issuer(&keys);
        let policy = POLICY.with_single_use(&used).with_revocations(&list);
        let access = Token::parse(&text).unwrap().verify(&issuer, a).unwrap();
        let access = access.validate_access_token(&policy, now()).unwrap();
        let policy = TYPED.with_single_use(&used).with_revocations(&list);
        let typed = Token::parse(&text).unwrap().verify(&issuer, b).unwrap();
        let typed = typed.validate_typed(&policy, now()).unwrap();
        assert_eq!(used.calls.replace(0), 2);

        list.0.borrow_mut().revoke(revocation, at(END), now()).unwrap();
        assert_eq!(access.consume().map(drop), Err(Error::Revoked), "{revocation:?}");
        // Only access tokens have a client.
        let expected = if revocation == client { Ok(()) } else { Err(Error::Revoked) };
        assert_eq!(typed.consume().map(drop), expected, "{revocation:?}");
        assert_eq!(used.calls.get(), u32::from(expected.is_ok()));
    }
}

/// The claims of a token that is bound to the ES256 key.
fn bound() -> Value {
    claims_with("cnf", json!({"jkt": Alg::Es256.key().thumbprint().to_string()}))
}

/// Calls `validate` with a proof by the ES256 key for this access token.
fn present<T>(text: &str, validate: impl FnOnce(&DpopProof<'_>) -> T) -> T {
    let proof = Alg::Es256.mint(Alg::Es256.dpop_header().to_string(), dpop_claims(text).to_string());
    let request = DpopPolicy::new("POST", "https://pump-7.local/speed", text);
    let mut buf = [0; 1024];
    validate(&Token::parse(&proof).unwrap().verify_dpop(&request, BOTH, now(), &mut buf).unwrap())
}

/// The key of a lost phone is revoked: every issuer's tokens for it are refused, with any check of possession.
#[test]
fn proof_key_revokes_the_tokens_that_are_bound_to_it_and_no_other() {
    let thumbprint = Alg::Es256.key().thumbprint();
    let proof_key = |thumbprint, before| Revocation::ProofKey { thumbprint, issued_before: at(before) };
    let lists = [
        (list_of([proof_key(thumbprint, IAT + 1)]), Err(Error::Revoked)),
        (list_of([proof_key(thumbprint, i64::MAX)]), Err(Error::Revoked)),
        (list_of([proof_key(thumbprint, IAT)]), Ok(())),
        (list_of([proof_key(Alg::EdDsa.key().thumbprint(), i64::MAX)]), Ok(())),
        // The same key, revoked as an issuer's key, does not revoke tokens that are bound to it.
        (list_of([Revocation::Key { key: &Alg::Es256.key(), issued_before: at(i64::MAX) }]), Ok(())),
    ];
    for (list, expected) in &lists {
        for issuer in [ISSUER, OTHER_ISSUER] {
            let text = Alg::EdDsa.access_token(&with(bound(), "iss", json!(issuer)));
            for policy in [POLICY, UNTYPED] {
                let policy = policy.with_revocations(list);
                let by_proof = present(&text, |proof| {
                    let policy = policy.with_dpop(proof, &AllowReplay);
                    validate_text(&text, &policy, now())
                });
                assert_eq!(by_proof, *expected, "{issuer}");
                assert_eq!(validate_text(&text, &policy.with_unchecked_confirmation(), now()), *expected, "{issuer}");
                assert_eq!(validate_text(&text, &policy, now()), Err(Error::SenderConstrained), "{issuer}");
            }
        }
        let typed = TYPED.with_unchecked_confirmation().with_revocations(list);
        assert_eq!(validate_typed(&bound(), &typed), *expected);
        assert_eq!(validate_typed(&bound(), &TYPED.with_revocations(list)), Err(Error::SenderConstrained));
        assert_eq!(validate_typed(&claims(), &typed), Ok(()), "it is bound to no key");
        assert_eq!(validate(&claims(), list), Ok(()));
    }
    // This token is bound to a certificate with the same digest, and not to the key.
    let by_certificate = claims_with("cnf", json!({"x5t#S256": thumbprint.to_string()}));
    let policy = POLICY.with_certificate_thumbprint(thumbprint).with_revocations(&lists[1].0);
    assert_eq!(validate_text(&Alg::EdDsa.access_token(&by_certificate), &policy, now()), Ok(()));
}

/// A token whose `cnf` cannot be read may be bound to the revoked key.
#[test]
fn unreadable_confirmation_is_refused_while_a_proof_key_is_revoked() {
    let other_key = Revocation::ProofKey { thumbprint: Alg::EdDsa.key().thumbprint(), issued_before: at(NOW) };
    let (with_key, without) = (list_of([other_key]), list_of([TOKEN_2]));
    let policy = IdTokenPolicy::new(CLIENT_ID);
    let validate = |cnf: Value, list: &RevocationList<1>| {
        let claims = with(id_claims(), "cnf", cnf);
        let text = Alg::EdDsa.mint(Alg::EdDsa.id_header().to_string(), claims.to_string());
        verify(&text, |verified| verified.into_id_token(&policy.with_revocations(list), now()).map(drop))
    };
    for cnf in [json!("x"), json!({"jkt": "x"}), json!({"jkt": 7}), json!([])] {
        assert_eq!(validate(cnf.clone(), &with_key), Err(Error::Invalid(Claim::Confirmation)), "{cnf}");
        assert_eq!(validate(cnf.clone(), &without), Ok(()), "{cnf}");
    }
    for cnf in [Value::Null, json!({"jkt": Alg::Es256.key().thumbprint().to_string()})] {
        assert_eq!(validate(cnf, &with_key), Ok(()));
    }
    // An entry that is over revokes nothing, even before it is evicted.
    let mut over = revocation_list::<1>();
    over.revoke(other_key, now(), at(NOW - 1)).unwrap();
    assert_eq!((validate(json!("x"), &over), over.len()), (Ok(()), 1));
}

#[test]
fn revocation_is_shown_by_its_kind() {
    let key = Alg::Es256.key();
    let (thumbprint, before) = (key.thumbprint(), at(NOW));
    let shown = [
        TOKEN_1,
        Revocation::SigningInput(&[0; 32]),
        subject("user-42", NOW),
        Revocation::Client { issuer: ISSUER, client_id: "pump-app", issued_before: before },
        Revocation::Key { key: &key, issued_before: before },
        Revocation::ProofKey { thumbprint, issued_before: before },
        Revocation::Issuer { issuer: ISSUER, issued_before: before },
        all(NOW),
    ];
    let names = ["Token", "SigningInput", "Subject", "Client", "Key", "ProofKey", "Issuer", "All"];
    assert_eq!(shown.map(|revocation| format!("{revocation:?}")), names);
}

/// A logout at the issuer ends the session of an ID token too.
#[test]
fn id_token_is_revoked_by_everything_except_its_client() {
    let policy = IdTokenPolicy::new(CLIENT_ID).with_leeway(Duration::ZERO);
    let mint = |claims: Value| Alg::EdDsa.mint(Alg::EdDsa.id_header().to_string(), claims.to_string());
    let validate_at = |text: &str, revocations: &dyn Revocations, now: i64| {
        let policy = policy.with_revocations(revocations);
        verify(text, |verified| verified.into_id_token(&policy, at(now)).map(drop))
    };
    let text = mint(with(id_claims(), "jti", json!("token-1")));
    let digest = Token::parse(&text).unwrap().signing_input_digest();
    let (key, before) = (Alg::EdDsa.key(), at(NOW));
    let matching = [
        TOKEN_1,
        Revocation::SigningInput(&digest),
        subject("user-42", NOW),
        Revocation::Key { key: &key, issued_before: before },
        Revocation::Issuer { issuer: ISSUER, issued_before: before },
        all(NOW),
    ];
    for revocation in matching {
        assert_eq!(validate_at(&text, &list_of([revocation]), NOW), Err(Error::Revoked), "{revocation:?}");
    }
    let client = Revocation::Client { issuer: ISSUER, client_id: CLIENT_ID, issued_before: before };
    for revocation in [TOKEN_2, subject("user-43", NOW), subject("user-42", IAT), client] {
        assert_eq!(validate_at(&text, &list_of([revocation]), NOW), Ok(()), "{revocation:?}");
    }
    assert_eq!(validate_at(&text, &RevocationList::<1>::new(), NOW), Err(Error::NotOpened));
    // The store is asked last. It is given the time from which the policy refuses the token.
    let store = Store::new(Ok(()));
    for bad in [with(id_claims(), "azp", json!("other")), with(id_claims(), "exp", json!(NOW))] {
        assert!(validate_at(&mint(bad), &store, NOW).is_err());
    }
    assert_eq!(store.asked.get(), 0);
    assert_eq!((validate_at(&text, &store, NOW), store.asked.get()), (Ok(()), 1));
    let mut list = list_of([TOKEN_1]);
    list.revoke(TOKEN_2, at(END + 100), at(END)).unwrap();
    assert_eq!(validate_at(&text, &list, NOW), Err(Error::Expired));
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
            assert_eq!((token.usable_until(), token.refused_from()), (at(EXP), at(END)));
            assert_eq!(token.confirmation().map(|bound| bound.is_some()), Ok(false));
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
        validate_text(&text, &policy, crate::floor(floor))
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
    assert_eq!(validate(&revocation_list::<1>()), Ok(()));
    let key = Revocation::Key { key: &Alg::Es256.key(), issued_before: at(NOW) };
    for revocation in [TOKEN_1, Revocation::SigningInput(&digest), key, all(NOW)] {
        assert_eq!(validate(&list_of([revocation])), Err(Error::Revoked), "{revocation:?}");
    }
}

/// A claim that the policy does not check may have any type.
#[test]
fn store_does_not_cause_other_claims_to_be_checked() {
    let odd = with(claims_with("auth_time", json!("noon")), "acr", json!(1));
    assert_eq!(validate(&odd, &revocation_list::<4>()), Ok(()));
    assert_eq!(validate(&odd, &list_of([TOKEN_1])), Err(Error::Revoked));
}
