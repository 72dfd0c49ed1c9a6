//! Whom this device trusts and what it demands: all of it in flash.

use embedded_jwt::{AccessTokenPolicy, Issuer, Key, SignatureAlgorithm, UnixTime};

pub const ISSUER: &str = "https://idp.example.com";
pub const POLICY: AccessTokenPolicy<'_> = AccessTokenPolicy::new("urn:device:pump-7");

/// TEST KEYS, whose private halves are published with this crate's tests.
pub static ES256_KEYS: [Key; 1] = [Key::es256(&ES256_X, &ES256_Y).with_kid(b"test-key")];
pub static EDDSA_KEYS: [Key; 1] = [Key::ed25519(&EDDSA_POINT).with_kid(b"test-key")];
pub static KEYS: [Key; 2] =
    [Key::es256(&ES256_X, &ES256_Y).with_kid(b"test-key"), Key::ed25519(&EDDSA_POINT).with_kid(b"test-key")];

pub fn issuer<'a>(keys: &'a [Key], algorithms: &'a [&'a dyn SignatureAlgorithm]) -> Issuer<'a> {
    Issuer::new(ISSUER, keys, algorithms)
}

/// 2026-01-15T12:00:00Z. A device has a clock; QEMU's boards have none that is set.
pub const NOW: UnixTime = UnixTime::from_secs(1_768_478_400);

include!("../tokens/keys.rs");

/// Tokens of 435 and 2,047 bytes to measure with.
pub const ES256_TOKEN: &str = include_str!("../tokens/es256.jwt");
pub const ES256_LONG_TOKEN: &str = include_str!("../tokens/es256-long.jwt");
pub const EDDSA_TOKEN: &str = include_str!("../tokens/eddsa.jwt");
pub const EDDSA_LONG_TOKEN: &str = include_str!("../tokens/eddsa-long.jwt");
pub const JWKS: &[u8] = include_bytes!("../tokens/jwks.json");
