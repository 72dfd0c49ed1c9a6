/// A moment, in whole seconds since 1970-01-01T00:00:00Z, leap seconds not counted
/// (`NumericDate` of [RFC 7519 section 2](https://www.rfc-editor.org/rfc/rfc7519#section-2)).
///
/// The crate never reads a clock: the time is an argument. A moment that is not after 1970-01-01 is taken for a clock
/// that was never set, and refuses every token. Until the clock has been set since boot, pass [`Now::AtLeast`], since a
/// clock that restarts at some later date makes expired tokens look fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UnixTime(i64);

impl UnixTime {
    /// The moment so many seconds after 1970-01-01T00:00:00Z, or before it if negative.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn as_secs(self) -> i64 {
        self.0
    }
}

/// What a device knows of the time at which it judges a token.
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
    /// The clock is set, and differs from the issuer's by no more than the policy's leeway.
    Exact(UnixTime),
    /// The clock is not set, but it is this moment or later, as a [`TimeFloor`](crate::TimeFloor) knows. What has expired
    /// by then is refused, and everything else too ([`Error::TimeUnknown`](crate::Error::TimeUnknown)), unless a challenge
    /// proves the token's freshness, or the policy does without a proof. Then `nbf`, and ages that count from now, are held
    /// against this moment alone, which may be far behind.
    AtLeast(UnixTime),
}

impl From<UnixTime> for Now {
    fn from(time: UnixTime) -> Self {
        Self::Exact(time)
    }
}

impl Now {
    /// The earliest that it can be.
    pub const fn earliest(self) -> UnixTime {
        match self {
            Self::Exact(time) | Self::AtLeast(time) => time,
        }
    }

    /// The latest that it can be by a clock that may be slow by `leeway`, in seconds.
    pub(crate) const fn latest(self, leeway: u64) -> i64 {
        match self {
            Self::Exact(time) => time.0.saturating_add_unsigned(leeway),
            Self::AtLeast(_) => i64::MAX,
        }
    }
}

/// What shows that an accepted token is of now, and not one of long ago that somebody has kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Freshness {
    /// The device's clock: the token has not expired.
    Clock,
    /// The challenge in it, which the device gave out not long ago. When it expires cannot be told: act on it at once.
    Challenge,
    /// Nothing: it may have expired. The policy accepts it all the same.
    Unproven,
}
