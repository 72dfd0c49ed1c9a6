//! The worst that a token or a key set of the largest size can make a device do: each input is built to drive one loop
//! as far as it goes. `cargo bench --manifest-path benches/Cargo.toml --bench hostile`
//!
//! Payloads are signed, since nothing else is ever parsed; so most of what they cost is one signature. The first
//! benchmark is that signature over a payload of the same size without any structure, to compare with.

#[path = "../tests/common/mod.rs"]
mod common;

use common::*;
use criterion::{Criterion, criterion_group, criterion_main};
use embedded_jwt::{AccessTokenPolicy, Error, KeySet, MAX_HEADER_LEN, MAX_KEY_SET_LEN, MAX_TOKEN_LEN, Part, Token};

/// The longest payload of a token of [`MAX_TOKEN_LEN`].
const MAX_PAYLOAD_LEN: usize = (MAX_TOKEN_LEN - 200) / 4 * 3;

/// `{start}{unit}{unit}...{end}` of at most `max_len` bytes, units joined by commas.
fn fill(start: &str, unit: impl Fn(usize) -> String, end: &str, max_len: usize) -> String {
    let mut text = start.to_string();
    for i in 0.. {
        let next = unit(i);
        if text.len() + next.len() + end.len() + 1 > max_len {
            break;
        }
        text += if i == 0 { "" } else { "," };
        text += &next;
    }
    text + end
}

/// An object of as many members as may be open, with names of `len` bytes that differ at the end only.
fn members(len: usize, count: usize) -> String {
    let members: Vec<_> = (0..count).map(|i| format!("\"{i:x>len$}\":0")).collect();
    members.join(",")
}

fn payloads() -> Vec<(&'static str, String)> {
    let max = MAX_PAYLOAD_LEN;
    let prefix = r#"{"a":"#;
    vec![
        ("one plain string", format!("{prefix}\"{}\"}}", "x".repeat(max - 8))),
        ("escapes", format!("{prefix}\"{}\"}}", "\\u0000".repeat((max - 8) / 6))),
        ("quotation marks", format!("{prefix}\"{}\"}}", "\\\"".repeat((max - 8) / 2))),
        ("backslashes", format!("{prefix}\"{}\"}}", "\\\\".repeat((max - 8) / 2))),
        ("white space", format!("{prefix}{}1}}", " ".repeat(max - 8))),
        ("one long number", format!("{prefix}0.{}}}", "0".repeat(max - 8))),
        ("numbers", fill(&format!("{prefix}["), |_| "1".into(), "]}", max)),
        ("empty objects", fill(&format!("{prefix}["), |_| "{}".into(), "]}", max)),
        ("longest names", format!("{{{}}}", members(max / 128 - 5, 128))),
        ("most objects of most names", fill(&format!("{prefix}["), |_| format!("{{{}}}", members(2, 127)), "]}", max)),
        ("deepest", fill(&format!("{prefix}["), |_| format!("{}{}", "[".repeat(14), "]".repeat(14)), "]}", max)),
        ("longest aud", fill("{\"aud\":[", |_| "\"\"".into(), "]}", max)),
        ("longest exp", format!("{{\"exp\":0.{}e-9}}", "0".repeat(max - 16))),
    ]
}

fn hostile(criterion: &mut Criterion) {
    let keys = keys();
    let issuer = issuer(&keys);
    let policy = AccessTokenPolicy::new(AUDIENCE);
    let mut buf = vec![0; MAX_TOKEN_LEN];

    let mut group = criterion.benchmark_group("signed payload of 48 KiB");
    for (name, payload) in payloads() {
        // With an issuer, so that the claims are judged too.
        let payload = payload.replacen('{', &format!("{{\"iss\":\"{ISSUER}\","), 1);
        let text = Alg::EdDsa.access_token(&serde_json::json!({}));
        let (header, _) = text.split_once('.').unwrap();
        let signing_input = format!("{header}.{}", base64url(payload.as_bytes()));
        let text = format!("{signing_input}.{}", base64url(&Alg::EdDsa.sign(signing_input.as_bytes())));
        let mut verify = || {
            let verified = Token::parse(&text)?.verify(&issuer, &mut buf)?;
            verified.into_access_token(&policy, now()).map(|token| token.expires_at())
        };
        let refused = verify().unwrap_err();
        let after_the_payload = matches!(refused, Error::Missing(_) | Error::TooManyMembers(Part::Payload));
        assert!(after_the_payload, "{name}: {refused}");
        group.bench_function(name, |bencher| bencher.iter(&mut verify));
    }
    group.finish();

    let mut group = criterion.benchmark_group("header");
    let longest = |members: &str| format!("{{\"alg\":\"none\",{members}}}");
    let headers = [
        ("too long", format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_PAYLOAD_LEN))),
        ("most names", longest(&members(2, (MAX_HEADER_LEN - 20) / 7))),
        ("longest names", longest(&members(90, 5))),
    ];
    for (name, header) in headers {
        let text = format!("{}.e30.AA", base64url(header.as_bytes()));
        let mut verify = || Token::parse(&text).and_then(|token| token.verify(&issuer, &mut buf).map(drop));
        let refused = verify().unwrap_err();
        assert!(matches!(refused, Error::TooLarge(Part::Header) | Error::UnsupportedAlgorithm), "{name}: {refused}");
        group.bench_function(name, |bencher| bencher.iter(&mut verify));
    }
    group.bench_function("a dot for each byte", |bencher| {
        let text = ".".repeat(MAX_TOKEN_LEN);
        bencher.iter(|| assert!(Token::parse(&text).is_err()));
    });
    group.finish();

    let mut group = criterion.benchmark_group("key set of 64 KiB");
    let sets = [
        ("empty keys", fill("{\"keys\":[", |_| "{}".into(), "]}", MAX_KEY_SET_LEN)),
        ("keys of most names", fill("{\"keys\":[", |_| format!("{{{}}}", members(2, 127)), "]}", MAX_KEY_SET_LEN)),
        (
            "keys to decode",
            fill(
                "{\"keys\":[",
                |_| format!("{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"{}\"}}", "A".repeat(43)),
                "]}",
                MAX_KEY_SET_LEN,
            ),
        ),
    ];
    for (name, set) in sets {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let keys = KeySet::<4>::from_jwks(&mut set.clone().into_bytes()).unwrap();
                assert!(keys.is_empty() && keys.skipped() > 0);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, hostile);
criterion_main!(benches);
