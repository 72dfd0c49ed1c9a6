//! Issuers as trust anchors.

use crate::jose::{PublicKey, SignatureAlgorithm};

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
/// # use embedded_jwt::{EdDsa, Error, Es256, Issuer, PublicKey, Token};
/// # fn f(key_of_cloud: PublicKey<'_>, keys_of_factory: &[PublicKey<'_>], bearer: &[u8]) -> Result<(), Error> {
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
    pub(super) name: &'a str,
    pub(super) keys: &'a [PublicKey<'a>],
    pub(super) algorithms: &'a [&'a dyn SignatureAlgorithm],
    pub(super) requires_kid: bool,
}

impl<'a> Issuer<'a> {
    /// An issuer whose tokens have exactly `name` as `iss`, compared byte for byte. A URL with its last slash and the
    /// same URL without it are two names ([RFC 8725 section 3.8](https://www.rfc-editor.org/rfc/rfc8725#section-3.8)).
    ///
    /// An empty name refuses every token ([`Unconfigured`](crate::Error::Unconfigured)). So does an empty list of
    /// algorithms ([`UnsupportedAlgorithm`](crate::Error::UnsupportedAlgorithm)) or of keys
    /// ([`UnknownKey`](crate::Error::UnknownKey)).
    ///
    /// A token is tried with the keys that have its `kid`; if there are none, with the keys without a `kid`; and if the
    /// token has no `kid`, with all keys of its algorithm. At most [`MAX_SIGNATURES`](crate::MAX_SIGNATURES) signatures
    /// are computed for one token.
    pub const fn new(name: &'a str, keys: &'a [PublicKey<'a>], algorithms: &'a [&'a dyn SignatureAlgorithm]) -> Self {
        Self { name, keys, algorithms, requires_kid: false }
    }

    /// For an issuer whose tokens always name their key. A token without a `kid` is refused before a signature is
    /// computed ([`UnknownKey`](crate::Error::UnknownKey)), and keys without a `kid` are never tried.
    pub const fn with_required_kid(mut self) -> Self {
        self.requires_kid = true;
        self
    }

    /// The issuer's name: the value that `iss` must have.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// The issuer's keys.
    pub const fn keys(&self) -> &'a [PublicKey<'a>] {
        self.keys
    }
}
