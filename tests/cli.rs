//! The example `verify` from outside: its exit status, its report and its batch.
#![cfg(all(feature = "es256", feature = "eddsa"))]

mod common;

#[path = "../examples/verify/bundle.rs"]
mod bundle;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::{env, fs, thread};

use common::*;
use embedded_jwt::{AccessTokenPolicy, Error, KeySet, Token, UnixTime};
use serde_json::{Value, json};

#[test]
fn bundled_tokens_are_those_of_the_test_keys() {
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
}

#[test]
fn demo_accepts_two_tokens_and_refuses_the_forged_one() {
    let demo = run(&[], b"");
    assert_eq!(demo.status, 0, "{}", demo.stderr);
    assert!(demo.stdout.contains("clock is set to 2026-01-15 12:00:00 UTC for this demo"));
    assert_eq!(demo.stdout.lines().filter(|line| *line == "ACCEPTED").count(), 2);
    assert_eq!(demo.stdout.lines().filter(|line| *line == "REFUSED").count(), 1);
    assert!(demo.stdout.contains("the signature does not hold [InvalidSignature]"));
    assert!(demo.stdout.contains("2026-01-15 12:05:00 UTC, in 5 min"));
    assert!(demo.stdout.contains("2026-01-15 11:59:00 UTC, 1 min ago"));
    assert!(demo.stdout.contains("3 of 3 came out as they should"));
}

#[test]
fn piped_reports_have_no_colour() {
    assert!(!run(&[], b"").stdout.contains('\x1b'));
}

#[test]
fn a_report_shows_nothing_that_a_terminal_would_obey() {
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
fn accepts_with_status_0() {
    for alg in ALGS {
        let accepted = verify(&[], &alg.access_token(&claims()));
        assert_eq!(accepted.status, 0, "{}", accepted.stdout);
        assert!(accepted.stdout.contains("ACCEPTED") && accepted.stdout.contains("\"user-42\""));
    }
}

#[test]
fn refuses_with_status_1_and_says_what_to_do() {
    let es256 = |name: &str, value: Value| Alg::Es256.access_token(&claims_with(name, value));
    let good = es256("", Value::Null);
    let header = |header: Value| Alg::Es256.mint(header.to_string(), claims().to_string());
    let rs256 = header(json!({"alg": "RS256", "kid": "es-test"}));
    let unknown = header(json!({"alg": "ES256", "typ": "at+jwt", "kid": "next"}));
    let id_token = header(json!({"alg": "ES256", "typ": "JWT", "kid": "es-test"}));
    let cases: [(&[&str], &str, &str, &str); 16] = [
        (&[], "opaque", "Malformed(Token)", "an opaque token, perhaps"),
        (&[], &"a".repeat(65_537), "TooLarge(Token)", "Make the provider put less into the token"),
        (&["--buffer", "100"], &good, "BufferTooSmall", "Give the device a larger buffer: it has 100 bytes"),
        (&[], &rs256, "UnsupportedAlgorithm", "Switch the provider to ES256 or EdDSA"),
        (&[], &unknown, "UnknownKey", "known  \"es-test\" (ES256), \"ed-test\" (EdDSA)"),
        (&[], &id_token, "WrongType", "--profile generic"),
        (&[], bundle::FORGED_TOKEN, "InvalidSignature", "altered"),
        (&[], &es256("iss", json!("https://other")), "Mismatch(Issuer)", "expected  \"https://idp.example.com\""),
        (&[], &es256("aud", json!("urn:other")), "Mismatch(Audience)", "token     \"urn:other\""),
        (&[], &es256("sub", Value::Null), "Missing(Subject)", "Make the provider issue this claim"),
        (&[], &es256("exp", json!("soon")), "Invalid(Expiration)", "Dates are numbers of seconds"),
        (&[], &es256("exp", json!(NOW - 300)), "Expired", "(leeway 60 s)"),
        (&["--now", "0"], &good, "ClockNotSet", "Set the clock"),
        (&["--max-lifetime", "299"], &good, "LifetimeTooLong", "--max-lifetime"),
        (&["--max-token-age", "59", "--leeway", "0"], &good, "TooOld", "--max-token-age"),
        (&["--scope", "pump:read", "--scope", "pump:stop"], &good, "InsufficientScope", "pump:read pump:stop"),
    ];
    for (options, token, error, advice) in cases {
        let refused = verify(options, token);
        assert_eq!(refused.status, 1, "{error}: {}{}", refused.stdout, refused.stderr);
        assert!(refused.stdout.contains(&format!("[{error}]")), "{error}: {}", refused.stdout);
        assert!(refused.stdout.contains(advice), "{error}: {}", refused.stdout);
        assert_eq!(refused.stdout.matches("\n  failed ").count(), 1, "{error}: {}", refused.stdout);
    }
}

#[test]
fn a_report_marks_checks_up_to_the_failed_one() {
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
    assert_eq!(outcome(&report, "audience"), "failed");
    for check in ["expiration", "not before"] {
        assert_eq!(outcome(&report, check), "not reached", "{check}");
    }
}

#[test]
fn no_report_calls_a_broken_rule_ok() {
    let no_limit: &[&str] = &[];
    let limits = &["--max-lifetime", "300", "--max-token-age", "300"][..];
    let broken = [
        ("aud", json!("urn:other"), "audience"),
        ("exp", json!(NOW - 60), "expiration"),
        ("nbf", json!(NOW + 61), "not before"),
        ("sub", Value::Null, "required"),
        ("jti", json!(7), "claims"),
    ];
    for options in [no_limit, limits] {
        for (first, value, first_check) in &broken {
            for (second, other, second_check) in broken.iter().filter(|(name, ..)| name != first) {
                let mut claims = claims_with(first, value.clone());
                match other {
                    Value::Null => drop(claims.as_object_mut().unwrap().remove(*second)),
                    other => claims[second] = other.clone(),
                }
                let report = verify(options, &Alg::Es256.access_token(&claims)).stdout;
                let outcomes = [outcome(&report, first_check), outcome(&report, second_check)];
                assert!(!outcomes.contains(&"ok".into()), "{first} and {second}: {report}");
                assert!(outcomes.contains(&"failed".into()), "{first} and {second}: {report}");
            }
        }
    }

    // Without `iat`, there is no lifetime, also where the profile does not ask for it.
    let token = Alg::Es256.access_token(&claims_with("iat", Value::Null));
    let report = verify(limits, &token).stdout;
    assert_eq!(
        ["claims", "required", "audience"].map(|check| outcome(&report, check)),
        ["ok", "failed", "not reached"]
    );
    let report = verify(&[limits, &["--profile", "generic"]].concat(), &token).stdout;
    assert_eq!(["not before", "lifetime", "age"].map(|check| outcome(&report, check)), ["ok", "failed", "not reached"]);
}

#[test]
fn the_leeway_is_that_of_the_crate() {
    let token = Alg::EdDsa.access_token(&claims());
    let exp = NOW + 240;
    assert_eq!(verify(&["--now", &(exp + 59).to_string()], &token).status, 0);
    assert_eq!(verify(&["--now", &(exp + 60).to_string()], &token).status, 1);
    assert_eq!(verify(&["--now", &(exp + 60).to_string(), "--leeway", "61"], &token).status, 0);
}

#[test]
fn the_clock_is_that_of_the_system() {
    let jwks = jwks_file("system-clock");
    let bundled = ["--jwks", jwks.to_str().unwrap(), "--issuer", ISSUER, "--audience", AUDIENCE];
    let expired = run(&[&bundled[..], &[bundle::ES256_TOKEN]].concat(), b"");
    assert_eq!(expired.status, 1);
    assert!(expired.stdout.contains("[Expired]"), "{}", expired.stdout);
}

#[test]
fn the_profile_generic_takes_untyped_tokens() {
    let token =
        Alg::Es256.mint(r#"{"alg":"ES256"}"#, json!({"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 1}).to_string());
    assert_eq!(verify(&["--profile", "generic"], &token).status, 0);
    assert_eq!(verify(&["--profile", "access"], &token).status, 1);
    assert_eq!(verify(&[], &token).status, 1);
}

#[test]
fn reads_a_token_from_stdin_and_removes_one_line_end() {
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
fn wrong_usage_has_status_2_and_a_hint() {
    let jwks = jwks_file("usage");
    let jwks = jwks.to_str().unwrap();
    let token = Alg::EdDsa.access_token(&claims());
    let whole = ["--jwks", jwks, "--issuer", ISSUER, "--audience", AUDIENCE, &token];
    let cases: [(&[&str], &str); 20] = [
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
        (&[&whole[..], &["--profile", "id"]].concat(), "not supported yet"),
        (&[&whole[..], &["--nonce", "n"]].concat(), "not supported yet"),
        (&[&whole[..], &["--max-age", "1"]].concat(), "not supported yet"),
        (&[&whole[..], &["--access-token", "t"]].concat(), "not supported yet"),
        (&[&whole[..], &["--verbose"]].concat(), "invalid option '--verbose'"),
        (&[&whole[..], &["--issuer"]].concat(), "missing argument"),
        (&["--batch", "--now", "1"], "--batch stands alone"),
        (&["--batch=1"], "unexpected argument"),
    ];
    for (args, message) in cases {
        let run = run(args, b"");
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{args:?}");
        assert!(run.stderr.contains(message) && run.stderr.contains("usage: verify"), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn unreadable_input_has_status_2() {
    let broken = temporary_file("broken", "{\"keys\":[");
    for (jwks, message) in [("/no/such/file", "/no/such/file"), (broken.to_str().unwrap(), "Malformed(KeySet)")] {
        let run = run(&["--jwks", jwks, "--issuer", ISSUER, "--audience", AUDIENCE, "a.b.c"], b"");
        assert_eq!((run.status, run.stdout.as_str()), (2, ""));
        assert!(run.stderr.contains(message), "{}", run.stderr);
    }
}

#[test]
fn help_is_no_error() {
    for option in ["--help", "-h"] {
        let help = run(&[option], b"");
        assert_eq!((help.status, help.stderr.as_str()), (0, ""));
        assert!(help.stdout.contains("usage: verify") && help.stdout.contains("--max-token-age"));
    }
}

#[test]
fn batch_answers_in_order_and_goes_on_after_lines_it_cannot_read() {
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
    add(&[&b"{\"id\":"[..], &b"[".repeat(100_000)].concat(), Value::Null, "error");
    for name in ["jwks", "issuer", "audience", "now", "leeway", "profile", "token"] {
        let mut lacking = line(name, &good);
        lacking.as_object_mut().unwrap().remove(name);
        add(lacking.to_string().as_bytes(), json!(name), "error");
    }
    for (name, value) in [
        ("jwks", json!([])),
        ("issuer", json!(1)),
        ("audience", Value::Null),
        ("now", json!("1768478400")),
        ("now", json!(1.5)),
        ("leeway", json!(-1)),
        ("max_lifetime", json!("300")),
        ("profile", json!("id")),
        ("profile", json!("other")),
        ("nonce", json!("n")),
        ("access_token", json!("t")),
        ("max_age", json!(1)),
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
    // The last line needs no end.
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
fn batch_names_error_and_class() {
    let es256 = |name: &str, value: Value| Alg::Es256.access_token(&claims_with(name, value));
    let header = |header: Value| Alg::Es256.mint(header.to_string(), claims().to_string());
    let good = es256("", Value::Null);
    let with = |name: &str, value: Value| line_with("", name, value, &good);
    let token = |token: String| line("", &token);
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "VpfpfapcquWsv4iRTZ4zbu7tV3VxGXpmDdAqXKe3hgI"});
    let many_members: Value = (0..200).map(|n| (n.to_string(), json!(n))).collect::<serde_json::Map<_, _>>().into();

    let cases = [
        (token("a.b".into()), "Malformed(Token)", "malformed"),
        (token("a".repeat(65_537)), "TooLarge(Token)", "too-large"),
        (token(es256("note", json!("a".repeat(20_000)))), "BufferTooSmall", "too-large"),
        (token(header(json!({"alg": "ES256", "x": "x".repeat(600)}))), "TooLarge(Header)", "too-large"),
        (token(header(json!({"alg": "ES256", "kid": "k".repeat(97)}))), "TooLarge(KeyId)", "unknown-key"),
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
    ];
    let input: String = cases.iter().map(|(line, ..)| format!("{line}\n")).collect();
    let answers = batch(input.as_bytes());
    assert_eq!(answers.len(), cases.len());
    for (answer, (_, error, class)) in answers.iter().zip(&cases) {
        assert_eq!(*answer, json!({"id": "", "verdict": "reject", "error": error, "class": class}));
    }
}

/// What a report says of a check: `ok`, `failed` or `not reached`.
fn outcome(report: &str, check: &str) -> String {
    let line = report.lines().find(|line| line.get(14..).is_some_and(|line| line.starts_with(check)));
    line.and_then(|line| line.get(2..13)).unwrap_or_else(|| panic!("{check}: {report}")).trim().into()
}

struct Run {
    status: i32,
    stdout: String,
    stderr: String,
}

fn run(args: &[&str], stdin: &[u8]) -> Run {
    let mut child = Command::new(example())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // From a thread of its own, since an answer may come before all is read; an early exit closes the pipe.
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

/// Built by cargo along with the tests: `target/debug/deps/cli-...` is run, `target/debug/examples/verify` is wanted.
fn example() -> PathBuf {
    let test = env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let example = profile.join("examples").join("verify").with_extension(env::consts::EXE_EXTENSION);
    assert!(example.exists(), "{} is missing: `cargo build --example verify`", example.display());
    example
}

/// At the time of the test tokens, unless `options` say otherwise.
fn verify(options: &[&str], token: &str) -> Run {
    with_request("verify", options, token, b"")
}

fn with_request(name: &str, options: &[&str], token: &str, stdin: &[u8]) -> Run {
    let jwks = jwks_file(name);
    let now = NOW.to_string();
    let mut args = vec!["--jwks", jwks.to_str().unwrap(), "--issuer", ISSUER, "--audience", AUDIENCE];
    if !options.contains(&"--now") {
        args.extend(["--now", &now]);
    }
    args.extend_from_slice(options);
    // A long token does not fit a command line everywhere.
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

/// Written aside and moved, since tests run at the same time.
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

/// A line of the batch that asks for no more than it must.
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
