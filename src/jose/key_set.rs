//! JWK Sets of fixed capacity, and their rotation (RFC 7517 section 5).

use core::fmt;
use core::ops::Deref;

use heapless::Vec;

use super::Key;
use super::json::{self, Value};
use super::jwk::usable_key;
use crate::error::{Error, Part};
use crate::time::UnixTime;

/// At most `N` public keys from a JWK Set ([RFC 7517 section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5)),
/// under 200 bytes each. A `KeySet` dereferences to `[Key]`.
///
/// A key that cannot verify an ES256 or EdDSA signature is skipped and [counted](Self::skipped). It is never an error
/// for the set. The reasons are:
/// - another `kty` or `crv`;
/// - a `use` other than `sig`;
/// - `key_ops` that are not an array of at most 16 different strings, or lack `verify`, or that contain `encrypt`,
///   `decrypt`, `wrapKey`, `unwrapKey`, `deriveKey` or `deriveBits` beside a `use`
///   ([RFC 7517 section 4.3](https://www.rfc-editor.org/rfc/rfc7517#section-4.3));
/// - an `alg` that the key cannot have;
/// - coordinates that are missing, of the wrong type or length, or out of range, or an Ed25519 point of small order;
/// - a `kid` that is not a string;
/// - a private `d`, since a private key that was published is compromised.
///
/// Members of `null` and empty `key_ops` are absent members, and an empty `kid` is none. A `kid` may be of any length:
/// see [`Kid`](crate::Kid). All other members are ignored.
///
/// # Example: key rotation
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
///
/// # Example: key rotation with an overlap, for tokens that are still in use
///
/// ```
/// # use embedded_jwt::{EdDsa, Error, Issuer, KeySet, UnixTime};
/// # fn f(keys: &mut KeySet<4>, body: &mut [u8], now: UnixTime, in_five_minutes: UnixTime) -> Result<(), Error> {
/// keys.rotate_from_jwks(body, now, in_five_minutes)?;
/// // Later, for each token:
/// let issuer = Issuer::new("https://idp.example.com", keys.keys_at(now), &[&EdDsa]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct KeySet<const N: usize> {
    /// The current keys, followed by the retired keys.
    keys: Vec<Key, N>,
    /// The number of current keys.
    current: usize,
    /// The end of the overlap: the retired keys verify tokens before it.
    retired_until: UnixTime,
    skipped: usize,
}

impl<const N: usize> KeySet<N> {
    /// An empty set, which verifies nothing.
    pub const fn new() -> Self {
        Self { keys: Vec::new(), current: 0, retired_until: UnixTime::from_secs(0), skipped: 0 }
    }

    /// Reads a JWK Set. The text is rewritten in place while it is checked, and is not needed afterwards. A byte order
    /// mark before it is skipped ([RFC 8259 section 8.1](https://www.rfc-editor.org/rfc/rfc8259#section-8.1)).
    ///
    /// # Errors
    ///
    /// - [`Error::TooLarge`]: the text is longer than [`MAX_KEY_SET_LEN`].
    /// - [`Error::Malformed`], [`Error::DuplicateName`], [`Error::TooDeep`], [`Error::TooManyMembers`]: the text cannot
    ///   be parsed, or is not an object with an array `keys`.
    /// - [`Error::TooManyKeys`]: more than `N` keys are usable.
    pub fn from_jwks(json: &mut [u8]) -> Result<Self, Error> {
        let mut keys = Self::new();
        keys.replace_from_jwks(json)?;
        Ok(keys)
    }

    /// Replaces all keys with the keys of a JWK Set, or changes nothing if there is an error.
    ///
    /// # Errors
    ///
    /// As [`from_jwks`](Self::from_jwks).
    pub fn replace_from_jwks(&mut self, json: &mut [u8]) -> Result<(), Error> {
        self.replace(parse(json)?)
    }

    /// Replaces the current keys with the keys of a JWK Set, and keeps the removed keys until `until`.
    ///
    /// Removed keys become retired keys. They stay in [`keys_at`](Self::keys_at), for tokens that they have signed:
    /// - If the new set lacks a current key, the keys that it lacks are retired until `until`. Keys that were retired
    ///   earlier are dropped.
    /// - If the new set has all current keys, no key is retired. Keys that were retired earlier keep their time, and
    ///   are dropped if it is over at `now`.
    ///
    /// A removed key is kept as well if a new key has the same `kid`, or if both have none: a token is verified with
    /// each key that fits. Use [`replace_from_jwks`](Self::replace_from_jwks) instead for a key that was withdrawn
    /// because it is compromised.
    ///
    /// # Errors
    ///
    /// As [`from_jwks`](Self::from_jwks), but retired keys count as well. If the set fits only without them, use
    /// [`replace_from_jwks`](Self::replace_from_jwks).
    pub fn rotate_from_jwks(&mut self, json: &mut [u8], now: UnixTime, until: UnixTime) -> Result<(), Error> {
        self.rotate(parse(json)?, now, until)
    }

    /// Replaces all keys with the keys of a parsed JWK Set.
    pub(crate) fn replace(&mut self, set: Value<'_>) -> Result<(), Error> {
        let usable = usable_keys(set)?.count();
        if usable > N {
            return Err(Error::TooManyKeys);
        }
        self.keys.clear();
        self.push_all(set)
    }

    fn rotate(&mut self, set: Value<'_>, now: UnixTime, until: UnixTime) -> Result<(), Error> {
        let usable = usable_keys(set)?.count();
        let is_in_new_set = |key: &Key| usable_keys(set).is_ok_and(|mut keys| keys.any(|new| new == *key));
        let some_key_is_removed = !self.iter().all(is_in_new_set);
        let current = self.current;
        let overlap_is_over = now >= self.retired_until;
        let is_kept = |index: usize, key: &Key| {
            let is_of_last_rotation =
                if some_key_is_removed { index < current } else { index >= current && !overlap_is_over };
            is_of_last_rotation && !is_in_new_set(key)
        };
        let retired = self.keys.iter().enumerate().filter(|(index, key)| is_kept(*index, key)).count();
        if usable.saturating_add(retired) > N {
            return Err(Error::TooManyKeys);
        }
        let mut indices = 0_usize..;
        self.keys.retain(|key| indices.next().is_some_and(|index| is_kept(index, key)));
        self.push_all(set)?;
        self.keys.rotate_left(retired);
        if some_key_is_removed {
            self.retired_until = until;
        }
        Ok(())
    }

    /// Appends the usable keys of a set, which are known to fit.
    fn push_all(&mut self, set: Value<'_>) -> Result<(), Error> {
        self.current = 0;
        for key in usable_keys(set)? {
            self.keys.push(key).map_err(|_| Error::TooManyKeys)?;
            self.current = self.current.wrapping_add(1);
        }
        self.skipped = elements(set)?.count().saturating_sub(self.current);
        Ok(())
    }

    /// The keys to verify tokens with at the time `now`: the current keys and, before the end of the overlap, the
    /// retired keys.
    pub fn keys_at(&self, now: UnixTime) -> &[Key] {
        if now < self.retired_until { &self.keys } else { self }
    }

    /// The number of entries of the JWK Set that cannot be used.
    pub fn skipped(&self) -> usize {
        self.skipped
    }
}

fn parse(json: &mut [u8]) -> Result<Value<'_>, Error> {
    if json.len() > MAX_KEY_SET_LEN {
        return Err(Error::TooLarge(Part::KeySet));
    }
    let json = match json {
        [0xef, 0xbb, 0xbf, rest @ ..] => rest, // U+FEFF, the byte order mark
        all => all,
    };
    let len = json.len();
    json::canonicalize(json, len, Part::KeySet).map(|(set, _)| set)
}

fn elements(set: Value<'_>) -> Result<impl Iterator<Item = Value<'_>>, Error> {
    set.member("keys").and_then(Value::elements).ok_or(Error::Malformed(Part::KeySet))
}

fn usable_keys(set: Value<'_>) -> Result<impl Iterator<Item = Key>, Error> {
    Ok(elements(set)?.filter_map(usable_key))
}

/// The current keys.
impl<const N: usize> Deref for KeySet<N> {
    type Target = [Key];

    fn deref(&self) -> &[Key] {
        self.keys.get(..self.current).unwrap_or_default()
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

/// Maximum length of a JWK Set, in bytes. A key with a certificate chain takes about 4 KiB, so a dozen fit. Positions
/// in the text are stored in 16 bits.
pub const MAX_KEY_SET_LEN: usize = 64 * 1024;
