//! A store of used ids in memory of a fixed size.

use core::cell::{RefCell, RefMut};
use core::fmt;

use crate::error::Error;
use crate::storage::expiring_set::{Entry, EntryId, ExpiringSet};
use crate::storage::{ReplayCheck, SingleUse};
use crate::time::{Now, UnixTime};

/// A [`ReplayCheck`] that remembers used ids in `N` slots of 32 bytes each. One owner can have `SHARE` of them.
///
/// An id takes a slot until nothing fresh can have it: a token for its lifetime and [`MAX_LEEWAY`](crate::MAX_LEEWAY),
/// a proof for its age limit and the leeway. `N` bounds the number of requests in that time. The owner of an id is the
/// client: the key of its proofs, or else the issuer and the client (`client_id`) or the subject (`sub`) of the token.
/// A client that can obtain tokens for many keys has as many shares; a client and a subject of one name have one
/// together. If all slots are taken, the window refuses the next id ([`Error::Full`]) rather than forget one. If the
/// owner's share is taken, it refuses only the owner's next id ([`Error::ShareFull`]). Choose a share of a quarter of
/// the slots or less, so that no single client can fill the window; a share as large as the window is none. A request
/// with a DPoP proof and a token for single use takes two slots of a share.
///
/// Policies for DPoP proofs that share a window need the same leeway and age. Setting the clock back does not make an
/// evicted id usable again: an id that ends no later than an evicted one is refused.
///
/// **A new window is closed**: it refuses everything ([`Error::NotOpened`]) until it is [restored](Self::restore) or
/// [started empty](Self::start_empty). So a `const` window, which is a new one at each use, accepts nothing. The
/// example `shared_state` shows a window in a `static`.
///
/// It can survive a power cut, as a [`RevocationList`](crate::RevocationList) can: write the snapshot before you act on
/// the used id. Without a snapshot, an id used before the power cut can be used once more afterwards, if it is still
/// fresh.
///
/// ```
/// use embedded_jwt::{Error, Now, ReplayCheck, ReplayWindow, SingleUse, UnixTime};
///
/// let window = ReplayWindow::<64, 16>::new();
/// window.start_empty();
/// let (now, until) = (UnixTime::from_secs(1_768_478_400), UnixTime::from_secs(1_768_478_460));
/// let id = SingleUse::new("cmd+jwt", b"https://idp.example.com", "id-1", until);
/// assert_eq!(window.use_once(id, now.into()), Ok(()));
/// assert_eq!(window.use_once(id, now.into()), Err(Error::Replayed));
/// ```
#[derive(Default)]
pub struct ReplayWindow<const N: usize, const SHARE: usize> {
    set: RefCell<ExpiringSet<N>>,
}

impl<const N: usize, const SHARE: usize> ReplayWindow<N, SHARE> {
    /// The length of the [`snapshot`](Self::snapshot) of a full window, in bytes.
    pub const SNAPSHOT_LEN: usize = ExpiringSet::<N>::SNAPSHOT_LEN;

    /// A window that is closed.
    pub const fn new() -> Self {
        Self { set: RefCell::new(ExpiringSet::new()) }
    }

    /// Opens the window without ids, at the very first start. After a restart, this allows one more use of each id that
    /// is still fresh: [`restore`](Self::restore) a snapshot instead. Does nothing if the window is open.
    pub fn start_empty(&self) {
        self.start_empty_after(0);
    }

    /// As [`start_empty`](Self::start_empty), for a device with a counter that cannot be set back: the window counts
    /// its changes from this generation on, so that its snapshots are accepted although earlier ones are lost.
    pub fn start_empty_after(&self, generation: u64) {
        if let Ok(mut set) = self.set() {
            set.start_empty(generation);
        }
    }

    /// Drops all ids, and raises the generation, as [`RevocationList::clear`](crate::RevocationList::clear) does.
    /// **This allows one more use of each id that is still fresh.** It is the way out after the clock was wrong and the
    /// window has evicted ids that seemed to be over.
    ///
    /// # Errors
    ///
    /// [`Error::NotOpened`] if the window is closed.
    pub fn clear(&self) -> Result<(), Error> {
        self.set()?.clear()
    }

    /// The number of slots in use, including ids that are over and not evicted yet.
    pub fn len(&self) -> usize {
        self.set().map_or(0, |set| set.len())
    }

    /// Whether no slot is in use.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of changes to the window so far. A refused request changes nothing. See
    /// [`RevocationList::generation`](crate::RevocationList::generation).
    pub fn generation(&self) -> u64 {
        self.set().map_or(0, |set| set.generation())
    }

    /// Writes the whole window to the start of `buf`, and returns the bytes written. See
    /// [`RevocationList::snapshot`](crate::RevocationList::snapshot).
    ///
    /// # Errors
    ///
    /// - [`Error::NotOpened`]: the window is closed.
    /// - [`Error::BufferTooSmall`]: `buf` is shorter than the snapshot.
    pub fn snapshot<'s>(&self, buf: &'s mut [u8]) -> Result<&'s [u8], Error> {
        self.set()?.snapshot(KIND, buf)
    }

    /// Replaces the whole window with a snapshot and opens it, or changes nothing if there is an error. See
    /// [`RevocationList::restore`](crate::RevocationList::restore).
    ///
    /// # Errors
    ///
    /// - [`Error::ClockNotSet`]: `now` is the time of a clock that was never set.
    /// - [`Error::Malformed`]: it is not a snapshot of a replay window of this version, or it is torn or altered.
    /// - [`Error::RolledBack`]: the snapshot's generation is below `least_generation`; or the window is open, and the
    ///   snapshot is neither of a later generation than the window nor of its present state.
    /// - [`Error::Full`]: it has more than `N` ids that are not over at `now`.
    pub fn restore(&self, snapshot: &[u8], least_generation: u64, now: impl Into<Now>) -> Result<(), Error> {
        let now = now.into().known().ok_or(Error::ClockNotSet)?;
        self.set()?.restore((KIND, 1 << USED), snapshot, least_generation, now)
    }

    /// Borrows the set. This never fails, since nothing that is called during a borrow calls back.
    fn set(&self) -> Result<RefMut<'_, ExpiringSet<N>>, Error> {
        self.set.try_borrow_mut().map_err(|_| Error::Full)
    }

    /// The set and the time, if all these ids can be used.
    fn check(&self, ids: &[SingleUse], now: Now) -> Result<(RefMut<'_, ExpiringSet<N>>, UnixTime), Error> {
        let set = self.set()?;
        set.check_open()?;
        let now = now.known().ok_or(Error::ClockNotSet)?;
        let mut rest = ids;
        while let [id, others @ ..] = rest {
            let entry = entry(id);
            if !entry.is_live(now) {
                return Err(Error::EntryExpired);
            }
            let is_used = id.until() <= set.latest_evicted()
                || set.live(now).any(|used| used.id == entry.id)
                || others.iter().any(|other| other.id() == id.id());
            if is_used {
                return Err(id.replayed());
            }
            rest = others;
        }
        for entry in ids.iter().map(entry) {
            let used = set.live(now).filter(|used| used.detail == entry.detail).count();
            let new = ids.iter().filter(|id| detail_of(id) == entry.detail).count();
            if used.saturating_add(new) > SHARE {
                return Err(Error::ShareFull);
            }
        }
        set.check_room(ids.len(), now)?;
        Ok((set, now))
    }
}

impl<const N: usize, const SHARE: usize> ReplayCheck for ReplayWindow<N, SHARE> {
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::NotOpened`]: the window is closed.
    /// - [`Error::ClockNotSet`]: `now` is the time of a clock that was never set.
    /// - For each id, [`Error::EntryExpired`]: its `until` is not after `now`; [`Error::Replayed`],
    ///   [`Error::ProofReplayed`]: it was used, or ends no later than an evicted id.
    /// - [`Error::ShareFull`]: the owner has used its share, even if the window is full too.
    /// - [`Error::Full`]: too few slots are free.
    fn check_unused(&self, ids: &[SingleUse], now: Now) -> Result<(), Error> {
        self.check(ids, now).map(drop)
    }

    /// # Errors
    ///
    /// As [`check_unused`](ReplayCheck::check_unused).
    fn use_all(&self, ids: &[SingleUse], now: Now) -> Result<(), Error> {
        let (mut set, now) = self.check(ids, now)?;
        set.insert_all(ids.iter().map(entry), now)
    }

    fn release(&self, ids: &[SingleUse]) {
        if let Ok(mut set) = self.set() {
            ids.iter().for_each(|id| set.remove(entry(id).id));
        }
    }

    fn address(&self) -> Option<*const ()> {
        Some(core::ptr::from_ref(self).cast())
    }
}

fn entry(id: &SingleUse) -> Entry {
    Entry { id: EntryId::from_digest(USED, id.id()), detail: detail_of(id), until: id.until() }
}

/// Whose entry it is.
fn detail_of(id: &SingleUse) -> i64 {
    i64::from_be_bytes(id.owner())
}

/// Omits the digests: every trait object includes `Debug`, and digests would link in the code that formats numbers.
impl<const N: usize, const SHARE: usize> fmt::Debug for ReplayWindow<N, SHARE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayWindow").finish_non_exhaustive()
    }
}

/// Marks the snapshots of replay windows.
const KIND: u8 = b'U';
/// The only kind of entry in a window.
const USED: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    /// Using an id again replaces its entry that is over, and the release removes the new one.
    #[test]
    fn released_id_stays_refused_for_its_earlier_use() {
        let at = |offset: i64| UnixTime::from_secs(1_768_478_400 + offset);
        let window = ReplayWindow::<4, 4>::new();
        window.start_empty();
        let id = |until| SingleUse::new("cmd+jwt", b"i", "id-1", at(until));
        assert_eq!(window.use_once(id(10), at(0).into()), Ok(()));
        assert_eq!(window.use_once(id(20), at(12).into()), Ok(()));
        window.release(&[id(20)]);
        // The clock is set back.
        assert_eq!(window.use_once(id(10), at(5).into()), Err(Error::Replayed));
    }
}
