//! The time floor: the time that a device without a clock can rely on.

use core::time::Duration;

use sha2::{Digest, Sha256};

use crate::claims::{Claims, MAX_LEEWAY};
use crate::error::{Error, Part};
use crate::time::{EarliestTime, Freshness, Now, UnixTime};

/// The latest time that a device without a clock knows to have passed: it falls only when it is corrected. (Matter has
/// the same idea as the Last Known Good UTC Time of its core specification.)
///
/// It starts at the time at which the firmware was built, and rises with the tokens that the device accepts: a token
/// issued at noon cannot be checked before noon. Keep its [bytes](Self::to_bytes) where they survive a restart.
///
/// An issuer whose clock is wrong raises the floor too far, and the floor refuses valid tokens until the time has
/// caught up. Four limits bound the damage: one token raises the floor by one [step](Self::with_max_step) at most, and
/// once in all, so that `k` wrong tokens raise it by `k` steps; the floor never passes its [latest
/// time](Self::with_latest); a clock that is set counts even if the floor is ahead of it by the leeway; and an
/// authenticated clock can [correct](Self::correct_to) the floor.
///
/// A device that never has a clock cannot be corrected. If one token is wrong by years and the device is then off for
/// more than a step, the floor learns nothing until that time has come, and used ids are never over. The way out is a
/// [new](Self::new) floor that begins at the time of this one: it has forgotten the token.
///
/// # Example: a device whose clock may be unset
///
/// ```
/// use core::time::Duration;
/// use embedded_jwt::{AccessTokenPolicy, Error, TimeFloor, UnixTime, Verified};
///
/// const BUILT_AT: UnixTime = UnixTime::from_secs(1_768_435_200);
/// const LEEWAY: Duration = Duration::from_secs(60);
/// const POLICY: AccessTokenPolicy = AccessTokenPolicy::new("urn:device:pump-7")
///     .with_leeway(LEEWAY)
///     .with_max_unproven_lifetime(Duration::from_secs(300));
///
/// fn validate(verified: Verified<'_, '_>, clock: Option<UnixTime>, floor: &mut TimeFloor<'_>) -> Result<(), Error> {
///     let pending = verified.validate_access_token(&POLICY, floor.now(clock, LEEWAY))?;
///     if clock.is_none() && floor.learn(&pending) {
///         // Store floor.to_bytes() now: the floor has risen even if the token is refused below.
///     }
///     let _token = pending.consume()?;
///     Ok(())
/// }
///
/// let stored = [0xff; TimeFloor::LEN]; // from flash, here never written
/// let sources = &["https://idp.example.com"];
/// let floor = TimeFloor::from_bytes(BUILT_AT, sources, &stored).unwrap_or(TimeFloor::new(BUILT_AT, sources));
/// ```
#[derive(Clone, Debug)]
pub struct TimeFloor<'a> {
    built_at: UnixTime,
    /// The latest time known to have passed, not limited by `latest`.
    reached: UnixTime,
    latest: UnixTime,
    sources: &'a [&'a str],
    max_step: u64,
    /// The issue times of the tokens that have raised the floor by a whole step and are still ahead of it. They do not
    /// raise it again. A time that the floor has reached is a free slot.
    stepped: [UnixTime; STEPPED],
}

impl<'a> TimeFloor<'a> {
    /// A floor at the time at which the firmware was built. `sources` are the names of the issuers whose clocks are
    /// trusted. One token raises it by at most [`DEFAULT_TIME_STEP`], and its latest time is [`DEFAULT_FLOOR_SPAN`]
    /// after `built_at`.
    pub const fn new(built_at: UnixTime, sources: &'a [&'a str]) -> Self {
        let latest = built_at.plus(DEFAULT_FLOOR_SPAN);
        let stepped = [UnixTime::from_secs(i64::MIN); STEPPED];
        Self { built_at, reached: built_at, latest, sources, max_step: DEFAULT_TIME_STEP.as_secs(), stepped }
    }

    /// Sets the most that one token can raise the floor, in whole seconds; a fraction is dropped.
    pub const fn with_max_step(mut self, max_step: Duration) -> Self {
        self.max_step = max_step.as_secs();
        self
    }

    /// Sets the latest time that the floor can reach, such as the end of the device's support.
    pub const fn with_latest(mut self, latest: UnixTime) -> Self {
        self.latest = latest;
        self
    }

    /// The latest time known to have passed.
    pub fn at(&self) -> EarliestTime {
        EarliestTime::from_secs(self.reached.min(self.latest).as_secs())
    }

    /// The current time for policies and stores: the clock if it is set and not behind the floor by more than `leeway`,
    /// otherwise the floor. Pass `None` until the clock has been set since the start.
    ///
    /// A clock may be a little behind the floor and right all the same, if an issuer's clock is ahead. A clock that is
    /// further behind is taken for wrong. If its source is authenticated, [correct](Self::correct_to) the floor when
    /// the clock is set.
    ///
    /// `leeway` is the leeway of the policies, at most [`MAX_LEEWAY`](crate::MAX_LEEWAY).
    pub fn now(&self, clock: Option<UnixTime>, leeway: Duration) -> Now {
        let leeway = leeway.min(MAX_LEEWAY);
        match clock.filter(|clock| !clock.is_unset_clock() && clock.plus(leeway) >= self.reached.min(self.latest)) {
            Some(clock) => Now::Exact(clock),
            None => Now::AtLeast(self.at()),
        }
    }

    /// Raises the floor to the time of a clock. Does nothing if the floor is already higher. Call it when the clock is
    /// set, and before the floor is stored.
    pub fn raise_to(&mut self, time: UnixTime) {
        self.reached = self.reached.max(time.min(self.latest));
    }

    /// Sets the floor to the time of a clock that was set from an authenticated source, such as NTS, Roughtime or a
    /// GNSS receiver that detects spoofing, but not to a time before the firmware was built. **This can lower the
    /// floor**, after tokens have raised it too far: an attacker who controls the source makes recorded tokens look fresh.
    ///
    /// Evictions by the stores in the meantime are not corrected: they refuse tokens that end before the end of an evicted
    /// entry, until they are cleared ([`ReplayWindow::clear`](crate::ReplayWindow::clear),
    /// [`RevocationList::clear`](crate::RevocationList::clear)).
    pub fn correct_to(&mut self, time: UnixTime) {
        self.reached = time.min(self.latest).max(self.built_at);
        self.stepped = [UnixTime::from_secs(i64::MIN); STEPPED];
    }

    /// Raises the floor to the issue time (`iat`) of an accepted token from one of the sources, by one step at most,
    /// and returns whether it rose.
    ///
    /// It learns nothing from a token that was validated by a clock ([`Freshness::Clock`]): the clock knows better.
    /// Once the clock has been set, do not call it even if the clock is [behind the floor](Self::now).
    ///
    /// Let the floor learn from a [`Pending`](crate::Pending) token, before it is consumed: used ids are over only when
    /// the floor has passed them, and a window that is full refuses the very token that would free its slots. Then the
    /// request is refused, but the floor has risen: sent again, the token is accepted. So store the floor when this
    /// returns `true`, before the token is consumed: for the same token it does not return `true` again.
    ///
    /// A token whose `iat` is further ahead than a step raises the floor by one step, once. After it, only a later
    /// `iat` raises the floor by a whole step; this survives a restart, since it is part of the
    /// [bytes](Self::to_bytes). A device that was off for a month catches up with thirty tokens in a row. After a token from far
    /// in the future, it learns only from tokens that are within a step, until the floor is
    /// [corrected](Self::correct_to) or has passed that time. The floor remembers four such tokens: of more than four,
    /// some may raise it twice.
    pub fn learn(&mut self, token: &Claims<'_>) -> bool {
        let Some(issued_at) = token.issued_at() else { return false };
        if token.freshness() == Freshness::Clock || !self.sources.contains(&token.issuer()) {
            return false;
        }
        let before = self.reached.min(self.latest);
        let highest = before.plus(Duration::from_secs(self.max_step));
        if issued_at <= before || self.stepped.contains(&issued_at) {
            return false;
        }
        if issued_at > highest {
            if self.stepped.iter().any(|earlier| *earlier > issued_at) {
                return false;
            }
            // Takes the place of a time that the floor has reached, or of the earliest.
            if let Some(slot) = self.stepped.iter_mut().min() {
                *slot = issued_at;
            }
        }
        self.raise_to(issued_at.min(highest));
        self.reached.min(self.latest) > before
    }

    /// The floor as bytes, to be stored where they survive a restart. The sources and limits are not part of them.
    ///
    /// A digest lets [`from_bytes`](Self::from_bytes) detect bytes torn by a power cut or altered by a worn cell. Keep
    /// two copies, and overwrite the older one.
    pub fn to_bytes(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        let (words, _) = bytes.as_chunks_mut();
        for (word, time) in words.iter_mut().zip([&self.reached].into_iter().chain(&self.stepped)) {
            *word = time.as_secs().to_be_bytes();
        }
        let digest = digest_of(&bytes);
        if let Some(end) = bytes.last_chunk_mut() {
            *end = digest;
        }
        bytes
    }

    /// The floor that [`to_bytes`](Self::to_bytes) has stored, or the time at which the firmware was built if that is
    /// later. The limits are as with [`new`](Self::new). Bytes after the floor are ignored.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`]: the bytes are not a floor's, or are torn or altered.
    pub fn from_bytes(built_at: UnixTime, sources: &'a [&'a str], bytes: &[u8]) -> Result<Self, Error> {
        let malformed = Error::Malformed(Part::Snapshot);
        let bytes: &[u8; LEN] = bytes.first_chunk().ok_or(malformed)?;
        if bytes.last_chunk() != Some(&digest_of(bytes)) {
            return Err(malformed);
        }
        let (words, _) = bytes.as_chunks();
        let mut times = words.iter().map(|word| UnixTime::from_secs(i64::from_be_bytes(*word)));
        let mut floor = Self::new(built_at, sources);
        floor.reached = floor.reached.max(times.next().ok_or(malformed)?);
        for (slot, time) in floor.stepped.iter_mut().zip(times) {
            *slot = time;
        }
        Ok(floor)
    }

    /// The length of [`to_bytes`](Self::to_bytes): five times of 8 bytes and a digest of 16.
    pub const LEN: usize = LEN;
}

/// The digest of the times, apart from the digests of other snapshots.
fn digest_of(bytes: &[u8; LEN]) -> [u8; DIGEST_LEN] {
    let (times, _) = bytes.split_at(TIMES_LEN);
    let digest = Sha256::new().chain_update(b"EJF\x02").chain_update(times).finalize();
    digest.first_chunk().copied().unwrap_or_default()
}

/// The number of tokens that are remembered, since they have raised the floor by a step. More than one wrong token at a
/// time is rare.
const STEPPED: usize = 4;
/// The time that was reached, and the times in [`TimeFloor::stepped`].
const TIMES_LEN: usize = 8 * (1 + STEPPED);
/// The length of the digest, in bytes, as in snapshots.
const DIGEST_LEN: usize = 16;
const LEN: usize = TIMES_LEN + DIGEST_LEN;

/// The most that one token can raise a [`TimeFloor`] by default: 1 day. One wrong `iat` makes valid tokens look
/// expired for this long at most, while a device that was off for a month catches up with thirty tokens in a row.
pub const DEFAULT_TIME_STEP: Duration = Duration::from_secs(24 * 60 * 60);

/// How far a [`TimeFloor`] can rise after the firmware was built, by default: 10 years of 365 days, the lifetime of a
/// device. An update of the firmware moves the limit.
pub const DEFAULT_FLOOR_SPAN: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
