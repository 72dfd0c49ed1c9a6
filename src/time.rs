//! The time as an argument, and how a token is shown to be fresh. The crate never reads a clock.

use core::time::Duration;

/// A point in time, in whole seconds since 1970-01-01T00:00:00Z, leap seconds not counted
/// (`NumericDate` of [RFC 7519 section 2](https://www.rfc-editor.org/rfc/rfc7519#section-2)).
///
/// The crate never reads a clock: the time is an argument. A clock before 2010 was never set, since real-time clocks
/// start at 1970, 1980 or 2000: then tokens, proofs and changes of a store are refused
/// ([`Error::ClockNotSet`](crate::Error::ClockNotSet)). Until the clock has been set since boot, pass
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

    /// Whether this is the time of a clock that was never set.
    pub(crate) const fn is_unset_clock(self) -> bool {
        self.0 < FIRST_SET_CLOCK
    }

    /// The time this much later, in whole seconds; a fraction is dropped. Saturates at the ends of the range.
    pub const fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(duration.as_secs()))
    }
}

/// A time that is known to have passed, however long ago: the current time is this or later.
///
/// It is no current time, and cannot be used as one: a token that expired an hour ago would look fresh.
///
/// ```compile_fail,E0308
/// # use embedded_jwt::{TimeFloor, UnixTime};
/// # fn f(floor: TimeFloor<'_>) {
/// let now: UnixTime = floor.at();
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct EarliestTime(UnixTime);

impl EarliestTime {
    /// The time this many seconds after 1970-01-01T00:00:00Z.
    pub const fn from_secs(secs: i64) -> Self {
        Self(UnixTime(secs))
    }

    /// The seconds since 1970-01-01T00:00:00Z.
    pub const fn as_secs(self) -> i64 {
        self.0.0
    }
}

/// The current time, as far as the device knows it. [`TimeFloor::now`](crate::TimeFloor::now) gives it to a device
/// whose clock may be unset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Now {
    /// The clock is set, and differs from the issuer's clock by no more than the policy's leeway.
    Exact(UnixTime),
    /// The clock is not set, but the time is this or later, as a [`TimeFloor`](crate::TimeFloor) knows. A token that
    /// has expired by then is refused, and every other token too ([`Error::TimeUnknown`](crate::Error::TimeUnknown)),
    /// unless a challenge proves the token's freshness or the policy accepts a token without a proof. Then `nbf`, and
    /// ages that count from the current time, are checked only against this time, which may be far behind, and against
    /// the token's own `iat` and `nbf`.
    AtLeast(EarliestTime),
}

impl From<UnixTime> for Now {
    fn from(time: UnixTime) -> Self {
        Self::Exact(time)
    }
}

impl From<EarliestTime> for Now {
    fn from(time: EarliestTime) -> Self {
        Self::AtLeast(time)
    }
}

impl Now {
    /// The earliest possible current time.
    pub const fn earliest(self) -> EarliestTime {
        match self {
            Self::Exact(time) => EarliestTime(time),
            Self::AtLeast(time) => time,
        }
    }

    /// The earliest possible current time, to be compared with other times; `None` if the clock was never set.
    pub(crate) const fn known(self) -> Option<UnixTime> {
        match self {
            Self::Exact(clock) if clock.is_unset_clock() => None,
            _ => Some(self.earliest().0),
        }
    }
}

/// 2010-01-01T00:00:00Z. A clock before it was never set: real-time clocks start at 1970, 1980 or 2000, and the examples
/// of the standards are from 2011.
const FIRST_SET_CLOCK: i64 = 1_262_304_000;

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
