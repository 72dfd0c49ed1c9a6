//! Test keys, a token mint and the backends under test, for the tests, fuzz targets, benchmarks and examples of
//! `embedded-jwt`. Nothing here belongs in firmware: its keys are published.

mod accept_all;
#[cfg(any(feature = "ring", all(feature = "es256", feature = "eddsa")))]
mod backends;
#[cfg(any(feature = "ring", all(feature = "es256", feature = "eddsa")))]
mod counting;
pub mod errors;
mod mint;
mod over_message;
#[cfg(feature = "es256-tables")]
mod preparing;
pub mod rfc;
#[cfg(feature = "rs256")]
mod rs256;
mod stores;
pub mod strict_json;

pub use accept_all::{ACCEPT_ALL, AcceptAll, unsigned};
#[cfg(any(feature = "ring", all(feature = "es256", feature = "eddsa")))]
pub use backends::*;
#[cfg(any(feature = "ring", all(feature = "es256", feature = "eddsa")))]
pub use counting::Counting;
/// The crate under test, for the crate's own unit tests: their types differ from the types of this copy.
pub use embedded_jwt;
pub use mint::*;
pub use over_message::OverMessage;
#[cfg(feature = "es256-tables")]
pub use preparing::Preparing;
#[cfg(feature = "rs256")]
pub use rs256::*;
pub use stores::*;
