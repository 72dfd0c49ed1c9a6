//! The trait of signature backends, and the errors that they return.

use core::fmt;

use super::{Algorithm, Signature};
use crate::error::Error;
use crate::jose::PublicKey;

#[doc = include_str!("porting.md")]
pub trait SignatureAlgorithm: fmt::Debug {
    /// The algorithm that [`verify`](Self::verify) implements.
    fn algorithm(&self) -> Algorithm;

    /// Verifies `signature` over `message` with `key`, a key of this algorithm, and returns when the verdict is known.
    ///
    /// The message is not hashed yet. The signature is `r` and `s`, 32 bytes each and big-endian, for ES256; `R` and `S`
    /// as RFC 8032 encodes them, for EdDSA; and a big-endian number of 256 bytes, for RS256.
    ///
    /// # Errors
    ///
    /// - [`BackendError::InvalidKey`]: the key is not a point of the curve, or no modulus of RS256.
    /// - [`BackendError::InvalidSignature`]: the signature is invalid, or the backend cannot tell whether it or the key
    ///   is.
    /// - [`BackendError::Unavailable`]: the hardware gave no answer.
    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError>;
}

/// Why a backend did not confirm a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum BackendError {
    /// The key is not a point of the curve, or no modulus of RS256.
    InvalidKey,
    /// The signature is invalid.
    InvalidSignature,
    /// The hardware gave no answer.
    Unavailable,
}

impl From<BackendError> for Error {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::InvalidKey => Self::InvalidKey,
            BackendError::InvalidSignature => Self::InvalidSignature,
            BackendError::Unavailable => Self::BackendUnavailable,
        }
    }
}
