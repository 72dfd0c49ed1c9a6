mod eddsa;
mod es256;
#[cfg(feature = "ring")]
mod ring;
mod self_test;

use core::fmt;

#[cfg(feature = "eddsa")]
pub use eddsa::EdDsa;
pub(crate) use eddsa::is_acceptable_point;
#[cfg(feature = "es256")]
pub use es256::Es256;
pub(crate) use es256::is_coordinate;
pub use self_test::{SelfTest, self_test};

#[cfg(feature = "ring")]
pub use self::ring::{RingEdDsa, RingEs256};
use crate::error::Error;
use crate::jose::Key;
use crate::jose::json::JsonStr;

/// A signature algorithm of JOSE that this crate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256 ([RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)).
    Es256,
    /// Ed25519, by either of its names: `EdDSA` ([RFC 8037 section
    /// 3.1](https://www.rfc-editor.org/rfc/rfc8037#section-3.1)) or `Ed25519` ([RFC 9864 section
    /// 2.2](https://www.rfc-editor.org/rfc/rfc9864#section-2.2)).
    EdDsa,
}

#[doc = include_str!("algorithm/porting.md")]
pub trait SignatureAlgorithm: fmt::Debug {
    /// The algorithm that [`verify`](Self::verify) implements.
    fn algorithm(&self) -> Algorithm;

    /// Verifies `signature` over `message` with `key`, which is of this algorithm, and returns when it is done.
    ///
    /// The message is as it was signed, not hashed. The signature is `r` and `s`, 32 bytes each and big-endian, for
    /// ES256, and `R` and `S` as RFC 8032 encodes them for EdDSA.
    ///
    /// # Errors
    ///
    /// - [`BackendError::InvalidKey`]: the key is no point of the curve.
    /// - [`BackendError::InvalidSignature`]: the signature does not hold, or it cannot be told which of both is wrong.
    /// - [`BackendError::Unavailable`]: there is no answer.
    fn verify(&self, key: &Key, message: &[u8], signature: &[u8; 64]) -> Result<(), BackendError>;
}

/// Why a backend did not confirm a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum BackendError {
    /// The key is no point of the curve.
    InvalidKey,
    /// The signature does not hold.
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

impl Algorithm {
    /// The algorithm that `alg` names, compared byte for byte
    /// ([RFC 7515 section 4.1.1](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.1)).
    pub(crate) fn from_name(name: JsonStr<'_>) -> Option<Self> {
        match name.as_str()? {
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }

    /// Refuses keys and signatures that no backend, however careless, may come to judge.
    pub(crate) fn check_encoding(self, key: &Key, signature: &[u8; 64]) -> Result<(), Error> {
        let (first, second) = halves(signature);
        match self {
            Self::Es256 if es256::is_scalar(first) && es256::is_scalar(second) => Ok(()),
            Self::EdDsa if !eddsa::is_acceptable_point(key.public_key()) => Err(Error::InvalidKey),
            Self::EdDsa if eddsa::is_acceptable_point(first) && eddsa::is_reduced(second) => Ok(()),
            _ => Err(Error::InvalidSignature),
        }
    }
}

/// `r` and `s` of ECDSA, `R` and `S` of Ed25519.
fn halves(signature: &[u8; 64]) -> (&[u8], &[u8]) {
    signature.split_at(32)
}
