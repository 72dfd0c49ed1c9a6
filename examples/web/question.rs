//! The question: the fields of the page's form, all of them text. An empty field is not given.

use alloc::format;
use alloc::string::{String, ToString};
use core::str::FromStr;

use embedded_jwt::{EarliestTime, Now, UnixTime};
use report::profile::Profile;
use report::request::{Request, issued};
use report::verification::{SOFTWARE, only};
use serde::{Deserialize, Serialize};

#[path = "../verify/bundle.rs"]
mod bundle;

/// The names are the options of the example `verify`, less the hyphens.
#[derive(Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Question {
    pub token: String,
    pub jwks: String,
    pub issuer: String,
    pub audience: String,
    pub profile: String,
    pub now: String,
    /// In place of `now`, for a device without a clock.
    pub floor: String,
    pub leeway: String,
    pub max_lifetime: String,
    pub max_token_age: String,
    pub max_unproven_lifetime: String,
    pub max_age: String,
    /// The required scopes, separated by spaces.
    pub scope: String,
    pub scope_claim: String,
    pub nonce: String,
    pub access_token: String,
    pub method: String,
    pub uri: String,
    pub proof: String,
    pub alg: String,
}

impl Question {
    /// The tokens of the demo of `verify`, at the time when they are valid.
    pub fn examples() -> [(&'static str, Self); 4] {
        let tokens = [
            ("signed with ES256", bundle::ES256_TOKEN),
            ("signed with EdDSA", bundle::EDDSA_TOKEN),
            ("forged", bundle::FORGED_TOKEN),
            ("an ID token", bundle::ID_TOKEN),
        ];
        tokens.map(|(title, token)| {
            let question = Self {
                token: token.into(),
                jwks: bundle::JWKS.into(),
                issuer: bundle::ISSUER.into(),
                audience: bundle::AUDIENCE.into(),
                profile: Profile::Access.name().into(),
                now: bundle::NOW.to_string(),
                ..Self::default()
            };
            (title, question)
        })
    }

    /// The expectations on the token, or why they cannot be understood.
    pub fn request(&self) -> Result<Request, String> {
        let now = match (number("the time", &self.now)?, number("the floor", &self.floor)?) {
            (Some(now), None) => Now::Exact(UnixTime::from_secs(now)),
            (None, Some(floor)) => Now::AtLeast(EarliestTime::from_secs(floor)),
            (Some(_), Some(_)) => return Err("a floor is for a device without a clock: leave out the time".into()),
            (None, None) => return Err("the time is missing".into()),
        };
        let profile = Profile::named(&self.profile)?;
        let has_issuer = profile != Profile::Dpop;
        let backends = given(&self.alg).map_or(Ok(SOFTWARE), |alg| only(&alg, SOFTWARE))?;
        let nonce = given(&self.nonce);
        let scopes = given(&self.scope);
        if scopes.as_ref().is_some_and(|scopes| scopes.trim_matches(' ').is_empty()) {
            return Err("the scope is empty".into());
        }
        let request = Request {
            issuer: if has_issuer { self.issuer.clone() } else { String::new() },
            audience: if has_issuer { self.audience.clone() } else { String::new() },
            leeway: number("the leeway", &self.leeway)?,
            max_lifetime: number("the maximum lifetime", &self.max_lifetime)?,
            max_token_age: number("the maximum token age", &self.max_token_age)?,
            max_unproven_lifetime: number("the maximum unproven lifetime", &self.max_unproven_lifetime)?,
            max_age: number("the maximum age of the login", &self.max_age)?,
            scopes,
            scope_claim: given(&self.scope_claim),
            dpop_nonces: issued(nonce.as_deref()),
            nonce,
            access_token: given(&self.access_token).map(String::into_bytes),
            method: given(&self.method),
            uri: given(&self.uri),
            proof: given(&self.proof).map(String::into_bytes),
            ..Request::new(backends, profile, now)
        };
        request.check_profile()?;
        Ok(request)
    }
}

fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.into())
}

fn number<T: FromStr>(what: &str, text: &str) -> Result<Option<T>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| format!("{what} is a whole number of seconds in range, not {text:?}"))
}
