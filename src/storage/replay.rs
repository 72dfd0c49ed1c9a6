use core::cell::{RefCell, RefMut};
use core::fmt;

use crate::error::Error;
use crate::storage::expiring_set::{ANY_TIME, Coverage, EntryId, ExpiringSet};
use crate::time::UnixTime;

/// Remembers what may be used once, such as a DPoP proof
/// ([RFC 9449 section 11.1](https://www.rfc-editor.org/rfc/rfc9449#section-11.1)) or a command.
///
/// [`ReplayWindow`] does so in memory of a fixed size. Implement it for a store of your own.
pub trait ReplayCheck: fmt::Debug {
    /// Uses `id` up at `now`, and remembers so until `until` has passed: then it is refused for its age.
    ///
    /// `scope` is whose id it is, such as the thumbprint of the key that signed: ids are unique only within it. The
    /// client has chosen the id, of any length: keep a digest of both. Called after all else has passed.
    ///
    /// # Errors
    ///
    /// [`Error::Replayed`] if it was used before, [`Error::Full`] if it cannot be remembered.
    fn use_once(&self, scope: &[u8], id: &str, until: UnixTime, now: UnixTime) -> Result<(), Error>;
}

/// Remembers nothing: whatever was recorded can be used again for as long as it is fresh.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowReplay;

impl ReplayCheck for AllowReplay {
    fn use_once(&self, _scope: &[u8], _id: &str, _until: UnixTime, _now: UnixTime) -> Result<(), Error> {
        Ok(())
    }
}

/// Remembers what was used, in `N` places of 32 bytes each, until it has expired. When all are taken by what could be used
/// again, it refuses ([`Error::Full`]) rather than forget.
///
/// `N` bounds the requests in the time that a proof or a command is good for. Policies that share one need the same leeway
/// and age: what one of them finds expired is evicted for all. If the clock is set back, what went does not
/// come to be usable again: what expires no later than it is refused.
///
/// It can be shared by all handlers of one executor, and kept over a power cut as a
/// [`RevocationList`](crate::RevocationList) is: write the snapshot before you act on what was used. Without that, what was
/// used before can be used once more afterwards, if it is still fresh.
///
/// ```
/// use embedded_jwt::{Error, ReplayCheck, ReplayWindow, UnixTime};
///
/// let window = ReplayWindow::<16>::new();
/// let (now, until) = (UnixTime::from_secs(1_768_478_400), UnixTime::from_secs(1_768_478_460));
/// assert_eq!(window.use_once(b"a key's thumbprint", "id-1", until, now), Ok(()));
/// assert_eq!(window.use_once(b"a key's thumbprint", "id-1", until, now), Err(Error::Replayed));
/// ```
#[derive(Clone, Default)]
pub struct ReplayWindow<const N: usize> {
    set: RefCell<ExpiringSet<N>>,
}

impl<const N: usize> ReplayWindow<N> {
    /// The length of the [`snapshot`](Self::snapshot) of a full window, in bytes.
    pub const SNAPSHOT_LEN: usize = ExpiringSet::<N>::SNAPSHOT_LEN;

    /// A window in which nothing was used.
    pub const fn new() -> Self {
        Self { set: RefCell::new(ExpiringSet::new()) }
    }

    /// As [`RevocationList::generation`](crate::RevocationList::generation).
    pub fn generation(&self) -> u64 {
        self.set().map_or(0, |set| set.generation())
    }

    /// As [`RevocationList::snapshot`](crate::RevocationList::snapshot).
    ///
    /// # Errors
    ///
    /// [`Error::BufferTooSmall`] if `buf` is shorter than that takes.
    pub fn snapshot<'s>(&self, buf: &'s mut [u8]) -> Result<&'s [u8], Error> {
        self.set()?.snapshot(KIND, buf)
    }

    /// As [`RevocationList::restore`](crate::RevocationList::restore).
    ///
    /// # Errors
    ///
    /// - [`Error::Malformed`]: it is no snapshot of a replay window of this version, or it is torn or altered.
    /// - [`Error::RolledBack`]: its generation is too old.
    /// - [`Error::Full`]: it has more than `N` entries.
    pub fn restore(&mut self, snapshot: &[u8], least_generation: u64) -> Result<(), Error> {
        self.set.get_mut().restore(KIND, snapshot, least_generation)
    }

    /// Never refuses, since nothing that is called while it is borrowed calls back.
    fn set(&self) -> Result<RefMut<'_, ExpiringSet<N>>, Error> {
        self.set.try_borrow_mut().map_err(|_| Error::Full)
    }
}

impl<const N: usize> ReplayCheck for ReplayWindow<N> {
    fn use_once(&self, scope: &[u8], id: &str, until: UnixTime, now: UnixTime) -> Result<(), Error> {
        let mut set = self.set()?;
        let name = EntryId::new(USED, scope, id.as_bytes());
        if until <= set.latest_evicted() {
            return Err(Error::Replayed);
        }
        let is_new = set.insert(name, Coverage { before: ANY_TIME, until }, now)?;
        if is_new { Ok(()) } else { Err(Error::Replayed) }
    }
}

/// Without the digests: it is part of every trait object, and those would bring the machinery that formats numbers.
impl<const N: usize> fmt::Debug for ReplayWindow<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayWindow").finish_non_exhaustive()
    }
}

/// Distinguishes its snapshots from those of other sets.
const KIND: u8 = b'U';
/// The one kind of names in it.
const USED: u8 = 1;
