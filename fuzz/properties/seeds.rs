//! Makes the committed seeds, from the tests' tokens and the examples of the standards.

use serde_json::json;
use testkit::*;

use super::token::SIGNED;

/// The target, name and content of every file in `seeds/`.
pub fn all() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds = Vec::new();
    let mut add = |target, contents: Vec<Vec<u8>>| {
        let files = contents.into_iter().enumerate().map(|(at, content)| (target, format!("{at:02}"), content));
        seeds.extend(files);
    };
    let bytes = |texts: Vec<String>| texts.into_iter().map(String::into_bytes).collect::<Vec<_>>();

    add("base64url", bytes(base64url_texts()));
    add("json_canonicalize", bytes(json_texts()));
    add("header", bytes(headers()));
    add("jwks", bytes([key_sets(), rsa_key_sets()].concat()));
    add("key_set", bytes(key_sets()));
    add("claims", bytes(claims_of_every_shape()));
    add("token", tokens());
    let unset_clocks = [unset_clock(&[0; 16], &PROOFS), unset_clock(&[0; 16], &ANSWERS)].concat();
    add("signed_access_token", [choices(), unset_clocks, other_policies()].concat());
    add("signed_id_token", [choices(), unset_clock(&[0; 15], &PROOFS), unset_clock(&WITH_NONCE, &PROOFS)].concat());
    add("differential", [choices(), other_policies()].concat());
    add("dpop_request", [proofs(), request_headers()].concat());
    for target in ["signature", "rs256_signature", "revocations"] {
        add(target, choices());
    }
    seeds
}

fn base64url_texts() -> Vec<String> {
    let [es256, eddsa] = ALGS.map(Alg::key);
    let payload = format!(r#"{{"iss":"{ISSUER}"}}"#);
    let paddings = ["", " ", "  "].map(|space| base64url(format!("{payload}{space}").as_bytes()));
    let numbers = [es256.public_key(), eddsa.public_key(), &Alg::Es256.sign(b""), &Alg::EdDsa.sign(b"")].map(base64url);
    // The vectors of RFC 4648 section 10, and texts that are not base64url.
    let vectors = ["Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy", "Zh", "Zm9", "Zg==", "+/+/", "-_-_", "Z"];
    [&paddings[..], &numbers, &vectors.map(String::from)].concat()
}

fn json_texts() -> Vec<String> {
    let texts = [
        "{}",
        " [ 1 , -0 , 1.50e-3 , 1E+400 , 12345678901234567890123 ] ",
        r#""\"\\\/\b\f\n\r\t\u0000\u001f\u00e9\ud83d\ude00é😀""#,
        r#"{"a":{"a":[{"a":1},{"a":2}]},"b":{"a":3},"\u0061b":null}"#,
        r#"{"exp":1,"\u0065xp":2}"#,
        r#"[true,false,null,tru]"#,
        r#""\ud800""#,
        "[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]",
        "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
        "[01,1.,.5,+1,1e]",
        "{\"a\" : 1,\t\"b\":[],\r\n\"c\":{} }",
    ];
    let many = |count| format!("{{{}}}", (0..count).map(|i| format!("\"{i}\":0")).collect::<Vec<_>>().join(","));
    let large = [claims().to_string(), many(126), many(127)];
    texts.map(String::from).into_iter().chain(large).collect()
}

fn headers() -> Vec<String> {
    let [es256, eddsa] = ALGS.map(|alg| alg.header().to_string());
    let others = [
        // RFC 7515 appendices A.3 and E, RFC 7797 section 4, RFC 9864 section 2.2.
        json!({"alg": "ES256"}),
        json!({"alg": "none", "crit": ["http://example.invalid/UNDEFINED"], "http://example.invalid/UNDEFINED": true}),
        json!({"alg": "EdDSA", "b64": true}),
        json!({"alg": "EdDSA", "b64": false}),
        json!({"alg": "Ed25519", "kid": "ed-test", "typ": "application/at+jwt"}),
        json!({"alg": "ES256", "kid": "twin"}),
        json!({"alg": "EdDSA", "kid": "CORP\\key", "typ": "a\u{0}b"}),
        json!({"alg": "EdDSA", "kid": "k".repeat(97)}),
        json!({"alg": "EdDSA", "kid": "k".repeat(1500)}),
        json!({"alg": "EdDSA", "kid": ""}),
        json!({"alg": "ES256", "kid": null, "x5c": ["A".repeat(3000)]}),
        json!({"alg": "EdDSA", "typ": "t".repeat(65)}),
        json!({"typ": "JWT", "kid": 1}),
        json!({"alg": "EdDSA", "jwk": {"kty": "OKP"}, "jku": "https://attacker.example", "x5c": ["AA"]}),
    ];
    [es256, eddsa].into_iter().chain(others.map(|header| header.to_string())).collect()
}

fn key_sets() -> Vec<String> {
    let [ec, okp] = ALGS.map(|alg| with(alg.jwk(), "kid", json!(alg.kid())));
    let with = |jwk: &serde_json::Value, name: &str, value| {
        let mut jwk = jwk.clone();
        jwk[name] = value;
        jwk
    };
    let set = |keys: &[serde_json::Value]| json!({ "keys": keys }).to_string();
    vec![
        set(&[ec.clone(), okp.clone()]),
        set(&[with(&ec, "use", json!("sig")), with(&okp, "key_ops", json!(["sign", "verify"]))]),
        set(&[with(&ec, "alg", json!("ES256")), with(&okp, "alg", json!("Ed25519"))]),
        set(&[with(&ec, "use", json!("enc")), with(&okp, "d", json!("AA")), with(&okp, "alg", json!("ES256"))]),
        set(&[with(&ec, "x", json!(base64url(&[0xff; 32]))), with(&okp, "x", json!(base64url(&[0; 32])))]),
        set(&[with(&okp, "kid", json!("k".repeat(97))), with(&okp, "kid", json!(null)), json!(null), json!([])]),
        set(&[with(&ec, "use", json!(null)), with(&okp, "key_ops", json!([]))]),
        set(&[with(&ec, "key_ops", json!(["verify", "verify"])), with(&okp, "key_ops", json!("verify"))]),
        set(&[with(&with(&okp, "use", json!("sig")), "key_ops", json!(["verify", "encrypt"]))]),
        set(&[with(&okp, "kid", json!("")), with(&ec, "x5c", json!(["A".repeat(1500)]))]),
        format!("\u{feff}{}", set(std::slice::from_ref(&okp))),
        set(&vec![okp; 4]),
        set(&[]),
        r#"{"keys":{}}"#.into(),
        rfc::RFC_7517_A1.into(),
        format!(r#"{{"keys":[{}]}}"#, rfc::RFC_8037_A2),
    ]
}

/// Sets with the RSA key of [RFC 7517 appendix A.1](https://www.rfc-editor.org/rfc/rfc7517#appendix-A.1), also changed.
fn rsa_key_sets() -> Vec<String> {
    let set: serde_json::Value = serde_json::from_str(rfc::RFC_7517_A1).unwrap();
    let rsa = &set["keys"][1];
    let n = rsa["n"].as_str().unwrap();
    let set = |keys: &[serde_json::Value]| json!({ "keys": keys }).to_string();
    let changed = |name: &str, values: &[&str]| -> String {
        set(&values.iter().map(|value| with(rsa.clone(), name, json!(value))).collect::<Vec<_>>())
    };
    let private = |name: &str| set(&[with(rsa.clone(), name, json!("AQ")), with(rsa.clone(), name, json!([]))]);
    let mut sets = vec![
        set(&[Alg::Es256.jwk(), rsa.clone(), Alg::EdDsa.jwk()]),
        changed("e", &["AAEAAQ", "Aw", "AQ", "AAAB"]),
        // 2,047 bits, and 2,048; even; 255 bytes, 257, and 256 after a zero.
        changed("n", &[&n.replacen("0vx7", "fvx7", 1), &n.replacen("0vx7", "gAAA", 1)]),
        changed("n", &[&n.replace("KDKgw", "KDKgg"), &n.replace("KDKgw", "KDKgx")]),
        changed("n", &[&n[..340], &format!("{n}AA"), &format!("AAA{n}")]),
        changed("alg", &["RS256", "PS256", "RS512"]),
        changed("use", &["enc", "sig"]),
        changed("kty", &["rsa", "EC", "OKP"]),
        changed("crv", &["P-256", "Ed25519"]),
        set(&[with(with(rsa.clone(), "p", json!(null)), "key_ops", json!(["verify"]))]),
        set(&vec![rsa.clone(); 4]),
    ];
    sets.extend(["d", "p", "q", "dp", "dq", "qi", "oth"].map(private));
    sets
}

fn claims_of_every_shape() -> Vec<String> {
    let texts = [
        "true",
        "255",
        "-128",
        "18446744073709551615",
        "-1.5e3",
        "1e39",
        "null",
        "\"a\"",
        "\"CORP\\\\alice\"",
        "\"\\u00e9\\n\"",
        "[1,\"a\"]",
        "[1,2]",
        "[0.5,1e400]",
        "[true,null]",
        "{\"a\":[\"b\",\"c\\\\\"],\"d\":[]}",
        "{\"ratio\":0.5,\"mode\":\"idle\",\"names\":[\"n\"],\"inner\":{\"ratio\":1,\"mode\":null,\"inner\":null}}",
        "[\"idle\",{\"speed\":7},{\"range\":{\"low\":-1,\"high\":1}},{\"pair\":[1,\"b\"]}]",
    ];
    texts.map(String::from).to_vec()
}

fn tokens() -> Vec<Vec<u8>> {
    let texts = SIGNED.iter().map(|(text, _)| text.as_str()).chain([rfc::RFC_7515_A3, rfc::RFC_8037_A4]);
    texts
        .zip([1024_u16, 0, 300, 250].into_iter().cycle())
        .map(|(text, len)| [&len.to_le_bytes(), text.as_bytes()].concat())
        .collect()
}

/// A valid DPoP proof, and changed ones.
fn proofs() -> Vec<Vec<u8>> {
    choices().into_iter().map(|choices| [&[0], &choices[..]].concat()).collect()
}

/// Values of `Authorization`, and choices for a challenge.
fn request_headers() -> Vec<Vec<u8>> {
    let values = [
        "",
        "Bearer",
        "Bearer ",
        "bearer a.b.c",
        "DPoP  a-._~+/1==",
        "dpop a=b",
        "Basic YTpi",
        "Bearer a b",
        "Bearer a,b",
    ];
    let values = values.iter().map(|value| [&[7], value.as_bytes()].concat());
    values.chain(choices().into_iter().step_by(4).map(|choices| [&[6], &choices[..]].concat())).collect()
}

/// Inputs that are read as choices: an empty one, then longer and longer pieces of a fixed random sequence.
fn choices() -> Vec<Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        // George Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..48).map(|words| (0..words / 2).flat_map(|_| random()).collect()).collect()
}

/// The choices for the policies `untyped` and `at_jwt` and for a typed token, each followed by longer and longer pieces of
/// the sequence.
fn other_policies() -> Vec<Vec<u8>> {
    let pieces = || choices().into_iter().step_by(6);
    [3, 5, 6].into_iter().flat_map(|kind| pieces().map(move |choices| [&[kind], &choices[..]].concat())).collect()
}

/// The choices for a valid token, followed by choices for a device whose clock is not set.
fn unset_clock(good: &[u8], choices: &[[u8; 3]]) -> Vec<Vec<u8>> {
    choices.iter().map(|choices| [good, &[1], choices].concat()).collect()
}

/// The choices for a policy that accepts, without a proof of freshness, no token, any token, or only short-lived ones.
const PROOFS: [[u8; 3]; 3] = [[0, 0, 0], [2, 0, 0], [4, 0, 0]];
/// The choices for a challenge (right, wrong or empty) and an answer (absent, right, escaped or not a string).
const ANSWERS: [[u8; 3]; 6] = [[0, 2, 0], [0, 2, 2], [0, 2, 3], [0, 3, 2], [0, 4, 2], [2, 2, 4]];
/// The choices for a valid ID token and a policy with its nonce.
const WITH_NONCE: [u8; 15] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0];
