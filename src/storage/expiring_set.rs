//! The set of entries, each with an expiry time, inside [`RevocationList`](crate::RevocationList) and
//! [`ReplayWindow`](crate::ReplayWindow).
//!
//! **Invariant.** Everything that an inserted entry covers either is found to be covered or expires no later than
//! [`ExpiringSet::latest_evicted`]: an entry is evicted only after everything that it covers has expired.

mod snapshot;

use heapless::Vec;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::time::UnixTime;

#[derive(Clone, Debug)]
pub(super) struct ExpiringSet<const N: usize> {
    entries: Vec<Entry, N>,
    /// The coverage that applies to every id.
    catch_all: Coverage,
    /// The latest `until` of an evicted entry.
    latest_evicted: UnixTime,
    /// The number of changes so far.
    generation: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    id: EntryId,
    coverage: Coverage,
}

/// Identifies an entry: a truncated digest of two strings, with the kind of entry in the lowest byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryId(u128);

/// The tokens that an entry covers: those issued before `before` (or at an unknown time), until both the token and the
/// entry have expired. [`ANY_TIME`] as `before` covers tokens whenever they were issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coverage {
    pub(super) before: UnixTime,
    pub(super) until: UnixTime,
}

/// When a token was issued, if that is known, and when it expires.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenLifetime {
    pub(super) issued_at: Option<UnixTime>,
    pub(super) expires_at: UnixTime,
}

impl EntryId {
    /// Identifies a pair of strings of any length. The length of `first` is hashed too, so that another split of the
    /// same bytes has another id.
    pub(super) fn new(kind: u8, first: &[u8], second: &[u8]) -> Self {
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

    /// Whether this covers the token. From `until` on, only tokens that should have expired by then are still covered,
    /// since the leeway of a policy may accept them for longer.
    fn covers(self, lifetime: TokenLifetime, now: UnixTime) -> bool {
        let is_issued_before =
            self.before == ANY_TIME || lifetime.issued_at.is_none_or(|issued_at| issued_at < self.before);
        is_issued_before && (now < self.until || lifetime.expires_at <= self.until)
    }

    fn merge(self, other: Self) -> Self {
        Self { before: self.before.max(other.before), until: self.until.max(other.until) }
    }
}

impl<const N: usize> Default for ExpiringSet<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> ExpiringSet<N> {
    pub(super) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            catch_all: Coverage::NOTHING,
            latest_evicted: UnixTime::from_secs(i64::MIN),
            generation: 0,
        }
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

    /// The kinds of all entries, one bit each.
    pub(super) fn kinds(&self) -> u32 {
        self.entries.iter().fold(0, |kinds, entry| kinds | 1_u32.wrapping_shl(entry.id.kind().into()))
    }

    /// Whether an entry with one of these ids covers the token. The index of each id is its kind.
    pub(super) fn covers_any<const KINDS: usize>(
        &self,
        ids: &[Option<EntryId>; KINDS],
        lifetime: TokenLifetime,
        now: UnixTime,
    ) -> bool {
        self.entries.iter().any(|entry| {
            let id = ids.get(usize::from(entry.id.kind())).copied().flatten();
            id == Some(entry.id) && entry.coverage.covers(lifetime, now)
        })
    }

    pub(super) fn catch_all_covers(&self, lifetime: TokenLifetime, now: UnixTime) -> bool {
        self.catch_all.covers(lifetime, now)
    }

    /// Inserts an entry, or extends the entry with this id, and returns whether the id is new.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if no slot is free, even after the entries that have expired at `now` are evicted.
    pub(super) fn insert(&mut self, id: EntryId, coverage: Coverage, now: UnixTime) -> Result<bool, Error> {
        let entry = self.entries.iter_mut().find(|entry| entry.id == id);
        let is_new = entry.is_none();
        if let Some(entry) = entry {
            let merged = entry.coverage.merge(coverage);
            if merged == entry.coverage {
                return Ok(is_new);
            }
            entry.coverage = merged;
        } else {
            if self.entries.is_full() {
                self.evict_expired(now);
            }
            self.entries.push(Entry { id, coverage }).map_err(|_| Error::Full)?;
        }
        self.generation = self.generation.saturating_add(1);
        Ok(is_new)
    }

    /// Applies `coverage` to every id, and removes the entries that this makes redundant.
    pub(super) fn insert_catch_all(&mut self, coverage: Coverage) {
        let catch_all = self.catch_all.merge(coverage);
        self.catch_all = catch_all;
        self.entries.retain(|entry| entry.coverage.before > catch_all.before || entry.coverage.until > catch_all.until);
        self.generation = self.generation.saturating_add(1);
    }

    fn evict_expired(&mut self, now: UnixTime) {
        let latest_evicted = &mut self.latest_evicted;
        let len = self.entries.len();
        self.entries.retain(|entry| {
            let is_expired = entry.coverage.until <= now;
            if is_expired {
                *latest_evicted = (*latest_evicted).max(entry.coverage.until);
            }
            !is_expired
        });
        if self.entries.len() < len {
            self.generation = self.generation.saturating_add(1);
        }
    }
}

/// The latest representable time. As `before`, it means any time of issue, this one included: a token can claim to have
/// been issued then.
pub(super) const ANY_TIME: UnixTime = UnixTime::from_secs(i64::MAX);
