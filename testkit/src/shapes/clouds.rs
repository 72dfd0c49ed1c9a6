//! Tokens of the servers that sign with RS256 only, and of Keycloak by default. The public documentation that is named at
//! each server is as found in 2026; ids are made up.

use embedded_jwt::{AccessTokenPolicy, Claim, Error, Part};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Shape, merged, policy};
use crate::token::{Fault, Signer};
use crate::{NOW, RS256_KID, RS256_TEST_KEY_N, TestToken, base64url, rs256_jwk, with};

const CLIENT: &str = "Xh2mTq81nUw0bYcKfZ5rJd9sLpEv7GaB";

const AUTH0: &str = "https://pumps.eu.auth0.com/";

/// Auth0, with its default profile.
///
/// Sources: auth0.com/docs, "Access Token Profiles" (both profiles, and two audiences), "ID Token Structure", "Signing
/// Algorithms", "Enable Role-Based Access Control for APIs" (`permissions`).
pub fn auth0() -> Shape {
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
    let changed = |name: &str, value: Value| token(&header, &with(access.clone(), name, value));
    Shape {
        server: "Auth0",
        policy: policy!(untyped(audience)),
        issuer: AUTH0,
        key_set: auth0_key_set(),
        accepted: vec![("of a user", token(&header, &access)), ("of an application", token(&header, &machine))],
        scope: Some("pump:read"),
        refused: vec![
            ("ID token", token(&header, &id), Error::Mismatch(Claim::Audience)),
            ("ID token of the implicit flow", token(&header, &with(id, "at_hash", json!("x"))), Error::WrongType),
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

/// Auth0, with the profile of RFC 9068.
///
/// Sources: as of [`auth0`].
pub fn auth0_with_rfc_9068() -> Shape {
    let audience = "https://pump-7.example.com/";
    let header = json!({"alg": "RS256", "typ": "at+jwt", "kid": RS256_KID});
    let access = dated(json!({
        "iss": AUTH0, "sub": "auth0|65c1a7", "aud": [audience, "https://pumps.eu.auth0.com/userinfo"],
        "jti": "Zb8qLw2Nf4", "client_id": CLIENT, "scope": "openid profile pump:read",
        "permissions": ["pump:read", "pump:write"],
    }));
    let changed = |name: &str, value: Value| token(&header, &with(access.clone(), name, value));
    let default = auth0();
    Shape {
        server: "Auth0, RFC 9068 profile",
        policy: policy!(new(audience)),
        issuer: AUTH0,
        key_set: auth0_key_set(),
        accepted: vec![("of a user", token(&header, &access))],
        scope: Some("pump:read"),
        refused: vec![
            ("with the default profile", default.access_token(), Error::WrongType),
            ("ID token", default.refused[0].1.clone(), Error::WrongType),
            ("for another API", changed("aud", json!("https://pump-8.example.com/")), Error::Mismatch(Claim::Audience)),
            ("of another tenant", changed("iss", json!("https://fans.eu.auth0.com/")), Error::Mismatch(Claim::Issuer)),
        ],
    }
}

fn auth0_key_set() -> Value {
    let key = |jwk: Value, kid: &str| {
        merged(jwk, json!({"use": "sig", "kid": kid, "alg": "RS256", "x5t": "Ym", "x5c": ["MII="]}))
    };
    json!({"keys": [key(rs256_jwk(), RS256_KID), key(other_jwk(), "next")]})
}

/// Okta, a custom authorization server.
///
/// Sources: developer.okta.com, "Validate access tokens" (tokens of the org are opaque), "OpenID Connect & OAuth 2.0";
/// support.okta.com, "The typ field is missing from the access token header"; a token response in the mailing list
/// rabbitmq-users (June 2023).
pub fn okta() -> Shape {
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
    let changed = |name: &str, value: Value| token(&header, &with(access.clone(), name, value));
    Shape {
        server: "Okta, custom authorization server",
        policy: policy!(untyped(audience).with_scope_claim("scp")),
        issuer,
        key_set: plain_key_set(),
        accepted: vec![("of a user", token(&header, &access)), ("of an application", token(&header, &machine))],
        scope: Some("pump:read"),
        refused: vec![
            ("ID token", token(&header, &id), Error::WrongType),
            ("of the org's server", token(&org_header, &of_org), Error::Mismatch(Claim::Issuer)),
            ("with the type of the org's server", token(&org_header, &access), Error::WrongType),
            (
                "of another server",
                changed("iss", json!("https://pumps.okta.com/oauth2/aus1")),
                Error::Mismatch(Claim::Issuer),
            ),
            ("for another API", changed("aud", json!("api://fans")), Error::Mismatch(Claim::Audience)),
        ],
    }
}

const POOL: &str = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Pumps0001";

/// Amazon Cognito.
///
/// Sources: docs.aws.amazon.com/cognito, "Understanding the access token", "Understanding the identity (ID) token" and
/// "Understanding user pool JSON web tokens" (refresh tokens are encrypted; the two kinds have keys of their own).
pub fn cognito() -> Shape {
    let client_id = CLIENT;
    let header = json!({"kid": RS256_KID, "alg": "RS256"});
    let access = cognito_access_token();
    let machine = dated(json!({
        "iss": POOL, "sub": CLIENT, "client_id": CLIENT, "token_use": "access", "scope": "pumps/read", "version": 2,
        "auth_time": NOW, "jti": "9c1e",
    }));
    let changed = |name: &str, value: Value| token(&header, &with(access.clone(), name, value));
    Shape {
        server: "Amazon Cognito",
        policy: policy!(for_client(client_id)),
        issuer: POOL,
        key_set: cognito_key_set(),
        accepted: vec![("of a user", token(&header, &access)), ("of an application", token(&header, &machine))],
        scope: Some("pumps/read"),
        refused: vec![
            ("ID token", token(&header, &cognito_id_token()), Error::WrongType),
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

/// Amazon Cognito, with resource binding.
///
/// Sources: as of [`cognito`], and "Scopes, M2M, and resource servers", section "Resource binding".
pub fn cognito_with_resource_binding() -> Shape {
    let audience = "https://pump-7.example.com";
    let header = json!({"kid": RS256_KID, "alg": "RS256"});
    let access = with(cognito_access_token(), "aud", json!(audience));
    let changed = |name: &str, value: Value| token(&header, &with(access.clone(), name, value));
    Shape {
        server: "Amazon Cognito, resource binding",
        policy: policy!(untyped(audience)),
        issuer: POOL,
        key_set: cognito_key_set(),
        accepted: vec![("of a user", token(&header, &access))],
        scope: Some("pumps/read"),
        refused: vec![
            ("ID token", token(&header, &with(cognito_id_token(), "aud", json!(audience))), Error::WrongType),
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

fn cognito_key_set() -> Value {
    let key = |jwk: Value, kid: &str| merged(jwk, json!({"alg": "RS256", "kid": kid, "use": "sig"}));
    json!({"keys": [key(rs256_jwk(), RS256_KID), key(other_jwk(), "of-id-tokens=")]})
}

const REALM: &str = "https://sso.example.com/realms/pumps";

/// Keycloak, with the algorithm that it has by default.
///
/// Sources: keycloak/keycloak, issue #35262 (`aud` is `account`) and pull request #3115 (`at_hash`); keycloak.org,
/// "Server Administration Guide", section "Audience support"; phasetwo.io, "Keycloak Audience"; simov/grant,
/// issue #257.
pub fn keycloak_rs256() -> Shape {
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
    let changed = |name: &str, value: Value| token(&header, &with(access.clone(), name, value));
    let key = |jwk: Value, kid: &str, of: Value| {
        merged(merged(jwk, json!({"kid": kid, "x5c": ["MII="], "x5t": "Ym", "x5t#S256": "Ym"})), of)
    };
    let signs = key(rs256_jwk(), RS256_KID, json!({"alg": "RS256", "use": "sig"}));
    let decrypts = key(other_jwk(), "encryption", json!({"alg": "RSA-OAEP", "use": "enc"}));
    Shape {
        server: "Keycloak",
        policy: policy!(untyped(audience)),
        issuer: REALM,
        key_set: json!({"keys": [signs, decrypts]}),
        accepted: vec![("of a user", token(&header, &access))],
        scope: Some("pump:read"),
        refused: vec![
            ("ID token", token(&header, &id), Error::WrongType),
            ("refresh token", token(&hs512, &refresh), Error::UnsupportedAlgorithm),
            ("refresh token with RS256", token(&header, &refresh), Error::WrongType),
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

/// The issuer of [`google_id_token`].
pub const GOOGLE: &str = "https://accounts.google.com";
/// The audience of [`google_id_token`].
pub const GOOGLE_CLIENT: &str = "407408718192-pumps.apps.googleusercontent.com";
/// The access token that comes with [`google_id_token`]: it is opaque.
pub const GOOGLE_ACCESS_TOKEN: &str = "ya29.a0AfH6SMBx7Qw";

/// An ID token of Google, for `IdTokenPolicy::new(`[`GOOGLE_CLIENT`]`)`. Its keys are in [`google_jwks`].
///
/// Sources: developers.google.com/identity, "OpenID Connect" and its API reference (`iss`, `azp`, `at_hash`);
/// cloud.google.com, "Token types" (access tokens are opaque).
pub fn google_id_token() -> TestToken {
    let header = json!({"alg": "RS256", "kid": RS256_KID, "typ": "JWT"});
    let hash = Sha256::digest(GOOGLE_ACCESS_TOKEN);
    let claims = dated(json!({
        "iss": GOOGLE, "azp": GOOGLE_CLIENT, "aud": GOOGLE_CLIENT, "sub": "110169484474386276334", "hd": "example.com",
        "email": "alice@example.com", "email_verified": true, "at_hash": base64url(&hash[..16]),
        "nonce": "n-0S6_WzA2Mj", "name": "Alice",
    }));
    token(&header, &claims)
}

/// The key set of Google, with test keys.
pub fn google_jwks() -> String {
    plain_key_set().to_string()
}

/// Keys without certificates. The second has no token.
fn plain_key_set() -> Value {
    let key = |jwk: Value, kid: &str| merged(jwk, json!({"use": "sig", "kid": kid, "alg": "RS256"}));
    json!({"keys": [key(rs256_jwk(), RS256_KID), key(other_jwk(), "next")]})
}

/// A token of this header and these claims, with a valid signature.
pub(super) fn token(header: &Value, claims: &Value) -> TestToken {
    TestToken::new(Signer::Rs256, header.clone(), claims.clone())
}

/// An encrypted token, in the form of RFC 7516: five segments. The second may be empty.
fn encrypted(alg: &str) -> TestToken {
    let rest = if alg == "dir" { ".aXY.Y2lwaGVydGV4dA.dGFn" } else { "a2V5.aXY.Y2lwaGVydGV4dA.dGFn" };
    token(&json!({"alg": alg, "enc": "A256GCM"}), &json!({})).with_fault(Fault::Encrypted(rest))
}

/// The public key of nobody.
pub(super) fn other_jwk() -> Value {
    let n = RS256_TEST_KEY_N.replacen("ofgW", "ofgX", 1);
    with(rs256_jwk(), "n", json!(n))
}

/// A token that was issued now, for five minutes.
pub(super) fn dated(claims: Value) -> Value {
    merged(claims, json!({"iat": NOW, "exp": NOW + 300}))
}
