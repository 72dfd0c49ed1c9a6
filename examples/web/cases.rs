//! Prints the questions of the test of the page, in JSON: a name, the expected error, and the fields of the form.

use serde_json::{Value, json};
use testkit::*;

fn main() {
    let es256 = |name: &str, value: Value| Alg::Es256.access_token(&claims_with(name, value));
    let good = Alg::Es256.access_token(&claims());
    let headed = |header: Value| Alg::Es256.mint(header.to_string(), claims().to_string());
    let at = |kid: &str, alg: &str| headed(json!({"alg": alg, "typ": "at+jwt", "kid": kid}));
    let forged = good.replace(&base64url(claims().to_string().as_bytes()), &base64url(other_scope().as_bytes()));
    let id_token = Alg::EdDsa.mint(Alg::EdDsa.id_header().to_string(), id_claims().to_string());
    let proof = Alg::EdDsa.mint(Alg::EdDsa.dpop_header().to_string(), dpop_claims("t").to_string());
    let request =
        json!({"profile": "dpop", "method": "POST", "uri": "https://pump-7.local/speed", "access_token": "t"});
    let limits = json!({"scope": "pump:read", "max_lifetime": "600", "max_token_age": "600", "leeway": "5"});
    let unmarked = Alg::Es256.mint(Alg::Es256.id_header().to_string(), claims().to_string());
    let payload = |text: &str| Alg::Es256.mint(Alg::Es256.header().to_string(), text);
    let nested = format!(r#"{{"a":{}{}}}"#, "[".repeat(1_000), "]".repeat(1_000));
    let bound_claims = claims_with("cnf", json!({"jkt": Alg::EdDsa.key().thumbprint().to_string()}));
    let bound = Alg::Es256.access_token(&bound_claims);
    let proof_of = |token: &str| Alg::EdDsa.mint(Alg::EdDsa.dpop_header().to_string(), dpop_claims(token).to_string());
    let with_proof = json!({"method": "POST", "uri": "https://pump-7.local/speed", "proof": proof_of(&bound)});
    let at_floor = |mut fields: Value| {
        fields["now"] = Value::Null;
        with(with(fields, "floor", json!(NOW.to_string())), "max_unproven_lifetime", json!("300"))
    };
    let floor = at_floor(json!({}));
    let hostile = "<img src=x onerror=alert(1)>\u{1b}[2J\u{202e}";

    let proven_by_another = es256("cnf", json!({"jkt": "0".repeat(43)}));
    let with_another = with(with_proof.clone(), "proof", json!(proof_of(&proven_by_another)));
    let unmarked_and_bound = Alg::Es256.mint(Alg::Es256.id_header().to_string(), bound_claims.to_string());
    let proof_claims = with(dpop_claims(&unmarked_and_bound), "nonce", json!("n"));
    let proof_with_nonce = Alg::EdDsa.mint(Alg::EdDsa.dpop_header().to_string(), proof_claims.to_string());
    let with_nonce = at_floor(with(with(with_proof.clone(), "proof", json!(proof_with_nonce)), "nonce", json!("n")));
    let none = json!({});
    let cases = [
        ("accepted, ES256", "", good.clone(), &none),
        ("accepted, EdDSA", "", Alg::EdDsa.access_token(&claims()), &none),
        ("accepted, with limits", "", good.clone(), &limits),
        ("accepted, with objects and fractions", "", es256("z", json!({"a": [null, true], "b": 1.5e300})), &none),
        ("accepted ID token", "", id_token.clone(), &json!({"profile": "id", "audience": CLIENT_ID})),
        ("accepted proof", "", proof.clone(), &request),
        ("proof of another request", "Mismatch(HttpMethod)", proof, &with(request.clone(), "method", json!("GET"))),
        ("accepted with its proof", "", bound.clone(), &with_proof),
        ("without its nonce", "Missing(Nonce)", bound.clone(), &with(with_proof.clone(), "nonce", json!("n"))),
        ("bound to another key", "Mismatch(Confirmation)", proven_by_another, &with_another),
        ("accepted at a floor", "", good.clone(), &floor),
        ("another policy at a floor", "WrongType", unmarked_and_bound, &with_nonce),
        ("unknown time", "TimeUnknown", good.clone(), &with(floor.clone(), "max_unproven_lifetime", Value::Null)),
        ("forged", "InvalidSignature", forged, &none),
        ("expired", "Expired", es256("exp", json!(NOW - 300)), &none),
        ("not yet valid", "NotYetValid", es256("nbf", json!(NOW + 300)), &none),
        ("an ID token", "WrongType", id_token, &none),
        ("an unmarked access token", "WrongType", unmarked, &none),
        ("wrong audience", "Mismatch(Audience)", es256("aud", json!(["urn:a", "urn:b"])), &none),
        ("wrong issuer", "Mismatch(Issuer)", es256("iss", json!("https://other")), &none),
        ("no expected audience", "Unconfigured(Audience)", good.clone(), &json!({"audience": ""})),
        ("insufficient scope", "InsufficientScope", good.clone(), &json!({"scope": "pump:stop"})),
        ("absent claim", "Missing(Subject)", es256("sub", Value::Null), &none),
        ("claim of the wrong type", "Invalid(Expiration)", es256("exp", json!("soon")), &none),
        ("bound to a key", "SenderConstrained", es256("cnf", json!({"jkt": "0".repeat(43)})), &none),
        ("too old", "TooOld", good.clone(), &json!({"max_token_age": "59", "leeway": "0"})),
        ("unset clock", "ClockNotSet", good.clone(), &json!({"now": "0"})),
        ("unknown key", "UnknownKey", at("next", "ES256"), &none),
        ("another algorithm", "UnsupportedAlgorithm", at("es-test", "RS384"), &none),
        ("the other algorithm", "UnsupportedAlgorithm", good.clone(), &json!({"alg": "EdDSA"})),
        ("unsigned", "UnsupportedAlgorithm", at("es-test", "none"), &none),
        ("hostile text", "WrongType", headed(json!({"alg": "ES256", "typ": hostile, "kid": "es-test"})), &none),
        ("hostile claim", "", es256("site", json!(hostile)), &none),
        ("a scheme before it", "Malformed(Header)", format!("Bearer {good}"), &none),
        ("nested claims", "TooDeep(Payload)", payload(&nested), &none),
        ("a claim twice", "DuplicateName(Payload)", payload(r#"{"aud":"urn:a","aud":"urn:b"}"#), &none),
        ("no object", "Malformed(Payload)", payload("[1]"), &none),
        ("nothing", "Malformed(Token)", String::new(), &none),
        ("garbage", "Malformed(Token)", "garbage".into(), &none),
        ("garbage of the longest length", "TooLarge(Header)", format!("{}.b.c", "~".repeat(65_532)), &none),
        ("longer garbage", "TooLarge(Token)", "~".repeat(65_537), &none),
        ("no text", "Malformed(Token)", "\u{0}\u{fffd}\u{10ffff}".into(), &none),
    ];
    let cases = cases.map(|(name, error, token, fields)| {
        let mut question = question();
        question["token"] = token.into();
        for (name, value) in fields.as_object().into_iter().flatten() {
            question = with(question, name, value.clone());
        }
        json!({"name": name, "error": error, "question": question})
    });
    println!("{}", Value::from(cases.to_vec()));
}

fn question() -> Value {
    let jwks = json!({"keys": ALGS.map(|alg| with(alg.jwk(), "kid", json!(alg.kid())))}).to_string();
    json!({"jwks": jwks, "issuer": ISSUER, "audience": AUDIENCE, "profile": "access", "now": NOW.to_string()})
}

fn other_scope() -> String {
    claims_with("scope", json!("pump:stop")).to_string()
}
