use crate::claims::{self, required, space_separated};
use crate::error::{Claim, Error};
use crate::jose::json::{JsonStr, NumericDate, Value};
use crate::time::Now;

/// When and how the user logged in: `auth_time` and `acr`, which mean the same in an ID token ([OpenID Connect Core
/// section 2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)) and in an access token
/// ([RFC 9068 section 2.2.1](https://www.rfc-editor.org/rfc/rfc9068#section-2.2.1)).
#[derive(Clone, Copy)]
pub(crate) struct Authentication<'b> {
    pub(crate) time: Option<NumericDate>,
    pub(crate) acr: Option<JsonStr<'b>>,
}

impl<'b> Authentication<'b> {
    /// # Errors
    ///
    /// [`Error::Invalid`] if either is of another type, needed or not.
    pub(crate) fn read(payload: Value<'b>) -> Result<Self, Error> {
        let [time, acr] = payload.members(["auth_time", "acr"]).unwrap_or_default();
        Ok(Self {
            time: claims::optional(time, NumericDate::parse, Claim::AuthenticationTime)?,
            acr: claims::string(acr, Claim::AuthenticationContext)?,
        })
    }
}

/// What a policy demands of the login.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuthenticationRules<'a> {
    pub(crate) max_age: Option<u64>,
    pub(crate) acr: Option<&'a str>,
}

/// The setters that a policy has for its field `authentication`, each of which sets another field besides.
macro_rules! authentication_setters {
    ($($field:ident = $value:expr)?) => {
        /// The longest time since the user logged in (`auth_time`), in whole seconds plus leeway. Then `auth_time` is
        /// required.
        pub const fn with_max_age(mut self, max_age: core::time::Duration) -> Self {
            self.authentication.max_age = Some(max_age.as_secs());
            $(self.$field = $value;)?
            self
        }

        /// The authentication contexts of which `acr` must be one: several are separated by spaces, as in the request
        /// parameter `acr_values`. Without any in it, it refuses every token
        /// ([`Error::Unconfigured`](crate::Error::Unconfigured)).
        pub const fn with_acr(mut self, acr_values: &'a str) -> Self {
            self.authentication.acr = Some(acr_values);
            $(self.$field = $value;)?
            self
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

    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::Mismatch`] and [`Error::AuthenticationTooOld`], which a new login may mend;
    /// [`Error::NotYetValid`] for a login to come.
    pub(crate) fn check(&self, login: &Authentication<'_>, leeway: u64, now: Now) -> Result<(), Error> {
        if let Some(expected) = self.acr {
            let acr = required(login.acr, Claim::AuthenticationContext)?;
            if !space_separated(expected).any(|value| acr == *value) {
                return Err(Error::Mismatch(Claim::AuthenticationContext));
            }
        }
        if let Some(max_age) = self.max_age {
            let time = required(login.time, Claim::AuthenticationTime)?;
            if time.ceil > now.latest(leeway) {
                return Err(Error::NotYetValid);
            }
            let oldest = now.earliest().as_secs().saturating_sub_unsigned(leeway);
            if oldest > time.floor.saturating_add_unsigned(max_age) {
                return Err(Error::AuthenticationTooOld);
            }
        }
        Ok(())
    }
}
