//! Issuers as trust anchors, and how they choose the key for a token.

use crate::error::Error;
use crate::jose::header::Header;
use crate::jose::{Key, Signature, SignatureAlgorithm};

/// A trust anchor: who issues tokens, with which keys, signed by which algorithms.
///
/// The list of algorithms is the allow-list and the code that gets linked in one: a device whose issuers sign with
/// EdDSA only carries no P-256, and one that verifies elsewhere ([`CallerVerifies`](crate::CallerVerifies)) carries none.
///
/// It borrows all that it holds, and is `Copy`. Since a backend may own a peripheral it is not `Sync`: keep keys in a
/// `static`, and the issuer in a `const` or where it is used.
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
    /// The issuer whose tokens have exactly `name` as `iss`, byte for byte: a URL with or without its last slash are
    /// two names ([RFC 8725 section 3.8](https://www.rfc-editor.org/rfc/rfc8725#section-3.8)).
    ///
    /// An empty name refuses every token ([`Error::Unconfigured`]), as do an empty list of algorithms
    /// ([`Error::UnsupportedAlgorithm`]) and of keys ([`Error::UnknownKey`]).
    pub const fn new(name: &'a str, keys: &'a [Key], algorithms: &'a [&'a dyn SignatureAlgorithm]) -> Self {
        Self { name, keys, algorithms }
    }

    /// What `iss` must be.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The issuer's keys.
    pub const fn keys(&self) -> &'a [Key] {
        self.keys
    }

    /// Chooses the key for a token of this header: with a `kid`, the one key of that algorithm that has it; without,
    /// the one key of that algorithm. What else the header says of keys (`jwk`, `jku`, `x5u`, `x5c`) chooses nothing
    /// ([RFC 8725 section 3.10](https://www.rfc-editor.org/rfc/rfc8725#section-3.10)).
    pub(crate) fn choose_key(&self, header: &Header<'_>) -> Result<KeyChoice<'a>, Error> {
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

/// The key of an issuer that a token claims to be signed with.
#[derive(Clone, Copy)]
pub(crate) struct KeyChoice<'a> {
    pub(crate) issuer: &'a str,
    key: &'a Key,
    backend: &'a dyn SignatureAlgorithm,
}

impl<'a> KeyChoice<'a> {
    /// For a key that no issuer answers for: it proves possession of itself, and nothing else.
    pub(crate) fn for_embedded_jwk(key: &'a Key, backend: &'a dyn SignatureAlgorithm) -> Self {
        Self { issuer: "", key, backend }
    }

    pub(crate) fn key(&self) -> &'a Key {
        self.key
    }

    /// Refuses what no backend may come to judge.
    pub(crate) fn check_encoding(&self, signature: Signature<'_>) -> Result<(), Error> {
        self.key.algorithm().check_encoding(self.key, signature)
    }

    pub(crate) fn verify(&self, signing_input: &[u8], signature: Signature<'_>) -> Result<(), Error> {
        self.check_encoding(signature)?;
        Ok(self.backend.verify(self.key, signing_input, signature)?)
    }
}
