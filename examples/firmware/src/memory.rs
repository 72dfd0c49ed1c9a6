//! The device's state, apart from its keys. Revocations and the time floor are also kept in flash, and restored from
//! there after a power cut; the clock and the cached signatures are not.

mod journal;
mod snapshots;

use embedded_jwt::{AccessToken, Error, Now, Revocation, SignatureCache, TimeFloor, UnixTime};

use crate::flash::{Flash, WriteError};
use crate::trust::{BUILT_AT, ISSUER, MAX_LIFETIME};
use journal::Journal;
use snapshots::{Lost, Revoked, Snapshots};

pub struct Memory<'f> {
    pub flash: &'f mut Flash,
    pub revoked: Revoked,
    pub signatures: SignatureCache<8>,
    snapshots: Snapshots,
    floor: TimeFloor<'static>,
    journal: Journal,
    /// Until it is set, only the floor is known. QEMU's boards have no clock that ticks.
    clock: Option<UnixTime>,
}

impl<'f> Memory<'f> {
    /// Restores the state from flash, after a start.
    pub fn restore(flash: &'f mut Flash) -> Self {
        let mut floor = TimeFloor::new(BUILT_AT, &[ISSUER]);
        let journal = Journal::restore(flash, &mut floor);
        let mut revoked = Revoked::new();
        let mut snapshots = Snapshots::new();
        let restored = snapshots.restore(flash, &mut revoked);
        let mut memory =
            Self { flash, revoked, signatures: SignatureCache::new(), snapshots, floor, journal, clock: None };
        if let Err(Lost) = restored {
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
        let revoked = self.snapshots.save(self.flash, &self.revoked);
        let floor = self.journal.save(self.flash, &self.floor);
        revoked.and(floor)
    }
}
