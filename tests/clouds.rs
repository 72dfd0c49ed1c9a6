//! Tokens of the servers that sign with RS256 only, and of Keycloak by default: each access token is accepted by the
//! policy of the table in `docs/issuers.md`, and the server's other tokens are refused by it, each with its own error.
//!
//! The shapes come from the public documentation that is named at each server, as found in 2026. Ids are made up, and
//! all tokens are signed with a test key.
#![cfg(all(feature = "rs256", feature = "es256", feature = "eddsa"))]

use std::collections::BTreeSet;

use base64ct::{Base64UrlUnpadded, Encoding};
use embedded_jwt::*;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::*;

const CLIENT: &str = "Xh2mTq81nUw0bYcKfZ5rJd9sLpEv7GaB";

struct Cloud {
    /// The first column of the table in `docs/issuers.md`.
    name: &'static str,
    /// The policy as the table has it, and the policy itself.
    policy: (&'static str, AccessTokenPolicy<'static>),
    issuer: &'static str,
    /// The key set, and how many of its keys can verify a signature.
    key_set: (Value, usize),
    /// The access tokens: each is signed with the first key of the set.
    accepted: Vec<(&'static str, String)>,
    /// A scope that each of them has. Without one, they have none.
    scope: Option<&'static str>,
    refused: Vec<(&'static str, String, Error)>,
}

/// A policy with its text. `audience`, `client_id` and `scope` are variables of these names, as in the table.
macro_rules! policy {
    ($($policy:tt)*) => {
        (stringify!($($policy)*), AccessTokenPolicy::$($policy)*)
    };
}

fn clouds() -> [Cloud; 9] {
    [
        auth0(),
        auth0_with_rfc_9068(),
        okta(),
        entra_v2_for_users(),
        entra_v2_for_applications(),
        entra_v1(),
        cognito(),
        cognito_with_resource_binding(),
        keycloak(),
    ]
}

const AUTH0: &str = "https://pumps.eu.auth0.com/";

/// Sources: auth0.com/docs, "Access Token Profiles" (both profiles, and two audiences), "ID Token Structure", "Signing
/// Algorithms", "Enable Role-Based Access Control for APIs" (`permissions`).
fn auth0() -> Cloud {
    let audience = "https://pump-7.example.com/";
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": RS256_KID});
    let access = dated(json!({
        "iss": AUTH0, "sub": "auth0|65c1a7", "aud": [audience, "https://pumps.eu.auth0.com/userinfo"],
        "scope": "openid profile pump:read", "azp": CLIENT, "permissions": ["pump:read", "pump:write"],
    }));
    let machine = dated(json!({
        "iss": AUTH0, "sub": format!("{CLIENT}@clients"), "aud": audience, "scope": "pump:read", "azp": CLIENT,
        "gty": "client-credentials", "permissions": ["pump:read"],
    }));
    let id = dated(json!({
        "iss": AUTH0, "sub": "auth0|65c1a7", "aud": CLIENT, "nickname": "alice", "name": "Alice", "sid": "Rk3",
        "nonce": "n-0S6_WzA2Mj",
    }));
    let changed = |name: &str, value: Value| mint(&header, &with(access.clone(), name, value));
    Cloud {
        name: "Auth0",
        policy: policy!(untyped(audience)),
        issuer: AUTH0,
        key_set: auth0_key_set(),
        accepted: vec![("of a user", mint(&header, &access)), ("of an application", mint(&header, &machine))],
        scope: Some("pump:read"),
        refused: vec![
            ("ID token", mint(&header, &id), Error::Mismatch(Claim::Audience)),
            ("ID token of the implicit flow", mint(&header, &with(id, "at_hash", json!("x"))), Error::WrongType),
            ("opaque, for userinfo alone", encrypted("dir"), Error::Malformed(Part::Token)),
            (
                "for userinfo alone",
                changed("aud", json!(["https://pumps.eu.auth0.com/userinfo"])),
                Error::Mismatch(Claim::Audience),
            ),
            ("for another API", changed("aud", json!("https://pump-8.example.com/")), Error::Mismatch(Claim::Audience)),
            ("of another tenant", changed("iss", json!("https://fans.eu.auth0.com/")), Error::Mismatch(Claim::Issuer)),
            (
                "issuer without a slash",
                changed("iss", json!("https://pumps.eu.auth0.com")),
                Error::Mismatch(Claim::Issuer),
            ),
        ],
    }
}

/// Sources: as of [`auth0`].
fn auth0_with_rfc_9068() -> Cloud {
    let audience = "https://pump-7.example.com/";
    let header = json!({"alg": "RS256", "typ": "at+jwt", "kid": RS256_KID});
    let access = dated(json!({
        "iss": AUTH0, "sub": "auth0|65c1a7", "aud": [audience, "https://pumps.eu.auth0.com/userinfo"],
        "jti": "Zb8qLw2Nf4", "client_id": CLIENT, "scope": "openid profile pump:read",
        "permissions": ["pump:read", "pump:write"],
    }));
    let changed = |name: &str, value: Value| mint(&header, &with(access.clone(), name, value));
    let default = auth0();
    Cloud {
        name: "Auth0, RFC 9068 profile",
        policy: policy!(new(audience)),
        issuer: AUTH0,
        key_set: auth0_key_set(),
        accepted: vec![("of a user", mint(&header, &access))],
        scope: Some("pump:read"),
        refused: vec![
            ("with the default profile", default.accepted[0].1.clone(), Error::WrongType),
            ("ID token", default.refused[0].1.clone(), Error::WrongType),
            ("for another API", changed("aud", json!("https://pump-8.example.com/")), Error::Mismatch(Claim::Audience)),
            ("of another tenant", changed("iss", json!("https://fans.eu.auth0.com/")), Error::Mismatch(Claim::Issuer)),
        ],
    }
}

fn auth0_key_set() -> (Value, usize) {
    let key = |jwk: Value, kid: &str| {
        merged(jwk, json!({"use": "sig", "kid": kid, "alg": "RS256", "x5t": "Ym", "x5c": ["MII="]}))
    };
    (json!({"keys": [key(rs256_jwk(), RS256_KID), key(other_jwk(), "next")]}), 2)
}

/// Sources: developer.okta.com, "Validate access tokens" (tokens of the org are opaque), "OpenID Connect & OAuth 2.0";
/// support.okta.com, "The typ field is missing from the access token header"; a token response in the mailing list
/// rabbitmq-users (June 2023).
fn okta() -> Cloud {
    let audience = "api://pumps";
    let issuer = "https://pumps.okta.com/oauth2/default";
    let header = json!({"kid": RS256_KID, "alg": "RS256"});
    let access = dated(json!({
        "ver": 1, "jti": "AT.h7Wm2c", "iss": issuer, "aud": audience, "cid": CLIENT, "uid": "00u4k2", "auth_time": NOW,
        "scp": ["openid", "pump:read"], "sub": "alice@example.com", "groups": ["Operators"],
    }));
    let machine = dated(json!({
        "ver": 1, "jti": "AT.p0Xz1d", "iss": issuer, "aud": audience, "cid": CLIENT, "scp": ["pump:read"],
        "sub": CLIENT,
    }));
    let id = dated(json!({
        "sub": "00u4k2", "name": "Alice", "ver": 1, "iss": issuer, "aud": CLIENT, "jti": "ID.c3Vq8s", "amr": ["pwd"],
        "idp": "00o9d1", "preferred_username": "alice@example.com", "auth_time": NOW, "at_hash": "x",
    }));
    let of_org = merged(access.clone(), json!({"iss": "https://pumps.okta.com", "aud": "https://pumps.okta.com"}));
    let org_header = with(header.clone(), "typ", json!("application/okta-internal-at+jwt"));
    let changed = |name: &str, value: Value| mint(&header, &with(access.clone(), name, value));
    let key = |jwk: Value, kid: &str| merged(jwk, json!({"use": "sig", "kid": kid, "alg": "RS256"}));
    Cloud {
        name: "Okta, custom authorization server",
        policy: policy!(untyped(audience).with_scope_claim("scp")),
        issuer,
        key_set: (json!({"keys": [key(rs256_jwk(), RS256_KID), key(other_jwk(), "next")]}), 2),
        accepted: vec![("of a user", mint(&header, &access)), ("of an application", mint(&header, &machine))],
        scope: Some("pump:read"),
        refused: vec![
            ("ID token", mint(&header, &id), Error::WrongType),
            ("of the org's server", mint(&org_header, &of_org), Error::Mismatch(Claim::Issuer)),
            ("with the type of the org's server", mint(&org_header, &access), Error::WrongType),
            (
                "of another server",
                changed("iss", json!("https://pumps.okta.com/oauth2/aus1")),
                Error::Mismatch(Claim::Issuer),
            ),
            ("for another API", changed("aud", json!("api://fans")), Error::Mismatch(Claim::Audience)),
        ],
    }
}

const TENANT: &str = "5b0c1f3e-7d2a-4c9b-8e61-0f4a9d3c2b17";
const OTHER_TENANT: &str = "c4e8a2d0-1b3f-4f57-9a6d-7e2b5c8f0d94";
/// The device's API, as it is registered.
const API: &str = "0f9e8d7c-6b5a-4c3d-9e2f-1a0b9c8d7e6f";
const API_URI: &str = "api://0f9e8d7c-6b5a-4c3d-9e2f-1a0b9c8d7e6f";
const APP: &str = "3d2c1b0a-9f8e-4d7c-8b6a-5f4e3d2c1b0a";

/// Sources: learn.microsoft.com, "Access token claims reference", "ID token claims reference", "Optional claims
/// reference" and "Access tokens in the Microsoft identity platform" (the issuers, the key set with its `issuer`).
fn entra_v2_for_users() -> Cloud {
    let (audience, scope) = (API, "Pump.Read");
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": RS256_KID});
    let access = dated(entra_v2(json!({
        "aud": audience, "azp": APP, "azpacr": "0", "name": "Alice", "preferred_username": "alice@example.com",
        "roles": ["Pump.Operator"], "scp": "Pump.Read Pump.Write",
    })));
    let id = entra_v2_id(APP);
    let changed = |name: &str, value: Value| mint(&header, &with(access.clone(), name, value));
    Cloud {
        name: "Entra ID v2, users",
        policy: policy!(untyped(audience).with_scope_claim("scp").with_required_scope(scope)),
        issuer: "https://login.microsoftonline.com/5b0c1f3e-7d2a-4c9b-8e61-0f4a9d3c2b17/v2.0",
        key_set: entra_key_set(),
        accepted: vec![("of a user", mint(&header, &access))],
        scope: Some(scope),
        refused: vec![
            ("ID token", mint(&header, &id), Error::Mismatch(Claim::Audience)),
            ("ID token of the API itself", mint(&header, &entra_v2_id(API)), Error::InsufficientScope),
            ("ID token with a code", mint(&header, &with(id, "c_hash", json!("x"))), Error::WrongType),
            ("of an application", mint(&header, &entra_v2_application()), Error::InsufficientScope),
            ("of another tenant", changed("iss", json!(entra_v2_issuer(OTHER_TENANT))), Error::Mismatch(Claim::Issuer)),
            ("v1", changed("iss", json!(entra_v1_issuer(TENANT))), Error::Mismatch(Claim::Issuer)),
            ("for another API", changed("aud", json!(APP)), Error::Mismatch(Claim::Audience)),
            ("for Graph", with_hashed_nonce(&with(access.clone(), "aud", json!(GRAPH))), Error::InvalidSignature),
        ],
    }
}

/// Sources: as of [`entra_v2_for_users`].
fn entra_v2_for_applications() -> Cloud {
    let audience = API;
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": RS256_KID});
    let access = entra_v2_application();
    let changed = |name: &str, value: Value| mint(&header, &with(access.clone(), name, value));
    Cloud {
        name: "Entra ID v2, applications",
        policy: policy!(untyped(audience)),
        issuer: "https://login.microsoftonline.com/5b0c1f3e-7d2a-4c9b-8e61-0f4a9d3c2b17/v2.0",
        key_set: entra_key_set(),
        accepted: vec![("of an application", mint(&header, &access))],
        scope: None,
        refused: vec![
            ("ID token", mint(&header, &entra_v2_id(APP)), Error::Mismatch(Claim::Audience)),
            ("of another tenant", changed("iss", json!(entra_v2_issuer(OTHER_TENANT))), Error::Mismatch(Claim::Issuer)),
            ("for another API", changed("aud", json!(APP)), Error::Mismatch(Claim::Audience)),
            ("for Graph", with_hashed_nonce(&with(access.clone(), "aud", json!(GRAPH))), Error::InvalidSignature),
        ],
    }
}

/// Sources: as of [`entra_v2_for_users`].
fn entra_v1() -> Cloud {
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
    let changed = |name: &str, value: Value| mint(&header, &with(access.clone(), name, value));
    Cloud {
        name: "Entra ID v1",
        policy: policy!(untyped(audience).with_scope_claim("scp").with_required_scope(scope)),
        issuer: "https://sts.windows.net/5b0c1f3e-7d2a-4c9b-8e61-0f4a9d3c2b17/",
        key_set: entra_key_set(),
        accepted: vec![("of a user", mint(&header, &access))],
        scope: Some(scope),
        refused: vec![
            ("ID token", mint(&header, &id), Error::Mismatch(Claim::Audience)),
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
fn entra_key_set() -> (Value, usize) {
    let key = |jwk: Value, kid: &str| {
        let issuer = "https://login.microsoftonline.com/{tenantid}/v2.0";
        merged(jwk, json!({"use": "sig", "kid": kid, "x5t": kid, "x5c": ["MII="], "issuer": issuer}))
    };
    (json!({"keys": [key(rs256_jwk(), RS256_KID), key(other_jwk(), "next")]}), 2)
}

/// A token for a service of Microsoft: the header has the nonce, and the signature is over a header with its hash.
///
/// Sources: AzureAD/azure-activedirectory-identitymodel-extensions-for-dotnet, issues #609 and #1256;
/// justinlettau/azure-ad-verify-token, issue #5.
fn with_hashed_nonce(payload: &Value) -> String {
    let header =
        |nonce: &str| json!({"typ": "JWT", "nonce": nonce, "alg": "RS256", "x5t": RS256_KID, "kid": RS256_KID});
    let nonce = "0mQ2VxW8bTzK5rJd";
    let signed = mint(&header(&base64url(&Sha256::digest(nonce))), payload);
    let (_, rest) = signed.split_once('.').unwrap();
    format!("{}.{rest}", base64url(header(nonce).to_string().as_bytes()))
}

const POOL: &str = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Pumps0001";

/// Sources: docs.aws.amazon.com/cognito, "Understanding the access token", "Understanding the identity (ID) token" and
/// "Understanding user pool JSON web tokens" (refresh tokens are encrypted; the two kinds have keys of their own).
fn cognito() -> Cloud {
    let client_id = CLIENT;
    let header = json!({"kid": RS256_KID, "alg": "RS256"});
    let access = cognito_access_token();
    let machine = dated(json!({
        "iss": POOL, "sub": CLIENT, "client_id": CLIENT, "token_use": "access", "scope": "pumps/read", "version": 2,
        "auth_time": NOW, "jti": "9c1e",
    }));
    let changed = |name: &str, value: Value| mint(&header, &with(access.clone(), name, value));
    Cloud {
        name: "Amazon Cognito",
        policy: policy!(for_client(client_id)),
        issuer: POOL,
        key_set: cognito_key_set(),
        accepted: vec![("of a user", mint(&header, &access)), ("of an application", mint(&header, &machine))],
        scope: Some("pumps/read"),
        refused: vec![
            ("ID token", mint(&header, &cognito_id_token()), Error::WrongType),
            ("refresh token", encrypted("RSA-OAEP"), Error::Malformed(Part::Token)),
            ("of another client", changed("client_id", json!("fans")), Error::Mismatch(Claim::ClientId)),
            ("of another pool", changed("iss", json!(POOL.replace("0001", "0002"))), Error::Mismatch(Claim::Issuer)),
            (
                "bound to a resource",
                changed("aud", json!("https://pump-7.example.com")),
                Error::Mismatch(Claim::Audience),
            ),
        ],
    }
}

/// Sources: as of [`cognito`], and "Scopes, M2M, and resource servers", section "Resource binding".
fn cognito_with_resource_binding() -> Cloud {
    let audience = "https://pump-7.example.com";
    let header = json!({"kid": RS256_KID, "alg": "RS256"});
    let access = with(cognito_access_token(), "aud", json!(audience));
    let changed = |name: &str, value: Value| mint(&header, &with(access.clone(), name, value));
    Cloud {
        name: "Amazon Cognito, resource binding",
        policy: policy!(untyped(audience)),
        issuer: POOL,
        key_set: cognito_key_set(),
        accepted: vec![("of a user", mint(&header, &access))],
        scope: Some("pumps/read"),
        refused: vec![
            ("ID token", mint(&header, &with(cognito_id_token(), "aud", json!(audience))), Error::WrongType),
            ("refresh token", encrypted("RSA-OAEP"), Error::Malformed(Part::Token)),
            ("bound to nothing", changed("aud", Value::Null), Error::Missing(Claim::Audience)),
            ("for another API", changed("aud", json!("https://pump-8.example.com")), Error::Mismatch(Claim::Audience)),
            ("of another pool", changed("iss", json!(POOL.replace("0001", "0002"))), Error::Mismatch(Claim::Issuer)),
        ],
    }
}

fn cognito_access_token() -> Value {
    dated(json!({
        "sub": "4c0f", "cognito:groups": ["operators"], "iss": POOL, "version": 2, "client_id": CLIENT,
        "origin_jti": "8a2d", "event_id": "64f4", "token_use": "access", "scope": "openid pumps/read", "auth_time": NOW,
        "jti": "1b7e", "username": "alice",
    }))
}

fn cognito_id_token() -> Value {
    dated(json!({
        "sub": "4c0f", "cognito:groups": ["operators"], "iss": POOL, "cognito:username": "alice",
        "nonce": "n-0S6_WzA2Mj", "origin_jti": "8a2d", "aud": CLIENT, "event_id": "64f4", "token_use": "id",
        "auth_time": NOW, "jti": "5d3c", "email": "alice@example.com", "at_hash": "x",
    }))
}

fn cognito_key_set() -> (Value, usize) {
    let key = |jwk: Value, kid: &str| merged(jwk, json!({"alg": "RS256", "kid": kid, "use": "sig"}));
    (json!({"keys": [key(rs256_jwk(), RS256_KID), key(other_jwk(), "of-id-tokens=")]}), 2)
}

const REALM: &str = "https://sso.example.com/realms/pumps";

/// Sources: keycloak/keycloak, issue #35262 (`aud` is `account`) and pull request #3115 (`at_hash`); keycloak.org,
/// "Server Administration Guide", section "Audience support"; phasetwo.io, "Keycloak Audience"; simov/grant,
/// issue #257.
fn keycloak() -> Cloud {
    let audience = "pump-7";
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": RS256_KID});
    let access = dated(json!({
        "auth_time": NOW, "jti": "onrtac:7b0d", "iss": REALM, "aud": [audience, "account"], "sub": "f4e1",
        "typ": "Bearer", "azp": CLIENT, "sid": "5a2c", "acr": "1", "allowed-origins": ["https://app.example.com"],
        "realm_access": {"roles": ["offline_access", "operator"]},
        "resource_access": {"pump-7": {"roles": ["reader"]}, "account": {"roles": ["view-profile"]}},
        "scope": "openid profile email pump:read", "email_verified": true, "preferred_username": "alice",
    }));
    let id = dated(json!({
        "auth_time": NOW, "jti": "0c4f", "iss": REALM, "aud": CLIENT, "sub": "f4e1", "typ": "ID", "azp": CLIENT,
        "nonce": "n-0S6_WzA2Mj", "sid": "5a2c", "at_hash": "x", "acr": "1", "preferred_username": "alice",
    }));
    let refresh = dated(json!({
        "jti": "8e9a", "iss": REALM, "aud": REALM, "sub": "f4e1", "typ": "Refresh", "azp": CLIENT, "sid": "5a2c",
        "scope": "openid profile email pump:read",
    }));
    let hs512 = json!({"alg": "HS512", "typ": "JWT", "kid": "of-the-realm"});
    let changed = |name: &str, value: Value| mint(&header, &with(access.clone(), name, value));
    let key = |jwk: Value, kid: &str, of: Value| {
        merged(merged(jwk, json!({"kid": kid, "x5c": ["MII="], "x5t": "Ym", "x5t#S256": "Ym"})), of)
    };
    let signs = key(rs256_jwk(), RS256_KID, json!({"alg": "RS256", "use": "sig"}));
    let decrypts = key(other_jwk(), "encryption", json!({"alg": "RSA-OAEP", "use": "enc"}));
    Cloud {
        name: "Keycloak",
        policy: policy!(untyped(audience)),
        issuer: REALM,
        key_set: (json!({"keys": [signs, decrypts]}), 1),
        accepted: vec![("of a user", mint(&header, &access))],
        scope: Some("pump:read"),
        refused: vec![
            ("ID token", mint(&header, &id), Error::WrongType),
            ("refresh token", mint(&hs512, &refresh), Error::UnsupportedAlgorithm),
            ("refresh token with RS256", mint(&header, &refresh), Error::WrongType),
            ("without an audience mapper", changed("aud", json!("account")), Error::Mismatch(Claim::Audience)),
            ("without roles and mapper", changed("aud", Value::Null), Error::Missing(Claim::Audience)),
            (
                "of another realm",
                changed("iss", json!("https://sso.example.com/realms/fans")),
                Error::Mismatch(Claim::Issuer),
            ),
        ],
    }
}

#[test]
fn access_tokens_of_each_cloud_are_accepted_by_its_policy() {
    for cloud in clouds() {
        for (kind, text) in &cloud.accepted {
            let scopes = cloud.validate(text, |token| token.scopes().map(String::from).collect::<Vec<_>>());
            let scopes = scopes.unwrap_or_else(|error| panic!("{}, {kind}: {error:?}", cloud.name));
            match cloud.scope {
                Some(scope) => assert!(scopes.iter().any(|granted| granted == scope), "{}, {kind}", cloud.name),
                None => assert_eq!(scopes, [""; 0], "{}, {kind}", cloud.name),
            }
        }
    }
}

#[test]
fn other_tokens_of_each_cloud_are_refused_by_its_policy() {
    for cloud in clouds() {
        for (kind, text, error) in &cloud.refused {
            assert_eq!(cloud.validate(text, |_| ()), Err(*error), "{}, {kind}", cloud.name);
        }
    }
}

/// An application would accept neither of them: their audience is not its client id, and some are marked.
#[test]
fn access_tokens_of_no_cloud_are_id_tokens() {
    let policy = IdTokenPolicy::new(CLIENT);
    for cloud in clouds() {
        for (kind, text) in &cloud.accepted {
            let refused = cloud.verify(text, |verified| verified.into_id_token(&policy, now()).map(drop));
            let is_marked =
                cloud.name.contains("RFC 9068") || cloud.name.contains("Cognito") || cloud.name == "Keycloak";
            let expected = if is_marked { Error::WrongType } else { Error::Mismatch(Claim::Audience) };
            assert_eq!(refused, Err(expected), "{}, {kind}", cloud.name);
        }
    }
}

/// All of them fit, whatever else a set has. Without `with_rsa`, a set skips all of them.
#[test]
fn key_sets_of_each_cloud_have_keys_for_signatures() {
    for cloud in clouds() {
        let (json, usable) = cloud.key_set;
        let mut keys = KeySet::<2, OwnedKey>::with_rsa();
        keys.replace_from_jwks(&mut json.to_string().into_bytes()).unwrap();
        assert_eq!((keys.len(), keys.skipped()), (usable, 2 - usable), "{}", cloud.name);
        let keys = KeySet::<2>::from_jwks(&mut json.to_string().into_bytes()).unwrap();
        assert_eq!((keys.len(), keys.skipped()), (0, 2), "{}", cloud.name);
    }
}

#[test]
fn permissions_roles_and_groups_are_lists_of_strings() {
    for (cloud, claim, expected) in [
        (auth0(), "permissions", "pump:write"),
        (auth0_with_rfc_9068(), "permissions", "pump:write"),
        (okta(), "groups", "Operators"),
        (entra_v2_for_users(), "roles", "Pump.Operator"),
        (entra_v2_for_applications(), "roles", "Pump.Read.All"),
        (entra_v1(), "roles", "Pump.Operator"),
        (cognito(), "cognito:groups", "operators"),
    ] {
        let (_, text) = &cloud.accepted[0];
        let is_allowed = |name: &str, value: &str| {
            cloud.validate(text, |token| token.strings(name).is_ok_and(|strings| strings.contains(value))).unwrap()
        };
        assert!(is_allowed(claim, expected), "{}", cloud.name);
        assert!(!is_allowed(claim, "admin"), "{}", cloud.name);
        assert!(!is_allowed("entitlements", expected), "{}", cloud.name);
    }
}

#[test]
fn permissions_are_read_by_a_type() {
    #[derive(Deserialize)]
    struct Auth0Claims<'b> {
        azp: &'b str,
        #[serde(borrow)]
        permissions: heapless::Vec<&'b str, 8>,
    }

    let cloud = auth0();
    let (_, text) = &cloud.accepted[0];
    let is_read = cloud.validate(text, |token| {
        let claims: Auth0Claims = token.claims().unwrap();
        claims.azp == CLIENT && claims.permissions == ["pump:read", "pump:write"]
    });
    assert_eq!(is_read, Ok(true));
}

/// Keycloak nests its roles, so that `strings` does not find them.
#[test]
fn roles_of_keycloak_are_read_by_a_type() {
    #[derive(Deserialize)]
    struct KeycloakClaims<'b> {
        #[serde(borrow)]
        realm_access: Roles<'b>,
        #[serde(borrow)]
        resource_access: Resources<'b>,
    }

    #[derive(Deserialize)]
    struct Resources<'b> {
        #[serde(borrow, rename = "pump-7")]
        pump: Roles<'b>,
    }

    #[derive(Deserialize)]
    struct Roles<'b> {
        #[serde(borrow)]
        roles: heapless::Vec<&'b str, 8>,
    }

    let cloud = keycloak();
    let (_, text) = &cloud.accepted[0];
    let roles_are_read = cloud.validate(text, |token| {
        assert_eq!(token.strings("roles").err(), Some(Error::Missing(Claim::Other)));
        assert_eq!(token.strings("realm_access").err(), Some(Error::Invalid(Claim::Other)));
        let claims: KeycloakClaims = token.claims().unwrap();
        claims.realm_access.roles.contains(&"operator") && claims.resource_access.pump.roles == ["reader"]
    });
    assert_eq!(roles_are_read, Ok(true));
}

/// The issuer in the metadata for all tenants is a template. As an issuer's name it matches no token, and no part of a
/// name is a wildcard. All tenants have the same keys, so that only the name distinguishes their tokens.
#[test]
fn tenant_of_entra_must_be_named() {
    let cloud = entra_v2_for_users();
    let (_, text) = &cloud.accepted[0];
    let (keys, _) = &cloud.key_set;
    for tenant in ["{tenantid}", "common", "organizations", "*", "", OTHER_TENANT] {
        let refused = verify_with(&entra_v2_issuer(tenant), keys, text, |_| Ok(()));
        assert_eq!(refused, Err(Error::Mismatch(Claim::Issuer)), "{tenant}");
    }
    assert_eq!(verify_with(&entra_v2_issuer(TENANT), keys, text, |_| Ok(())), Ok(()));
}

/// The signature of such a token is valid for the header with the hash of the nonce: nothing else is wrong with it.
#[test]
fn nonce_in_the_header_is_not_hashed() {
    let payload = entra_v2_application();
    let text = with_hashed_nonce(&payload);
    let cloud = entra_v2_for_applications();
    assert_eq!(cloud.validate(&text, |_| ()), Err(Error::InvalidSignature));

    let header = Base64UrlUnpadded::decode_vec(text.split('.').next().unwrap()).unwrap();
    let mut header: Value = serde_json::from_slice(&header).unwrap();
    header["nonce"] = json!(base64url(&Sha256::digest(header["nonce"].as_str().unwrap())));
    let (_, rest) = text.split_once('.').unwrap();
    let with_hash = format!("{}.{rest}", base64url(header.to_string().as_bytes()));
    assert_eq!(cloud.validate(&with_hash, |_| ()), Ok(()));
}

/// If users log in to the API's own registration, the ID tokens have the audience of its access tokens, and roles. What
/// only a token of an application has is `idtyp`.
#[test]
fn id_token_for_the_api_of_entra_is_refused_only_by_a_scope_or_idtyp() {
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": RS256_KID});
    let id = mint(&header, &entra_v2_id(API));
    let cloud = entra_v2_for_applications();
    let is_of_an_application = |token: AccessToken<'_>| token.strings("idtyp").is_ok_and(|idtyp| idtyp.contains("app"));
    assert_eq!(cloud.validate(&id, is_of_an_application), Ok(false));
    let (_, access) = &cloud.accepted[0];
    assert_eq!(cloud.validate(access, is_of_an_application), Ok(true));
    assert_eq!(entra_v2_for_users().validate(&id, |_| ()), Err(Error::InsufficientScope));
}

const GOOGLE: &str = "https://accounts.google.com";
const GOOGLE_CLIENT: &str = "407408718192-pumps.apps.googleusercontent.com";
const GOOGLE_ACCESS_TOKEN: &str = "ya29.a0AfH6SMBx7Qw";

/// Sources: developers.google.com/identity, "OpenID Connect" and its API reference (`iss`, `azp`, `at_hash`);
/// cloud.google.com, "Token types" (access tokens are opaque).
fn google() -> Value {
    let hash = Sha256::digest(GOOGLE_ACCESS_TOKEN);
    dated(json!({
        "iss": GOOGLE, "azp": GOOGLE_CLIENT, "aud": GOOGLE_CLIENT, "sub": "110169484474386276334", "hd": "example.com",
        "email": "alice@example.com", "email_verified": true, "at_hash": base64url(&hash[..16]),
        "nonce": "n-0S6_WzA2Mj", "name": "Alice",
    }))
}

fn validate_google<T>(
    payload: &Value,
    validate: impl FnOnce(Verified<'_, '_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let header = json!({"alg": "RS256", "kid": RS256_KID, "typ": "JWT"});
    let key = |jwk: Value, kid: &str| merged(jwk, json!({"use": "sig", "kid": kid, "alg": "RS256"}));
    let keys = json!({"keys": [key(rs256_jwk(), RS256_KID), key(other_jwk(), "next")]});
    verify_with(GOOGLE, &keys, &mint(&header, payload), validate)
}

#[test]
fn id_token_of_google_is_accepted() {
    let client_id = GOOGLE_CLIENT;
    let policy =
        IdTokenPolicy::new(client_id).with_nonce("n-0S6_WzA2Mj").with_access_token(GOOGLE_ACCESS_TOKEN.as_bytes());
    let subject = validate_google(&google(), |verified| {
        verified.into_id_token(&policy, now()).map(|token| token.subject().map(String::from))
    });
    assert_eq!(subject, Ok(Some("110169484474386276334".to_owned())));

    let of_another_token = policy.with_access_token(b"ya29.another");
    let refused = validate_google(&google(), |verified| verified.into_id_token(&of_another_token, now()).map(drop));
    assert_eq!(refused, Err(Error::Mismatch(Claim::AccessTokenHash)));
}

#[test]
fn id_token_of_google_for_another_client_is_refused() {
    let policy = IdTokenPolicy::new(GOOGLE_CLIENT);
    let other = "407408718192-fans.apps.googleusercontent.com";
    for (claim, value, error) in [
        ("aud", other, Error::Mismatch(Claim::Audience)),
        // An application for Android that logs in for the server: Google allows it, the policy does not.
        ("azp", other, Error::Mismatch(Claim::AuthorizedParty)),
        // The other name that Google documents, for old applications.
        ("iss", "accounts.google.com", Error::Mismatch(Claim::Issuer)),
    ] {
        let payload = with(google(), claim, json!(value));
        let refused = validate_google(&payload, |verified| verified.into_id_token(&policy, now()).map(drop));
        assert_eq!(refused, Err(error), "{claim}");
    }
}

#[test]
fn no_token_of_google_is_an_access_token_of_a_device() {
    assert_eq!(Token::parse(GOOGLE_ACCESS_TOKEN).err(), Some(Error::Malformed(Part::Token)));
    let policy = AccessTokenPolicy::untyped(GOOGLE_CLIENT);
    let refused = validate_google(&google(), |verified| verified.into_access_token(&policy, now()).map(drop));
    assert_eq!(refused, Err(Error::WrongType));
}

/// The rows of the table in `docs/issuers.md` with the algorithm "RS256 only" are the clouds of this file, and Google.
#[test]
fn guide_names_the_policy_of_each_cloud() {
    let rows = include_str!("../docs/issuers.md").lines().filter_map(|line| line.strip_prefix("| "));
    let columns = |row: &str| {
        let mut columns = row.split(" | ").map(|column| column.trim_matches('`').to_owned());
        columns.next().zip(columns.next())
    };
    let only_rs256: BTreeSet<_> =
        rows.clone().filter(|row| row.ends_with("| RS256 only |")).filter_map(columns).collect();
    let keycloak = rows.filter(|row| row.starts_with("Keycloak |")).filter_map(columns);
    let named: BTreeSet<_> = keycloak.chain(only_rs256).collect();

    let google = ("Google, ID tokens".to_owned(), "IdTokenPolicy::new(client_id)".to_owned());
    let tested = clouds().map(|cloud| (cloud.name.to_owned(), cloud.policy.0.replace(' ', "")));
    assert_eq!(named, tested.into_iter().chain([google]).collect());
}

impl Cloud {
    fn validate<T>(&self, text: &str, read: impl FnOnce(AccessToken<'_>) -> T) -> Result<T, Error> {
        let (_, policy) = &self.policy;
        self.verify(text, |verified| verified.into_access_token(policy, now()).map(read))
    }

    fn verify<T>(&self, text: &str, validate: impl FnOnce(Verified<'_, '_>) -> Result<T, Error>) -> Result<T, Error> {
        let (keys, _) = &self.key_set;
        verify_with(self.issuer, keys, text, validate)
    }
}

fn verify_with<T>(
    issuer: &str,
    keys: &Value,
    text: &str,
    validate: impl FnOnce(Verified<'_, '_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut set = KeySet::<4, OwnedKey>::with_rsa();
    set.replace_from_jwks(&mut keys.to_string().into_bytes()).unwrap();
    let keys = set.as_keys();
    let issuer = Issuer::new(issuer, &keys, &[&Rs256]);
    let mut buf = [0; 4096];
    validate(Token::parse(text)?.verify(&issuer, &mut buf)?)
}

fn mint(header: &Value, payload: &Value) -> String {
    rs256_mint(header.to_string(), payload.to_string())
}

/// An encrypted token, in the form of RFC 7516: five segments. The second may be empty.
fn encrypted(alg: &str) -> String {
    let header = json!({"alg": alg, "enc": "A256GCM"}).to_string();
    format!("{}.{}.aXY.Y2lwaGVydGV4dA.dGFn", base64url(header.as_bytes()), if alg == "dir" { "" } else { "a2V5" })
}

/// The public key of nobody.
fn other_jwk() -> Value {
    let n = RS256_TEST_KEY_N.replacen("ofgW", "ofgX", 1);
    with(rs256_jwk(), "n", json!(n))
}

/// A token that was issued now, for five minutes.
fn dated(claims: Value) -> Value {
    merged(claims, json!({"iat": NOW, "exp": NOW + 300}))
}

fn merged(mut object: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}
