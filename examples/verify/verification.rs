//! One token against one request: the three steps of the crate, and which of them refused.

use std::time::Duration;

use embedded_jwt::{AccessToken, AccessTokenPolicy, EdDsa, Error, Es256, Issuer, Key, KeySet, Token, UnixTime};

/// More than any issuer publishes at a time: a current key, the next one and those of other algorithms.
pub type Keys = KeySet<16>;

/// To whoever asks for one.
pub const NO_ID_TOKENS: &str = "ID tokens are not judged yet";

/// What is expected of a token.
pub struct Request {
    pub issuer: String,
    pub audience: String,
    pub profile: Profile,
    pub now: UnixTime,
    pub leeway: Option<u64>,
    pub max_lifetime: Option<u64>,
    pub max_token_age: Option<u64>,
    /// Separated by spaces; empty if none is required.
    pub scopes: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// RFC 9068 in full.
    Access,
    /// Access tokens of issuers older than RFC 9068.
    Generic,
}

impl Profile {
    pub fn named(name: &str) -> Result<Self, String> {
        match name {
            "access" => Ok(Self::Access),
            "generic" => Ok(Self::Generic),
            "id" => Err(format!("profile id: {NO_ID_TOKENS}")),
            _ => Err(format!("there is no profile {name:?}: it is access or generic")),
        }
    }
}

impl Request {
    pub fn issuer<'a>(&'a self, keys: &'a [Key]) -> Issuer<'a> {
        Issuer::new(&self.issuer, keys, &[&Es256, &EdDsa])
    }

    fn policy(&self) -> AccessTokenPolicy<'_> {
        let mut policy = match self.profile {
            Profile::Access => AccessTokenPolicy::new(&self.audience),
            Profile::Generic => AccessTokenPolicy::untyped(&self.audience),
        };
        if !self.scopes.is_empty() {
            policy = policy.with_required_scope(&self.scopes);
        }
        if let Some(secs) = self.leeway {
            policy = policy.with_leeway(Duration::from_secs(secs));
        }
        if let Some(secs) = self.max_lifetime {
            policy = policy.with_max_lifetime(Duration::from_secs(secs));
        }
        if let Some(secs) = self.max_token_age {
            policy = policy.with_max_token_age(Duration::from_secs(secs));
        }
        policy
    }

    /// The leeway in seconds, the crate's default included.
    pub fn leeway_secs(&self) -> u64 {
        self.leeway.unwrap_or(embedded_jwt::DEFAULT_LEEWAY.as_secs())
    }
}

/// The step that refused a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Parse,
    Verify,
    Judge,
}

#[derive(Clone, Copy)]
pub struct Refusal {
    pub step: Step,
    pub error: Error,
}

/// Takes a token through the crate: parse, verify, judge.
pub fn verify<'b>(
    token: &[u8],
    keys: &[Key],
    request: &Request,
    buf: &'b mut [u8],
) -> Result<AccessToken<'b>, Refusal> {
    let refused_at = |step| move |error| Refusal { step, error };
    Token::parse(token)
        .map_err(refused_at(Step::Parse))?
        .verify(&request.issuer(keys), buf)
        .map_err(refused_at(Step::Verify))?
        .into_access_token(&request.policy(), request.now)
        .map_err(refused_at(Step::Judge))
}
