use core::time::Duration;

use crate::claims::Claims;
use crate::time::{Now, UnixTime};

/// The latest moment that a device without a clock knows to have passed: it rises, and never falls. (Matter has the idea as
/// the Last Known Good UTC Time of its core specification.)
///
/// It starts at the time at which the firmware was built, and rises with the tokens that the device accepts, since one that
/// was issued at noon cannot be looked at before noon. Keep [`at`](Self::at) where it survives a restart, as the one
/// integer it is, with something that shows a torn write, since half of an integer is another one. A floor that has risen too
/// far, since an issuer's clock was wrong or a cell of the flash is worn, refuses good tokens until the time has caught up:
/// discard it then.
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
    /// The issue time of the token that last raised it by a whole step.
    stepped_by: Option<UnixTime>,
}

impl<'a> TimeFloor<'a> {
    /// From the time at which the firmware was built. `sources` are the names of the issuers whose clocks are believed.
    /// With [`DEFAULT_TIME_STEP`].
    pub const fn new(built_at: UnixTime, sources: &'a [&'a str]) -> Self {
        Self { at: built_at, sources, max_step: DEFAULT_TIME_STEP.as_secs(), stepped_by: None }
    }

    /// The most that one token can raise it, in whole seconds; a fraction is dropped.
    pub const fn with_max_step(mut self, max_step: Duration) -> Self {
        self.max_step = max_step.as_secs();
        self
    }

    /// The moment that has passed.
    pub const fn at(&self) -> UnixTime {
        self.at
    }

    /// What is known of the time.
    pub const fn now(&self) -> Now {
        Now::AtLeast(self.at)
    }

    /// Raises it to a moment that is known to have passed: what was stored before the restart, or what a clock says that
    /// has been set from an authenticated source. Does nothing if it is higher already.
    pub fn raise_to(&mut self, time: UnixTime) {
        self.at = self.at.max(time);
    }

    /// Raises it to the issue time (`iat`) of an accepted token from one of the sources, by one step at most, and returns
    /// whether it rose.
    ///
    /// A floor in the future refuses good tokens until the time has caught up, and it never falls. So an issuer whose clock
    /// is wrong for a moment must not raise it at will: an `iat` that is further off than a step raises it once, however
    /// often its token is presented, until another one has raised it by a step. Two such tokens, presented in turn, lift it
    /// without end, and nothing is remembered over a restart: mark only issuers whose clocks can be relied on.
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

/// How far one token can raise a [`TimeFloor`] unless it says otherwise: for so long, at most, does one wrong `iat` make
/// good tokens look expired, while a device that was off for a month catches up with thirty tokens.
pub const DEFAULT_TIME_STEP: Duration = Duration::from_secs(24 * 60 * 60);
