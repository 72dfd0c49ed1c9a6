//! The demo: an issuer whose keys are published, and requests to try, with freshly made tokens.

use embedded_jwt::UnixTime;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testkit::{ALGS, Alg, ISSUER, base64url, with};

/// The key set of the demo's issuer.
pub fn jwks() -> String {
    json!({ "keys": ALGS.map(|alg| with(alg.jwk(), "kid", json!(alg.kid()))) }).to_string()
}

/// Shell commands that send requests, each with its answer.
pub fn requests(base_url: &str, audience: &str, now: UnixTime) -> String {
    let now = now.as_secs();
    let claims = |scope: &str| {
        json!({
            "iss": ISSUER, "sub": "user-42", "aud": audience, "client_id": "pump-app", "jti": format!("demo-{now}"),
            "iat": now, "exp": now + LIFETIME_SECS, "scope": scope,
        })
    };
    let token = |claims: Value| Alg::EdDsa.access_token(&claims);
    let reads = token(claims("pump:read"));
    let writes = token(claims("pump:read pump:write"));
    let expired = token(with(claims("pump:read"), "exp", json!(now - LIFETIME_SECS)));
    let thumbprint = Alg::Es256.key().thumbprint().to_string();
    let bound = token(with(claims("pump:read"), "cnf", json!({ "jkt": thumbprint })));
    // The ES256 test key is the client's own here.
    let proof = Alg::Es256.mint(
        Alg::Es256.dpop_header().to_string(),
        json!({
            "jti": format!("demo-{now}"), "htm": "GET", "htu": format!("{base_url}/speed"), "iat": now,
            "ath": base64url(&Sha256::digest(&bound)),
        })
        .to_string(),
    );

    format!(
        "\
THE TOKENS BELOW ARE SIGNED WITH A TEST KEY, which is published: anyone can make such
tokens. They are valid for an hour. To use your own issuer: --help

# 200: a token with the scope pump:read
curl -i {base_url}/speed -H 'Authorization: Bearer {reads}'

# 204: a token with the scope pump:write sets the speed
curl -i {base_url}/speed -d 1500 -H 'Authorization: Bearer {writes}'

# 401: no token
curl -i {base_url}/speed

# 403: writing needs the scope pump:write
curl -i {base_url}/speed -d 1500 -H 'Authorization: Bearer {reads}'

# 401: the token expired an hour ago
curl -i {base_url}/speed -H 'Authorization: Bearer {expired}'

# 200 once in the next two minutes, then 401: a token bound to a key, and a DPoP proof
curl -i {base_url}/speed -H 'Authorization: DPoP {bound}' -H 'DPoP: {proof}'

"
    )
}

const LIFETIME_SECS: i64 = 3600;
