//! Signature algorithms: everything that differs by algorithm is a method of [`Algorithm`], and code or hardware that
//! verifies signatures is a [`SignatureAlgorithm`].

mod backend;
pub(super) mod ed25519;
#[cfg(feature = "eddsa")]
mod eddsa;
#[cfg(feature = "es256")]
mod es256;
#[cfg(all(feature = "p256-cm4", target_arch = "arm", target_os = "none"))]
mod es256_cm4;
#[cfg(feature = "es256-tables")]
mod es256_tables;
pub(super) mod p256;
#[cfg(feature = "ring")]
mod ring;
#[cfg(feature = "rs256")]
mod rs256;
#[cfg(feature = "rs256")]
pub(super) mod rsa;
#[cfg(feature = "ring")]
mod sec1;
mod self_test;
mod signature;

#[cfg(all(feature = "ring", feature = "rs256"))]
pub use self::ring::RingRs256;
#[cfg(feature = "ring")]
pub use self::ring::{RingEdDsa, RingEs256};
pub use backend::{BackendError, SignatureAlgorithm};
#[cfg(feature = "eddsa")]
pub use eddsa::EdDsa;
#[cfg(feature = "es256")]
pub use es256::Es256;
#[cfg(all(feature = "p256-cm4", target_arch = "arm", target_os = "none"))]
pub use es256_cm4::Es256Cm4;
#[cfg(feature = "es256-tables")]
pub use es256_tables::Es256Tables;
#[cfg(feature = "rs256")]
pub use rs256::Rs256;
pub use self_test::{SelfTest, self_test};
pub use signature::Signature;

pub(crate) use signature::DecodedSignature;

use sha2::{Digest, Sha256, Sha512};

use super::json::JsonStr;
use super::{PublicKey, base64url};
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
    /// RSASSA-PKCS1-v1_5 with SHA-256 ([RFC 7518 section 3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3)), by
    /// keys of 2,048 bits with the exponent 65,537.
    #[cfg(feature = "rs256")]
    Rs256,
}

impl Algorithm {
    /// The algorithm that `alg` names, compared byte for byte
    /// ([RFC 7515 section 4.1.1](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.1)).
    pub(super) fn from_name(name: JsonStr<'_>) -> Option<Self> {
        match name.as_str()? {
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            #[cfg(feature = "rs256")]
            "RS256" => Some(Self::Rs256),
            _ => None,
        }
    }

    /// The algorithm for keys of this JWK type, and of this curve if the type has curves
    /// ([RFC 7518 section 6.1](https://www.rfc-editor.org/rfc/rfc7518#section-6.1),
    /// [RFC 8037 section 2](https://www.rfc-editor.org/rfc/rfc8037#section-2)).
    pub(super) fn from_jwk_type(kty: &str, crv: Option<&str>) -> Option<Self> {
        match (kty, crv) {
            ("EC", Some("P-256")) => Some(Self::Es256),
            ("OKP", Some("Ed25519")) => Some(Self::EdDsa),
            #[cfg(feature = "rs256")]
            ("RSA", _) => Some(Self::Rs256),
            _ => None,
        }
    }

    /// The beginning of the JWK whose digest is a key's thumbprint, up to the first coordinate or the modulus
    /// ([RFC 7638 section 3.2](https://www.rfc-editor.org/rfc/rfc7638#section-3.2)).
    pub(super) const fn thumbprint_prefix(self) -> &'static str {
        match self {
            Self::Es256 => r#"{"crv":"P-256","kty":"EC","x":""#,
            Self::EdDsa => r#"{"crv":"Ed25519","kty":"OKP","x":""#,
            #[cfg(feature = "rs256")]
            Self::Rs256 => r#"{"e":"AQAB","kty":"RSA","n":""#,
        }
    }

    /// The length of a signature, in bytes.
    pub(super) const fn signature_len(self) -> usize {
        match self {
            // RFC 7518 section 3.4.
            Self::Es256 => 64,
            // RFC 8032 section 5.1.6.
            Self::EdDsa => 64,
            // RFC 8017 section 8.2.2: as long as the modulus.
            #[cfg(feature = "rs256")]
            Self::Rs256 => rsa::MODULUS_LEN,
        }
    }

    /// Refuses signatures, and Ed25519 and RSA keys, that must never reach a backend, even one that checks nothing. A
    /// P-256 key out of range is not on the curve, which every backend has to check.
    pub(crate) fn check_encoding(self, key: &PublicKey<'_>, signature: Signature<'_>) -> Result<(), Error> {
        let checked = match self {
            Self::Es256 => p256::check_encoding(signature),
            Self::EdDsa => ed25519::check_encoding(key, signature),
            #[cfg(feature = "rs256")]
            Self::Rs256 => rsa::numbers(key, signature).map(drop),
        };
        checked.map_err(Error::from)
    }

    /// A number that identifies the algorithm in this crate's own digests. It also determines the lengths of the key
    /// and the signature that follow it.
    pub(crate) const fn tag(self) -> u8 {
        match self {
            Self::Es256 => 1,
            Self::EdDsa => 2,
            #[cfg(feature = "rs256")]
            Self::Rs256 => 3,
        }
    }

    /// Whether `hash` is the left half of the digest of `text`, in base64url, with the hash function of this algorithm
    /// ([OpenID Connect Core section 3.1.3.6](https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken)). For
    /// Ed25519 this is SHA-512, which the algorithm itself uses.
    pub(crate) fn is_half_hash(self, hash: JsonStr<'_>, text: &[u8]) -> bool {
        let mut encoded = [0; 43];
        let expected = match self {
            Self::Es256 => half_of_sha256(text, &mut encoded),
            #[cfg(feature = "rs256")]
            Self::Rs256 => half_of_sha256(text, &mut encoded),
            Self::EdDsa => base64url::encode(Sha512::digest(text).split_at(32).0, &mut encoded),
        };
        expected.is_some_and(|expected| hash == *expected)
    }
}

fn half_of_sha256<'t>(text: &[u8], encoded: &'t mut [u8; 43]) -> Option<&'t str> {
    base64url::encode(Sha256::digest(text).split_at(16).0, encoded)
}
