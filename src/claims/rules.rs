//! The rules that every policy has in common: audience, times and limits.

use core::time::Duration;

use super::Strings;
use super::field::required;
use crate::error::{Claim, Error};
use crate::jose::json::{JsonStr, NumericDate};
use crate::time::{Freshness, Now};

/// The rules that every policy checks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommonRules<'a> {
    recipient: Recipient<'a>,
    pub(crate) leeway: u64,
    pub(crate) max_lifetime: Option<u64>,
    pub(crate) max_token_age: Option<u64>,
    /// The longest lifetime of a token that is accepted although nothing proves that it is fresh.
    pub(crate) max_unproven_lifetime: Option<u64>,
}

/// Whom a token must be for.
#[derive(Clone, Copy, Debug)]
enum Recipient<'a> {
    /// `aud` must contain this, and `exp` is required.
    Audience(&'a str),
    /// `client_id` must be this, `aud` must be absent, and `exp` is required.
    Client(&'a str),
    /// `aud` must be absent, and `exp` may be.
    Everyone,
}

/// Defines the setters that every policy has for its field `rules`.
macro_rules! time_rule_setters {
    () => {
        /// Sets how far the issuer's clock and the device's clock may differ, in whole seconds; a fraction is dropped.
        pub const fn with_leeway(mut self, leeway: core::time::Duration) -> Self {
            self.rules.leeway = leeway.as_secs();
            self
        }

        /// Limits the time from `iat` to `exp`, in whole seconds and without leeway. With a limit, `iat` is required.
        pub const fn with_max_lifetime(mut self, max_lifetime: core::time::Duration) -> Self {
            self.rules.max_lifetime = Some(max_lifetime.as_secs());
            self
        }

        /// Limits the time since `iat`, in whole seconds plus leeway. With a limit, `iat` is required.
        pub const fn with_max_token_age(mut self, max_token_age: core::time::Duration) -> Self {
            self.rules.max_token_age = Some(max_token_age.as_secs());
            self
        }

        /// Accepts a token of at most this lifetime, in whole seconds, although it may have expired: where the time is
        /// not known ([`Now::AtLeast`](crate::Now)) and the token answers no challenge. Such a token must have an
        /// `iat`, and reports that its [freshness](crate::Claims::freshness) is unproven.
        ///
        /// Anyone who recorded such a token can use it until the [`TimeFloor`](crate::TimeFloor) has passed its `exp`.
        /// If the lifetime is some minutes, a small rise of the floor is enough.
        pub const fn with_max_unproven_lifetime(mut self, max_lifetime: core::time::Duration) -> Self {
            self.rules.max_unproven_lifetime = Some(max_lifetime.as_secs());
            self
        }
    };
}
pub(crate) use time_rule_setters;

impl<'a> CommonRules<'a> {
    /// Rules for tokens that have this audience and expire.
    pub(crate) const fn new(audience: &'a str) -> Self {
        Self { recipient: Recipient::Audience(audience), ..Self::new_without_audience() }
    }

    /// Rules for tokens that have no audience, were issued to this client, and expire. The caller compares the client
    /// ([`is_for_client`](Self::is_for_client)).
    pub(crate) const fn new_for_client(client_id: &'a str) -> Self {
        Self { recipient: Recipient::Client(client_id), ..Self::new_without_audience() }
    }

    /// Rules for tokens that have no audience and need not expire.
    pub(crate) const fn new_without_audience() -> Self {
        Self {
            recipient: Recipient::Everyone,
            leeway: DEFAULT_LEEWAY.as_secs(),
            max_lifetime: None,
            max_token_age: None,
            max_unproven_lifetime: None,
        }
    }

    pub(crate) fn check_configured(&self) -> Result<(), Error> {
        match self.recipient {
            Recipient::Audience("") => Err(Error::Unconfigured(Claim::Audience)),
            Recipient::Client("") => Err(Error::Unconfigured(Claim::ClientId)),
            _ => Ok(()),
        }
    }

    /// Whether the rules are for tokens of this client.
    pub(crate) fn is_for_client(&self, client_id: JsonStr<'_>) -> bool {
        matches!(self.recipient, Recipient::Client(expected) if client_id == *expected)
    }

    pub(super) fn check_audience<'b>(&self, aud: Option<Strings<'b>>) -> Result<Strings<'b>, Error> {
        match (self.recipient, aud) {
            (Recipient::Audience(_), None) => Err(Error::Missing(Claim::Audience)),
            (Recipient::Audience(expected), Some(aud)) if aud.contains(expected) => Ok(aud),
            (Recipient::Client(_) | Recipient::Everyone, None) => Ok(Strings::NONE),
            (_, Some(_)) => Err(Error::Mismatch(Claim::Audience)),
        }
    }

    pub(super) fn expiration(&self, exp: Option<NumericDate>) -> Result<i64, Error> {
        match (self.recipient, exp) {
            (_, Some(exp)) => Ok(exp.floor),
            (Recipient::Everyone, None) => Ok(i64::MAX),
            (Recipient::Audience(_) | Recipient::Client(_), None) => Err(Error::Missing(Claim::Expiration)),
        }
    }

    /// Checks the dates, each rounded to the token's disadvantage, and returns how the token was shown to be fresh. A
    /// future `iat` alone is no reason to refuse ([RFC 7519 erratum 7720](https://www.rfc-editor.org/errata/eid7720));
    /// it counts only where an age or a lifetime is computed from it.
    pub(super) fn check_times(
        &self,
        exp: i64,
        nbf: Option<NumericDate>,
        iat: Option<NumericDate>,
        has_challenge: bool,
        now: Now,
    ) -> Result<Freshness, Error> {
        let (earliest, latest) = (now.earliest().as_secs(), now.latest(self.leeway));
        if matches!(now, Now::Exact(clock) if clock.is_unset_clock()) {
            return Err(Error::ClockNotSet);
        }
        if earliest >= exp.saturating_add_unsigned(self.leeway) {
            return Err(Error::Expired);
        }
        if nbf.is_some_and(|nbf| nbf.ceil > latest) {
            return Err(Error::NotYetValid);
        }
        let (freshness, max_lifetime) = match (now, has_challenge, self.max_unproven_lifetime) {
            (Now::Exact(_), ..) => (Freshness::Clock, self.max_lifetime),
            (Now::AtLeast(_), true, _) => (Freshness::Challenge, self.max_lifetime),
            (Now::AtLeast(_), false, Some(max)) => {
                (Freshness::Unproven, Some(self.max_lifetime.map_or(max, |other| max.min(other))))
            }
            (Now::AtLeast(_), false, None) => return Err(Error::TimeUnknown),
        };

        if max_lifetime.is_none() && self.max_token_age.is_none() {
            return Ok(freshness);
        }
        let iat = required(iat, Claim::IssuedAt)?;
        if exp < iat.ceil {
            return Err(Error::Invalid(Claim::IssuedAt));
        }
        if iat.ceil > latest {
            return Err(Error::NotYetValid);
        }
        if max_lifetime.is_some_and(|max| exp > iat.floor.saturating_add_unsigned(max)) {
            return Err(Error::LifetimeTooLong);
        }
        let oldest = earliest.saturating_sub_unsigned(self.leeway);
        if self.max_token_age.is_some_and(|max| oldest > iat.floor.saturating_add_unsigned(max)) {
            return Err(Error::TooOld);
        }
        Ok(freshness)
    }
}

/// The default leeway: 60 s. Clocks kept by NTP differ by less, and
/// [RFC 7519 section 4.1.4](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4) allows a few minutes at most.
pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);
