//! Verification of signatures. The text of a token and its possible issuers enter: the key is chosen, the signature is
//! checked, and only then is the payload decoded and its `iss` compared. A [`Verified`] leaves, whose claims are
//! authentic but not validated by a policy yet.

mod issuer;
pub(crate) mod key_choice;
mod prepared;
mod signature_cache;
mod token;
mod verified;

pub use issuer::Issuer;
pub use key_choice::{MAX_ISSUERS, MAX_SIGNATURES};
pub use prepared::{Answer, CallerVerifies, Prepared};
pub use signature_cache::SignatureCache;
pub use token::{MAX_HEADER_LEN, MAX_TOKEN_LEN, Token};
pub use verified::Verified;
