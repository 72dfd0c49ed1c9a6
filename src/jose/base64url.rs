//! Unpadded base64url by the crate `base64ct`, strictly: no foreign bytes, no padding, zero trailing bits
//! ([RFC 7515 section 2](https://www.rfc-editor.org/rfc/rfc7515#section-2)).

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::error::{Error, Part};

/// Decodes into the front of `buf` and returns the decoded length.
///
/// # Errors
///
/// - [`Error::BufferTooSmall`]: `buf` is shorter than [`decoded_len`], whatever the text holds.
/// - [`Error::Malformed`]: the text is not canonical base64url.
pub(crate) fn decode(encoded: &[u8], buf: &mut [u8], part: Part) -> Result<usize, Error> {
    let decoded = buf.get_mut(..decoded_len(encoded)).ok_or(Error::BufferTooSmall)?;
    let decoded = Base64UrlUnpadded::decode(encoded, decoded).map_err(|_| Error::Malformed(part))?;
    Ok(decoded.len())
}

/// Decodes exactly `N` bytes.
pub(super) fn decode_array<const N: usize>(encoded: &[u8]) -> Option<[u8; N]> {
    let mut decoded = [0; N];
    let len = Base64UrlUnpadded::decode(encoded, &mut decoded).ok()?.len();
    (len == N).then_some(decoded)
}

/// Encodes at most 32 bytes; `None` for more.
pub(crate) fn encode<'t>(bytes: &[u8], text: &'t mut [u8; 43]) -> Option<&'t str> {
    Base64UrlUnpadded::encode(bytes, text).ok()
}

/// Four characters carry three bytes.
pub(crate) const fn decoded_len(encoded: &[u8]) -> usize {
    encoded.len().saturating_mul(3) / 4
}

/// Whether a byte is in the alphabet of [RFC 4648 section 5](https://www.rfc-editor.org/rfc/rfc4648#section-5).
pub(super) const fn is_in_alphabet(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_the_vectors_of_rfc_4648() {
        let vectors: [(&str, &[u8]); 7] = [
            ("", b""),
            ("Zg", b"f"),
            ("Zm8", b"fo"),
            ("Zm9v", b"foo"),
            ("Zm9vYg", b"foob"),
            ("Zm9vYmE", b"fooba"),
            ("Zm9vYmFy", b"foobar"),
        ];
        for (encoded, decoded) in vectors {
            let mut buf = [0; 6];
            let len = decode(encoded.as_bytes(), &mut buf, Part::Payload).unwrap();
            assert_eq!(&buf[..len], decoded);
        }
    }

    #[test]
    fn refuses_what_is_not_canonical() {
        let lengths = ["A", "Z", "Zm9vA", "Zm9vZ", "Zm9vYmFyA", "Zg==", "Zg="];
        let trailing_bits = ["Zh", "Zm9", "Zm9vZh", "Zm9vZm9"];
        let foreign = ["Z g", "Zm9v\n", "+/+/", "Zm9*", "**9vYmFy", "Zm9v**Fy", "Zm*vYm*y", "**"];
        for encoded in [&lengths[..], &trailing_bits, &foreign].concat() {
            let refused = decode(encoded.as_bytes(), &mut [0; 8], Part::Header);
            assert_eq!(refused, Err(Error::Malformed(Part::Header)), "{encoded:?}");
        }
    }

    #[test]
    fn tells_a_short_buffer_from_bad_input() {
        assert_eq!(decode(b"Zm9v", &mut [0; 3], Part::Header), Ok(3));
        assert_eq!(decode(b"Zm9v", &mut [0; 2], Part::Header), Err(Error::BufferTooSmall));
        assert_eq!(decode(b"Zm9v", &mut [], Part::Header), Err(Error::BufferTooSmall));
    }

    #[test]
    fn decodes_arrays_of_the_exact_length_only() {
        assert_eq!(decode_array(b"Zm9v"), Some(*b"foo"));
        assert_eq!(decode_array::<2>(b"Zm9v"), None);
        assert_eq!(decode_array::<4>(b"Zm9v"), None);
        assert_eq!(decode_array::<3>(b"Zm=v"), None);
    }
}
