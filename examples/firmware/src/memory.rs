//! The device's state, apart from its keys. Revocations, used tokens and the time floor are also kept in flash, and
//! restored from there after a power cut; the clock and the cached signatures are not.

mod blocking;
mod shared;
mod store;
mod time;

use core::time::Duration;

use embassy_futures::block_on;
use embedded_jwt::{
    Claims, DEFAULT_LEEWAY, DEFAULT_TIME_STEP, EarliestTime, Error, MAX_LEEWAY, Now, ReplayWindow, Revocation,
    RevocationList, SignatureCache, UnixTime,
};
use embedded_storage::nor_flash::NorFlash;

use crate::trust::{BUILT_AT, MAX_LIFETIME};
use blocking::Blocking;
use shared::Shared;
pub use store::WriteError;
use store::{Key, Store};
use time::Time;

/// Room for the logouts within a token's lifetime. Each takes 32 bytes of RAM, and of flash in each copy.
pub type Revoked = RevocationList<16>;
/// Room for the commands within a token's lifetime and the largest leeway, and for a quarter of them by one client.
pub type Used = ReplayWindow<16, 4>;

/// The stores that a policy consults. They live in a `static`, so that every task can revoke and ask.
pub struct Stores {
    pub revoked: Shared<Revoked>,
    pub used: Shared<Used>,
}

impl Stores {
    /// Closed stores, which refuse every token until [`Memory::restore`] opens them.
    pub const fn new() -> Self {
        Self { revoked: Shared::new(Revoked::new()), used: Shared::new(Used::new()) }
    }

    /// The digests at the ends of both snapshots, which are made in `buf`. A check that is made twice has them in its
    /// answer: they differ if a fault in the first run has overwritten a store.
    ///
    /// # Errors
    ///
    /// [`Error::NotOpened`] before [`Memory::restore`], [`Error::BufferTooSmall`] if a snapshot does not fit into `buf`.
    pub fn digests(&self, buf: &mut [u8]) -> Result<[[u8; 16]; 2], Error> {
        let digest = |snapshot: &[u8]| snapshot.last_chunk().copied().ok_or(Error::BufferTooSmall);
        let revoked = self.revoked.with(|store| digest(store.snapshot(buf)?))?;
        Ok([revoked, self.used.with(|store| digest(store.snapshot(buf)?))?])
    }
}

impl Default for Stores {
    fn default() -> Self {
        Self::new()
    }
}

pub struct Memory<'s, F> {
    pub stores: &'s Stores,
    pub signatures: SignatureCache<8>,
    /// Whether revocations or used tokens could not be restored, so that all tokens issued until then were revoked.
    /// Also true in a new device, which cannot tell that it has lost nothing.
    pub is_lost: bool,
    time: Time,
    store: Store<Blocking<F>>,
    /// Until it is set, only the floor is known. QEMU's boards have no clock that ticks.
    clock: Option<UnixTime>,
}

impl<'s, F: NorFlash> Memory<'s, F> {
    /// Restores the state from flash, after a start.
    pub fn restore(flash: F, stores: &'s Stores) -> Self {
        let mut time = Time::new();
        stores.revoked.with(|revoked| *revoked = Revoked::new());
        stores.used.with(|used| *used = Used::new());
        let mut store = Store::new(Blocking(flash));
        // The older of two copies is refused after the newer one. A board with a counter that cannot be set back passes
        // its value instead of 0.
        let restored = block_on(store.load(|key, bytes| match key {
            Key::Revoked => stores.revoked.with(|revoked| {
                revoked.restore(bytes, 0, time.floor.at()).ok()?;
                Some(revoked.generation())
            }),
            Key::Used => stores.used.with(|used| {
                used.restore(bytes, 0, time.floor.at()).ok()?;
                Some(used.generation())
            }),
            Key::Time => {
                let stored = Time::from_bytes(bytes)?;
                let changes = stored.changes;
                if changes > time.changes {
                    time = stored;
                }
                Some(changes)
            }
        }));
        let is_lost = restored.iter().any(Option::is_none);
        let mut memory = Self { stores, signatures: SignatureCache::new(), is_lost, time, store, clock: None };
        if is_lost {
            // It is better that all clients need a new token than that a logged-out client is accepted. If this fails,
            // the list stays closed.
            let _ = memory.revoke_issued_until_now();
            memory.time.revokes_when_set = true;
            memory.time.count_change();
        }
        memory
    }

    /// Opens the stores that could not be restored, and revokes all tokens issued until the present, as far as the time
    /// is known.
    fn revoke_issued_until_now(&self) -> Result<(), Error> {
        self.stores.used.with(|used| used.start_empty());
        let (revocation, until) = all_issued_until(UnixTime::from_secs(self.now().earliest().as_secs()));
        self.stores.revoked.with(|revoked| revoked.start_with(revocation, 0, until, self.now()))
    }

    pub fn now(&self) -> Now {
        self.time.floor.now(self.clock, DEFAULT_LEEWAY)
    }

    /// The time floor: a time that has surely passed, whatever the clock says.
    pub fn floor(&self) -> EarliestTime {
        self.time.floor.at()
    }

    /// Sets the clock, and the floor, to an authenticated time: setting them back makes expired tokens valid again. A
    /// time before the firmware was built is ignored.
    pub fn set_clock(&mut self, time: UnixTime) {
        if time < BUILT_AT {
            return;
        }
        self.clock = Some(time);
        self.time.floor.correct_to(time);
        self.revoke_if_lost();
        self.time.count_change();
    }

    /// The floor was behind when the state was lost: tokens issued since then may have been logged out, too.
    fn revoke_if_lost(&mut self) {
        if self.time.revokes_when_set {
            self.time.revokes_when_set = self.revoke_issued_until_now().is_err();
        }
    }

    /// Sets the clock to a time that is not authenticated, and returns the time that it is set to. The source of the
    /// time can set the clock ahead until the next start, but:
    ///
    /// - A time that is behind the floor, or behind a running clock, by more than the leeway is refused: it could make an
    ///   expired token valid. A time just behind the floor sets the clock to the floor, since clocks differ.
    /// - The floor, which survives a restart, rises by one step at most with each time, as with a token.
    ///
    /// After state was lost, the first time revokes the tokens issued until then, even if it is wrong.
    pub fn set_unauthenticated_clock(&mut self, time: UnixTime) -> Option<UnixTime> {
        let floor = UnixTime::from_secs(self.floor().as_secs());
        if time.plus(DEFAULT_LEEWAY) < self.clock.unwrap_or(floor).max(floor) {
            return None;
        }
        let time = time.max(floor);
        self.clock = Some(time);
        self.time.floor.raise_to(time.min(floor.plus(DEFAULT_TIME_STEP)));
        self.revoke_if_lost();
        self.time.count_change();
        Some(time)
    }

    /// Moves the clock on, if it is set, by a timer. The floor stays.
    pub fn tick(&mut self, time: UnixTime) {
        if self.clock.is_some() {
            self.clock = Some(time);
        }
    }

    /// Raises the floor to the time when a valid token was issued, unless the clock is set.
    pub fn learn(&mut self, token: &Claims<'_>) {
        if self.clock.is_none() && self.time.floor.learn(token) {
            self.time.count_change();
        }
    }

    /// Revokes the token, or, if the list is full, all tokens issued so far: clients can get new ones.
    pub fn revoke(&self, token: &Claims<'_>) -> Result<(), Error> {
        let (issuer, now) = (token.issuer(), self.now());
        self.stores.revoked.with(|revoked| {
            let one = |jwt_id| revoked.revoke(Revocation::Token { issuer, jwt_id }, token.refused_from(), now);
            match token.jwt_id().ok_or(Error::Full).and_then(one) {
                Err(Error::Full) => {
                    let known = UnixTime::from_secs(now.earliest().as_secs());
                    let (revocation, until) = all_issued_until(token.issued_at().unwrap_or(known).max(known));
                    revoked.revoke(revocation, until, now)
                }
                other => other,
            }
        })
    }

    /// Writes changes to flash. A failed write is tried again the next time.
    pub fn save(&mut self) -> Result<(), WriteError> {
        let (stores, time) = (self.stores, &self.time);
        let revoked = stores.revoked.with(|revoked| revoked.generation());
        let used = stores.used.with(|used| used.generation());
        let versions = [revoked, used, time.changes].map(Some);
        if self.store.holds(versions) {
            return Ok(());
        }
        block_on(self.store.save(versions, |key, buf| match key {
            Key::Revoked => stores.revoked.with(|revoked| revoked.snapshot(buf).ok()),
            Key::Used => stores.used.with(|used| used.snapshot(buf).ok()),
            Key::Time => time.write(buf),
        }))
    }

    pub fn flash(&mut self) -> &mut F {
        &mut self.store.flash().0
    }
}

/// The longest value that is stored.
const MAX_VALUE_LEN: usize =
    if Revoked::SNAPSHOT_LEN > Used::SNAPSHOT_LEN { Revoked::SNAPSHOT_LEN } else { Used::SNAPSHOT_LEN };

/// All tokens issued until `time`, in its very second and by a clock that is ahead, and the moment from which no policy
/// accepts them.
fn all_issued_until(time: UnixTime) -> (Revocation<'static>, UnixTime) {
    let issued_before = time.plus(DEFAULT_LEEWAY + Duration::from_secs(1));
    (Revocation::All { issued_before }, issued_before.plus(MAX_LIFETIME + MAX_LEEWAY))
}
