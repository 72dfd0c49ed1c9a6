//! The binary form of a set, for storage in flash:
//!
//! | bytes | |
//! |---|---|
//! | 4 | `EJ`, the kind of set, [`VERSION`] |
//! | 8 | generation |
//! | 8 | latest `until` of an evicted entry |
//! | 16 | detail and `until` of the entry that applies to every id |
//! | 4 | number of entries |
//! | 32 each | id, detail and `until` of an entry |
//! | 16 | SHA-256 of all bytes before it, truncated |
//!
//! Numbers are big-endian.

use heapless::Vec;
use sha2::{Digest, Sha256};

use super::{Entry, EntryId, ExpiringSet};
use crate::error::{Error, Part};
use crate::time::UnixTime;

impl<const N: usize> ExpiringSet<N> {
    /// The length of a snapshot of a full set, in bytes.
    pub(in crate::storage) const SNAPSHOT_LEN: usize =
        N.saturating_mul(ENTRY_LEN).saturating_add(HEAD_LEN + DIGEST_LEN);

    /// Writes the set to the start of `buf`, and returns the bytes written.
    ///
    /// # Errors
    ///
    /// [`Error::NotOpened`] if the set is closed, [`Error::BufferTooSmall`] if `buf` is shorter than the snapshot.
    pub(in crate::storage) fn snapshot<'s>(&self, kind: u8, buf: &'s mut [u8]) -> Result<&'s [u8], Error> {
        self.check_open()?;
        self.write(kind, buf).ok_or(Error::BufferTooSmall)
    }

    fn write<'s>(&self, kind: u8, buf: &'s mut [u8]) -> Option<&'s [u8]> {
        let len = self.len().checked_mul(ENTRY_LEN)?.checked_add(HEAD_LEN)?;
        let (body, rest) = buf.split_at_mut_checked(len)?;
        let (digest, _) = rest.split_first_chunk_mut()?;

        let (head, entries) = body.split_first_chunk_mut::<HEAD_LEN>()?;
        let mut head = &mut head[..];
        put(&mut head, [b'E', b'J', kind, VERSION])?;
        put(&mut head, self.generation.to_be_bytes())?;
        put(&mut head, self.latest_evicted.as_secs().to_be_bytes())?;
        put_extent(&mut head, &self.catch_all)?;
        put(&mut head, u32::try_from(self.len()).ok()?.to_be_bytes())?;
        for (mut bytes, entry) in entries.chunks_exact_mut(ENTRY_LEN).zip(&self.entries) {
            put(&mut bytes, entry.id.0.to_be_bytes())?;
            put_extent(&mut bytes, entry)?;
        }
        *digest = digest_of(body);
        buf.get(..len.checked_add(DIGEST_LEN)?)
    }

    /// Replaces the set with a snapshot and opens it, or changes nothing if there is an error. Bytes after the snapshot
    /// are ignored. If the set is too small, the entries that are over at `now` are evicted.
    ///
    /// # Errors
    ///
    /// - [`Error::Malformed`]: it is not a snapshot of this kind and version with entries of `kinds` (one bit each), or
    ///   it is torn or altered.
    /// - [`Error::RolledBack`]: the snapshot's generation is below `least_generation`; or the set is open, and the
    ///   snapshot is neither of a later generation than the set nor of its present state.
    /// - [`Error::Full`]: it has more than `N` live entries.
    pub(in crate::storage) fn restore(
        &mut self,
        (kind, kinds): (u8, u32),
        bytes: &[u8],
        least_generation: u64,
        now: UnixTime,
    ) -> Result<(), Error> {
        let snapshot = Snapshot::read(kind, bytes).ok_or(Error::Malformed(Part::Snapshot))?;
        if snapshot.entries().any(|entry| !entry.id.is_of(kinds)) {
            return Err(Error::Malformed(Part::Snapshot));
        }
        if snapshot.generation < least_generation {
            return Err(Error::RolledBack);
        }
        if self.is_open && snapshot.generation <= self.generation {
            return if snapshot.is_of(self) { Ok(()) } else { Err(Error::RolledBack) };
        }
        let fits = snapshot.entries.len() <= N;
        if !fits && snapshot.entries().filter(|entry| entry.is_live(now)).count() > N {
            return Err(Error::Full);
        }
        // From here on nothing fails: there is room for all.
        *self = Self {
            entries: Vec::new(),
            catch_all: snapshot.catch_all,
            latest_evicted: snapshot.latest_evicted,
            generation: snapshot.generation,
            is_open: true,
        };
        for entry in snapshot.entries() {
            if fits || entry.is_live(now) {
                self.entries.push(entry).map_err(|_| Error::Full)?;
            } else {
                self.latest_evicted = self.latest_evicted.max(entry.until);
            }
        }
        Ok(())
    }
}

/// A snapshot whose digest matches.
struct Snapshot<'s> {
    generation: u64,
    latest_evicted: UnixTime,
    catch_all: Entry,
    entries: &'s [[u8; ENTRY_LEN]],
}

impl<'s> Snapshot<'s> {
    fn read(kind: u8, bytes: &'s [u8]) -> Option<Self> {
        let mut rest = bytes;
        if take(&mut rest)? != [b'E', b'J', kind, VERSION] {
            return None;
        }
        let generation = u64::from_be_bytes(take(&mut rest)?);
        let latest_evicted = take_time(&mut rest)?;
        let catch_all = take_extent(&mut rest, EntryId::NONE)?;
        let len = usize::try_from(u32::from_be_bytes(take(&mut rest)?)).ok()?.checked_mul(ENTRY_LEN)?;
        let (entries, mut rest) = rest.split_at_checked(len)?;
        let digest: [u8; DIGEST_LEN] = take(&mut rest)?;
        let body = bytes.get(..len.checked_add(HEAD_LEN)?)?;
        let (entries, _) = entries.as_chunks();
        (digest == digest_of(body)).then_some(Self { generation, latest_evicted, catch_all, entries })
    }

    fn is_of<const N: usize>(&self, set: &ExpiringSet<N>) -> bool {
        self.generation == set.generation
            && self.latest_evicted == set.latest_evicted
            && self.catch_all == set.catch_all
            && self.entries().eq(set.entries.iter().copied())
    }

    fn entries(&self) -> impl Iterator<Item = Entry> {
        self.entries.iter().filter_map(|bytes| take_entry(&mut &bytes[..]))
    }
}

fn digest_of(body: &[u8]) -> [u8; DIGEST_LEN] {
    Sha256::digest(body).first_chunk().copied().unwrap_or_default()
}

fn put<const LEN: usize>(rest: &mut &mut [u8], bytes: [u8; LEN]) -> Option<()> {
    let (field, tail) = core::mem::take(rest).split_first_chunk_mut()?;
    *field = bytes;
    *rest = tail;
    Some(())
}

fn put_extent(rest: &mut &mut [u8], entry: &Entry) -> Option<()> {
    put(rest, entry.detail.to_be_bytes())?;
    put(rest, entry.until.as_secs().to_be_bytes())
}

fn take<const LEN: usize>(rest: &mut &[u8]) -> Option<[u8; LEN]> {
    let (bytes, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(*bytes)
}

fn take_time(rest: &mut &[u8]) -> Option<UnixTime> {
    take(rest).map(i64::from_be_bytes).map(UnixTime::from_secs)
}

fn take_extent(rest: &mut &[u8], id: EntryId) -> Option<Entry> {
    Some(Entry { id, detail: take(rest).map(i64::from_be_bytes)?, until: take_time(rest)? })
}

fn take_entry(rest: &mut &[u8]) -> Option<Entry> {
    let id = EntryId(u128::from_be_bytes(take(rest)?));
    take_extent(rest, id)
}

/// The version of this format. Any other is refused, since the same bytes may mean something else in it.
const VERSION: u8 = 2;
const HEAD_LEN: usize = 4 + 8 + 8 + 16 + 4;
const ENTRY_LEN: usize = 16 + 16;
/// The digest detects bytes torn by a power cut or altered by a worn cell. Against an attacker with write access to the
/// flash, no length would help.
const DIGEST_LEN: usize = 16;
