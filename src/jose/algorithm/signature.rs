//! Signatures as bytes: borrowed for a backend, and decoded from a token.

use core::fmt;

use super::{Algorithm, BackendError};
use crate::error::{Error, Part};
use crate::jose::base64url;

/// A signature with the length that its algorithm requires: 64 bytes for ES256 and for EdDSA, 256 for RS256.
///
/// The ranges of its numbers are checked only if the crate has read it from a token or a proof: [`Signature::new`] checks
/// the length alone.
///
/// # Example: a known-answer test of a driver
///
/// ```
/// use embedded_jwt::{BackendError, PublicKey, Signature, SignatureAlgorithm};
///
/// fn is_valid(
///     backend: &dyn SignatureAlgorithm,
///     key: &PublicKey<'_>,
///     message: &[u8],
///     bytes: &[u8],
/// ) -> Result<(), BackendError> {
///     backend.verify(key, message, Signature::new(key.algorithm(), bytes)?)
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature<'s>(&'s [u8]);

impl<'s> Signature<'s> {
    /// A signature of this algorithm from its bytes, in the form that JWS uses.
    ///
    /// # Errors
    ///
    /// [`BackendError::InvalidSignature`] if the algorithm requires another length.
    pub const fn new(algorithm: Algorithm, bytes: &'s [u8]) -> Result<Self, BackendError> {
        if bytes.len() == algorithm.signature_len() { Ok(Self(bytes)) } else { Err(BackendError::InvalidSignature) }
    }

    /// The bytes of the signature: `r` and `s`, 32 bytes each and big-endian, for ES256
    /// ([RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)); `R` and `S` for EdDSA
    /// ([RFC 8032 section 5.1.6](https://www.rfc-editor.org/rfc/rfc8032#section-5.1.6)); a big-endian number for RS256.
    pub const fn as_bytes(self) -> &'s [u8] {
        self.0
    }

    /// The same bytes as an array, for drivers that take one.
    ///
    /// # Errors
    ///
    /// [`BackendError::InvalidSignature`] if the signature does not have exactly `N` bytes.
    pub fn fixed<const N: usize>(self) -> Result<&'s [u8; N], BackendError> {
        self.0.try_into().map_err(|_| BackendError::InvalidSignature)
    }

    /// The two halves: `r` and `s` of ECDSA, `R` and `S` of Ed25519.
    pub(super) fn halves(self) -> Result<(&'s [u8; 32], &'s [u8; 32]), BackendError> {
        match self.0.as_chunks() {
            ([first, second], []) => Ok((first, second)),
            _ => Err(BackendError::InvalidSignature),
        }
    }
}

/// Omits the bytes: formatting them would link the code that formats numbers.
impl fmt::Debug for Signature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signature").finish_non_exhaustive()
    }
}

/// A signature decoded from a token.
pub(crate) struct DecodedSignature {
    bytes: [u8; MAX_SIGNATURE_LEN],
    algorithm: Algorithm,
}

impl DecodedSignature {
    /// # Errors
    ///
    /// - [`Error::InvalidSignature`]: of another length than the algorithm demands, but in the alphabet.
    /// - [`Error::Malformed`]: anything else that is not base64url.
    pub(crate) fn decode(algorithm: Algorithm, text: &[u8]) -> Result<Self, Error> {
        let malformed = Error::Malformed(Part::Signature);
        if base64url::decoded_len(text) != algorithm.signature_len() {
            let alphabet_only = text.iter().all(|byte| base64url::is_in_alphabet(*byte));
            return Err(if alphabet_only { Error::InvalidSignature } else { malformed });
        }
        let mut bytes = [0; MAX_SIGNATURE_LEN];
        base64url::decode(text, &mut bytes, Part::Signature)?;
        Ok(Self { bytes, algorithm })
    }

    pub(crate) fn as_signature(&self) -> Signature<'_> {
        Signature(self.bytes.get(..self.algorithm.signature_len()).unwrap_or_default())
    }
}

/// Maximum length of a signature of any algorithm, in bytes.
const MAX_SIGNATURE_LEN: usize = if cfg!(feature = "rs256") { 256 } else { 64 };

const _: () = {
    assert!(Algorithm::Es256.signature_len() <= MAX_SIGNATURE_LEN);
    assert!(Algorithm::EdDsa.signature_len() <= MAX_SIGNATURE_LEN);
    #[cfg(feature = "rs256")]
    assert!(Algorithm::Rs256.signature_len() <= MAX_SIGNATURE_LEN);
};
