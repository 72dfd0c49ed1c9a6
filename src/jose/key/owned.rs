//! Keys that hold all their bytes, RSA keys included.

use core::fmt;
use core::ops::Deref;

use super::kid::StoredKid;
use super::{Key, Kid, PublicKey};
use crate::jose::Algorithm;
use crate::jose::algorithm::rsa::MODULUS_LEN;

/// A public key of any algorithm that holds all its bytes, an RSA modulus
/// ([RFC 7518 section 6.3](https://www.rfc-editor.org/rfc/rfc7518#section-6.3)) included: 368 bytes, or 360 on 32-bit
/// targets. [Borrow](Self::as_key) it as a [`PublicKey`] to verify with it.
///
/// A [`KeySet`](crate::KeySet) keeps RSA keys in this form, if it is [asked to](crate::KeySet::with_rsa). A key in flash
/// needs no `OwnedKey`: [`Key::rsa`] borrows its modulus.
///
/// # Example: a key that the device has stored
///
/// ```
/// use embedded_jwt::{AccessTokenPolicy, Error, Issuer, OwnedKey, Rs256, Token, UnixTime};
///
/// const POLICY: AccessTokenPolicy = AccessTokenPolicy::untyped("urn:device:pump-7");
///
/// fn may_write(bearer: &[u8], key: &OwnedKey, now: UnixTime) -> Result<bool, Error> {
///     let keys = [key.as_key()];
///     let issuer = Issuer::new("https://tenant.auth0.com/", &keys, &[&Rs256]);
///     let mut buf = [0; 2048];
///     let token = Token::parse(bearer)?.verify(&issuer, &mut buf)?.into_access_token(&POLICY, now)?;
///     Ok(token.has_scope("pump:write"))
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct OwnedKey {
    algorithm: Algorithm,
    /// The public key, as long as its algorithm requires, followed by zeros.
    bytes: [u8; MODULUS_LEN],
    kid: StoredKid,
}

impl OwnedKey {
    /// The same key, to verify signatures with.
    pub fn as_key(&self) -> PublicKey<'_> {
        let key = match (self.algorithm, self.bytes.as_chunks()) {
            (Algorithm::Rs256, _) => PublicKey::borrowing(&self.bytes),
            (Algorithm::Es256, ([x, y, ..], _)) => Key::es256(x, y),
            (_, (chunks, _)) => Key::ed25519(chunks.first().unwrap_or(&[0; 32])),
        };
        PublicKey { kid: self.kid.clone(), ..key }
    }

    /// Gives the key a `kid`, as [`Key::with_kid`] does: of any length, and an empty one is none.
    ///
    /// # Example: several keys of one issuer
    ///
    /// ```
    /// use embedded_jwt::{Error, Kid, OwnedKey};
    ///
    /// fn keys(current: &[u8], next: &[u8]) -> Result<[OwnedKey; 2], Error> {
    ///     let current = OwnedKey::from_spki_der(current)?.with_kid(b"2026-01");
    ///     let next = OwnedKey::from_spki_der(next)?.with_kid(b"2026-07");
    ///     Ok([current, next])
    /// }
    /// # let der = [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00][..], &[3; 32]].concat();
    /// # assert_eq!(keys(&der, &der)?[1].kid(), Some(Kid::Whole(b"2026-07")));
    /// # Ok::<(), Error>(())
    /// ```
    pub const fn with_kid(mut self, kid: &[u8]) -> Self {
        self.kid.set(kid);
        self
    }

    /// As [`Key::algorithm`].
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// As [`Key::kid`].
    pub fn kid(&self) -> Option<Kid<'_>> {
        self.kid.as_kid()
    }
}

impl From<&PublicKey<'_>> for OwnedKey {
    fn from(key: &PublicKey<'_>) -> Self {
        let mut bytes = [0; MODULUS_LEN];
        bytes.iter_mut().zip(key.public_key()).for_each(|(to, from)| *to = *from);
        Self { algorithm: key.algorithm(), bytes, kid: key.kid.clone() }
    }
}

/// Omits the bytes, as [`Key`] does.
impl fmt::Debug for OwnedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_key().fmt(f)
    }
}

/// At most `N` [`OwnedKey`]s of a [`KeySet`](crate::KeySet)
/// ([RFC 7517 section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5)), borrowed to verify with. It dereferences to
/// a slice of [`PublicKey`]s. It has no destructor, so that the set is free again after the last use.
///
/// # Example
///
/// ```
/// use embedded_jwt::{BorrowedKeys, Issuer, KeySet, OwnedKey, Rs256};
///
/// # let keys = KeySet::<6, OwnedKey>::with_rsa();
/// let borrowed: BorrowedKeys<'_, 6> = keys.as_keys(); // `keys` is a `KeySet<6, OwnedKey>`
/// let issuer = Issuer::new("https://tenant.auth0.com/", &borrowed, &[&Rs256]);
/// ```
#[derive(Clone)]
pub struct BorrowedKeys<'k, const N: usize> {
    /// The keys, followed by placeholders.
    keys: [PublicKey<'k>; N],
    len: usize,
}

impl<'k, const N: usize> BorrowedKeys<'k, N> {
    /// The first `N` of these keys.
    pub(in crate::jose) fn new(keys: &'k [OwnedKey]) -> Self {
        const PLACEHOLDER: Key = Key::ed25519(&[0; 32]);
        let key = |index: usize| keys.get(index).map_or(PLACEHOLDER, OwnedKey::as_key);
        Self { keys: core::array::from_fn(key), len: keys.len().min(N) }
    }
}

impl<'k, const N: usize> Deref for BorrowedKeys<'k, N> {
    type Target = [PublicKey<'k>];

    fn deref(&self) -> &[PublicKey<'k>] {
        self.keys.get(..self.len).unwrap_or_default()
    }
}

impl<const N: usize> fmt::Debug for BorrowedKeys<'_, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
