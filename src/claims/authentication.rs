//! The user's login (`auth_time`, `acr`): its claims, and the rules for them, which are the same for ID tokens and
//! access tokens.

use super::field::{optional, required, space_separated, string};
use super::rules::TimeBounds;
use crate::error::{Claim, Error};
use crate::jose::json::{JsonStr, NumericDate, Value};

/// The claims about the user's login, as found: a claim of another type counts only for a policy that asks for it. They
/// mean the same in an ID token ([OpenID Connect Core
/// section 2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)) and in an access token
/// ([RFC 9068 section 2.2.1](https://www.rfc-editor.org/rfc/rfc9068#section-2.2.1)).
#[derive(Clone, Copy)]
pub(crate) struct Authentication<'b> {
    time: Option<Value<'b>>,
    acr: Option<Value<'b>>,
}

impl<'b> Authentication<'b> {
    pub(crate) fn find(payload: Value<'b>) -> Self {
        let [time, acr] = payload.members(["auth_time", "acr"]).unwrap_or_default();
        Self { time, acr }
    }

    /// `auth_time`, or `None` if it is absent or of another type.
    pub(crate) fn time(&self) -> Option<NumericDate> {
        self.time.and_then(NumericDate::parse)
    }

    /// `acr`, or `None` if it is absent or of another type.
    pub(crate) fn acr(&self) -> Option<JsonStr<'b>> {
        self.acr.and_then(Value::string)
    }
}

/// The requirements of a policy for the user's login.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuthenticationRules<'a> {
    pub(crate) max_age: Option<u64>,
    pub(crate) acr: Option<&'a str>,
}

/// Defines the setters for the [`AuthenticationRules`] of a policy. The second argument is the path from the policy to
/// them.
macro_rules! authentication_setters {
    (|$policy:ident| $rules:expr) => {
        /// Limits the time since the user logged in (`auth_time`), in whole seconds plus leeway. With a limit,
        /// `auth_time` is required.
        pub const fn with_max_age(self, max_age: core::time::Duration) -> Self {
            let mut $policy = self;
            $rules.max_age = Some(max_age.as_secs());
            $policy
        }

        /// Requires that `acr` is one of these authentication contexts, which are separated by spaces as in the request
        /// parameter `acr_values`. An empty list refuses every token
        /// ([`Error::Unconfigured`](crate::Error::Unconfigured)).
        pub const fn with_acr(self, acr_values: &'a str) -> Self {
            let mut $policy = self;
            $rules.acr = Some(acr_values);
            $policy
        }
    };
}
pub(crate) use authentication_setters;

impl AuthenticationRules<'_> {
    pub(crate) const NONE: Self = Self { max_age: None, acr: None };

    pub(crate) fn is_none(&self) -> bool {
        self.max_age.is_none() && self.acr.is_none()
    }

    pub(crate) fn check_configured(&self) -> Result<(), Error> {
        match self.acr {
            Some(acr) if space_separated(acr).next().is_none() => {
                Err(Error::Unconfigured(Claim::AuthenticationContext))
            }
            _ => Ok(()),
        }
    }

    /// Checks the user's login, first `acr` and then `auth_time`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::Mismatch`] and [`Error::AuthenticationTooOld`], which a new login may fix;
    /// [`Error::NotYetValid`] for a login in the future; [`Error::Invalid`] if a claim that is asked for has another
    /// type.
    pub(crate) fn check(&self, login: &Authentication<'_>, now: &TimeBounds) -> Result<(), Error> {
        if let Some(expected) = self.acr {
            let acr = string(login.acr, Claim::AuthenticationContext)?;
            let acr = required(acr, Claim::AuthenticationContext)?;
            if !space_separated(expected).any(|value| acr == *value) {
                return Err(Error::Mismatch(Claim::AuthenticationContext));
            }
        }
        if let Some(max_age) = self.max_age {
            let time = optional(login.time, NumericDate::parse, Claim::AuthenticationTime)?;
            let time = required(time, Claim::AuthenticationTime)?;
            if time.ceil > now.latest {
                return Err(Error::NotYetValid);
            }
            if now.is_older(time.floor, max_age) {
                return Err(Error::AuthenticationTooOld);
            }
        }
        Ok(())
    }
}
