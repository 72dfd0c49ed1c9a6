#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::todo,
    clippy::unreachable,
    clippy::unwrap_used
)]
#![warn(clippy::missing_errors_doc, missing_docs, unreachable_pub)]
// Tests stop at the first surprise, and panicking is how they say so.
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

/// The integration tests' mint, which names the crate as its users do.
#[cfg(all(test, feature = "es256", feature = "eddsa"))]
#[path = "../tests/common/mod.rs"]
#[allow(unreachable_pub, reason = "it is a crate's root elsewhere")]
mod test_tokens;
#[cfg(test)]
extern crate self as embedded_jwt;

mod access_token;
mod algorithm;
mod authentication;
mod base64url;
pub mod bearer;
mod claims;
mod confirmation;
mod dpop;
mod error;
mod header;
mod id_token;
mod issuer;
mod json;
mod jwk;
mod key;
mod key_set;
mod ledger;
mod media_type;
mod prepared;
mod presenter;
mod replay;
mod revocation;
mod revocation_list;
mod signature_cache;
mod status;
#[cfg(feature = "status-list")]
mod status_list;
mod stores;
mod strings;
mod thumbprint;
mod time;
mod time_floor;
mod token;
mod typed_token;
mod uri;
mod verified;

pub use access_token::{AccessToken, AccessTokenPolicy};
#[cfg(feature = "eddsa")]
pub use algorithm::EdDsa;
#[cfg(feature = "es256")]
pub use algorithm::Es256;
pub use algorithm::{Algorithm, BackendError, SelfTest, SignatureAlgorithm, self_test};
#[cfg(feature = "ring")]
pub use algorithm::{RingEdDsa, RingEs256};
pub use claims::{Claims, DEFAULT_LEEWAY};
pub use confirmation::Confirmation;
pub use dpop::{DEFAULT_PROOF_AGE, DpopPolicy, DpopProof};
pub use error::{Claim, Error, Part};
pub use header::UnverifiedHeader;
pub use id_token::{IdToken, IdTokenPolicy, MAX_SUBJECT_LEN};
pub use issuer::Issuer;
pub use json::{JsonStr, MAX_DEPTH, MAX_OPEN_MEMBERS};
pub use key::{Key, MAX_KID_LEN};
pub use key_set::{KeySet, MAX_KEY_SET_LEN};
pub use media_type::MAX_TYPE_LEN;
pub use prepared::{CallerVerifies, Prepared};
pub use replay::{AllowReplay, ReplayCheck, ReplayWindow};
pub use revocation::{Revocations, TokenIdentity};
pub use revocation_list::{Revocation, RevocationList};
pub use signature_cache::SignatureCache;
pub use status::StatusReference;
#[cfg(feature = "status-list")]
pub use status_list::{DEFAULT_STATUS_LIST_TTL, Inflater, MAX_STATUS_LIST_LEN, Status, StatusBitmap, StatusList};
pub use strings::Strings;
pub use thumbprint::Thumbprint;
pub use time::{Freshness, Now, UnixTime};
pub use time_floor::{DEFAULT_TIME_STEP, TimeFloor};
pub use token::{MAX_HEADER_LEN, MAX_ISSUERS, MAX_TOKEN_LEN, Token};
pub use typed_token::{TypedPolicy, TypedToken};
pub use verified::Verified;
