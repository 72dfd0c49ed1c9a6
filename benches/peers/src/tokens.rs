//! Tokens that all contenders accept, and variants that none may accept.

use std::env;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use embedded_jwt::{Error, MAX_HEADER_LEN, MAX_TOKEN_LEN, Part};
use serde_json::{Value, json};
use testkit::{ALGS, AUDIENCE, Alg, ISSUER, base64url};

use crate::hostile_payloads;

pub const KID: &str = "test-key";
pub const TYPE: &str = "at+jwt";
pub const SCOPE: &str = "pump:write";

/// The lengths of the tokens: as in `examples/firmware/tokens`, and one in between.
pub const LENGTHS: [usize; 3] = [435, 1024, 2047];

/// The time for which tokens are made: the start of the process, since some libraries use no clock but the system's.
/// `benches/instructions` sets a time close to it, for the same tokens in several processes.
pub fn now() -> i64 {
    static NOW: LazyLock<i64> = LazyLock::new(|| match env::var("NOW") {
        Ok(seconds) => seconds.parse().unwrap(),
        Err(_) => SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap(),
    });
    *NOW
}

/// The claims of the token of 435 bytes, valid from a minute ago for a day.
pub fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "user-4200", "aud": AUDIENCE, "client_id": "pump-app",
        "exp": now() + 86_400, "nbf": now() - 60, "iat": now() - 60, "jti": "token-1",
        "scope": "pump:read pump:write", "site": "north",
    })
}

fn header(alg: Alg) -> String {
    header_of(alg, TYPE, KID)
}

fn header_of(alg: Alg, typ: &str, kid: &str) -> String {
    json!({"alg": alg.name(), "typ": typ, "kid": kid}).to_string()
}

/// A token of this length, or one or two characters shorter if base64url has no such length.
pub fn of_len(alg: Alg, len: usize) -> String {
    let parts = base64url(header(alg).as_bytes()).len() + base64url(&[0; 64]).len() + 2;
    with_payload_len(alg, (len - parts) * 3 / 4)
}

/// A token whose decoded payload has this length: [`claims`], as many roles as fit, and a string.
pub fn with_payload_len(alg: Alg, len: usize) -> String {
    let mut claims = claims();
    if claims.to_string().len() < len {
        claims["note"] = json!("");
        for role in 0.. {
            let mut longer = claims.clone();
            match &mut longer["roles"] {
                Value::Array(roles) => roles.push(json!(format!("operator-{role:03}"))),
                roles => *roles = json!(["operator-000"]),
            }
            if longer.to_string().len() > len {
                break;
            }
            claims = longer;
        }
        claims["note"] = json!("x".repeat(len - claims.to_string().len()));
    }
    let payload = claims.to_string();
    assert_eq!(payload.len(), len, "{payload}");
    alg.mint(header(alg), payload)
}

/// Named tokens with the [payloads](hostile_payloads::of_len) that take the most work.
pub fn hostile(alg: Alg, payload_len: usize) -> impl Iterator<Item = (&'static str, String)> {
    let with_issuer = format!("{{\"iss\":\"{ISSUER}\",");
    let payloads = hostile_payloads::of_len(payload_len - with_issuer.len());
    payloads
        .into_iter()
        .map(move |(name, payload)| (name, alg.mint(header(alg), payload.replacen('{', &with_issuer, 1))))
}

/// Tokens that anyone can make and that take the most work, each with its algorithm, name and reason for refusal.
pub fn unsigned() -> Vec<(Alg, String, String, Error)> {
    let mut unsigned = Vec::new();
    for (name, header) in hostile_payloads::headers_of_len(MAX_HEADER_LEN) {
        let token = format!("{}.e30.AA", base64url(header.as_bytes()));
        let name = format!("header of {MAX_HEADER_LEN} bytes, {name}");
        unsigned.push((Alg::EdDsa, name, token, Error::UnsupportedAlgorithm));
    }
    let malformed = Error::Malformed(Part::Token);
    unsigned.push((Alg::EdDsa, "a dot for each byte, 64 KiB".into(), ".".repeat(MAX_TOKEN_LEN), malformed));
    unsigned.push((Alg::EdDsa, "no dot, 64 KiB".into(), "x".repeat(MAX_TOKEN_LEN), malformed));
    for alg in ALGS {
        let (start, signature) = (base64url(header(alg).as_bytes()), base64url(&alg.sign(b"something else")));
        let payload = "x".repeat((MAX_TOKEN_LEN - start.len() - signature.len() - 2) / 4 * 4);
        let name = format!("forged signature, {}, 64 KiB", alg.name());
        unsigned.push((alg, name, format!("{start}.{payload}.{signature}"), Error::InvalidSignature));
    }
    unsigned
}

/// Tokens with one fault each, and the fault. The first has another token's signature; the signatures of the others are
/// valid.
pub fn faulty(alg: Alg) -> Vec<(&'static str, String)> {
    let good = of_len(alg, LENGTHS[0]);
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        alg.mint(header(alg), claims.to_string())
    };
    let headed = |typ: &str, kid: &str| alg.mint(header_of(alg, typ, kid), claims().to_string());
    let other = with("sub", json!("user-4201"));
    let forged = format!("{}{}", &good[..=good.rfind('.').unwrap()], &other[other.rfind('.').unwrap() + 1..]);
    vec![
        ("forged", forged),
        ("expired", with("exp", json!(now() - 3600))),
        ("not yet valid", with("nbf", json!(now() + 3600))),
        ("of another issuer", with("iss", json!("https://idp.example.org"))),
        ("for another audience", with("aud", json!("urn:device:pump-8"))),
        ("without the scope", with("scope", json!("pump:read"))),
        ("of another type", headed("JWT", KID)),
        ("of another key", headed(TYPE, "other-key")),
    ]
}

/// Whether the claim `scope` has [`SCOPE`].
pub fn has_scope(scope: &str) -> bool {
    scope.split(' ').any(|scope| scope == SCOPE)
}
