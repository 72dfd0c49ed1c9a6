//! Keys in the encodings of tools and certificates: SubjectPublicKeyInfo, PEM, SEC 1.

use super::Key;
#[cfg(feature = "rs256")]
use super::{OwnedKey, PublicKey};
use crate::error::{Error, Part};
use crate::jose::algorithm::ed25519::is_acceptable_point;
use crate::jose::algorithm::p256::is_coordinate;
#[cfg(feature = "rs256")]
use crate::jose::algorithm::rsa::{MODULUS_LEN, is_acceptable_modulus};

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
    /// The whole prefix is compared, since each kind of key has only one encoding. For RSA keys, use
    /// `OwnedKey::from_spki_der` (feature `rs256`).
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
    /// ([RFC 7468 section 13](https://www.rfc-editor.org/rfc/rfc7468#section-13)). For RSA keys, use
    /// `OwnedKey::from_pem` (feature `rs256`).
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

/// The bytes before the modulus in the SubjectPublicKeyInfo of every RSA key of 2,048 bits
/// ([RFC 8017 appendix A.1](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.1)).
#[cfg(feature = "rs256")]
const RSA_PREFIX: &[u8; 33] = &[
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00,
];

/// The name of the algorithm, which every RSA key has after the first tag and its length.
#[cfg(feature = "rs256")]
const RSA_ALGORITHM: &[u8] = RSA_PREFIX.split_at(4).1.split_at(15).0;

/// How many places the name can have: the length before it takes one to four bytes.
#[cfg(feature = "rs256")]
const ALGORITHM_PLACES: usize = 6;

/// The exponent 65,537, after the modulus.
#[cfg(feature = "rs256")]
const RSA_SUFFIX: &[u8; 5] = &[0x02, 0x03, 0x01, 0x00, 0x01];

/// The largest common RSA key in DER, in bytes: room for it, so that it is refused for its size.
#[cfg(all(feature = "rs256", feature = "pem"))]
const RSA_4096_LEN: usize = 550;

/// Keys of any algorithm in the encodings of tools and certificates, without a `kid`:
/// [`with_kid`](Self::with_kid) gives them one.
#[cfg(feature = "rs256")]
impl OwnedKey {
    /// A key from its SubjectPublicKeyInfo in DER: RSA of 2,048 bits with the exponent 65,537
    /// ([RFC 8017 appendix A.1.1](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.1); 294 bytes), or as
    /// [`Key::from_spki_der`].
    ///
    /// # Example
    ///
    /// ```
    /// use embedded_jwt::{Error, Issuer, OwnedKey, Rs256};
    ///
    /// # let prefix = b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x0f\x00";
    /// # let spki_der = [&prefix[..], &[0x30, 0x82, 1, 10, 2, 0x82, 1, 1, 0], &[0xff; 256], &[2, 3, 1, 0, 1]].concat();
    /// // From the file that `openssl pkey -pubin -in key.pem -outform DER -out key.der` writes.
    /// let key = OwnedKey::from_spki_der(&spki_der)?.with_kid(b"2026-01");
    /// let keys = [key.as_key()];
    /// let issuer = Issuer::new("https://tenant.auth0.com/", &keys, &[&Rs256]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Key::from_spki_der`], and [`Error::InvalidKey`] for any other RSA key: of another size, with another exponent
    /// or an even modulus, or cut off.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, Error> {
        if !der.windows(RSA_ALGORITHM.len()).take(ALGORITHM_PLACES).any(|bytes| bytes == RSA_ALGORITHM) {
            return Key::from_spki_der(der).map(|key| Self::from(&key));
        }
        let modulus = der.strip_prefix(RSA_PREFIX).and_then(|rest| rest.strip_suffix(RSA_SUFFIX));
        match modulus.map(<&[u8; MODULUS_LEN]>::try_from) {
            Some(Ok(modulus)) if is_acceptable_modulus(modulus) => Ok(Self::from(&PublicKey::borrowing(modulus))),
            _ => Err(Error::InvalidKey),
        }
    }

    /// A key from PEM with the label `PUBLIC KEY`, as [`Key::from_pem`]
    /// ([RFC 7468 section 13](https://www.rfc-editor.org/rfc/rfc7468#section-13)).
    ///
    /// # Example
    ///
    /// ```
    /// use embedded_jwt::{Error, Issuer, OwnedKey, Rs256};
    ///
    /// // The test key of RFC 7515, appendix A.2. Never trust it.
    /// let pem = b"-----BEGIN PUBLIC KEY-----
    /// MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJj
    /// NiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz
    /// P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo
    /// 9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTB
    /// EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX
    /// FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp
    /// oQIDAQAB
    /// -----END PUBLIC KEY-----
    /// ";
    /// let key = OwnedKey::from_pem(pem)?.with_kid(b"2026-01");
    /// let keys = [key.as_key()];
    /// let issuer = Issuer::new("https://tenant.auth0.com/", &keys, &[&Rs256]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`from_spki_der`](Self::from_spki_der), and [`Error::Malformed`] also for another label.
    #[cfg(feature = "pem")]
    pub fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        let mut der = [0; RSA_4096_LEN];
        match pem_rfc7468::decode(pem, &mut der) {
            Ok(("PUBLIC KEY", der)) => Self::from_spki_der(der),
            _ => Err(Error::Malformed(Part::Key)),
        }
    }
}
