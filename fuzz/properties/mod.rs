//! The properties that the fuzz targets check, one per file: plain functions that panic if the property is violated.
//!
//! `fuzz_targets/` calls them with input from libFuzzer; `tests/regressions.rs` calls them on stable Rust with every
//! committed input. Two are left out here: `differential`, so that the main package's tests need not build its peer and
//! the peer's dependencies, and `key_set`, whose inputs are replayed by the crate's unit tests.

mod base64url;
mod case;
mod claims;
mod dpop_request;
mod header;
mod json_canonicalize;
mod jwks;
mod model;
mod revocations;
#[cfg(feature = "rs256")]
mod rs256_signature;
pub mod seeds;
mod signature;
mod signed_token;
mod token;

pub use base64url::base64url;
pub use case::Case;
pub use claims::claims;
pub use dpop_request::dpop_request;
pub use header::header;
pub use json_canonicalize::json_canonicalize;
pub use jwks::jwks;
pub use revocations::revocations;
#[cfg(feature = "rs256")]
pub use rs256_signature::rs256_signature;
pub use signature::signature;
pub use signed_token::{signed_access_token, signed_id_token};
pub use token::token;

/// The name of each target, with its property.
pub const ALL: &[(&str, Property)] = &[
    ("base64url", base64url),
    ("claims", claims),
    ("dpop_request", dpop_request),
    ("header", header),
    ("json_canonicalize", json_canonicalize),
    ("jwks", jwks),
    ("revocations", revocations),
    #[cfg(feature = "rs256")]
    ("rs256_signature", rs256_signature),
    ("signature", signature),
    ("signed_access_token", signed_access_token),
    ("signed_id_token", signed_id_token),
    ("token", token),
];

type Property = fn(&[u8]);
