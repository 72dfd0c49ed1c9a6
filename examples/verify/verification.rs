//! Verifies one token for one request: the three steps of the crate, and the step that refused.

use std::time::Duration;

use embedded_jwt::{
    AccessToken, AccessTokenPolicy, EdDsa, Error, Es256, IdToken, IdTokenPolicy, Issuer, Key, KeySet,
    SignatureAlgorithm, Token, UnixTime,
};

/// More than any issuer publishes at a time: the current key, the next one and keys of other algorithms.
pub type Keys = KeySet<16>;

/// The backends for ES256 and EdDSA.
pub type Backends = &'static [&'static dyn SignatureAlgorithm];

pub const SOFTWARE: Backends = &[&Es256, &EdDsa];

pub fn backends_named(name: &str) -> Result<Backends, String> {
    match name {
        "software" => Ok(SOFTWARE),
        #[cfg(feature = "ring")]
        "ring" => Ok(&[&embedded_jwt::RingEs256, &embedded_jwt::RingEdDsa]),
        #[cfg(not(feature = "ring"))]
        "ring" => Err("the backend ring is in the feature ring: cargo run --features ring --example verify".into()),
        _ => Err(format!("there is no backend {name:?}: it is software or ring")),
    }
}

/// The expectations on a token.
pub struct Request {
    pub backends: Backends,
    pub issuer: String,
    /// For an ID token: the client id.
    pub audience: String,
    pub profile: Profile,
    pub now: UnixTime,
    pub leeway: Option<u64>,
    pub max_lifetime: Option<u64>,
    pub max_token_age: Option<u64>,
    pub max_age: Option<u64>,
    /// Separated by spaces; empty if none is required.
    pub scopes: String,
    pub nonce: Option<String>,
    pub access_token: Option<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// RFC 9068 in full.
    Access,
    /// Access tokens of issuers older than RFC 9068.
    Generic,
    /// ID tokens of OpenID Connect.
    Id,
}

impl Profile {
    pub fn named(name: &str) -> Result<Self, String> {
        match name {
            "access" => Ok(Self::Access),
            "generic" => Ok(Self::Generic),
            "id" => Ok(Self::Id),
            _ => Err(format!("there is no profile {name:?}: it is access, generic or id")),
        }
    }
}

impl Request {
    /// Refuses options that the profile does not check: silently skipping a check would be worse than no answer.
    pub fn check_profile(&self) -> Result<(), &'static str> {
        match self.profile {
            Profile::Access | Profile::Generic if self.nonce.is_some() => Err("a nonce is for the profile id only"),
            Profile::Access | Profile::Generic if self.access_token.is_some() => {
                Err("an additional access token is for the profile id only")
            }
            Profile::Id if !self.scopes.is_empty() => Err("a scope is not for the profile id: ID tokens have none"),
            _ => Ok(()),
        }
    }

    pub fn issuer<'a>(&'a self, keys: &'a [Key]) -> Issuer<'a> {
        Issuer::new(&self.issuer, keys, self.backends)
    }

    fn access_policy(&self) -> AccessTokenPolicy<'_> {
        let policy = match self.profile {
            Profile::Generic => AccessTokenPolicy::untyped(&self.audience),
            _ => AccessTokenPolicy::new(&self.audience),
        };
        let policy = with_times!(policy, self);
        if self.scopes.is_empty() { policy } else { policy.with_required_scope(&self.scopes) }
    }

    fn id_policy(&self) -> IdTokenPolicy<'_> {
        let mut policy = with_times!(IdTokenPolicy::new(&self.audience), self);
        if let Some(nonce) = &self.nonce {
            policy = policy.with_nonce(nonce);
        }
        if let Some(access_token) = &self.access_token {
            policy = policy.with_access_token(access_token);
        }
        policy
    }

    /// The leeway in seconds, the crate's default included.
    pub fn leeway_secs(&self) -> u64 {
        self.leeway.unwrap_or(embedded_jwt::DEFAULT_LEEWAY.as_secs())
    }
}

/// A policy with the time rules that both kinds of policy have.
macro_rules! with_times {
    ($policy:expr, $request:expr) => {{
        let mut policy = $policy;
        if let Some(secs) = $request.leeway {
            policy = policy.with_leeway(Duration::from_secs(secs));
        }
        if let Some(secs) = $request.max_lifetime {
            policy = policy.with_max_lifetime(Duration::from_secs(secs));
        }
        if let Some(secs) = $request.max_token_age {
            policy = policy.with_max_token_age(Duration::from_secs(secs));
        }
        if let Some(secs) = $request.max_age {
            policy = policy.with_max_age(Duration::from_secs(secs));
        }
        policy
    }};
}
use with_times;

/// An accepted token, of the kind that the profile is for.
pub enum Accepted<'b> {
    Access(AccessToken<'b>),
    Id(IdToken<'b>),
}

/// The step that refused a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Parse,
    Verify,
    Validate,
}

#[derive(Clone, Copy)]
pub struct Refusal {
    pub step: Step,
    pub error: Error,
}

/// Takes a token through the crate: parse, verify, validate.
pub fn verify<'b>(token: &[u8], keys: &[Key], request: &Request, buf: &'b mut [u8]) -> Result<Accepted<'b>, Refusal> {
    let refused_at = |step| move |error| Refusal { step, error };
    let verified = Token::parse(token)
        .map_err(refused_at(Step::Parse))?
        .verify(&request.issuer(keys), buf)
        .map_err(refused_at(Step::Verify))?;
    let accepted = match request.profile {
        Profile::Access | Profile::Generic => {
            verified.into_access_token(&request.access_policy(), request.now).map(Accepted::Access)
        }
        Profile::Id => verified.into_id_token(&request.id_policy(), request.now).map(Accepted::Id),
    };
    accepted.map_err(refused_at(Step::Validate))
}
