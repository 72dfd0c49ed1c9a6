use core::fmt;
use core::ops::Deref;

use heapless::Vec;

use crate::algorithm::{Algorithm, is_acceptable_point, is_coordinate};
use crate::json::{self, Value};
use crate::{Error, Key, Part, base64url};

/// At most `N` public keys from a JWK Set ([RFC 7517 section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5)),
/// under 200 bytes each; it derefs to `[Key]`.
///
/// A key that cannot verify an ES256 or EdDSA signature is skipped and [counted](Self::skipped), never an error for
/// the set: another `kty` or `crv`, a `use` other than `sig`, `key_ops` without `verify`, a contradicting `alg`,
/// members that are missing, of the wrong type, the wrong length or out of range, a `kid` longer than
/// [`MAX_KID_LEN`](crate::MAX_KID_LEN), an Ed25519 point of small order, and a private `d`, since a private key
/// that was published is compromised.
///
/// # Example: keys that rotate
///
/// ```
/// use embedded_jwt::{Error, KeySet};
///
/// let mut keys = KeySet::<4>::new();
/// let mut body = *br#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"2026-01","alg":"EdDSA",
///     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#;
/// keys.replace_from_jwks(&mut body)?;
/// assert_eq!((keys.len(), keys.skipped()), (1, 1));
///
/// // A truncated download changes nothing.
/// let mut truncated = *br#"{"keys":[{"kty":"OKP","#;
/// assert!(keys.replace_from_jwks(&mut truncated).is_err());
/// assert_eq!(keys.len(), 1);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct KeySet<const N: usize> {
    keys: Vec<Key, N>,
    skipped: usize,
}

impl<const N: usize> KeySet<N> {
    /// A set without keys, which verifies nothing.
    pub const fn new() -> Self {
        Self { keys: Vec::new(), skipped: 0 }
    }

    /// Reads a JWK Set. The text is rewritten in place while it is checked, and not needed afterwards.
    ///
    /// # Errors
    ///
    /// - [`Error::TooLarge`]: longer than [`MAX_KEY_SET_LEN`].
    /// - [`Error::Malformed`], [`Error::DuplicateName`], [`Error::TooDeep`], [`Error::TooManyMembers`]: no JSON, or
    ///   no object with an array `keys`.
    /// - [`Error::TooManyKeys`]: more than `N` usable keys.
    pub fn from_jwks(json: &mut [u8]) -> Result<Self, Error> {
        let mut keys = Self::new();
        keys.replace_from_jwks(json)?;
        Ok(keys)
    }

    /// Replaces all keys by those of a JWK Set, or none of them if there is an error.
    ///
    /// # Errors
    ///
    /// As [`from_jwks`](Self::from_jwks).
    pub fn replace_from_jwks(&mut self, json: &mut [u8]) -> Result<(), Error> {
        if json.len() > MAX_KEY_SET_LEN {
            return Err(Error::TooLarge(Part::KeySet));
        }
        let len = json.len();
        let (set, _) = json::canonicalize(json, len, Part::KeySet)?;
        let entries = || set.member("keys").and_then(Value::elements).ok_or(Error::Malformed(Part::KeySet));

        let usable = entries()?.filter_map(usable_key).count();
        if usable > N {
            return Err(Error::TooManyKeys);
        }
        self.skipped = entries()?.count().saturating_sub(usable);
        self.keys.clear();
        for key in entries()?.filter_map(usable_key) {
            self.keys.push(key).map_err(|_| Error::TooManyKeys)?;
        }
        Ok(())
    }

    /// How many entries of the JWK Set cannot be used.
    pub fn skipped(&self) -> usize {
        self.skipped
    }
}

/// Reads a JWK ([RFC 7517 section 4](https://www.rfc-editor.org/rfc/rfc7517#section-4)) if it is a public key that
/// may verify signatures of an algorithm this crate knows.
fn usable_key(jwk: Value<'_>) -> Option<Key> {
    let [kty, crv, x, y, kid, alg, usage, key_ops, private] =
        jwk.pick(["kty", "crv", "x", "y", "kid", "alg", "use", "key_ops", "d"])?;

    let may_verify = usage.is_none_or(|usage| text(Some(usage)) == Some("sig")) && key_ops.is_none_or(contains_verify);
    if !may_verify || private.is_some() {
        return None;
    }

    let key = match (text(kty)?, text(crv)?) {
        ("EC", "P-256") => {
            let coordinate = |value| bytes(value).filter(|number| is_coordinate(number));
            Key::es256(&coordinate(x)?, &coordinate(y)?)
        }
        ("OKP", "Ed25519") => Key::ed25519(&bytes(x).filter(|point| is_acceptable_point(point))?),
        _ => return None,
    };
    if let Some(alg) = alg {
        let named = Algorithm::from_name(alg.string()?)?;
        (named == key.algorithm()).then_some(())?;
    }
    match kid {
        Some(kid) => key.with_kid_of(kid.string()?.bytes()).ok(),
        None => Some(key),
    }
}

fn contains_verify(key_ops: Value<'_>) -> bool {
    key_ops
        .elements()
        .is_some_and(|mut operations| operations.any(|operation| operation.string().is_some_and(|s| s == "verify")))
}

fn text<'b>(value: Option<Value<'b>>) -> Option<&'b str> {
    value?.string()?.as_str()
}

/// Exactly 32 bytes, leading zeros included
/// ([RFC 7518 section 6.2.1.2](https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1.2)).
fn bytes(value: Option<Value<'_>>) -> Option<[u8; 32]> {
    base64url::decode_array(text(value)?.as_bytes())
}

impl<const N: usize> Deref for KeySet<N> {
    type Target = [Key];

    fn deref(&self) -> &[Key] {
        &self.keys
    }
}

impl<const N: usize> Default for KeySet<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for KeySet<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("keys", &&**self).field("skipped", &self.skipped).finish()
    }
}

/// Longest JWK Set, in bytes. A key with a certificate chain takes about 4 KiB, so that a dozen fit; places in the
/// text are kept in 16 bits.
pub const MAX_KEY_SET_LEN: usize = 64 * 1024;
