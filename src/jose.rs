//! Encodings, headers, keys and signatures (RFC 7515 to 7518). Untrusted bytes enter. Canonical JSON, headers, public
//! keys and the answers of backends about signatures leave.

pub(crate) mod algorithm;
pub(crate) mod base64url;
pub(crate) mod header;
pub(crate) mod json;
pub(crate) mod jwk;
mod key;
mod key_set;
pub(crate) mod media_type;
mod thumbprint;

#[cfg(feature = "eddsa")]
pub use algorithm::EdDsa;
#[cfg(feature = "es256")]
pub use algorithm::Es256;
#[cfg(all(feature = "p256-cm4", target_arch = "arm", target_os = "none"))]
pub use algorithm::Es256Cm4;
#[cfg(feature = "es256-tables")]
pub use algorithm::Es256Tables;
#[cfg(all(feature = "ring", feature = "rs256"))]
pub use algorithm::RingRs256;
#[cfg(feature = "rs256")]
pub use algorithm::Rs256;
pub use algorithm::{Algorithm, BackendError, SelfTest, Signature, SignatureAlgorithm, self_test};
#[cfg(feature = "ring")]
pub use algorithm::{RingEdDsa, RingEs256};
pub use header::UnverifiedHeader;
pub use json::{JsonStr, MAX_DEPTH, MAX_OPEN_MEMBERS};
#[cfg(feature = "rs256")]
pub use key::{BorrowedKeys, OwnedKey};
pub use key::{Key, Kid, MAX_WHOLE_KID_LEN, PublicKey};
#[cfg(fuzzing)]
pub use key_set::read_when_fuzzing;
pub use key_set::{Json, KeySet, Keys, MAX_KEY_SET_LEN};
pub use media_type::MAX_TYPE_LEN;
pub use thumbprint::Thumbprint;
