//! The backends under test, and what verifies with them: with the feature `ring` those of ring, else the software ones.

use embedded_jwt::{AccessToken, AccessTokenPolicy, Error, Issuer, Key, SignatureAlgorithm, Token, UnixTime};
#[cfg(not(feature = "ring"))]
pub use embedded_jwt::{EdDsa, Es256};
#[cfg(feature = "ring")]
pub use embedded_jwt::{RingEdDsa as EdDsa, RingEs256 as Es256};

use crate::{ISSUER, keys};

pub const BOTH: &[&dyn SignatureAlgorithm] = &[&Es256, &EdDsa];
/// What refuses a key that is no point of its curve: ring does not tell it from a signature that does not hold.
pub const OFF_CURVE: Error = if cfg!(feature = "ring") { Error::InvalidSignature } else { Error::InvalidKey };

pub fn issuer(keys: &[Key]) -> Issuer<'_> {
    Issuer::new(ISSUER, keys, BOTH)
}

/// Judges an access token of this text at this time, and lets `read` look at it if it is accepted.
pub fn validate_access_token<T>(
    text: &str,
    policy: &AccessTokenPolicy<'_>,
    now: i64,
    read: impl FnOnce(AccessToken<'_>) -> T,
) -> Result<T, Error> {
    let keys = keys();
    let mut buf = [0; 4096];
    let verified = Token::parse(text)?.verify(&issuer(&keys), &mut buf)?;
    verified.into_access_token(policy, UnixTime::from_secs(now)).map(read)
}
