//! Tokens as real servers send them: each is accepted by the policy that `docs/issuers.md` names for its server, and the
//! server's other tokens are refused by it. The shapes come from documentation, sources and issues of these servers;
//! all tokens are signed with test keys.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::collections::BTreeSet;

use embedded_jwt::*;
use serde_json::{Value, json};
use testkit::*;

const CLIENT: &str = "pump-app";
const SCOPE: &str = "pump:read";

struct Server {
    /// The first column of the table in `docs/issuers.md`.
    name: &'static str,
    /// The policy as the table has it, and the policy itself.
    policy: (&'static str, AccessTokenPolicy<'static>),
    alg: Alg,
    /// The access token: `typ` of its header, and its payload.
    access_token: (Option<&'static str>, Value),
    /// Other tokens of the server.
    others: Vec<(&'static str, Option<&'static str>, Value)>,
}

/// A policy with its text.
macro_rules! policy {
    ($($policy:tt)*) => {
        (stringify!($($policy)*), AccessTokenPolicy::$($policy)*)
    };
}

/// The claims that all access tokens below have, and these.
fn access(more: Value) -> Value {
    let token = json!({"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 300, "iat": NOW});
    merged(token, more)
}

/// The claims that all ID tokens below have, and these. Their audience is the device's only where a server makes it so.
fn id(more: Value) -> Value {
    merged(json!({"iss": ISSUER, "aud": CLIENT, "sub": "user-42", "exp": NOW + 300, "iat": NOW}), more)
}

fn merged(mut object: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

fn servers() -> Vec<Server> {
    let same_audience = |more: Value| id(merged(json!({"aud": AUDIENCE}), more));
    vec![
        Server {
            name: "Keycloak",
            policy: policy!(untyped(AUDIENCE)),
            alg: Alg::Es256,
            access_token: (
                Some("JWT"),
                access(json!({
                    "jti": "onrtac:7b0d", "sub": "f4e1", "typ": "Bearer", "azp": CLIENT, "sid": "5a2c", "acr": "1",
                    "realm_access": {"roles": ["offline_access"]}, "scope": "openid pump:read",
                })),
            ),
            others: vec![
                ("ID token", Some("JWT"), same_audience(json!({"typ": "ID", "azp": CLIENT, "at_hash": "x"}))),
                ("refresh token", Some("JWT"), same_audience(json!({"typ": "Refresh", "scope": "pump:read"}))),
                ("offline token", Some("JWT"), same_audience(json!({"typ": "Offline", "scope": "pump:read"}))),
                ("logout token", Some("logout+jwt"), same_audience(json!({"typ": "Logout", "events": {}}))),
            ],
        },
        Server {
            name: "Keycloak from 26.2",
            policy: policy!(at_jwt(AUDIENCE)),
            alg: Alg::Es256,
            access_token: (
                Some("at+jwt"),
                access(
                    json!({"jti": "onrtac:7b0d", "sub": "f4e1", "typ": "Bearer", "azp": CLIENT, "scope": "pump:read"}),
                ),
            ),
            others: vec![("ID token", Some("JWT"), same_audience(json!({"typ": "ID", "azp": CLIENT, "at_hash": "x"})))],
        },
        Server {
            name: "node oidc-provider",
            policy: policy!(new(AUDIENCE)),
            alg: Alg::EdDsa,
            access_token: (
                Some("at+jwt"),
                access(json!({"jti": "qT1x", "sub": "user-42", "client_id": CLIENT, "scope": "pump:read"})),
            ),
            others: vec![("ID token", None, same_audience(json!({"at_hash": "x"})))],
        },
        Server {
            name: "Duende IdentityServer",
            policy: policy!(at_jwt(AUDIENCE)),
            alg: Alg::Es256,
            access_token: (
                Some("at+jwt"),
                access(json!({"nbf": NOW, "jti": "5D0B", "client_id": CLIENT, "scope": ["pump:read", "pump:write"]})),
            ),
            others: vec![("ID token", Some("JWT"), same_audience(json!({"at_hash": "x", "amr": ["pwd"]})))],
        },
        Server {
            name: "Authelia",
            policy: policy!(at_jwt(AUDIENCE)),
            alg: Alg::Es256,
            access_token: (
                Some("at+jwt"),
                access(json!({"jti": "9c1e", "client_id": CLIENT, "scope": "pump:read", "nbf": NOW})),
            ),
            others: vec![("ID token", Some("JWT"), same_audience(json!({"at_hash": "x", "azp": CLIENT})))],
        },
        Server {
            name: "Kanidm",
            policy: policy!(new(AUDIENCE)),
            alg: Alg::Es256,
            access_token: (
                Some("at+jwt"),
                access(json!({"jti": "a1", "sub": "user-42", "client_id": CLIENT, "scope": "pump:read", "nbf": NOW})),
            ),
            others: vec![("ID token", Some("JWT"), same_audience(json!({"azp": CLIENT, "at_hash": null})))],
        },
        Server {
            name: "Rauthy",
            policy: policy!(at_jwt(AUDIENCE)),
            alg: Alg::EdDsa,
            access_token: (
                Some("at+jwt"),
                access(json!({"nbf": NOW, "sub": "user-42", "azp": CLIENT, "scope": "pump:read", "typ": "Bearer"})),
            ),
            others: vec![
                ("ID token", Some("JWT"), same_audience(json!({"typ": "Id", "azp": CLIENT, "at_hash": "x"}))),
                ("refresh token", Some("JWT"), same_audience(json!({"typ": "Refresh", "azp": CLIENT}))),
            ],
        },
        Server {
            name: "ZITADEL",
            policy: policy!(untyped(AUDIENCE).with_required_scope(SCOPE)),
            alg: Alg::Es256,
            access_token: (
                None,
                access(json!({
                    "sub": "163840776835432345", "aud": [CLIENT, AUDIENCE], "nbf": NOW, "jti": "163848", "client_id": CLIENT,
                    "scope": "openid pump:read",
                })),
            ),
            others: vec![("ID token", None, same_audience(json!({"azp": CLIENT, "at_hash": "x", "amr": ["pwd"]})))],
        },
        Server {
            name: "Ory Hydra 2",
            policy: policy!(untyped(AUDIENCE).with_scope_claim("scp")),
            alg: Alg::Es256,
            access_token: (
                Some("JWT"),
                access(
                    json!({"client_id": CLIENT, "ext": {}, "jti": "d7", "nbf": NOW, "scp": ["pump:read"], "sub": "u"}),
                ),
            ),
            others: vec![("ID token", Some("JWT"), same_audience(json!({"at_hash": "x", "sid": "1", "rat": NOW})))],
        },
        Server {
            name: "authentik",
            policy: policy!(untyped(AUDIENCE).with_required_scope(SCOPE)),
            alg: Alg::Es256,
            access_token: (
                Some("JWT"),
                access(
                    json!({"sub": "c0ff", "azp": AUDIENCE, "uid": "1", "acr": "goauthentik.io/providers/oauth2/default",
                    "scope": "openid pump:read"}),
                ),
            ),
            others: vec![("ID token", Some("JWT"), same_audience(json!({"at_hash": "x", "azp": AUDIENCE})))],
        },
        Server {
            name: "Spring Authorization Server",
            policy: policy!(untyped(AUDIENCE).with_required_scope(SCOPE)),
            alg: Alg::Es256,
            access_token: (
                None,
                access(json!({"sub": "user", "nbf": NOW, "jti": "0f", "scope": ["openid", "pump:read"]})),
            ),
            // It has none of the marks: only the required scope refuses it.
            others: vec![("ID token", None, same_audience(json!({"azp": AUDIENCE, "auth_time": NOW, "sid": "a"})))],
        },
        Server {
            name: "Supabase",
            policy: policy!(untyped(AUDIENCE)),
            alg: Alg::Es256,
            access_token: (
                Some("JWT"),
                access(json!({"sub": "9a", "role": "authenticated", "aal": "aal1", "amr": [{"method": "password",
                    "timestamp": NOW}], "session_id": "b", "email": "", "phone": ""})),
            ),
            others: vec![],
        },
        Server {
            name: "Kubernetes",
            policy: policy!(untyped(AUDIENCE)),
            alg: Alg::Es256,
            access_token: (
                None,
                access(json!({"aud": [AUDIENCE], "jti": "ae", "nbf": NOW, "sub": "system:serviceaccount:pumps:seven",
                    "kubernetes.io": {"namespace": "pumps", "serviceaccount": {"name": "seven", "uid": "1"}}})),
            ),
            others: vec![],
        },
    ]
}

fn validate(server: &Server, typ: Option<&str>, payload: &Value) -> Result<Vec<String>, Error> {
    let header = json!({"alg": server.alg.name(), "kid": server.alg.kid()});
    let header = typ.map_or(header.clone(), |typ| with(header.clone(), "typ", json!(typ)));
    let text = server.alg.mint(header.to_string(), payload.to_string());
    let (_, policy) = server.policy;
    validate_access_token(&text, &policy, NOW, |token| token.scopes().map(String::from).collect())
}

#[test]
fn access_token_of_each_server_is_accepted_by_its_policy() {
    for server in servers() {
        let (typ, payload) = &server.access_token;
        let scopes = validate(&server, *typ, payload);
        let has_scope = payload.get("scope").or_else(|| payload.get("scp")).is_some();
        assert!(scopes.is_ok(), "{}: {scopes:?}", server.name);
        assert_eq!(scopes.unwrap().contains(&SCOPE.to_owned()), has_scope, "{}", server.name);
    }
}

#[test]
fn other_tokens_of_each_server_are_refused_by_its_policy() {
    for server in servers() {
        for (kind, typ, payload) in &server.others {
            let refused = validate(&server, *typ, payload);
            assert!(
                matches!(refused, Err(Error::WrongType | Error::InsufficientScope)),
                "{}: {kind}: {refused:?}",
                server.name
            );
        }
    }
}

#[test]
fn access_token_of_each_server_with_a_type_or_mark_is_no_id_token() {
    // These mark neither kind of token: the nonce and the client's own id tell them apart.
    let unmarked = ["ZITADEL", "Ory Hydra 2", "authentik", "Spring Authorization Server", "Supabase", "Kubernetes"];
    for server in servers() {
        let (typ, payload) = &server.access_token;
        let header = json!({"alg": server.alg.name(), "kid": server.alg.kid()});
        let header = typ.map_or(header.clone(), |typ| with(header.clone(), "typ", json!(typ)));
        // Even for an application whose client id is the device's audience.
        let text = server.alg.mint(header.to_string(), with(payload.clone(), "aud", json!(AUDIENCE)).to_string());
        let policy = IdTokenPolicy::new(AUDIENCE);
        let verdict = verify(&text, |verified| verified.into_id_token(&policy, now()).map(drop));
        let expected = if unmarked.contains(&server.name) { Ok(()) } else { Err(Error::WrongType) };
        assert_eq!(verdict, expected, "{}", server.name);
        let policy = policy.with_nonce("n-0S6_WzA2Mj");
        let verdict = verify(&text, |verified| verified.into_id_token(&policy, now()).map(drop));
        assert!(
            matches!(verdict, Err(Error::WrongType | Error::Missing(Claim::Nonce))),
            "{}: {verdict:?}",
            server.name
        );
    }
}

/// The table in `docs/issuers.md` names the servers and the policies of this file. A further row with a policy says that it is
/// untested, or that its server has RS256 only: `clouds.rs` is for these.
#[test]
fn guide_names_the_policy_of_each_server() {
    let rows = include_str!("../docs/issuers.md").lines().filter_map(|line| line.strip_prefix("| "));
    let rows = rows.filter(|row| !row.ends_with("| RS256 only |"));
    let named: BTreeSet<_> = rows
        .filter_map(|row| {
            let mut columns = row.split(" | ");
            Some((columns.next()?.to_owned(), columns.next()?.trim_matches('`').to_owned()))
        })
        .collect();
    let policies = named.iter().filter(|(_, policy)| policy.contains("(audience)"));
    let tested = policies.filter(|(server, _)| !server.ends_with("(untested)")).count();
    assert_eq!(tested, servers().len());
    for server in servers() {
        let (text, _) = server.policy;
        let policy = text.replace("AUDIENCE", "audience").replace("SCOPE", "scope").replace(' ', "");
        assert!(named.contains(&(server.name.to_owned(), policy.clone())), "{}: {policy}: {named:?}", server.name);
    }
}
