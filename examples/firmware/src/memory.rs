//! The device's state, apart from its keys. Revocations, used tokens and the time floor are also kept in flash, and
//! restored from there after a power cut; the clock and the cached signatures are not.

mod blocking;
mod store;

use embassy_futures::block_on;
use embedded_jwt::{
    AccessToken, Error, Now, ReplayWindow, Revocation, RevocationList, SignatureCache, TimeFloor, UnixTime,
};
use embedded_storage::nor_flash::NorFlash;

use crate::trust::{BUILT_AT, ISSUER, MAX_LIFETIME};
use blocking::Blocking;
pub use store::WriteError;
use store::{Key, Store};

/// Room for the logouts within a token's lifetime. Each takes 32 bytes of RAM, and of flash in each copy.
pub type Revoked = RevocationList<16>;
/// Room for the commands within a token's lifetime.
pub type Used = ReplayWindow<16>;

pub struct Memory<F> {
    pub revoked: Revoked,
    pub used: Used,
    pub signatures: SignatureCache<8>,
    /// Whether revocations or used tokens could not be restored, so that all tokens issued until then were revoked. A
    /// new device has none to restore.
    pub is_lost: bool,
    floor: TimeFloor<'static>,
    store: Store<Blocking<F>>,
    /// Until it is set, only the floor is known. QEMU's boards have no clock that ticks.
    clock: Option<UnixTime>,
}

impl<F: NorFlash> Memory<F> {
    /// Restores the state from flash, after a start.
    pub fn restore(flash: F) -> Self {
        let mut floor = TimeFloor::new(BUILT_AT, &[ISSUER]);
        let (mut revoked, mut used) = (Revoked::new(), Used::new());
        let mut store = Store::new(Blocking(flash));
        // The older of two copies is refused after the newer one. A board with a counter that cannot be set back passes
        // its value instead of 0.
        let [has_revoked, has_used, _] = block_on(store.load(|key, bytes| match key {
            Key::Revoked => revoked.restore(bytes, 0).ok().map(|()| revoked.generation()),
            Key::Used => used.restore(bytes, 0).ok().map(|()| used.generation()),
            Key::Floor => {
                let time = UnixTime::from_secs(i64::from_be_bytes(bytes.try_into().ok()?));
                floor.raise_to(time);
                Some(version_of_floor(time))
            }
        }));
        let is_lost = has_revoked.is_none() || has_used.is_none();
        let mut memory = Self { revoked, used, signatures: SignatureCache::new(), is_lost, floor, store, clock: None };
        if is_lost {
            // It is better that all clients need a new token than that a logged-out client is accepted.
            let _ = memory.revoke_issued_until(floor.at());
        }
        memory
    }

    pub fn now(&self) -> Now {
        self.clock.map_or(self.floor.now(), Now::Exact)
    }

    /// Sets the clock to an authenticated time: setting the clock back makes expired tokens valid again.
    pub fn set_clock(&mut self, time: UnixTime) {
        self.clock = Some(time);
        self.floor.raise_to(time);
    }

    /// Raises the floor to the time when an accepted token was issued.
    pub fn learn(&mut self, token: &AccessToken<'_>) {
        self.floor.learn(token);
    }

    /// Revokes the token, or, if the list is full, all tokens issued so far: clients can get new ones.
    pub fn revoke(&mut self, token: &AccessToken<'_>) -> Result<(), Error> {
        let now = self.now().earliest();
        let jwt_id = token.jwt_id().ok_or(Error::Full);
        let one = |jwt_id| Revocation::Token { issuer: token.issuer(), jwt_id };
        match jwt_id.and_then(|jwt_id| self.revoked.revoke(one(jwt_id), token.expires_at(), now)) {
            Err(Error::Full) => self.revoke_issued_until(token.issued_at().unwrap_or(now).max(now)),
            other => other,
        }
    }

    /// Revokes all tokens issued until `time`, including its second.
    fn revoke_issued_until(&mut self, time: UnixTime) -> Result<(), Error> {
        let issued_before = UnixTime::from_secs(time.as_secs().saturating_add(1));
        let until = UnixTime::from_secs(issued_before.as_secs().saturating_add_unsigned(MAX_LIFETIME.as_secs()));
        self.revoked.revoke(Revocation::All { issued_before }, until, self.now().earliest())
    }

    /// Writes changes to flash. A failed write is tried again the next time.
    pub fn save(&mut self) -> Result<(), WriteError> {
        let (revoked, used, floor) = (&self.revoked, &self.used, self.floor.at());
        let versions = [revoked.generation(), used.generation(), version_of_floor(floor)].map(Some);
        if self.store.holds(versions) {
            return Ok(());
        }
        block_on(self.store.save(versions, |key, buf| match key {
            Key::Revoked => revoked.snapshot(buf).ok(),
            Key::Used => used.snapshot(buf).ok(),
            Key::Floor => {
                let (bytes, _) = buf.split_first_chunk_mut()?;
                *bytes = floor.as_secs().to_be_bytes();
                Some(bytes)
            }
        }))
    }

    pub fn flash(&mut self) -> &mut F {
        &mut self.store.flash().0
    }
}

/// The longest value that is stored.
const MAX_VALUE_LEN: usize =
    if Revoked::SNAPSHOT_LEN > Used::SNAPSHOT_LEN { Revoked::SNAPSHOT_LEN } else { Used::SNAPSHOT_LEN };

fn version_of_floor(time: UnixTime) -> u64 {
    time.as_secs().cast_unsigned()
}
