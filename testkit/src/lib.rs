#![doc = include_str!("../README.md")]

mod accept_all;
#[cfg(any(feature = "ring", all(feature = "es256", feature = "eddsa")))]
mod backends;
#[cfg(any(feature = "ring", all(feature = "es256", feature = "eddsa")))]
mod counting;
pub mod errors;
#[cfg(feature = "jwks-server")]
mod jwks_server;
mod mint;
mod over_message;
#[cfg(feature = "es256-tables")]
mod preparing;
#[doc(hidden)]
pub mod rfc;
#[cfg(feature = "rs256")]
mod rs256;
pub mod shapes;
mod stores;
#[doc(hidden)]
pub mod strict_json;
mod test_issuer;
mod token;

#[cfg(feature = "jwks-server")]
pub use jwks_server::JwksServer;
pub use mint::{Alg, EDDSA_TEST_KEY, ES256_TEST_KEY, NOW, now};
pub use serde_json::json;
pub use stores::{replay_window, revocation_list};
pub use test_issuer::{TestIssuer, dpop_proof};
pub use token::TestToken;

// The rest is for the tests, fuzz targets and benchmarks of `embedded-jwt` itself: mock backends, oracles, and tokens byte for
// byte. It is hidden since a user's tests do not need it, and it may change in any release.
#[doc(hidden)]
pub use accept_all::{ACCEPT_ALL, AcceptAll, unsigned};
#[cfg(any(feature = "ring", all(feature = "es256", feature = "eddsa")))]
#[doc(hidden)]
pub use backends::*;
#[cfg(any(feature = "ring", all(feature = "es256", feature = "eddsa")))]
#[doc(hidden)]
pub use counting::Counting;
/// The crate under test, for the crate's own unit tests: their types differ from the types of this copy.
#[doc(hidden)]
pub use embedded_jwt;
#[doc(hidden)]
pub use mint::*;
#[doc(hidden)]
pub use over_message::OverMessage;
#[cfg(feature = "es256-tables")]
#[doc(hidden)]
pub use preparing::Preparing;
#[cfg(feature = "rs256")]
#[doc(hidden)]
pub use rs256::*;
