//! The set of entries, each with a time at which it ends, inside [`RevocationList`](crate::RevocationList) and
//! [`ReplayWindow`](crate::ReplayWindow).
//!
//! **Invariant.** Everything that an inserted entry covers either is found to be covered, or ends no later than
//! [`ExpiringSet::latest_evicted`], or has ended: an entry is evicted or replaced only after everything that it covers
//! has ended, unless the new entry covers that too. Nothing else is ever found to be covered.

mod snapshot;

use heapless::Vec;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::time::UnixTime;

#[derive(Debug)]
pub(super) struct ExpiringSet<const N: usize> {
    entries: Vec<Entry, N>,
    /// The entry that applies to every id. It has none of its own.
    catch_all: Entry,
    /// The latest `until` of an evicted entry.
    latest_evicted: UnixTime,
    /// The number of changes so far.
    generation: u64,
    /// Whether the set was restored or started empty. Until then it may lack entries, and answers nothing.
    is_open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) id: EntryId,
    /// Limits the entry further: the time of issue before which it covers tokens, or whose entry it is.
    pub(super) detail: i64,
    /// The moment from which nothing needs the entry. Until then it is live.
    pub(super) until: UnixTime,
}

/// Identifies an entry: a truncated digest, with the kind of entry in the lowest byte.
// Packed, so that a store needs the alignment 8 and no more: the heaps of many systems give that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(Rust, packed(8))]
pub(super) struct EntryId(u128);

impl EntryId {
    /// The id of no entry: its kind is 0.
    pub(super) const NONE: Self = Self(0);

    /// Identifies a pair of strings of any length. The length of `first` is hashed too, so that another split of the
    /// same bytes has another id.
    pub(super) fn new(kind: u8, first: &[u8], second: &[u8]) -> Self {
        let digest = Sha256::new()
            .chain_update(u64::try_from(first.len()).unwrap_or(u64::MAX).to_be_bytes())
            .chain_update(first)
            .chain_update(second)
            .finalize();
        Self::from_digest(kind, digest.first_chunk().copied().unwrap_or_default())
    }

    pub(super) const fn from_digest(kind: u8, digest: [u8; 16]) -> Self {
        let [digest @ .., _] = digest;
        let mut bytes = [kind; 16];
        bytes.split_at_mut(15).0.copy_from_slice(&digest);
        Self(u128::from_be_bytes(bytes))
    }

    /// Whether the entry is of one of these kinds, one bit each.
    fn is_of(self, kinds: u32) -> bool {
        kinds.checked_shr(self.kind().into()).is_some_and(|kinds| kinds & 1 == 1)
    }

    fn kind(self) -> u8 {
        let [.., kind] = self.0.to_be_bytes();
        kind
    }
}

impl Entry {
    /// An entry that is over at any time. All zeros, so that a `static` set needs no flash.
    const NONE: Self = Self { id: EntryId::NONE, detail: 0, until: UnixTime::from_secs(0) };

    pub(super) fn is_live(&self, now: UnixTime) -> bool {
        now < self.until
    }

    /// Whether this covers all that `other`, which has the same id, covers.
    fn includes(&self, other: &Self) -> bool {
        self.detail >= other.detail && self.until >= other.until
    }
}

impl<const N: usize> Default for ExpiringSet<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> ExpiringSet<N> {
    /// A set that is closed.
    pub(super) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            catch_all: Entry::NONE,
            latest_evicted: Entry::NONE.until,
            generation: 0,
            is_open: false,
        }
    }

    /// Opens the set without entries, and counts changes from `generation` on. Does nothing if the set is open.
    pub(super) fn start_empty(&mut self, generation: u64) {
        if !self.is_open {
            (self.is_open, self.generation) = (true, generation);
        }
    }

    /// Closes a set that was opened without entries.
    pub(super) fn close(&mut self) {
        *self = Self::new();
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// # Errors
    ///
    /// [`Error::NotOpened`] if the set is closed.
    pub(super) fn check_open(&self) -> Result<(), Error> {
        if self.is_open { Ok(()) } else { Err(Error::NotOpened) }
    }

    /// Drops everything, and counts this as a change, so that no earlier snapshot is accepted.
    ///
    /// # Errors
    ///
    /// [`Error::NotOpened`] if the set is closed.
    pub(super) fn clear(&mut self) -> Result<(), Error> {
        self.check_open()?;
        let generation = self.generation.saturating_add(1);
        *self = Self { generation, is_open: true, ..Self::new() };
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) fn latest_evicted(&self) -> UnixTime {
        self.latest_evicted
    }

    pub(super) fn catch_all(&self) -> &Entry {
        &self.catch_all
    }

    /// The kinds of all live entries, one bit each.
    pub(super) fn kinds(&self, now: UnixTime) -> u32 {
        self.live(now).fold(0, |kinds, entry| kinds | 1_u32.wrapping_shl(entry.id.kind().into()))
    }

    /// The entries with one of these ids. The index of each id is its kind.
    pub(super) fn find<const KINDS: usize>(&self, ids: &[EntryId; KINDS]) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| ids.get(usize::from(entry.id.kind())) == Some(&entry.id))
    }

    pub(super) fn live(&self, now: UnixTime) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.is_live(now))
    }

    /// Inserts an entry. It replaces the entries with its id that it includes or that are over; another entry with its
    /// id stays as well, since no single entry covers exactly what both cover.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if no slot is free, even after the entries that are over are evicted. Then nothing has changed.
    pub(super) fn insert(&mut self, new: Entry, now: UnixTime) -> Result<(), Error> {
        let is_included = self.entries.iter().any(|entry| entry.id == new.id && entry.includes(&new));
        if is_included || self.catch_all.includes(&new) {
            return Ok(());
        }
        let is_replaced = |entry: &Entry| entry.id == new.id && (new.includes(entry) || !entry.is_live(now));
        if self.entries.iter().any(is_replaced) {
            self.evict(is_replaced, Some(&new));
        } else {
            self.make_room(1, now)?;
        }
        self.entries.push(new).map_err(|_| Error::Full)?;
        self.count_change();
        Ok(())
    }

    /// Applies `new` to every id, and drops the entries that this makes redundant. It takes a slot of its own only
    /// if there is a live entry for every id that it does not include.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub(super) fn insert_catch_all(&mut self, new: Entry, now: UnixTime) -> Result<(), Error> {
        let old = self.catch_all;
        if old.includes(&new) {
            return Ok(());
        }
        if old.is_live(now) && !new.includes(&old) {
            return self.insert(new, now);
        }
        if !new.includes(&old) {
            self.latest_evicted = self.latest_evicted.max(old.until);
        }
        self.catch_all = Entry { id: EntryId::NONE, ..new };
        self.entries.retain(|entry| !new.includes(entry));
        self.count_change();
        Ok(())
    }

    /// Inserts entries whose ids are not in the set as live entries: all of them or none.
    ///
    /// # Errors
    ///
    /// As [`check_room`](Self::check_room).
    pub(super) fn insert_all(&mut self, new: impl Iterator<Item = Entry> + Clone, now: UnixTime) -> Result<(), Error> {
        let count = new.clone().count();
        self.check_room(count, now)?;
        // Entries with these ids are over. They are evicted, although the new ones include them, since these can be
        // removed again.
        self.evict(|entry| new.clone().any(|new| new.id == entry.id), None);
        self.make_room(count, now)?;
        for entry in new {
            self.entries.push(entry).map_err(|_| Error::Full)?;
        }
        self.count_change();
        Ok(())
    }

    /// # Errors
    ///
    /// [`Error::Full`] if this many entries do not fit, even after the entries that are over are evicted.
    pub(super) fn check_room(&self, count: usize, now: UnixTime) -> Result<(), Error> {
        if self.live(now).count().saturating_add(count) > N { Err(Error::Full) } else { Ok(()) }
    }

    /// Removes an entry as if it had never been inserted.
    pub(super) fn remove(&mut self, id: EntryId) {
        let len = self.entries.len();
        self.entries.retain(|entry| entry.id != id);
        if self.entries.len() < len {
            self.count_change();
        }
    }

    /// Evicts the entries that are over, if there is not enough room otherwise.
    fn make_room(&mut self, count: usize, now: UnixTime) -> Result<(), Error> {
        self.check_room(count, now)?;
        if self.entries.len().saturating_add(count) > N {
            self.evict(|entry| !entry.is_live(now), None);
        }
        Ok(())
    }

    /// Removes entries. Those that `successor` does not include raise the latest evicted time.
    fn evict(&mut self, is_evicted: impl Fn(&Entry) -> bool, successor: Option<&Entry>) {
        let latest_evicted = &mut self.latest_evicted;
        self.entries.retain(|entry| {
            let is_evicted = is_evicted(entry);
            if is_evicted && !successor.is_some_and(|successor| successor.includes(entry)) {
                *latest_evicted = (*latest_evicted).max(entry.until);
            }
            !is_evicted
        });
    }

    fn count_change(&mut self) {
        self.generation = self.generation.saturating_add(1);
    }
}
