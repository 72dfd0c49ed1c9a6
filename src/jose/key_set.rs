//! JWK Sets of fixed capacity, and their rotation (RFC 7517 section 5).

mod at_compile_time;
#[cfg(feature = "rs256")]
mod with_rsa;

use core::fmt;
use core::ops::Deref;

use heapless::Vec;

#[cfg(fuzzing)]
pub use at_compile_time::read_when_fuzzing;
pub use at_compile_time::{Json, Keys};

use super::Key;
use super::json::{self, Value};
use super::jwk::FromJwk;
use crate::error::{Error, Part};
use crate::time::{Now, UnixTime};

/// At most `N` public keys from a JWK Set ([RFC 7517 section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5)),
/// under 200 bytes each. A `KeySet` dereferences to a slice of its current keys.
///
/// `K` is the type of these keys: [`Key`] unless you name another, or `OwnedKey` for a set that keeps RSA keys too. There
/// is no third.
///
/// A key that cannot verify an ES256 or EdDSA signature is skipped and [counted](Self::skipped). It is never an error
/// for the set. RSA keys are kept only in a set that is asked to (`with_rsa`, feature `rs256`), which takes 368 bytes for
/// each key. The reasons for skipping a key are:
/// - another `kty` or `crv`;
/// - a `use` other than `sig`;
/// - `key_ops` that are not an array of at most 16 different strings, or lack `verify`, or that contain `encrypt`,
///   `decrypt`, `wrapKey`, `unwrapKey`, `deriveKey` or `deriveBits` together with a `use`
///   ([RFC 7517 section 4.3](https://www.rfc-editor.org/rfc/rfc7517#section-4.3));
/// - an `alg` that the key cannot have;
/// - coordinates that are missing, of the wrong type or length, or out of range, or an Ed25519 point of small order;
/// - an RSA modulus that does not have exactly 2,048 bits or is even, or an exponent other than 65,537;
/// - a `kid` that is not a string;
/// - a private `d` (for RSA also `p`, `q`, `dp`, `dq`, `qi` and `oth`), since a private key that was published is
///   compromised.
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
/// # fn f(keys: &mut KeySet<4>, body: &mut [u8], in_five_minutes: UnixTime, now: UnixTime) -> Result<(), Error> {
/// keys.rotate_from_jwks(body, in_five_minutes, now)?;
/// // Later, for each token:
/// let issuer = Issuer::new("https://idp.example.com", keys.expire(now), &[&EdDsa]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct KeySet<const N: usize, K = Key> {
    /// The current keys, followed by the retired keys.
    keys: Vec<K, N>,
    /// The number of current keys.
    current: usize,
    /// The end of the overlap: the retired keys verify tokens before it.
    retired_until: UnixTime,
    skipped: usize,
}

impl<const N: usize> KeySet<N> {
    /// An empty set, which verifies nothing.
    pub const fn new() -> Self {
        Self::EMPTY
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

    /// Drops the retired keys if their overlap is over at `now`, and returns all other keys to verify tokens with: the
    /// current keys, followed by the retired keys. Call it for each token: retired keys can be reached in no other way.
    ///
    /// A dropped key does not come back if the clock is set back. With the time of a clock that was never set, retired
    /// keys are neither returned nor dropped. With [`Now::AtLeast`], they are returned until that bound has passed the
    /// end of the overlap.
    ///
    /// # Example
    ///
    /// ```
    /// # use embedded_jwt::{Error, KeySet, UnixTime};
    /// # let mut old = *br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    /// # let mut new = *br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}]}"#;
    /// let now = UnixTime::from_secs(1_768_478_400);
    /// let in_five_minutes = UnixTime::from_secs(1_768_478_700);
    ///
    /// let mut keys = KeySet::<2>::from_jwks(&mut old)?;
    /// keys.rotate_from_jwks(&mut new, in_five_minutes, now)?;
    /// assert_eq!(keys.expire(now).len(), 2);
    /// assert_eq!(keys.expire(in_five_minutes).len(), 1);
    /// assert_eq!(keys.expire(now).len(), 1);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn expire(&mut self, now: impl Into<Now>) -> &[Key] {
        self.unexpired(now.into())
    }
}

/// The methods of all sets.
#[allow(private_bounds, reason = "a set holds one of two types of keys")]
impl<const N: usize, K: FromJwk> KeySet<N, K> {
    const EMPTY: Self = Self { keys: Vec::new(), current: 0, retired_until: UnixTime::from_secs(0), skipped: 0 };

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
    /// Removed keys become retired keys. They are among the keys that [`expire`](Self::expire) returns, for tokens that
    /// they have signed:
    /// - If the new set lacks a current key, the keys that it lacks are retired until `until`. Keys that were retired
    ///   earlier are dropped.
    /// - If the new set has all current keys, no key is retired. Keys that were retired earlier keep their time, and
    ///   are dropped if it is over at `now`.
    ///
    /// A removed key is kept as well if a new key has the same `kid`, or if both have none: a token is verified with
    /// each key that fits. Use [`replace_from_jwks`](Self::replace_from_jwks) instead for a key that was withdrawn
    /// because it is compromised.
    ///
    /// The text is parsed as for `replace_from_jwks`. Besides, each of at most `N` new keys is compared with each key
    /// of this set.
    ///
    /// # Errors
    ///
    /// In this order; each changes nothing:
    /// - [`Error::ClockNotSet`]: `now` is the time of a clock that was never set.
    /// - [`Error::EntryExpired`]: `until` is not after `now`.
    /// - As [`from_jwks`](Self::from_jwks), but retired keys count as well. If the set fits only without them
    ///   ([`Error::TooManyKeys`]), use `replace_from_jwks`.
    pub fn rotate_from_jwks(&mut self, json: &mut [u8], until: UnixTime, now: impl Into<Now>) -> Result<(), Error> {
        let now = now.into().known().ok_or(Error::ClockNotSet)?;
        if until <= now {
            return Err(Error::EntryExpired);
        }
        self.rotate(parse(json)?, until, now)
    }

    /// The keys that are not expired.
    fn unexpired(&mut self, now: Now) -> &[K] {
        let Some(now) = now.known() else { return self };
        if now >= self.retired_until {
            self.keys.truncate(self.current);
        }
        &self.keys
    }

    /// Replaces all keys with the keys of a parsed JWK Set.
    pub(crate) fn replace(&mut self, set: Value<'_>) -> Result<(), Error> {
        if usable_keys::<N, K>(set)?.count() > N {
            return Err(Error::TooManyKeys);
        }
        self.keys.clear();
        self.push_all(set)
    }

    /// Reads the set twice, so that it needs no memory for a second set of keys: first to learn which keys return.
    fn rotate(&mut self, set: Value<'_>, until: UnixTime, now: UnixTime) -> Result<(), Error> {
        let mut is_in_new_set = [false; N];
        let mut usable = 0_usize;
        for new in usable_keys::<N, K>(set)? {
            usable = usable.wrapping_add(1);
            for (is_in_new_set, key) in is_in_new_set.iter_mut().zip(&self.keys) {
                *is_in_new_set |= new == *key;
            }
        }

        let some_key_is_removed = is_in_new_set.iter().take(self.current).any(|is_in_new_set| !is_in_new_set);
        let kept = if some_key_is_removed {
            0..self.current
        } else if now < self.retired_until {
            self.current..self.keys.len()
        } else {
            0..0
        };
        let is_retired = |index: usize| kept.contains(&index) && is_in_new_set.get(index) == Some(&false);
        let retired = kept.clone().filter(|index| is_retired(*index)).count();
        if usable.saturating_add(retired) > N {
            return Err(Error::TooManyKeys);
        }

        let mut indices = 0_usize..;
        self.keys.retain(|_| indices.next().is_some_and(&is_retired));
        self.push_all(set)?;
        // Without the minimum, code for a panic would be linked.
        let retired = retired.min(self.keys.len());
        self.keys.rotate_left(retired);
        if some_key_is_removed {
            self.retired_until = until;
        }
        Ok(())
    }

    /// Appends the usable keys of a set, which are known to fit, and counts the others.
    fn push_all(&mut self, set: Value<'_>) -> Result<(), Error> {
        (self.current, self.skipped) = (0, 0);
        for element in elements(set)? {
            match K::usable_key(element) {
                Some(key) => {
                    self.keys.push(key).map_err(|_| Error::TooManyKeys)?;
                    self.current = self.current.wrapping_add(1);
                }
                None => self.skipped = self.skipped.wrapping_add(1),
            }
        }
        Ok(())
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

/// The usable keys of a set, or the first `N + 1` of them, which are too many already.
fn usable_keys<const N: usize, K: FromJwk>(set: Value<'_>) -> Result<impl Iterator<Item = K>, Error> {
    Ok(elements(set)?.filter_map(K::usable_key).take(N.saturating_add(1)))
}

/// The current keys, without the retired keys.
impl<const N: usize, K> Deref for KeySet<N, K> {
    type Target = [K];

    fn deref(&self) -> &[K] {
        self.keys.get(..self.current).unwrap_or_default()
    }
}

impl<const N: usize> Default for KeySet<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize, K: fmt::Debug> fmt::Debug for KeySet<N, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("keys", &&**self).field("skipped", &self.skipped).finish()
    }
}

/// Maximum length of a JWK Set, in bytes. A key with a certificate chain takes about 4 KiB, so a dozen fit. Positions
/// in the text are stored in 16 bits.
pub const MAX_KEY_SET_LEN: usize = 64 * 1024;
