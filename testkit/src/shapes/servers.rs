//! Tokens of the servers that can sign with ES256 or EdDSA.

use embedded_jwt::{AccessTokenPolicy, Error};
use serde_json::{Value, json};

use super::{Shape, merged, policy};
use crate::token::Signer;
use crate::{AUDIENCE, Alg, ISSUER, NOW, TestIssuer, TestToken};

const CLIENT: &str = "pump-app";
const SCOPE: &str = "pump:read";

/// Keycloak, set to ES256.
pub fn keycloak() -> Shape {
    let audience = AUDIENCE;
    shape(
        "Keycloak",
        policy!(untyped(audience)),
        Alg::Es256,
        (
            Some("JWT"),
            json!({
                "jti": "onrtac:7b0d", "sub": "f4e1", "typ": "Bearer", "azp": CLIENT, "sid": "5a2c", "acr": "1",
                "realm_access": {"roles": ["offline_access"]}, "scope": "openid pump:read",
            }),
        ),
        &[
            ("ID token", Some("JWT"), json!({"typ": "ID", "azp": CLIENT, "at_hash": "x"})),
            ("refresh token", Some("JWT"), json!({"typ": "Refresh", "scope": "pump:read"})),
            ("offline token", Some("JWT"), json!({"typ": "Offline", "scope": "pump:read"})),
            ("logout token", Some("logout+jwt"), json!({"typ": "Logout", "events": {}})),
        ],
    )
}

/// Keycloak from 26.2, set to ES256 and `at+jwt`.
pub fn keycloak_26_2() -> Shape {
    let audience = AUDIENCE;
    shape(
        "Keycloak from 26.2",
        policy!(at_jwt(audience)),
        Alg::Es256,
        (
            Some("at+jwt"),
            json!({"jti": "onrtac:7b0d", "sub": "f4e1", "typ": "Bearer", "azp": CLIENT, "scope": "pump:read"}),
        ),
        &[("ID token", Some("JWT"), json!({"typ": "ID", "azp": CLIENT, "at_hash": "x"}))],
    )
}

/// node oidc-provider.
pub fn oidc_provider() -> Shape {
    let audience = AUDIENCE;
    shape(
        "node oidc-provider",
        policy!(new(audience)),
        Alg::EdDsa,
        (Some("at+jwt"), json!({"jti": "qT1x", "sub": "user-42", "client_id": CLIENT, "scope": "pump:read"})),
        &[("ID token", None, json!({"at_hash": "x"}))],
    )
}

/// Duende IdentityServer.
pub fn duende() -> Shape {
    let audience = AUDIENCE;
    shape(
        "Duende IdentityServer",
        policy!(at_jwt(audience)),
        Alg::Es256,
        (Some("at+jwt"), json!({"nbf": NOW, "jti": "5D0B", "client_id": CLIENT, "scope": ["pump:read", "pump:write"]})),
        &[("ID token", Some("JWT"), json!({"at_hash": "x", "amr": ["pwd"]}))],
    )
}

/// Authelia.
pub fn authelia() -> Shape {
    let audience = AUDIENCE;
    shape(
        "Authelia",
        policy!(at_jwt(audience)),
        Alg::Es256,
        (Some("at+jwt"), json!({"jti": "9c1e", "client_id": CLIENT, "scope": "pump:read", "nbf": NOW})),
        &[("ID token", Some("JWT"), json!({"at_hash": "x", "azp": CLIENT}))],
    )
}

/// Kanidm.
pub fn kanidm() -> Shape {
    let audience = AUDIENCE;
    shape(
        "Kanidm",
        policy!(new(audience)),
        Alg::Es256,
        (Some("at+jwt"), json!({"jti": "a1", "sub": "user-42", "client_id": CLIENT, "scope": "pump:read", "nbf": NOW})),
        &[("ID token", Some("JWT"), json!({"azp": CLIENT, "at_hash": null}))],
    )
}

/// Rauthy.
pub fn rauthy() -> Shape {
    let audience = AUDIENCE;
    shape(
        "Rauthy",
        policy!(at_jwt(audience)),
        Alg::EdDsa,
        (Some("at+jwt"), json!({"nbf": NOW, "sub": "user-42", "azp": CLIENT, "scope": "pump:read", "typ": "Bearer"})),
        &[
            ("ID token", Some("JWT"), json!({"typ": "Id", "azp": CLIENT, "at_hash": "x"})),
            ("refresh token", Some("JWT"), json!({"typ": "Refresh", "azp": CLIENT})),
        ],
    )
}

/// ZITADEL.
pub fn zitadel() -> Shape {
    let (audience, scope) = (AUDIENCE, SCOPE);
    shape(
        "ZITADEL",
        policy!(untyped(audience).with_required_scope(scope)),
        Alg::Es256,
        (
            None,
            json!({
                "sub": "163840776835432345", "aud": [CLIENT, audience], "nbf": NOW, "jti": "163848", "client_id": CLIENT,
                "scope": "openid pump:read",
            }),
        ),
        &[("ID token", None, json!({"azp": CLIENT, "at_hash": "x", "amr": ["pwd"]}))],
    )
}

/// Ory Hydra 2.
pub fn hydra() -> Shape {
    let audience = AUDIENCE;
    shape(
        "Ory Hydra 2",
        policy!(untyped(audience).with_scope_claim("scp")),
        Alg::Es256,
        (
            Some("JWT"),
            json!({"client_id": CLIENT, "ext": {}, "jti": "d7", "nbf": NOW, "scp": ["pump:read"], "sub": "u"}),
        ),
        &[("ID token", Some("JWT"), json!({"at_hash": "x", "sid": "1", "rat": NOW}))],
    )
}

/// authentik.
pub fn authentik() -> Shape {
    let (audience, scope) = (AUDIENCE, SCOPE);
    shape(
        "authentik",
        policy!(untyped(audience).with_required_scope(scope)),
        Alg::Es256,
        (
            Some("JWT"),
            json!({"sub": "c0ff", "azp": audience, "uid": "1", "acr": "goauthentik.io/providers/oauth2/default",
                    "scope": "openid pump:read"}),
        ),
        &[("ID token", Some("JWT"), json!({"at_hash": "x", "azp": audience}))],
    )
}

/// Spring Authorization Server. Its ID tokens have none of the marks: only the required scope refuses them.
pub fn spring() -> Shape {
    let (audience, scope) = (AUDIENCE, SCOPE);
    let shape = shape(
        "Spring Authorization Server",
        policy!(untyped(audience).with_required_scope(scope)),
        Alg::Es256,
        (None, json!({"sub": "user", "nbf": NOW, "jti": "0f", "scope": ["openid", "pump:read"]})),
        &[("ID token", None, json!({"azp": audience, "auth_time": NOW, "sid": "a"}))],
    );
    let refused = shape.refused.into_iter().map(|(kind, token, _)| (kind, token, Error::InsufficientScope)).collect();
    Shape { refused, ..shape }
}

/// Supabase.
pub fn supabase() -> Shape {
    let audience = AUDIENCE;
    shape(
        "Supabase",
        policy!(untyped(audience)),
        Alg::Es256,
        (
            Some("JWT"),
            json!({"sub": "9a", "role": "authenticated", "aal": "aal1", "amr": [{"method": "password",
                    "timestamp": NOW}], "session_id": "b", "email": "", "phone": ""}),
        ),
        &[],
    )
}

/// Kubernetes.
pub fn kubernetes() -> Shape {
    let audience = AUDIENCE;
    shape(
        "Kubernetes",
        policy!(untyped(audience)),
        Alg::Es256,
        (
            None,
            json!({"aud": [audience], "jti": "ae", "nbf": NOW, "sub": "system:serviceaccount:pumps:seven",
                    "kubernetes.io": {"namespace": "pumps", "serviceaccount": {"name": "seven", "uid": "1"}}}),
        ),
        &[],
    )
}

/// A server with the test keys: the type and the claims of its access tokens, and the same of its other tokens.
fn shape(
    server: &'static str,
    policy: (&'static str, AccessTokenPolicy<'static>),
    alg: Alg,
    (typ, claims): (Option<&str>, Value),
    others: &[(&'static str, Option<&str>, Value)],
) -> Shape {
    let token = |typ: Option<&str>, claims: Value| {
        let header = json!({"alg": alg.name(), "kid": alg.kid()});
        let dated = json!({"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 300, "iat": NOW});
        let token = TestToken::new(Signer::Alg(alg), header, merged(dated, claims));
        typ.into_iter().fold(token, |token, typ| token.header("typ", typ))
    };
    let other = |(kind, typ, claims): &(&'static str, Option<&str>, Value)| {
        let claims = merged(json!({"sub": "user-42"}), claims.clone());
        (*kind, token(*typ, claims), Error::WrongType)
    };
    let scopes = claims.get("scope").or(claims.get("scp"));
    Shape {
        server,
        policy,
        issuer: ISSUER,
        key_set: serde_json::from_str(&TestIssuer::new(ISSUER).jwks()).unwrap(),
        scope: scopes.map(|_| SCOPE),
        refused: others.iter().map(other).collect(),
        accepted: vec![("of a user or an application", token(typ, claims))],
    }
}
