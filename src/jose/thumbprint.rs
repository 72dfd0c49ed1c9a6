//! Thumbprints: the digests by which tokens name keys and certificates (RFC 7638, RFC 8705).

use core::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::jose::json::JsonStr;
use crate::jose::{Algorithm, PublicKey, base64url};

/// A SHA-256 digest by which a token names a key or a certificate. Comparing two takes the same time wherever they
/// differ.
#[derive(Clone, Copy)]
pub struct Thumbprint([u8; 32]);

impl Thumbprint {
    /// The thumbprint of a certificate: the digest of its DER encoding
    /// ([RFC 8705 section 3.1](https://www.rfc-editor.org/rfc/rfc8705#section-3.1)).
    pub fn of_certificate(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// A thumbprint from the digest itself.
    pub const fn from_bytes(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The digest itself.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads a thumbprint in base64url, as tokens contain it. Returns `None` for any other text.
    pub(crate) fn parse(text: JsonStr<'_>) -> Option<Self> {
        base64url::decode_array(text.as_str()?.as_bytes()).map(Self)
    }
}

impl PublicKey<'_> {
    /// The key's JWK thumbprint with SHA-256, over its required members in their order
    /// ([RFC 7638 section 3](https://www.rfc-editor.org/rfc/rfc7638#section-3),
    /// [RFC 8037 appendix A.3](https://www.rfc-editor.org/rfc/rfc8037#appendix-A.3)).
    pub fn thumbprint(&self) -> Thumbprint {
        let mut hasher = Sha256::new();
        hasher.update(self.algorithm().thumbprint_prefix());
        match self.public_key().split_at(32) {
            (x, y) if self.algorithm() == Algorithm::Es256 => {
                update_base64url(&mut hasher, x);
                hasher.update(r#"","y":""#);
                update_base64url(&mut hasher, y);
            }
            _ => update_base64url(&mut hasher, self.public_key()),
        }
        hasher.update("\"}");
        Thumbprint(hasher.finalize().into())
    }
}

/// Hashes bytes in base64url, piece by piece: 30 bytes are whole characters.
fn update_base64url(hasher: &mut Sha256, bytes: &[u8]) {
    for piece in bytes.chunks(30) {
        hasher.update(base64url::encode(piece, &mut [0; 43]).unwrap_or_default());
    }
}

impl PartialEq for Thumbprint {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Thumbprint {}

/// Writes base64url, as in tokens and key ids.
impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(base64url::encode(&self.0, &mut [0; 43]).ok_or(fmt::Error)?)
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::{Key, KeySet};

    /// [RFC 8037 appendix A.3](https://www.rfc-editor.org/rfc/rfc8037#appendix-A.3)
    #[test]
    fn ed25519_thumbprint_matches_rfc_8037() {
        let x = base64url::decode_array(b"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let thumbprint = Key::ed25519(&x).with_kid(b"is not part of it").thumbprint();
        assert_eq!(thumbprint.to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    /// The key is from [RFC 9449 section 4.2](https://www.rfc-editor.org/rfc/rfc9449#section-4.2), its thumbprint from
    /// [section 6.1](https://www.rfc-editor.org/rfc/rfc9449#section-6.1).
    #[test]
    fn p256_thumbprint_matches_rfc_9449() {
        let mut jwks = *br#"{"keys":[{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
            "y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}]}"#;
        let keys = KeySet::<1>::from_jwks(&mut jwks).unwrap();
        let text = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
        assert_eq!(keys[0].thumbprint().to_string(), text);
        assert_eq!(format!("{:?}", keys[0].thumbprint()), text);
    }

    #[test]
    fn thumbprints_that_differ_in_one_bit_are_not_equal() {
        let one = Thumbprint::of_certificate(b"a");
        for bit in 0..256 {
            let mut bytes = *one.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(Thumbprint(bytes), one);
        }
        assert_eq!(Thumbprint::of_certificate(b"a"), one);
    }
}
