//! From [`Verified`](crate::verify::Verified) to one kind of token: each kind has a policy of its own, which validates
//! the claims and asks the stores. What leaves is a token that the device may act on.

mod access_token;
mod dpop;
mod id_token;
mod signed_key_set;
#[cfg(feature = "status-list")]
mod status_list;
mod stores;
mod typed_token;

pub use access_token::{AccessToken, AccessTokenPolicy};
pub use dpop::{DEFAULT_PROOF_AGE, DpopPolicy, DpopProof};
pub use id_token::{IdToken, IdTokenPolicy, MAX_SUBJECT_LEN};
#[cfg(feature = "status-list")]
pub use status_list::{DEFAULT_STATUS_LIST_TTL, Inflater, MAX_STATUS_LIST_LEN, Status, StatusBitmap, StatusList};
pub use typed_token::{TypedPolicy, TypedToken};
