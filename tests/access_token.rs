//! The claim rules of access tokens. Each rule is tested with an accepted token and with a copy that has one fault.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::time::Duration;

use embedded_jwt::*;
use serde_json::{Value, json};
use testkit::*;

const POLICY: AccessTokenPolicy = AccessTokenPolicy::new(AUDIENCE).with_leeway(Duration::ZERO);
const UNTYPED: AccessTokenPolicy = AccessTokenPolicy::untyped(AUDIENCE).with_leeway(Duration::ZERO);

fn validate_at(claims: &Value, policy: &AccessTokenPolicy<'_>, now: i64) -> Result<(), Error> {
    validate_access_token(&Alg::EdDsa.access_token(claims), policy, now, |_| ())
}

fn validate(claims: &Value, policy: &AccessTokenPolicy<'_>) -> Result<(), Error> {
    validate_at(claims, policy, NOW)
}

fn validate_typ(typ: Value, policy: &AccessTokenPolicy<'_>) -> Result<(), Error> {
    let mut header = Alg::EdDsa.header();
    match typ {
        Value::Null => header.as_object_mut().unwrap().remove("typ"),
        typ => header.as_object_mut().unwrap().insert("typ".into(), typ),
    };
    validate_access_token(&Alg::EdDsa.mint(header.to_string(), claims().to_string()), policy, NOW, |_| ())
}

#[test]
fn token_returns_its_claims() {
    for alg in ALGS {
        validate_access_token(&alg.access_token(&claims()), &POLICY, NOW, |token| {
            assert_eq!(token.issuer(), ISSUER);
            assert_eq!(token.subject(), Some("user-42"));
            assert_eq!(token.client_id(), Some("pump-app"));
            assert_eq!(token.jwt_id(), Some("token-1"));
            assert_eq!(token.audience().iter().filter_map(|a| a.as_str()).collect::<Vec<_>>(), [AUDIENCE]);
            assert_eq!(token.expires_at(), UnixTime::from_secs(NOW + 240));
            assert_eq!(token.issued_at(), Some(UnixTime::from_secs(NOW - 60)));
            assert_eq!(token.not_before(), Some(UnixTime::from_secs(NOW - 60)));
            assert_eq!(token.scopes().collect::<Vec<_>>(), ["pump:read", "pump:write"]);
        })
        .unwrap();
    }
}

#[test]
fn claims_deserialize_into_a_user_type() {
    #[derive(serde::Deserialize)]
    struct PumpClaims<'b> {
        site: &'b str,
        max_rpm: u16,
        roles: heapless::Vec<heapless::String<16>, 4>,
    }
    let text = Alg::Es256.access_token(&claims());
    validate_access_token(&text, &POLICY, NOW, |token| {
        let pump: PumpClaims = token.claims().unwrap();
        assert_eq!((pump.site, pump.max_rpm), ("north", 3000));
        assert_eq!(pump.roles, ["operator", "maintainer"]);
        assert_eq!(token.claims::<heapless::Vec<u8, 4>>(), Err(Error::Deserialize));
    })
    .unwrap();
}

#[test]
fn has_scope_matches_only_granted_scopes() {
    let granted = |scope: Value, asked: &str| {
        validate_access_token(&Alg::EdDsa.access_token(&claims_with("scope", scope)), &POLICY, NOW, |t| {
            t.has_scope(asked)
        })
        .unwrap()
    };
    assert!(granted(json!("a b"), "a") && granted(json!("a b"), "b") && granted(json!(" a  b "), "b"));
    for asked in ["", " ", "A", "a b", "c", "ab"] {
        assert!(!granted(json!("a b"), asked), "{asked:?}");
    }
    assert!(!granted(json!(""), "") && !granted(Value::Null, "") && !granted(Value::Null, "a"));
    // Only spaces separate scopes (RFC 6749 section 3.3).
    assert!(!granted(json!("a\tb"), "a") && granted(json!("a\tb"), "a\tb"));
}

#[test]
fn strings_reads_arrays_and_single_strings() {
    let text = Alg::EdDsa.access_token(&claims());
    validate_access_token(&text, &POLICY, NOW, |token| {
        let roles = token.strings("roles").unwrap();
        assert!(roles.contains("operator") && !roles.contains("admin"));
        assert!(token.strings("site").unwrap().contains("north"));
        assert_eq!(token.strings("groups").err(), Some(Error::Missing(Claim::Other)));
        assert_eq!(token.strings("max_rpm").err(), Some(Error::Invalid(Claim::Other)));
    })
    .unwrap();
}

#[test]
fn only_rfc_9068_types_are_accepted() {
    for typ in ["at+jwt", "application/at+jwt", "AT+JWT"] {
        assert_eq!(validate_typ(json!(typ), &POLICY), Ok(()), "{typ}");
    }
    for typ in [json!("JWT"), json!("at+jwt;v=1"), json!(""), json!("logout+jwt"), json!("x".repeat(65)), Value::Null] {
        assert_eq!(validate_typ(typ.clone(), &POLICY), Err(Error::WrongType), "{typ}");
    }
}

#[test]
fn untyped_policy_refuses_types_of_other_token_kinds() {
    for typ in [json!("at+jwt"), json!("JWT"), json!("jwt"), json!("application/JWT"), Value::Null] {
        assert_eq!(validate_typ(typ.clone(), &UNTYPED), Ok(()), "{typ}");
    }
    for typ in ["logout+jwt", "dpop+jwt", "id+jwt", "", "application/"] {
        assert_eq!(validate_typ(json!(typ), &UNTYPED), Err(Error::WrongType), "{typ}");
    }
}

#[test]
fn claims_required_by_rfc_9068_must_be_present() {
    let required = [
        ("iss", Claim::Issuer),
        ("exp", Claim::Expiration),
        ("aud", Claim::Audience),
        ("sub", Claim::Subject),
        ("client_id", Claim::ClientId),
        ("iat", Claim::IssuedAt),
        ("jti", Claim::JwtId),
    ];
    for (name, claim) in required {
        assert_eq!(validate(&claims_with(name, Value::Null), &POLICY), Err(Error::Missing(claim)), "{name}");
    }
    for name in ["nbf", "scope", "roles"] {
        assert_eq!(validate(&claims_with(name, Value::Null), &POLICY), Ok(()), "{name}");
    }
}

/// An empty string identifies nobody. Claims that are not required may be empty.
#[test]
fn required_string_is_never_empty() {
    for (name, claim) in [("sub", Claim::Subject), ("client_id", Claim::ClientId), ("jti", Claim::JwtId)] {
        let empty = claims_with(name, json!(""));
        assert_eq!(validate(&empty, &POLICY), Err(Error::Invalid(claim)), "{name}");
        assert_eq!(validate(&claims_with(name, json!(" ")), &POLICY), Ok(()), "{name}");
        assert_eq!(validate(&empty, &UNTYPED), Ok(()), "{name}");
    }
    for name in ["scope", "site"] {
        assert_eq!(validate(&claims_with(name, json!("")), &POLICY), Ok(()), "{name}");
    }
}

#[test]
fn untyped_policy_requires_iss_exp_and_aud() {
    for (name, claim) in [("iss", Claim::Issuer), ("exp", Claim::Expiration), ("aud", Claim::Audience)] {
        assert_eq!(validate(&claims_with(name, Value::Null), &UNTYPED), Err(Error::Missing(claim)), "{name}");
    }
    let minimal = json!({"iss": ISSUER, "exp": NOW + 1, "aud": AUDIENCE});
    let text = Alg::EdDsa.access_token(&minimal);
    validate_access_token(&text, &UNTYPED, NOW, |token| {
        assert_eq!((token.subject(), token.client_id(), token.jwt_id()), (None, None, None));
        assert_eq!((token.issued_at(), token.not_before()), (None, None));
        assert!(token.scopes().next().is_none());
    })
    .unwrap();
}

#[test]
fn registered_claim_of_wrong_type_is_not_treated_as_absent() {
    let strings = [
        ("iss", Claim::Issuer),
        ("sub", Claim::Subject),
        ("client_id", Claim::ClientId),
        ("jti", Claim::JwtId),
        ("scope", Claim::Scope),
    ];
    let dates = [("exp", Claim::Expiration), ("nbf", Claim::NotBefore), ("iat", Claim::IssuedAt)];
    let with_type = |name, value: &str| {
        let json = claims_with(name, json!("?")).to_string().replace("\"?\"", value);
        validate_access_token(&Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), json), &UNTYPED, NOW, |_| ())
    };
    for value in ["null", "true", "[]", "{}", "[\"a\"]"] {
        for (name, claim) in strings.into_iter().chain(dates) {
            assert_eq!(with_type(name, value), Err(Error::Invalid(claim)), "{name} {value}");
        }
    }
    for (name, claim) in strings {
        assert_eq!(with_type(name, "1"), Err(Error::Invalid(claim)), "{name}");
    }
    for (name, claim) in dates {
        for value in ["\"1700000000\"", "1e400", "-1e30", "9223372036854775808"] {
            assert_eq!(with_type(name, value), Err(Error::Invalid(claim)), "{name} {value}");
        }
    }
    for value in ["null", "1", "true", "{}", "[1]", "[\"urn:device:pump-7\",1]", "[[\"urn:device:pump-7\"]]"] {
        assert_eq!(with_type("aud", value), Err(Error::Invalid(Claim::Audience)), "{value}");
    }
}

#[test]
fn audience_must_match_exactly() {
    for aud in [json!(AUDIENCE), json!([AUDIENCE]), json!(["urn:other", AUDIENCE])] {
        assert_eq!(validate(&claims_with("aud", aud.clone()), &POLICY), Ok(()), "{aud}");
    }
    let wrong = [
        json!("urn:device:pump-8"),
        json!("urn:device:pump"),
        json!("urn:device:pump-77"),
        json!("URN:device:pump-7"),
        json!("urn:device:pump-7 "),
        json!("urn:device:pump-7\u{0}"),
        json!(""),
        json!([]),
        json!(["urn:device:pump-7 urn:other"]),
    ];
    for aud in wrong {
        assert_eq!(validate(&claims_with("aud", aud.clone()), &POLICY), Err(Error::Mismatch(Claim::Audience)), "{aud}");
    }
}

#[test]
fn strings_are_compared_after_unescaping() {
    let text = claims().to_string().replace(AUDIENCE, r"urn\u003adevice:pump\u002d7").replace("/idp", r"\/idp");
    let text = Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), text);
    assert_eq!(validate_access_token(&text, &POLICY, NOW, |_| ()), Ok(()));
}

#[test]
fn empty_audience_refuses_every_token() {
    let claims = claims_with("aud", json!([AUDIENCE, ""]));
    assert_eq!(validate(&claims, &AccessTokenPolicy::new("")), Err(Error::Unconfigured(Claim::Audience)));
    assert_eq!(validate(&claims, &AccessTokenPolicy::untyped("")), Err(Error::Unconfigured(Claim::Audience)));
    assert_eq!(validate_typ(json!("JWT"), &AccessTokenPolicy::new("")), Err(Error::Unconfigured(Claim::Audience)));
}

#[test]
fn token_expires_at_exp_plus_leeway() {
    let exp = |exp: i64| claims_with("exp", json!(exp));
    assert_eq!(validate(&exp(NOW + 1), &POLICY), Ok(()));
    assert_eq!(validate(&exp(NOW), &POLICY), Err(Error::Expired));
    assert_eq!(validate(&exp(-5), &POLICY), Err(Error::Expired));
    let lenient = POLICY.with_leeway(Duration::from_secs(30));
    assert_eq!(validate(&exp(NOW - 29), &lenient), Ok(()));
    assert_eq!(validate(&exp(NOW - 30), &lenient), Err(Error::Expired));
}

#[test]
fn token_is_valid_from_nbf_minus_leeway() {
    let nbf = |nbf: i64| claims_with("nbf", json!(nbf));
    assert_eq!(validate(&nbf(NOW), &POLICY), Ok(()));
    assert_eq!(validate(&nbf(NOW + 1), &POLICY), Err(Error::NotYetValid));
    let lenient = POLICY.with_leeway(Duration::from_secs(30));
    assert_eq!(validate(&nbf(NOW + 30), &lenient), Ok(()));
    assert_eq!(validate(&nbf(NOW + 31), &lenient), Err(Error::NotYetValid));
}

#[test]
fn default_leeway_is_one_minute() {
    let policy = AccessTokenPolicy::new(AUDIENCE);
    assert_eq!(validate(&claims_with("exp", json!(NOW - 59)), &policy), Ok(()));
    assert_eq!(validate(&claims_with("exp", json!(NOW - 60)), &policy), Err(Error::Expired));
}

#[test]
fn fractional_dates_are_rounded_against_the_token() {
    let with = |name, date: &str| {
        let json = claims_with(name, json!("?")).to_string().replace("\"?\"", date);
        let policy = POLICY.with_max_token_age(Duration::from_secs(100));
        validate_access_token(&Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), json), &policy, NOW, |token| {
            (token.expires_at().as_secs() - NOW, token.not_before().map(|nbf| nbf.as_secs() - NOW))
        })
    };
    assert_eq!(with("exp", &format!("{NOW}.9")), Err(Error::Expired));
    assert_eq!(with("exp", &format!("{}.9", NOW + 1)), Ok((1, Some(-60))));
    assert_eq!(with("nbf", &format!("{NOW}.1")), Err(Error::NotYetValid));
    assert_eq!(with("nbf", &format!("{}.1", NOW - 1)), Ok((240, Some(0))));
    assert_eq!(with("iat", &format!("{NOW}.1")), Err(Error::NotYetValid));
    assert_eq!(with("iat", &format!("{}.9", NOW - 101)), Err(Error::TooOld));
    assert_eq!(with("iat", &format!("{}.9", NOW - 100)), Ok((240, Some(-60))));
    assert_eq!(with("exp", "1.7684786e9"), Ok((200, Some(-60))));
}

#[test]
fn future_iat_is_refused_only_if_a_limit_uses_it() {
    let claims = claims_with("iat", json!(NOW + 100));
    assert_eq!(validate(&claims, &POLICY), Ok(()));
    let limited =
        [POLICY.with_max_lifetime(Duration::from_secs(9999)), POLICY.with_max_token_age(Duration::from_secs(9999))];
    for policy in limited {
        assert_eq!(validate(&claims, &policy), Err(Error::NotYetValid));
        assert_eq!(validate(&claims, &policy.with_leeway(Duration::from_secs(100))), Ok(()));
        assert_eq!(validate(&claims_with("iat", json!(NOW + 241)), &policy), Err(Error::Invalid(Claim::IssuedAt)));
        let no_lifetime = claims_with("iat", json!(NOW + 240));
        assert_eq!(validate(&no_lifetime, &policy.with_leeway(Duration::from_secs(240))), Ok(()));
    }
}

#[test]
fn max_lifetime_allows_no_leeway() {
    let policy = POLICY.with_max_lifetime(Duration::from_secs(300)).with_leeway(Duration::from_secs(60));
    assert_eq!(validate(&claims(), &policy), Ok(()));
    assert_eq!(validate(&claims_with("iat", json!(NOW - 61)), &policy), Err(Error::LifetimeTooLong));
    assert_eq!(validate(&claims_with("exp", json!(NOW + 241)), &policy), Err(Error::LifetimeTooLong));
    assert_eq!(validate(&claims_with("exp", json!(i64::MAX)), &policy), Err(Error::LifetimeTooLong));
    let untyped = UNTYPED.with_max_lifetime(Duration::from_secs(300));
    assert_eq!(validate(&claims_with("iat", Value::Null), &untyped), Err(Error::Missing(Claim::IssuedAt)));
}

#[test]
fn max_token_age_allows_leeway() {
    let policy = POLICY.with_max_token_age(Duration::from_secs(60));
    assert_eq!(validate(&claims(), &policy), Ok(()));
    assert_eq!(validate(&claims_with("iat", json!(NOW - 61)), &policy), Err(Error::TooOld));
    let lenient = policy.with_leeway(Duration::from_secs(10));
    assert_eq!(validate(&claims_with("iat", json!(NOW - 70)), &lenient), Ok(()));
    assert_eq!(validate(&claims_with("iat", json!(NOW - 71)), &lenient), Err(Error::TooOld));
    let untyped = UNTYPED.with_max_token_age(Duration::from_secs(60));
    assert_eq!(validate(&claims_with("iat", Value::Null), &untyped), Err(Error::Missing(Claim::IssuedAt)));
}

#[test]
fn time_arithmetic_saturates() {
    let endless = POLICY.with_leeway(Duration::MAX).with_max_token_age(Duration::MAX).with_max_lifetime(Duration::MAX);
    let far = claims_with("exp", json!(i64::MAX));
    assert_eq!(validate_at(&far, &endless, i64::MAX), Err(Error::Expired));
    assert_eq!(validate_at(&far, &endless, i64::MAX - 1), Ok(()));
    assert_eq!(validate_at(&far, &POLICY, i64::MAX - 1), Ok(()));
    assert_eq!(validate_at(&claims_with("nbf", json!(i64::MAX)), &POLICY, 1), Err(Error::NotYetValid));
    let past = claims_with("iat", json!(-i64::MAX));
    assert_eq!(validate(&past, &POLICY.with_max_token_age(Duration::from_secs(60))), Err(Error::TooOld));
    assert_eq!(validate(&past, &POLICY.with_max_lifetime(Duration::from_secs(60))), Err(Error::LifetimeTooLong));
    assert_eq!(validate_at(&claims_with("nbf", json!(0)), &POLICY.with_leeway(Duration::MAX), 1), Ok(()));
}

#[test]
fn unset_clock_refuses_every_token() {
    let claims = claims_with("nbf", json!(-10));
    assert_eq!(validate_at(&claims, &POLICY, 1), Ok(()));
    for now in [0, -1, i64::MIN] {
        assert_eq!(validate_at(&claims, &POLICY, now), Err(Error::ClockNotSet), "{now}");
    }
}

#[test]
fn every_required_scope_must_be_granted() {
    assert_eq!(validate(&claims(), &POLICY.with_required_scope("pump:write")), Ok(()));
    assert_eq!(validate(&claims(), &POLICY.with_required_scope("pump:write pump:read")), Ok(()));
    for scope in ["pump", "pump:admin", "pump:read pump:admin"] {
        assert_eq!(validate(&claims(), &POLICY.with_required_scope(scope)), Err(Error::InsufficientScope), "{scope}");
    }
    let none = claims_with("scope", Value::Null);
    assert_eq!(validate(&none, &POLICY.with_required_scope("pump:read")), Err(Error::InsufficientScope));
    for empty in ["", " ", "   "] {
        let policy = POLICY.with_required_scope(empty);
        assert_eq!(validate(&claims(), &policy), Err(Error::Unconfigured(Claim::Scope)), "{empty:?}");
    }
    let replaced = POLICY.with_required_scope("pump:admin").with_required_scope("pump:read");
    assert_eq!(validate(&claims(), &replaced), Ok(()));
}

#[test]
fn only_top_level_members_are_claims() {
    let nested = json!({"claims": claims(), "iss": ISSUER, "aud": AUDIENCE});
    assert_eq!(validate(&nested, &UNTYPED), Err(Error::Missing(Claim::Expiration)));
    let text = json!({"iss": ISSUER, "aud": AUDIENCE, "x": "\"exp\":99999999999"});
    assert_eq!(validate(&text, &UNTYPED), Err(Error::Missing(Claim::Expiration)));
}

#[test]
fn debug_shows_no_claim() {
    let text = Alg::EdDsa.access_token(&claims());
    let (token, keys, mut buf) = (Token::parse(&text).unwrap(), keys(), [0; 1024]);
    let verified = token.verify(&issuer(&keys), &mut buf).unwrap();
    assert_eq!(format!("{token:?} {verified:?}"), "Token { .. } Verified { .. }");
    let shown = validate_access_token(&text, &POLICY, NOW, |token| format!("{token:?} {:?}", *token)).unwrap();
    assert_eq!(shown, "AccessToken { .. } Claims { .. }");
}

#[test]
fn typed_token_is_accepted_only_with_its_own_type() {
    let validate = |typ: Value, policy: &TypedPolicy<'_>| {
        let mut header = Alg::EdDsa.header();
        header["typ"] = typ;
        let text = Alg::EdDsa.mint(header.to_string(), claims().to_string());
        verify(&text, |verified| {
            let token = verified.into_typed(policy, now())?;
            assert_eq!(token.subject(), Some("user-42"));
            assert_eq!(format!("{token:?}"), "TypedToken { .. }");
            Ok(())
        })
    };
    let command = TypedPolicy::new("cmd+jwt", AUDIENCE);
    assert_eq!(validate(json!("cmd+jwt"), &command), Ok(()));
    assert_eq!(validate(json!("application/CMD+jwt"), &command), Ok(()));
    for typ in ["at+jwt", "JWT", "", "cmd"] {
        assert_eq!(validate(json!(typ), &command), Err(Error::WrongType), "{typ}");
    }
    // A policy whose type names no kind of token matches no token.
    for typ in ["", "JWT", "jwt", "application/JWT", "application/"] {
        assert_eq!(validate(json!(typ), &TypedPolicy::new(typ, AUDIENCE)), Err(Error::WrongType), "{typ}");
    }
    assert_eq!(
        validate(json!("cmd+jwt"), &TypedPolicy::new("cmd+jwt", "urn:x")),
        Err(Error::Mismatch(Claim::Audience))
    );
    let brief = command.with_max_lifetime(Duration::from_secs(299));
    assert_eq!(validate(json!("cmd+jwt"), &brief), Err(Error::LifetimeTooLong));
    let fresh = command.with_leeway(Duration::ZERO).with_max_token_age(Duration::from_secs(59));
    assert_eq!(validate(json!("cmd+jwt"), &fresh), Err(Error::TooOld));
}
