//! Step-up authentication ([RFC 9470](https://www.rfc-editor.org/rfc/rfc9470)): how and when the user of an access
//! token logged in. `sender_constraint.rs` tests it together with proof of possession.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::time::Duration;

use embedded_jwt::*;
use serde_json::{Value, json};
use testkit::*;

const POLICY: AccessTokenPolicy = AccessTokenPolicy::new(AUDIENCE).with_leeway(Duration::ZERO);
const AT_JWT: AccessTokenPolicy = AccessTokenPolicy::at_jwt(AUDIENCE).with_leeway(Duration::ZERO);
const UNTYPED: AccessTokenPolicy = AccessTokenPolicy::untyped(AUDIENCE).with_leeway(Duration::ZERO);
const UNCHECKED: AccessTokenPolicy = POLICY.with_unchecked_confirmation();
const A_MINUTE: Duration = Duration::from_secs(60);

const ACR: Claim = Claim::AuthenticationContext;
const AUTH_TIME: Claim = Claim::AuthenticationTime;

fn validate(claims: &Value, policy: &AccessTokenPolicy<'_>) -> Result<(), Error> {
    validate_access_token(&Alg::EdDsa.access_token(claims), policy, NOW, |_| ())
}

/// Validates a token with this JSON text as one of its claims.
fn validate_spelled(name: &str, json: &str, policy: &AccessTokenPolicy<'_>) -> Result<(), Error> {
    let payload = claims_with(name, json!("?")).to_string().replace("\"?\"", json);
    validate_access_token(&Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), payload), policy, NOW, |_| ())
}

#[test]
fn acr_must_be_one_of_the_list() {
    let wrong = Err(Error::Mismatch(ACR));
    let unconfigured = Err(Error::Unconfigured(ACR));
    let table = [
        (json!("gold"), "gold", Ok(())),
        (json!("gold"), "silver gold", Ok(())),
        (json!("gold"), "  silver  gold ", Ok(())),
        (json!("gold"), "silver", wrong),
        (json!("gold"), "Gold golden gol", wrong),
        (json!("gold"), "silver,gold", wrong),
        (json!("gold"), "silver\tgold", wrong),
        (json!("silver gold"), "silver gold", wrong),
        (json!(""), "gold", wrong),
        (Value::Null, "gold", Err(Error::Missing(ACR))),
        (json!(1), "1", Err(Error::Invalid(ACR))),
        (json!(["gold"]), "gold", Err(Error::Invalid(ACR))),
        (json!("gold"), "", unconfigured),
        (json!(""), " ", unconfigured),
        (Value::Null, "  ", unconfigured),
    ];
    for (acr, values, verdict) in table {
        for policy in [POLICY, UNTYPED, UNCHECKED] {
            let result = validate(&claims_with("acr", acr.clone()), &policy.with_acr(values));
            assert_eq!(result, verdict, "{acr} {values:?}");
        }
    }
    let policy = POLICY.with_acr("gold");
    assert_eq!(validate_spelled("acr", r#""\u0067old""#, &policy), Ok(()));
    assert_eq!(validate_spelled("acr", "null", &policy), Err(Error::Invalid(ACR)));
    // It replaces the list that was set before.
    assert_eq!(validate(&claims_with("acr", json!("gold")), &policy.with_acr("silver")), wrong);
}

#[test]
fn login_older_than_max_age_is_refused() {
    let table = [
        // max_age, leeway, auth_time before now, accepted
        (A_MINUTE, 0, 60, true),
        (A_MINUTE, 0, 61, false),
        (A_MINUTE, 10, 70, true),
        (A_MINUTE, 10, 71, false),
        (Duration::ZERO, 0, 0, true),
        (Duration::ZERO, 0, 1, false),
        (Duration::from_millis(60_999), 0, 61, false),
        (Duration::MAX, 0, i64::MAX, true),
        (A_MINUTE, 0, i64::MAX, false),
    ];
    for (max_age, leeway, age, accepted) in table {
        let claims = claims_with("auth_time", json!(NOW.saturating_sub(age)));
        let verdict = if accepted { Ok(()) } else { Err(Error::AuthenticationTooOld) };
        for policy in [POLICY, UNTYPED, UNCHECKED] {
            let policy = policy.with_max_age(max_age).with_leeway(Duration::from_secs(leeway));
            assert_eq!(validate(&claims, &policy), verdict, "{max_age:?} {leeway} {age}");
        }
        assert_eq!(validate(&claims, &POLICY), Ok(()));
    }
    let by_default = AccessTokenPolicy::new(AUDIENCE).with_max_age(A_MINUTE);
    assert_eq!(validate(&claims_with("auth_time", json!(NOW - 120)), &by_default), Ok(()));
    assert_eq!(validate(&claims_with("auth_time", json!(NOW - 121)), &by_default), Err(Error::AuthenticationTooOld));
}

#[test]
fn auth_time_is_required_for_max_age_and_must_be_a_date() {
    let policy = POLICY.with_max_age(A_MINUTE);
    let validate_time = |json: &str| validate_spelled("auth_time", json, &policy);
    assert_eq!(validate(&claims(), &policy), Err(Error::Missing(AUTH_TIME)));
    assert_eq!(validate(&claims(), &POLICY.with_max_age(Duration::MAX)), Err(Error::Missing(AUTH_TIME)));
    // A fraction is rounded so that the login counts as earlier.
    assert_eq!(validate_time(&format!("{}.9", NOW - 61)), Err(Error::AuthenticationTooOld));
    assert_eq!(validate_time(&format!("{}.1", NOW - 60)), Ok(()));
    assert_eq!(validate_time("1.7684784e9"), Ok(()));
    for json in ["null", "true", "\"1768478400\"", "[]", "{}", "1e400"] {
        assert_eq!(validate_time(json), Err(Error::Invalid(AUTH_TIME)), "{json}");
    }
}

#[test]
fn login_claim_of_wrong_type_is_refused_only_if_the_policy_asks_for_it() {
    let gold = |name: &str, json: &str| {
        let payload = with(claims_with("acr", json!("gold")), "auth_time", json!(NOW));
        with(payload, name, json!("?")).to_string().replace("\"?\"", json)
    };
    let validate = |payload: String, policy: &AccessTokenPolicy<'_>| {
        validate_access_token(&Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), payload), policy, NOW, |_| ())
    };
    for policy in [POLICY, AT_JWT, UNTYPED, UNCHECKED] {
        let (acr, max_age) = (policy.with_acr("gold"), policy.with_max_age(A_MINUTE));
        for json in ["null", "true", "[]", "{}"] {
            assert_eq!(validate(gold("auth_time", json), &acr), Ok(()), "{json}");
            assert_eq!(validate(gold("acr", json), &max_age), Ok(()), "{json}");
            assert_eq!(validate(gold("auth_time", json), &max_age), Err(Error::Invalid(AUTH_TIME)), "{json}");
            assert_eq!(validate(gold("acr", json), &acr), Err(Error::Invalid(ACR)), "{json}");
            assert_eq!(validate(gold("amr", json), &acr.with_max_age(A_MINUTE)), Ok(()), "{json}");
        }
    }
}
