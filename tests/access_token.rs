//! The claim rules of access tokens. Each rule is tested with an accepted token and with a copy that has one fault.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::time::Duration;

use embedded_jwt::*;
use serde_json::{Value, json};
use testkit::*;

const POLICY: AccessTokenPolicy = AccessTokenPolicy::new(AUDIENCE).with_leeway(Duration::ZERO);
const AT_JWT: AccessTokenPolicy = AccessTokenPolicy::at_jwt(AUDIENCE).with_leeway(Duration::ZERO);
const UNTYPED: AccessTokenPolicy = AccessTokenPolicy::untyped(AUDIENCE).with_leeway(Duration::ZERO);
const FOR_CLIENT: AccessTokenPolicy = AccessTokenPolicy::for_client(CLIENT_ID).with_leeway(Duration::ZERO);

/// Values of each JSON type but string.
const NO_STRINGS: [&str; 7] = ["null", "true", "false", "0", "[]", "{}", "[\"a\"]"];

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

/// A token that a policy accepts, with this JSON text as one of its claims.
fn spelled(name: &str, json: &str, policy: &Policy) -> String {
    let payload = with(policy.claims(), name, json!("?")).to_string().replace("\"?\"", json);
    Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), payload)
}

fn validate_spelled(name: &str, json: &str, policy: &Policy) -> Result<(), Error> {
    validate_access_token(&spelled(name, json, policy), &policy.policy, NOW, |_| ())
}

/// A policy under test.
struct Policy {
    name: &'static str,
    policy: AccessTokenPolicy<'static>,
}

impl Policy {
    /// Claims that the policy accepts: as Cognito writes them, or with an audience.
    fn claims(&self) -> Value {
        match self.name {
            "for_client" => with(claims_with("aud", Value::Null), "token_use", json!("access")),
            _ => claims(),
        }
    }

    /// The verdict on the policy's claims with one of them changed, or removed by `Value::Null`.
    fn validate_with(&self, name: &str, value: Value) -> Result<(), Error> {
        validate(&with(self.claims(), name, value), &self.policy)
    }
}

const STRICT: Policy = Policy { name: "new", policy: POLICY };
const TYPED: Policy = Policy { name: "at_jwt", policy: AT_JWT };
/// The policies that look at the marks of other kinds.
const LOOKS_AT_MARKS: [Policy; 2] =
    [Policy { name: "untyped", policy: UNTYPED }, Policy { name: "for_client", policy: FOR_CLIENT }];
/// The policies that take the scopes as an array too.
const TAKES_ARRAYS: [Policy; 3] = {
    let [untyped, for_client] = LOOKS_AT_MARKS;
    [TYPED, untyped, for_client]
};

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
        assert_eq!(token.claims::<heapless::Vec<u8, 4>>(), Err(Error::Deserialize(Misfit::WrongType)));
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
fn at_jwt_policy_demands_the_type() {
    for typ in ["at+jwt", "application/at+jwt", "AT+JWT"] {
        assert_eq!(validate_typ(json!(typ), &AT_JWT), Ok(()), "{typ}");
    }
    for typ in [json!("JWT"), json!("JOSE"), json!("at+jwt "), json!(""), json!("id+jwt"), Value::Null] {
        assert_eq!(validate_typ(typ.clone(), &AT_JWT), Err(Error::WrongType), "{typ}");
    }
}

/// `JWT` and `JOSE` name the serialization, not a kind of token.
#[test]
fn untyped_policies_refuse_types_of_other_token_kinds() {
    for Policy { name, policy } in LOOKS_AT_MARKS {
        let claims = Policy { name, policy }.claims().to_string();
        let validate_typ = |typ: &Value| {
            let header = with(Alg::EdDsa.header(), "typ", typ.clone());
            validate_access_token(&Alg::EdDsa.mint(header.to_string(), &claims), &policy, NOW, |_| ())
        };
        let accepted =
            ["at+jwt", "application/at+jwt", "JWT", "jwt", "application/JWT", "JOSE", "jose", "Application/Jose"];
        for typ in accepted.map(Value::from).iter().chain([&Value::Null]) {
            assert_eq!(validate_typ(typ), Ok(()), "{name} {typ}");
        }
        for typ in ["logout+jwt", "dpop+jwt", "id+jwt", "", "application/", "text/jwt", "JOSE+JSON", "JWT ", "JWS"] {
            assert_eq!(validate_typ(&json!(typ)), Err(Error::WrongType), "{name} {typ}");
        }
    }
}

/// Every spelling of a word in upper and lower case.
fn in_any_case(word: &str) -> Vec<String> {
    (0..1_u32 << word.len())
        .map(|upper| {
            let cased = |(i, c): (usize, char)| if upper >> i & 1 == 1 { c.to_ascii_uppercase() } else { c };
            word.chars().enumerate().map(cased).collect()
        })
        .collect()
}

#[test]
fn payload_type_of_another_kind_is_refused_by_policies_that_look_at_marks() {
    for policy in LOOKS_AT_MARKS {
        let validate = |typ: &str| policy.validate_with("typ", json!(typ));
        for typ in ["id", "refresh", "offline", "logout"].into_iter().flat_map(in_any_case) {
            assert_eq!(validate(&typ), Err(Error::WrongType), "{} {typ}", policy.name);
        }
        for json in [r#""\u0049D""#, r#""\u004cog\u006fut""#] {
            assert_eq!(validate_spelled("typ", json, &policy), Err(Error::WrongType), "{json}");
        }
        for typ in ["Bearer", "DPoP", "JWT", "at+jwt", "", "I", "ID ", " id", "id+jwt", "identity", "ıd", "id\u{0}"] {
            assert_eq!(validate(typ), Ok(()), "{} {typ:?}", policy.name);
        }
        for json in NO_STRINGS.into_iter().chain(["[\"ID\"]", "{\"ID\":\"ID\"}"]) {
            assert_eq!(validate_spelled("typ", json, &policy), Ok(()), "no mark: {} {json}", policy.name);
        }
    }
}

#[test]
fn token_use_must_be_access_for_policies_that_look_at_marks() {
    for policy in LOOKS_AT_MARKS {
        for json in [r#""access""#, r#""\u0061ccess""#] {
            assert_eq!(validate_spelled("token_use", json, &policy), Ok(()), "{} {json}", policy.name);
        }
        let others =
            [r#""id""#, r#""refresh""#, r#""Access""#, r#""ACCESS""#, r#""access ""#, r#""""#, r#"["access"]"#];
        for json in NO_STRINGS.into_iter().chain(others) {
            assert_eq!(validate_spelled("token_use", json, &policy), Err(Error::WrongType), "{} {json}", policy.name);
        }
    }
    assert_eq!(validate(&claims_with("token_use", Value::Null), &UNTYPED), Ok(()));
    let [_, for_client] = LOOKS_AT_MARKS;
    assert_eq!(for_client.validate_with("token_use", Value::Null), Err(Error::WrongType), "it is required");
}

#[test]
fn claim_that_only_other_kinds_have_is_refused_by_policies_that_look_at_marks() {
    for policy in LOOKS_AT_MARKS {
        for name in ["events", "at_hash", "c_hash"] {
            for json in NO_STRINGS.into_iter().chain([r#""""#, r#""AAAAAAAAAAAAAAAAAAAAAA""#]) {
                let verdict = validate_spelled(name, json, &policy);
                assert_eq!(verdict, Err(Error::WrongType), "{} {name} {json}", policy.name);
            }
        }
        for name in ["Events", "event", "s_hash", "at_hash ", "nonce", "azp", "sid", "auth_time"] {
            assert_eq!(policy.validate_with(name, json!("x")), Ok(()), "{} {name}", policy.name);
        }
        let payload = policy.claims().to_string().replacen('{', r#"{"\u0065vents":{},"#, 1);
        let text = Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), payload);
        assert_eq!(validate_access_token(&text, &policy.policy, NOW, |_| ()), Err(Error::WrongType));
        // Only top-level members are marks.
        let nested = json!({"events": {}, "at_hash": "x", "c_hash": "x", "typ": "ID", "token_use": "id"});
        assert_eq!(policy.validate_with("act", nested), Ok(()), "{}", policy.name);
    }
}

/// A token of the type `at+jwt` is accepted whatever marks it has.
#[test]
fn policies_that_demand_the_type_do_not_look_at_marks() {
    let marks = json!({"events": {}, "at_hash": "x", "c_hash": "x", "typ": "ID", "token_use": "id"});
    for (name, mark) in marks.as_object().unwrap() {
        for policy in [STRICT, TYPED] {
            assert_eq!(policy.validate_with(name, mark.clone()), Ok(()), "{} {name}", policy.name);
        }
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
fn other_policies_with_an_audience_require_iss_exp_and_aud() {
    for policy in [AT_JWT, UNTYPED] {
        for (name, claim) in [("iss", Claim::Issuer), ("exp", Claim::Expiration), ("aud", Claim::Audience)] {
            assert_eq!(validate(&claims_with(name, Value::Null), &policy), Err(Error::Missing(claim)), "{name}");
        }
        let minimal = json!({"iss": ISSUER, "exp": NOW + 1, "aud": AUDIENCE});
        let text = Alg::EdDsa.access_token(&minimal);
        validate_access_token(&text, &policy, NOW, |token| {
            assert_eq!((token.subject(), token.client_id(), token.jwt_id()), (None, None, None));
            assert_eq!((token.issued_at(), token.not_before()), (None, None));
            assert!(token.scopes().next().is_none());
        })
        .unwrap();
    }
}

#[test]
fn client_id_of_wrong_type_is_returned_as_absent_where_it_is_not_required() {
    for policy in [AT_JWT, UNTYPED] {
        let policy = Policy { name: "", policy };
        for (json, client_id) in NO_STRINGS.map(|json| (json, None)).into_iter().chain([(r#""a""#, Some("a"))]) {
            let text = spelled("client_id", json, &policy);
            let read = validate_access_token(&text, &policy.policy, NOW, |token| token.client_id().map(str::to_owned));
            assert_eq!(read, Ok(client_id.map(str::to_owned)), "{json}");
        }
    }
}

#[test]
fn token_for_a_client_must_name_it_and_have_no_audience() {
    let [_, for_client] = LOOKS_AT_MARKS;
    let validate_client = |json: &str| validate_spelled("client_id", json, &for_client);
    assert_eq!(validate(&for_client.claims(), &FOR_CLIENT), Ok(()));
    assert_eq!(validate_client(r#""pump\u002dapp""#), Ok(()));
    assert_eq!(for_client.validate_with("client_id", Value::Null), Err(Error::Missing(Claim::ClientId)));
    for json in [r#""pump-ap""#, r#""pump-apps""#, r#""Pump-app""#, r#""pump-app ""#, r#""urn:device:pump-7""#] {
        assert_eq!(validate_client(json), Err(Error::Mismatch(Claim::ClientId)), "{json}");
    }
    for json in NO_STRINGS.into_iter().chain([r#""""#, r#"["pump-app"]"#]) {
        assert_eq!(validate_client(json), Err(Error::Invalid(Claim::ClientId)), "{json}");
    }
    for aud in [json!(CLIENT_ID), json!([CLIENT_ID]), json!(AUDIENCE), json!(""), json!([])] {
        assert_eq!(for_client.validate_with("aud", aud.clone()), Err(Error::Mismatch(Claim::Audience)), "{aud}");
    }
    for json in ["null", "1", "{}", "[1]"] {
        assert_eq!(validate_spelled("aud", json, &for_client), Err(Error::Invalid(Claim::Audience)), "{json}");
    }
    for (name, claim) in [("iss", Claim::Issuer), ("exp", Claim::Expiration)] {
        assert_eq!(for_client.validate_with(name, Value::Null), Err(Error::Missing(claim)), "{name}");
    }
    assert_eq!(for_client.validate_with("exp", json!(NOW)), Err(Error::Expired));
    for name in ["sub", "iat", "jti", "nbf", "scope"] {
        assert_eq!(for_client.validate_with(name, Value::Null), Ok(()), "{name}");
    }
    let read = |token: AccessToken<'_>| (token.client_id() == Some(CLIENT_ID), token.audience().iter().count());
    let text = Alg::EdDsa.access_token(&for_client.claims());
    assert_eq!(validate_access_token(&text, &FOR_CLIENT, NOW, read), Ok((true, 0)));
    // The other policies require the audience, and this policy refuses every token that has one.
    assert_eq!(validate(&for_client.claims(), &UNTYPED), Err(Error::Missing(Claim::Audience)));
    assert_eq!(
        validate(&claims_with("token_use", json!("access")), &FOR_CLIENT),
        Err(Error::Mismatch(Claim::Audience))
    );
}

#[test]
fn empty_client_id_refuses_every_token() {
    let [_, for_client] = LOOKS_AT_MARKS;
    let empty = AccessTokenPolicy::for_client("");
    for client_id in [json!(""), json!(CLIENT_ID), Value::Null] {
        let claims = with(for_client.claims(), "client_id", client_id);
        assert_eq!(validate(&claims, &empty), Err(Error::Unconfigured(Claim::ClientId)));
    }
    assert_eq!(validate_typ(json!("logout+jwt"), &empty), Err(Error::Unconfigured(Claim::ClientId)));
}

#[test]
fn registered_claim_of_wrong_type_is_not_treated_as_absent() {
    let strings = [("iss", Claim::Issuer), ("sub", Claim::Subject), ("jti", Claim::JwtId)];
    let dates = [("exp", Claim::Expiration), ("nbf", Claim::NotBefore), ("iat", Claim::IssuedAt)];
    for policy in TAKES_ARRAYS.into_iter().chain([STRICT]) {
        let refuses = |name, json, claim| {
            assert_eq!(
                validate_spelled(name, json, &policy),
                Err(Error::Invalid(claim)),
                "{} {name} {json}",
                policy.name
            );
        };
        for (name, claim) in strings {
            for json in NO_STRINGS {
                refuses(name, json, claim);
            }
        }
        for (name, claim) in dates {
            for json in ["null", "true", "[]", "{}", "\"1700000000\"", "1e400", "-1e30", "9223372036854775808"] {
                refuses(name, json, claim);
            }
        }
        for json in ["null", "1", "true", "{}", "[1]", "[\"urn:device:pump-7\",1]", "[[\"urn:device:pump-7\"]]"] {
            refuses("aud", json, Claim::Audience);
        }
    }
    for (name, claim) in [("client_id", Claim::ClientId), ("scope", Claim::Scope)] {
        for json in NO_STRINGS {
            assert_eq!(validate_spelled(name, json, &STRICT), Err(Error::Invalid(claim)), "{name} {json}");
        }
    }
}

/// The scopes that a policy reads from a token with this claim.
fn scopes_of(name: &str, json: &str, policy: &Policy) -> Result<Vec<String>, Error> {
    validate_access_token(&spelled(name, json, policy), &policy.policy, NOW, |token| {
        let scopes: Vec<_> = token.scopes().map(str::to_owned).collect();
        assert!(scopes.iter().all(|scope| token.has_scope(scope)), "{scopes:?}");
        scopes
    })
}

#[test]
fn scopes_may_be_an_array_where_rfc_9068_is_not_required() {
    let table: [(&str, &[&str]); 8] = [
        (r#"["pump:read","pump:write"]"#, &["pump:read", "pump:write"]),
        (r#"["a"]"#, &["a"]),
        ("[]", &[]),
        (r#"["","a","",""]"#, &["a"]),
        (r#"[ "a" , "\u0062" ]"#, &["a", "b"]),
        (r#"["[a]","b,c","{d}","'"]"#, &["[a]", "b,c", "{d}", "'"]),
        (r#"["\/é"]"#, &["/é"]),
        (r#""a  b ""#, &["a", "b"]),
    ];
    for policy in TAKES_ARRAYS {
        for (json, scopes) in table {
            assert_eq!(scopes_of("scope", json, &policy).unwrap(), scopes, "{} {json}", policy.name);
        }
        for json in ["null", "true", "5", "{}", "[1]", "[null]", r#"["a",5]"#, r#"[["a"]]"#, r#"[{}]"#] {
            assert_eq!(scopes_of("scope", json, &policy), Err(Error::Invalid(Claim::Scope)), "{} {json}", policy.name);
        }
    }
    for json in ["[]", r#"["pump:read"]"#] {
        assert_eq!(scopes_of("scope", json, &STRICT), Err(Error::Invalid(Claim::Scope)), "{json}");
    }
}

/// RFC 6749 section 3.3. In a string, the policy accepts the same characters.
#[test]
fn array_with_an_element_that_is_no_scope_is_refused() {
    let characters = [" ", r"\u0020", r#"\""#, r"\\", r"\n", r"\t", r"\u0000", r"\u001f", "\u{7f}", r"\u0085"];
    for policy in TAKES_ARRAYS {
        for character in characters {
            for json in [format!(r#"["a{character}b"]"#), format!(r#"["a","{character}"]"#)] {
                let verdict = scopes_of("scope", &json, &policy);
                assert_eq!(verdict, Err(Error::Invalid(Claim::Scope)), "{} {json}", policy.name);
            }
            assert!(scopes_of("scope", &format!(r#""a{character}b""#), &policy).is_ok(), "{character}");
        }
        assert_eq!(scopes_of("scope", r#"["a!b","a#b","a]b","a~b"]"#, &policy).unwrap().len(), 4);
    }
}

#[test]
fn has_scope_compares_whole_elements_of_an_array() {
    let json = r#"["pump:read","","pump","[a","b,c"]"#;
    for policy in TAKES_ARRAYS {
        validate_access_token(&spelled("scope", json, &policy), &policy.policy, NOW, |token| {
            for scope in ["pump:read", "pump", "[a", "b,c"] {
                assert!(token.has_scope(scope), "{scope}");
            }
            let not_granted =
                ["", " ", ",", "pump:rea", "pump:read ", "Pump", "pump:read pump", "[", "b", "c", "\"", "\",\"", json];
            for scope in not_granted {
                assert!(!token.has_scope(scope), "{scope:?}");
            }
        })
        .unwrap();
        let required = |scope| {
            validate_access_token(
                &spelled("scope", json, &policy),
                &policy.policy.with_required_scope(scope),
                NOW,
                |_| (),
            )
        };
        assert_eq!(required("pump:read"), Ok(()));
        assert_eq!(required(" pump  pump:read "), Ok(()));
        assert_eq!(required("pump pump:write"), Err(Error::InsufficientScope));
        assert_eq!(required("read"), Err(Error::InsufficientScope));
    }
}

#[test]
fn scopes_are_read_from_the_named_claim_alone() {
    for policy in TAKES_ARRAYS.into_iter().chain([STRICT]) {
        let Policy { name, policy } = policy;
        let reads_scp = Policy { name, policy: policy.with_scope_claim("scp") };
        assert_eq!(scopes_of("scp", r#""a b""#, &reads_scp).unwrap(), ["a", "b"], "{name}");
        assert_eq!(scopes_of("scope", r#""a b""#, &reads_scp).unwrap(), [""; 0], "{name}");
        // The policy does not read `scope`, which may have any type.
        for json in NO_STRINGS {
            assert_eq!(scopes_of("scope", json, &reads_scp).unwrap(), [""; 0], "{name} {json}");
        }
        for json in ["null", "5", "{}", "[1]", r#"["a b"]"#] {
            assert_eq!(scopes_of("scp", json, &reads_scp), Err(Error::Invalid(Claim::Scope)), "{name} {json}");
        }
        let array = scopes_of("scp", r#"["a","b"]"#, &reads_scp);
        match name {
            "new" => assert_eq!(array, Err(Error::Invalid(Claim::Scope))),
            _ => assert_eq!(array.unwrap(), ["a", "b"], "{name}"),
        }
        // Without the setter, the policy does not read the other claim.
        assert_eq!(scopes_of("scp", "5", &Policy { name, policy }).unwrap(), ["pump:read", "pump:write"], "{name}");
    }
}

#[test]
fn required_scope_must_be_in_the_named_claim() {
    for policy in TAKES_ARRAYS.into_iter().chain([STRICT]) {
        let requires = Policy { policy: policy.policy.with_scope_claim("scp").with_required_scope("a"), ..policy };
        assert_eq!(validate_spelled("scp", r#""b a""#, &requires), Ok(()), "{}", policy.name);
        for json in [r#""b""#, r#""""#, r#""aa""#] {
            assert_eq!(validate_spelled("scp", json, &requires), Err(Error::InsufficientScope), "{}", policy.name);
        }
        assert_eq!(requires.validate_with("scope", json!("a")), Err(Error::InsufficientScope), "{}", policy.name);
        assert_eq!(requires.validate_with("scope", Value::Null), Err(Error::InsufficientScope), "{}", policy.name);
    }
}

#[test]
fn scope_claim_may_have_any_name_without_another_meaning() {
    let named = |name| Policy { name: "untyped", policy: UNTYPED.with_scope_claim(name) };
    for name in ["scope", "scp", "permissions", "https://idp.example.com/scopes", "s\"\\c\n", "Sub", " ", "audience"] {
        assert_eq!(scopes_of(name, r#""a""#, &named(name)).unwrap(), ["a"], "{name:?}");
    }
    let others = ["", "cnf", "client_id", "iss", "sub", "aud", "exp", "nbf", "iat", "jti"];
    for name in others {
        for policy in TAKES_ARRAYS.into_iter().chain([STRICT]) {
            let refused = validate(&policy.claims(), &policy.policy.with_scope_claim(name));
            assert_eq!(refused, Err(Error::Unconfigured(Claim::Scope)), "{} {name}", policy.name);
            // The last call counts.
            let corrected =
                policy.policy.with_scope_claim(name).with_scope_claim("scope").with_required_scope("pump:read");
            assert_eq!(validate(&policy.claims(), &corrected), Ok(()), "{} {name}", policy.name);
        }
    }
    assert_eq!(validate_typ(json!("JWT"), &POLICY.with_scope_claim("")), Err(Error::Unconfigured(Claim::Scope)));
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
    assert_eq!(validate(&claims, &AccessTokenPolicy::at_jwt("")), Err(Error::Unconfigured(Claim::Audience)));
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

/// `iat` is rounded up, and `exp` down: half a second after the second of `exp` is after it.
#[test]
fn token_issued_after_its_expiry_is_refused_where_a_limit_is_set() {
    let policy = POLICY.with_leeway(Duration::from_secs(60)).with_max_lifetime(Duration::from_secs(300));
    let validate = |exp: &str, iat: &str| {
        let payload = with(claims_with("exp", json!("?e")), "iat", json!("?i")).to_string();
        let payload = payload.replace("\"?e\"", exp).replace("\"?i\"", iat);
        validate_access_token(&Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), payload), &policy, NOW, |_| ())
    };
    let (second, next) = (NOW + 10, NOW + 11);
    for (exp, iat, expected) in [
        (second.to_string(), second.to_string(), Ok(())),
        (second.to_string(), format!("{}.5", NOW + 9), Ok(())),
        (second.to_string(), format!("{second}.5"), Err(Error::Invalid(Claim::IssuedAt))),
        (format!("{second}.9"), format!("{second}.1"), Err(Error::Invalid(Claim::IssuedAt))),
        (second.to_string(), next.to_string(), Err(Error::Invalid(Claim::IssuedAt))),
    ] {
        assert_eq!(validate(&exp, &iat), expected, "{exp} {iat}");
    }
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
    assert_eq!(validate_at(&claims_with("nbf", json!(i64::MAX)), &POLICY, YEAR_2010), Err(Error::NotYetValid));
    let past = claims_with("iat", json!(-i64::MAX));
    assert_eq!(validate(&past, &POLICY.with_max_token_age(Duration::from_secs(60))), Err(Error::TooOld));
    assert_eq!(validate(&past, &POLICY.with_max_lifetime(Duration::from_secs(60))), Err(Error::LifetimeTooLong));
    assert_eq!(validate_at(&claims_with("nbf", json!(0)), &POLICY.with_leeway(Duration::MAX), YEAR_2010), Ok(()));
}

/// 2010-01-01T00:00:00Z, before which a clock was never set.
const YEAR_2010: i64 = 1_262_304_000;

#[test]
fn unset_clock_refuses_every_token() {
    let claims = claims_with("nbf", json!(-10));
    assert_eq!(validate_at(&claims, &POLICY, YEAR_2010), Ok(()));
    for now in [YEAR_2010 - 1, 1, 0, -1, i64::MIN] {
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
fn debug_shows_no_secret_of_a_policy() {
    let der = b"a certificate";
    for policy in [
        POLICY.with_challenge("a secret challenge"),
        POLICY.with_certificate(der).with_acr("gold"),
        POLICY.with_unchecked_confirmation(),
    ] {
        let shown = format!("{policy:?}");
        assert!(shown.contains("OptionalChecks { .. }"), "{shown}");
        for secret in ["secret", "gold", &Thumbprint::of_certificate(der).to_string()] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
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
