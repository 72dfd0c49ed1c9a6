//! The expectations on a token, and the policies of the crate that check them.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use embedded_jwt::{
    AccessTokenPolicy, DEFAULT_LEEWAY, DpopNonce, DpopPolicy, IdTokenPolicy, Issuer, MAX_LEEWAY, Now, PublicKey,
};

use crate::profile::Profile;
use crate::times::date;
use crate::verification::Backends;

#[derive(Clone)]
pub struct Request {
    pub backends: Backends,
    /// Empty for a DPoP proof, which has no issuer.
    pub issuer: String,
    /// For an ID token: the client id. Empty for a DPoP proof, which has no audience.
    pub audience: String,
    pub profile: Profile,
    /// The time on the clock, or the floor of a device without one.
    pub now: Now,
    pub leeway: Option<u64>,
    pub max_lifetime: Option<u64>,
    pub max_token_age: Option<u64>,
    pub max_age: Option<u64>,
    /// The longest lifetime of a token that may have expired, for a device without a clock.
    pub max_unproven_lifetime: Option<u64>,
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
    /// The DPoP proof that came with an access token.
    pub proof: Option<Vec<u8>>,
}

impl Request {
    /// Expectations without limits and options.
    pub fn new(backends: Backends, profile: Profile, now: Now) -> Self {
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
            max_unproven_lifetime: None,
            scopes: None,
            scope_claim: None,
            nonce: None,
            dpop_nonces: Rc::default(),
            access_token: None,
            method: None,
            uri: None,
            proof: None,
        }
    }

    /// Refuses options that the profile does not check: silently skipping a check would be worse than no answer.
    pub fn check_profile(&self) -> Result<(), String> {
        let profile = self.profile;
        let access = profile.is_for_access_tokens();
        let dpop = profile == Profile::Dpop;
        let id_or_dpop = dpop || profile == Profile::Id;
        let has_proof = dpop || self.proof.is_some();
        let options = [
            ("a scope", self.scopes.is_some(), access),
            ("a claim for scopes", self.scope_claim.is_some(), access),
            ("a maximum lifetime", self.max_lifetime.is_some(), !dpop),
            ("a maximum token age", self.max_token_age.is_some(), !dpop),
            ("a maximum age of the login", self.max_age.is_some(), !dpop),
            ("a maximum unproven lifetime", self.max_unproven_lifetime.is_some(), !dpop),
            ("a proof", self.proof.is_some(), access),
            ("a nonce", self.nonce.is_some(), id_or_dpop || has_proof),
            ("an additional access token", self.access_token.is_some(), id_or_dpop),
            ("a method", self.method.is_some(), has_proof),
            ("a URI", self.uri.is_some(), has_proof),
        ];
        if let Some((option, ..)) = options.iter().find(|(_, is_given, is_checked)| *is_given && !is_checked) {
            let alone = if access && !has_proof { " without a proof" } else { "" };
            return Err(format!("{option} is not for the profile {}{alone}, which does not check it", profile.name()));
        }
        if self.max_unproven_lifetime.is_some() && self.has_clock() {
            return Err("a maximum unproven lifetime is for a floor: with a clock, it is not checked".into());
        }
        let needed = [
            ("a method", has_proof && self.method.is_none()),
            ("a URI", has_proof && self.uri.is_none()),
            ("an access token", dpop && self.access_token.is_none()),
        ];
        match needed.iter().find(|(_, is_missing)| *is_missing) {
            Some((option, _)) if dpop => Err(format!("the profile dpop needs {option}")),
            Some((option, _)) => Err(format!("a proof needs {option}")),
            None => Ok(()),
        }
    }

    /// The proof that came with this access token, if one came, and the expectations on it.
    pub fn of_proof(&self, access_token: &[u8]) -> Option<(&[u8], Self)> {
        let request = Self {
            profile: Profile::Dpop,
            access_token: Some(access_token.into()),
            proof: None,
            // Not shared: a proof that is accepted without a clock withdraws its nonce.
            dpop_nonces: issued(self.nonce.as_deref()),
            ..self.clone()
        };
        Some((self.proof.as_deref()?, request))
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

    pub fn has_clock(&self) -> bool {
        matches!(self.now, Now::Exact(_))
    }

    /// Whether a nonce shows that an ID token or a proof is new. The nonce of a proof says nothing about its access token.
    pub fn is_fresh_by_nonce(&self) -> bool {
        self.profile == Profile::Dpop || (self.profile == Profile::Id && self.nonce.is_some())
    }

    /// The longest lifetime that is accepted.
    pub fn longest_lifetime(&self) -> Option<u64> {
        let unproven = self.max_unproven_lifetime.filter(|_| !self.is_fresh_by_nonce());
        [self.max_lifetime, unproven].into_iter().flatten().min()
    }

    /// The time on the clock, or the floor, and the leeway.
    pub fn clock(&self) -> String {
        let (time, leeway) = (date(self.now.earliest().as_secs()), self.leeway_secs());
        if self.has_clock() {
            format!("{time} (leeway {leeway} s)")
        } else {
            format!("none: it is {time} or later (leeway {leeway} s)")
        }
    }

    /// The leeway in seconds, with the crate's default and limit.
    pub fn leeway_secs(&self) -> u64 {
        self.leeway.unwrap_or(DEFAULT_LEEWAY.as_secs()).min(MAX_LEEWAY.as_secs())
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
        if let Some(secs) = $request.max_unproven_lifetime {
            policy = policy.with_max_unproven_lifetime(Duration::from_secs(secs));
        }
        if let Some(secs) = $request.max_age {
            policy = policy.with_max_age(Duration::from_secs(secs));
        }
        policy
    }};
}
use with_times;
