//! The worst-case cost of a token or a key set of the largest size: each input drives one loop to its limit.
//! `cargo bench --manifest-path benches/Cargo.toml --bench hostile`
//!
//! Payloads are signed, since unsigned ones are never parsed. So one signature is most of their cost. The first
//! benchmark is this signature over a payload of the same size without any structure, for comparison.

mod hostile_payloads;

use criterion::{Criterion, criterion_group, criterion_main};
use embedded_jwt::{
    AccessTokenPolicy, DpopPolicy, EdDsa, Error, KeySet, MAX_HEADER_LEN, MAX_KEY_SET_LEN, MAX_TOKEN_LEN, Part, Token,
    UnixTime,
};
use hostile_payloads::{NAME_LEN, fill, members};
use testkit::*;

/// The longest payload of a token of [`MAX_TOKEN_LEN`].
const MAX_PAYLOAD_LEN: usize = (MAX_TOKEN_LEN - 200) / 4 * 3;

fn hostile(criterion: &mut Criterion) {
    let keys = keys();
    let issuer = issuer(&keys);
    let policy = AccessTokenPolicy::new(AUDIENCE);
    let mut buf = vec![0; MAX_TOKEN_LEN];

    let mut group = criterion.benchmark_group("signed payload of 48 KiB");
    for (name, payload) in hostile_payloads::of_len(MAX_PAYLOAD_LEN) {
        // With an issuer, so that the claims are validated too.
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
        assert!(matches!(refused, Error::Missing(_)), "{name}: {refused}");
        group.bench_function(name, |bencher| bencher.iter(&mut verify));
    }
    group.finish();

    let mut group = criterion.benchmark_group("header");
    let too_long = ("too long", format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_PAYLOAD_LEN)));
    for (name, header) in [too_long].into_iter().chain(hostile_payloads::headers_of_len(MAX_HEADER_LEN)) {
        let text = format!("{}.e30.AA", base64url(header.as_bytes()));
        let mut verify = || Token::parse(&text).and_then(|token| token.verify(&issuer, &mut buf).map(drop));
        let refused = verify().unwrap_err();
        assert!(matches!(refused, Error::TooLarge(Part::Header) | Error::UnsupportedAlgorithm), "{name}: {refused}");
        group.bench_function(name, |bencher| bencher.iter(&mut verify));
    }
    group.bench_function("key_ops of a proof's key", |bencher| {
        let x = base64url(keys[1].public_key());
        let start = "{\"alg\":\"EdDSA\",\"typ\":\"dpop+jwt\",\"jwk\":";
        let header = format!("{start}{}}}", jwk_of_operations(&x, MAX_HEADER_LEN - start.len() - 1));
        let text = format!("{}.e30.AA", base64url(header.as_bytes()));
        let policy = DpopPolicy::new("GET", "https://pump-7.example/speed", "token");
        let mut verify = || Token::parse(&text)?.verify_dpop(&policy, &[&EdDsa], now(), &mut buf).map(drop);
        assert_eq!(verify(), Err(Error::InvalidKey));
        bencher.iter(&mut verify);
    });
    group.bench_function("a dot for each byte", |bencher| {
        let text = ".".repeat(MAX_TOKEN_LEN);
        bencher.iter(|| assert!(Token::parse(&text).is_err()));
    });
    group.finish();

    let mut group = criterion.benchmark_group("key set of 64 KiB");
    let sets = [
        ("empty keys", fill("{\"keys\":[", |_| "{}".into(), "]}", MAX_KEY_SET_LEN)),
        (
            "keys of most names",
            fill("{\"keys\":[", |_| format!("{{{}}}", members(NAME_LEN, 127)), "]}", MAX_KEY_SET_LEN),
        ),
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
    let x = base64url(keys[1].public_key());
    let sets = sets.into_iter().chain([
        ("long key_ops", format!("{{\"keys\":[{}]}}", jwk_of_operations(&x, MAX_KEY_SET_LEN - 11))),
        ("short key_ops", fill("{\"keys\":[", |_| jwk_of_operations(&x, 400), "]}", MAX_KEY_SET_LEN)),
        ("usable keys", fill("{\"keys\":[", |index| jwk_of_kid(&x, index), "]}", MAX_KEY_SET_LEN)),
    ]);
    // All slots are taken, so that each new key is compared with as many as possible.
    let old = fill("{\"keys\":[", |index| jwk_of_kid(&x, 10_000 + index), "]}", 16 * jwk_of_kid(&x, 10_000).len() + 26);
    let old = KeySet::<16>::from_jwks(&mut old.into_bytes()).unwrap();
    assert_eq!(old.len(), 16);
    let until = UnixTime::from_secs(NOW + 300);
    for (name, set) in sets {
        let expected = if name == "usable keys" { Err(Error::TooManyKeys) } else { Ok(()) };
        group.bench_function(format!("{name}, replaced"), |bencher| {
            let mut keys = old.clone();
            bencher.iter(|| assert_eq!(keys.replace_from_jwks(&mut set.clone().into_bytes()), expected));
        });
        group.bench_function(format!("{name}, rotated"), |bencher| {
            bencher.iter(|| {
                let mut keys = old.clone();
                assert_eq!(keys.rotate_from_jwks(&mut set.clone().into_bytes(), until, now()), expected);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, hostile);
criterion_main!(benches);

fn jwk_of_kid(x: &str, kid: usize) -> String {
    format!("{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"{x}\",\"kid\":\"{kid:05}\"}}")
}

/// A JWK with as many operations as are read, in at most `max` bytes. They take the most work to distinguish.
fn jwk_of_operations(x: &str, max: usize) -> String {
    let jwk = |len: usize| {
        let operations: Vec<_> = (0..16).map(|n| format!("\"{:x>len$}x\"", format!("{n:x}"))).collect();
        format!("{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"{x}\",\"key_ops\":[{}]}}", operations.join(","))
    };
    jwk(1 + (max - jwk(1).len()) / 16)
}
