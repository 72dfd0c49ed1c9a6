//! The time as an argument, and how a token is shown to be fresh. The crate never reads a clock.

/// A point in time, in whole seconds since 1970-01-01T00:00:00Z, leap seconds not counted
/// (`NumericDate` of [RFC 7519 section 2](https://www.rfc-editor.org/rfc/rfc7519#section-2)).
///
/// The crate never reads a clock: the time is an argument. A time that is not after 1970-01-01T00:00:00Z is taken for a
/// clock that was never set, and every token is refused. Until the clock has been set since boot, pass
/// [`Now::AtLeast`], since a clock that restarts at some later date makes expired tokens look fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UnixTime(i64);

impl UnixTime {
    /// The time this many seconds after 1970-01-01T00:00:00Z, or before it if negative.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs)
    }

    /// The seconds since 1970-01-01T00:00:00Z, negative before it.
    pub const fn as_secs(self) -> i64 {
        self.0
    }

    /// Whether this is the time of a clock that was never set: then tokens, proofs and statuses are refused with
    /// [`Error::ClockNotSet`](crate::Error::ClockNotSet).
    pub(crate) const fn is_unset_clock(self) -> bool {
        self.0 <= 0
    }
}

/// The current time, as far as the device knows it when it validates a token.
///
/// ```
/// # use embedded_jwt::{AccessToken, AccessTokenPolicy, Error, Now, TimeFloor, UnixTime, Verified};
/// # fn f<'b>(verified: Verified<'_, 'b>, policy: &AccessTokenPolicy<'_>, clock: Option<UnixTime>, floor: TimeFloor<'_>)
/// # -> Result<AccessToken<'b>, Error> {
/// // A clock that is behind the floor is wrong.
/// let now = clock.filter(|clock| *clock >= floor.at()).map_or(floor.now(), Now::Exact);
/// verified.into_access_token(policy, now)
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Now {
    /// The clock is set, and differs from the issuer's clock by no more than the policy's leeway.
    Exact(UnixTime),
    /// The clock is not set, but the time is this or later, as a [`TimeFloor`](crate::TimeFloor) knows. A token that
    /// has expired by then is refused, and every other token too ([`Error::TimeUnknown`](crate::Error::TimeUnknown)),
    /// unless a challenge proves the token's freshness or the policy accepts a token without a proof. Then `nbf`, and
    /// ages that count from the current time, are checked only against this time, which may be far behind.
    AtLeast(UnixTime),
}

impl From<UnixTime> for Now {
    fn from(time: UnixTime) -> Self {
        Self::Exact(time)
    }
}

impl Now {
    /// The earliest possible current time.
    pub const fn earliest(self) -> UnixTime {
        match self {
            Self::Exact(time) | Self::AtLeast(time) => time,
        }
    }

    /// The latest possible current time, in seconds since 1970, by a clock that may be slow by `leeway` seconds.
    pub(crate) const fn latest(self, leeway: u64) -> i64 {
        match self {
            Self::Exact(time) => time.0.saturating_add_unsigned(leeway),
            Self::AtLeast(_) => i64::MAX,
        }
    }
}

/// How an accepted token was shown to be fresh, rather than recorded long ago: normally by the device's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Freshness {
    /// The device's clock shows that the token has not expired.
    Clock,
    /// The token contains a challenge that the device issued recently. When the token expires is unknown: act on it at
    /// once.
    Challenge,
    /// Nothing shows that the token is fresh: it may have expired. The policy accepts it all the same.
    Unproven,
}
