//! The claim `cnf`: the key or certificate that a token is bound to.

use super::field::{optional, string};
use crate::error::{Claim, Error};
use crate::jose::json::{JsonStr, Value};
use crate::jose::{PublicKey, Thumbprint};

/// The key or certificate that a token is bound to (`cnf`,
/// [RFC 7800 section 3.1](https://www.rfc-editor.org/rfc/rfc7800#section-3.1)). A client that presents the token has to
/// prove that it has the key.
#[derive(Clone, Copy, Debug)]
pub struct Confirmation<'b> {
    key: Option<Thumbprint>,
    certificate: Option<Thumbprint>,
    key_id: Option<JsonStr<'b>>,
}

impl<'b> Confirmation<'b> {
    /// Reads a `cnf`. Members with other names are ignored, as RFC 7800 requires.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if `cnf` is not an object, or a member has the wrong type or is not a thumbprint.
    pub(crate) fn parse(cnf: Value<'b>) -> Result<Self, Error> {
        let invalid = Error::Invalid(Claim::Confirmation);
        let [key, certificate, key_id] = cnf.members(["jkt", "x5t#S256", "kid"]).ok_or(invalid)?;
        let thumbprint = |value: Value<'_>| value.string().and_then(Thumbprint::parse);
        Ok(Self {
            key: optional(key, thumbprint, Claim::Confirmation)?,
            certificate: optional(certificate, thumbprint, Claim::Confirmation)?,
            key_id: string(key_id, Claim::Confirmation)?,
        })
    }

    /// The thumbprint of the key that signs the client's DPoP proofs (`jkt`,
    /// [RFC 9449 section 6.1](https://www.rfc-editor.org/rfc/rfc9449#section-6.1)).
    pub fn key(&self) -> Option<Thumbprint> {
        self.key
    }

    /// The thumbprint of the client's certificate in mutual TLS (`x5t#S256`,
    /// [RFC 8705 section 3.1](https://www.rfc-editor.org/rfc/rfc8705#section-3.1)).
    pub fn certificate(&self) -> Option<Thumbprint> {
        self.certificate
    }

    /// The id of a key that issuer and device know (`kid`,
    /// [RFC 7800 section 3.4](https://www.rfc-editor.org/rfc/rfc7800#section-3.4)).
    pub fn key_id(&self) -> Option<JsonStr<'b>> {
        self.key_id
    }

    /// Whether the token is bound to this key by its thumbprint, and to no certificate.
    pub fn matches_key(&self, key: &PublicKey<'_>) -> bool {
        self.is_by_key(key.thumbprint())
    }

    /// Whether the token is bound to this certificate, given as DER, and to no key by its thumbprint.
    pub fn matches_certificate(&self, der: &[u8]) -> bool {
        self.is_by_certificate(Thumbprint::of_certificate(der))
    }

    pub(crate) fn is_by_key(&self, thumbprint: Thumbprint) -> bool {
        self.certificate.is_none() && self.key == Some(thumbprint)
    }

    pub(crate) fn is_by_certificate(&self, thumbprint: Thumbprint) -> bool {
        self.key.is_none() && self.certificate == Some(thumbprint)
    }
}
