//! A set as bytes, for flash:
//!
//! | bytes | |
//! |---|---|
//! | 4 | `EJ`, the kind of set, [`VERSION`] |
//! | 8 | generation |
//! | 8 | the latest end of an entry that has gone |
//! | 16 | the span of every name |
//! | 4 | number of entries |
//! | 32 each | name and span of an entry |
//! | 16 | SHA-256 of all before, cut off |
//!
//! Numbers are big-endian; a span is its `before` and its `until`.

use sha2::{Digest, Sha256};

use super::{Coverage, Entry, EntryId, ExpiringSet};
use crate::error::{Error, Part};
use crate::time::UnixTime;

impl<const N: usize> ExpiringSet<N> {
    /// The length of a snapshot of a full set.
    pub(crate) const SNAPSHOT_LEN: usize = N.saturating_mul(ENTRY_LEN).saturating_add(HEAD_LEN + DIGEST_LEN);

    /// # Errors
    ///
    /// [`Error::BufferTooSmall`]
    pub(crate) fn snapshot<'s>(&self, kind: u8, buf: &'s mut [u8]) -> Result<&'s [u8], Error> {
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
        put_span(&mut head, self.all)?;
        put(&mut head, u32::try_from(self.len()).ok()?.to_be_bytes())?;
        for (mut bytes, entry) in entries.chunks_exact_mut(ENTRY_LEN).zip(&self.entries) {
            put(&mut bytes, entry.name.0.to_be_bytes())?;
            put_span(&mut bytes, entry.span)?;
        }
        *digest = digest_of(body);
        buf.get(..len.checked_add(DIGEST_LEN)?)
    }

    /// Replaces all by what a snapshot holds, or nothing if there is an error. What follows the snapshot is not looked at.
    ///
    /// # Errors
    ///
    /// - [`Error::Malformed`]: it is none of this kind and version, torn, or altered.
    /// - [`Error::RolledBack`]: its generation is below `least` or the set's.
    /// - [`Error::Full`]: it has more than `N` entries.
    pub(crate) fn restore(&mut self, kind: u8, bytes: &[u8], least: u64) -> Result<(), Error> {
        let snapshot = Snapshot::read(kind, bytes).ok_or(Error::Malformed(Part::Snapshot))?;
        if snapshot.generation < least.max(self.generation) {
            return Err(Error::RolledBack);
        }
        if snapshot.entries.len() > N {
            return Err(Error::Full);
        }
        self.entries.clear();
        for mut bytes in snapshot.entries.iter().map(|bytes| &bytes[..]) {
            let entry = take_entry(&mut bytes).ok_or(Error::Malformed(Part::Snapshot))?;
            self.entries.push(entry).map_err(|_| Error::Full)?;
        }
        self.all = snapshot.all;
        self.latest_evicted = snapshot.latest_evicted;
        self.generation = snapshot.generation;
        Ok(())
    }
}

/// One that is whole.
struct Snapshot<'s> {
    generation: u64,
    latest_evicted: UnixTime,
    all: Coverage,
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
        let all = take_span(&mut rest)?;
        let len = usize::try_from(u32::from_be_bytes(take(&mut rest)?)).ok()?.checked_mul(ENTRY_LEN)?;
        let (entries, mut rest) = rest.split_at_checked(len)?;
        let digest: [u8; DIGEST_LEN] = take(&mut rest)?;
        let body = bytes.get(..len.checked_add(HEAD_LEN)?)?;
        let (entries, _) = entries.as_chunks();
        (digest == digest_of(body)).then_some(Self { generation, latest_evicted, all, entries })
    }
}

fn digest_of(body: &[u8]) -> [u8; DIGEST_LEN] {
    Sha256::digest(body).first_chunk().copied().unwrap_or_default()
}

fn put<const LEN: usize>(rest: &mut &mut [u8], bytes: [u8; LEN]) -> Option<()> {
    let (place, behind) = core::mem::take(rest).split_first_chunk_mut()?;
    *place = bytes;
    *rest = behind;
    Some(())
}

fn put_span(rest: &mut &mut [u8], span: Coverage) -> Option<()> {
    put(rest, span.before.as_secs().to_be_bytes())?;
    put(rest, span.until.as_secs().to_be_bytes())
}

fn take<const LEN: usize>(rest: &mut &[u8]) -> Option<[u8; LEN]> {
    let (bytes, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(*bytes)
}

fn take_time(rest: &mut &[u8]) -> Option<UnixTime> {
    take(rest).map(i64::from_be_bytes).map(UnixTime::from_secs)
}

fn take_span(rest: &mut &[u8]) -> Option<Coverage> {
    Some(Coverage { before: take_time(rest)?, until: take_time(rest)? })
}

fn take_entry(rest: &mut &[u8]) -> Option<Entry> {
    Some(Entry { name: EntryId(u128::from_be_bytes(take(rest)?)), span: take_span(rest)? })
}

/// Of the format above. Another one is refused, since it may mean something else.
const VERSION: u8 = 1;
const HEAD_LEN: usize = 4 + 8 + 8 + 16 + 4;
const ENTRY_LEN: usize = 16 + 16;
/// Finds what a power cut tears or a worn cell alters; against who can write the flash, no length would help.
const DIGEST_LEN: usize = 16;
