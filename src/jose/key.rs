//! Public keys: the algorithm, the bytes and the `kid` of each.

mod import;
mod kid;

use core::fmt;

use crate::jose::Algorithm;
use crate::jose::json::JsonStr;
pub use kid::{Kid, MAX_WHOLE_KID_LEN};
use kid::{KidBuilder, StoredKid};

/// A public key: its algorithm, its bytes and an optional `kid`.
///
/// Whether the bytes are a point of the curve is checked only when the key is used
/// ([`Error::InvalidKey`](crate::Error::InvalidKey)).
///
/// # Example: keys in flash, used from any thread
///
/// ```
/// use embedded_jwt::{Es256, EdDsa, Issuer, Key};
/// # const X: [u8; 32] = [1; 32];
/// # const Y: [u8; 32] = [2; 32];
/// # const A: [u8; 32] = [3; 32];
///
/// static KEYS: [Key; 2] = [Key::es256(&X, &Y).with_kid(b"2026-01"), Key::ed25519(&A)];
///
/// # std::thread::spawn(|| {
/// let issuer = Issuer::new("https://idp.example.com", &KEYS, &[&Es256, &EdDsa]);
/// assert_eq!(issuer.name(), "https://idp.example.com");
/// # }).join().unwrap();
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    algorithm: Algorithm,
    /// The public key, as long as its algorithm requires, followed by zeros. This is not an enum: its tag would move
    /// the bytes to an odd address, where copying and hashing them takes 2,000 more instructions on a Cortex-M4.
    material: [u8; MAX_PUBLIC_KEY_LEN],
    kid: StoredKid,
}

impl Key {
    /// An ES256 key from the big-endian coordinates of its point
    /// ([RFC 7518 section 6.2.1](https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1)), without a `kid`.
    pub const fn es256(x: &[u8; 32], y: &[u8; 32]) -> Self {
        let mut material = [0; MAX_PUBLIC_KEY_LEN];
        let (first, second) = material.split_at_mut(32);
        first.copy_from_slice(x);
        second.copy_from_slice(y);
        Self { algorithm: Algorithm::Es256, material, kid: StoredKid::NONE }
    }

    /// An EdDSA key from the encoded Ed25519 point
    /// ([RFC 8037 section 2](https://www.rfc-editor.org/rfc/rfc8037#section-2)), without a `kid`.
    pub const fn ed25519(point: &[u8; 32]) -> Self {
        let mut material = [0; MAX_PUBLIC_KEY_LEN];
        material.split_at_mut(32).0.copy_from_slice(point);
        Self { algorithm: Algorithm::EdDsa, material, kid: StoredKid::NONE }
    }

    /// Gives the key a `kid` of any length; an empty one is none. Of a `kid` longer than [`MAX_WHOLE_KID_LEN`] the key
    /// keeps the length, the first bytes and a hash, so that it takes no more memory. Tokens find the key all the same.
    pub const fn with_kid(mut self, kid: &[u8]) -> Self {
        let mut builder = KidBuilder::new(&mut self.kid);
        let mut rest = kid;
        while let [byte, tail @ ..] = rest {
            builder.push(*byte);
            rest = tail;
        }
        builder.finish();
        self
    }

    pub(super) fn set_kid(&mut self, kid: impl Iterator<Item = u8>) {
        let mut builder = KidBuilder::new(&mut self.kid);
        kid.for_each(|byte| builder.push(byte));
        builder.finish();
    }

    /// The only algorithm that the key may be used with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The bytes of the key: `x` followed by `y` (64 bytes) for ES256, the encoded point (32 bytes) for Ed25519.
    pub fn public_key(&self) -> &[u8] {
        self.material.get(..self.algorithm.public_key_len()).unwrap_or_default()
    }

    /// The key's `kid`, whole or abridged, if it has one.
    pub fn kid(&self) -> Option<Kid<'_>> {
        self.kid.as_kid()
    }

    /// Whether this is the same public key, whatever its `kid`.
    pub(crate) fn is_same_key(&self, other: &Self) -> bool {
        (self.algorithm, self.material) == (other.algorithm, other.material)
    }

    /// Whether this is the key's `kid`, which is compared unescaped. A key without a `kid` does not have an empty one.
    pub(crate) fn has_kid(&self, kid: JsonStr<'_>) -> bool {
        self.kid().is_some_and(|own| own.is(kid))
    }
}

/// Omits the bytes: a log needs only the `kid`.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("algorithm", &self.algorithm).field("kid", &self.kid()).finish_non_exhaustive()
    }
}

/// Maximum length of a public key of any algorithm, in bytes: two coordinates of P-256.
const MAX_PUBLIC_KEY_LEN: usize = 64;

// 168 bytes on 32-bit targets, where the tests do not run.
const _: () = assert!(size_of::<Key>() <= MAX_PUBLIC_KEY_LEN + MAX_WHOLE_KID_LEN + 2 * size_of::<usize>());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_returns_its_algorithm_bytes_and_kid() {
        let key = Key::es256(&[1; 32], &[2; 32]).with_kid(b"k");
        assert_eq!(key.algorithm(), Algorithm::Es256);
        assert_eq!(key.public_key(), [[1; 32], [2; 32]].as_flattened());
        assert_eq!(key.kid(), Some(Kid::Whole(b"k")));

        let key = Key::ed25519(&[3; 32]);
        assert_eq!(key.algorithm(), Algorithm::EdDsa);
        assert_eq!(key.public_key(), [3; 32]);
        assert_eq!(key.kid(), None);
    }

    #[test]
    fn debug_shows_the_kid_and_no_key_bytes() {
        let key = Key::ed25519(&[3; 32]).with_kid(b"k");
        assert_eq!(format!("{key:?}"), "Key { algorithm: EdDsa, kid: Some(\"k\"), .. }");
    }
}
