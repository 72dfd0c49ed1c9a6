//! Keys in the encodings of tools and certificates: SubjectPublicKeyInfo, PEM, SEC 1.

use super::Key;
use crate::error::{Error, Part};
use crate::jose::algorithm::ed25519::is_acceptable_point;
use crate::jose::algorithm::p256::is_coordinate;

/// The bytes before the point in the SubjectPublicKeyInfo of every uncompressed P-256 key
/// ([RFC 5480 section 2](https://www.rfc-editor.org/rfc/rfc5480#section-2)): lengths and object identifiers, up to the
/// end of the BIT STRING's header.
const P256_PREFIX: &[u8; 26] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The same bytes of every Ed25519 key ([RFC 8410 section 4](https://www.rfc-editor.org/rfc/rfc8410#section-4)).
const ED25519_PREFIX: &[u8; 12] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Keys in the encodings of tools and certificates, without a `kid`.
impl Key {
    /// A key from its SubjectPublicKeyInfo in DER: P-256 (91 bytes, with an uncompressed point) or Ed25519 (44 bytes).
    /// The whole prefix is compared, since each kind of key has only one encoding.
    ///
    /// # Errors
    ///
    /// - [`Error::Malformed`]: another encoding, or another kind of key.
    /// - [`Error::InvalidKey`]: the point is out of range or of small order.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, Error> {
        if let Some([0x04, coordinates @ ..]) = der.strip_prefix(P256_PREFIX) {
            return es256_key(coordinates);
        }
        let point = der.strip_prefix(ED25519_PREFIX).and_then(|point| point.try_into().ok());
        let point: &[u8; 32] = point.ok_or(Error::Malformed(Part::Key))?;
        if is_acceptable_point(point) { Ok(Self::ed25519(point)) } else { Err(Error::InvalidKey) }
    }

    /// A key from PEM with the label `PUBLIC KEY`, as `openssl pkey -pubout` writes it
    /// ([RFC 7468 section 13](https://www.rfc-editor.org/rfc/rfc7468#section-13)).
    ///
    /// # Errors
    ///
    /// As [`from_spki_der`](Self::from_spki_der), and [`Error::Malformed`] also for another label.
    #[cfg(feature = "pem")]
    pub fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        let mut der = [0; P256_PREFIX.len() + 65];
        match pem_rfc7468::decode(pem, &mut der) {
            Ok(("PUBLIC KEY", der)) => Self::from_spki_der(der),
            _ => Err(Error::Malformed(Part::Key)),
        }
    }

    /// A P-256 key from its point in the encoding of SEC 1 ([section 2.3.3](https://www.secg.org/sec1-v2.pdf)): `04`
    /// and both coordinates (65 bytes) or, with the feature `es256`, `02` or `03` and one coordinate (33 bytes).
    ///
    /// # Errors
    ///
    /// - [`Error::Malformed`]: another length or form.
    /// - [`Error::InvalidKey`]: a coordinate is out of range, or no point has the single coordinate. Whether two
    ///   coordinates belong to a point is checked only when the key is used.
    pub fn from_sec1(point: &[u8]) -> Result<Self, Error> {
        match point {
            [0x04, coordinates @ ..] => es256_key(coordinates),
            #[cfg(feature = "es256")]
            [0x02 | 0x03, x @ ..] if x.len() == 32 => {
                let point = p256::PublicKey::from_sec1_bytes(point).map_err(|_| Error::InvalidKey)?;
                es256_key(p256::Sec1Point::from(point).as_bytes().get(1..).unwrap_or_default())
            }
            _ => Err(Error::Malformed(Part::Key)),
        }
    }
}

fn es256_key(coordinates: &[u8]) -> Result<Key, Error> {
    let ([x, y], []) = coordinates.as_chunks::<32>() else { return Err(Error::Malformed(Part::Key)) };
    if is_coordinate(x) && is_coordinate(y) { Ok(Key::es256(x, y)) } else { Err(Error::InvalidKey) }
}
