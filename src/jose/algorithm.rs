//! Signature algorithms: everything that differs by algorithm is a method of [`Algorithm`], and code or hardware that
//! verifies signatures is a [`SignatureAlgorithm`].

mod backend;
pub(super) mod ed25519;
#[cfg(feature = "eddsa")]
mod eddsa;
#[cfg(feature = "es256")]
mod es256;
pub(super) mod p256;
#[cfg(feature = "ring")]
mod ring;
#[cfg(any(feature = "es256", feature = "ring"))]
mod sec1;
mod self_test;
mod signature;

#[cfg(feature = "ring")]
pub use self::ring::{RingEdDsa, RingEs256};
pub use backend::{BackendError, SignatureAlgorithm};
#[cfg(feature = "eddsa")]
pub use eddsa::EdDsa;
#[cfg(feature = "es256")]
pub use es256::Es256;
pub use self_test::{SelfTest, self_test};
pub use signature::Signature;

pub(crate) use signature::DecodedSignature;

use sha2::{Digest, Sha256, Sha512};

use super::json::JsonStr;
use super::{Key, base64url};
use crate::error::Error;

/// A signature algorithm of JOSE that this crate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256 ([RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)).
    Es256,
    /// Ed25519, under either of its names: `EdDSA` ([RFC 8037 section
    /// 3.1](https://www.rfc-editor.org/rfc/rfc8037#section-3.1)) or `Ed25519` ([RFC 9864 section
    /// 2.2](https://www.rfc-editor.org/rfc/rfc9864#section-2.2)).
    EdDsa,
}

impl Algorithm {
    /// The algorithm that `alg` names, compared byte for byte
    /// ([RFC 7515 section 4.1.1](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.1)).
    pub(super) fn from_name(name: JsonStr<'_>) -> Option<Self> {
        match name.as_str()? {
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }

    /// The algorithm for keys of this JWK type and curve
    /// ([RFC 7518 section 6.2.1](https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1),
    /// [RFC 8037 section 2](https://www.rfc-editor.org/rfc/rfc8037#section-2)).
    pub(super) fn from_jwk_type(kty: &str, crv: &str) -> Option<Self> {
        match (kty, crv) {
            ("EC", "P-256") => Some(Self::Es256),
            ("OKP", "Ed25519") => Some(Self::EdDsa),
            _ => None,
        }
    }

    /// The beginning of the JWK whose digest is a key's thumbprint, up to the first coordinate
    /// ([RFC 7638 section 3.2](https://www.rfc-editor.org/rfc/rfc7638#section-3.2)).
    pub(super) const fn thumbprint_prefix(self) -> &'static str {
        match self {
            Self::Es256 => r#"{"crv":"P-256","kty":"EC","x":""#,
            Self::EdDsa => r#"{"crv":"Ed25519","kty":"OKP","x":""#,
        }
    }

    /// The length of a public key, in bytes.
    pub(super) const fn public_key_len(self) -> usize {
        match self {
            // Both coordinates.
            Self::Es256 => 64,
            // One encoded point.
            Self::EdDsa => 32,
        }
    }

    /// The length of a signature, in bytes.
    pub(super) const fn signature_len(self) -> usize {
        match self {
            // RFC 7518 section 3.4.
            Self::Es256 => 64,
            // RFC 8032 section 5.1.6.
            Self::EdDsa => 64,
        }
    }

    /// Refuses signatures, and Ed25519 keys, that must never reach a backend, even one that checks nothing. A P-256 key
    /// out of range is not on the curve, which every backend has to check.
    pub(crate) fn check_encoding(self, key: &Key, signature: Signature<'_>) -> Result<(), Error> {
        match self {
            Self::Es256 => p256::check_encoding(signature),
            Self::EdDsa => ed25519::check_encoding(key, signature),
        }
    }

    /// A number that identifies the algorithm in this crate's own digests. It also determines the lengths of the key
    /// and the signature that follow it.
    pub(crate) const fn tag(self) -> u8 {
        match self {
            Self::Es256 => 1,
            Self::EdDsa => 2,
        }
    }

    /// Whether `hash` is the left half of the digest of `text`, in base64url, with the hash function of this algorithm
    /// ([OpenID Connect Core section 3.1.3.6](https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken)). For
    /// Ed25519 this is SHA-512, which the algorithm itself uses.
    pub(crate) fn is_half_hash(self, hash: JsonStr<'_>, text: &[u8]) -> bool {
        let mut encoded = [0; 43];
        let expected = match self {
            Self::Es256 => base64url::encode(Sha256::digest(text).split_at(16).0, &mut encoded),
            Self::EdDsa => base64url::encode(Sha512::digest(text).split_at(32).0, &mut encoded),
        };
        expected.is_some_and(|expected| hash == *expected)
    }
}
