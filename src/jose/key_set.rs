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
///
/// # Example: an overlap, for tokens that are still under way
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
    /// The current keys, then those that the last rotation has retired.
    keys: Vec<Key, N>,
    current: usize,
    retired_until: UnixTime,
    skipped: usize,
}

impl<const N: usize> KeySet<N> {
    /// A set without keys, which verifies nothing.
    pub const fn new() -> Self {
        Self { keys: Vec::new(), current: 0, retired_until: UnixTime::from_secs(0), skipped: 0 }
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
        self.replace(parse(json)?)
    }

    /// As [`replace_from_jwks`](Self::replace_from_jwks), but the keys that the new set no longer has stay in
    /// [`keys_at`](Self::keys_at) until `until`, for tokens that they have signed; those of an earlier rotation go. A set that
    /// lacks none of the current keys retires none, and leaves those of the last rotation the time they had; when that is
    /// over at `now`, they go.
    ///
    /// A key whose `kid` a new key has goes at once, and so does one without a `kid` if there is a new one. Not for a key
    /// that was withdrawn because it is compromised, nor for an issuer whose tokens name no `kid`: then replace.
    ///
    /// # Errors
    ///
    /// As [`from_jwks`](Self::from_jwks), where keys that stay count too: if the set fits only without them, replace.
    pub fn rotate_from_jwks(&mut self, json: &mut [u8], now: UnixTime, until: UnixTime) -> Result<(), Error> {
        self.rotate(parse(json)?, now, until)
    }

    /// Replaces all keys by those of a JWK Set that has been parsed.
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
        let is_back = |key: &Key| usable_keys(set).is_ok_and(|mut keys| keys.any(|new| new == *key));
        let any_goes = !self.iter().all(is_back);
        // With a new key of the same name, neither could be chosen.
        let is_displaced = |key: &Key| {
            let has_its_name = |new: Key| new.algorithm() == key.algorithm() && new.kid() == key.kid();
            usable_keys(set).is_ok_and(|mut keys| keys.any(has_its_name))
        };
        let current = self.current;
        let is_over = now >= self.retired_until;
        let stays = |place: usize, key: &Key| {
            let is_of_last_rotation = if any_goes { place < current } else { place >= current && !is_over };
            is_of_last_rotation && !is_displaced(key)
        };
        let retired = self.keys.iter().enumerate().filter(|(place, key)| stays(*place, key)).count();
        if usable.saturating_add(retired) > N {
            return Err(Error::TooManyKeys);
        }
        let mut places = 0_usize..;
        self.keys.retain(|key| places.next().is_some_and(|place| stays(place, key)));
        self.push_all(set)?;
        self.keys.rotate_left(retired);
        if any_goes {
            self.retired_until = until;
        }
        Ok(())
    }

    /// Appends a set of which is known that it fits.
    fn push_all(&mut self, set: Value<'_>) -> Result<(), Error> {
        self.current = 0;
        for key in usable_keys(set)? {
            self.keys.push(key).map_err(|_| Error::TooManyKeys)?;
            self.current = self.current.wrapping_add(1);
        }
        self.skipped = elements(set)?.count().saturating_sub(self.current);
        Ok(())
    }

    /// The keys for tokens that are judged now: the current ones, and those that the last rotation retired, before the
    /// moment that was given.
    pub fn keys_at(&self, now: UnixTime) -> &[Key] {
        if now < self.retired_until { &self.keys } else { self }
    }

    /// How many entries of the JWK Set cannot be used.
    pub fn skipped(&self) -> usize {
        self.skipped
    }
}

fn parse(json: &mut [u8]) -> Result<Value<'_>, Error> {
    if json.len() > MAX_KEY_SET_LEN {
        return Err(Error::TooLarge(Part::KeySet));
    }
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

/// Longest JWK Set, in bytes. A key with a certificate chain takes about 4 KiB, so that a dozen fit; places in the
/// text are kept in 16 bits.
pub const MAX_KEY_SET_LEN: usize = 64 * 1024;
