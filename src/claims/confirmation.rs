use crate::claims;
use crate::error::{Claim, Error};
use crate::jose::json::{JsonStr, Value};
use crate::jose::{Key, Thumbprint};

/// The key or certificate that a token is bound to: whoever presents the token has to prove that they hold it (`cnf`,
/// [RFC 7800 section 3.1](https://www.rfc-editor.org/rfc/rfc7800#section-3.1)).
#[derive(Clone, Copy, Debug)]
pub struct Confirmation<'b> {
    key: Option<Thumbprint>,
    certificate: Option<Thumbprint>,
    key_id: Option<JsonStr<'b>>,
}

impl<'b> Confirmation<'b> {
    /// Members of other names are ignored, as RFC 7800 asks.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if `cnf` is no object, or one of its members is of another type or no thumbprint.
    pub(crate) fn parse(cnf: Value<'b>) -> Result<Self, Error> {
        let invalid = Error::Invalid(Claim::Confirmation);
        let [key, certificate, key_id] = cnf.members(["jkt", "x5t#S256", "kid"]).ok_or(invalid)?;
        let thumbprint = |value: Value<'_>| value.string().and_then(Thumbprint::parse);
        Ok(Self {
            key: claims::optional(key, thumbprint, Claim::Confirmation)?,
            certificate: claims::optional(certificate, thumbprint, Claim::Confirmation)?,
            key_id: claims::string(key_id, Claim::Confirmation)?,
        })
    }

    /// The thumbprint of the key that a DPoP proof is signed with (`jkt`,
    /// [RFC 9449 section 6.1](https://www.rfc-editor.org/rfc/rfc9449#section-6.1)).
    pub fn key(&self) -> Option<Thumbprint> {
        self.key
    }

    /// The thumbprint of the certificate that the client has in mutual TLS (`x5t#S256`,
    /// [RFC 8705 section 3.1](https://www.rfc-editor.org/rfc/rfc8705#section-3.1)).
    pub fn certificate(&self) -> Option<Thumbprint> {
        self.certificate
    }

    /// The name of a key that both sides know (`kid`,
    /// [RFC 7800 section 3.4](https://www.rfc-editor.org/rfc/rfc7800#section-3.4)).
    pub fn key_id(&self) -> Option<JsonStr<'b>> {
        self.key_id
    }

    /// Whether the token is bound to this key by its thumbprint, and to no certificate.
    pub fn matches_key(&self, key: &Key) -> bool {
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
