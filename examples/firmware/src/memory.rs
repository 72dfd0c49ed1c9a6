//! What the device knows besides its keys. Revocations and the time floor are in flash too, and come back from there after a
//! power cut; the clock and the signatures that were seen do not.

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
    /// Until it has been set, only the floor is known. QEMU's boards have none that ticks.
    clock: Option<UnixTime>,
}

impl<'f> Memory<'f> {
    /// After a start: what is in flash.
    pub fn restore(flash: &'f mut Flash) -> Self {
        let mut floor = TimeFloor::new(BUILT_AT, &[ISSUER]);
        let journal = Journal::restore(flash, &mut floor);
        let mut revoked = Revoked::new();
        let mut snapshots = Snapshots::new();
        let restored = snapshots.restore(flash, &mut revoked);
        let mut memory =
            Self { flash, revoked, signatures: SignatureCache::new(), snapshots, floor, journal, clock: None };
        if let Err(Lost) = restored {
            // Better to ask everyone for a new token than to let in who has logged out.
            let _ = memory.revoke_issued_until(floor.at());
        }
        memory
    }

    pub fn now(&self) -> Now {
        self.clock.map_or(self.floor.now(), Now::Exact)
    }

    /// For a time that was authenticated: whoever can set the clock back makes expired tokens good again.
    pub fn set_clock(&mut self, time: UnixTime) {
        self.clock = Some(time);
        self.floor.raise_to(time);
    }

    /// That it is no earlier than when an accepted token was issued.
    pub fn learn(&mut self, token: &AccessToken<'_>) {
        self.floor.learn(token);
    }

    /// Voids the token, and if there is no place for it, all that were issued before it: everyone can get a new one.
    pub fn revoke(&mut self, token: &AccessToken<'_>) -> Result<(), Error> {
        let now = self.now().earliest();
        let jwt_id = token.jwt_id().ok_or(Error::Full);
        let one = |jwt_id| Revocation::Token { issuer: token.issuer(), jwt_id };
        match jwt_id.and_then(|jwt_id| self.revoked.revoke(one(jwt_id), token.expires_at(), now)) {
            Err(Error::Full) => self.revoke_issued_until(token.issued_at().unwrap_or(now).max(now)),
            other => other,
        }
    }

    /// Those of this very second too.
    fn revoke_issued_until(&mut self, time: UnixTime) -> Result<(), Error> {
        let issued_before = UnixTime::from_secs(time.as_secs().saturating_add(1));
        let until = UnixTime::from_secs(issued_before.as_secs().saturating_add_unsigned(MAX_LIFETIME.as_secs()));
        self.revoked.revoke(Revocation::All { issued_before }, until, self.now().earliest())
    }

    /// Writes to flash what has changed. What cannot be written is tried again the next time.
    pub fn save(&mut self) -> Result<(), WriteError> {
        let revoked = self.snapshots.save(self.flash, &self.revoked);
        let floor = self.journal.save(self.flash, &self.floor);
        revoked.and(floor)
    }
}
