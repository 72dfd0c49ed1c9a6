//! Public keys: the algorithm, the bytes and the `kid` of each.

mod import;
mod kid;
#[cfg(feature = "rs256")]
mod owned;

use core::fmt;
use core::marker::PhantomData;

use crate::jose::Algorithm;
#[cfg(feature = "rs256")]
use crate::jose::algorithm::rsa::MODULUS_LEN;
use crate::jose::json::JsonStr;
pub use kid::{Kid, MAX_WHOLE_KID_LEN};
use kid::{KidBuilder, StoredKid};
#[cfg(feature = "rs256")]
pub use owned::{BorrowedKeys, OwnedKey};

/// A [`PublicKey`] that borrows nothing, so that it can be kept anywhere: in a `static`, or in a
/// [`KeySet`](crate::KeySet). It takes 176 bytes, or 168 on 32-bit targets.
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
pub type Key = PublicKey<'static>;

/// A public key: its algorithm, its bytes and an optional `kid`.
///
/// Whether the bytes are a point of the curve, or an RSA modulus that is odd and has 2,048 bits, is checked only when
/// the key is used ([`Error::InvalidKey`](crate::Error::InvalidKey)).
///
/// An ES256 or EdDSA key holds its bytes. An RSA key (feature `rs256`) borrows its modulus for `'k`: from flash, as a
/// [`Key`], or from an `OwnedKey`.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey<'k> {
    material: Material<'k>,
    kid: StoredKid,
}

/// The bytes of a key, in the form of its algorithm.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Material<'k> {
    Es256(Aligned<64>),
    EdDsa(Aligned<32>, PhantomData<&'k ()>),
    #[cfg(feature = "rs256")]
    Rs256(&'k [u8; MODULUS_LEN]),
}

/// Bytes at an even address. Behind the tag of an enum they would be at an odd one, where copying and hashing them takes
/// 2,000 more instructions on a Cortex-M4.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(align(4))]
struct Aligned<const LEN: usize>([u8; LEN]);

/// Keys that borrow nothing, or only flash.
impl Key {
    /// An ES256 key from the big-endian coordinates of its point
    /// ([RFC 7518 section 6.2.1](https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1)), without a `kid`.
    pub const fn es256(x: &[u8; 32], y: &[u8; 32]) -> Self {
        let mut bytes = [0; 64];
        let (first, second) = bytes.split_at_mut(32);
        first.copy_from_slice(x);
        second.copy_from_slice(y);
        Self { material: Material::Es256(Aligned(bytes)), kid: StoredKid::NONE }
    }

    /// An EdDSA key from the encoded Ed25519 point
    /// ([RFC 8037 section 2](https://www.rfc-editor.org/rfc/rfc8037#section-2)), without a `kid`.
    pub const fn ed25519(point: &[u8; 32]) -> Self {
        Self { material: Material::EdDsa(Aligned(*point), PhantomData), kid: StoredKid::NONE }
    }

    /// An RS256 key with the exponent 65,537 and this big-endian modulus, which stays where it is
    /// ([RFC 7518 section 6.3.1](https://www.rfc-editor.org/rfc/rfc7518#section-6.3.1)), without a `kid`.
    ///
    /// A modulus that is even or has fewer than 2,048 bits is refused when the key is used
    /// ([`Error::InvalidKey`](crate::Error::InvalidKey)).
    ///
    /// # Example: a key in flash
    ///
    /// ```
    /// use embedded_jwt::{Issuer, Key, Rs256};
    /// # const N: [u8; 256] = [0xff; 256];
    ///
    /// static MODULUS: [u8; 256] = N; // the member `n` of the JWK, decoded
    /// static KEYS: [Key; 1] = [Key::rsa(&MODULUS).with_kid(b"2026-01")];
    ///
    /// let issuer = Issuer::new("https://tenant.auth0.com/", &KEYS, &[&Rs256]);
    /// ```
    #[cfg(feature = "rs256")]
    pub const fn rsa(modulus: &'static [u8; MODULUS_LEN]) -> Self {
        Self::borrowing(modulus)
    }
}

impl<'k> PublicKey<'k> {
    /// An RS256 key with this modulus, as [`Key::rsa`].
    #[cfg(feature = "rs256")]
    pub(in crate::jose) const fn borrowing(modulus: &'k [u8; MODULUS_LEN]) -> Self {
        Self { material: Material::Rs256(modulus), kid: StoredKid::NONE }
    }

    /// Gives the key a `kid` of any length; an empty one is none. Of a `kid` longer than [`MAX_WHOLE_KID_LEN`] the key
    /// keeps the length, the first bytes and a hash, so that it takes no more memory. Tokens find the key all the same.
    pub const fn with_kid(mut self, kid: &[u8]) -> Self {
        self.kid.set(kid);
        self
    }

    pub(super) fn set_kid(&mut self, kid: impl Iterator<Item = u8>) {
        let mut builder = KidBuilder::new(&mut self.kid);
        kid.for_each(|byte| builder.push(byte));
        builder.finish();
    }

    /// The only algorithm that the key may be used with.
    pub const fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Es256(_) => Algorithm::Es256,
            Material::EdDsa(..) => Algorithm::EdDsa,
            #[cfg(feature = "rs256")]
            Material::Rs256(_) => Algorithm::Rs256,
        }
    }

    /// The bytes of the key: `x` followed by `y` (64 bytes) for ES256, the encoded point (32 bytes) for Ed25519, the
    /// modulus (256 bytes) for RS256.
    pub fn public_key(&self) -> &[u8] {
        match &self.material {
            Material::Es256(Aligned(coordinates)) => coordinates,
            Material::EdDsa(Aligned(point), _) => point,
            #[cfg(feature = "rs256")]
            Material::Rs256(modulus) => *modulus,
        }
    }

    /// The key's `kid`, whole or abridged, if it has one.
    pub fn kid(&self) -> Option<Kid<'_>> {
        self.kid.as_kid()
    }

    /// Whether this is the same public key, whatever its `kid`.
    pub(crate) fn is_same_key(&self, other: &PublicKey<'_>) -> bool {
        self.material == other.material
    }

    /// Whether this is the key's `kid`, which is compared unescaped. A key without a `kid` does not have an empty one.
    pub(crate) fn has_kid(&self, kid: JsonStr<'_>) -> bool {
        self.kid().is_some_and(|own| own.is(kid))
    }
}

/// Omits the bytes: a log needs only the `kid`.
impl fmt::Debug for PublicKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("algorithm", &self.algorithm()).field("kid", &self.kid()).finish_non_exhaustive()
    }
}

// 168 bytes on 32-bit targets, where the tests do not run.
const _: () = assert!(size_of::<PublicKey<'_>>() <= 64 + MAX_WHOLE_KID_LEN + 2 * size_of::<usize>());

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
