//! The issuer that this device trusts, and the device's policies: all of it in flash.

use core::time::Duration;

use embedded_jwt::{AccessTokenPolicy, Issuer, Key, SignatureAlgorithm, UnixTime};

pub const ISSUER: &str = "https://idp.example.com";
/// The policy that is measured.
pub const POLICY: AccessTokenPolicy<'_> = AccessTokenPolicy::new("urn:device:pump-7");

/// Tokens live for minutes. A revocation takes a slot for this time. Without a clock, a recorded token is refused once
/// the time floor has risen by this much.
pub const MAX_LIFETIME: Duration = Duration::from_secs(5 * 60);
pub const GATEWAY_POLICY: AccessTokenPolicy<'_> =
    POLICY.with_max_lifetime(MAX_LIFETIME).with_max_unproven_lifetime(MAX_LIFETIME);

/// TEST KEYS, whose private halves are published with this crate's tests.
pub static ES256_KEYS: [Key; 1] = [Key::es256(&ES256_X, &ES256_Y).with_kid(b"test-key")];
pub static EDDSA_KEYS: [Key; 1] = [Key::ed25519(&EDDSA_POINT).with_kid(b"test-key")];
pub static KEYS: [Key; 2] =
    [Key::es256(&ES256_X, &ES256_Y).with_kid(b"test-key"), Key::ed25519(&EDDSA_POINT).with_kid(b"test-key")];
#[cfg(feature = "rs256")]
pub static RS256_KEYS: [Key; 1] = [Key::rsa(&RS256_MODULUS).with_kid(b"test-key")];

pub fn issuer<'a>(keys: &'a [Key], algorithms: &'a [&'a dyn SignatureAlgorithm]) -> Issuer<'a> {
    Issuer::new(ISSUER, keys, algorithms)
}

/// 2026-01-15T12:00:00Z, when the measured tokens are valid.
pub const NOW: UnixTime = UnixTime::from_secs(1_768_478_400);
/// The midnight before. A build writes its own time here.
pub const BUILT_AT: UnixTime = UnixTime::from_secs(1_768_435_200);

include!("../tokens/keys.rs");
#[cfg(feature = "rs256")]
include!("../tokens/rs256_key.rs");

/// The measured tokens, of 435 and 2,047 bytes.
pub const ES256_TOKEN: &str = include_str!("../tokens/es256.jwt");
pub const ES256_LONG_TOKEN: &str = include_str!("../tokens/es256-long.jwt");
pub const EDDSA_TOKEN: &str = include_str!("../tokens/eddsa.jwt");
pub const EDDSA_LONG_TOKEN: &str = include_str!("../tokens/eddsa-long.jwt");
/// A token that is bound to a client's key, and the proof of this client for a request with it.
pub const BOUND_TOKEN: &str = include_str!("../tokens/bound.jwt");
pub const PROOF: &str = include_str!("../tokens/proof.jwt");
pub const JWKS: &[u8] = include_bytes!("../tokens/jwks.json");
/// The same claims, in 691 and 2,303 bytes: the signature has four times the length.
#[cfg(feature = "rs256")]
pub const RS256_TOKEN: &str = include_str!("../tokens/rs256.jwt");
#[cfg(feature = "rs256")]
pub const RS256_LONG_TOKEN: &str = include_str!("../tokens/rs256-long.jwt");
#[cfg(feature = "rs256")]
pub const RS256_JWKS: &[u8] = include_bytes!("../tokens/rs256-jwks.json");
