//! A verified DPoP proof.

use core::fmt;

use sha2::{Digest, Sha256};

use super::PresentedNonce;
use crate::error::Error;
use crate::jose::Thumbprint;
use crate::storage::SingleUse;
use crate::time::{Now, UnixTime};

/// A verified DPoP proof. It shows, for one request, that its creator holds a private key ([RFC
/// 9449](https://www.rfc-editor.org/rfc/rfc9449)). It counts only together with the access token whose text it was
/// verified for.
#[derive(Clone, Copy)]
pub struct DpopProof<'b> {
    pub(super) thumbprint: Thumbprint,
    pub(super) jwt_id: &'b str,
    pub(super) issued_at: UnixTime,
    pub(super) usable_until: UnixTime,
    /// The SHA-256 digest of the access token's text.
    pub(super) token_digest: [u8; 32],
    /// The nonce that alone shows the proof to be fresh.
    pub(super) nonce: Option<PresentedNonce<'b>>,
}

impl<'b> DpopProof<'b> {
    /// The thumbprint of the key that signed the proof.
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// The proof's identity (`jti`). Unique only together with the key.
    pub fn jwt_id(&self) -> &'b str {
        self.jwt_id
    }

    /// The time at which the proof was made (`iat`), in whole seconds rounded down.
    pub fn issued_at(&self) -> UnixTime {
        self.issued_at
    }

    /// The moment from which the policy refuses the proof: for its age, or by its `exp` if that is earlier.
    pub fn usable_until(&self) -> UnixTime {
        self.usable_until
    }

    pub(in crate::profiles) fn thumbprint_bytes(&self) -> &[u8] {
        self.thumbprint.as_bytes()
    }

    pub(in crate::profiles) fn nonce(&self) -> Option<PresentedNonce<'b>> {
        self.nonce
    }

    /// Whether the proof was verified for the access token with this text.
    pub(in crate::profiles) fn is_for(&self, token: &[u8]) -> bool {
        Sha256::digest(token).as_slice() == self.token_digest
    }

    /// The id to consume, with a token that is refused from `token_end` on. The id of a proof that is fresh by its nonce
    /// is remembered too: when the clock is set, the proof may look fresh again, until its token has ended.
    ///
    /// # Errors
    ///
    /// [`Error::ClockNotSet`]; [`Error::ProofTooOld`] if the proof is no longer fresh.
    pub(in crate::profiles) fn single_use(&self, token_end: UnixTime, now: Now) -> Result<SingleUse, Error> {
        let known = now.known().ok_or(Error::ClockNotSet)?;
        let until = match self.nonce {
            None if known >= self.usable_until => return Err(Error::ProofTooOld),
            None => self.usable_until,
            Some(_) => self.usable_until.max(UnixTime::from_secs(known.as_secs().saturating_add(1))),
        };
        Ok(SingleUse::of_proof(self.thumbprint.as_bytes(), self.jwt_id, until.min(token_end)))
    }
}

/// Omits the values: anyone who reads them in a log could use the proof.
impl fmt::Debug for DpopProof<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DpopProof").finish_non_exhaustive()
    }
}
