//! The C interface of `embedded-jwt`: functions and plain structs that `include/embedded_jwt.h` declares.
//!
//! Everything lives in memory that the caller owns. A function returns 0 or a negative error, and a result is zeroed
//! before anything else is done, so that a caller who forgets the error finds nothing to act on. Values from C are never
//! trusted to be valid: enumerations are integers, pointers are checked for null and alignment, text for UTF-8.
//!
//! `unsafe` occurs here alone, since the crate forbids it. It relies on the same rules as C programs with any
//! library: a pointer that is not null points to as much memory as its length says, nobody else writes to that memory
//! during the call, and what an accepted token refers to stays unchanged while the token is used.
#![cfg_attr(target_os = "none", no_std)]
#![allow(non_camel_case_types, reason = "the names are those of the header")]

mod access_token;
mod bearer;
mod dpop;
mod error;
mod id_token;
mod issuer;
mod key;
mod memory;
mod panic;
mod policy;
mod replay;
mod request;
mod revocations;
mod time;
mod token;
mod typed_token;
mod verifier;

pub use access_token::*;
pub use bearer::*;
pub use dpop::*;
pub use error::*;
pub use id_token::*;
pub use issuer::*;
pub use key::*;
pub use memory::ejwt_str;
pub use policy::*;
pub use replay::*;
pub use request::*;
pub use revocations::*;
pub use time::*;
pub use token::*;
pub use typed_token::*;
pub use verifier::*;
