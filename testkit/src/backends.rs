//! The backends under test, and helpers that verify with them. With the feature `ring` they are ring's, otherwise the
//! software ones.

use embedded_jwt::{
    AccessToken, AccessTokenPolicy, Answer, BackendError, Error, Issuer, Key, Now, Prepared, SignatureAlgorithm, Token,
    UnixTime, Verified,
};
#[cfg(not(feature = "ring"))]
pub use embedded_jwt::{EdDsa, Es256};
#[cfg(feature = "ring")]
pub use embedded_jwt::{RingEdDsa as EdDsa, RingEs256 as Es256};

use crate::{ISSUER, KEYS};

pub const BOTH: &[&dyn SignatureAlgorithm] = &[&Es256, &EdDsa];
/// The error for a key that is not a point of its curve: ring does not distinguish it from an invalid signature.
pub const OFF_CURVE: Error = if cfg!(feature = "ring") { Error::InvalidSignature } else { Error::InvalidKey };

/// The test issuer, with these keys and both algorithms.
pub fn issuer(keys: &[Key]) -> Issuer<'_> {
    Issuer::new(ISSUER, keys, BOTH)
}

/// Verifies a token of the test issuer in a buffer of 4 KiB and hands it to `validate`.
pub fn verify<T>(
    text: &(impl AsRef<[u8]> + ?Sized),
    validate: impl FnOnce(Verified<'_, '_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut buf = [0; 4096];
    validate(Token::parse(text)?.verify(&issuer(&*KEYS), &mut buf)?)
}

/// Answers each request of a prepared token with `outcome`, until it is verified or refused.
pub fn complete<'t, 'b>(
    mut prepared: Prepared<'t, 'b>,
    mut outcome: impl FnMut(&Prepared<'_, '_>) -> Result<(), BackendError>,
) -> Result<Verified<'t, 'b>, Error> {
    loop {
        let outcome = outcome(&prepared);
        match prepared.caller_asserts(outcome)? {
            Answer::Verified(verified) => return Ok(verified),
            Answer::Next(next) => prepared = next,
        }
    }
}

/// The verdict of the backends under test on a prepared token.
pub fn outcome(prepared: &Prepared<'_, '_>) -> Result<(), BackendError> {
    let backend = BOTH.iter().find(|backend| backend.algorithm() == prepared.algorithm()).unwrap();
    backend.verify(prepared.key(), prepared.message(), prepared.signature())
}

/// Verifies and validates an access token of the test issuer, and hands it to `read` if it is accepted.
pub fn validate_access_token<T>(
    text: &str,
    policy: &AccessTokenPolicy<'_>,
    now: i64,
    read: impl FnOnce(AccessToken<'_>) -> T,
) -> Result<T, Error> {
    let now = Now::Exact(UnixTime::from_secs(now));
    verify(text, |verified| verified.into_access_token(policy, now).map(read))
}
