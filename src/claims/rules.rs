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
        /// Sets how far the issuer's clock and the device's clock may differ, in whole seconds; a fraction is dropped,
        /// and so is what exceeds [`MAX_LEEWAY`](crate::MAX_LEEWAY).
        pub const fn with_leeway(mut self, leeway: core::time::Duration) -> Self {
            self.rules.leeway = crate::claims::bounded_leeway(leeway);
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
        /// Anyone who recorded such a token can use it until the [`TimeFloor`](crate::TimeFloor) has passed its `exp`
        /// and the leeway. If the lifetime is some minutes, a small rise of the floor is enough.
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
        let time = TimeBounds::new(now, self.leeway, iat.map(|iat| iat.floor), nbf.map(|nbf| nbf.ceil))?;
        if time.is_expired(exp) {
            return Err(Error::Expired);
        }
        if nbf.is_some_and(|nbf| nbf.ceil > time.latest) {
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
        if iat.ceil > time.latest {
            return Err(Error::NotYetValid);
        }
        if max_lifetime.is_some_and(|max| exp > iat.floor.saturating_add_unsigned(max)) {
            return Err(Error::LifetimeTooLong);
        }
        if self.max_token_age.is_some_and(|max| time.is_older(iat.floor, max)) {
            return Err(Error::TooOld);
        }
        Ok(freshness)
    }
}

/// The current time as far as it is known when one token is validated, in seconds since 1970.
///
/// The issuer's clock differs from the device's by up to the leeway. Where the device has only a lower bound, the
/// token's own `iat` and `nbf` are another one, for this token alone: they come from the same clock as `exp` and
/// `auth_time`, so they count without leeway.
pub(crate) struct TimeBounds {
    /// The earliest time on the device's clock.
    earliest: i64,
    leeway: u64,
    /// The earliest time on the issuer's clock by the token itself.
    by_token: i64,
    /// The latest time on the issuer's clock.
    pub(crate) latest: i64,
}

impl TimeBounds {
    /// # Errors
    ///
    /// [`Error::ClockNotSet`] if the clock was never set.
    pub(crate) fn new(now: Now, leeway: u64, iat: Option<i64>, nbf: Option<i64>) -> Result<Self, Error> {
        let earliest = now.known().ok_or(Error::ClockNotSet)?.as_secs();
        Ok(match now {
            Now::Exact(_) => {
                let latest = earliest.saturating_add_unsigned(leeway);
                Self { earliest, leeway, by_token: i64::MIN, latest }
            }
            Now::AtLeast(_) => {
                let by_token = iat.max(nbf).unwrap_or(i64::MIN);
                Self { earliest, leeway, by_token, latest: i64::MAX }
            }
        })
    }

    /// Whether a token that expires at `exp` has expired.
    fn is_expired(&self, exp: i64) -> bool {
        self.earliest >= exp.saturating_add_unsigned(self.leeway) || self.by_token >= exp
    }

    /// Whether more than `max_age` seconds have passed since `start`.
    pub(crate) fn is_older(&self, start: i64, max_age: u64) -> bool {
        self.earliest.saturating_sub_unsigned(self.leeway).max(self.by_token) > start.saturating_add_unsigned(max_age)
    }
}

/// The leeway in whole seconds, at most [`MAX_LEEWAY`].
pub(crate) const fn bounded_leeway(leeway: Duration) -> u64 {
    let leeway = leeway.as_secs();
    if leeway < MAX_LEEWAY.as_secs() { leeway } else { MAX_LEEWAY.as_secs() }
}

/// The default leeway: 60 s. Clocks kept by NTP differ by less, and
/// [RFC 7519 section 4.1.4](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4) allows a few minutes at most.
pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);

/// The largest leeway of any policy: 5 minutes, since
/// [RFC 7519 section 4.1.4](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4) allows a few minutes at most. With it,
/// the moment from which every policy refuses a token is known: [`Claims::refused_from`](crate::Claims::refused_from).
pub const MAX_LEEWAY: Duration = Duration::from_secs(300);
