//! Reading one JWK (RFC 7517 section 4).

use super::algorithm::ed25519::is_acceptable_point;
use super::algorithm::p256::is_coordinate;
use super::json::Value;
use super::{Algorithm, Key, base64url};

/// Reads a JWK ([RFC 7517 section 4](https://www.rfc-editor.org/rfc/rfc7517#section-4)) if it is a public key that
/// may verify signatures of an algorithm that this crate knows.
pub(crate) fn usable_key(jwk: Value<'_>) -> Option<Key> {
    let [kid, private] = jwk.members(["kid", "d"])?;
    if private.is_some() {
        return None;
    }
    let key = embedded_key(jwk)?;
    match kid {
        Some(kid) => key.with_kid_of(kid.string()?.bytes()).ok(),
        None => Some(key),
    }
}

/// Reads the JWK in the header of a DPoP proof, by the rules of [`usable_key`]. Its `kid` is not looked at, since it
/// chooses nothing.
pub(crate) fn embedded_key(jwk: Value<'_>) -> Option<Key> {
    let [kty, crv, x, y, alg, usage, key_ops, private] =
        jwk.members(["kty", "crv", "x", "y", "alg", "use", "key_ops", "d"])?;

    let may_verify = usage.is_none_or(|usage| text(Some(usage)) == Some("sig")) && key_ops.is_none_or(contains_verify);
    if !may_verify || private.is_some_and(|private| private.text() != "null") {
        return None;
    }

    let key = match Algorithm::from_jwk_type(text(kty)?, text(crv)?)? {
        Algorithm::Es256 => {
            let coordinate = |value| bytes(value).filter(is_coordinate);
            Key::es256(&coordinate(x)?, &coordinate(y)?)
        }
        Algorithm::EdDsa => Key::ed25519(&bytes(x).filter(is_acceptable_point)?),
    };
    if let Some(alg) = alg {
        let named = Algorithm::from_name(alg.string()?)?;
        (named == key.algorithm()).then_some(())?;
    }
    Some(key)
}

fn contains_verify(key_ops: Value<'_>) -> bool {
    key_ops
        .elements()
        .is_some_and(|mut operations| operations.any(|operation| operation.string().is_some_and(|s| s == "verify")))
}

fn text<'b>(value: Option<Value<'b>>) -> Option<&'b str> {
    value?.string()?.as_str()
}

/// Decodes a value of exactly 32 bytes, leading zeros included
/// ([RFC 7518 section 6.2.1.2](https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1.2)).
fn bytes(value: Option<Value<'_>>) -> Option<[u8; 32]> {
    base64url::decode_array(text(value)?.as_bytes())
}
