//! What a payload says: the claims, their types, and the rules that every policy checks.

pub(crate) mod authentication;
mod confirmation;
mod status;
mod strings;

use core::fmt;
use core::time::Duration;

pub use confirmation::Confirmation;
use serde::Deserialize;
pub use status::StatusReference;
pub use strings::Strings;

use crate::error::{Claim, Error};
use crate::jose::json::{self, JsonStr, Members, NumericDate, Value};
use crate::time::{Freshness, Now, UnixTime};

/// The claims of an accepted token ([RFC 7519 section 4](https://www.rfc-editor.org/rfc/rfc7519#section-4)).
///
/// Every kind of token derefs to them. Strings are true strings: nothing in them is still escaped.
#[derive(Clone, Copy)]
pub struct Claims<'b> {
    payload: Value<'b>,
    issuer: &'b str,
    subject: Option<&'b str>,
    audience: Strings<'b>,
    jwt_id: Option<&'b str>,
    expires_at: UnixTime,
    not_before: Option<UnixTime>,
    issued_at: Option<UnixTime>,
    freshness: Freshness,
}

impl<'b> Claims<'b> {
    /// Who issued the token (`iss`): the name of the issuer whose key verified it.
    pub fn issuer(&self) -> &'b str {
        self.issuer
    }

    /// Whom the token is about (`sub`), in the issuer's terms: unique only together with the issuer.
    pub fn subject(&self) -> Option<&'b str> {
        self.subject
    }

    /// All whom the token is meant for (`aud`), the policy's audience among them.
    pub fn audience(&self) -> Strings<'b> {
        self.audience
    }

    /// The token's identity (`jti`), unique only together with the issuer.
    pub fn jwt_id(&self) -> Option<&'b str> {
        self.jwt_id
    }

    /// The moment from which the token is void (`exp`), in whole seconds rounded down, without any leeway; the last
    /// moment there is for the few kinds that need not have one ([`TypedPolicy::new_without_audience`](crate::TypedPolicy)).
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// The moment from which the token is valid (`nbf`), in whole seconds rounded up.
    pub fn not_before(&self) -> Option<UnixTime> {
        self.not_before
    }

    /// When the token was issued (`iat`), in whole seconds rounded down.
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.issued_at
    }

    /// What shows that the token is of now: the clock, unless the device has none that is set.
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// Any claim that is a string or an array of strings: `roles`, `groups`, `entitlements`
    /// ([RFC 9068 section 2.2.3.1](https://www.rfc-editor.org/rfc/rfc9068#section-2.2.3.1)), `permissions`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if the token has no such claim, [`Error::Invalid`] if it is anything else.
    ///
    /// # Example: a role
    ///
    /// ```
    /// # fn f(token: embedded_jwt::AccessToken<'_>) -> bool {
    /// token.strings("roles").is_ok_and(|roles| roles.contains("maintainer"))
    /// # }
    /// ```
    pub fn strings(&self, name: &str) -> Result<Strings<'b>, Error> {
        let value = self.payload.member(name).ok_or(Error::Missing(Claim::Other))?;
        Strings::new(value).ok_or(Error::Invalid(Claim::Other))
    }

    /// All claims as a type of your own.
    ///
    /// Borrowed `&str`, numbers, `bool`, `Option`, enums, tuples, nested structs and the collections of `heapless`
    /// (with its feature `serde`) work. A `&str` can borrow only what is not escaped in the token (a quotation mark, a
    /// backslash, a control character); `heapless::String` takes those too, in strings of up to 256 bytes. What has to
    /// look ahead or to allocate (`#[serde(flatten)]`, untagged and internally tagged enums) does not work, and map
    /// keys are strings. An integer `-0` reads as 0.
    ///
    /// # Errors
    ///
    /// [`Error::Deserialize`] if the claims do not have the shape of `C`, or any member's name, one that `C` ignores
    /// too, has more than 256 bytes of which one is escaped. `null` and numbers that overflow are never read as floats
    /// that are not finite.
    ///
    /// # Example: claims of a pump
    ///
    /// ```
    /// use embedded_jwt::{AccessToken, Error};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct PumpClaims<'b> {
    ///     site: &'b str,
    ///     max_rpm: u16,
    ///     zones: heapless::Vec<u8, 8>,
    /// }
    ///
    /// fn limit(token: &AccessToken<'_>) -> Result<u16, Error> {
    ///     let pump: PumpClaims = token.claims()?;
    ///     Ok(pump.max_rpm)
    /// }
    /// ```
    pub fn claims<C: Deserialize<'b>>(&self) -> Result<C, Error> {
        json::deserialize(self.payload)
    }

    pub(crate) fn payload(&self) -> Value<'b> {
        self.payload
    }
}

/// Without the values: they may be personal data.
impl fmt::Debug for Claims<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims").finish_non_exhaustive()
    }
}

/// The registered claims as read and not yet judged.
pub(crate) struct RegisteredClaims<'b> {
    payload: Value<'b>,
    iss: JsonStr<'b>,
    pub(crate) sub: Option<JsonStr<'b>>,
    pub(crate) aud: Option<Strings<'b>>,
    exp: Option<NumericDate>,
    nbf: Option<NumericDate>,
    pub(crate) iat: Option<NumericDate>,
    pub(crate) jti: Option<JsonStr<'b>>,
}

impl<'b> RegisteredClaims<'b> {
    pub(crate) const NAMES: [&'static str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

    /// Reads those of these names.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if `iss` is absent; [`Error::Invalid`] if any claim is of another type or out of range, needed
    /// or not.
    pub(crate) fn read(payload: Value<'b>, found: Members<'b, 7>) -> Result<Self, Error> {
        let [iss, sub, aud, exp, nbf, iat, jti] = found;
        Ok(Self {
            payload,
            iss: required(string(iss, Claim::Issuer)?, Claim::Issuer)?,
            sub: string(sub, Claim::Subject)?,
            aud: optional(aud, Strings::new, Claim::Audience)?,
            exp: optional(exp, NumericDate::parse, Claim::Expiration)?,
            nbf: optional(nbf, NumericDate::parse, Claim::NotBefore)?,
            iat: optional(iat, NumericDate::parse, Claim::IssuedAt)?,
            jti: string(jti, Claim::JwtId)?,
        })
    }

    /// Holds the claims against what every policy checks, and unescapes into `scratch` what is returned.
    pub(crate) fn accept(
        self,
        rules: &CommonRules<'_>,
        now: Now,
        scratch: &mut &'b mut [u8],
    ) -> Result<Claims<'b>, Error> {
        let exp = rules.expiration(self.exp)?;
        let audience = rules.check_audience(self.aud)?;
        let freshness = rules.check_times(exp, self.nbf, self.iat, now)?;
        Ok(Claims {
            payload: self.payload,
            issuer: self.iss.unescape_into(scratch)?,
            subject: self.sub.map(|sub| sub.unescape_into(scratch)).transpose()?,
            audience,
            jwt_id: self.jti.map(|jti| jti.unescape_into(scratch)).transpose()?,
            expires_at: UnixTime::from_secs(exp),
            not_before: self.nbf.map(|nbf| UnixTime::from_secs(nbf.ceil)),
            issued_at: self.iat.map(|iat| UnixTime::from_secs(iat.floor)),
            freshness,
        })
    }
}

/// A string, or nothing; any other type is refused, needed or not.
pub(crate) fn string(value: Option<Value<'_>>, claim: Claim) -> Result<Option<JsonStr<'_>>, Error> {
    optional(value, Value::string, claim)
}

pub(crate) fn optional<'b, T>(
    value: Option<Value<'b>>,
    read: impl FnOnce(Value<'b>) -> Option<T>,
    claim: Claim,
) -> Result<Option<T>, Error> {
    value.map(|value| read(value).ok_or(Error::Invalid(claim))).transpose()
}

pub(crate) fn required<T>(value: Option<T>, claim: Claim) -> Result<T, Error> {
    value.ok_or(Error::Missing(claim))
}

/// The values of a list such as `scope` and `acr_values`
/// ([RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).
pub(crate) fn space_separated(list: &str) -> impl Iterator<Item = &str> {
    list.split([' ']).filter(|value| !value.is_empty())
}

/// # Errors
///
/// [`Error::Unconfigured`] if what is expected of a claim is empty.
pub(crate) fn refuse_empty<const N: usize>(expectations: [(Option<&[u8]>, Claim); N]) -> Result<(), Error> {
    match expectations.into_iter().find(|(expected, _)| *expected == Some(b"")) {
        Some((_, claim)) => Err(Error::Unconfigured(claim)),
        None => Ok(()),
    }
}

/// What every policy checks alike.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommonRules<'a> {
    /// `None`: the kind is for anyone, and need not expire.
    audience: Option<&'a str>,
    pub(crate) leeway: u64,
    pub(crate) max_lifetime: Option<u64>,
    pub(crate) max_token_age: Option<u64>,
    /// Whether the policy has a challenge for the token to answer.
    pub(crate) has_challenge: bool,
    /// The lifetime of tokens that are accepted although nothing proves that they are fresh.
    pub(crate) max_unproven_lifetime: Option<u64>,
}

/// The setters that every policy has, for its field `rules`.
macro_rules! time_rule_setters {
    () => {
        /// How far the issuer's clock and the device's may differ, in whole seconds; a fraction is dropped.
        pub const fn with_leeway(mut self, leeway: core::time::Duration) -> Self {
            self.rules.leeway = leeway.as_secs();
            self
        }

        /// The longest time from `iat` to `exp`, in whole seconds and without leeway. Then `iat` is required.
        pub const fn with_max_lifetime(mut self, max_lifetime: core::time::Duration) -> Self {
            self.rules.max_lifetime = Some(max_lifetime.as_secs());
            self
        }

        /// The longest time since `iat`, in whole seconds plus leeway. Then `iat` is required.
        pub const fn with_max_token_age(mut self, max_token_age: core::time::Duration) -> Self {
            self.rules.max_token_age = Some(max_token_age.as_secs());
            self
        }

        /// Where the time is not known ([`Now::AtLeast`](crate::Now)) and no challenge is answered, also a token that may
        /// have expired, if it was issued for no longer than this, in whole seconds. Then `iat` is required, and the token
        /// says that its [freshness](crate::Claims::freshness) is unproven.
        ///
        /// Whoever once recorded such a token can use it until the [`TimeFloor`](crate::TimeFloor) has passed its `exp`.
        /// A lifetime of minutes bounds by how much the floor has to rise for that.
        pub const fn with_max_unproven_lifetime(mut self, max_lifetime: core::time::Duration) -> Self {
            self.rules.max_unproven_lifetime = Some(max_lifetime.as_secs());
            self
        }
    };
}
pub(crate) use time_rule_setters;

impl<'a> CommonRules<'a> {
    pub(crate) const fn new(audience: &'a str) -> Self {
        Self { audience: Some(audience), ..Self::for_anyone() }
    }

    pub(crate) const fn for_anyone() -> Self {
        Self {
            audience: None,
            leeway: DEFAULT_LEEWAY.as_secs(),
            max_lifetime: None,
            max_token_age: None,
            has_challenge: false,
            max_unproven_lifetime: None,
        }
    }

    pub(crate) fn check_configured(&self) -> Result<(), Error> {
        if self.audience == Some("") { Err(Error::Unconfigured(Claim::Audience)) } else { Ok(()) }
    }

    fn check_audience<'b>(&self, aud: Option<Strings<'b>>) -> Result<Strings<'b>, Error> {
        match (self.audience, aud) {
            (None, None) => Ok(Strings::NONE),
            (Some(_), None) => Err(Error::Missing(Claim::Audience)),
            (Some(expected), Some(aud)) if aud.contains(expected) => Ok(aud),
            _ => Err(Error::Mismatch(Claim::Audience)),
        }
    }

    fn expiration(&self, exp: Option<NumericDate>) -> Result<i64, Error> {
        match (self.audience, exp) {
            (_, Some(exp)) => Ok(exp.floor),
            (None, None) => Ok(i64::MAX),
            (Some(_), None) => Err(Error::Missing(Claim::Expiration)),
        }
    }

    /// Dates are rounded against the token. A future `iat` alone refuses nothing
    /// ([RFC 7519 erratum 7720](https://www.rfc-editor.org/errata/eid7720)); it counts where an age or a lifetime is
    /// computed from it.
    fn check_times(
        &self,
        exp: i64,
        nbf: Option<NumericDate>,
        iat: Option<NumericDate>,
        now: Now,
    ) -> Result<Freshness, Error> {
        let (earliest, latest) = (now.earliest().as_secs(), now.latest(self.leeway));
        if matches!(now, Now::Exact(_)) && earliest <= 0 {
            return Err(Error::ClockNotSet);
        }
        if earliest >= exp.saturating_add_unsigned(self.leeway) {
            return Err(Error::Expired);
        }
        if nbf.is_some_and(|nbf| nbf.ceil > latest) {
            return Err(Error::NotYetValid);
        }
        let (freshness, max_lifetime) = match (now, self.has_challenge, self.max_unproven_lifetime) {
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

/// How far an issuer's clock and the device's may differ unless a policy says otherwise: clocks kept by NTP differ by
/// less, and [RFC 7519 section 4.1.4](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4) allows some minutes at
/// most.
pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);
