//! The time floor: the time that a device without a clock can rely on.

use core::time::Duration;

use crate::claims::Claims;
use crate::time::{Now, UnixTime};

/// The latest time that a device without a clock knows to have passed: it rises, and never falls. (Matter has the same
/// idea as the Last Known Good UTC Time of its core specification.)
///
/// It starts at the time at which the firmware was built, and rises with the tokens that the device accepts: a token
/// issued at noon cannot be checked before noon. Keep [`at`](Self::at) where it survives a restart. It is one integer;
/// store it with something that detects a torn write, since half of an integer is another integer. A floor that has
/// risen too far, because an issuer's clock was wrong or a flash cell is worn, refuses valid tokens until the time has
/// caught up: discard it then.
///
/// # Example: a device that asks for the time and gets none
///
/// ```
/// use core::time::Duration;
/// use embedded_jwt::{AccessTokenPolicy, Error, Freshness, TimeFloor, UnixTime, Verified};
///
/// const BUILT_AT: UnixTime = UnixTime::from_secs(1_768_435_200);
/// const POLICY: AccessTokenPolicy =
///     AccessTokenPolicy::new("urn:device:pump-7").with_max_unproven_lifetime(Duration::from_secs(300));
///
/// fn validate(verified: Verified<'_, '_>, floor: &mut TimeFloor<'_>) -> Result<(), Error> {
///     let token = verified.into_access_token(&POLICY, floor.now())?;
///     if floor.learn(&token) {
///         // store floor.at()
///     }
///     assert_eq!(token.freshness(), Freshness::Unproven);
///     Ok(())
/// }
///
/// let stored = Some(UnixTime::from_secs(1_768_478_400));
/// let mut floor = TimeFloor::new(BUILT_AT, &["https://idp.example.com"]);
/// if let Some(stored) = stored {
///     floor.raise_to(stored);
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TimeFloor<'a> {
    at: UnixTime,
    sources: &'a [&'a str],
    max_step: u64,
    /// The issue time of the token that last raised the floor by a whole step.
    stepped_by: Option<UnixTime>,
}

impl<'a> TimeFloor<'a> {
    /// A floor at the time at which the firmware was built, with [`DEFAULT_TIME_STEP`]. `sources` are the names of the
    /// issuers whose clocks are trusted.
    pub const fn new(built_at: UnixTime, sources: &'a [&'a str]) -> Self {
        Self { at: built_at, sources, max_step: DEFAULT_TIME_STEP.as_secs(), stepped_by: None }
    }

    /// Sets the most that one token can raise the floor, in whole seconds; a fraction is dropped.
    pub const fn with_max_step(mut self, max_step: Duration) -> Self {
        self.max_step = max_step.as_secs();
        self
    }

    /// The latest time known to have passed.
    pub const fn at(&self) -> UnixTime {
        self.at
    }

    /// The current time for a policy, as far as the device knows it.
    pub const fn now(&self) -> Now {
        Now::AtLeast(self.at)
    }

    /// Raises the floor to a time that is known to have passed: the floor stored before the restart, or the time of a
    /// clock that was set from an authenticated source. Does nothing if the floor is already higher.
    pub fn raise_to(&mut self, time: UnixTime) {
        self.at = self.at.max(time);
    }

    /// Raises the floor to the issue time (`iat`) of an accepted token from one of the sources, by one step at most,
    /// and returns whether it rose.
    ///
    /// A floor in the future refuses valid tokens until the time has caught up, and it never falls. An issuer whose
    /// clock is wrong for a moment must therefore not raise it at will. An `iat` further ahead than one step raises the
    /// floor once, however often its token is presented, until another token has raised the floor by a step. Two such
    /// tokens, presented in turn, raise it without limit, and nothing is remembered across a restart: name only issuers
    /// with reliable clocks as sources.
    pub fn learn(&mut self, token: &Claims<'_>) -> bool {
        let Some(issued_at) = token.issued_at() else { return false };
        if self.stepped_by == Some(issued_at) || !self.sources.contains(&token.issuer()) {
            return false;
        }
        let before = self.at;
        let highest = UnixTime::from_secs(before.as_secs().saturating_add_unsigned(self.max_step));
        if issued_at > highest {
            self.stepped_by = Some(issued_at);
        }
        self.raise_to(issued_at.min(highest));
        self.at > before
    }
}

/// The most that one token can raise a [`TimeFloor`] by default: one day. One wrong `iat` makes valid tokens look
/// expired for this long at most, while a device that was off for a month catches up with thirty tokens.
pub const DEFAULT_TIME_STEP: Duration = Duration::from_secs(24 * 60 * 60);
