//! Tokens as real servers issue them, each with the policy that fits: one function for each tested row of the table in
//! the guide's chapter [issuers](embedded_jwt::guide::issuers). The shapes come from documentation, sources and issues
//! of these servers; all tokens are signed with test keys.
//!
//! ```
//! use embedded_jwt_testkit::shapes;
//!
//! let server = shapes::keycloak();
//! let token = server.access_token().claim("aud", "urn:device:door-7").claim("door", "north").mint();
//! // An accepted token in the form that Keycloak gives it; and those that must be refused:
//! for (kind, token, error) in &server.refused {
//!     println!("{}, {kind}: {error:?}: {}", server.server, token.mint());
//! }
//! # assert!(!token.is_empty() && !server.refused.is_empty());
//! ```

use embedded_jwt::{AccessTokenPolicy, Error};
use serde_json::Value;

use crate::TestToken;

#[cfg(feature = "rs256")]
mod clouds;
#[cfg(feature = "rs256")]
mod entra;
mod servers;

#[cfg(feature = "rs256")]
pub use clouds::{
    GOOGLE, GOOGLE_ACCESS_TOKEN, GOOGLE_CLIENT, auth0, auth0_with_rfc_9068, cognito, cognito_with_resource_binding,
    google_id_token, google_jwks, keycloak_rs256, okta,
};
#[cfg(feature = "rs256")]
pub use entra::{entra_v1, entra_v2_for_applications, entra_v2_for_users};
pub use servers::{
    authelia, authentik, duende, hydra, kanidm, keycloak, keycloak_26_2, kubernetes, oidc_provider, rauthy, spring,
    supabase, zitadel,
};

/// The tokens of a server.
#[derive(Debug)]
pub struct Shape {
    /// The first column of the table.
    pub server: &'static str,
    /// The policy as the table has it, and the policy itself.
    pub policy: (&'static str, AccessTokenPolicy<'static>),
    /// The name of the issuer.
    pub issuer: &'static str,
    /// The key set, with test keys.
    pub key_set: Value,
    /// The access tokens that the policy accepts, and to whom they are issued.
    pub accepted: Vec<(&'static str, TestToken)>,
    /// A scope that each access token has. Without one, they have none.
    pub scope: Option<&'static str>,
    /// Other tokens, and the error with which the policy refuses them.
    pub refused: Vec<(&'static str, TestToken, Error)>,
}

impl Shape {
    /// The first of the accepted tokens.
    pub fn access_token(&self) -> TestToken {
        self.accepted[0].1.clone()
    }

    /// The key set as text.
    pub fn jwks(&self) -> String {
        self.key_set.to_string()
    }
}

/// All servers that can sign with ES256 or EdDSA.
pub fn servers() -> [Shape; 13] {
    [
        keycloak(),
        keycloak_26_2(),
        oidc_provider(),
        duende(),
        authelia(),
        kanidm(),
        rauthy(),
        zitadel(),
        hydra(),
        authentik(),
        spring(),
        supabase(),
        kubernetes(),
    ]
}

/// All servers whose tokens are signed with RS256.
#[cfg(feature = "rs256")]
pub fn clouds() -> [Shape; 9] {
    [
        auth0(),
        auth0_with_rfc_9068(),
        okta(),
        entra_v2_for_users(),
        entra_v2_for_applications(),
        entra_v1(),
        cognito(),
        cognito_with_resource_binding(),
        keycloak_rs256(),
    ]
}

/// A policy with its text. `audience`, `client_id` and `scope` are variables of these names, as in the table.
macro_rules! policy {
    ($($policy:tt)*) => {
        (stringify!($($policy)*), AccessTokenPolicy::$($policy)*)
    };
}
use policy;

fn merged(mut object: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}
