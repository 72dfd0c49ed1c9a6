//! The binary form of a set, for storage in flash:
//!
//! | bytes | |
//! |---|---|
//! | 4 | `EJ`, the kind of set, [`VERSION`] |
//! | 8 | generation |
//! | 8 | latest `until` of an evicted entry |
//! | 16 | coverage that applies to every id |
//! | 4 | number of entries |
//! | 32 each | id and coverage of an entry |
//! | 16 | SHA-256 of all bytes before it, truncated |
//!
//! Numbers are big-endian; a coverage is its `before`, then its `until`.

use sha2::{Digest, Sha256};

use super::{Coverage, Entry, EntryId, ExpiringSet};
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
    /// [`Error::BufferTooSmall`] if `buf` is shorter than the snapshot.
    pub(in crate::storage) fn snapshot<'s>(&self, kind: u8, buf: &'s mut [u8]) -> Result<&'s [u8], Error> {
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
        put_coverage(&mut head, self.catch_all)?;
        put(&mut head, u32::try_from(self.len()).ok()?.to_be_bytes())?;
        for (mut bytes, entry) in entries.chunks_exact_mut(ENTRY_LEN).zip(&self.entries) {
            put(&mut bytes, entry.id.0.to_be_bytes())?;
            put_coverage(&mut bytes, entry.coverage)?;
        }
        *digest = digest_of(body);
        buf.get(..len.checked_add(DIGEST_LEN)?)
    }

    /// Replaces the set with a snapshot, or changes nothing if there is an error. Bytes after the snapshot are ignored.
    ///
    /// # Errors
    ///
    /// - [`Error::Malformed`]: it is not a snapshot of this kind and version, or it is torn or altered.
    /// - [`Error::RolledBack`]: its generation is below `least_generation` or the set's own.
    /// - [`Error::Full`]: it has more than `N` entries.
    pub(in crate::storage) fn restore(&mut self, kind: u8, bytes: &[u8], least_generation: u64) -> Result<(), Error> {
        let snapshot = Snapshot::read(kind, bytes).ok_or(Error::Malformed(Part::Snapshot))?;
        if snapshot.generation < least_generation.max(self.generation) {
            return Err(Error::RolledBack);
        }
        if snapshot.entries.len() > N {
            return Err(Error::Full);
        }
        // From here on nothing fails: each entry has its length, and there is room for all.
        self.entries.clear();
        for mut bytes in snapshot.entries.iter().map(|bytes| &bytes[..]) {
            let entry = take_entry(&mut bytes).ok_or(Error::Malformed(Part::Snapshot))?;
            self.entries.push(entry).map_err(|_| Error::Full)?;
        }
        self.catch_all = snapshot.catch_all;
        self.latest_evicted = snapshot.latest_evicted;
        self.generation = snapshot.generation;
        Ok(())
    }
}

/// A snapshot whose digest matches.
struct Snapshot<'s> {
    generation: u64,
    latest_evicted: UnixTime,
    catch_all: Coverage,
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
        let catch_all = take_coverage(&mut rest)?;
        let len = usize::try_from(u32::from_be_bytes(take(&mut rest)?)).ok()?.checked_mul(ENTRY_LEN)?;
        let (entries, mut rest) = rest.split_at_checked(len)?;
        let digest: [u8; DIGEST_LEN] = take(&mut rest)?;
        let body = bytes.get(..len.checked_add(HEAD_LEN)?)?;
        let (entries, _) = entries.as_chunks();
        (digest == digest_of(body)).then_some(Self { generation, latest_evicted, catch_all, entries })
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

fn put_coverage(rest: &mut &mut [u8], coverage: Coverage) -> Option<()> {
    put(rest, coverage.before.as_secs().to_be_bytes())?;
    put(rest, coverage.until.as_secs().to_be_bytes())
}

fn take<const LEN: usize>(rest: &mut &[u8]) -> Option<[u8; LEN]> {
    let (bytes, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(*bytes)
}

fn take_time(rest: &mut &[u8]) -> Option<UnixTime> {
    take(rest).map(i64::from_be_bytes).map(UnixTime::from_secs)
}

fn take_coverage(rest: &mut &[u8]) -> Option<Coverage> {
    Some(Coverage { before: take_time(rest)?, until: take_time(rest)? })
}

fn take_entry(rest: &mut &[u8]) -> Option<Entry> {
    Some(Entry { id: EntryId(u128::from_be_bytes(take(rest)?)), coverage: take_coverage(rest)? })
}

/// The version of this format. Any other is refused, since the same bytes may mean something else in it.
const VERSION: u8 = 1;
const HEAD_LEN: usize = 4 + 8 + 8 + 16 + 4;
const ENTRY_LEN: usize = 16 + 16;
/// The digest detects bytes torn by a power cut or altered by a worn cell. Against an attacker with write access to the
/// flash, no length would help.
const DIGEST_LEN: usize = 16;
