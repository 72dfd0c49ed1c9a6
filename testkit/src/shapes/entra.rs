//! Tokens of Entra ID.

use embedded_jwt::{AccessTokenPolicy, Claim, Error};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::clouds::{dated, other_jwk, token};
use super::{Shape, merged, policy};
use crate::token::Fault;
use crate::{NOW, RS256_KID, TestToken, base64url, rs256_jwk, with};

const TENANT: &str = "5b0c1f3e-7d2a-4c9b-8e61-0f4a9d3c2b17";
const OTHER_TENANT: &str = "c4e8a2d0-1b3f-4f57-9a6d-7e2b5c8f0d94";
/// The device's API, as it is registered.
const API: &str = "0f9e8d7c-6b5a-4c3d-9e2f-1a0b9c8d7e6f";
const API_URI: &str = "api://0f9e8d7c-6b5a-4c3d-9e2f-1a0b9c8d7e6f";
const APP: &str = "3d2c1b0a-9f8e-4d7c-8b6a-5f4e3d2c1b0a";

/// Entra ID, version 2, tokens of users.
///
/// Sources: learn.microsoft.com, "Access token claims reference", "ID token claims reference", "Optional claims
/// reference" and "Access tokens in the Microsoft identity platform" (the issuers, the key set with its `issuer`).
pub fn entra_v2_for_users() -> Shape {
    let (audience, scope) = (API, "Pump.Read");
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": RS256_KID});
    let access = dated(entra_v2(json!({
        "aud": audience, "azp": APP, "azpacr": "0", "name": "Alice", "preferred_username": "alice@example.com",
        "roles": ["Pump.Operator"], "scp": "Pump.Read Pump.Write",
    })));
    let id = entra_v2_id(APP);
    let changed = |name: &str, value: Value| token(&header, &with(access.clone(), name, value));
    Shape {
        server: "Entra ID v2, users",
        policy: policy!(untyped(audience).with_scope_claim("scp").with_required_scope(scope)),
        issuer: "https://login.microsoftonline.com/5b0c1f3e-7d2a-4c9b-8e61-0f4a9d3c2b17/v2.0",
        key_set: entra_key_set(),
        accepted: vec![("of a user", token(&header, &access))],
        scope: Some(scope),
        refused: vec![
            ("ID token", token(&header, &id), Error::Mismatch(Claim::Audience)),
            ("ID token of the API itself", token(&header, &entra_v2_id(API)), Error::InsufficientScope),
            ("ID token with a code", token(&header, &with(id, "c_hash", json!("x"))), Error::WrongType),
            ("of an application", token(&header, &entra_v2_application()), Error::InsufficientScope),
            ("of another tenant", changed("iss", json!(entra_v2_issuer(OTHER_TENANT))), Error::Mismatch(Claim::Issuer)),
            ("v1", changed("iss", json!(entra_v1_issuer(TENANT))), Error::Mismatch(Claim::Issuer)),
            ("for another API", changed("aud", json!(APP)), Error::Mismatch(Claim::Audience)),
            ("for Graph", with_hashed_nonce(&with(access.clone(), "aud", json!(GRAPH))), Error::InvalidSignature),
        ],
    }
}

/// Entra ID, version 2, tokens of applications.
///
/// Sources: as of [`entra_v2_for_users`].
pub fn entra_v2_for_applications() -> Shape {
    let audience = API;
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": RS256_KID});
    let access = entra_v2_application();
    let changed = |name: &str, value: Value| token(&header, &with(access.clone(), name, value));
    Shape {
        server: "Entra ID v2, applications",
        policy: policy!(untyped(audience)),
        issuer: "https://login.microsoftonline.com/5b0c1f3e-7d2a-4c9b-8e61-0f4a9d3c2b17/v2.0",
        key_set: entra_key_set(),
        accepted: vec![("of an application", token(&header, &access))],
        scope: None,
        refused: vec![
            ("ID token", token(&header, &entra_v2_id(APP)), Error::Mismatch(Claim::Audience)),
            ("of another tenant", changed("iss", json!(entra_v2_issuer(OTHER_TENANT))), Error::Mismatch(Claim::Issuer)),
            ("for another API", changed("aud", json!(APP)), Error::Mismatch(Claim::Audience)),
            ("for Graph", with_hashed_nonce(&with(access.clone(), "aud", json!(GRAPH))), Error::InvalidSignature),
        ],
    }
}

/// Entra ID, version 1.
///
/// Sources: as of [`entra_v2_for_users`].
pub fn entra_v1() -> Shape {
    let (audience, scope) = (API_URI, "Pump.Read");
    let header = json!({"typ": "JWT", "alg": "RS256", "x5t": RS256_KID, "kid": RS256_KID});
    let access = dated(json!({
        "aud": audience, "iss": entra_v1_issuer(TENANT), "nbf": NOW, "acr": "1", "aio": "AXQAi", "amr": ["pwd"],
        "appid": APP, "appidacr": "0", "ipaddr": "192.0.2.1", "name": "Alice", "oid": "7f1d", "rh": "0.AX",
        "roles": ["Pump.Operator"], "scp": "Pump.Read", "sub": "l3_ro", "tid": TENANT,
        "unique_name": "alice@example.com", "uti": "FVsGx", "ver": "1.0",
    }));
    let id = dated(json!({
        "aud": APP, "iss": entra_v1_issuer(TENANT), "nbf": NOW, "amr": ["pwd"], "name": "Alice", "oid": "7f1d",
        "sub": "Qx81b", "tid": TENANT, "unique_name": "alice@example.com", "uti": "k2Lq", "ver": "1.0",
    }));
    let changed = |name: &str, value: Value| token(&header, &with(access.clone(), name, value));
    Shape {
        server: "Entra ID v1",
        policy: policy!(untyped(audience).with_scope_claim("scp").with_required_scope(scope)),
        issuer: "https://sts.windows.net/5b0c1f3e-7d2a-4c9b-8e61-0f4a9d3c2b17/",
        key_set: entra_key_set(),
        accepted: vec![("of a user", token(&header, &access))],
        scope: Some(scope),
        refused: vec![
            ("ID token", token(&header, &id), Error::Mismatch(Claim::Audience)),
            ("of another tenant", changed("iss", json!(entra_v1_issuer(OTHER_TENANT))), Error::Mismatch(Claim::Issuer)),
            ("v2", changed("iss", json!(entra_v2_issuer(TENANT))), Error::Mismatch(Claim::Issuer)),
            // Other names of the same API: the client chooses one, unless the API is set to have its id written.
            ("for the API's id", changed("aud", json!(API)), Error::Mismatch(Claim::Audience)),
            ("with a slash", changed("aud", json!(format!("{API_URI}/"))), Error::Mismatch(Claim::Audience)),
            ("for Graph", with_hashed_nonce(&with(access.clone(), "aud", json!(GRAPH))), Error::InvalidSignature),
        ],
    }
}

const GRAPH: &str = "https://graph.microsoft.com";

fn entra_v2_issuer(tenant: &str) -> String {
    format!("https://login.microsoftonline.com/{tenant}/v2.0")
}

fn entra_v1_issuer(tenant: &str) -> String {
    format!("https://sts.windows.net/{tenant}/")
}

/// The claims that all tokens of version 2 have, and these.
fn entra_v2(more: Value) -> Value {
    let token = json!({
        "iss": entra_v2_issuer(TENANT), "nbf": NOW, "aio": "AWQAm", "oid": "7f1d", "rh": "0.AX", "sub": "HKZpf",
        "tid": TENANT, "uti": "fqiBq", "ver": "2.0",
    });
    merged(token, more)
}

fn entra_v2_application() -> Value {
    dated(entra_v2(json!({"aud": API, "azp": APP, "azpacr": "1", "idtyp": "app", "roles": ["Pump.Read.All"]})))
}

/// The ID token of a login in this application. It has no mark: only an ID token from the authorization endpoint has
/// `at_hash` or `c_hash`.
fn entra_v2_id(application: &str) -> Value {
    dated(entra_v2(json!({
        "aud": application, "name": "Alice", "nonce": "n-0S6_WzA2Mj", "preferred_username": "alice@example.com",
        "roles": ["Pump.Operator"],
    })))
}

/// The keys are without `alg`, and all tenants have the same.
fn entra_key_set() -> Value {
    let key = |jwk: Value, kid: &str| {
        let issuer = "https://login.microsoftonline.com/{tenantid}/v2.0";
        merged(jwk, json!({"use": "sig", "kid": kid, "x5t": kid, "x5c": ["MII="], "issuer": issuer}))
    };
    json!({"keys": [key(rs256_jwk(), RS256_KID), key(other_jwk(), "next")]})
}

/// A token for a service of Microsoft: the header has the nonce, and the signature is over a header with its hash.
///
/// Sources: AzureAD/azure-activedirectory-identitymodel-extensions-for-dotnet, issues #609 and #1256;
/// justinlettau/azure-ad-verify-token, issue #5.
fn with_hashed_nonce(claims: &Value) -> TestToken {
    let header =
        |nonce: &str| json!({"typ": "JWT", "nonce": nonce, "alg": "RS256", "x5t": RS256_KID, "kid": RS256_KID});
    let nonce = "0mQ2VxW8bTzK5rJd";
    token(&header(nonce), claims).with_fault(Fault::SignedHeader(header(&base64url(&Sha256::digest(nonce)))))
}
