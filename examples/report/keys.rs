//! The issuer's keys in the report: which of them fit a token, and which one verified it.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::slice;

use embedded_jwt::{Algorithm, Error, Issuer, Kid, PublicKey, Token};

use crate::case::Case;

/// The keys that the token can be signed with, by its `alg` and `kid`. Equal keys are one.
///
/// The crate does not report which keys it tries, so it is asked about each key alone: first whether the key has the
/// token's `kid`, then, if none has, whether it fits without one.
pub fn fitting<'k>(case: &Case<'k>) -> Vec<&'k PublicKey<'k>> {
    let fit =
        |issuer: &Issuer<'_>| !matches!(verify(case, issuer), Err(Error::UnknownKey | Error::UnsupportedAlgorithm));
    let keys = || case.keys.iter();
    let mut fitting: Vec<_> = keys().filter(|key| fit(&with_one_key(case, key).with_required_kid())).collect();
    if fitting.is_empty() {
        fitting = keys().filter(|key| fit(&with_one_key(case, key))).collect();
    }
    let mut seen: Vec<&[u8]> = Vec::new();
    fitting.retain(|key| {
        let is_new = !seen.contains(&key.public_key());
        seen.push(key.public_key());
        is_new
    });
    fitting
}

/// The first of these keys that verifies the token's signature, whether a later step refuses the token or not.
pub fn verifying<'k>(case: &Case<'_>, keys: &[&'k PublicKey<'k>]) -> Option<&'k PublicKey<'k>> {
    keys.iter().copied().find(|key| {
        !matches!(
            verify(case, &with_one_key(case, key)),
            Err(Error::InvalidKey | Error::InvalidSignature | Error::BackendUnavailable)
        )
    })
}

fn with_one_key<'a>(case: &'a Case<'_>, key: &'a PublicKey<'a>) -> Issuer<'a> {
    case.request.issuer(slice::from_ref(key))
}

fn verify(case: &Case<'_>, issuer: &Issuer<'_>) -> Result<(), Error> {
    let token = Token::parse(case.token)?;
    token.verify(issuer, &mut vec![0; token.buffer_len()]).map(drop)
}

/// A key as shown in the report: `"es-test" (ES256)`.
pub fn describe(key: &PublicKey<'_>) -> String {
    let text = |kid| format!("{:?}", String::from_utf8_lossy(kid));
    let kid = match key.kid() {
        None => "without kid".into(),
        Some(Kid::Whole(kid)) => text(kid),
        Some(Kid::Abridged { first, len, .. }) => format!("{}... of {len} bytes", text(first)),
    };
    format!("{kid} ({})", algorithm(key))
}

pub fn algorithm(key: &PublicKey<'_>) -> &'static str {
    match key.algorithm() {
        Algorithm::Es256 => "ES256",
        Algorithm::EdDsa => "EdDSA",
        #[cfg(feature = "rs256")]
        Algorithm::Rs256 => "RS256",
        _ => "another algorithm",
    }
}

/// Whether the key has this `kid`. Of a long one, the key does not keep enough to say so.
pub fn has_kid(key: &PublicKey<'_>, kid: &str) -> bool {
    matches!(key.kid(), Some(Kid::Whole(whole)) if whole == kid.as_bytes())
}
