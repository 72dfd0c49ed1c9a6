//! A revocation list in memory of a fixed size. It keeps an entry until no policy accepts any token that the entry
//! revokes.

use core::fmt;

use crate::error::Error;
use crate::storage::expiring_set::{Entry, EntryId, ExpiringSet};
use crate::storage::revocation::{ALL, ANY_TIME, EVERY_TOKEN, KIND_COUNT, TOKEN};
use crate::storage::{Revocation, Revocations, TokenIdentity};
use crate::time::{Now, UnixTime};

/// A list of revoked tokens, and groups of tokens, in `N` slots of 32 bytes each.
///
/// An entry is in force until its `until`, and evicted only after that: a full list refuses the next entry
/// ([`Error::Full`]). [`Revocation::All`] needs no slot, so that the token in question can always be revoked, together
/// with others. Only beside an `All` that is in force and has a later `issued_before` or a later `until`, it takes a
/// slot; if there is none, use the later of both times.
///
/// Setting the clock back does not make a revoked token acceptable again: a token that the policy accepts no longer
/// than an evicted entry was in force is refused as expired, whatever the clock.
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
/// It survives a power cut by its [snapshots](Self::snapshot): the chapter [storage](crate::guide::storage) of the
/// guide shows how.
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
    /// instead; if there is none that can be read, [start with](Self::start_with) everything revoked. Does nothing if
    /// the list is open.
    pub fn start_empty(&mut self) {
        self.set.start_empty(0);
    }

    /// Opens the list with one revocation, for a device that has lost its list: with
    /// [all](Revocation::All) tokens issued until now. `generation` is the last one that the device's counter knows, if
    /// it has a counter that cannot be set back, and otherwise 0: the list counts its changes from there on.
    ///
    /// If the list is open, this only revokes.
    ///
    /// # Errors
    ///
    /// As [`revoke`](Self::revoke). A list that was closed then stays closed.
    ///
    /// # Example: all snapshots are lost
    ///
    /// ```
    /// use core::time::Duration;
    /// use embedded_jwt::{DEFAULT_LEEWAY, Error, MAX_LEEWAY, Revocation, RevocationList, UnixTime};
    ///
    /// const MAX_LIFETIME: Duration = Duration::from_secs(300);
    ///
    /// fn start(list: &mut RevocationList<64>, now: UnixTime) -> Result<(), Error> {
    ///     let issued_before = now.plus(DEFAULT_LEEWAY + Duration::from_secs(1));
    ///     let until = issued_before.plus(MAX_LIFETIME + MAX_LEEWAY);
    ///     list.start_with(Revocation::All { issued_before }, 0, until, now)
    /// }
    /// ```
    pub fn start_with(
        &mut self,
        revocation: Revocation<'_>,
        generation: u64,
        until: UnixTime,
        now: impl Into<Now>,
    ) -> Result<(), Error> {
        let was_open = self.set.is_open();
        self.set.start_empty(generation);
        self.insert(revocation.entry(until), now.into()).inspect_err(|_| {
            if !was_open {
                self.set.close();
            }
        })
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
    /// - [`Error::Full`]: no slot is free, even after the entries that are over are evicted. [`Revocation::All`] needs
    ///   a slot only beside another `All` in force that it does not include.
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

    /// Drops all entries, and raises the generation, so that this list accepts no earlier snapshot. After a restart,
    /// [`restore`](Self::restore) refuses an earlier snapshot only by its `least_generation`, so save the empty list.
    /// **Revoked tokens that have not expired are accepted again.** It is the way out after a wrong revocation, or
    /// after the clock was wrong and the list has evicted entries that seemed to be over, so that it refuses valid
    /// tokens as expired.
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
    /// cell. It does not stop an attacker with write access to the flash: anyone can compute the digest.
    ///
    /// # Errors
    ///
    /// - [`Error::NotOpened`]: the list is closed, so that the snapshot would lose the entries in flash.
    /// - [`Error::BufferTooSmall`]: `buf` is shorter than the snapshot; [`SNAPSHOT_LEN`](Self::SNAPSHOT_LEN) always
    ///   suffices.
    pub fn snapshot<'s>(&self, buf: &'s mut [u8]) -> Result<&'s [u8], Error> {
        self.set.snapshot(KIND, buf)
    }

    /// Replaces the whole list with a snapshot and opens it, or changes nothing if there is an error. The snapshot may
    /// come from a list of another capacity: entries that are over are evicted if there is no room for them. Bytes
    /// after the snapshot are ignored, so that you can pass a whole page of flash.
    ///
    /// An old snapshot would undo revocations: `least_generation` is the lowest generation that is accepted. An open
    /// list accepts only a snapshot of a later generation than its own, or one of its present state. Restore before you
    /// revoke: all earlier entries of the list are lost.
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
    /// - [`Error::Invalid`]: a client's key is revoked, from whatever time on, and the token's `cnf` cannot be read.
    /// - [`Error::Revoked`]: an entry revokes the token.
    fn check(&self, token: &TokenIdentity<'_>, now: Now) -> Result<(), Error> {
        self.set.check_open()?;
        let now = now.known().ok_or(Error::ClockNotSet)?;
        if token.usable_until() <= self.set.latest_evicted() {
            return Err(Error::Expired);
        }
        // Digests are slow to compute, above all the digest of the signing input: only the kinds in force are computed.
        // The list is long: one pass checks all of them.
        let kinds = self.set.kinds(now);
        let mut ids = [EntryId::NONE; KIND_COUNT];
        for (kind, id) in (0..).zip(&mut ids) {
            if kinds & 1_u32.wrapping_shl(kind.into()) != 0 {
                *id = token.entry_id(kind)?;
            }
        }
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
