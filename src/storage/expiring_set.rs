//! What [`RevocationList`](crate::RevocationList) and [`ReplayWindow`](crate::ReplayWindow) keep: names, each with a moment
//! at which it may go.
//!
//! **Invariant.** Whatever an inserted name covers is found to be covered, or ends no later than [`ExpiringSet::latest_evicted`]: a
//! name goes only when all that it covers has ended.

mod snapshot;

use heapless::Vec;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::time::UnixTime;

#[derive(Clone, Debug)]
pub(crate) struct ExpiringSet<const N: usize> {
    entries: Vec<Entry, N>,
    /// Stands for every name.
    all: Coverage,
    /// The latest end of an entry that has gone.
    latest_evicted: UnixTime,
    /// Counts the changes.
    generation: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    name: EntryId,
    span: Coverage,
}

/// A digest of what is named, cut off, with its kind in the lowest byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryId(u128);

/// How much of what has a name is covered: that which began before a moment ([`ANY_TIME`]: whenever), or nobody knows when,
/// as long as it or the span has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coverage {
    pub(crate) before: UnixTime,
    pub(crate) until: UnixTime,
}

/// When that which is looked up began, if that is known, and when it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenLifetime {
    pub(crate) began: Option<UnixTime>,
    pub(crate) ends: UnixTime,
}

impl EntryId {
    /// Two parts, either of any length, have one name of a kind.
    pub(crate) fn new(kind: u8, first: &[u8], second: &[u8]) -> Self {
        let digest = Sha256::new()
            .chain_update(u64::try_from(first.len()).unwrap_or(u64::MAX).to_be_bytes())
            .chain_update(first)
            .chain_update(second)
            .finalize();
        let digest = u128::from_be_bytes(digest.first_chunk().copied().unwrap_or_default());
        Self(digest & !0xff | u128::from(kind))
    }

    fn kind(self) -> u8 {
        let [.., kind] = self.0.to_be_bytes();
        kind
    }
}

impl Coverage {
    const NOTHING: Self = Self { before: UnixTime::from_secs(i64::MIN), until: UnixTime::from_secs(i64::MIN) };

    /// As long as the span lasts, what began before; after that, what should have ended within it, since somebody's leeway
    /// may have it last longer.
    fn covers(self, life: TokenLifetime, now: UnixTime) -> bool {
        let is_before = self.before == ANY_TIME || life.began.is_none_or(|began| began < self.before);
        is_before && (now < self.until || life.ends <= self.until)
    }

    fn join(self, other: Self) -> Self {
        Self { before: self.before.max(other.before), until: self.until.max(other.until) }
    }
}

impl<const N: usize> Default for ExpiringSet<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> ExpiringSet<N> {
    pub(crate) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            all: Coverage::NOTHING,
            latest_evicted: UnixTime::from_secs(i64::MIN),
            generation: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn latest_evicted(&self) -> UnixTime {
        self.latest_evicted
    }

    /// The kinds of all names in it, a bit each.
    pub(crate) fn kinds(&self) -> u32 {
        self.entries.iter().fold(0, |kinds, entry| kinds | 1_u32.wrapping_shl(entry.name.kind().into()))
    }

    /// Whether any of these names covers it. Each stands in the place of its kind.
    pub(crate) fn covers_any<const KINDS: usize>(
        &self,
        names: &[Option<EntryId>; KINDS],
        life: TokenLifetime,
        now: UnixTime,
    ) -> bool {
        self.entries.iter().any(|entry| {
            let name = names.get(usize::from(entry.name.kind())).copied().flatten();
            name == Some(entry.name) && entry.span.covers(life, now)
        })
    }

    pub(crate) fn catch_all_covers(&self, life: TokenLifetime, now: UnixTime) -> bool {
        self.all.covers(life, now)
    }

    /// Returns whether the name is new.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if there is no place, even after what may go at `now` has gone.
    pub(crate) fn insert(&mut self, name: EntryId, span: Coverage, now: UnixTime) -> Result<bool, Error> {
        let entry = self.entries.iter_mut().find(|entry| entry.name == name);
        let is_new = entry.is_none();
        if let Some(entry) = entry {
            let joined = entry.span.join(span);
            if joined == entry.span {
                return Ok(is_new);
            }
            entry.span = joined;
        } else {
            if self.entries.is_full() {
                self.evict_expired(now);
            }
            self.entries.push(Entry { name, span }).map_err(|_| Error::Full)?;
        }
        self.generation = self.generation.saturating_add(1);
        Ok(is_new)
    }

    /// Covers every name, and removes the entries that are covered by that.
    pub(crate) fn insert_catch_all(&mut self, span: Coverage) {
        let all = self.all.join(span);
        self.all = all;
        self.entries.retain(|entry| entry.span.before > all.before || entry.span.until > all.until);
        self.generation = self.generation.saturating_add(1);
    }

    fn evict_expired(&mut self, now: UnixTime) {
        let latest_evicted = &mut self.latest_evicted;
        let len = self.entries.len();
        self.entries.retain(|entry| {
            let may_go = entry.span.until <= now;
            if may_go {
                *latest_evicted = (*latest_evicted).max(entry.span.until);
            }
            !may_go
        });
        if self.entries.len() < len {
            self.generation = self.generation.saturating_add(1);
        }
    }
}

/// The last moment there is; a token can say that it was issued then.
pub(crate) const ANY_TIME: UnixTime = UnixTime::from_secs(i64::MAX);
