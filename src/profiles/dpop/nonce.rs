//! Nonces that the device issues for DPoP proofs.

use core::cell::Cell;
use core::fmt;

use sha2::{Digest, Sha256};

use crate::jose::json::JsonStr;

/// A nonce that the device has issued for DPoP proofs ([RFC 9449 section
/// 9](https://www.rfc-editor.org/rfc/rfc9449#section-9)). An array of them is given to
/// [`DpopPolicy::with_nonces`](crate::DpopPolicy::with_nonces): the current nonce, and earlier ones that are still
/// accepted.
///
/// It keeps a digest, in 17 bytes. The text goes into the header `DPoP-Nonce` of a response: generate a new random one
/// of at least 128 bits each time.
///
/// **Without a clock**, a nonce alone shows that a proof is fresh. It is then good for one accepted request, which
/// withdraws it: issue another one.
///
/// ```
/// use embedded_jwt::DpopNonce;
///
/// let nonces = [DpopNonce::new(), DpopNonce::new()];
/// DpopNonce::rotate(&nonces, "n-7f3c1a"); // in a device, random
/// DpopNonce::rotate(&nonces, "n-04b2e9"); // the earlier one is still accepted
/// assert!(nonces.iter().all(DpopNonce::is_issued));
/// ```
pub struct DpopNonce(Cell<Option<[u8; 16]>>);

impl DpopNonce {
    /// No nonce yet: it matches no proof.
    pub const fn new() -> Self {
        Self(Cell::new(None))
    }

    /// Accepts proofs with this nonce, and no longer those with the earlier one. An empty text only withdraws.
    pub fn issue(&self, nonce: &str) {
        self.0.set(Some(digest_of(nonce.bytes())).filter(|_| !nonce.is_empty()));
    }

    /// Accepts no proof any more.
    pub fn withdraw(&self) {
        self.0.set(None);
    }

    /// Whether a nonce is issued and not withdrawn.
    pub fn is_issued(&self) -> bool {
        self.0.get().is_some()
    }

    /// Issues a nonce in the first slot, and moves the earlier ones on by one slot, as far as the first free slot. If
    /// no slot is free, the last nonce is dropped. A nonce that was withdrawn stays withdrawn. Without slots, this does
    /// nothing.
    pub fn rotate(nonces: &[Self], nonce: &str) {
        let mut earlier = None;
        for slot in nonces {
            earlier = slot.0.replace(earlier);
            if earlier.is_none() {
                break;
            }
        }
        if let Some(first) = nonces.first() {
            first.issue(nonce);
        }
    }
}

/// The nonce that a proof contains, and all nonces of the policy. The device may have issued others since.
#[derive(Clone, Copy)]
pub(in crate::profiles) struct PresentedNonce<'b> {
    nonces: &'b [DpopNonce],
    digest: [u8; 16],
}

impl<'b> PresentedNonce<'b> {
    /// The nonce, if it is one of those that are issued.
    pub(super) fn find(nonces: &'b [DpopNonce], nonce: JsonStr<'_>) -> Option<Self> {
        let presented = Self { nonces, digest: digest_of(nonce.bytes()) };
        presented.is_issued().then_some(presented)
    }

    pub(in crate::profiles) fn is_issued(&self) -> bool {
        self.slots().next().is_some()
    }

    pub(in crate::profiles) fn withdraw(&self) {
        self.slots().for_each(DpopNonce::withdraw);
    }

    fn slots(&self) -> impl Iterator<Item = &DpopNonce> {
        self.nonces.iter().filter(|nonce| nonce.0.get() == Some(self.digest))
    }
}

fn digest_of(text: impl Iterator<Item = u8>) -> [u8; 16] {
    let mut hasher = Sha256::new();
    text.for_each(|byte| hasher.update([byte]));
    hasher.finalize().first_chunk().copied().unwrap_or_default()
}

impl Default for DpopNonce {
    fn default() -> Self {
        Self::new()
    }
}

/// Omits the digest.
impl fmt::Debug for DpopNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DpopNonce").finish_non_exhaustive()
    }
}
