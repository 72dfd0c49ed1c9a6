//! Issuers as trust anchors, and the choice of the key for a token.

use crate::error::Error;
use crate::jose::header::Header;
use crate::jose::{Key, Signature, SignatureAlgorithm};

/// A trust anchor: the name of an issuer, its keys, and the algorithms that it may sign with.
///
/// The list of algorithms is the allow-list, and it also decides which code is linked. A device whose issuers sign only
/// with EdDSA links no P-256 code. A device that verifies signatures elsewhere
/// ([`CallerVerifies`](crate::CallerVerifies)) links no backend.
///
/// An issuer borrows all its parts and is `Copy`. It is not `Sync`, since a backend may own a peripheral: keep the keys
/// in a `static`, and the issuer in a `const` or where it is used.
///
/// ```
/// # use embedded_jwt::{EdDsa, Error, Es256, Issuer, Key, Token};
/// # fn f(key_of_cloud: Key, keys_of_factory: &[Key], bearer: &[u8]) -> Result<(), Error> {
/// let keys = [key_of_cloud];
/// let cloud = Issuer::new("https://idp.example.com", &keys, &[&Es256, &EdDsa]);
/// let factory = Issuer::new("urn:factory", keys_of_factory, &[&EdDsa]);
///
/// let mut buf = [0; 1024];
/// let verified = Token::parse(bearer)?.verify_any(&[&cloud, &factory], &mut buf)?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Issuer<'a> {
    name: &'a str,
    keys: &'a [Key],
    algorithms: &'a [&'a dyn SignatureAlgorithm],
}

impl<'a> Issuer<'a> {
    /// An issuer whose tokens have exactly `name` as `iss`, compared byte for byte. A URL with its last slash and the
    /// same URL without it are two names ([RFC 8725 section 3.8](https://www.rfc-editor.org/rfc/rfc8725#section-3.8)).
    ///
    /// An empty name refuses every token ([`Error::Unconfigured`]). So does an empty list of algorithms
    /// ([`Error::UnsupportedAlgorithm`]) or of keys ([`Error::UnknownKey`]).
    pub const fn new(name: &'a str, keys: &'a [Key], algorithms: &'a [&'a dyn SignatureAlgorithm]) -> Self {
        Self { name, keys, algorithms }
    }

    /// The issuer's name: the value that `iss` must have.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The issuer's keys.
    pub const fn keys(&self) -> &'a [Key] {
        self.keys
    }

    /// Chooses the key for a token with this header: the only key of its algorithm that has its `kid`, or, without a
    /// `kid`, the only key of its algorithm. Other members about keys (`jwk`, `jku`, `x5u`, `x5c`) have no effect
    /// ([RFC 8725 section 3.10](https://www.rfc-editor.org/rfc/rfc8725#section-3.10)).
    pub(super) fn choose_key(&self, header: &Header<'_>) -> Result<KeyChoice<'a>, Error> {
        let backend = header.choose_backend(self.algorithms)?;
        let mut keys = self
            .keys
            .iter()
            .filter(|key| key.algorithm() == backend.algorithm() && header.kid.is_none_or(|kid| key.has_kid(kid)));
        match (keys.next(), keys.next()) {
            (Some(key), None) => Ok(KeyChoice { issuer: self.name, key, backend }),
            (None, _) => Err(Error::UnknownKey),
            (Some(_), Some(_)) => Err(Error::AmbiguousKey),
        }
    }
}

/// The key of an issuer that a token claims to be signed with, and the backend to verify with.
#[derive(Clone, Copy)]
pub(crate) struct KeyChoice<'a> {
    pub(super) issuer: &'a str,
    key: &'a Key,
    backend: &'a dyn SignatureAlgorithm,
}

impl<'a> KeyChoice<'a> {
    /// A choice of a key that belongs to no issuer: its signature proves only possession of that key.
    pub(crate) fn for_embedded_jwk(key: &'a Key, backend: &'a dyn SignatureAlgorithm) -> Self {
        Self { issuer: "", key, backend }
    }

    pub(super) fn key(&self) -> &'a Key {
        self.key
    }

    /// Refuses keys and signatures that must never reach a backend.
    pub(super) fn check_encoding(&self, signature: Signature<'_>) -> Result<(), Error> {
        self.key.algorithm().check_encoding(self.key, signature)
    }

    pub(crate) fn verify(&self, signing_input: &[u8], signature: Signature<'_>) -> Result<(), Error> {
        self.check_encoding(signature)?;
        Ok(self.backend.verify(self.key, signing_input, signature)?)
    }
}
