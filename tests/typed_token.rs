//! [`TypedPolicy`] for tokens without audience that need not expire, such as a signed key set: the checks that remain.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::time::Duration;

use embedded_jwt::*;
use serde_json::{Value, json};
use testkit::*;

const TYP: &str = "jwk-set+jwt";
const POLICY: TypedPolicy = TypedPolicy::new_without_audience(TYP).with_leeway(Duration::ZERO);

/// Validates a token with this type and payload at this time, and passes it to `read` if it is accepted.
fn validate_text<T>(
    alg: Alg,
    typ: Value,
    payload: &str,
    policy: &TypedPolicy<'_>,
    now: impl Into<Now>,
    read: impl FnOnce(TypedToken<'_>) -> T,
) -> Result<T, Error> {
    let text = alg.mint(with(alg.header(), "typ", typ).to_string(), payload);
    verify(&text, |verified| verified.into_typed(policy, now).map(read))
}

fn validate_at(claims: &Value, policy: &TypedPolicy<'_>, now: i64) -> Result<(), Error> {
    validate_text(Alg::EdDsa, json!(TYP), &claims.to_string(), policy, UnixTime::from_secs(now), |_| ())
}

fn validate(claims: &Value, policy: &TypedPolicy<'_>) -> Result<(), Error> {
    validate_at(claims, policy, NOW)
}

/// A signed key set without audience and expiry, with one claim changed.
fn key_set_with(name: &str, value: Value) -> Value {
    with(json!({"iss": ISSUER, "iat": NOW - 60, "keys": [Alg::Es256.jwk()]}), name, value)
}

fn key_set() -> Value {
    key_set_with("exp", Value::Null)
}

/// Validates a key set with this JSON text as one of its claims.
fn validate_spelled(name: &str, json: &str) -> Result<(), Error> {
    let payload = key_set_with(name, json!("?")).to_string().replace("\"?\"", json);
    validate_text(Alg::EdDsa, json!(TYP), &payload, &POLICY, now(), |_| ())
}

#[test]
fn token_without_audience_and_expiry_is_accepted() {
    for alg in ALGS {
        validate_text(alg, json!(TYP), &key_set().to_string(), &POLICY, now(), |token| {
            assert_eq!(token.issuer(), ISSUER);
            assert_eq!(token.expires_at(), UnixTime::from_secs(i64::MAX));
            assert_eq!(token.issued_at(), Some(UnixTime::from_secs(NOW - 60)));
            assert!(token.audience().iter().next().is_none() && !token.audience().contains(""));
            assert_eq!((token.subject(), token.jwt_id(), token.not_before()), (None, None, None));
            assert_eq!(format!("{token:?}"), "TypedToken { .. }");
        })
        .unwrap();
    }
    // Only the issuer is required.
    assert_eq!(validate(&json!({"iss": ISSUER}), &POLICY), Ok(()));
    assert_eq!(validate(&key_set_with("iss", Value::Null), &POLICY), Err(Error::Missing(Claim::Issuer)));
    assert_eq!(validate_at(&key_set(), &POLICY, i64::MAX - 1), Ok(()));
}

#[test]
fn policy_with_an_audience_refuses_a_token_without_audience() {
    let policy = TypedPolicy::new(TYP, AUDIENCE);
    assert_eq!(validate(&key_set(), &policy), Err(Error::Missing(Claim::Expiration)));
    let brief = key_set_with("exp", json!(NOW + 1));
    assert_eq!(validate(&brief, &policy), Err(Error::Missing(Claim::Audience)));
    assert_eq!(validate(&with(brief, "aud", json!(AUDIENCE)), &policy), Ok(()));
}

#[test]
fn policy_without_audience_refuses_a_token_with_an_audience() {
    for aud in [json!(AUDIENCE), json!([AUDIENCE]), json!(""), json!([]), json!(["*"])] {
        assert_eq!(
            validate(&key_set_with("aud", aud.clone()), &POLICY),
            Err(Error::Mismatch(Claim::Audience)),
            "{aud}"
        );
    }
    for json in ["null", "1", "true", "{}", "[1]", "[null]"] {
        assert_eq!(validate_spelled("aud", json), Err(Error::Invalid(Claim::Audience)), "{json}");
    }
}

#[test]
fn expiry_is_checked_if_present() {
    assert_eq!(validate(&key_set_with("exp", json!(NOW + 1)), &POLICY), Ok(()));
    for exp in [NOW, NOW - 1, 0, -1] {
        assert_eq!(validate(&key_set_with("exp", json!(exp)), &POLICY), Err(Error::Expired), "{exp}");
    }
    assert_eq!(validate_spelled("exp", &format!("{NOW}.9")), Err(Error::Expired));
    let lenient = POLICY.with_leeway(Duration::from_secs(30));
    assert_eq!(validate(&key_set_with("exp", json!(NOW - 29)), &lenient), Ok(()));
    assert_eq!(validate(&key_set_with("exp", json!(NOW - 30)), &lenient), Err(Error::Expired));
    let by_default = TypedPolicy::new_without_audience(TYP);
    assert_eq!(validate(&key_set_with("exp", json!(NOW - 59)), &by_default), Ok(()));
    assert_eq!(validate(&key_set_with("exp", json!(NOW - 60)), &by_default), Err(Error::Expired));
    let exp = validate_text(
        Alg::EdDsa,
        json!(TYP),
        &key_set_with("exp", json!(NOW + 9)).to_string(),
        &POLICY,
        now(),
        |token| token.expires_at().as_secs(),
    );
    assert_eq!(exp, Ok(NOW + 9));
}

#[test]
fn registered_claim_of_the_wrong_type_is_not_taken_for_absent() {
    for (name, claim) in [("exp", Claim::Expiration), ("nbf", Claim::NotBefore), ("iat", Claim::IssuedAt)] {
        for json in ["null", "true", "\"1768478400\"", "[]", "{}", "1e400"] {
            assert_eq!(validate_spelled(name, json), Err(Error::Invalid(claim)), "{name} {json}");
        }
    }
    for (name, claim) in [("sub", Claim::Subject), ("jti", Claim::JwtId), ("iss", Claim::Issuer)] {
        for json in ["null", "1", "[]", "{}"] {
            assert_eq!(validate_spelled(name, json), Err(Error::Invalid(claim)), "{name} {json}");
        }
    }
}

#[test]
fn token_is_accepted_from_the_second_of_its_nbf() {
    assert_eq!(validate(&key_set_with("nbf", json!(NOW)), &POLICY), Ok(()));
    assert_eq!(validate(&key_set_with("nbf", json!(NOW + 1)), &POLICY), Err(Error::NotYetValid));
}

#[test]
fn max_token_age_applies_with_leeway() {
    let policy = POLICY.with_max_token_age(Duration::from_secs(60));
    let iat = |iat: i64| key_set_with("iat", json!(iat));
    assert_eq!(validate(&iat(NOW - 60), &policy), Ok(()));
    assert_eq!(validate(&iat(NOW - 61), &policy), Err(Error::TooOld));
    assert_eq!(validate(&iat(NOW), &policy), Ok(()));
    assert_eq!(validate(&iat(NOW + 1), &policy), Err(Error::NotYetValid));
    let lenient = policy.with_leeway(Duration::from_secs(10));
    assert_eq!(validate(&iat(NOW - 70), &lenient), Ok(()));
    assert_eq!(validate(&iat(NOW - 71), &lenient), Err(Error::TooOld));
    assert_eq!(validate(&key_set_with("iat", Value::Null), &policy), Err(Error::Missing(Claim::IssuedAt)));
    assert_eq!(validate(&key_set_with("iat", Value::Null), &POLICY), Ok(()));
}

#[test]
fn max_lifetime_refuses_a_token_without_expiry() {
    let policy = POLICY.with_max_lifetime(Duration::from_secs(300));
    assert_eq!(validate(&key_set_with("exp", json!(NOW + 240)), &policy), Ok(()));
    assert_eq!(validate(&key_set_with("exp", json!(NOW + 241)), &policy), Err(Error::LifetimeTooLong));
    assert_eq!(validate(&key_set(), &policy), Err(Error::LifetimeTooLong));
    assert_eq!(validate(&key_set(), &POLICY.with_max_lifetime(Duration::MAX)), Ok(()));
    assert_eq!(validate(&key_set_with("iat", Value::Null), &policy), Err(Error::Missing(Claim::IssuedAt)));
}

#[test]
fn clock_that_was_never_set_refuses_a_token_without_expiry() {
    let claims = key_set_with("iat", json!(1));
    assert_eq!(validate_at(&claims, &POLICY, 1_262_304_000), Ok(()));
    for now in [1_262_303_999, 1, 0, -1, i64::MIN] {
        assert_eq!(validate_at(&claims, &POLICY, now), Err(Error::ClockNotSet), "{now}");
    }
}

/// A token may be of any time, even if it never expires.
#[test]
fn token_without_audience_and_expiry_is_of_unknown_time_at_a_floor() {
    let validate = |claims: &Value, policy: &TypedPolicy<'_>, now: Now| {
        validate_text(Alg::EdDsa, json!(TYP), &claims.to_string(), policy, now, |token| token.freshness())
    };
    let at_least = |secs| Now::AtLeast(EarliestTime::from_secs(secs));
    let policy = TypedPolicy::new_without_audience(TYP);
    assert_eq!(validate(&key_set(), &policy, now().into()), Ok(Freshness::Clock));
    assert_eq!(validate(&key_set(), &policy, at_least(NOW)), Err(Error::TimeUnknown));
    let trusting = policy.with_max_unproven_lifetime(Duration::MAX);
    assert_eq!(validate(&key_set(), &trusting, at_least(NOW)), Ok(Freshness::Unproven));
    assert_eq!(validate(&key_set(), &trusting, at_least(i64::MAX - 1)), Ok(Freshness::Unproven));
    let brief = policy.with_max_unproven_lifetime(Duration::from_secs(300));
    assert_eq!(validate(&key_set(), &brief, at_least(NOW)), Err(Error::LifetimeTooLong));
    let expiring = key_set_with("exp", json!(NOW + 240));
    assert_eq!(validate(&expiring, &brief, at_least(NOW)), Ok(Freshness::Unproven));
}

#[test]
fn token_of_another_type_is_refused() {
    let validate_typ = |typ: Value, policy: &TypedPolicy<'_>| {
        validate_text(Alg::EdDsa, typ, &key_set().to_string(), policy, now(), |_| ())
    };
    for typ in ["jwk-set+jwt", "application/jwk-set+jwt", "JWK-Set+JWT"] {
        assert_eq!(validate_typ(json!(typ), &POLICY), Ok(()), "{typ}");
    }
    for typ in [json!("at+jwt"), json!("JWT"), json!("jwk-set+json"), json!("jwk-set"), json!(""), Value::Null] {
        assert_eq!(validate_typ(typ.clone(), &POLICY), Err(Error::WrongType), "{typ}");
    }
    // A type that names no kind of token matches none.
    for typ in ["", "JWT", "jwt", "application/JWT", "application/"] {
        assert_eq!(validate_typ(json!(typ), &TypedPolicy::new_without_audience(typ)), Err(Error::WrongType), "{typ}");
        assert_eq!(validate_typ(Value::Null, &TypedPolicy::new_without_audience(typ)), Err(Error::WrongType), "{typ}");
    }
}

#[test]
fn signed_key_set_is_no_access_token_and_no_id_token() {
    let text = Alg::EdDsa.mint(with(Alg::EdDsa.header(), "typ", json!(TYP)).to_string(), key_set().to_string());
    for policy in [AccessTokenPolicy::new(AUDIENCE), AccessTokenPolicy::untyped(AUDIENCE)] {
        let refused = verify(&text, |verified| verified.into_access_token(&policy, now()).map(drop));
        assert_eq!(refused, Err(Error::WrongType));
    }
    let policy = IdTokenPolicy::new(CLIENT_ID);
    let refused = verify(&text, |verified| verified.into_id_token(&policy, now()).map(drop));
    assert_eq!(refused, Err(Error::WrongType));
}

#[test]
fn token_that_is_bound_to_a_key_is_refused_unless_the_policy_says_otherwise() {
    let jkt = Alg::Es256.key().thumbprint().to_string();
    let unchecked = POLICY.with_unchecked_confirmation();
    for cnf in [json!({"jkt": jkt}), json!({"kid": "key-1"}), json!({}), json!(1), json!("x")] {
        let bound = key_set_with("cnf", cnf.clone());
        assert_eq!(validate(&bound, &POLICY), Err(Error::SenderConstrained), "{cnf}");
        let is_readable = cnf.is_object();
        let expected = if is_readable { Ok(()) } else { Err(Error::Invalid(Claim::Confirmation)) };
        assert_eq!(validate(&bound, &unchecked), expected, "{cnf}");
    }
    let confirmation = |claims: &Value| {
        validate_text(Alg::EdDsa, json!(TYP), &claims.to_string(), &unchecked, now(), |token| {
            token.confirmation().map(|found| found.matches_key(&Alg::Es256.key()))
        })
    };
    assert_eq!(confirmation(&key_set_with("cnf", json!({"jkt": jkt}))), Ok(Some(true)));
    assert_eq!(confirmation(&key_set_with("cnf", json!({"jkt": "A".repeat(43)}))), Ok(Some(false)));
    assert_eq!(confirmation(&key_set()), Ok(None));
}

#[test]
fn pending_token_shows_its_claims_and_is_consumed_only_by_consume() {
    let used = replay_window::<1>();
    let text = Alg::EdDsa.mint(with(Alg::EdDsa.header(), "typ", json!("cmd+jwt")).to_string(), claims().to_string());
    let policy = TypedPolicy::new("cmd+jwt", AUDIENCE).with_single_use(&used);
    let run = |consume: bool| {
        verify(&text, |verified| {
            let pending = verified.validate_typed(&policy, now())?;
            assert_eq!((pending.subject(), pending.jwt_id()), (Some("user-42"), Some("token-1")));
            assert_eq!(format!("{pending:?}"), "Pending { .. }");
            if consume { pending.consume().map(|token| token.jwt_id().is_some()) } else { Err(Error::Denied) }
        })
    };
    assert_eq!((run(false), used.len(), used.generation()), (Err(Error::Denied), 0, 0));
    assert_eq!((run(true), used.len()), (Ok(true), 1));
    assert_eq!(run(true), Err(Error::Replayed));
}

/// An id that never ends would take its slot forever.
#[test]
fn token_without_expiry_is_refused_for_single_use() {
    let used = replay_window::<1>();
    let with_id = key_set_with("jti", json!("set-1"));
    assert_eq!(validate(&with_id, &POLICY.with_single_use(&used)), Err(Error::Missing(Claim::Expiration)));
    let expiring = with(with_id, "exp", json!(NOW + 60));
    assert_eq!(validate(&expiring, &POLICY.with_single_use(&used)), Ok(()));
}
