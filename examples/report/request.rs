//! The expectations on a token, and the policies of the crate that check them.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use embedded_jwt::{AccessTokenPolicy, DpopNonce, DpopPolicy, IdTokenPolicy, Issuer, PublicKey, UnixTime};

use crate::profile::Profile;
use crate::verification::Backends;

#[derive(Clone)]
pub struct Request {
    pub backends: Backends,
    /// Empty for a DPoP proof, which has no issuer.
    pub issuer: String,
    /// For an ID token: the client id. Empty for a DPoP proof, which has no audience.
    pub audience: String,
    pub profile: Profile,
    pub now: UnixTime,
    pub leeway: Option<u64>,
    pub max_lifetime: Option<u64>,
    pub max_token_age: Option<u64>,
    pub max_age: Option<u64>,
    /// The required scopes, separated by spaces.
    pub scopes: Option<String>,
    /// The claim with the granted scopes, instead of `scope`.
    pub scope_claim: Option<String>,
    pub nonce: Option<String>,
    /// The same nonce for a DPoP proof: [`issued`].
    pub dpop_nonces: Rc<[DpopNonce]>,
    /// The access token that came with an ID token or a DPoP proof.
    pub access_token: Option<Vec<u8>>,
    pub method: Option<String>,
    pub uri: Option<String>,
}

impl Request {
    /// Expectations without limits and options.
    pub fn new(backends: Backends, profile: Profile, now: UnixTime) -> Self {
        Self {
            backends,
            issuer: String::new(),
            audience: String::new(),
            profile,
            now,
            leeway: None,
            max_lifetime: None,
            max_token_age: None,
            max_age: None,
            scopes: None,
            scope_claim: None,
            nonce: None,
            dpop_nonces: Rc::default(),
            access_token: None,
            method: None,
            uri: None,
        }
    }

    /// Refuses options that the profile does not check: silently skipping a check would be worse than no answer.
    pub fn check_profile(&self) -> Result<(), String> {
        let profile = self.profile;
        let access = profile.is_for_access_tokens();
        let dpop = profile == Profile::Dpop;
        let id_or_dpop = dpop || profile == Profile::Id;
        let options = [
            ("a scope", self.scopes.is_some(), access),
            ("a claim for scopes", self.scope_claim.is_some(), access),
            ("a maximum lifetime", self.max_lifetime.is_some(), !dpop),
            ("a maximum token age", self.max_token_age.is_some(), !dpop),
            ("a maximum age of the login", self.max_age.is_some(), !dpop),
            ("a nonce", self.nonce.is_some(), id_or_dpop),
            ("an additional access token", self.access_token.is_some(), id_or_dpop),
            ("a method", self.method.is_some(), dpop),
            ("a URI", self.uri.is_some(), dpop),
        ];
        if let Some((option, ..)) = options.iter().find(|(_, is_given, is_checked)| *is_given && !is_checked) {
            return Err(format!("{option} is not for the profile {}, which does not check it", profile.name()));
        }
        let needed = [
            ("a method", self.method.is_some()),
            ("a URI", self.uri.is_some()),
            ("an access token", self.access_token.is_some()),
        ];
        match needed.iter().find(|(_, is_given)| dpop && !is_given) {
            Some((option, _)) => Err(format!("the profile dpop needs {option}")),
            None => Ok(()),
        }
    }

    pub fn issuer<'a>(&'a self, keys: &'a [PublicKey<'a>]) -> Issuer<'a> {
        Issuer::new(&self.issuer, keys, self.backends)
    }

    pub fn access_policy(&self) -> AccessTokenPolicy<'_> {
        let policy = match self.profile {
            Profile::Typed => AccessTokenPolicy::at_jwt(&self.audience),
            Profile::Generic => AccessTokenPolicy::untyped(&self.audience),
            _ => AccessTokenPolicy::new(&self.audience),
        };
        let mut policy = with_times!(policy, self);
        if let Some(name) = &self.scope_claim {
            policy = policy.with_scope_claim(name);
        }
        if let Some(scopes) = &self.scopes {
            policy = policy.with_required_scope(scopes);
        }
        policy
    }

    pub fn id_policy(&self) -> IdTokenPolicy<'_> {
        let mut policy = with_times!(IdTokenPolicy::new(&self.audience), self);
        if let Some(nonce) = &self.nonce {
            policy = policy.with_nonce(nonce);
        }
        if let Some(access_token) = &self.access_token {
            policy = policy.with_access_token(access_token);
        }
        policy
    }

    /// The policy for a DPoP proof. An option that is not given is empty here, and refuses every proof.
    pub fn dpop_policy(&self) -> DpopPolicy<'_> {
        let [method, uri] = [&self.method, &self.uri].map(|text| text.as_deref().unwrap_or_default());
        let access_token = self.access_token.as_deref().unwrap_or_default();
        let mut policy = DpopPolicy::new(method, uri, access_token);
        if self.nonce.is_some() {
            policy = policy.with_nonces(&self.dpop_nonces);
        }
        if let Some(secs) = self.leeway {
            policy = policy.with_leeway(Duration::from_secs(secs));
        }
        policy
    }

    /// The leeway in seconds, the crate's default included.
    pub fn leeway_secs(&self) -> u64 {
        self.leeway.unwrap_or(embedded_jwt::DEFAULT_LEEWAY.as_secs())
    }

    /// The claim with the granted scopes.
    pub fn scope_claim(&self) -> &str {
        self.scope_claim.as_deref().unwrap_or("scope")
    }
}

/// A nonce as the device has issued it. An empty one is not issued: it refuses every proof.
pub fn issued(nonce: Option<&str>) -> Rc<[DpopNonce]> {
    let nonces = nonce.into_iter().filter(|nonce| !nonce.is_empty()).map(|text| {
        let nonce = DpopNonce::new();
        nonce.issue(text);
        nonce
    });
    nonces.collect()
}

/// A policy with the time rules that policies for access tokens and for ID tokens have.
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
