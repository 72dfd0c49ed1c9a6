//! Public keys: the algorithm, the bytes and the `kid` of each.

mod import;

use core::fmt;

use crate::error::{Error, Part};
use crate::jose::Algorithm;
use crate::jose::json::JsonStr;

/// A public key: its algorithm, its bytes and an optional `kid`.
///
/// Whether the bytes are a point of the curve is checked only when the key is used ([`Error::InvalidKey`]).
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
    kid: Option<Kid>,
}

#[derive(Clone, PartialEq, Eq)]
struct Kid {
    bytes: [u8; MAX_KID_LEN],
    len: usize,
}

impl Key {
    /// An ES256 key from the big-endian coordinates of its point
    /// ([RFC 7518 section 6.2.1](https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1)), without a `kid`.
    pub const fn es256(x: &[u8; 32], y: &[u8; 32]) -> Self {
        let mut material = [0; MAX_PUBLIC_KEY_LEN];
        let (first, second) = material.split_at_mut(32);
        first.copy_from_slice(x);
        second.copy_from_slice(y);
        Self { algorithm: Algorithm::Es256, material, kid: None }
    }

    /// An EdDSA key from the encoded Ed25519 point
    /// ([RFC 8037 section 2](https://www.rfc-editor.org/rfc/rfc8037#section-2)), without a `kid`.
    pub const fn ed25519(point: &[u8; 32]) -> Self {
        let mut material = [0; MAX_PUBLIC_KEY_LEN];
        material.split_at_mut(32).0.copy_from_slice(point);
        Self { algorithm: Algorithm::EdDsa, material, kid: None }
    }

    /// Gives the key a `kid` of at most [`MAX_KID_LEN`] bytes; a longer one does not compile.
    ///
    /// ```compile_fail,E0080
    /// # use embedded_jwt::Key;
    /// let key = Key::ed25519(&[3; 32]).with_kid(&[b'k'; 97]);
    /// ```
    pub const fn with_kid<const LEN: usize>(mut self, kid: &[u8; LEN]) -> Self {
        const { assert!(LEN <= MAX_KID_LEN, "the kid is longer than MAX_KID_LEN") };
        let mut bytes = [0; MAX_KID_LEN];
        bytes.split_at_mut(LEN).0.copy_from_slice(kid);
        self.kid = Some(Kid { bytes, len: LEN });
        self
    }

    /// Gives the key a `kid` that is known only at run time.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if the `kid` is longer than [`MAX_KID_LEN`] bytes.
    pub fn try_with_kid(self, kid: &str) -> Result<Self, Error> {
        self.with_kid_of(kid.bytes())
    }

    pub(super) fn with_kid_of(mut self, kid: impl Iterator<Item = u8>) -> Result<Self, Error> {
        let mut bytes = [0; MAX_KID_LEN];
        let mut len = 0_usize;
        for byte in kid {
            *bytes.get_mut(len).ok_or(Error::TooLarge(Part::Kid))? = byte;
            len = len.wrapping_add(1);
        }
        self.kid = Some(Kid { bytes, len });
        Ok(self)
    }

    /// The only algorithm that the key may be used with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The bytes of the key: `x` followed by `y` (64 bytes) for ES256, the encoded point (32 bytes) for Ed25519.
    pub fn public_key(&self) -> &[u8] {
        self.material.get(..self.algorithm.public_key_len()).unwrap_or_default()
    }

    /// The key's `kid`: opaque bytes ([RFC 7517 section 4.5](https://www.rfc-editor.org/rfc/rfc7517#section-4.5)).
    pub fn kid(&self) -> Option<&[u8]> {
        self.kid.as_ref()?.as_bytes()
    }

    /// Whether this is the same public key, whatever its `kid`.
    pub(crate) fn is_same_key(&self, other: &Self) -> bool {
        (self.algorithm, self.material) == (other.algorithm, other.material)
    }

    pub(crate) fn has_kid(&self, kid: JsonStr<'_>) -> bool {
        self.kid().is_some_and(|id| kid.is(id))
    }
}

impl Kid {
    fn as_bytes(&self) -> Option<&[u8]> {
        self.bytes.get(..self.len)
    }
}

/// Omits the bytes: a log needs only the `kid`.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kid = self.kid().map(|id| str::from_utf8(id).unwrap_or("(not UTF-8)"));
        f.debug_struct("Key").field("algorithm", &self.algorithm).field("kid", &kid).finish_non_exhaustive()
    }
}

/// Maximum length of a public key of any algorithm, in bytes: two coordinates of P-256.
const MAX_PUBLIC_KEY_LEN: usize = 64;

/// Maximum length of a `kid`, in bytes: an RFC 9278 thumbprint URI with SHA-256 (88 bytes) fits. A key with a longer
/// `kid` is skipped in a key set, and a token with a longer `kid` is refused.
pub const MAX_KID_LEN: usize = 96;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_returns_its_algorithm_bytes_and_kid() {
        let key = Key::es256(&[1; 32], &[2; 32]).with_kid(b"k");
        assert_eq!(key.algorithm(), Algorithm::Es256);
        assert_eq!(key.public_key(), [[1; 32], [2; 32]].as_flattened());
        assert_eq!(key.kid(), Some(&b"k"[..]));

        let key = Key::ed25519(&[3; 32]);
        assert_eq!(key.algorithm(), Algorithm::EdDsa);
        assert_eq!(key.public_key(), [3; 32]);
        assert_eq!(key.kid(), None);
    }

    #[test]
    fn kid_is_accepted_up_to_the_maximum_length() {
        let key = Key::ed25519(&[3; 32]).try_with_kid(&"k".repeat(96)).unwrap();
        assert_eq!(key, Key::ed25519(&[3; 32]).with_kid(&[b'k'; 96]));
        let refused = Key::ed25519(&[3; 32]).try_with_kid(&"k".repeat(97));
        assert_eq!(refused, Err(Error::TooLarge(Part::Kid)));
    }

    #[test]
    fn debug_shows_the_kid_and_no_key_bytes() {
        let key = Key::ed25519(&[3; 32]).with_kid(b"k");
        assert_eq!(format!("{key:?}"), "Key { algorithm: EdDsa, kid: Some(\"k\"), .. }");
    }
}
