//! Policies, one for each kind of token. A [`Verified`](crate::verify::Verified) enters: the policy validates its
//! claims and consults the stores. A token of that kind leaves, which the device may act on, or a
//! [`Pending`](pending::Pending) token if the application has a check of its own.

mod access_token;
mod dpop;
mod id_token;
mod pending;
mod signed_key_set;
#[cfg(feature = "status-list")]
mod status_list;
mod stores;
mod typed_token;

pub use access_token::{AccessToken, AccessTokenPolicy};
pub use dpop::{DEFAULT_PROOF_AGE, DpopNonce, DpopPolicy, DpopProof, PreparedDpop};
pub use id_token::{IdToken, IdTokenPolicy, MAX_SUBJECT_LEN};
pub use pending::Pending;
pub use signed_key_set::SignedKeySetPolicy;
#[cfg(feature = "status-list")]
pub use status_list::{
    DEFAULT_STATUS_LIST_AGE, DEFAULT_STATUS_LIST_TTL, Inflater, MAX_STATUS_LIST_LEN, NewestStatusList, Status,
    StatusBitmap, StatusList, StatusListPolicy, StatusLists,
};
pub use typed_token::{TypedPolicy, TypedToken};
