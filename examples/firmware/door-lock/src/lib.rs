//! The decision of a door lock: whether a request opens the door. It has no board in it, so that `tests/lock.rs` runs it on
//! the host.
//!
//! A token opens one door, once, for the phone that it was issued to, within five minutes. The lock has no clock and no
//! network: its time is a floor that rises with the tokens, and a nonce of the lock shows that a request is fresh.
#![no_std]

use core::fmt::Write as _;
use core::time::Duration;

use embedded_jwt::{
    AccessToken, AccessTokenPolicy, DpopNonce, DpopPolicy, EarliestTime, Error, Es256, Issuer, Key, MAX_LEEWAY,
    ReplayWindow, Revocation, RevocationList, TimeFloor, Token, UnixTime,
};
use heapless::String;

pub const ISSUER: &str = "https://idp.example.com";
pub const AUDIENCE: &str = "urn:building:north";
/// This door, in the claim `door`.
pub const DOOR: &str = "lab-2";
/// The URI that proofs are made for.
pub const URI: &str = "https://lab-2.north.example.com/";
/// The scopes.
const OPEN: &str = "door:open";
const REVOKE: &str = "door:revoke";
const MAX_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// One token raises the floor by as much as this. A lock that nobody used for three months is right again after one token,
/// and a build of last year after five. Each token from an issuer whose clock is ahead can raise it by a step too far.
const MAX_STEP: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Without a clock, a token is refused when the floor shows that it has expired.
const POLICY: AccessTokenPolicy =
    AccessTokenPolicy::new(AUDIENCE).with_max_lifetime(MAX_LIFETIME).with_max_unproven_lifetime(MAX_LIFETIME);

/// Claims of our own.
#[derive(serde::Deserialize)]
struct DoorClaims<'b> {
    door: &'b str,
    /// The subject whose tokens are revoked, in a token of the scope `door:revoke`.
    revoke: Option<&'b str>,
}

type Revoked = RevocationList<16>;
/// An opening takes two slots, for token and proof, and a client has a quarter of them: 8 openings in about 15 minutes.
type Used = ReplayWindow<64, 16>;

/// The state in flash: the floor, then both stores, each with a digest of its own.
pub const RECORD_LEN: usize = TimeFloor::LEN + Revoked::SNAPSHOT_LEN + Used::SNAPSHOT_LEN;
pub type Record = [u8; RECORD_LEN];

/// Two copies of the state. One of them is whole when the power fails.
pub trait Flash {
    fn read(&mut self, copy: usize) -> Record;
    /// Writes, reads back, and returns whether it is the same.
    fn write(&mut self, copy: usize, record: &Record) -> bool;
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    Token(Error),
    /// An error such as `InvalidSignature` can be about the token or about the proof.
    Proof(Error),
    /// The door stays closed, since after a power cut the token could be used again. Until then it counts as used.
    NotSaved,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Token(error)
    }
}

pub struct Lock<'k, F> {
    keys: &'k [Key],
    flash: F,
    /// The copy that is written first: the torn or the older one, if they differ.
    first: usize,
    floor: TimeFloor<'static>,
    revoked: Revoked,
    used: Used,
    /// The current nonce, and the one of the minute before.
    nonces: [DpopNonce; 2],
    /// The text of the current nonce.
    nonce: String<32>,
}

impl<'k, F: Flash> Lock<'k, F> {
    /// Restores the state. What neither copy has stays closed, and every request is then refused with `NotOpened`. The
    /// floor is at least the time at which the firmware was built.
    pub fn start(keys: &'k [Key], built_at: UnixTime, flash: F) -> Self {
        let (revoked, used) = (Revoked::new(), Used::new());
        let (nonces, nonce) = ([DpopNonce::new(), DpopNonce::new()], String::new());
        let floor = TimeFloor::new(built_at, &[ISSUER]).with_max_step(MAX_STEP);
        let mut lock = Self { keys, flash, first: 0, floor, revoked, used, nonces, nonce };
        for copy in 0..2 {
            let record = lock.flash.read(copy);
            let (floor, stores) = record.split_at(TimeFloor::LEN);
            let (revoked, used) = stores.split_at(Revoked::SNAPSHOT_LEN);
            let floor = TimeFloor::from_bytes(built_at, &[ISSUER], floor);
            if let Ok(floor) = &floor
                && floor.at() > lock.floor.at()
            {
                lock.floor = floor.clone().with_max_step(MAX_STEP);
            }
            // Refused: torn, or older than the other copy.
            let revoked = lock.revoked.restore(revoked, 0, lock.floor.at());
            let used = lock.used.restore(used, 0, lock.floor.at());
            if floor.is_ok() && revoked.is_ok() && used.is_ok() {
                lock.first = 1 - copy;
            }
        }
        lock
    }

    /// Opens the stores of a new lock, in the factory.
    pub fn provision(&mut self) -> Result<(), Refusal> {
        self.revoked.start_empty();
        self.used.start_empty();
        self.save()
    }

    /// The phone puts this into its proof. Until it is used, or a minute has passed, it is the same for every phone, so that
    /// nobody can push out the nonces of others. A new one is made of `random` numbers.
    pub fn nonce(&mut self, random: impl FnOnce() -> u128) -> &str {
        if !self.nonces[0].is_issued() {
            self.nonce.clear();
            let _ = write!(self.nonce, "{:032x}", random()); // always has room
            self.nonces[0].issue(&self.nonce);
        }
        &self.nonce
    }

    /// Call this once a minute. A nonce that was not used is withdrawn after two minutes at most, so that a proof that was
    /// made in advance, or recorded while the radio was jammed, is soon worthless.
    pub fn age_nonces(&self) {
        self.nonces[1].withdraw();
        DpopNonce::rotate(&self.nonces, "");
    }

    /// Accepts a request to open the door: after a power cut, too, the same token opens it no more.
    pub fn open(&mut self, token: &[u8], proof: &[u8]) -> Result<(), Refusal> {
        self.authorize(OPEN, token, proof, |_, _, _| Ok(()))
    }

    /// Revokes all tokens of a subject that were issued until now, for a token with the scope `door:revoke`. If the list is
    /// full, the token is consumed all the same.
    pub fn revoke(&mut self, token: &[u8], proof: &[u8]) -> Result<(), Refusal> {
        self.authorize(REVOKE, token, proof, |token, revoked, now| {
            let subject = token.claims::<DoorClaims>()?.revoke.ok_or(Error::Denied)?;
            // By the clock of the issuer, as in the tokens that are revoked.
            let issued_before = token.issued_at().ok_or(Error::Denied)?.plus(Duration::from_secs(1));
            let until = issued_before.plus(MAX_LIFETIME + MAX_LEEWAY);
            revoked.revoke(Revocation::Subject { issuer: ISSUER, subject, issued_before }, until, now)
        })
    }

    /// Consumes token and proof if all is right, acts, and saves the state.
    fn authorize(
        &mut self,
        scope: &str,
        token: &[u8],
        proof: &[u8],
        act: impl FnOnce(&AccessToken<'_>, &mut Revoked, EarliestTime) -> Result<(), Error>,
    ) -> Result<(), Refusal> {
        let (mut buf, mut proof_buf, now) = ([0; 1024], [0; 1024], self.floor.at());
        let issuer = Issuer::new(ISSUER, self.keys, &[&Es256]);
        let verified = Token::parse(token)?.verify(&issuer, &mut buf)?;
        let request = DpopPolicy::new("POST", URI, token).with_nonces(&self.nonces);
        let proof = Token::parse(proof)
            .and_then(|proof| proof.verify_dpop(&request, &[&Es256], now, &mut proof_buf))
            .map_err(Refusal::Proof)?;

        let policy = POLICY
            .with_required_scope(scope)
            .with_revocations(&self.revoked)
            .with_dpop(&proof, &self.used)
            .with_single_use(&self.used);
        let pending = verified.validate_access_token(&policy, now)?;
        let claims = pending.claims::<DoorClaims>()?;
        if claims.door != DOOR || (scope == REVOKE && claims.revoke.is_none()) {
            return Err(Error::Denied.into());
        }
        // Before it is consumed: used ids are over when the floor has passed them.
        let has_risen = self.floor.learn(&pending);
        let verdict = match pending.consume() {
            Ok(token) => act(&token, &mut self.revoked, self.floor.at()),
            // A full window, perhaps: by the higher floor, the token is accepted when it is sent again.
            Err(error) if has_risen => Err(error),
            Err(error) => return Err(error.into()), // nothing has changed
        };
        self.save()?;
        Ok(verdict?)
    }

    /// Writes one copy while the other is whole, after a power cut too.
    fn save(&mut self) -> Result<(), Refusal> {
        let mut record = [0; RECORD_LEN];
        let (floor, stores) = record.split_at_mut(TimeFloor::LEN);
        let (revoked, used) = stores.split_at_mut(Revoked::SNAPSHOT_LEN);
        floor.copy_from_slice(&self.floor.to_bytes());
        self.revoked.snapshot(revoked)?;
        self.used.snapshot(used)?;
        for copy in [self.first, 1 - self.first] {
            // If it fails, it is the torn one.
            self.first = copy;
            if !self.flash.write(copy, &record) {
                return Err(Refusal::NotSaved);
            }
        }
        Ok(())
    }
}
