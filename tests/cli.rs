//! Runs the example `verify` and checks its exit status, its reports and its batch mode.
#![cfg(all(feature = "es256", feature = "eddsa"))]

#[path = "../examples/verify/bundle.rs"]
mod bundle;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::{env, fs, thread};

use embedded_jwt::{AccessTokenPolicy, Claim, Error, IdTokenPolicy, KeySet, Part, Token, UnixTime};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};
use testkit::*;

#[test]
fn bundled_tokens_are_signed_with_the_test_keys() {
    let mut jwks = bundle::JWKS.as_bytes().to_vec();
    let bundled = KeySet::<2>::from_jwks(&mut jwks).unwrap();
    assert_eq!(*bundled, keys());
    assert_eq!((bundle::ISSUER, bundle::AUDIENCE, bundle::NOW), (ISSUER, AUDIENCE, NOW));

    let verify = |text: &str| {
        let mut buf = [0; 1024];
        let verified = Token::parse(text)?.verify(&issuer(&bundled), &mut buf)?;
        let token = verified.into_access_token(&AccessTokenPolicy::new(AUDIENCE), UnixTime::from_secs(bundle::NOW))?;
        Ok(token.scopes().map(String::from).collect::<Vec<_>>())
    };
    assert_eq!(verify(bundle::ES256_TOKEN), Ok(vec!["pump:read".into(), "pump:write".into()]));
    assert_eq!(verify(bundle::EDDSA_TOKEN), Ok(vec!["pump:read".into()]));
    assert_eq!(verify(bundle::FORGED_TOKEN), Err(Error::InvalidSignature));
    assert_eq!(verify(bundle::ID_TOKEN), Err(Error::WrongType));

    let mut buf = [0; 1024];
    let verified = Token::parse(bundle::ID_TOKEN).unwrap().verify(&issuer(&bundled), &mut buf).unwrap();
    let policy = IdTokenPolicy::new("pump-app").with_access_token(bundle::EDDSA_TOKEN.as_bytes());
    let id_token = verified.into_id_token(&policy, UnixTime::from_secs(bundle::NOW)).unwrap();
    assert_eq!(id_token.subject(), Some("user-42"));
}

#[test]
fn demo_accepts_two_tokens_and_refuses_a_forgery_and_an_id_token() {
    let demo = run(&[], b"");
    assert_eq!(demo.status, 0, "{}", demo.stderr);
    assert!(demo.stdout.contains("clock is set to 2026-01-15 12:00:00 UTC for this demo"));
    assert_eq!(demo.stdout.lines().filter(|line| *line == "ACCEPTED").count(), 2);
    assert_eq!(demo.stdout.lines().filter(|line| *line == "REFUSED").count(), 2);
    assert!(demo.stdout.contains("the signature is invalid [InvalidSignature, code 0x0e00]"));
    assert!(demo.stdout.contains("the token has the wrong type [WrongType, code 0x1000]"));
    assert!(demo.stdout.contains("it is an ID token.\n  Send the access token.\n"));
    assert!(demo.stdout.contains("2026-01-15 12:05:00 UTC, in 5 min"));
    assert!(demo.stdout.contains("2026-01-15 11:59:00 UTC, 1 min ago"));
    assert!(demo.stdout.contains("4 of 4 came out as they should"));
    assert_eq!(demo.stdout.matches("\nchecks\n").count(), 2, "the other reports are brief");
    assert!(demo.stdout.contains("\n  checks  16 of 16 ok\nACCEPTED\n"));
    assert!(demo.stdout.contains("\n  checks  8 of 16 ok, FAIL type: typ is at+jwt\nREFUSED\n"));
    assert!(demo.stdout.ends_with("\ncargo run --example verify -- --help\n"));
    assert_fits("demo", &demo.stdout);
}

#[test]
fn piped_reports_have_no_color() {
    assert!(!run(&[], b"").stdout.contains('\x1b'));
}

/// `serde_json` takes members of some names for its own.
#[test]
fn claims_are_shown_as_they_are() {
    let odd = r#"{"$serde_json::private::Number":"1768478340"}"#;
    let claims = claims().to_string();
    let payload = format!(
        r#"{{"iat":{odd},"$serde_json::private::RawValue":"7","n":1.000000000000000000000001,{}"#,
        claims[1..].replace("\"iat\"", "\"iat2\"")
    );
    let token = Alg::Es256.mint(Alg::Es256.header().to_string(), payload);
    let report = refused(&[], &token, WRONG_IAT);
    for line in [
        format!("\n  iat        {odd}\n"),
        "\n  $serde_json::private::RawValue \"7\"\n".into(),
        "\n  n          1.000000000000000000000001\n".into(),
    ] {
        assert!(report.contains(&line), "{report}");
    }
}

#[test]
fn report_contains_no_terminal_control_characters() {
    let sub = "\u{1b}[2J\u{9b}31m\u{202e}evil\u{7f}";
    let token = Alg::EdDsa.access_token(&claims_with("sub", json!(sub)));
    let header = json!({"alg": "EdDSA", "typ": sub, "kid": sub}).to_string();
    for token in [token, Alg::EdDsa.mint(header, claims().to_string())] {
        let report = verify(&[], &token).stdout;
        assert!(report.contains("evil"), "{report}");
        assert!(report.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{report:?}");
    }
}

#[test]
fn accepted_token_exits_with_status_0() {
    for alg in ALGS {
        let accepted = verify(&[], &alg.access_token(&claims()));
        assert_eq!(accepted.status, 0, "{}", accepted.stdout);
        assert!(accepted.stdout.contains("ACCEPTED") && accepted.stdout.contains("\"user-42\""));
    }
}

#[test]
fn refused_token_exits_with_status_1_and_advice() {
    let es256 = |name: &str, value: Value| Alg::Es256.access_token(&claims_with(name, value));
    let good = es256("", Value::Null);
    let header = |header: Value| Alg::Es256.mint(header.to_string(), claims().to_string());
    let rs384 = header(json!({"alg": "RS384", "kid": "es-test"}));
    let unknown = header(json!({"alg": "ES256", "typ": "at+jwt", "kid": "next"}));
    let untyped = header(json!({"alg": "ES256", "typ": "JWT", "kid": "es-test"}));
    let (iss, aud) = (es256("iss", json!("https://other")), es256("aud", json!("urn:other")));
    let certificates = header(json!({"alg": "ES256", "kid": "es-test", "x5c": ["A".repeat(5_000)]}));
    let crit = header(json!({"alg": "ES256", "crit": ["b64"]}));
    let (bound, bound_badly) = (es256("cnf", json!({"jkt": "0".repeat(43)})), es256("cnf", json!({"jkt": 7})));
    let old_login = es256("auth_time", json!(NOW - 661));
    let cases: [(&[&str], &str, Error, &str); 32] = [
        (&[], "opaque", Error::Malformed(Part::Token), "an opaque token, perhaps"),
        (&[], "a.b.c.d.e", Error::Malformed(Part::Token), "an encrypted token (JWE)"),
        (&[], "a..c", Error::Malformed(Part::Token), "A segment is empty"),
        (&[], "", Error::Malformed(Part::Token), "The token is empty"),
        (&[], "a.b.c", Error::Malformed(Part::Header), "report it to the"),
        (&[], &"a".repeat(65_537), Error::TooLarge(Part::Token), "Make the provider put less into the token"),
        (&[], &certificates, Error::TooLarge(Part::Header), "header 4096 bytes decoded"),
        (&["--buffer", "100"], &good, Error::BufferTooSmall, "Give the device a larger buffer: it has 100 bytes"),
        (&[], &crit, Error::CriticalHeader, "Switch the extension off"),
        (&[], &rs384, Error::UnsupportedAlgorithm, "Switch the provider to ES256 or EdDSA"),
        (&[], &unknown, Error::UnknownKey, "known  \"es-test\" (ES256), \"ed-test\" (EdDSA)"),
        (&[], &untyped, Error::WrongType, "If this is an ID token: send the access token instead."),
        (&[], bundle::FORGED_TOKEN, Error::InvalidSignature, "altered"),
        (&[], &iss, Error::Mismatch(Claim::Issuer), "expected  \"https://idp.example.com\""),
        (&[], &aud, Error::Mismatch(Claim::Audience), "token     \"urn:other\""),
        (&[], &es256("client_id", json!(7)), Error::Invalid(Claim::ClientId), "Report it to the provider"),
        (&[], &es256("exp", json!("soon")), Error::Invalid(Claim::Expiration), "Dates are numbers of seconds"),
        (&[], &es256("exp", json!(NOW - 300)), Error::Expired, "(leeway 60 s)"),
        (&[], &es256("nbf", json!(NOW + 300)), Error::NotYetValid, "Compare the clocks"),
        (&["--now", "0"], &good, Error::ClockNotSet, "Set the clock"),
        (&["--max-lifetime", "299"], &good, Error::LifetimeTooLong, "--max-lifetime"),
        (&["--max-token-age", "59", "--leeway", "0"], &good, Error::TooOld, "--max-token-age"),
        (&["--scope", "pump:read", "--scope", "pump:stop"], &good, Error::InsufficientScope, "pump:read pump:stop"),
        (&["--max-token-age", "59"], &es256("iat", json!(NOW + 200)), Error::NotYetValid, "in 3 min 20 s"),
        (&["--max-token-age", "59"], &es256("iat", json!(NOW + 241)), WRONG_IAT, "Nothing is issued after it expires"),
        (&["--max-lifetime", "59"], &es256("iat", json!(1e300)), WRONG_IAT, "Dates are numbers of seconds"),
        (&[], &es256("iat", json!("now")), WRONG_IAT, "Dates are numbers of seconds"),
        (&[], &bound, Error::SenderConstrained, "a text proves nothing about who"),
        (&["--max-age", "1"], &bound_badly, Error::SenderConstrained, "token  cnf {\"jkt\":7}"),
        (&["--max-age", "600"], &old_login, Error::AuthenticationTooOld, "11 min 1 s ago"),
        (&["--max-age", "600"], &good, Error::Missing(Claim::AuthenticationTime), "Request the token with max_age"),
        (
            &["--max-age", "600"],
            &es256("auth_time", json!("now")),
            Error::Invalid(Claim::AuthenticationTime),
            "Dates are numbers of seconds",
        ),
    ];
    for (options, token, error, advice) in cases {
        let report = refused(options, token, error);
        assert!(report.contains(advice), "{error:?}: {report}");
        assert_fits(&format!("{error:?}"), &report);
    }
}

#[test]
fn profile_id_accepts_id_tokens() {
    let both = json!([AUDIENCE, "urn:other"]);
    for alg in ALGS {
        let mut claims = id_claims(alg);
        claims["aud"] = both.clone();
        claims["azp"] = json!(AUDIENCE);
        for typ in [json!("JWT"), Value::Null] {
            let token = id_token(alg, typ, &claims);
            assert_eq!(verify(&["--profile", "id"], &token).status, 0);
            let limits = ["--max-lifetime", "300", "--max-token-age", "60", "--max-age", "90", "--leeway", "0"];
            let accepted = verify(&[&ID[..], &limits].concat(), &token);
            assert_eq!(accepted.status, 0, "{}", accepted.stdout);
            for check in ["required", "lifetime", "age", "party", "nonce", "login", "hash"] {
                assert_eq!(outcome(&accepted.stdout, check), "ok", "{check}");
            }
            let grant = "ACCEPTED\n  subject  \"user-42\"\n  login    2026-01-15 11:58:30 UTC, 1 min 30 s ago\n  \
                         acr      \"strong\"\n  amr      [\"pwd\", \"otp\"]\n";
            assert!(accepted.stdout.ends_with(grant), "{}", accepted.stdout);
            assert_fits("an ID token", &accepted.stdout);
        }
    }
}

#[test]
fn profile_id_refuses_with_status_1_and_advice() {
    let missing = Value::Null;
    let several = json!([AUDIENCE, "urn:other"]);
    let mismatch = Error::Mismatch;
    let cases: [(&str, Value, Error, &str, &str); 18] = [
        ("sub", missing.clone(), Error::Missing(Claim::Subject), "required", "Make the provider issue this claim"),
        ("iat", missing.clone(), Error::Missing(Claim::IssuedAt), "required", "Make the provider issue this claim"),
        ("exp", missing.clone(), Error::Missing(Claim::Expiration), "required", "Make the provider issue this claim"),
        ("aud", json!("urn:other"), mismatch(Claim::Audience), "audience", "--audience is the client id"),
        ("exp", json!(NOW - 60), Error::Expired, "expiration", "(leeway 60 s)"),
        ("azp", json!("urn:other"), mismatch(Claim::AuthorizedParty), "party", "issued to another client"),
        ("azp", json!(""), mismatch(Claim::AuthorizedParty), "party", "issued to another client"),
        ("azp", json!([AUDIENCE]), Error::Invalid(Claim::AuthorizedParty), "claims", "It is one string"),
        ("aud", several, Error::Missing(Claim::AuthorizedParty), "party", "for others too"),
        ("nonce", missing.clone(), Error::Missing(Claim::Nonce), "nonce", "log in again"),
        ("nonce", json!("N-1"), mismatch(Claim::Nonce), "nonce", "expected  \"n-1\""),
        ("nonce", json!(1), Error::Invalid(Claim::Nonce), "nonce", "It is one string"),
        ("auth_time", missing.clone(), Error::Missing(Claim::AuthenticationTime), "login", "with max_age"),
        ("auth_time", json!(NOW - 661), Error::AuthenticationTooOld, "login", "11 min 1 s ago"),
        ("auth_time", json!("now"), Error::Invalid(Claim::AuthenticationTime), "login", "Dates are numbers"),
        ("at_hash", missing, Error::Missing(Claim::AccessTokenHash), "hash", "Leave out --access-token"),
        ("at_hash", json!("other"), mismatch(Claim::AccessTokenHash), "hash", "another access token"),
        ("at_hash", json!(1), Error::Invalid(Claim::AccessTokenHash), "hash", "It is one string"),
    ];
    let options = [&ID[..], &["--max-age", "600"]].concat();
    for (name, value, error, check, advice) in cases {
        let report = refused(&options, &id_token_with(name, value), error);
        assert_eq!(outcome(&report, check), "FAIL", "{error:?}: {report}");
        assert!(report.contains(advice), "{error:?}: {report}");
        assert_fits(&format!("{error:?}"), &report);
    }

    let report = refused(&["--profile", "id", "--nonce", ""], bundle::ID_TOKEN, Error::Unconfigured(Claim::Nonce));
    assert!(report.contains("Name one with --nonce:"), "{report}");
    assert_eq!(["issuer", "type", "claims", "nonce"].map(|check| outcome(&report, check)), ["ok", "-", "-", "FAIL"]);

    // The hash of one algorithm is not accepted for the other.
    for (alg, other) in [(Alg::Es256, Alg::EdDsa), (Alg::EdDsa, Alg::Es256)] {
        let mut claims = id_claims(alg);
        claims["at_hash"] = json!(at_hash(other, "t"));
        refused(&ID, &id_token(alg, json!("JWT"), &claims), mismatch(Claim::AccessTokenHash));
    }
}

#[test]
fn profile_id_refuses_tokens_of_other_kinds() {
    for (typ, advice) in [
        ("at+jwt", "it is an access token.\n  Pass the ID token"),
        ("Application/AT+JWT", "it is an access token.\n  Pass the ID token"),
        ("logout+jwt", "typ is \"logout+jwt\": it was not issued as an ID token."),
    ] {
        let report = refused(&ID, &id_token(Alg::Es256, json!(typ), &id_claims(Alg::Es256)), Error::WrongType);
        assert!(report.contains(advice), "{report}");
        assert_eq!(outcome(&report, "type"), "FAIL");
        assert_fits(typ, &report);
    }
    refused(&["--profile", "id"], &Alg::Es256.access_token(&claims()), Error::WrongType);
}

#[test]
fn max_age_can_be_required_of_access_tokens() {
    let token = Alg::Es256.access_token(&claims_with("auth_time", json!(NOW - 660)));
    for profile in ["access", "generic"] {
        assert_eq!(verify(&["--profile", profile, "--max-age", "600"], &token).status, 0);
        let report = refused(&["--profile", profile, "--max-age", "599"], &token, Error::AuthenticationTooOld);
        assert_eq!(["not before", "binding", "login"].map(|check| outcome(&report, check)), ["ok", "ok", "FAIL"]);
    }
}

/// The code and the name of every error, from the crate; cause and remedy, from the guide.
#[test]
fn each_code_is_explained() {
    for error in errors::all() {
        let code = format!("0x{:04X}", error.code());
        let explained = run(&["--explain", &code], b"");
        assert_eq!((explained.status, explained.stderr.as_str()), (0, ""), "{error:?}");
        let lines: Vec<_> = explained.stdout.lines().collect();
        let [name, cause, remedy] = lines[..] else { panic!("{lines:?}") };
        let named = name.strip_prefix(&format!("{code}  {error:?}")).unwrap();
        assert!(named.is_empty() || named.starts_with(": "), "{name}");
        assert!(cause.starts_with("cause   ") && cause.len() > 20, "{cause}");
        assert!(remedy.starts_with("remedy  ") && remedy.len() > 20, "{remedy}");
    }
}

#[test]
fn report_shows_the_error_code() {
    let report = verify(&["--now", &(NOW + 360).to_string()], bundle::ES256_TOKEN).stdout;
    assert!(report.contains("\nREFUSED\n  the token has expired [Expired, code 0x1500]\n"), "{report}");
}

#[test]
fn text_around_the_token_is_reported_first() {
    let token = Alg::Es256.access_token(&claims());
    let (header, rest) = token.split_once('.').unwrap();
    let broken_line = format!("{header}.{}\n{}", &rest[..40], &rest[40..]);
    for (text, found) in [
        (format!("Bearer {token}"), "the scheme Bearer, white space."),
        (format!("bEARER{token}"), "the scheme Bearer."),
        (format!("Bearer \"{token}\""), "the scheme Bearer, a quote, white space."),
        ("Bearer opaque".into(), "the scheme Bearer, white space."),
        (format!("\"{token}\""), "a quote."),
        (format!("{token}'"), "a quote."),
        (format!("{token}\u{201d}"), "a quote."),
        (format!(" {token}"), "white space."),
        (format!("{token}\r\n\n"), "white space."),
        (format!("{token}\u{a0}"), "white space."),
        (broken_line, "white space."),
    ] {
        let report = verify(&[], &text).stdout;
        let advice = "Pass only the token, without scheme, quotes and line ends.\n";
        assert!(report.contains(&format!("The text has more than the token: {found}\n")), "{text:?}: {report}");
        assert!(report.ends_with(advice) && !report.contains("provider"), "{text:?}: {report}");
        assert_fits("more than a token", &report);
    }
    // The advice is given only if the extra text is the reason for the refusal.
    assert!(!verify(&["--buffer", "1"], &format!("Bearer {token}")).stdout.contains("Pass only"));
}

#[test]
fn other_policy_is_advised_if_it_accepts_the_token() {
    let scopes = json!(["pump:read", "pump:write"]);
    let typed = "Use AccessTokenPolicy::at_jwt (--profile typed): it accepts this token.\n";
    let generic = "Use AccessTokenPolicy::untyped (--profile generic): it accepts this token.\n  Only if the issuer";
    let scp = "Use with_scope_claim(\"scp\") (--scope-claim scp): it accepts this token.\n";
    let both =
        "Use AccessTokenPolicy::at_jwt and with_scope_claim(\"scp\")\n  (--profile typed, --scope-claim scp): it";
    let marked = |name: &str, value: Value| Alg::Es256.access_token(&claims_with(name, value));
    let unmarked = |claims: Value| Alg::Es256.mint(Alg::Es256.id_header().to_string(), claims.to_string());
    let in_scp = |value: Value| with(claims_with("scope", Value::Null), "scp", value);
    let required: &[&str] = &["--scope", "pump:write"];
    let cases: [(&[&str], String, Error, &str); 17] = [
        (&[], marked("sub", Value::Null), Error::Missing(Claim::Subject), typed),
        (&[], marked("client_id", Value::Null), Error::Missing(Claim::ClientId), typed),
        (&[], marked("iat", Value::Null), Error::Missing(Claim::IssuedAt), typed),
        (&[], marked("jti", Value::Null), Error::Missing(Claim::JwtId), typed),
        (&[], marked("sub", json!("")), Error::Invalid(Claim::Subject), typed),
        (&[], marked("scope", scopes.clone()), Error::Invalid(Claim::Scope), "scope is an array, as Duende and Spring"),
        (&[], marked("scope", scopes.clone()), Error::Invalid(Claim::Scope), typed),
        (required, marked("scope", scopes.clone()), Error::Invalid(Claim::Scope), typed),
        (&[], unmarked(claims()), Error::WrongType, generic),
        (&[], unmarked(claims_with("scope", scopes.clone())), Error::WrongType, generic),
        (&["--profile", "typed"], unmarked(claims()), Error::WrongType, generic),
        (&[], unmarked(claims_with("nonce", json!("n"))), Error::WrongType, "It has a nonce, as ID tokens have.\n"),
        (required, Alg::Es256.access_token(&in_scp(json!("pump:write"))), Error::InsufficientScope, scp),
        (required, Alg::Es256.access_token(&in_scp(scopes.clone())), Error::InsufficientScope, both),
        (
            &["--scope", "pump:write", "--scope-claim", "scp"],
            marked("", Value::Null),
            Error::InsufficientScope,
            "Use the default claim for scopes (no --scope-claim): it accepts this token.\n",
        ),
        (
            &["--profile", "generic"],
            marked("at_hash", json!("h")),
            Error::WrongType,
            "The token has at_hash, as an ID token has, although its typ is at+jwt.\n  \
             Use AccessTokenPolicy::new (--profile access): it accepts this token.\n",
        ),
        (
            &["--now", "1768478700"],
            marked("scope", scopes),
            Error::Invalid(Claim::Scope),
            "Use AccessTokenPolicy::at_jwt (--profile typed): the next fault is then:\n  the token has expired.\n",
        ),
    ];
    for (options, token, error, advice) in cases {
        let report = refused(options, &token, error);
        assert!(report.contains(advice), "{advice}: {report}");
        assert_fits(advice, &report);
    }
}

#[test]
fn no_policy_is_advised_if_none_accepts_the_token() {
    let marked = |name: &str, value: Value| Alg::Es256.access_token(&claims_with(name, value));
    let unmarked = |claims: Value| Alg::Es256.mint(Alg::Es256.id_header().to_string(), claims.to_string());
    let without_both = with(claims_with("sub", Value::Null), "aud", Value::Null);
    let cases: [(&[&str], String, Error); 12] = [
        (&[], marked("iss", Value::Null), Error::Missing(Claim::Issuer)),
        (&[], marked("aud", Value::Null), Error::Missing(Claim::Audience)),
        (&[], marked("exp", Value::Null), Error::Missing(Claim::Expiration)),
        (&[], Alg::Es256.access_token(&without_both), Error::Missing(Claim::Subject)),
        (&[], marked("sub", json!(7)), Error::Invalid(Claim::Subject)),
        (&[], marked("scope", json!(["pump:read", 7])), Error::Invalid(Claim::Scope)),
        (&[], marked("scope", json!(["pump:read pump:write"])), Error::Invalid(Claim::Scope)),
        (&["--max-lifetime", "300"], marked("iat", Value::Null), Error::Missing(Claim::IssuedAt)),
        (&["--scope", "pump:stop"], marked("scp", json!("pump:read")), Error::InsufficientScope),
        (&[], unmarked(claims_with("at_hash", json!("h"))), Error::WrongType),
        (&[], unmarked(claims_with("aud", json!("urn:other"))), Error::WrongType),
        (&["--profile", "id"], unmarked(with(id_claims(Alg::Es256), "events", json!({}))), Error::WrongType),
    ];
    for (options, token, error) in cases {
        let report = refused(options, &token, error);
        assert!(!report.contains("Use ") && !report.contains("Policy::"), "{error:?}: {report}");
        assert_fits(&format!("{error:?}"), &report);
    }
    // A fault other than the time is no reason to name a policy.
    let twice = claims_with("scope", json!(["pump:read"]));
    let report = refused(&[], &Alg::Es256.access_token(&with(twice, "aud", json!("urn:other"))), WRONG_SCOPE);
    assert!(!report.contains("Use "), "{report}");
}

#[test]
fn token_of_another_kind_is_refused_with_its_mark() {
    let unmarked = |typ: Value, name: &str, value: Value| id_token(Alg::Es256, typ, &claims_with(name, value));
    let cases = [
        (
            "events",
            json!({}),
            "has events: it is a security event, such as a logout token.\n  Send the access token.\n",
        ),
        ("at_hash", json!("h"), "has at_hash: it is an ID token.\n  Send the access token.\n"),
        ("c_hash", json!(7), "has c_hash: it is an ID token.\n"),
        ("typ", json!("ID"), "has typ \"ID\": it is an ID token.\n"),
        ("typ", json!("Refresh"), "has typ \"Refresh\": it is a refresh token.\n  It is for the provider only."),
        ("typ", json!("offline"), "has typ \"offline\": it is a refresh token.\n"),
        ("typ", json!("Logout"), "has typ \"Logout\": it is a logout token.\n"),
        ("token_use", json!("id"), "has token_use \"id\": it is an ID token.\n"),
        ("token_use", json!("refresh"), "has token_use \"refresh\": it is a refresh token.\n"),
        ("token_use", json!(7), "has token_use 7: it is a token of another kind.\n"),
    ];
    for (name, value, advice) in cases {
        for typ in [json!("JWT"), Value::Null] {
            let token = unmarked(typ, name, value.clone());
            let report = refused(&["--profile", "generic"], &token, Error::WrongType);
            assert_eq!(["type", "kind", "claims"].map(|check| outcome(&report, check)), ["ok", "FAIL", "-"], "{name}");
            assert!(report.contains(advice), "{advice}: {report}");
            assert_fits(advice, &report);

            let report = refused(&[], &token, Error::WrongType);
            assert_eq!(outcome(&report, "type"), "FAIL");
            assert!(report.contains(advice) && !report.contains("generic"), "{advice}: {report}");
        }
    }
    // These values mark an access token, or mark nothing.
    for (name, value) in [
        ("typ", json!("Bearer")),
        ("typ", json!("DPoP")),
        ("typ", json!(7)),
        ("token_use", json!("access")),
        ("nonce", json!("n")),
        ("azp", json!("app")),
    ] {
        for typ in [json!("JWT"), json!("JOSE"), json!("application/jwt"), Value::Null] {
            let accepted = verify(&["--profile", "generic"], &unmarked(typ, name, value.clone()));
            assert_eq!(accepted.status, 0, "{name}: {}", accepted.stdout);
            assert_eq!(outcome(&accepted.stdout, "kind"), "ok");
        }
    }
    for (typ, advice) in [
        ("logout+jwt", "typ is \"logout+jwt\": it is a logout token.\n  Send the access token.\n"),
        ("dpop+jwt", "typ is \"dpop+jwt\": it is a DPoP proof.\n  Send the access token. The proof goes into"),
        ("secevent+jwt", "typ is \"secevent+jwt\": it was not issued as an access token.\n"),
    ] {
        for profile in ["access", "typed", "generic"] {
            let token = id_token(Alg::Es256, json!(typ), &claims());
            let report = refused(&["--profile", profile], &token, Error::WrongType);
            assert_eq!(outcome(&report, "type"), "FAIL");
            assert!(report.contains(advice) && !report.contains("Use "), "{report}");
            assert_fits(typ, &report);
        }
    }
}

#[test]
fn access_token_without_audience_is_refused_with_advice_for_cognito() {
    let claims = with(claims_with("aud", Value::Null), "token_use", json!("access"));
    let report = refused(&["--profile", "generic"], &id_token(Alg::Es256, Value::Null, &claims), MISSING_AUDIENCE);
    assert!(report.contains("AccessTokenPolicy::for_client, and require a scope.\n"), "{report}");
    assert_fits("Cognito", &report);
    let report = refused(&[], &Alg::Es256.access_token(&claims_with("aud", Value::Null)), MISSING_AUDIENCE);
    assert!(!report.contains("Cognito"), "{report}");
}

#[test]
fn empty_expected_value_is_reported_with_its_option() {
    let jwks = jwks_file("unconfigured");
    let now = NOW.to_string();
    for (issuer, audience, advice) in
        [("", AUDIENCE, "Name one with --issuer:"), (ISSUER, "", "Name one with --audience:")]
    {
        let expected = ["--issuer", issuer, "--audience", audience, "--now", &now];
        let args = [&["--jwks", jwks.to_str().unwrap()], &expected[..], &[bundle::ES256_TOKEN]].concat();
        let run = run(&args, b"");
        assert_eq!(run.status, 1);
        assert!(run.stdout.contains(advice), "{}", run.stdout);
        // An empty expected value is refused before the token's claims are checked.
        assert_eq!(["type", "claims"].map(|check| outcome(&run.stdout, check)), ["-", "-"], "{}", run.stdout);
        assert_fits(advice, &run.stdout);
    }
}

#[test]
fn report_explains_why_no_key_is_chosen() {
    let other_alg = Alg::Es256.mint(r#"{"alg":"ES256","typ":"at+jwt","kid":"ed-test"}"#, claims().to_string());
    let report = refused(&[], &other_alg, Error::UnknownKey);
    assert!(report.contains("This kid is there, for EdDSA.\n"), "{report}");

    let rsa_only = temporary_file("rsa-only", r#"{"keys":[{"kty":"RSA","kid":"es-test","n":"AQAB","e":"AQAB"}]}"#);
    let expected = ["--issuer", ISSUER, "--audience", AUDIENCE];
    let args = [&["--jwks", rsa_only.to_str().unwrap()], &expected[..], &[bundle::ES256_TOKEN]].concat();
    let report = run(&args, b"").stdout;
    assert!(report.contains("This issuer publishes no key for one of these"), "{report}");
    assert!(!report.contains("This kid is there") && !report.contains("rotate"), "{report}");
    assert_fits("no key", &report);
}

#[test]
fn report_names_the_key_that_verified_a_token_without_kid() {
    let named = |n: u8| {
        let point = ed25519_dalek::SigningKey::from_bytes(&[n; 32]).verifying_key();
        json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(point.as_bytes()), "kid": format!("key-{n}")})
    };
    let signer = with(Alg::EdDsa.jwk(), "kid", json!("ed-test"));
    let token = Alg::EdDsa.mint(r#"{"alg":"EdDSA","typ":"at+jwt"}"#, claims().to_string());
    let report = |name: &str, keys: Vec<Value>, token: &str| {
        let jwks = temporary_file(name, &json!({"keys": keys}).to_string());
        let expected = ["--issuer", ISSUER, "--audience", AUDIENCE, "--now", &NOW.to_string()];
        run(&[&["--jwks", jwks.to_str().unwrap()], &expected[..], &[token]].concat(), b"").stdout
    };
    let three = || vec![named(1), Alg::Es256.jwk(), named(2), signer.clone()];
    let accepted = report("several", three(), &token);
    assert!(accepted.contains("  key     \"ed-test\" (EdDSA); the issuer has 4 usable, 0 skipped\n"), "{accepted}");

    let forged = Alg::EdDsa.mint(r#"{"alg":"EdDSA","typ":"at+jwt"}"#, claims_with("sub", json!("admin")).to_string());
    let forged = format!("{}.{}", forged.rsplit_once('.').unwrap().0, token.rsplit_once('.').unwrap().1);
    let refused = report("several", three(), &forged);
    assert!(refused.contains("  key     none of 3 that fit; the issuer has 4 usable"), "{refused}");
    assert_eq!(["key", "signature", "payload"].map(|check| outcome(&refused, check)), ["ok", "FAIL", "-"]);
    // The report counts equal keys once.
    let twice = report("twice", vec![signer.clone(), signer.clone()], &forged);
    assert!(twice.contains("  key     \"ed-test\" (EdDSA); the issuer has 2 usable"), "{twice}");

    let five = report("five", (1..=5).map(named).chain([signer]).collect(), &token);
    assert!(five.contains("[AmbiguousKey, code") && five.contains("More than 4 keys fit, and none"), "{five}");
    assert_eq!(["key", "signature", "payload"].map(|check| outcome(&five, check)), ["ok", "FAIL", "-"]);
    assert!(five.contains("  key     none of 6 that fit; the issuer"), "{five}");
    assert!(five.contains(
        "  known  \"key-1\" (EdDSA), \"key-2\" (EdDSA), \"key-3\" (EdDSA), \"key-4\" (EdDSA),\n         \"key-5\""
    ));
    assert_fits("many keys", &five);
}

#[test]
fn report_abridges_a_long_kid() {
    let kid = format!("did:web:{}", "k".repeat(97));
    let header = |kid: &str| json!({"alg": "ES256", "typ": "at+jwt", "kid": kid}).to_string();
    let jwks = json!({"keys": [with(Alg::Es256.jwk(), "kid", json!(kid))]}).to_string();
    let jwks = temporary_file("long-kid", &jwks);
    let report = |kid: &str| {
        let expected = ["--issuer", ISSUER, "--audience", AUDIENCE, "--now", &NOW.to_string()];
        let token = Alg::Es256.mint(header(kid), claims().to_string());
        run(&[&["--jwks", jwks.to_str().unwrap()], &expected[..], &[&token]].concat(), b"").stdout
    };
    let accepted = report(&kid);
    assert!(accepted.contains("ACCEPTED") && accepted.contains("  key     \"did:web:kkk"), "{accepted}");
    assert!(accepted.contains("\"... of 105 bytes (ES256); the issuer has 1 usable"), "{accepted}");

    let refused = report(&format!("{}l", &kid[..104]));
    assert!(
        refused.contains("[UnknownKey, code") && refused.contains("\"...\n         of 105 bytes (ES256);"),
        "{refused}"
    );
    assert!(!refused.contains("This kid is there"), "{refused}");
}

#[test]
fn report_shows_the_buffer_size_that_the_token_needs() {
    let needed = Token::parse(bundle::ES256_TOKEN).unwrap().buffer_len();
    let size = format!("  size    452 bytes; needs {needed} bytes of buffer (has 1024)\n");
    assert!(verify(&["--buffer", "1024"], bundle::ES256_TOKEN).stdout.contains(&size));
    assert!(verify(&[], "opaque").stdout.contains("  size    6 bytes\n"));
}

#[test]
fn closed_output_pipe_causes_no_error() {
    let jwks = jwks_file("closed");
    let now = NOW.to_string();
    let whole = ["--jwks", jwks.to_str().unwrap(), "--issuer", ISSUER, "--audience", AUDIENCE, "--now", &now, "-"];
    let batch = line(1, bundle::ES256_TOKEN).to_string();
    let cases: [(&[&str], &str, i32); 5] = [
        (&whole, bundle::ES256_TOKEN, 0),
        (&whole, bundle::FORGED_TOKEN, 1),
        (&["--batch"], &batch, 0),
        (&["--help"], "", 0),
        (&[], "", 0),
    ];
    for (args, stdin, status) in cases {
        let mut child = spawn(args);
        drop(child.stdout.take());
        let mut pipe = child.stdin.take().unwrap();
        // A child that reads no input may have exited already.
        let _ = pipe.write_all(stdin.as_bytes());
        drop(pipe);
        let Output { status: got, stderr, .. } = child.wait_with_output().unwrap();
        assert_eq!((got.code(), String::from_utf8(stderr).unwrap().as_str()), (Some(status), ""), "{args:?}");
    }
}

#[test]
fn report_marks_checks_up_to_the_failed_one() {
    let report = verify(&[], &Alg::Es256.access_token(&claims_with("aud", json!("urn:other")))).stdout;
    let passed = [
        "form",
        "buffer",
        "header",
        "algorithm",
        "key",
        "signature",
        "payload",
        "issuer",
        "type",
        "claims",
        "required",
    ];
    for check in passed {
        assert_eq!(outcome(&report, check), "ok", "{check}");
    }
    assert_eq!(outcome(&report, "audience"), "FAIL");
    for check in ["clock", "expiration", "not before"] {
        assert_eq!(outcome(&report, check), "-", "{check}");
    }

    let report = verify(&["--now", "0"], &Alg::Es256.access_token(&claims())).stdout;
    assert_eq!(["audience", "clock", "expiration"].map(|check| outcome(&report, check)), ["ok", "FAIL", "-"]);

    // Any date is an `iat` of the right type.
    let issued =
        |iat: Value| verify(&["--max-lifetime", "9"], &Alg::Es256.access_token(&claims_with("iat", iat))).stdout;
    let checks = ["claims", "expiration", "not before", "lifetime"];
    assert_eq!(checks.map(|check| outcome(&issued(json!(NOW + 241)), check)), ["ok", "ok", "FAIL", "-"]);
    assert_eq!(checks.map(|check| outcome(&issued(json!(1e30)), check)), ["FAIL", "-", "-", "-"]);
}

#[test]
fn report_never_marks_a_broken_rule_ok() {
    let no_limit: &[&str] = &[];
    let limits = &["--max-lifetime", "300", "--max-token-age", "300"][..];
    let broken_in_any = [
        ("aud", json!("urn:other"), "audience"),
        ("exp", json!(NOW - 60), "expiration"),
        ("nbf", json!(NOW + 61), "not before"),
        ("sub", Value::Null, "required"),
        ("exp", Value::Null, "required"),
        ("aud", Value::Null, "required"),
    ];
    let broken_access = [
        ("jti", json!(7), "claims"),
        ("scope", json!("pump:read"), "scope"),
        ("cnf", json!({"jkt": "0".repeat(43)}), "binding"),
        ("cnf", json!(7), "binding"),
        ("auth_time", json!(NOW - 661), "login"),
        ("auth_time", json!("now"), "login"),
    ];
    let login = ["--max-age", "600"];
    let scope = ["--scope", "pump:write"];
    for options in [no_limit, limits] {
        for profile in ["access", "typed", "generic"] {
            // The other profiles do not require `sub` and `jti`.
            let is_broken = |(name, value, _): &&(&str, Value, &str)| {
                profile == "access" || !value.is_null() || !["sub", "jti"].contains(name)
            };
            let broken: Vec<_> = broken_in_any.iter().chain(&broken_access).filter(is_broken).cloned().collect();
            let options = [options, &login, &scope, &["--profile", profile]].concat();
            assert_none_ok(&broken, &claims_with("auth_time", json!(NOW)), |claims| {
                verify(&options, &Alg::Es256.access_token(claims)).stdout
            });
        }
    }
    // Without a clock, `nbf` is compared with nothing.
    let at_floor = broken_in_any.iter().chain(&broken_access).filter(|(_, _, check)| *check != "not before").cloned();
    let at_floor: Vec<_> = at_floor.chain([("exp", json!(NOW + 400), "lifetime")]).collect();
    assert_none_ok(&at_floor, &claims_with("auth_time", json!(NOW)), |claims| {
        verify(&[&FLOOR[..], &login, &scope].concat(), &Alg::Es256.access_token(claims)).stdout
    });

    let broken_id = [
        ("azp", json!("urn:other"), "party"),
        ("nonce", Value::Null, "nonce"),
        ("auth_time", json!(NOW - 661), "login"),
        ("auth_time", json!("now"), "login"),
        ("at_hash", json!("other"), "hash"),
        ("at_hash", json!(7), "hash"),
        ("nonce", json!(7), "nonce"),
    ];
    for options in [no_limit, limits] {
        assert_none_ok(&[&broken_in_any[..], &broken_id].concat(), &id_claims(Alg::Es256), |claims| {
            verify(&[&ID[..], options, &login].concat(), &id_token(Alg::Es256, Value::Null, claims)).stdout
        });
    }

    // Without `iat` there is no lifetime, even if the profile does not require `iat`.
    let token = Alg::Es256.access_token(&claims_with("iat", Value::Null));
    let report = verify(limits, &token).stdout;
    assert_eq!(["claims", "required", "audience"].map(|check| outcome(&report, check)), ["ok", "FAIL", "-"]);
    let report = verify(&[limits, &["--profile", "generic"]].concat(), &token).stdout;
    assert_eq!(["not before", "lifetime", "age"].map(|check| outcome(&report, check)), ["ok", "FAIL", "-"]);
}

/// A device that knows only that it is [`NOW`] or later, and accepts tokens of five minutes.
const FLOOR: [&str; 4] = ["--floor", "1768478400", "--max-unproven-lifetime", "300"];

#[test]
fn floor_takes_the_place_of_the_clock() {
    assert_eq!(FLOOR[1], NOW.to_string());
    let token = Alg::Es256.access_token(&claims());
    let accepted = verify(&FLOOR, &token);
    assert_eq!(accepted.status, 0, "{}", accepted.stdout);
    assert!(accepted.stdout.contains("clock   none: it is 2026-01-15 12:00:00 UTC or later (leeway 60 s)\n"));
    assert_eq!(["expiration", "freshness", "lifetime"].map(|check| outcome(&accepted.stdout, check)), ["ok"; 3]);
    // Nothing is compared with the current time, and no distance to it is known.
    assert!(
        !lists(&accepted.stdout, "not before") && !accepted.stdout.contains("UTC, in 4 min"),
        "{}",
        accepted.stdout
    );
    assert!(accepted.stdout.contains("\n  exp        1768478640 (2026-01-15 12:04:00 UTC)\n"), "{}", accepted.stdout);
    assert_fits("floor", &accepted.stdout);

    for (options, profile) in [(&FLOOR[..2], "access"), (&FLOOR[..2], "id"), (&["--floor", "0"], "access")] {
        let claims = if profile == "id" { id_claims(Alg::Es256) } else { claims() };
        let typ = if profile == "id" { json!("JWT") } else { json!("at+jwt") };
        let report = refused(
            &[options, &["--profile", profile]].concat(),
            &id_token(Alg::Es256, typ, &claims),
            Error::TimeUnknown,
        );
        assert!(report.contains("--max-unproven-lifetime"), "{report}");
        assert_fits(profile, &report);
    }
    let with_nonce = [&ID[..], &FLOOR[..2]].concat();
    let long_lived = id_token_with("exp", json!(NOW + 900));
    let accepted = verify(&[&with_nonce, &FLOOR[2..]].concat(), &long_lived);
    assert_eq!((accepted.status, lists(&accepted.stdout, "lifetime")), (0, false), "{}", accepted.stdout);
    let report = refused(&with_nonce, &id_token_with("nonce", json!("n-2")), Error::Mismatch(Claim::Nonce));
    assert!(report.contains("the nonce has to show it"), "{report}");
    let long_lived = Alg::Es256.access_token(&claims_with("exp", json!(NOW + 400)));
    let report = refused(&FLOOR, &long_lived, Error::LifetimeTooLong);
    assert!(report.contains("allow more with\n  --max-unproven-lifetime."), "{report}");
    let over = Alg::Es256.access_token(&claims_with("exp", json!(NOW - 60)));
    refused(&FLOOR, &over, Error::Expired);
    let over_at_once = Alg::Es256.access_token(&claims_with("iat", json!(NOW + 250)));
    assert!(refused(&FLOOR, &over_at_once, Error::Expired).contains("\n  iat    2026-01-15 12:04:10 UTC\n"));

    let proof = |claims: &Value| proof(Alg::Es256, claims);
    let claims = testkit::with(dpop_claims("t"), "nonce", json!("n-1"));
    let at_floor = [&FLOOR[..2], &["--nonce", "n-1"]].concat();
    let accepted = verify_proof(&at_floor, &proof(&claims));
    assert_eq!(accepted.status, 0, "{}", accepted.stdout);
    assert!(accepted.stdout.contains("\n  usable   once, which withdraws its nonce\n"), "{}", accepted.stdout);
    refused_by(verify_proof(&FLOOR[..2], &proof(&claims)), Error::TimeUnknown);
    let over = testkit::with(claims, "exp", json!(NOW - 60));
    refused_by(verify_proof(&at_floor, &proof(&over)), Error::Expired);
}

#[test]
fn proof_is_verified_with_its_access_token() {
    let bound = |claims: Value| testkit::with(claims, "cnf", json!({"jkt": Alg::Es256.key().thumbprint().to_string()}));
    let token = Alg::EdDsa.access_token(&bound(claims()));
    let request = |proof: &str| {
        let options = ["--method", "POST", "--uri", "https://pump-7.local/speed", "--proof", proof];
        options.map(str::to_owned)
    };
    let run = |options: &[&str], token: &str, proof: &str| {
        let request = request(proof);
        verify(&[&request.each_ref().map(String::as_str), options].concat(), token)
    };
    let proof_of = |token: &str| proof(Alg::Es256, &dpop_claims(token));

    let accepted = run(&[], &token, &proof_of(&token));
    assert_eq!(accepted.status, 0, "{}", accepted.stdout);
    assert_eq!(["proof", "binding"].map(|check| outcome(&accepted.stdout, check)), ["ok"; 2]);
    assert_fits("proof", &accepted.stdout);

    let with_nonce = proof(Alg::Es256, &testkit::with(dpop_claims(&token), "nonce", json!("n-1")));
    let at_floor = [&FLOOR[..], &["--nonce", "n-1"]].concat();
    assert_eq!(run(&at_floor, &token, &with_nonce).status, 0);

    let to_another_key = Alg::EdDsa.access_token(&testkit::with(
        claims(),
        "cnf",
        json!({"jkt": Alg::EdDsa.key().thumbprint().to_string()}),
    ));
    let unbound = Alg::EdDsa.access_token(&claims());
    let unreadable = Alg::EdDsa.access_token(&testkit::with(claims(), "cnf", json!(7)));
    let to_a_certificate =
        Alg::EdDsa.access_token(&testkit::with(claims(), "cnf", json!({"x5t#S256": "0".repeat(43)})));
    let cases: [(&[&str], &str, &str, Error, &str); 11] = [
        (&[], &to_a_certificate, &proof_of(&to_a_certificate), Error::Mismatch(Claim::Confirmation), "binding"),
        (&["--nonce", "n-1"], &token, &proof_of(&token), Error::Missing(Claim::Nonce), "proof"),
        (&["--nonce", "n-2"], &token, &with_nonce, Error::Mismatch(Claim::Nonce), "proof"),
        (&[], &token, &proof_of(&unbound), Error::Mismatch(Claim::AccessTokenHash), "proof"),
        (&[], &token, "a.b.c", Error::Malformed(Part::Header), "proof"),
        (&[], &token, &token, Error::WrongType, "proof"),
        (&["--now", &(NOW + 121).to_string()], &token, &proof_of(&token), Error::ProofTooOld, "proof"),
        (&[], &unbound, &proof_of(&unbound), Error::Missing(Claim::Confirmation), "binding"),
        (&[], &to_another_key, &proof_of(&to_another_key), Error::Mismatch(Claim::Confirmation), "binding"),
        (&[], &unreadable, &proof_of(&unreadable), Error::Invalid(Claim::Confirmation), "binding"),
        (&[], bundle::FORGED_TOKEN, "a.b.c", Error::InvalidSignature, "signature"),
    ];
    for (options, token, proof, error, check) in cases {
        let report = refused_by(run(options, token, proof), error);
        assert_eq!(outcome(&report, check), "FAIL", "{report}");
        assert_eq!(report.contains("--profile dpop, with --access-token"), check == "proof", "{report}");
        assert_eq!(report.contains("with_certificate"), token == to_a_certificate, "{report}");
        assert_eq!(report.contains("It is an object with one of jkt"), token == unreadable, "{report}");
        assert_fits(check, &report);
    }
    assert_none_ok(
        &[
            ("aud", json!("urn:other"), "audience"),
            ("cnf", json!({"jkt": "0".repeat(43)}), "binding"),
            ("scope", json!("pump:read"), "scope"),
            ("jti", Value::Null, "required"),
        ],
        &bound(claims()),
        |claims| {
            let token = Alg::EdDsa.access_token(claims);
            run(&["--scope", "pump:write"], &token, &proof_of(&token)).stdout
        },
    );
}

#[test]
fn device_may_verify_one_algorithm_alone() {
    let [es256, eddsa] = ALGS.map(|alg| alg.access_token(&claims()));
    assert_eq!(verify(&["--alg", "ES256"], &es256).status, 0);
    let report = refused(&["--alg", "ES256"], &eddsa, Error::UnsupportedAlgorithm);
    assert!(report.contains("FAIL algorithm   alg is ES256 ") && report.contains("Switch the provider to ES256 for"));
    assert_fits("alg", &report);
}

#[test]
fn profile_has_the_name_of_its_constructor_too() {
    let token = Alg::Es256.access_token(&claims());
    for (name, constructor) in [("typed", "at_jwt"), ("generic", "untyped")] {
        let [by_name, by_constructor] = [name, constructor].map(|name| verify(&["--profile", name], &token));
        assert_eq!((by_constructor.status, by_constructor.stdout), (0, by_name.stdout));
    }
}

/// Breaks two claims at once, and asserts that one check fails and the other is not reached.
fn assert_none_ok(broken: &[(&str, Value, &str)], claims: &Value, report: impl Fn(&Value) -> String) {
    let change = |claims: &mut Value, name: &str, value: &Value| match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value.clone(),
    };
    for (first, value, first_check) in broken {
        for (second, other, second_check) in broken.iter().filter(|(name, ..)| name != first) {
            let mut claims = claims.clone();
            change(&mut claims, first, value);
            change(&mut claims, second, other);
            let report = report(&claims);
            let outcomes = [outcome(&report, first_check), outcome(&report, second_check)];
            assert!(!outcomes.contains(&"ok".into()), "{first} and {second}: {report}");
            assert!(outcomes.contains(&"FAIL".into()), "{first} and {second}: {report}");
        }
    }
}

#[test]
fn default_leeway_matches_the_crate() {
    let token = Alg::EdDsa.access_token(&claims());
    let exp = NOW + 240;
    assert_eq!(verify(&["--now", &(exp + 59).to_string()], &token).status, 0);
    assert_eq!(verify(&["--now", &(exp + 60).to_string()], &token).status, 1);
    assert_eq!(verify(&["--now", &(exp + 60).to_string(), "--leeway", "61"], &token).status, 0);
}

#[test]
fn default_clock_is_the_system_clock() {
    let jwks = jwks_file("system-clock");
    let bundled = ["--jwks", jwks.to_str().unwrap(), "--issuer", ISSUER, "--audience", AUDIENCE];
    let expired = run(&[&bundled[..], &[bundle::ES256_TOKEN]].concat(), b"");
    assert_eq!(expired.status, 1);
    assert!(expired.stdout.contains("[Expired, code 0x1500]"), "{}", expired.stdout);
}

#[test]
fn profile_generic_accepts_untyped_tokens() {
    let token =
        Alg::Es256.mint(r#"{"alg":"ES256"}"#, json!({"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 1}).to_string());
    assert_eq!(verify(&["--profile", "generic"], &token).status, 0);
    assert_eq!(verify(&["--profile", "access"], &token).status, 1);
    assert_eq!(verify(&[], &token).status, 1);
}

#[test]
fn profile_typed_accepts_marked_tokens_with_few_claims() {
    let few = json!({"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 1, "scope": ["pump:read", "pump:write"]});
    for alg in ALGS {
        let token = alg.access_token(&few);
        let accepted = verify(&["--profile", "typed", "--scope", "pump:write"], &token);
        assert_eq!(accepted.status, 0, "{}", accepted.stdout);
        assert!(accepted.stdout.contains("\n  scopes   [\"pump:read\", \"pump:write\"]\n"), "{}", accepted.stdout);
        assert_fits("a typed token", &accepted.stdout);
        assert_eq!(verify(&["--profile", "access"], &token).status, 1);

        let typed = ["--profile", "typed"];
        let report = refused(&typed, &id_token(alg, json!("JWT"), &few), Error::WrongType);
        assert_eq!(["issuer", "type", "claims"].map(|check| outcome(&report, check)), ["ok", "FAIL", "-"]);
        for (name, claim) in [("aud", Claim::Audience), ("exp", Claim::Expiration)] {
            let report =
                refused(&typed, &alg.access_token(&with(few.clone(), name, Value::Null)), Error::Missing(claim));
            assert_eq!(["claims", "required", "clock"].map(|check| outcome(&report, check)), ["ok", "FAIL", "-"]);
        }
        for scope in [json!(7), json!({}), json!(["pump:read", 7]), json!(["pump:read pump:write"])] {
            let report = refused(&typed, &alg.access_token(&with(few.clone(), "scope", scope)), WRONG_SCOPE);
            assert_eq!(outcome(&report, "claims"), "FAIL");
            assert!(report.contains("It is a string, or an array of strings without spaces.\n"), "{report}");
        }
    }
}

#[test]
fn required_scope_is_read_from_the_scope_claim() {
    let claims = |scp: Value| with(claims_with("scope", json!("pump:stop")), "scp", scp);
    let as_array = claims(json!(["pump:read", "pump:write"]));
    let as_string = claims(json!("pump:read pump:write"));
    let options = |profile| ["--profile", profile, "--scope-claim", "scp", "--scope", "pump:write"];
    for (profile, claims) in
        [("access", &as_string), ("typed", &as_string), ("typed", &as_array), ("generic", &as_array)]
    {
        let token = Alg::Es256.access_token(claims);
        let accepted = verify(&options(profile), &token);
        assert_eq!(accepted.status, 0, "{}", accepted.stdout);
        assert!(accepted.stdout.contains("  ok   scope       scp contains \"pump:write\""), "{}", accepted.stdout);
        assert!(accepted.stdout.contains("\n  scopes   [\"pump:read\", \"pump:write\"]\n"), "{}", accepted.stdout);

        let stop = [&options(profile)[..4], &["--scope", "pump:stop"]].concat();
        let report = refused(&stop, &token, Error::InsufficientScope);
        assert_eq!(outcome(&report, "scope"), "FAIL");
        // Without a required scope, the claim is read all the same.
        assert_eq!(verify(&options(profile)[..4], &token).status, 0);
    }
    refused(&options("access"), &Alg::Es256.access_token(&as_array), WRONG_SCOPE);

    for name in ["", "cnf", "client_id", "iss"] {
        for scope in [&[][..], &["--scope", "pump:read"]] {
            let options = [&["--scope-claim", name], scope].concat();
            let report = refused(&options, &Alg::Es256.access_token(&as_string), Error::Unconfigured(Claim::Scope));
            assert_eq!(["issuer", "type", "scope"].map(|check| outcome(&report, check)), ["ok", "-", "FAIL"]);
            assert!(report.contains(&format!("It is not for scopes: --scope-claim {name:?}.\n")), "{report}");
            assert_fits(name, &report);
        }
    }
}

#[test]
fn profile_dpop_accepts_a_proof_of_the_request() {
    for alg in ALGS {
        let proof = proof(alg, &dpop_claims("t"));
        let accepted = verify_proof(&[], &proof);
        assert_eq!((accepted.status, accepted.stderr.as_str()), (0, ""), "{}", accepted.stdout);
        let grant = format!(
            "ACCEPTED\n  key      {}\n  proof    \"proof-1\"\n  made     2026-01-15 12:00:00 UTC, now\n  \
             usable   before 2026-01-15 12:02:01 UTC, in 2 min 1 s\n",
            alg.key().thumbprint()
        );
        assert!(accepted.stdout.contains(&grant), "{}", accepted.stdout);
        assert!(accepted.stdout.contains("\n  key     the one in the header (jwk)\n"), "{}", accepted.stdout);
        for check in ["type", "key", "claims", "method", "uri", "hash", "clock", "age"] {
            assert_eq!(outcome(&accepted.stdout, check), "ok", "{check}");
        }
        for check in ["issuer", "audience", "scope", "binding", "nonce"] {
            assert!(!accepted.stdout.contains(&format!("  ok   {check:10}  ")), "{check}: {}", accepted.stdout);
        }
        assert_fits("a proof", &accepted.stdout);
        // From stdin, as a token.
        let piped = run(&[&PROOF[..], &["--now", &NOW.to_string(), "-"]].concat(), format!("{proof}\n").as_bytes());
        assert_eq!(piped.stdout, accepted.stdout);
    }
    let with_nonce = proof(Alg::Es256, &with(dpop_claims("t"), "nonce", json!("n-1")));
    assert_eq!(outcome(&verify_proof(&["--nonce", "n-1"], &with_nonce).stdout, "nonce"), "ok");
    // The age limit is 60 s, and so is the leeway.
    let claims = |iat: i64| proof(Alg::EdDsa, &with(dpop_claims("t"), "iat", json!(iat)));
    assert_eq!(verify_proof(&[], &claims(NOW - 120)).status, 0);
    assert_eq!(verify_proof(&[], &claims(NOW + 60)).status, 0);
    assert_eq!(verify_proof(&["--leeway", "0"], &claims(NOW - 60)).status, 0);
    let dated = with(with(dpop_claims("t"), "exp", json!(NOW - 59)), "nbf", json!(NOW + 60));
    let accepted = verify_proof(&[], &proof(Alg::EdDsa, &dated)).stdout;
    assert_eq!(["expiration", "not before"].map(|check| outcome(&accepted, check)), ["ok", "ok"]);
    assert!(accepted.contains("  usable   before 2026-01-15 12:00:01 UTC, in 1 s\n"), "{accepted}");
}

#[test]
fn profile_dpop_refuses_with_status_1_and_advice() {
    let claims = |name: &str, value: Value| proof(Alg::Es256, &with(dpop_claims("t"), name, value));
    let header = |name: &str, value: Value| {
        Alg::Es256.mint(with(Alg::Es256.dpop_header(), name, value).to_string(), dpop_claims("t").to_string())
    };
    let good = claims("", Value::Null);
    let forged = format!("{}{}", &good[..good.len() - 86], base64url(&Alg::Es256.sign(b"other")));
    let private = with(Alg::Es256.jwk(), "d", json!("A".repeat(43)));
    let nonce: &[&str] = &["--nonce", "n-1"];
    let missing = Error::Missing;
    let mismatch = Error::Mismatch;
    let cases: [(&[&str], &str, Error, &str, &str); 33] = [
        (&[], "opaque", Error::Malformed(Part::Token), "form", "an opaque token, perhaps"),
        (&[], &format!("{good} "), Error::Malformed(Part::Signature), "signature", "white space"),
        (&["--buffer", "9"], &good, Error::BufferTooSmall, "buffer", "it has 9 bytes"),
        (&[], &header("crit", json!(["b64"])), Error::CriticalHeader, "header", "(crit)"),
        (&[], &header("typ", Value::Null), Error::WrongType, "type", "It has no typ: it is not a proof."),
        (&[], &header("typ", json!("JWT")), Error::WrongType, "type", "Its typ is \"JWT\": it is not a proof."),
        (&[], bundle::ES256_TOKEN, Error::WrongType, "type", "it is an access token, not a proof."),
        (&[], &header("alg", json!("RS384")), Error::UnsupportedAlgorithm, "algorithm", "Make the client sign"),
        (&[], &header("alg", json!("none")), Error::UnsupportedAlgorithm, "algorithm", "not signed"),
        (&[], &header("jwk", Value::Null), Error::InvalidKey, "key", "The header has no jwk"),
        (&[], &header("jwk", private), Error::InvalidKey, "key", "the client publishes its private key"),
        (&[], &header("jwk", Alg::EdDsa.jwk()), Error::InvalidKey, "key", "jwk  kty \"OKP\", crv \"Ed25519\""),
        (&[], &forged, Error::InvalidSignature, "signature", "another key than the one in"),
        (&[], &claims("jti", Value::Null), missing(Claim::JwtId), "claims", "Make the client write this claim"),
        (&[], &claims("htm", Value::Null), missing(Claim::HttpMethod), "claims", "Make the client write"),
        (&[], &claims("htu", Value::Null), missing(Claim::HttpUri), "claims", "Make the client write"),
        (&[], &claims("iat", Value::Null), missing(Claim::IssuedAt), "claims", "Make the client write"),
        (&[], &claims("ath", Value::Null), missing(Claim::AccessTokenHash), "claims", "Make the client write"),
        (&[], &claims("htm", json!(7)), Error::Invalid(Claim::HttpMethod), "claims", "correct the client"),
        (&[], &claims("jti", json!("")), Error::Invalid(Claim::JwtId), "claims", "correct the client"),
        (&[], &claims("aud", json!(7)), Error::Invalid(Claim::Audience), "claims", "correct the client"),
        (&[], &claims("exp", json!(NOW - 60)), Error::Expired, "expiration", "a new proof for each request"),
        (&[], &claims("nbf", json!(NOW + 61)), Error::NotYetValid, "not before", "in 1 min 1 s"),
        (&[], &claims("htm", json!("post")), mismatch(Claim::HttpMethod), "method", "expected  \"POST\""),
        (&[], &claims("htu", json!("https://a/b")), mismatch(Claim::HttpUri), "uri", "behind a proxy, its scheme"),
        (&[], &claims("ath", json!("other")), mismatch(Claim::AccessTokenHash), "hash", "another access token"),
        (nonce, &good, missing(Claim::Nonce), "nonce", "error use_dpop_nonce"),
        (nonce, &claims("nonce", json!("n-2")), mismatch(Claim::Nonce), "nonce", "expected  \"n-1\""),
        (&["--now", "0"], &good, Error::ClockNotSet, "clock", "Set the clock"),
        (&[], &claims("iat", json!(NOW - 121)), Error::ProofTooOld, "age", "2 min 1 s ago"),
        (&["--leeway", "0"], &claims("iat", json!(NOW - 61)), Error::ProofTooOld, "age", "new proof for each request"),
        (&[], &claims("iat", json!(NOW + 61)), Error::NotYetValid, "not before", "Compare the clocks"),
        (&["--nonce", ""], &good, Error::Unconfigured(Claim::Nonce), "nonce", "Name one with --nonce:"),
    ];
    for (options, proof, error, check, advice) in cases {
        let report = refused_by(verify_proof(options, proof), error);
        assert_eq!(outcome(&report, check), "FAIL", "{error:?}: {report}");
        assert!(report.contains(advice), "{error:?}: {report}");
        assert_fits(&format!("{error:?}"), &report);
    }
    // Enough for header and payload, and not for another copy of `jti`.
    let escaped = claims("jti", json!("\"".repeat(100)));
    let tight = Token::parse(&escaped).unwrap().buffer_len().to_string();
    let report = refused_by(verify_proof(&["--buffer", &tight], &escaped), Error::BufferTooSmall);
    assert_eq!(
        ["buffer", "claims", "not before", "age"].map(|check| outcome(&report, check)),
        ["FAIL", "ok", "ok", "-"]
    );

    for (option, claim, check) in [("--method", Claim::HttpMethod, "method"), ("--uri", Claim::HttpUri, "uri")] {
        let mut args = PROOF;
        let at = args.iter().position(|arg| *arg == option).unwrap();
        args[at + 1] = "";
        let report = refused_by(run(&[&args[..], &[&good]].concat(), b""), Error::Unconfigured(claim));
        assert!(report.contains(&format!("Name one with {option}:")), "{report}");
        assert_eq!(["form", "buffer", check].map(|check| outcome(&report, check)), ["ok", "-", "FAIL"]);
    }
}

#[test]
fn report_on_a_proof_never_marks_a_broken_rule_ok() {
    let broken = [
        ("jti", Value::Null, "claims"),
        ("htm", json!("GET"), "method"),
        ("htu", json!("https://a/b"), "uri"),
        ("ath", json!("other"), "hash"),
        ("ath", json!(7), "claims"),
        ("nonce", json!("n-2"), "nonce"),
        ("iat", json!(NOW - 121), "age"),
        ("iat", json!(NOW + 61), "not before"),
        ("exp", json!(NOW - 60), "expiration"),
        ("nbf", json!(NOW + 61), "not before"),
        ("sub", json!(7), "claims"),
    ];
    let good = with(dpop_claims("t"), "nonce", json!("n-1"));
    assert_none_ok(&broken, &good, |claims| verify_proof(&["--nonce", "n-1"], &proof(Alg::Es256, claims)).stdout);
}

#[test]
fn token_from_stdin_may_end_with_one_line_end() {
    let token = Alg::EdDsa.access_token(&claims());
    for (tail, status) in [("", 0), ("\n", 0), ("\r\n", 0), ("\n\n", 1), (" ", 1), (" \n", 1), ("\r", 1)] {
        let run = with_request("stdin", &[], "-", format!("{token}{tail}").as_bytes());
        assert_eq!(run.status, status, "{tail:?}: {}", run.stdout);
    }
    assert_eq!(with_request("stdin-empty", &[], "-", b"").status, 1);
    assert_eq!(with_request("stdin-binary", &[], "-", b"\xff.\0.\xfe").status, 1);
    assert_eq!(with_request("stdin-long", &[], "-", &vec![b'a'; 70_000]).status, 1);
}

#[test]
fn wrong_usage_exits_with_status_2_and_a_hint() {
    let jwks = jwks_file("usage");
    let jwks = jwks.to_str().unwrap();
    let token = Alg::EdDsa.access_token(&claims());
    let whole = ["--jwks", jwks, "--issuer", ISSUER, "--audience", AUDIENCE, &token];
    let proof = [&PROOF[..], &[&token]].concat();
    let print = "--print-rust and --print-c take --jwks, and nothing else";
    let cases: [(&[&str], &str); 53] = [
        (&["--print-rust"], print),
        (&["--print-c", "--jwks", jwks, &token], print),
        (&["--print-c", "--jwks", jwks, "--backend", "software"], print),
        (&["--print-c", "--print-rust", "--jwks", jwks], "the language is given twice"),
        (&[&token], "--issuer is missing"),
        (&["--jwks", jwks, "--issuer", ISSUER, &token], "--audience is missing"),
        (&["--issuer", ISSUER, "--audience", AUDIENCE, &token], "--jwks is missing"),
        (&whole[..6], "TOKEN is missing"),
        (&[&whole[..], &[&token]].concat(), "TOKEN is given twice"),
        (&[&whole[..], &["--issuer", ISSUER]].concat(), "--issuer is given twice"),
        (&[&whole[..], &["--now", "noon"]].concat(), "--now takes a whole number"),
        (&[&whole[..], &["--leeway", "-1"]].concat(), "--leeway takes a whole number"),
        (&[&whole[..], &["--max-lifetime", "1.5"]].concat(), "--max-lifetime takes a whole number"),
        (&[&whole[..], &["--buffer", "99999999999999"]].concat(), "--buffer takes 1048576 bytes at most"),
        (&[&whole[..], &["--scope", ""]].concat(), "--scope is empty"),
        (&[&whole[..], &["--profile", "other"]].concat(), "no profile \"other\""),
        (&[&whole[..], &["--nonce", "n"]].concat(), "a nonce is not for the profile access"),
        (&[&whole[..], &["--nonce", "n", "--profile", "typed"]].concat(), "a nonce is not for the profile typed"),
        (&[&whole[..], &["--nonce", "n", "--profile", "generic"]].concat(), "a nonce is not for the profile generic"),
        (&[&whole[..], &["--access-token", "t"]].concat(), "access token is not for the profile access"),
        (&[&whole[..], &["--access-token", "", "--profile", "id"]].concat(), "--access-token is empty"),
        (&[&whole[..], &["--scope", "s", "--profile", "id"]].concat(), "a scope is not for the profile id"),
        (&[&whole[..], &["--scope-claim", "scp", "--profile", "id"]].concat(), "for scopes is not for the profile id"),
        (&[&whole[..], &["--method", "GET"]].concat(), "a method is not for the profile access without a proof"),
        (&[&whole[..], &["--proof", "p"]].concat(), "a proof needs a method"),
        (&[&whole[..], &["--proof", ""]].concat(), "--proof is empty"),
        (&[&whole[..], &["--profile", "id", "--proof", "p"]].concat(), "a proof is not for the profile id"),
        (&[&whole[..], &["--floor", "1", "--now", "1"]].concat(), "--floor is for a device without a clock"),
        (&[&whole[..], &["--max-unproven-lifetime", "1"]].concat(), "a maximum unproven lifetime is for a floor"),
        (&[&proof[..], &["--max-unproven-lifetime", "1"]].concat(), "unproven lifetime is not for the profile dpop"),
        (&[&whole[..], &["--uri", "https://a", "--profile", "id"]].concat(), "a URI is not for the profile id"),
        (&proof[2..], "an additional access token is not for the profile access"),
        (&[&proof[..2], &proof[4..]].concat(), "the profile dpop needs a method"),
        (&[&proof[..4], &proof[6..]].concat(), "the profile dpop needs a URI"),
        (&[&proof[..6], &proof[8..]].concat(), "the profile dpop needs an access token"),
        (&proof[..8], "TOKEN is missing"),
        (&[&proof[..], &["--jwks", jwks]].concat(), "--jwks is not for the profile dpop"),
        (&[&proof[..], &["--issuer", ISSUER]].concat(), "--issuer is not for the profile dpop"),
        (&[&proof[..], &["--audience", AUDIENCE]].concat(), "--audience is not for the profile dpop"),
        (&[&proof[..], &["--scope", "s"]].concat(), "a scope is not for the profile dpop"),
        (&[&proof[..], &["--max-token-age", "9"]].concat(), "a maximum token age is not for the profile dpop"),
        (&[&whole[..], &["--nonce", "n", "--nonce", "n"]].concat(), "--nonce is given twice"),
        (&[&whole[..], &["--max-age", "-1"]].concat(), "--max-age takes a whole number"),
        (&["--batch", "--nonce", "n"], "--batch stands alone"),
        (&[&whole[..], &["--verbose"]].concat(), "invalid option '--verbose'"),
        (&[&whole[..], &["--issuer"]].concat(), "missing argument"),
        (&["--batch", "--now", "1"], "--batch stands alone"),
        (&["--batch=1"], "unexpected argument"),
        (&["--explain", "0x1303", "--batch"], "--explain stands alone"),
        (&["--explain", "0xFF00"], "no error has the code or name"),
        (&[&whole[..], &["--alg", "RS512"]].concat(), "no algorithm \"RS512\": it is one of ES256, EdDSA"),
        (&["--backend", "other"], "no backend \"other\""),
        (&["--backend", "software", "--backend", "software"], "--backend is given twice"),
    ];
    for (args, message) in cases {
        let run = run(args, b"");
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{args:?}");
        assert!(run.stderr.contains(message) && run.stderr.contains("usage: verify"), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn default_backend_is_software_and_others_must_be_built_in() {
    let demo = run(&["--backend", "software"], b"");
    assert_eq!((demo.status, demo.stderr.as_str()), (0, ""));
    let by_ring = run(&["--backend", "ring"], b"");
    if cfg!(feature = "ring") {
        assert_eq!((by_ring.status, by_ring.stdout), (0, demo.stdout));
    } else {
        assert_eq!((by_ring.status, by_ring.stdout.as_str()), (2, ""));
        assert!(by_ring.stderr.contains("--features ring"), "{}", by_ring.stderr);
    }
    // Only the software backend distinguishes a key that is not a point of its curve from an invalid signature.
    let mut line = line("off the curve", &Alg::EdDsa.access_token(&claims()));
    let two = [&[2][..], &[0; 31]].concat();
    line["jwks"] =
        json!({"keys": [with(with(Alg::EdDsa.jwk(), "kid", json!("ed-test")), "x", json!(base64url(&two)))]});
    let answer = |args: &[&str]| -> Value {
        let run = run(&[&["--batch"], args].concat(), line.to_string().as_bytes());
        serde_json::from_str(&run.stdout).unwrap()
    };
    assert_eq!(answer(&["--backend", "software"])["error"], "InvalidKey");
    assert_eq!(answer(&[])["error"], format!("{OFF_CURVE:?}"));
}

#[test]
fn unreadable_input_exits_with_status_2() {
    let broken = temporary_file("broken", "{\"keys\":[");
    let single = temporary_file("single", r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#);
    let cases = [
        ("/no/such/file", "/no/such/file"),
        (broken.to_str().unwrap(), "[Malformed(KeySet)]\n"),
        (single.to_str().unwrap(), "[Malformed(KeySet)]; a set has the form {\"keys\":[...]}\n"),
    ];
    for (jwks, message) in cases {
        let run = run(&["--jwks", jwks, "--issuer", ISSUER, "--audience", AUDIENCE, "a.b.c"], b"");
        assert_eq!((run.status, run.stdout.as_str()), (2, ""));
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
}

/// The printed text, pasted.
mod pasted {
    use embedded_jwt::Key;

    include!("printed/keys.rs");

    pub fn keys() -> &'static [Key] {
        &KEYS
    }
}

/// A set with every kind of entry, and names that source text must escape.
fn set_to_print() -> Value {
    let mut set: Value = serde_json::from_str(bundle::JWKS).unwrap();
    let keys = set["keys"].as_array_mut().unwrap();
    let nameless = with(Alg::EdDsa.jwk(), "kid", Value::Null);
    let odd = with(Alg::EdDsa.jwk(), "kid", json!("??/\"\\\n\u{e9}7*/"));
    let encrypts = with(Alg::Es256.jwk(), "use", json!("enc"));
    // RSA keys are printed with the feature rs256 only: the other forms are compared without them.
    keys.retain(|key| key["kty"] != "RSA");
    keys.extend([encrypts, nameless, odd, json!(null)]);
    set
}

/// `name` is the test's, since tests run at the same time.
fn printed(name: &str, set: &Value, option: &str) -> Run {
    let jwks = temporary_file(&format!("{name}{option}"), &set.to_string());
    run(&["--jwks", jwks.to_str().unwrap(), option], b"")
}

/// The Rust text is compiled here. The C text is only compared.
#[test]
fn printed_keys_are_the_keys_of_the_set() {
    let set = set_to_print();
    for (option, expected) in
        [("--print-rust", include_str!("printed/keys.rs")), ("--print-c", include_str!("printed/keys.c"))]
    {
        let run = printed("printed-set", &set, option);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""));
        assert_eq!(run.stdout, expected, "{option}");
    }
    let read = KeySet::<8>::from_jwks(set.to_string().into_bytes().as_mut_slice()).unwrap();
    assert_eq!(*read, *pasted::keys());
}

#[test]
fn rsa_key_is_printed_in_rust_with_its_feature() {
    let mut set = set_to_print();
    set["keys"] = json!([{"kty": "RSA", "n": base64url(&[0xff; 256]), "e": "AQAB", "kid": "r"}, Alg::EdDsa.jwk()]);
    let rust = printed("printed-rsa", &set, "--print-rust");
    let is_printed = rust.stdout.contains("Key::rsa(&[\n        0xff, 0xff,");
    assert_eq!(is_printed, cfg!(feature = "rs256"), "{}", rust.stdout);
    assert_eq!(is_printed, rust.stdout.starts_with("static KEYS: [Key; 2] = ["));
    let c = printed("printed-rsa", &set, "--print-c");
    assert!(
        c.stdout.starts_with(
            "static const ejwt_key keys[1] = {\n    // keys[0], kid \"r\": left out, since it cannot be used (kty \"RSA\")"
        ),
        "{}",
        c.stdout
    );
}

#[test]
fn key_that_is_not_on_its_curve_is_not_printed() {
    let off_curve = [
        json!({"kty": "EC", "crv": "P-256", "kid": "k", "x": base64url(&[1; 32]), "y": base64url(&[1; 32])}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": base64url(&[[2; 1].as_slice(), &[0; 31]].concat())}),
    ];
    for (number, key) in off_curve.into_iter().enumerate() {
        let run = printed(&format!("printed-off-{number}"), &json!({"keys": [Alg::Es256.jwk(), key]}), "--print-rust");
        assert_eq!((run.status, run.stdout.as_str()), (2, ""));
        assert!(run.stderr.contains("keys[1], kid \"k\": it is not on its curve"), "{}", run.stderr);
    }
}

#[test]
fn set_without_usable_keys_is_not_printed() {
    for option in ["--print-rust", "--print-c"] {
        let run = printed("printed-none", &json!({"keys": [{"kty": "oct", "k": "AA"}]}), option);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""));
        assert!(run.stderr.contains("no key of the set can be used"), "{}", run.stderr);
    }
}

#[test]
fn key_set_file_may_start_with_one_byte_order_mark() {
    let status = |name: &str, content: &str| {
        let jwks = temporary_file(name, content);
        let expected = ["--issuer", ISSUER, "--audience", AUDIENCE, "--now", &NOW.to_string()];
        let run = run(&[&["--jwks", jwks.to_str().unwrap()], &expected[..], &[bundle::ES256_TOKEN]].concat(), b"");
        assert_eq!(run.stderr.contains("[Malformed(KeySet)]\n"), run.status == 2, "{}", run.stderr);
        run.status
    };
    assert_eq!(status("one-mark", &format!("\u{feff}{}", bundle::JWKS)), 0);
    assert_eq!(status("two-marks", &format!("\u{feff}\u{feff}{}", bundle::JWKS)), 2);
    assert_eq!(status("mark-at-the-end", &format!("{}\u{feff}", bundle::JWKS)), 2);
}

#[test]
fn help_exits_with_status_0() {
    for option in ["--help", "-h"] {
        let help = run(&[option], b"");
        assert_eq!((help.status, help.stderr.as_str()), (0, ""));
        assert!(help.stdout.contains("usage: verify") && help.stdout.contains("--max-token-age"));
        assert!(help.stdout.contains("example: cargo run --example verify -- --jwks jwks.json"));
        assert!(help.stdout.contains("id: ID tokens\n"));
        let (_, batch) = help.stdout.split_once("A line of the batch").unwrap();
        let line = line("", "");
        let always = line.as_object().unwrap().keys().map(String::as_str);
        let optional = ["max_lifetime", "max_token_age", "max_age", "scope", "scope_claim", "nonce", "access_token"];
        for field in always.chain(optional).chain(["method", "uri"]) {
            assert!(batch.contains(field), "{field}");
        }
        assert_fits("help", &help.stdout);
    }
}

#[test]
fn batch_answers_in_order_and_continues_after_unreadable_lines() {
    let good = Alg::Es256.access_token(&claims());
    let mut input = Vec::new();
    let mut expected = Vec::new();
    let mut add = |line: &[u8], id: Value, verdict: &str| {
        input.extend_from_slice(line);
        input.push(b'\n');
        expected.push((id, verdict.to_owned()));
    };
    add(line(1, &good).to_string().as_bytes(), json!(1), "accept");
    add(b"not JSON", Value::Null, "error");
    add(b"", Value::Null, "error");
    add(b"{\"id\":\"\xff\"}", Value::Null, "error");
    add(b"[1,2]", Value::Null, "error");
    add(b"[7]", Value::Null, "error");
    add(&[&b"{\"id\":"[..], &b"[".repeat(100_000)].concat(), Value::Null, "error");
    for name in ["jwks", "issuer", "audience", "now", "leeway", "profile", "token"] {
        let mut incomplete = line(name, &good);
        incomplete.as_object_mut().unwrap().remove(name);
        add(incomplete.to_string().as_bytes(), json!(name), "error");
    }
    for (name, value) in [
        ("jwks", json!([])),
        ("issuer", json!(1)),
        ("audience", Value::Null),
        ("now", json!("1768478400")),
        ("now", json!(1.5)),
        ("leeway", json!(-1)),
        ("max_lifetime", json!("300")),
        ("profile", json!("other")),
        ("nonce", json!("n")),
        ("nonce", json!(1)),
        ("access_token", json!("t")),
        ("max_age", json!("1")),
        ("max_token_age", json!(-1)),
        ("scope", json!(["pump:read"])),
        ("scope_claim", json!(1)),
        ("method", json!("GET")),
        ("uri", json!("https://pump-7.local/speed")),
        ("token", json!(["a.b.c"])),
    ] {
        add(line_with(name, name, value, &good).to_string().as_bytes(), json!(name), "error");
    }
    let twice = format!("{{\"token\":\"x\",{}", &line("twice", &good).to_string()[1..]);
    add(twice.as_bytes(), json!("twice"), "error");
    let mut not_utf8 = line("bytes", &good).to_string().into_bytes();
    not_utf8.splice(1..1, b"\"note\":\"\xff\",".iter().copied());
    add(&not_utf8, Value::Null, "error");
    add(line("ü", "e30.。.\u{1f510}").to_string().as_bytes(), json!("ü"), "reject");
    add(line_with("a note", "note", json!([null]), &good).to_string().as_bytes(), json!("a note"), "accept");
    add(line_with("no limit", "max_lifetime", Value::Null, &good).to_string().as_bytes(), json!("no limit"), "accept");
    add(line_with("no nonce", "nonce", Value::Null, &good).to_string().as_bytes(), json!("no nonce"), "accept");
    for alg in ALGS {
        let mut id = line("id", &id_token(alg, json!("JWT"), &id_claims(alg)));
        id["profile"] = json!("id");
        add(id.to_string().as_bytes(), json!("id"), "accept");
        id.as_object_mut().unwrap().extend(id_fields());
        add(id.to_string().as_bytes(), json!("id"), "accept");
    }
    let fields = [
        ("scope", json!("pump:read pump:write")),
        ("scope_claim", json!("scope")),
        ("max_token_age", json!(60)),
        ("profile", json!("typed")),
        ("method", Value::Null),
        ("uri", Value::Null),
    ];
    for (name, value) in fields {
        add(line_with("optional", name, value, &good).to_string().as_bytes(), json!("optional"), "accept");
    }
    // A proof needs no key set, issuer and audience, and they have no effect.
    let proof = proof_line();
    add(proof.to_string().as_bytes(), json!("proof"), "accept");
    for (name, value) in [("jwks", json!({})), ("issuer", json!("")), ("audience", json!("x"))] {
        add(with(proof.clone(), name, value).to_string().as_bytes(), json!("proof"), "accept");
    }
    for name in ["method", "uri", "access_token", "now", "leeway"] {
        add(with(proof.clone(), name, Value::Null).to_string().as_bytes(), json!("proof"), "error");
    }
    for (name, value) in [
        ("scope", json!("pump:read")),
        ("scope_claim", json!("scp")),
        ("max_lifetime", json!(300)),
        ("max_token_age", json!(60)),
        ("max_age", json!(600)),
        ("jwks", json!([])),
    ] {
        add(with(proof.clone(), name, value).to_string().as_bytes(), json!("proof"), "error");
    }
    // The last line needs no line end.
    input.extend_from_slice(line("last", &good).to_string().as_bytes());
    expected.push((json!("last"), "accept".into()));

    let answers = batch(&input);
    let got: Vec<_> =
        answers.iter().map(|answer| (answer["id"].clone(), answer["verdict"].as_str().unwrap().to_owned())).collect();
    assert_eq!(got, expected);
    for answer in &answers {
        let verdict = answer["verdict"].as_str().unwrap();
        assert_eq!(answer.as_object().unwrap().len(), 4, "{answer}");
        assert_eq!(answer["error"].is_null(), verdict == "accept", "{answer}");
        assert_eq!(answer["class"].is_null(), verdict != "reject", "{answer}");
    }
    assert!(batch(b"").is_empty());
}

#[test]
fn batch_reports_error_and_class() {
    let es256 = |name: &str, value: Value| Alg::Es256.access_token(&claims_with(name, value));
    let header = |header: Value| Alg::Es256.mint(header.to_string(), claims().to_string());
    let good = es256("", Value::Null);
    let with = |name: &str, value: Value| line_with("", name, value, &good);
    let token = |token: String| line("", &token);
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "VpfpfapcquWsv4iRTZ4zbu7tV3VxGXpmDdAqXKe3hgI"});
    let id = |name: &str, value: Value| {
        let mut line = line("", &id_token_with(name, value));
        line.as_object_mut().unwrap().extend(id_fields());
        line
    };
    let typed = |name: &str, value: Value| {
        let token = Alg::Es256.mint(testkit::with(Alg::Es256.header(), name, value).to_string(), claims().to_string());
        line_with("", "profile", json!("typed"), &token)
    };
    let dpop = |name: &str, value: Value| testkit::with(testkit::with(proof_line(), "id", json!("")), name, value);
    let many_members: Value = (0..200).map(|n| (n.to_string(), json!(n))).collect::<serde_json::Map<_, _>>().into();

    let cases = [
        (token("a.b".into()), "Malformed(Token)", "malformed"),
        (token("a".repeat(65_537)), "TooLarge(Token)", "too-large"),
        (token(es256("note", json!("a".repeat(20_000)))), "BufferTooSmall", "too-large"),
        (token(header(json!({"alg": "ES256", "x": "x".repeat(4_100)}))), "TooLarge(Header)", "too-large"),
        (token(Alg::Es256.mint(r#"{"alg":"ES256","alg":"ES256"}"#, "{}")), "DuplicateName(Header)", "malformed"),
        (token(header(json!({"alg": "ES256", "crit": ["b64"]}))), "CriticalHeader", "malformed"),
        (token(header(json!({"alg": "none"}))), "UnsupportedAlgorithm", "unsupported-alg"),
        (token(header(json!({"alg": "ES256", "kid": "other"}))), "UnknownKey", "unknown-key"),
        (with("jwks", json!({"keys": [key.clone(), key.clone()]})), "UnknownKey", "unknown-key"),
        (with("jwks", json!({"keys": vec![key; 17]})), "TooManyKeys", "unknown-key"),
        (with("jwks", json!({})), "Malformed(KeySet)", "unknown-key"),
        (token(bundle::FORGED_TOKEN.into()), "InvalidSignature", "bad-signature"),
        (token(format!("{}=", bundle::ES256_TOKEN)), "Malformed(Signature)", "malformed"),
        (token(format!("{}*", &bundle::ES256_TOKEN[..451])), "Malformed(Signature)", "malformed"),
        (token(Alg::Es256.mint(Alg::Es256.header().to_string(), "[]")), "Malformed(Payload)", "malformed"),
        (token(es256("note", json!(many_members))), "TooManyMembers(Payload)", "malformed"),
        (token(es256("iss", json!("https://other"))), "Mismatch(Issuer)", "wrong-issuer"),
        (token(es256("iss", Value::Null)), "Missing(Issuer)", "bad-claims"),
        (with("issuer", json!("")), "Unconfigured(Issuer)", "wrong-issuer"),
        (token(header(json!({"alg": "ES256", "typ": "JWT"}))), "WrongType", "wrong-type"),
        (token(es256("jti", Value::Null)), "Missing(JwtId)", "bad-claims"),
        (token(es256("scope", json!(["pump:read"]))), "Invalid(Scope)", "bad-claims"),
        (token(es256("aud", json!("urn:other"))), "Mismatch(Audience)", "wrong-audience"),
        (with("audience", json!("")), "Unconfigured(Audience)", "wrong-audience"),
        (with("now", json!(NOW + 240)), "Expired", "expired"),
        (with("now", json!(NOW - 61)), "NotYetValid", "not-yet-valid"),
        (with("now", json!(0)), "ClockNotSet", "not-yet-valid"),
        (with("max_lifetime", json!(299)), "LifetimeTooLong", "too-old"),
        (with("max_age", json!(600)), "Missing(AuthenticationTime)", "bad-claims"),
        (token(es256("cnf", json!({"jkt": "0".repeat(43)}))), "SenderConstrained", "bad-claims"),
        (id("azp", json!("urn:other")), "Mismatch(AuthorizedParty)", "wrong-audience"),
        (id("azp", json!(1)), "Invalid(AuthorizedParty)", "bad-claims"),
        (id("aud", json!([AUDIENCE, "urn:other"])), "Missing(AuthorizedParty)", "wrong-audience"),
        (id("nonce", json!("other")), "Mismatch(Nonce)", "nonce-mismatch"),
        (id("nonce", Value::Null), "Missing(Nonce)", "nonce-mismatch"),
        (id("nonce", json!(1)), "Invalid(Nonce)", "bad-claims"),
        (id("at_hash", json!("other")), "Mismatch(AccessTokenHash)", "hash-mismatch"),
        (id("at_hash", Value::Null), "Missing(AccessTokenHash)", "hash-mismatch"),
        (id("at_hash", json!(1)), "Invalid(AccessTokenHash)", "bad-claims"),
        (id("auth_time", json!(NOW - 601)), "AuthenticationTooOld", "too-old"),
        (id("auth_time", Value::Null), "Missing(AuthenticationTime)", "bad-claims"),
        (id("iat", Value::Null), "Missing(IssuedAt)", "bad-claims"),
        (id("exp", json!(NOW)), "Expired", "expired"),
        (with("scope", json!("pump:read pump:stop")), "InsufficientScope", "insufficient-scope"),
        (with("scope", json!("")), "Unconfigured(Scope)", "bad-claims"),
        (with("scope_claim", json!("cnf")), "Unconfigured(Scope)", "bad-claims"),
        (with("max_token_age", json!(59)), "TooOld", "too-old"),
        (typed("typ", json!("JWT")), "WrongType", "wrong-type"),
        (dpop("method", json!("GET")), "Mismatch(HttpMethod)", "bad-claims"),
        (dpop("uri", json!("https://pump-8.local/speed")), "Mismatch(HttpUri)", "bad-claims"),
        (dpop("access_token", json!("u")), "Mismatch(AccessTokenHash)", "hash-mismatch"),
        (dpop("nonce", json!("n-1")), "Missing(Nonce)", "nonce-mismatch"),
        (dpop("now", json!(NOW + 61)), "ProofTooOld", "too-old"),
        (dpop("now", json!(NOW - 1)), "NotYetValid", "not-yet-valid"),
        (dpop("method", json!("")), "Unconfigured(HttpMethod)", "bad-claims"),
        (dpop("token", json!(good)), "WrongType", "wrong-type"),
        (dpop("token", json!(proof(Alg::Es256, &json!({})))), "Missing(JwtId)", "bad-claims"),
    ];
    let input: String = cases.iter().map(|(line, ..)| format!("{line}\n")).collect();
    let answers = batch(input.as_bytes());
    assert_eq!(answers.len(), cases.len());
    for (answer, (_, error, class)) in answers.iter().zip(&cases) {
        assert_eq!(*answer, json!({"id": "", "verdict": "reject", "error": error, "class": class}));
    }
}

/// The error for an `iat` that is not a date, or that is later than `exp`.
const WRONG_IAT: Error = Error::Invalid(Claim::IssuedAt);

const WRONG_SCOPE: Error = Error::Invalid(Claim::Scope);
const MISSING_AUDIENCE: Error = Error::Missing(Claim::Audience);

/// Options that an ID token with [`id_claims`] satisfies.
const ID: [&str; 6] = ["--profile", "id", "--nonce", "n-1", "--access-token", "t"];

/// The same options as fields of a batch line, and the maximum age of the login.
fn id_fields() -> serde_json::Map<String, Value> {
    let fields = json!({"profile": "id", "nonce": "n-1", "access_token": "t", "max_age": 600});
    fields.as_object().unwrap().clone()
}

/// The claims of an ID token for the client [`AUDIENCE`], issued with the access token `t`.
fn id_claims(alg: Alg) -> Value {
    json!({
        "iss": ISSUER, "sub": "user-42", "aud": AUDIENCE, "exp": NOW + 240, "iat": NOW - 60, "auth_time": NOW - 90,
        "nonce": "n-1", "acr": "strong", "amr": ["pwd", "otp"], "at_hash": at_hash(alg, "t"),
    })
}

fn at_hash(alg: Alg, text: &str) -> String {
    match alg {
        Alg::Es256 => base64url(&Sha256::digest(text)[..16]),
        Alg::EdDsa => base64url(&Sha512::digest(text)[..32]),
    }
}

fn id_token(alg: Alg, typ: Value, claims: &Value) -> String {
    let mut header = alg.header();
    match typ {
        Value::Null => drop(header.as_object_mut().unwrap().remove("typ")),
        typ => header["typ"] = typ,
    }
    alg.mint(header.to_string(), claims.to_string())
}

/// An ID token with one claim changed, or removed by `Value::Null`.
fn id_token_with(name: &str, value: Value) -> String {
    let mut claims = id_claims(Alg::Es256);
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    id_token(Alg::Es256, json!("JWT"), &claims)
}

/// RS256 is an option of the build.
#[test]
fn rs256_is_accepted_or_advised_by_the_feature() {
    let header = json!({"alg": "RS256", "typ": "at+jwt", "kid": "es-test"}).to_string();
    let token = Alg::Es256.mint(header, claims().to_string());
    if cfg!(feature = "rs256") {
        let report = refused(&[], &token, Error::UnknownKey);
        assert!(report.contains("known  \"es-test\" (ES256)"), "{report}");
    } else {
        let report = refused(&[], &token, Error::UnsupportedAlgorithm);
        assert!(report.contains("build with the feature rs256"), "{report}");
    }
}

/// An RSA key of another length is skipped in each key set that the issuer will ever publish.
#[test]
fn skipped_rsa_key_is_explained() {
    if !cfg!(feature = "rs256") {
        return;
    }
    let long = json!({"kty": "RSA", "kid": "rs-test", "n": base64url(&[0xff; 512]), "e": "AQAB"});
    let token = Alg::Es256.mint(r#"{"alg":"RS256","typ":"at+jwt","kid":"rs-test"}"#, claims().to_string());
    let report = |name: &str, keys: Value| {
        let jwks = temporary_file(name, &json!({"keys": keys}).to_string());
        let options = ["--jwks", jwks.to_str().unwrap(), "--issuer", ISSUER, "--audience", AUDIENCE];
        let report = refused_by(run(&[&options[..], &[&token]].concat(), b""), Error::UnknownKey);
        assert_fits(name, &report);
        report
    };
    let advice = "fetching the JWKS again does not help: RSA keys must\n  have 2,048 bits and the exponent 65,537.";
    let others = report("rsa-4096", json!([Alg::Es256.jwk(), long]));
    assert!(others.contains(advice) && others.contains("Otherwise fetch the issuer's JWKS again"), "{others}");
    let alone = report("rsa-4096-alone", json!([long]));
    assert!(alone.contains(advice) && !alone.contains("rotate"), "{alone}");
    let none_skipped = report("no-rsa", json!([Alg::Es256.jwk()]));
    assert!(
        !none_skipped.contains("2,048") && none_skipped.contains("  Fetch the issuer's JWKS again"),
        "{none_skipped}"
    );
}

/// Asserts that a token is refused with this error and by one check, and returns the report.
fn refused(options: &[&str], token: &str, error: Error) -> String {
    refused_by(verify(options, token), error)
}

fn refused_by(run: Run, error: Error) -> String {
    let Run { status, stdout: report, stderr } = run;
    assert_eq!((status, stderr.as_str()), (1, ""), "{error:?}: {report}");
    assert!(report.contains(&format!("[{error:?}, code {:#06x}]", error.code())), "{error:?}: {report}");
    assert_eq!(report.matches("\n  FAIL ").count(), 1, "{error:?}: {report}");
    report
}

/// Asserts that a text fits a terminal of 80 columns. Lines that quote a long claim or header may be longer.
fn assert_fits(what: &str, text: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= 80 || line.contains(&"k".repeat(97)), "{what}: {line}");
    }
}

/// Whether a report has this check.
fn lists(report: &str, check: &str) -> bool {
    line_of(report, check).is_some()
}

fn line_of<'r>(report: &'r str, check: &str) -> Option<&'r str> {
    report.lines().find(|line| line.get(7..).is_some_and(|line| line.starts_with(check)))
}

/// The outcome of a check in a report: `ok`, `FAIL` or `-`.
fn outcome(report: &str, check: &str) -> String {
    let line = line_of(report, check);
    line.and_then(|line| line.get(2..6)).unwrap_or_else(|| panic!("{check}: {report}")).trim().into()
}

struct Run {
    status: i32,
    stdout: String,
    stderr: String,
}

fn run(args: &[&str], stdin: &[u8]) -> Run {
    let mut child = spawn(args);
    // Write from a separate thread: an answer may come before all input is read. An early exit closes the pipe.
    let mut pipe = child.stdin.take().unwrap();
    let input = stdin.to_vec();
    let writer = thread::spawn(move || drop(pipe.write_all(&input)));
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Run {
        status: status.code().unwrap(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// Starts the example with the backend under test, unless `args` name one or verify nothing.
fn spawn(args: &[&str]) -> Child {
    let mut verify = Command::new(example());
    let verifies = |arg: &&str| !["--backend", "--explain", "--print-rust", "--print-c"].contains(arg);
    if cfg!(feature = "ring") && args.iter().all(verifies) {
        verify.args(["--backend", "ring"]);
    }
    verify.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The path of the example, which cargo builds with the tests: `target/debug/examples/verify`, if this test runs as
/// `target/debug/deps/cli-...`.
fn example() -> PathBuf {
    let test = env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let example = profile.join("examples").join("verify").with_extension(env::consts::EXE_EXTENSION);
    assert!(example.exists(), "{} is missing: `cargo build --example verify`", example.display());
    example
}

/// Verifies a token at the time of the test tokens, unless `options` set another time.
fn verify(options: &[&str], token: &str) -> Run {
    with_request("verify", options, token, b"")
}

/// The request that a proof with [`dpop_claims`] of the access token `t` is for.
const PROOF: [&str; 8] =
    ["--profile", "dpop", "--method", "POST", "--uri", "https://pump-7.local/speed", "--access-token", "t"];

/// Verifies a DPoP proof at the time of the test tokens, unless `options` set another time.
fn verify_proof(options: &[&str], proof: &str) -> Run {
    let now = NOW.to_string();
    let has_time = options.iter().any(|option| ["--now", "--floor"].contains(option));
    let now: &[&str] = if has_time { &[] } else { &["--now", &now] };
    run(&[&PROOF[..], now, options, &[proof]].concat(), b"")
}

fn proof(alg: Alg, claims: &Value) -> String {
    alg.mint(alg.dpop_header().to_string(), claims.to_string())
}

fn with_request(name: &str, options: &[&str], token: &str, stdin: &[u8]) -> Run {
    let jwks = jwks_file(name);
    let now = NOW.to_string();
    let mut args = vec!["--jwks", jwks.to_str().unwrap(), "--issuer", ISSUER, "--audience", AUDIENCE];
    if !options.iter().any(|option| ["--now", "--floor"].contains(option)) {
        args.extend(["--now", &now]);
    }
    args.extend_from_slice(options);
    // A long token does not fit into a command line on every system.
    if token.len() > 60_000 {
        args.push("-");
        return run(&args, token.as_bytes());
    }
    args.push(token);
    run(&args, stdin)
}

fn jwks_file(name: &str) -> PathBuf {
    temporary_file(name, bundle::JWKS)
}

/// Writes a draft and renames it, since tests run at the same time.
fn temporary_file(name: &str, content: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("{name}.json"));
    let draft = folder.join(format!("{name}.{:?}", thread::current().id()));
    fs::write(&draft, content).unwrap();
    fs::rename(draft, &path).unwrap();
    path
}

fn batch(input: &[u8]) -> Vec<Value> {
    let run = run(&["--batch"], input);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A batch line with the required fields only.
fn line(id: impl Into<Value>, token: &str) -> Value {
    let jwks: Value = serde_json::from_str(bundle::JWKS).unwrap();
    json!({
        "id": id.into(), "jwks": jwks, "issuer": ISSUER, "audience": AUDIENCE, "now": NOW, "leeway": 0,
        "profile": "access", "token": token,
    })
}

fn line_with(id: &str, name: &str, value: Value, token: &str) -> Value {
    let mut line = line(id, token);
    line[name] = value;
    line
}

/// A batch line with a proof, and the fields that it needs.
fn proof_line() -> Value {
    json!({
        "id": "proof", "now": NOW, "leeway": 0, "profile": "dpop", "method": "POST",
        "uri": "https://pump-7.local/speed", "access_token": "t", "token": proof(Alg::EdDsa, &dpop_claims("t")),
    })
}
