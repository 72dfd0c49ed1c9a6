//! The issuer's keys in the report: which of them fit a token, and which one verified it.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::slice;

use base64ct::{Base64UrlUnpadded, Encoding};
use embedded_jwt::{Algorithm, Error, Issuer, Kid, PublicKey, Token};

use crate::case::Case;
use crate::verification::SOFTWARE;

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

/// Whether signatures can be verified with the key: only the backend knows whether its point is on its curve.
pub fn can_verify(key: &PublicKey<'_>) -> bool {
    let mut signature = SIGNATURE.to_vec();
    if key.algorithm() != Algorithm::Es256 && key.algorithm() != Algorithm::EdDsa {
        signature.resize(RSA_LEN, 0);
    }
    let [header, payload, signature] =
        [format!("{{\"alg\":\"{}\"}}", algorithm(key.algorithm())).as_bytes(), b"{}", &signature]
            .map(Base64UrlUnpadded::encode_string);
    let text = format!("{header}.{payload}.{signature}");
    let issuer = Issuer::new("urn:example:none", slice::from_ref(key), SOFTWARE);
    let verify = |token: Token<'_>| token.verify(&issuer, &mut vec![0; token.buffer_len()]).map(drop);
    // Of a valid key, this signature is wrong.
    Token::parse(&text).and_then(verify) == Err(Error::InvalidSignature)
}

/// A signature in the form of ES256 and of EdDSA: the base point of Ed25519, and a scalar.
const SIGNATURE: [u8; 64] = {
    let mut bytes = [0; 64];
    let (point, scalar) = bytes.split_at_mut(32);
    point.copy_from_slice(&[0x66; 32]);
    point[0] = 0x58;
    scalar[0] = 1;
    bytes
};
/// The length of an RSA signature with a key of 2,048 bits.
const RSA_LEN: usize = 256;

/// A key as shown in the report: `"es-test" (ES256)`.
pub fn describe(key: &PublicKey<'_>) -> String {
    let text = |kid| format!("{:?}", String::from_utf8_lossy(kid));
    let kid = match key.kid() {
        None => "without kid".into(),
        Some(Kid::Whole(kid)) => text(kid),
        Some(Kid::Abridged { first, len, .. }) => format!("{}... of {len} bytes", text(first)),
    };
    format!("{kid} ({})", algorithm(key.algorithm()))
}

/// The JOSE name of an algorithm.
pub fn algorithm(algorithm: Algorithm) -> &'static str {
    match algorithm {
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
