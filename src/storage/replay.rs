//! Single use: the trait [`ReplayCheck`] that a policy consults, and the ids that it is given.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::jose::media_type::short_form;
use crate::time::{Now, UnixTime};

/// A store of used ids, so that a DPoP proof
/// ([RFC 9449 section 11.1](https://www.rfc-editor.org/rfc/rfc9449#section-11.1)), a token or a command is accepted only
/// once.
///
/// [`ReplayWindow`](crate::ReplayWindow) does this in memory of a fixed size. Implement the trait for a store of your
/// own. A policy first looks ([`check_unused`](Self::check_unused)), and consumes ([`use_all`](Self::use_all)) only what
/// it accepts.
pub trait ReplayCheck: fmt::Debug {
    /// Refuses whatever [`use_all`](Self::use_all) would refuse, and changes nothing.
    ///
    /// # Errors
    ///
    /// As [`use_all`](Self::use_all).
    fn check_unused(&self, ids: &[SingleUse], now: Now) -> Result<(), Error>;

    /// Consumes all these ids, or none of them, and remembers each until its [`until`](SingleUse::until).
    ///
    /// # Errors
    ///
    /// [`SingleUse::replayed`] if an id was used before, [`Error::Full`] if they cannot all be remembered, or any other
    /// error if that is unknown.
    fn use_all(&self, ids: &[SingleUse], now: Now) -> Result<(), Error>;

    /// Takes back the use of these ids, which [`use_all`](Self::use_all) has just consumed: another store has refused
    /// what belongs to the same request.
    fn release(&self, ids: &[SingleUse]);

    /// The address of the memory in which the ids are remembered, or `None` if it is unknown. By the same address, a
    /// policy knows that its proofs and tokens are remembered in one store, and asks it once for both. A wrapper returns
    /// the address of the store that it wraps.
    fn address(&self) -> Option<*const ()> {
        None
    }

    /// Consumes one id, as [`use_all`](Self::use_all) does.
    ///
    /// # Errors
    ///
    /// As [`use_all`](Self::use_all).
    fn use_once(&self, id: SingleUse, now: Now) -> Result<(), Error> {
        self.use_all(&[id], now)
    }
}

/// A [`ReplayCheck`] that remembers nothing: anything recorded can be used again for as long as it is fresh.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowReplay;

impl ReplayCheck for AllowReplay {
    fn check_unused(&self, _ids: &[SingleUse], _now: Now) -> Result<(), Error> {
        Ok(())
    }

    fn use_all(&self, _ids: &[SingleUse], _now: Now) -> Result<(), Error> {
        Ok(())
    }

    fn release(&self, _ids: &[SingleUse]) {}
}

/// An id that may be used once, as digests of a fixed size: the id of a token or of a DPoP proof, or one of your own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SingleUse {
    id: [u8; 16],
    owner: [u8; 8],
    until: UnixTime,
    is_proof: bool,
}

impl SingleUse {
    /// The id `id` of whatever is of the kind `kind`, such as the media type of a token: in any case, with or without
    /// `application/`. Ids of different kinds, and of different scopes, are different. `scope` names the party that chose
    /// the id, such as the issuer.
    ///
    /// `until` is the moment from which the id is refused for its age. The owner is the scope.
    pub fn new(kind: &str, scope: &[u8], id: &str, until: UnixTime) -> Self {
        let mut hasher = Sha256::new();
        let kind = short_form(kind.as_bytes());
        update_len(&mut hasher, kind);
        kind.iter().for_each(|byte| hasher.update([byte.to_ascii_lowercase()]));
        update_len(&mut hasher, scope);
        hasher.update(scope);
        hasher.update(id.as_bytes());
        let id = hasher.finalize().first_chunk().copied().unwrap_or_default();
        Self { id, owner: [0; 8], until, is_proof: false }.with_owner(scope, b"")
    }

    /// The id of a DPoP proof, whose scope and owner is its key.
    pub(crate) fn of_proof(key: &[u8], id: &str, until: UnixTime) -> Self {
        Self { is_proof: true, ..Self::new("dpop+jwt", key, id, until) }
    }

    /// Sets the owner, in whose [share](crate::ReplayWindow) of a window the id is: a pair of names.
    pub fn with_owner(self, first: &[u8], second: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        update_len(&mut hasher, first);
        let digest = hasher.chain_update(first).chain_update(second).finalize();
        Self { owner: digest.first_chunk().copied().unwrap_or_default(), ..self }
    }

    /// A digest of the kind, the scope and the id.
    pub fn id(&self) -> [u8; 16] {
        self.id
    }

    /// A digest of the owner. Owners whose digests collide share their share.
    pub fn owner(&self) -> [u8; 8] {
        self.owner
    }

    /// The moment from which the id is refused for its age, and need not be remembered.
    pub fn until(&self) -> UnixTime {
        self.until
    }

    /// The error for a use after the first: [`Error::ProofReplayed`] for a DPoP proof, otherwise [`Error::Replayed`].
    pub fn replayed(&self) -> Error {
        if self.is_proof { Error::ProofReplayed } else { Error::Replayed }
    }
}

/// Hashes a length, so that another split of the same bytes has another digest.
fn update_len(hasher: &mut Sha256, bytes: &[u8]) {
    hasher.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
}

/// Omits the digests.
impl fmt::Debug for SingleUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleUse").finish_non_exhaustive()
    }
}
