// The README's links to chapters, here to the same chapters in this documentation: the first definition of a link counts.
//! [issuers]: crate::guide::issuers
//! [keys]: crate::guide::keys
//! [errors]: crate::guide::errors
//! [checks]: crate::guide::checks
//! [time]: crate::guide::time
//! [requests]: crate::guide::requests
//! [storage]: crate::guide::storage
//! [tokens]: crate::guide::tokens
//! [backends]: crate::guide::backends
//! [asynchronous]: crate::guide::asynchronous
//! [buffers]: crate::guide::buffers
//! [limits]: crate::guide::limits
//! [testing]: crate::guide::testing
//! [deployment]: crate::guide::deployment
//! [physical_attackers]: crate::guide::physical_attackers
//! [design_notes]: crate::guide::design_notes
//!
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
// Tests report a failure by panicking.
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

pub mod bearer;
mod claims;
mod error;
pub mod guide;
mod jose;
mod profiles;
mod storage;
mod time;
mod twice;
mod verify;

/// For the macro [`key_set!`].
#[doc(hidden)]
pub mod __key_set {
    #[cfg(fuzzing)]
    pub use crate::jose::read_when_fuzzing;
    pub use crate::jose::{Json, Keys};
}

pub use claims::{Claims, Confirmation, DEFAULT_LEEWAY, MAX_LEEWAY, StatusReference, Strings};
pub use error::{Claim, Error, Misfit, Part};
#[cfg(feature = "eddsa")]
pub use jose::EdDsa;
#[cfg(feature = "es256")]
pub use jose::Es256;
#[cfg(all(feature = "p256-cm4", target_arch = "arm", target_os = "none"))]
pub use jose::Es256Cm4;
#[cfg(feature = "es256-tables")]
pub use jose::Es256Tables;
#[cfg(all(feature = "ring", feature = "rs256"))]
pub use jose::RingRs256;
pub use jose::{
    Algorithm, BackendError, JsonStr, Key, KeySet, Kid, MAX_DEPTH, MAX_KEY_SET_LEN, MAX_OPEN_MEMBERS, MAX_TYPE_LEN,
    MAX_WHOLE_KID_LEN, PublicKey, SelfTest, Signature, SignatureAlgorithm, Thumbprint, UnverifiedHeader, self_test,
};
#[cfg(feature = "rs256")]
pub use jose::{BorrowedKeys, OwnedKey, Rs256};
#[cfg(feature = "ring")]
pub use jose::{RingEdDsa, RingEs256};
pub use profiles::{
    AccessToken, AccessTokenPolicy, DEFAULT_PROOF_AGE, DpopNonce, DpopPolicy, DpopProof, IdToken, IdTokenPolicy,
    MAX_SUBJECT_LEN, Pending, PreparedDpop, SignedKeySetPolicy, TypedPolicy, TypedToken,
};
#[cfg(feature = "status-list")]
pub use profiles::{
    DEFAULT_STATUS_LIST_AGE, DEFAULT_STATUS_LIST_TTL, Inflater, MAX_STATUS_LIST_LEN, NewestStatusList, Status,
    StatusBitmap, StatusList, StatusListPolicy, StatusLists,
};
pub use storage::{
    AllowReplay, DEFAULT_FLOOR_SPAN, DEFAULT_TIME_STEP, ReplayCheck, ReplayWindow, Revocation, RevocationList,
    Revocations, SingleUse, TimeFloor, TokenIdentity,
};
pub use time::{EarliestTime, Freshness, Now, UnixTime};
pub use twice::twice;
pub use verify::{
    Answer, CallerVerifies, Issuer, MAX_HEADER_LEN, MAX_ISSUERS, MAX_SIGNATURES, MAX_TOKEN_LEN, Prepared,
    SignatureCache, Token, Verified,
};
