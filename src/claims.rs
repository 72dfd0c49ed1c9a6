//! The claims of a payload. Authentic JSON enters: its claims are read, and checked by the rules that every policy has.
//! Validated [`Claims`] leave.

pub(crate) mod authentication;
mod confirmation;
pub(crate) mod field;
pub(crate) mod marks;
mod registered;
pub(crate) mod rules;
mod status;
mod strings;

pub use confirmation::Confirmation;
pub use rules::{DEFAULT_LEEWAY, MAX_LEEWAY};
pub use status::StatusReference;
pub use strings::Strings;

pub(crate) use registered::RegisteredClaims;
pub(crate) use rules::{CommonRules, TimeBounds, bounded_leeway};

use core::fmt;

use serde::Deserialize;

use crate::error::{Claim, Error};
use crate::jose::json::{self, Value};
use crate::time::{Freshness, Now, UnixTime};

/// The claims of an accepted token ([RFC 7519 section 4](https://www.rfc-editor.org/rfc/rfc7519#section-4)).
///
/// Every type of accepted token derefs to `Claims`. Strings are returned unescaped.
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
    /// The issuer of the token (`iss`): the name of the issuer whose key verified the signature.
    pub fn issuer(&self) -> &'b str {
        self.issuer
    }

    /// The user or client that the token is about (`sub`), as the issuer names it. Unique only together with the
    /// issuer.
    pub fn subject(&self) -> Option<&'b str> {
        self.subject
    }

    /// All recipients that the token is meant for (`aud`), including the policy's audience.
    pub fn audience(&self) -> Strings<'b> {
        self.audience
    }

    /// The token's identity (`jti`). Unique only together with the issuer.
    pub fn jwt_id(&self) -> Option<&'b str> {
        self.jwt_id
    }

    /// The time at which the token expires (`exp`), in whole seconds rounded down, without leeway. It is `i64::MAX` for
    /// tokens without `exp`, which only a policy [without an audience](crate::TypedPolicy::new_without_audience)
    /// accepts.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// The moment from which every policy refuses the token: its `exp` plus [`MAX_LEEWAY`]. This is the `until` of its
    /// revocation.
    pub fn refused_from(&self) -> UnixTime {
        self.expires_at.plus(MAX_LEEWAY)
    }

    /// The time from which the token is valid (`nbf`), in whole seconds rounded up.
    pub fn not_before(&self) -> Option<UnixTime> {
        self.not_before
    }

    /// The time at which the token was issued (`iat`), in whole seconds rounded down.
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.issued_at
    }

    /// How the token was shown to be fresh: normally by the device's clock.
    pub fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// Returns a claim that is a string or an array of strings, such as `roles`, `groups`, `entitlements`
    /// ([RFC 9068 section 2.2.3.1](https://www.rfc-editor.org/rfc/rfc9068#section-2.2.3.1)) or `permissions`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if the token has no such claim, [`Error::Invalid`] if the claim is neither.
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

    /// Deserializes all claims into a type of your own.
    ///
    /// Borrowed `&str`, numbers, `bool`, `Option`, enums, tuples, nested structs and the collections of `heapless`
    /// (with its feature `serde`) work. A `&str` can borrow only a string without escapes (no quotation mark, backslash
    /// or control character); `heapless::String` takes escaped strings too, up to 256 bytes. Types that look ahead or
    /// allocate (`#[serde(flatten)]`, untagged and internally tagged enums) do not work, and map keys must be strings.
    /// An integer `-0` is read as 0.
    ///
    /// # Errors
    ///
    /// [`Error::Deserialize`] if the claims do not fit `C`, with the reason as a [`Misfit`](crate::Misfit). It is also
    /// returned if the name of any member, even of an ignored one, has an escape and more than 256 bytes. `null` and
    /// numbers that overflow are never read as non-finite floats.
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
    ///
    /// # Example: a struct in a struct
    ///
    /// If it borrows too, its member needs `#[serde(borrow)]`:
    ///
    /// ```
    /// #[derive(serde::Deserialize)]
    /// struct PumpClaims<'b> {
    ///     #[serde(borrow)]
    ///     place: Place<'b>,
    ///     #[serde(borrow)]
    ///     before: Option<Place<'b>>,
    /// }
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Place<'b> {
    ///     site: &'b str,
    ///     hall: Option<&'b str>,
    /// }
    ///
    /// # fn f(token: &embedded_jwt::AccessToken<'_>) -> Result<bool, embedded_jwt::Error> {
    /// Ok(token.claims::<PumpClaims>()?.place.site == "north")
    /// # }
    /// ```
    pub fn claims<C: Deserialize<'b>>(&self) -> Result<C, Error> {
        json::deserialize(self.payload)
    }

    /// The key or certificate that the token is bound to (`cnf`), if it is bound to one that can be read.
    pub(crate) fn confirmation(&self) -> Option<Confirmation<'b>> {
        self.payload.member("cnf").and_then(|cnf| Confirmation::parse(cnf).ok())
    }

    pub(crate) fn payload(&self) -> Value<'b> {
        self.payload
    }

    /// The current time as far as it is known for this token.
    pub(crate) fn time_bounds(&self, now: Now, leeway: u64) -> Result<TimeBounds, Error> {
        let secs = |time: Option<UnixTime>| time.map(UnixTime::as_secs);
        TimeBounds::new(now, leeway, secs(self.issued_at), secs(self.not_before))
    }
}

/// Omits the values, which may be personal data.
impl fmt::Debug for Claims<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims").finish_non_exhaustive()
    }
}
