//! A revocation list in memory of a fixed size. It keeps an entry until no policy accepts any token that the entry revokes.

use core::fmt;

use crate::error::Error;
use crate::storage::expiring_set::{Entry, EntryId, ExpiringSet};
use crate::storage::revocation::{
    ALL, ANY_TIME, CLIENT, EVERY_TOKEN, ISSUER, KEY, PROOF_KEY, SIGNING_INPUT, SUBJECT, TOKEN,
};
use crate::storage::{Revocation, Revocations, TokenIdentity};
use crate::time::{Now, UnixTime};

/// A list of revoked tokens, and groups of tokens, in `N` slots of 32 bytes each.
///
/// An entry is in force until its `until`, and evicted only after that: a full list refuses the next entry
/// ([`Error::Full`]). [`Revocation::All`] needs no slot, so that the token in question can always be revoked, together
/// with others. Only beside an `All` that is in force and has a later `issued_before` or a later `until`, it takes a slot;
/// if there is none, use the later of both times.
///
/// Setting the clock back does not make a revoked token acceptable again: a token that the policy accepts no longer than
/// an evicted entry was in force is refused as expired, whatever the clock.
///
/// **A new list is closed**: it refuses every token and every change ([`Error::NotOpened`]) until it is
/// [restored](Self::restore) or [started empty](Self::start_empty). So a restore that is forgotten after a restart
/// accepts no revoked token. The example `shared_state` shows a list in a `static`.
///
/// # Example: a lost phone
///
/// ```
/// use core::time::Duration;
/// use embedded_jwt::{AccessTokenPolicy, DEFAULT_LEEWAY, Error, MAX_LEEWAY, Revocation, RevocationList, UnixTime};
///
/// /// The longest lifetime of a token, which the policy enforces.
/// const MAX_LIFETIME: Duration = Duration::from_secs(300);
///
/// fn revoke(list: &mut RevocationList<64>, client_id: &str, now: UnixTime) -> Result<(), Error> {
///     // Includes tokens issued in this very second by a clock that is ahead.
///     let issued_before = now.plus(DEFAULT_LEEWAY + Duration::from_secs(1));
///     let until = issued_before.plus(MAX_LIFETIME + MAX_LEEWAY);
///     let phone = Revocation::Client { issuer: "https://idp.example.com", client_id, issued_before };
///     match list.revoke(phone, until, now) {
///         Err(Error::Full) => list.revoke(Revocation::All { issued_before }, until, now),
///         other => other,
///     }
/// }
///
/// let mut list = RevocationList::<64>::new();
/// list.start_empty();
/// revoke(&mut list, "stolen-phone", UnixTime::from_secs(1_768_478_400))?;
/// let policy =
///     AccessTokenPolicy::new("urn:device:pump-7").with_max_lifetime(MAX_LIFETIME).with_revocations(&list);
/// # Ok::<(), Error>(())
/// ```
///
/// # Example: surviving a power cut
///
/// Power can fail during a write to flash, so keep two snapshots and overwrite the older one, or have a library such as
/// `sequential-storage` do that. A power cut then leaves one torn snapshot, which [`restore`](Self::restore) refuses, and
/// the previous one.
///
/// ```
/// use embedded_jwt::{Error, Now, RevocationList};
///
/// const PAGE: usize = RevocationList::<64>::SNAPSHOT_LEN;
///
/// struct Flash {
///     pages: [[u8; PAGE]; 2],
///     newest: usize,
/// }
///
/// /// Opens the list, unless revocations may be lost: then it stays closed. If the device has a counter that cannot be
/// /// set back, which is raised after each save, `least` comes from it; otherwise `least` is 0.
/// fn start(flash: &mut Flash, list: &mut RevocationList<64>, least: u64, now: Now) {
///     let is_new = flash.pages.iter().flatten().all(|byte| *byte == 0xff) && least == 0;
///     if is_new {
///         list.start_empty();
///     }
///     for (index, page) in flash.pages.iter().enumerate() {
///         // Refused: torn, or the older of the two, read after the newer one.
///         if list.restore(page, least, now).is_ok() {
///             flash.newest = index;
///         }
///     }
/// }
///
/// fn save(flash: &mut Flash, list: &RevocationList<64>) -> Result<(), Error> {
///     let older = 1 - flash.newest;
///     list.snapshot(&mut flash.pages[older])?; // a real flash is written from a buffer
///     flash.newest = older;
///     Ok(())
/// }
/// # let now = embedded_jwt::UnixTime::from_secs(1_768_478_400);
/// # let mut flash = Flash { pages: [[0xff; PAGE]; 2], newest: 0 };
/// # let mut list = RevocationList::new();
/// # start(&mut flash, &mut list, 1, now.into());
/// # assert_eq!(save(&mut flash, &list), Err(Error::NotOpened));
/// # start(&mut flash, &mut list, 0, now.into());
/// # for seconds in [1, 2, 3].map(core::time::Duration::from_secs) {
/// #     list.revoke(embedded_jwt::Revocation::All { issued_before: now }, now.plus(seconds), now)?;
/// #     save(&mut flash, &list)?;
/// #     let mut restored = RevocationList::new();
/// #     start(&mut flash, &mut restored, list.generation(), now.into());
/// #     assert_eq!(restored.generation(), list.generation());
/// # }
/// # Ok::<(), Error>(())
/// ```
#[derive(Default)]
pub struct RevocationList<const N: usize> {
    set: ExpiringSet<N>,
}

impl<const N: usize> RevocationList<N> {
    /// A list that is closed.
    pub const fn new() -> Self {
        Self { set: ExpiringSet::new() }
    }

    /// Opens the list without entries, at the very first start. After a restart, [`restore`](Self::restore) a snapshot
    /// instead; if there is none that can be read, start empty and revoke [all](Revocation::All) tokens issued until
    /// now. Does nothing if the list is open.
    pub fn start_empty(&mut self) {
        self.set.start_empty();
    }

    /// Revokes a token, or a group of tokens, from now on. Revoking the same again takes no further slot if the later
    /// revocation covers the earlier one: if neither its `issued_before` nor its `until` is earlier.
    ///
    /// `until` is the moment from which no policy accepts any token that the entry revokes: their latest `exp` plus the
    /// largest leeway. For a single token this is [`Claims::refused_from`](crate::Claims::refused_from); for a group it
    /// is `issued_before` plus the longest lifetime, which
    /// [`with_max_lifetime`](crate::AccessTokenPolicy::with_max_lifetime) enforces, plus
    /// [`MAX_LEEWAY`](crate::MAX_LEEWAY). Then the entry is over: it revokes nothing, and may be evicted.
    ///
    /// `issued_before` is compared with the issuer's clock: add the leeway to the time, and a second. An attacker with
    /// a stolen key chooses all times: revoke the key for all of them (`i64::MAX` for both), or remove it from the key
    /// set.
    ///
    /// Where the clock is not set, `issued_before` and `until` must come from the sender of the revocation, or be
    /// `i64::MAX`: the [`TimeFloor`](crate::TimeFloor) may be far behind.
    ///
    /// # Errors
    ///
    /// In this order; nothing changes then:
    /// - [`Error::NotOpened`]: the list is closed.
    /// - [`Error::ClockNotSet`]: `now` is the time of a clock that was never set.
    /// - [`Error::EntryExpired`]: `until` is not after `now`, so that the entry would revoke nothing.
    /// - [`Error::Full`]: no slot is free, even after the entries that are over are evicted. [`Revocation::All`] needs a
    ///   slot only beside another `All` in force that it does not include.
    pub fn revoke(&mut self, revocation: Revocation<'_>, until: UnixTime, now: impl Into<Now>) -> Result<(), Error> {
        self.insert(revocation.entry(until), now.into())
    }

    fn insert(&mut self, entry: Entry, now: Now) -> Result<(), Error> {
        self.set.check_open()?;
        let now = now.known().ok_or(Error::ClockNotSet)?;
        if !entry.is_live(now) {
            return Err(Error::EntryExpired);
        }
        if entry.id == EVERY_TOKEN { self.set.insert_catch_all(entry, now) } else { self.set.insert(entry, now) }
    }

    /// Drops all entries, and raises the generation, so that no earlier snapshot is accepted. **Revoked tokens that have
    /// not expired are accepted again.** It is the way out after a wrong revocation, or after the clock was wrong and the
    /// list has evicted entries that seemed to be over, so that it refuses valid tokens as expired.
    ///
    /// # Errors
    ///
    /// [`Error::NotOpened`] if the list is closed.
    pub fn clear(&mut self) -> Result<(), Error> {
        self.set.clear()
    }

    /// The number of slots in use, including entries that are over and not evicted yet.
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether no slot is in use.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The length of the [`snapshot`](Self::snapshot) of a full list, in bytes.
    pub const SNAPSHOT_LEN: usize = ExpiringSet::<N>::SNAPSHOT_LEN;

    /// The number of changes to the list so far. If the device has a counter that cannot be set back, keep the
    /// generation of the last snapshot in it.
    pub fn generation(&self) -> u64 {
        self.set.generation()
    }

    /// Writes the whole list to the start of `buf`, and returns the bytes written.
    ///
    /// A digest in the snapshot lets [`restore`](Self::restore) detect bytes torn by a power cut or altered by a worn
    /// cell. It does not stop an attacker with write access to the flash, who can compute the digest too.
    ///
    /// # Errors
    ///
    /// - [`Error::NotOpened`]: the list is closed, so that the snapshot would lose what is stored.
    /// - [`Error::BufferTooSmall`]: `buf` is shorter than the snapshot; [`SNAPSHOT_LEN`](Self::SNAPSHOT_LEN) always
    ///   suffices.
    pub fn snapshot<'s>(&self, buf: &'s mut [u8]) -> Result<&'s [u8], Error> {
        self.set.snapshot(KIND, buf)
    }

    /// Replaces the whole list with a snapshot and opens it, or changes nothing if there is an error. The snapshot may
    /// come from a list of another capacity: entries that are over are evicted if there is no room for them. Bytes after
    /// the snapshot are ignored, so that you can pass a whole page of flash.
    ///
    /// An old snapshot would undo revocations: `least_generation` is the lowest generation that is accepted. An open
    /// list accepts only a snapshot of a later generation than its own, or one of its present state. Restore before you revoke: all earlier entries
    /// of the list are lost.
    ///
    /// # Errors
    ///
    /// - [`Error::ClockNotSet`]: `now` is the time of a clock that was never set.
    /// - [`Error::Malformed`]: it is not a snapshot of a revocation list of this version, or it is torn or altered.
    /// - [`Error::RolledBack`]: its generation is too old.
    /// - [`Error::Full`]: it has more than `N` entries that are not over at `now`.
    pub fn restore(&mut self, snapshot: &[u8], least_generation: u64, now: impl Into<Now>) -> Result<(), Error> {
        let now = now.into().known().ok_or(Error::ClockNotSet)?;
        self.set.restore((KIND, KINDS), snapshot, least_generation, now)
    }
}

impl<const N: usize> Revocations for RevocationList<N> {
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::NotOpened`]: the list is closed.
    /// - [`Error::ClockNotSet`]: `now` is the time of a clock that was never set.
    /// - [`Error::Expired`]: the policy accepts the token no longer than an evicted entry was in force, which might
    ///   have revoked it.
    /// - [`Error::Revoked`]: an entry revokes the token.
    fn check(&self, token: &TokenIdentity<'_>, now: Now) -> Result<(), Error> {
        self.set.check_open()?;
        let now = now.known().ok_or(Error::ClockNotSet)?;
        if token.usable_until() <= self.set.latest_evicted() {
            return Err(Error::Expired);
        }
        // Digests are slow to compute, above all the digest of the signing input: only the kinds in the list are
        // computed. The list is long: one pass checks all of them.
        let kinds = self.set.kinds();
        let has = |kind: u8| kinds & 1_u32.wrapping_shl(kind.into()) != 0;
        let id_of = |kind, first: &[u8], second: &[u8]| has(kind).then(|| EntryId::new(kind, first, second));
        let id_at_issuer = |kind, value: Option<&str>| {
            value.and_then(|value| id_of(kind, token.issuer().as_bytes(), value.as_bytes()))
        };
        let proof_key = || token.confirmation().and_then(|confirmation| confirmation.key());
        let ids = [
            None,
            id_at_issuer(TOKEN, token.jwt_id()),
            has(SIGNING_INPUT).then(|| EntryId::new(SIGNING_INPUT, &[], &token.signing_input_digest())),
            id_at_issuer(SUBJECT, token.subject()),
            id_at_issuer(CLIENT, token.client_id()),
            id_of(KEY, &[], token.key().public_key()),
            id_at_issuer(ISSUER, Some("")),
            has(PROOF_KEY).then(proof_key).flatten().and_then(|key| id_of(PROOF_KEY, &[], key.as_bytes())),
            Some(EVERY_TOKEN),
        ];
        let is_issued_before = |entry: &Entry| {
            entry.detail == ANY_TIME || token.issued_at().is_none_or(|issued_at| issued_at.as_secs() < entry.detail)
        };
        let revokes = |entry: &Entry| entry.is_live(now) && is_issued_before(entry);
        if revokes(self.set.catch_all()) || self.set.find(&ids).any(revokes) { Err(Error::Revoked) } else { Ok(()) }
    }
}

/// Omits the digests: every trait object includes `Debug`, and digests would link in the code that formats numbers.
impl<const N: usize> fmt::Debug for RevocationList<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationList").finish_non_exhaustive()
    }
}

/// Marks the snapshots of revocation lists.
const KIND: u8 = b'R';
/// The kinds of entries in a list, one bit each: from [`TOKEN`] to [`ALL`].
const KINDS: u32 = (2 << ALL) - (1 << TOKEN);
