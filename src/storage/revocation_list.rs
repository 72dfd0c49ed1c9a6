//! A revocation list in memory of a fixed size. It keeps an entry until every token that the entry revokes has expired.

use core::fmt;

use crate::error::Error;
use crate::storage::expiring_set::{Coverage, EntryId, ExpiringSet, TokenLifetime};
use crate::storage::revocation::{CLIENT, ISSUER, KEY, SIGNING_INPUT, SUBJECT, TOKEN};
use crate::storage::{Revocation, Revocations, TokenIdentity};
use crate::time::{Now, UnixTime};

/// A list of revoked tokens, and groups of tokens, in `N` slots of 32 bytes each.
///
/// An entry is evicted only after every token that it revokes has expired: a full list refuses the next entry
/// ([`Error::Full`]). [`Revocation::All`] needs no slot, so that the token in question can always be revoked, together
/// with others.
///
/// After an eviction, setting the clock back does not make a revoked token acceptable again: a token that expires no
/// later than an evicted entry is refused as expired, whatever the clock and the leeway.
///
/// # Example: a lost phone
///
/// ```
/// use core::time::Duration;
/// use embedded_jwt::{AccessTokenPolicy, Error, Revocation, RevocationList, UnixTime};
///
/// /// The longest lifetime of a token, in seconds, which the policy enforces.
/// const MAX_LIFETIME: i64 = 300;
/// /// How far the issuer's clock may be ahead, in seconds.
/// const LEEWAY: i64 = 60;
///
/// fn revoke(list: &mut RevocationList<64>, client_id: &str, now: UnixTime) -> Result<(), Error> {
///     // Includes tokens issued in this very second by a clock that is ahead.
///     let issued_before = UnixTime::from_secs(now.as_secs() + LEEWAY + 1);
///     let until = UnixTime::from_secs(issued_before.as_secs() + MAX_LIFETIME);
///     let phone = Revocation::Client { issuer: "https://idp.example.com", client_id, issued_before };
///     match list.revoke(phone, until, now) {
///         Err(Error::Full) => list.revoke(Revocation::All { issued_before }, until, now),
///         other => other,
///     }
/// }
///
/// let mut list = RevocationList::<64>::new();
/// revoke(&mut list, "stolen-phone", UnixTime::from_secs(1_768_478_400))?;
/// let policy = AccessTokenPolicy::new("urn:device:pump-7")
///     .with_max_lifetime(Duration::from_secs(MAX_LIFETIME as u64))
///     .with_revocations(&list);
/// # Ok::<(), Error>(())
/// ```
///
/// # Example: surviving a power cut
///
/// Power can fail during a write to flash, so keep two snapshots and overwrite the older one. A power cut then leaves
/// one torn snapshot, which [`restore`](Self::restore) refuses, and the previous one.
///
/// ```
/// use embedded_jwt::{Error, RevocationList};
///
/// const PAGE: usize = RevocationList::<64>::SNAPSHOT_LEN;
///
/// struct Flash {
///     pages: [[u8; PAGE]; 2],
///     newest: usize,
/// }
///
/// /// Returns whether every revocation is known. If the device has a counter that cannot be set back, which is raised
/// /// after each save, `least` comes from it; otherwise `least` is 0.
/// fn start(flash: &mut Flash, list: &mut RevocationList<64>, least: u64) -> bool {
///     let mut is_known = flash.pages.iter().flatten().all(|byte| *byte == 0xff); // never written
///     for (index, page) in flash.pages.iter().enumerate() {
///         match list.restore(page, least) {
///             Ok(()) => (is_known, flash.newest) = (true, index),
///             // Torn, or the older of the two, read after the newer one.
///             Err(Error::Malformed(_) | Error::RolledBack) => {}
///             Err(_) => return false,
///         }
///     }
///     is_known && list.generation() >= least
/// }
///
/// fn save(flash: &mut Flash, list: &RevocationList<64>) -> Result<(), Error> {
///     let older = 1 - flash.newest;
///     list.snapshot(&mut flash.pages[older])?; // a real flash is written from a buffer
///     flash.newest = older;
///     Ok(())
/// }
/// # let mut flash = Flash { pages: [[0xff; PAGE]; 2], newest: 0 };
/// # let mut list = RevocationList::new();
/// # assert!(start(&mut flash, &mut list, 0) && !start(&mut flash, &mut list, 1));
/// # for issued_before in [1, 2, 3].map(embedded_jwt::UnixTime::from_secs) {
/// #     list.revoke(embedded_jwt::Revocation::All { issued_before }, issued_before, issued_before)?;
/// #     save(&mut flash, &list)?;
/// #     let mut restored = RevocationList::new();
/// #     assert!(start(&mut flash, &mut restored, list.generation()));
/// # }
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Default)]
pub struct RevocationList<const N: usize> {
    set: ExpiringSet<N>,
}

impl<const N: usize> RevocationList<N> {
    /// An empty list.
    pub const fn new() -> Self {
        Self { set: ExpiringSet::new() }
    }

    /// Revokes a token, or a group of tokens, from now on. Revoking the same again takes no further slot; the later of
    /// two times counts.
    ///
    /// `until` is the latest `exp` of any token that the entry revokes: the `exp` of a single token, or `issued_before`
    /// plus the longest lifetime, which [`with_max_lifetime`](crate::AccessTokenPolicy::with_max_lifetime) enforces.
    /// From then on, the entry revokes only tokens that have expired too, and may be evicted.
    ///
    /// `issued_before` is compared with the issuer's clock: add the leeway to the time, and a second. An attacker with
    /// a stolen key chooses all times: revoke the key for all of them (`i64::MAX` for both), or remove it from the key
    /// set.
    ///
    /// Where the clock is not set, `now` is the [`TimeFloor`](crate::TimeFloor), but `issued_before` and `until` must
    /// come from the sender of the revocation, or be `i64::MAX`: the floor may be far behind.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if no slot is free, even after expired entries are evicted. Nothing changes except these
    /// evictions.
    pub fn revoke(&mut self, revocation: Revocation<'_>, until: UnixTime, now: UnixTime) -> Result<(), Error> {
        let coverage = Coverage { before: revocation.issued_before(), until };
        match revocation.entry_id() {
            Some(id) => self.set.insert(id, coverage, now).map(|_| ()),
            None => {
                self.set.insert_catch_all(coverage);
                Ok(())
            }
        }
    }

    /// The number of slots in use, including expired entries that are not evicted yet.
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
    /// [`Error::BufferTooSmall`] if `buf` is shorter than the snapshot; [`SNAPSHOT_LEN`](Self::SNAPSHOT_LEN) always
    /// suffices.
    pub fn snapshot<'s>(&self, buf: &'s mut [u8]) -> Result<&'s [u8], Error> {
        self.set.snapshot(KIND, buf)
    }

    /// Replaces the whole list with a snapshot, or changes nothing if there is an error. The snapshot may come
    /// from a list of another capacity. Bytes after it are ignored, so that you can pass a whole page of flash.
    ///
    /// An old snapshot would undo revocations: `least_generation` is the lowest generation that is accepted. A
    /// generation below the list's own is never accepted. Restore before you revoke: all earlier entries of the list
    /// are lost.
    ///
    /// # Errors
    ///
    /// - [`Error::Malformed`]: it is not a snapshot of a revocation list of this version, or it is torn or altered.
    /// - [`Error::RolledBack`]: its generation is too old.
    /// - [`Error::Full`]: it has more than `N` entries.
    pub fn restore(&mut self, snapshot: &[u8], least_generation: u64) -> Result<(), Error> {
        self.set.restore(KIND, snapshot, least_generation)
    }
}

impl<const N: usize> Revocations for RevocationList<N> {
    /// # Errors
    ///
    /// - [`Error::Expired`]: the token expires no later than an evicted entry, which might have revoked it.
    /// - [`Error::Revoked`]: an entry revokes the token.
    fn check(&self, token: &TokenIdentity<'_>, now: Now) -> Result<(), Error> {
        let lifetime = TokenLifetime { issued_at: token.issued_at(), expires_at: token.expires_at() };
        let now = now.earliest();
        if lifetime.expires_at <= self.set.latest_evicted() {
            return Err(Error::Expired);
        }
        if self.set.catch_all_covers(lifetime, now) {
            return Err(Error::Revoked);
        }
        // Digests are slow to compute, above all the digest of the signing input: only the kinds in the list are
        // computed. The list is long: one pass checks all of them.
        let kinds = self.set.kinds();
        let has = |kind: u8| kinds & 1_u32.wrapping_shl(kind.into()) != 0;
        let id_of = |kind, first: &[u8], second: &[u8]| has(kind).then(|| EntryId::new(kind, first, second));
        let id_at_issuer = |kind, value: Option<&str>| {
            value.and_then(|value| id_of(kind, token.issuer().as_bytes(), value.as_bytes()))
        };
        let ids = [
            None,
            id_at_issuer(TOKEN, token.jwt_id()),
            has(SIGNING_INPUT).then(|| EntryId::new(SIGNING_INPUT, &[], &token.signing_input_digest())),
            id_at_issuer(SUBJECT, token.subject()),
            id_at_issuer(CLIENT, token.client_id()),
            id_of(KEY, &[], token.key().public_key()),
            id_at_issuer(ISSUER, Some("")),
        ];
        if self.set.covers_any(&ids, lifetime, now) { Err(Error::Revoked) } else { Ok(()) }
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
