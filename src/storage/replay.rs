//! Protection against replay: the trait [`ReplayCheck`] and its implementation in memory of a fixed size.

use core::cell::{RefCell, RefMut};
use core::fmt;

use crate::error::Error;
use crate::storage::expiring_set::{ANY_TIME, Coverage, EntryId, ExpiringSet};
use crate::time::UnixTime;

/// Remembers used ids, so that a DPoP proof
/// ([RFC 9449 section 11.1](https://www.rfc-editor.org/rfc/rfc9449#section-11.1)) or a command is accepted only once.
///
/// [`ReplayWindow`] does this in memory of a fixed size. Implement the trait for a store of your own.
pub trait ReplayCheck: fmt::Debug {
    /// Consumes `id` at `now`, and remembers it until `until` has passed. After that, it is refused for its age.
    ///
    /// `scope` identifies the owner of the id, such as the thumbprint of the signing key: ids are unique only within a
    /// scope. The client has chosen the id, of any length: store a digest of both. A policy calls this after all other
    /// checks have passed.
    ///
    /// # Errors
    ///
    /// [`Error::Replayed`] if the id was used before, [`Error::Full`] if it cannot be remembered.
    fn use_once(&self, scope: &[u8], id: &str, until: UnixTime, now: UnixTime) -> Result<(), Error>;
}

/// A [`ReplayCheck`] that remembers nothing: anything recorded can be used again for as long as it is fresh.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowReplay;

impl ReplayCheck for AllowReplay {
    fn use_once(&self, _scope: &[u8], _id: &str, _until: UnixTime, _now: UnixTime) -> Result<(), Error> {
        Ok(())
    }
}

/// A [`ReplayCheck`] that remembers used ids in `N` slots of 32 bytes each until they expire. If every slot holds an id
/// that could be used again, it refuses the next one ([`Error::Full`]) rather than forget one.
///
/// `N` bounds the number of requests within the lifetime of a proof or command. Policies that share a window need the
/// same leeway and age: an id that has expired for one of them is evicted for all. Setting the clock back does not make
/// an evicted id usable again: an id that expires no later than an evicted one is refused.
///
/// All handlers of one executor can share a window. It can survive a power cut, as a
/// [`RevocationList`](crate::RevocationList) can: write the snapshot before you act on the used id. Without a snapshot,
/// an id used before the power cut can be used once more afterwards, if it is still fresh.
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

    /// An empty window.
    pub const fn new() -> Self {
        Self { set: RefCell::new(ExpiringSet::new()) }
    }

    /// The number of changes to the window so far. See
    /// [`RevocationList::generation`](crate::RevocationList::generation).
    pub fn generation(&self) -> u64 {
        self.set().map_or(0, |set| set.generation())
    }

    /// Writes the whole window to the start of `buf`, and returns the bytes written. See
    /// [`RevocationList::snapshot`](crate::RevocationList::snapshot).
    ///
    /// # Errors
    ///
    /// [`Error::BufferTooSmall`] if `buf` is shorter than the snapshot.
    pub fn snapshot<'s>(&self, buf: &'s mut [u8]) -> Result<&'s [u8], Error> {
        self.set()?.snapshot(KIND, buf)
    }

    /// Replaces the whole window with a snapshot, or changes nothing if there is an error. See
    /// [`RevocationList::restore`](crate::RevocationList::restore).
    ///
    /// # Errors
    ///
    /// - [`Error::Malformed`]: it is not a snapshot of a replay window of this version, or it is torn or altered.
    /// - [`Error::RolledBack`]: its generation is too old.
    /// - [`Error::Full`]: it has more than `N` entries.
    pub fn restore(&mut self, snapshot: &[u8], least_generation: u64) -> Result<(), Error> {
        self.set.get_mut().restore(KIND, snapshot, least_generation)
    }

    /// Borrows the set. This never fails, since nothing that is called during a borrow calls back.
    fn set(&self) -> Result<RefMut<'_, ExpiringSet<N>>, Error> {
        self.set.try_borrow_mut().map_err(|_| Error::Full)
    }
}

impl<const N: usize> ReplayCheck for ReplayWindow<N> {
    fn use_once(&self, scope: &[u8], id: &str, until: UnixTime, now: UnixTime) -> Result<(), Error> {
        let mut set = self.set()?;
        let id = EntryId::new(USED, scope, id.as_bytes());
        if until <= set.latest_evicted() {
            return Err(Error::Replayed);
        }
        let is_new = set.insert(id, Coverage { before: ANY_TIME, until }, now)?;
        if is_new { Ok(()) } else { Err(Error::Replayed) }
    }
}

/// Omits the digests: every trait object includes `Debug`, and digests would link in the code that formats numbers.
impl<const N: usize> fmt::Debug for ReplayWindow<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayWindow").finish_non_exhaustive()
    }
}

/// Marks the snapshots of replay windows.
const KIND: u8 = b'U';
/// The only kind of entry in a window.
const USED: u8 = 1;
