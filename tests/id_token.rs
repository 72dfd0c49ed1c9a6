//! The rules for ID tokens, in the steps of
//! [OpenID Connect Core 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation). Each rule is
//! tested with an accepted token and with a copy that has one fault.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::time::Duration;

use embedded_jwt::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};
use testkit::*;

const POLICY: IdTokenPolicy = IdTokenPolicy::new(CLIENT_ID).with_leeway(Duration::ZERO);
const NONCE: &str = "n-0S6_WzA2Mj";
const SILVER: &str = "urn:mace:incommon:iap:silver";
const OTHER: &str = "urn:example:other";

const AZP: Claim = Claim::AuthorizedParty;

fn id_token(alg: Alg, payload: impl AsRef<[u8]>) -> String {
    alg.mint(alg.id_header().to_string(), payload)
}

/// Verifies and validates an ID token at the time `now`, and passes it to `read` if it is accepted.
fn validate_text<T>(
    text: &str,
    policy: &IdTokenPolicy<'_>,
    now: i64,
    read: impl FnOnce(IdToken<'_>) -> T,
) -> Result<T, Error> {
    verify(text, |verified| verified.into_id_token(policy, UnixTime::from_secs(now)).map(read))
}

fn validate_at(claims: &Value, policy: &IdTokenPolicy<'_>, now: i64) -> Result<(), Error> {
    validate_text(&id_token(Alg::EdDsa, claims.to_string()), policy, now, |_| ())
}

fn validate(claims: &Value, policy: &IdTokenPolicy<'_>) -> Result<(), Error> {
    validate_at(claims, policy, NOW)
}

/// [`id_claims`] with one claim changed, or removed by `Value::Null`.
fn id_with(name: &str, value: Value) -> Value {
    with(id_claims(), name, value)
}

/// [`id_claims`] with one claim given as JSON text.
fn spelled(name: &str, json: &str) -> String {
    id_with(name, json!("?")).to_string().replace("\"?\"", json)
}

fn validate_spelled(name: &str, json: &str, policy: &IdTokenPolicy<'_>) -> Result<(), Error> {
    validate_text(&id_token(Alg::EdDsa, spelled(name, json)), policy, NOW, |_| ())
}

#[test]
fn token_returns_its_claims() {
    for alg in ALGS {
        validate_text(&id_token(alg, id_claims().to_string()), &POLICY, NOW, |token| {
            assert_eq!(token.issuer(), ISSUER);
            assert_eq!(token.subject(), Some("user-42"));
            assert_eq!(token.audience().iter().filter_map(|a| a.as_str()).collect::<Vec<_>>(), [CLIENT_ID]);
            assert_eq!(token.expires_at(), UnixTime::from_secs(NOW + 240));
            assert_eq!(token.issued_at(), Some(UnixTime::from_secs(NOW - 60)));
            assert_eq!((token.not_before(), token.jwt_id()), (None, None));
            assert_eq!(token.authenticated_at(), Some(UnixTime::from_secs(NOW - 60)));
            assert_eq!(token.acr(), Some(SILVER));
            assert_eq!(token.amr().iter().filter_map(|a| a.as_str()).collect::<Vec<_>>(), ["pwd", "otp"]);
            assert!(token.strings("email").unwrap().contains("alice@example.com"));
            assert_eq!(token.strings("groups").err(), Some(Error::Missing(Claim::Other)));
        })
        .unwrap();
    }
}

#[test]
fn absent_login_claims_are_none() {
    let minimal = json!({"iss": ISSUER, "sub": "user-42", "aud": CLIENT_ID, "exp": NOW + 1, "iat": NOW});
    validate_text(&id_token(Alg::Es256, minimal.to_string()), &POLICY, NOW, |token| {
        assert_eq!((token.authenticated_at(), token.acr()), (None, None));
        assert!(token.amr().iter().next().is_none());
    })
    .unwrap();
}

#[test]
fn claims_deserialize_into_a_user_type() {
    #[derive(serde::Deserialize)]
    struct Profile<'b> {
        name: &'b str,
        email: heapless::String<32>,
        amr: heapless::Vec<heapless::String<8>, 4>,
        auth_time: i64,
    }
    validate_text(&id_token(Alg::Es256, id_claims().to_string()), &POLICY, NOW, |token| {
        let profile: Profile = token.claims().unwrap();
        assert_eq!((profile.name, profile.email.as_str()), ("Alice", "alice@example.com"));
        assert_eq!((profile.amr[1].as_str(), profile.auth_time), ("otp", NOW - 60));
        assert_eq!(token.claims::<heapless::Vec<u8, 4>>(), Err(Error::Deserialize(Misfit::WrongType)));
    })
    .unwrap();
}

#[test]
fn auth_time_is_rounded_down() {
    for (json, secs) in [("1.9", 1), ("-0.5", -1), ("1.7684784e9", NOW), ("-9223372036854775807", -i64::MAX)] {
        let read = |token: IdToken<'_>| token.authenticated_at();
        let time = validate_text(&id_token(Alg::EdDsa, spelled("auth_time", json)), &POLICY, NOW, read);
        assert_eq!(time, Ok(Some(UnixTime::from_secs(secs))), "{json}");
    }
}

#[test]
fn escaped_acr_needs_room_for_its_copy() {
    let acr = r#"level "2"\3"#;
    let payload = id_with("acr", acr.into()).to_string();
    let text = id_token(Alg::EdDsa, &payload);
    let keys = keys();
    let enough = payload.len() + acr.len();
    for len in payload.len()..=enough + 4 {
        let mut buf = vec![0; len];
        let verified = Token::parse(&text).unwrap().verify(&issuer(&keys), &mut buf).unwrap();
        let token = verified.into_id_token(&POLICY, now());
        match len < enough {
            true => assert_eq!(token.err(), Some(Error::BufferTooSmall), "{len}"),
            false => assert_eq!(token.unwrap().acr(), Some(acr), "{len}"),
        }
    }
    // In a policy, the space separates two values.
    let policy = POLICY.with_acr(acr);
    assert_eq!(validate_text(&text, &policy, NOW, |_| ()), Err(Error::Mismatch(Claim::AuthenticationContext)));
    assert_eq!(validate(&id_with("acr", json!(r#""2"\3"#)), &policy), Ok(()));
}

#[test]
fn claims_required_by_openid_connect_must_be_present() {
    let required = [
        ("iss", Claim::Issuer),
        ("sub", Claim::Subject),
        ("aud", Claim::Audience),
        ("exp", Claim::Expiration),
        ("iat", Claim::IssuedAt),
    ];
    for (name, claim) in required {
        assert_eq!(validate(&id_with(name, Value::Null), &POLICY), Err(Error::Missing(claim)), "{name}");
    }
    for name in ["auth_time", "nonce", "acr", "amr", "name"] {
        assert_eq!(validate(&id_with(name, Value::Null), &POLICY), Ok(()), "{name}");
    }
    assert_eq!(validate(&id_with("sub", json!(" ")), &POLICY), Ok(()));
    assert_eq!(validate(&id_with("sub", json!("")), &POLICY), Err(Error::Invalid(Claim::Subject)));
}

#[test]
fn known_claim_of_wrong_type_is_not_treated_as_absent() {
    let strings = [("iss", Claim::Issuer), ("sub", Claim::Subject), ("jti", Claim::JwtId), ("azp", AZP)];
    let dates = [("exp", Claim::Expiration), ("nbf", Claim::NotBefore), ("iat", Claim::IssuedAt)];
    let refuses = |name, json, claim| {
        assert_eq!(validate_spelled(name, json, &POLICY), Err(Error::Invalid(claim)), "{name} {json}");
    };
    for (name, claim) in strings {
        for json in ["null", "true", "1", "[]", "{}", "[\"pump-app\"]"] {
            refuses(name, json, claim);
        }
    }
    for (name, claim) in dates {
        for json in ["null", "true", "[]", "{}", "\"1768478400\"", "1e400", "9223372036854775808"] {
            refuses(name, json, claim);
        }
    }
    for json in ["null", "true", "1", "{}", "[1]", "[\"pump-app\",null]", "[[\"pump-app\"]]"] {
        refuses("aud", json, Claim::Audience);
    }
}

/// Claims about the login and the request are read only for a policy that asks for them.
#[test]
fn claim_of_wrong_type_is_refused_only_if_the_policy_asks_for_it() {
    let nonce = POLICY.with_nonce(NONCE);
    let acr = POLICY.with_acr(SILVER);
    let max_age = POLICY.with_max_age(Duration::MAX);
    let [at_hash, c_hash] = [POLICY.with_access_token(TEXT), POLICY.with_code(TEXT)];
    let strings = ["null", "true", "1", "[]", "{}", "[\"a\"]"];
    let dates = ["null", "true", "[]", "{}", "\"1768478400\"", "1e400", "9223372036854775808"];
    let table = [
        ("nonce", nonce, Claim::Nonce, &strings[..]),
        ("acr", acr, Claim::AuthenticationContext, &strings),
        ("auth_time", max_age, Claim::AuthenticationTime, &dates),
        ("at_hash", at_hash, Claim::AccessTokenHash, &strings),
        ("c_hash", c_hash, Claim::CodeHash, &strings),
    ];
    for (name, asking, claim, values) in table {
        for json in values {
            assert_eq!(validate_spelled(name, json, &asking), Err(Error::Invalid(claim)), "{name} {json}");
            assert_eq!(validate_spelled(name, json, &POLICY), Ok(()), "{name} {json}");
        }
    }
    // A policy with a rule about one login claim does not read the other one.
    assert_eq!(validate_spelled("auth_time", "null", &acr), Ok(()));
    assert_eq!(validate_spelled("acr", "null", &max_age), Ok(()));
}

#[test]
fn login_claim_of_wrong_type_is_returned_as_absent() {
    let read = |name, json| {
        validate_text(&id_token(Alg::EdDsa, spelled(name, json)), &POLICY, NOW, |token| {
            (token.authenticated_at().is_some(), token.acr().is_some(), token.amr().iter().count())
        })
    };
    assert_eq!(read("name", "null"), Ok((true, true, 2)));
    for json in ["null", "true", "{}", "[1]", "\"1768478400\"", "1e400"] {
        assert_eq!(read("auth_time", json), Ok((false, true, 2)), "{json}");
    }
    for json in ["null", "1", "true", "{}", "[\"gold\"]"] {
        assert_eq!(read("acr", json), Ok((true, false, 2)), "{json}");
    }
    // `amr` is an array even of one method.
    for json in ["null", "1", "true", "{}", "\"pwd\"", "[1]", "[\"pwd\",null]", "[[\"pwd\"]]", "[{\"method\":\"otp\"}]"]
    {
        assert_eq!(read("amr", json), Ok((true, true, 0)), "{json}");
    }
}

/// Some issuers name the kind of a token only in its payload: Keycloak in `typ`, Cognito in `token_use`.
#[test]
fn payload_of_another_kind_is_refused() {
    for kind in ["bearer", "dpop", "refresh", "offline", "logout"] {
        for typ in [kind.into(), kind.to_uppercase(), capitalized(kind)] {
            assert_eq!(validate(&id_with("typ", json!(typ)), &POLICY), Err(Error::WrongType), "{typ}");
        }
    }
    assert_eq!(validate_spelled("typ", r#""\u0042earer""#, &POLICY), Err(Error::WrongType));
    for typ in ["ID", "id", "JWT", "", "Bearer ", " bearer", "bearer token", "bear", "access"] {
        assert_eq!(validate(&id_with("typ", json!(typ)), &POLICY), Ok(()), "{typ:?}");
    }
    for json in ["null", "1", "true", "[]", "{}", "[\"Bearer\"]"] {
        assert_eq!(validate_spelled("typ", json, &POLICY), Ok(()), "a `typ` that is no string is no mark: {json}");
    }

    assert_eq!(validate(&id_with("token_use", json!("id")), &POLICY), Ok(()));
    assert_eq!(validate_spelled("token_use", r#""\u0069d""#, &POLICY), Ok(()));
    for json in ["\"access\"", "\"ID\"", "\"id \"", "\"\"", "null", "5", "true", "[]", "{}", "[\"id\"]"] {
        assert_eq!(validate_spelled("token_use", json, &POLICY), Err(Error::WrongType), "{json}");
    }

    for json in ["null", "1", "true", "\"\"", "[]", "{}", "{\"urn:example:event\":{}}"] {
        assert_eq!(validate_spelled("events", json, &POLICY), Err(Error::WrongType), "{json}");
    }
    let nested = json!({"events": {}, "typ": "Bearer", "token_use": "access"});
    assert_eq!(validate(&id_with("claims", nested), &POLICY), Ok(()));
}

fn capitalized(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

#[test]
fn type_must_be_jwt_or_absent() {
    let validate_typ = |typ: Value| {
        let header = with(Alg::EdDsa.id_header(), "typ", typ);
        validate_text(&Alg::EdDsa.mint(header.to_string(), id_claims().to_string()), &POLICY, NOW, |_| ())
    };
    for typ in [json!("JWT"), json!("jwt"), json!("application/jwt"), json!("Application/JWT"), Value::Null] {
        assert_eq!(validate_typ(typ.clone()), Ok(()), "{typ}");
    }
    let other_kinds = [
        "at+jwt",
        "application/at+jwt",
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "id+jwt",
        "text/jwt",
        "JWT ",
        "JWT;v=1",
        "JWS",
        "application/",
        "",
    ];
    for typ in other_kinds {
        assert_eq!(validate_typ(json!(typ)), Err(Error::WrongType), "{typ}");
    }
    assert_eq!(validate_typ(json!("x".repeat(65))), Err(Error::WrongType));
}

#[test]
fn id_token_and_access_token_are_not_interchangeable() {
    let as_access_token = |text: &str, policy: &AccessTokenPolicy<'_>| validate_access_token(text, policy, NOW, |_| ());
    for alg in ALGS {
        let id = id_token(alg, id_claims().to_string());
        assert_eq!(validate_text(&id, &POLICY, NOW, |_| ()), Ok(()));
        assert_eq!(as_access_token(&id, &AccessTokenPolicy::new(CLIENT_ID)), Err(Error::WrongType));
        assert_eq!(as_access_token(&id, &AccessTokenPolicy::new(AUDIENCE)), Err(Error::WrongType));
        let wrong_audience = Err(Error::Mismatch(Claim::Audience));
        assert_eq!(as_access_token(&id, &AccessTokenPolicy::untyped(AUDIENCE)), wrong_audience);

        let access = alg.access_token(&claims());
        assert_eq!(as_access_token(&access, &AccessTokenPolicy::new(AUDIENCE)), Ok(()));
        assert_eq!(validate_text(&access, &IdTokenPolicy::new(AUDIENCE), NOW, |_| ()), Err(Error::WrongType));
        // An access token of the type JWT is refused for its audience, which is not a client.
        let unmarked = id_token(alg, claims().to_string());
        assert_eq!(validate_text(&unmarked, &POLICY, NOW, |_| ()), wrong_audience);
    }
}

/// Step 2: the issuer.
#[test]
fn issuer_must_match_exactly() {
    for iss in ["https://idp.example.com/", "https://IDP.example.com", "http://idp.example.com", "idp.example.com", ""]
    {
        assert_eq!(validate(&id_with("iss", json!(iss)), &POLICY), Err(Error::Mismatch(Claim::Issuer)), "{iss}");
    }
}

/// Step 3: the audience.
#[test]
fn client_must_be_among_the_audiences() {
    for aud in [json!(CLIENT_ID), json!([CLIENT_ID]), json!([CLIENT_ID, CLIENT_ID])] {
        assert_eq!(validate(&id_with("aud", aud.clone()), &POLICY), Ok(()), "{aud}");
    }
    let wrong = [
        json!("pump-ap"),
        json!("pump-apps"),
        json!("Pump-app"),
        json!("pump-app "),
        json!(""),
        json!([]),
        json!([OTHER]),
        json!("pump-app urn:example:other"),
    ];
    for aud in wrong {
        // Neither `azp` nor trusted audiences replace a missing client.
        for claims in [id_with("aud", aud.clone()), with(id_with("aud", aud.clone()), "azp", json!(CLIENT_ID))] {
            for policy in [POLICY, POLICY.with_trusted_audiences(&[OTHER, ""])] {
                assert_eq!(validate(&claims, &policy), Err(Error::Mismatch(Claim::Audience)), "{aud}");
            }
        }
    }
}

#[test]
fn empty_client_id_refuses_every_token() {
    for aud in [json!(""), json!([CLIENT_ID, ""])] {
        let refused = validate(&id_with("aud", aud), &IdTokenPolicy::new(""));
        assert_eq!(refused, Err(Error::Unconfigured(Claim::Audience)));
    }
}

/// Steps 3 to 5: other audiences and the authorized party.
#[test]
fn token_for_several_audiences_must_be_issued_to_this_client() {
    const NONE: &[&str] = &[];
    const TRUSTED: &[&str] = &[OTHER];
    let (ours, others) = (json!(CLIENT_ID), json!(OTHER));
    let alone = || json!([CLIENT_ID]);
    let both = || json!([OTHER, CLIENT_ID]);
    let three = || json!([CLIENT_ID, OTHER, "urn:example:third"]);
    let table = [
        // A token with one audience needs no `azp`, and must not be issued to another party.
        (alone(), Value::Null, NONE, Ok(())),
        (alone(), ours.clone(), NONE, Ok(())),
        (alone(), others.clone(), NONE, Err(Error::Mismatch(AZP))),
        // Another audience must be trusted, or `azp` must name this client.
        (both(), Value::Null, NONE, Err(Error::Missing(AZP))),
        (both(), ours.clone(), NONE, Ok(())),
        (both(), others.clone(), NONE, Err(Error::Mismatch(AZP))),
        (both(), Value::Null, TRUSTED, Ok(())),
        (both(), ours.clone(), TRUSTED, Ok(())),
        // A trusted audience is not a trusted party.
        (both(), others, TRUSTED, Err(Error::Mismatch(AZP))),
        // Every other audience must be trusted.
        (three(), Value::Null, TRUSTED, Err(Error::Missing(AZP))),
        (three(), ours, TRUSTED, Ok(())),
        (three(), Value::Null, &["urn:example:third", OTHER], Ok(())),
        (json!([CLIENT_ID, ""]), Value::Null, TRUSTED, Err(Error::Missing(AZP))),
        (json!([CLIENT_ID, "URN:example:other"]), Value::Null, TRUSTED, Err(Error::Missing(AZP))),
        // `azp` is compared exactly.
        (alone(), json!(""), NONE, Err(Error::Mismatch(AZP))),
        (alone(), json!("Pump-app"), NONE, Err(Error::Mismatch(AZP))),
        (alone(), json!("pump-app "), NONE, Err(Error::Mismatch(AZP))),
    ];
    for (aud, azp, trusted, verdict) in table {
        let claims = with(id_with("aud", aud.clone()), "azp", azp.clone());
        assert_eq!(validate(&claims, &POLICY.with_trusted_audiences(trusted)), verdict, "{aud} {azp} {trusted:?}");
    }
    assert_eq!(validate_spelled("azp", r#""pump\u002dapp""#, &POLICY), Ok(()));
    // An `azp` of the wrong type is refused even if it is not needed.
    for json in ["null", "1", "[\"pump-app\"]", "{}"] {
        let trusting = POLICY.with_trusted_audiences(TRUSTED);
        assert_eq!(validate_spelled("azp", json, &trusting), Err(Error::Invalid(AZP)), "{json}");
    }
}

/// Step 9: the expiration.
#[test]
fn token_expires_at_exp_plus_leeway() {
    let exp = |exp: i64| id_with("exp", json!(exp));
    assert_eq!(validate(&exp(NOW + 1), &POLICY), Ok(()));
    assert_eq!(validate(&exp(NOW), &POLICY), Err(Error::Expired));
    assert_eq!(validate_spelled("exp", &format!("{NOW}.9"), &POLICY), Err(Error::Expired));
    assert_eq!(validate_spelled("exp", &format!("{}.1", NOW + 1), &POLICY), Ok(()));
    let lenient = POLICY.with_leeway(Duration::from_millis(30_999));
    assert_eq!(validate(&exp(NOW - 29), &lenient), Ok(()));
    assert_eq!(validate(&exp(NOW - 30), &lenient), Err(Error::Expired));
    let by_default = IdTokenPolicy::new(CLIENT_ID);
    assert_eq!(validate(&exp(NOW - 59), &by_default), Ok(()));
    assert_eq!(validate(&exp(NOW - 60), &by_default), Err(Error::Expired));
}

#[test]
fn token_is_valid_from_nbf_minus_leeway() {
    let nbf = |nbf: i64| id_with("nbf", json!(nbf));
    assert_eq!(validate(&nbf(NOW), &POLICY), Ok(()));
    assert_eq!(validate(&nbf(NOW + 1), &POLICY), Err(Error::NotYetValid));
    assert_eq!(validate_spelled("nbf", &format!("{NOW}.1"), &POLICY), Err(Error::NotYetValid));
    let lenient = POLICY.with_leeway(Duration::from_secs(30));
    assert_eq!(validate(&nbf(NOW + 30), &lenient), Ok(()));
    assert_eq!(validate(&nbf(NOW + 31), &lenient), Err(Error::NotYetValid));
}

/// Step 10: the age.
#[test]
fn token_age_is_checked_only_if_limited() {
    let iat = |iat: i64| id_with("iat", json!(iat));
    assert_eq!(validate(&iat(NOW + 100), &POLICY), Ok(()));
    assert_eq!(validate(&iat(0), &POLICY), Ok(()));

    let limited = POLICY.with_max_token_age(Duration::from_secs(60));
    assert_eq!(validate(&iat(NOW - 60), &limited), Ok(()));
    assert_eq!(validate(&iat(NOW - 61), &limited), Err(Error::TooOld));
    assert_eq!(validate_spelled("iat", &format!("{}.9", NOW - 61), &limited), Err(Error::TooOld));
    assert_eq!(validate(&iat(NOW), &limited), Ok(()));
    assert_eq!(validate(&iat(NOW + 1), &limited), Err(Error::NotYetValid));
    assert_eq!(validate_spelled("iat", &format!("{NOW}.1"), &limited), Err(Error::NotYetValid));
    assert_eq!(validate(&iat(NOW + 241), &limited), Err(Error::Invalid(Claim::IssuedAt)));

    let lenient = limited.with_leeway(Duration::from_secs(10));
    assert_eq!(validate(&iat(NOW - 70), &lenient), Ok(()));
    assert_eq!(validate(&iat(NOW - 71), &lenient), Err(Error::TooOld));
    assert_eq!(validate(&iat(NOW + 10), &lenient), Ok(()));
    assert_eq!(validate(&iat(NOW + 11), &lenient), Err(Error::NotYetValid));
}

#[test]
fn max_lifetime_allows_no_leeway() {
    let policy = POLICY.with_max_lifetime(Duration::from_secs(300)).with_leeway(Duration::from_secs(60));
    assert_eq!(validate(&id_claims(), &policy), Ok(()));
    assert_eq!(validate(&id_with("exp", json!(NOW + 241)), &policy), Err(Error::LifetimeTooLong));
    assert_eq!(validate(&id_with("iat", json!(NOW - 61)), &policy), Err(Error::LifetimeTooLong));
    assert_eq!(validate(&id_with("exp", json!(i64::MAX)), &policy), Err(Error::LifetimeTooLong));
}

#[test]
fn unset_clock_refuses_every_token() {
    let claims = with(id_claims(), "auth_time", json!(1_262_304_000));
    let policy = POLICY.with_max_age(Duration::ZERO);
    assert_eq!(validate_at(&claims, &policy, 1_262_304_000), Ok(()));
    for now in [1_262_303_999, 1, 0, -1, i64::MIN] {
        assert_eq!(validate_at(&claims, &policy, now), Err(Error::ClockNotSet), "{now}");
        assert_eq!(validate_at(&claims, &POLICY, now), Err(Error::ClockNotSet), "{now}");
    }
}

/// Step 11: the nonce.
#[test]
fn nonce_must_match_the_request() {
    let policy = POLICY.with_nonce(NONCE);
    assert_eq!(validate(&id_claims(), &policy), Ok(()));
    assert_eq!(validate(&id_with("nonce", Value::Null), &policy), Err(Error::Missing(Claim::Nonce)));
    for nonce in ["", "n-0S6_WzA2M", "n-0S6_WzA2Mjj", "N-0S6_WzA2Mj", "n-0S6_WzA2Mj ", "n-0S6_WzA2Mj\u{0}"] {
        let claims = id_with("nonce", json!(nonce));
        assert_eq!(validate(&claims, &policy), Err(Error::Mismatch(Claim::Nonce)), "{nonce:?}");
        assert_eq!(validate(&claims, &POLICY), Ok(()), "{nonce:?}");
    }
    assert_eq!(validate(&id_claims(), &policy.with_nonce("n-2")), Err(Error::Mismatch(Claim::Nonce)));
}

/// Step 11: the nonce.
#[test]
fn nonce_is_compared_after_unescaping() {
    let policy = POLICY.with_nonce(NONCE);
    assert_eq!(validate_spelled("nonce", r#""\u006e-0S6\u005FWzA2Mj""#, &policy), Ok(()));
    assert_eq!(validate_spelled("nonce", r#""\\u006e-0S6_WzA2Mj""#, &policy), Err(Error::Mismatch(Claim::Nonce)));
    let odd = "a\"b\\c\n\u{1}é";
    assert_eq!(validate(&id_with("nonce", json!(odd)), &POLICY.with_nonce(odd)), Ok(()));
    let still_escaped = POLICY.with_nonce(r#"a\"b\\c\n\u0001é"#);
    assert_eq!(validate(&id_with("nonce", json!(odd)), &still_escaped), Err(Error::Mismatch(Claim::Nonce)));
}

/// Step 11: the nonce.
#[test]
fn empty_nonce_refuses_every_token() {
    for nonce in [json!(""), json!(NONCE), Value::Null] {
        let refused = validate(&id_with("nonce", nonce), &POLICY.with_nonce(""));
        assert_eq!(refused, Err(Error::Unconfigured(Claim::Nonce)));
    }
}

/// Step 12: the authentication context.
#[test]
fn acr_must_be_in_the_list() {
    let wrong = Err(Error::Mismatch(Claim::AuthenticationContext));
    let unconfigured = Err(Error::Unconfigured(Claim::AuthenticationContext));
    let table = [
        (json!(SILVER), SILVER, Ok(())),
        (json!(SILVER), "gold urn:mace:incommon:iap:silver", Ok(())),
        (json!(SILVER), "  urn:mace:incommon:iap:silver  gold", Ok(())),
        (json!(SILVER), "gold", wrong),
        (json!(SILVER), "urn:mace:incommon:iap:silve", wrong),
        (json!(SILVER), "urn:mace:incommon:iap:silverware", wrong),
        (json!(SILVER), "URN:mace:incommon:iap:silver", wrong),
        // Only spaces separate the policy's values. The claim is a single value.
        (json!(SILVER), "gold\turn:mace:incommon:iap:silver", wrong),
        (json!(SILVER), "gold,urn:mace:incommon:iap:silver", wrong),
        (json!("gold silver"), "gold silver", wrong),
        (json!(""), "gold silver", wrong),
        (json!("0"), "1 2", wrong),
        (Value::Null, "gold", Err(Error::Missing(Claim::AuthenticationContext))),
        (json!(SILVER), "", unconfigured),
        (json!(""), " ", unconfigured),
        (Value::Null, "   ", unconfigured),
    ];
    for (acr, values, verdict) in table {
        assert_eq!(validate(&id_with("acr", acr.clone()), &POLICY.with_acr(values)), verdict, "{acr} {values:?}");
    }
    assert_eq!(validate_spelled("acr", r#""\u0031""#, &POLICY.with_acr("1")), Ok(()));
    assert_eq!(validate(&id_claims(), &POLICY.with_acr("gold").with_acr(SILVER)), Ok(()));
}

/// Step 13: the time of the login.
#[test]
fn login_must_not_be_older_than_max_age() {
    let a_minute = Duration::from_secs(60);
    let table = [
        // max_age, leeway, auth_time before now, accepted
        (a_minute, 0, 60, true),
        (a_minute, 0, 61, false),
        (a_minute, 10, 70, true),
        (a_minute, 10, 71, false),
        (Duration::ZERO, 0, 0, true),
        (Duration::ZERO, 0, 1, false),
        (Duration::from_millis(60_999), 0, 61, false),
        (Duration::MAX, 0, i64::MAX, true),
        (a_minute, 0, NOW, false),
        (a_minute, 0, i64::MAX, false),
    ];
    for (max_age, leeway, age, accepted) in table {
        let policy = POLICY.with_max_age(max_age).with_leeway(Duration::from_secs(leeway));
        let verdict = if accepted { Ok(()) } else { Err(Error::AuthenticationTooOld) };
        let claims = id_with("auth_time", json!(NOW.saturating_sub(age)));
        assert_eq!(validate(&claims, &policy), verdict, "{max_age:?} {leeway} {age}");
        assert_eq!(validate(&claims, &POLICY), Ok(()));
    }
    let by_default = IdTokenPolicy::new(CLIENT_ID).with_max_age(a_minute);
    assert_eq!(validate(&id_with("auth_time", json!(NOW - 120)), &by_default), Ok(()));
    assert_eq!(validate(&id_with("auth_time", json!(NOW - 121)), &by_default), Err(Error::AuthenticationTooOld));
}

/// Step 13: the time of the login.
#[test]
fn fractional_auth_time_is_rounded_against_the_token() {
    let policy = POLICY.with_max_age(Duration::from_secs(60));
    let too_old = Err(Error::AuthenticationTooOld);
    assert_eq!(validate_spelled("auth_time", &format!("{}.9", NOW - 61), &policy), too_old);
    assert_eq!(validate_spelled("auth_time", &format!("{}.1", NOW - 60), &policy), Ok(()));
    assert_eq!(validate_spelled("auth_time", &format!("{}0e-1", NOW - 60), &policy), Ok(()));
}

/// Step 13: the time of the login.
#[test]
fn login_in_the_future_is_refused() {
    let policy = POLICY.with_leeway(Duration::from_secs(60)).with_max_age(Duration::ZERO);
    assert_eq!(validate(&id_with("auth_time", json!(NOW + 60)), &policy), Ok(()));
    for auth_time in [json!(NOW + 61), json!(NOW as f64 + 60.5), json!(i64::MAX)] {
        assert_eq!(validate(&id_with("auth_time", auth_time), &policy), Err(Error::NotYetValid));
    }
    assert_eq!(validate(&id_with("auth_time", json!(i64::MAX)), &POLICY), Ok(()), "not checked without `max_age`");
}

/// Logout tokens are security events ([RFC 8417](https://www.rfc-editor.org/rfc/rfc8417)), and their type is optional.
#[test]
fn security_event_is_neither_id_token_nor_access_token() {
    let event = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    assert_eq!(validate(&id_with("events", event.clone()), &POLICY), Err(Error::WrongType));
    for (claims, refused) in [(claims(), false), (claims_with("events", event), true)] {
        let text = Alg::EdDsa.mint(r#"{"alg":"EdDSA"}"#, claims.to_string());
        let verdict = validate_access_token(&text, &AccessTokenPolicy::untyped(AUDIENCE), NOW, |_| ());
        assert_eq!(verdict.err(), refused.then_some(Error::WrongType));
    }
}

#[test]
fn subject_longer_than_255_bytes_is_refused() {
    assert_eq!(validate(&id_with("sub", json!("s".repeat(MAX_SUBJECT_LEN))), &POLICY), Ok(()));
    let too_long = id_with("sub", json!("s".repeat(MAX_SUBJECT_LEN + 1)));
    assert_eq!(validate(&too_long, &POLICY), Err(Error::Invalid(Claim::Subject)));
}

#[test]
fn max_age_requires_auth_time() {
    let missing = Err(Error::Missing(Claim::AuthenticationTime));
    for max_age in [Duration::ZERO, Duration::MAX] {
        assert_eq!(validate(&id_with("auth_time", Value::Null), &POLICY.with_max_age(max_age)), missing);
    }
}

#[test]
fn time_arithmetic_saturates() {
    let endless = POLICY
        .with_leeway(Duration::MAX)
        .with_max_age(Duration::MAX)
        .with_max_lifetime(Duration::MAX)
        .with_max_token_age(Duration::MAX);
    let far = with(id_with("exp", json!(i64::MAX)), "auth_time", json!(-i64::MAX));
    assert_eq!(validate_at(&far, &endless, i64::MAX - 1), Ok(()));
    assert_eq!(validate_at(&far, &endless, i64::MAX), Err(Error::Expired));
    let fresh = POLICY.with_max_age(Duration::ZERO);
    assert_eq!(validate_at(&far, &fresh, i64::MAX - 1), Err(Error::AuthenticationTooOld));
}

/// A hash claim, as its name and as a [`Claim`], and the policy's setter for the hashed text.
type Hash = (&'static str, Claim, fn(IdTokenPolicy<'static>, &'static [u8]) -> IdTokenPolicy<'static>);

const HASHES: [Hash; 2] = [
    ("at_hash", Claim::AccessTokenHash, |policy, text| policy.with_access_token(text)),
    ("c_hash", Claim::CodeHash, |policy, text| policy.with_code(text)),
];

/// A text whose hashes contain `-` and `_` for both algorithms.
const TEXT: &[u8] = b"came with it 34";

fn digest(alg: Alg, text: &[u8]) -> Vec<u8> {
    match alg {
        Alg::Es256 => Sha256::digest(text).to_vec(),
        Alg::EdDsa => Sha512::digest(text).to_vec(),
    }
}

fn left_half(digest: &[u8]) -> &[u8] {
    digest.split_at(digest.len() / 2).0
}

fn right_hash(alg: Alg) -> String {
    base64url(left_half(&digest(alg, TEXT)))
}

fn validate_hash(alg: Alg, hash: Hash, value: Value) -> Result<(), Error> {
    let (name, _, with_text) = hash;
    let text = id_token(alg, id_with(name, value).to_string());
    validate_text(&text, &with_text(POLICY, TEXT), NOW, |_| ())
}

#[test]
fn hash_is_the_left_half_of_the_digest_of_the_algorithm() {
    for alg in ALGS {
        let digest = digest(alg, TEXT);
        let right = base64url(left_half(&digest));
        assert!(right.contains('-') && right.contains('_'), "{right}");
        for hash in HASHES {
            assert_eq!(validate_hash(alg, hash, json!(right)), Ok(()), "{} {alg:?}", hash.0);
        }
    }
    let lens = ALGS.map(|alg| left_half(&digest(alg, TEXT)).len());
    assert_eq!(lens, [16, 32]);
}

#[test]
fn any_other_hash_is_refused() {
    for alg in ALGS {
        let digest_of = digest(alg, TEXT);
        let (left, right_half) = digest_of.split_at(digest_of.len() / 2);
        let right = base64url(left);
        let other = if alg == Alg::Es256 { Alg::EdDsa } else { Alg::Es256 };
        let foreign = digest(other, TEXT);
        let padding = if alg == Alg::Es256 { "==" } else { "=" };
        let mut stray_bit = right.clone();
        let last = stray_bit.pop().unwrap();
        stray_bit.push(char::from(last as u8 + 1));
        let wrong = [
            ("of the other algorithm", base64url(left_half(&foreign))),
            ("of the other algorithm, in the right length", base64url(&foreign[..left.len()])),
            ("the whole digest", base64url(&digest_of)),
            ("one byte too short", base64url(&left[1..])),
            ("one byte too long", base64url(&digest_of[..=left.len()])),
            ("the right half", base64url(right_half)),
            ("padded", format!("{right}{padding}")),
            ("in base64", right.replace('-', "+").replace('_', "/")),
            ("a stray bit", stray_bit),
            ("in upper case", right.to_uppercase()),
            ("one character too short", right[1..].into()),
            ("white space", format!("{right} ")),
            ("of another text", base64url(left_half(&digest(alg, b"came with another")))),
            ("of no text", base64url(left_half(&digest(alg, b"")))),
            ("the text itself", String::from_utf8(TEXT.into()).unwrap()),
            ("in hexadecimal", left.iter().map(|byte| format!("{byte:02x}")).collect()),
            ("empty", String::new()),
        ];
        for hash in HASHES {
            for (fault, value) in &wrong {
                let verdict = validate_hash(alg, hash, json!(value));
                assert_eq!(verdict, Err(Error::Mismatch(hash.1)), "{} {alg:?}: {fault}", hash.0);
            }
        }
    }
}

#[test]
fn hash_is_required_if_its_text_is_given() {
    let both = POLICY.with_access_token(TEXT).with_code(TEXT);
    for alg in ALGS {
        let right = json!(right_hash(alg));
        let validate_both = |at_hash, c_hash| {
            let claims = with(id_with("at_hash", at_hash), "c_hash", c_hash);
            validate_text(&id_token(alg, claims.to_string()), &both, NOW, |_| ())
        };
        assert_eq!(validate_both(right.clone(), right.clone()), Ok(()));
        // Neither hash replaces the other.
        assert_eq!(validate_both(Value::Null, right.clone()), Err(Error::Missing(Claim::AccessTokenHash)));
        assert_eq!(validate_both(right.clone(), Value::Null), Err(Error::Missing(Claim::CodeHash)));
        assert_eq!(validate_both(right.clone(), json!("")), Err(Error::Mismatch(Claim::CodeHash)));
        for (name, claim, with_text) in HASHES {
            assert_eq!(validate_hash(alg, (name, claim, with_text), Value::Null), Err(Error::Missing(claim)));
            for json in ["null", "1", "true", "[]", "{}", &format!("[{right}]")] {
                let text = id_token(alg, spelled(name, json));
                let verdict = validate_text(&text, &with_text(POLICY, TEXT), NOW, |_| ());
                assert_eq!(verdict, Err(Error::Invalid(claim)), "{name} {json}");
            }
        }
    }
    // Without a text there is nothing to compare with.
    assert_eq!(validate(&with(id_with("at_hash", json!("x")), "c_hash", json!("y")), &POLICY), Ok(()));
}

#[test]
fn empty_hashed_text_refuses_every_token() {
    for alg in ALGS {
        for (name, claim, with_text) in HASHES {
            for hash in [json!(base64url(left_half(&digest(alg, b"")))), json!(""), Value::Null] {
                let text = id_token(alg, id_with(name, hash).to_string());
                let verdict = validate_text(&text, &with_text(POLICY, b""), NOW, |_| ());
                assert_eq!(verdict, Err(Error::Unconfigured(claim)), "{name} {alg:?}");
            }
        }
    }
}

#[test]
fn hash_is_compared_after_unescaping() {
    for alg in ALGS {
        let right = right_hash(alg);
        let escaped: String = right.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        for (name, _, with_text) in HASHES {
            let text = id_token(alg, spelled(name, &format!("\"{escaped}\"")));
            assert_eq!(validate_text(&text, &with_text(POLICY, TEXT), NOW, |_| ()), Ok(()), "{name} {alg:?}");
        }
    }
}

/// The payloads of the ID tokens in OpenID Connect Core, appendices
/// [A.3](https://openid.net/specs/openid-connect-core-1_0.html#id_token-tokenExample) and
/// [A.4](https://openid.net/specs/openid-connect-core-1_0.html#code-id_tokenExample), byte for byte, with their access
/// token and code. They are signed with RS256 there and with ES256 here, which uses the same hash.
#[test]
fn examples_of_openid_connect_core_are_accepted() {
    const ACCESS_TOKEN: &[u8] = b"jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    const CODE: &[u8] = b"Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
    let payload = |hash: &str| {
        format!(
            "{{\n \"iss\": \"http://server.example.com\",\n \"sub\": \"248289761001\",\n \"aud\": \"s6BhdRkqt3\",\n \
             \"nonce\": \"n-0S6_WzA2Mj\",\n \"exp\": 1311281970,\n \"iat\": 1311280970,\n {hash}\n}}"
        )
    };
    let policy = IdTokenPolicy::new("s6BhdRkqt3").with_nonce(NONCE).with_leeway(Duration::ZERO);
    let keys = keys();
    let validate = |alg: Alg, hash: &str, policy: &IdTokenPolicy<'_>| {
        let mut buf = [0; 1024];
        let text = id_token(alg, payload(hash));
        let issuer = Issuer::new("http://server.example.com", &keys, BOTH);
        let verified = Token::parse(&text)?.verify(&issuer, &mut buf)?;
        let token = verified.into_id_token(policy, UnixTime::from_secs(1_311_281_969))?;
        assert_eq!(token.subject(), Some("248289761001"));
        Ok(())
    };
    let at_hash = r#""at_hash": "77QmUPtjPfzWtF2AnpK9RQ""#;
    let c_hash = r#""c_hash": "LDktKdoQak3Pk0cnXxCltA""#;
    let for_access_token = policy.with_access_token(ACCESS_TOKEN);
    let for_code = policy.with_code(CODE);
    assert_eq!(validate(Alg::Es256, at_hash, &for_access_token), Ok(()));
    assert_eq!(validate(Alg::Es256, c_hash, &for_code), Ok(()));
    // Each hash is compared with the text of the other one.
    let mismatch = |claim| Err(Error::Mismatch(claim));
    let swapped = policy.with_access_token(CODE).with_code(ACCESS_TOKEN);
    assert_eq!(validate(Alg::Es256, &format!("{at_hash}, {c_hash}"), &swapped), mismatch(Claim::AccessTokenHash));
    assert_eq!(validate(Alg::Es256, c_hash, &policy.with_code(ACCESS_TOKEN)), mismatch(Claim::CodeHash));
    // EdDSA uses another hash.
    assert_eq!(validate(Alg::EdDsa, at_hash, &for_access_token), mismatch(Claim::AccessTokenHash));
    assert_eq!(validate(Alg::EdDsa, c_hash, &for_code), mismatch(Claim::CodeHash));
}

/// OpenID Connect has no example for EdDSA. These hashes come from the tests of
/// [oidc-token-hash](https://github.com/panva/oidc-token-hash/blob/main/test/generate.js).
#[test]
fn hashes_match_other_implementations() {
    const ACCESS_TOKEN: &[u8] = b"YmJiZTAwYmYtMzgyOC00NzhkLTkyOTItNjJjNDM3MGYzOWIy9sFhvH8K_x8UIHj1osisS57f5DduL";
    let vectors = [(Alg::Es256, "xsZZrUssMXjL3FBlzoSh2g"), (Alg::EdDsa, "p2LHG4H-8pYDc0hyVOo3iIHvZJUqe9tbj3jESOuXbkY")];
    for (alg, at_hash) in vectors {
        let text = id_token(alg, id_with("at_hash", json!(at_hash)).to_string());
        assert_eq!(validate_text(&text, &POLICY.with_access_token(ACCESS_TOKEN), NOW, |_| ()), Ok(()), "{alg:?}");
        assert_eq!(
            validate_text(&text, &POLICY.with_access_token(&ACCESS_TOKEN[1..]), NOW, |_| ()),
            Err(Error::Mismatch(Claim::AccessTokenHash)),
            "{alg:?}"
        );
    }
}

#[test]
fn only_top_level_members_are_claims() {
    let minimal = || json!({"iss": ISSUER, "sub": "user-42", "aud": CLIENT_ID, "exp": NOW + 1, "iat": NOW});
    let nested = with(minimal(), "claims", id_claims());
    assert_eq!(validate(&nested, &POLICY), Ok(()));
    assert_eq!(validate(&nested, &POLICY.with_nonce(NONCE)), Err(Error::Missing(Claim::Nonce)));
    let policy = POLICY.with_acr(SILVER);
    assert_eq!(validate(&nested, &policy), Err(Error::Missing(Claim::AuthenticationContext)));
}

/// Starts with a token and a policy in which everything is wrong, and fixes one fault at a time.
#[test]
fn first_failure_in_documented_order_is_reported() {
    struct Case {
        policy: IdTokenPolicy<'static>,
        typ: &'static str,
        claims: Value,
        now: i64,
        extra_len: usize,
    }
    fn strict(client_id: &'static str) -> IdTokenPolicy<'static> {
        let fresh = IdTokenPolicy::new(client_id).with_leeway(Duration::ZERO).with_max_token_age(Duration::ZERO);
        fresh.with_max_age(Duration::ZERO).with_acr("").with_nonce("").with_access_token(b"").with_code(b"")
    }
    fn claim(case: &mut Case, name: &str, value: Value) {
        case.claims = with(case.claims.take(), name, value);
    }
    let mut case = Case {
        policy: strict(""),
        typ: "at+jwt",
        claims: json!({
            "iss": ISSUER, "sub": 1, "aud": OTHER, "exp": NOW, "nbf": NOW + 1, "iat": NOW - 1, "azp": OTHER,
            "nonce": "", "acr": "\"", "auth_time": NOW - 1, "at_hash": "", "c_hash": "",
        }),
        now: 0,
        extra_len: 0,
    };
    type Fix = fn(&mut Case);
    let fixes: [(Error, Fix); 22] = [
        (Error::Unconfigured(Claim::Audience), |case| case.policy = strict(CLIENT_ID)),
        (Error::Unconfigured(Claim::AuthenticationContext), |case| case.policy = case.policy.with_acr("gold")),
        (Error::Unconfigured(Claim::Nonce), |case| case.policy = case.policy.with_nonce("n-1")),
        (Error::Unconfigured(Claim::AccessTokenHash), |case| case.policy = case.policy.with_access_token(TEXT)),
        (Error::Unconfigured(Claim::CodeHash), |case| case.policy = case.policy.with_code(TEXT)),
        (Error::WrongType, |case| case.typ = "JWT"),
        (Error::Invalid(Claim::Subject), |case| claim(case, "sub", Value::Null)),
        (Error::Missing(Claim::Subject), |case| claim(case, "sub", json!(r"CORP\alice"))),
        (Error::Mismatch(Claim::Audience), |case| claim(case, "aud", json!(CLIENT_ID))),
        (Error::ClockNotSet, |case| case.now = NOW),
        (Error::Expired, |case| claim(case, "exp", json!(NOW + 1))),
        (Error::NotYetValid, |case| claim(case, "nbf", json!(NOW))),
        (Error::TooOld, |case| claim(case, "iat", json!(NOW))),
        (Error::BufferTooSmall, |case| case.extra_len = r"CORP\alice".len()),
        (Error::Mismatch(AZP), |case| claim(case, "azp", json!(CLIENT_ID))),
        (Error::Mismatch(Claim::Nonce), |case| claim(case, "nonce", json!("n-1"))),
        (Error::Mismatch(Claim::AuthenticationContext), |case| case.policy = case.policy.with_acr("gold \"")),
        (Error::AuthenticationTooOld, |case| claim(case, "auth_time", json!(NOW))),
        (Error::Mismatch(Claim::AccessTokenHash), |case| claim(case, "at_hash", Value::Null)),
        (Error::Missing(Claim::AccessTokenHash), |case| claim(case, "at_hash", json!(right_hash(Alg::EdDsa)))),
        (Error::Mismatch(Claim::CodeHash), |case| claim(case, "c_hash", json!(right_hash(Alg::EdDsa)))),
        (Error::BufferTooSmall, |case| case.extra_len += "\"".len()),
    ];
    let keys = keys();
    let validate = |case: &Case| {
        let header = with(Alg::EdDsa.id_header(), "typ", json!(case.typ));
        let payload = case.claims.to_string();
        let text = Alg::EdDsa.mint(header.to_string(), &payload);
        let mut buf = vec![0; payload.len() + case.extra_len];
        let verified = Token::parse(&text).unwrap().verify(&issuer(&keys), &mut buf).unwrap();
        verified.into_id_token(&case.policy, UnixTime::from_secs(case.now)).map(|_| ())
    };
    for (error, fix) in fixes {
        assert_eq!(validate(&case), Err(error));
        fix(&mut case);
    }
    assert_eq!(validate(&case), Ok(()));
}

#[test]
fn debug_shows_no_claim_and_no_secret() {
    let text = id_token(Alg::EdDsa, id_claims().to_string());
    let shown = validate_text(&text, &POLICY, NOW, |token| format!("{token:?} {token:#?} {:?}", *token)).unwrap();
    assert_eq!(shown, "IdToken { .. } IdToken { .. } Claims { .. }");
    let policy = POLICY.with_nonce(NONCE).with_access_token(b"secret").with_code(b"secret").with_acr(SILVER);
    assert_eq!(format!("{policy:?}"), r#"IdTokenPolicy { client_id: "pump-app", .. }"#);
}
