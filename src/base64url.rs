//! Unpadded base64url, strictly: no foreign bytes, no padding, zero trailing bits
//! ([RFC 7515 section 2](https://www.rfc-editor.org/rfc/rfc7515#section-2)).

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::{Error, Part};

/// Decodes into the front of `buf` and returns the decoded length.
pub(crate) fn decode(encoded: &[u8], buf: &mut [u8], part: Part) -> Result<usize, Error> {
    let len = decoded_len(encoded);
    let decoded = buf.get_mut(..len).ok_or(Error::BufferTooSmall)?;
    match Base64UrlUnpadded::decode(encoded, decoded) {
        Ok(_) => Ok(len),
        Err(_) => Err(Error::Malformed(part)),
    }
}

/// Decodes exactly `N` bytes.
pub(crate) fn decode_array<const N: usize>(encoded: &[u8]) -> Option<[u8; N]> {
    let mut decoded = [0; N];
    let exact = decoded_len(encoded) == N;
    (exact && Base64UrlUnpadded::decode(encoded, &mut decoded).is_ok()).then_some(decoded)
}

/// Encodes at most 32 bytes; `None` for more.
pub(crate) fn encode<'t>(bytes: &[u8], text: &'t mut [u8; 43]) -> Option<&'t str> {
    Base64UrlUnpadded::encode(bytes, text).ok()
}

/// Four characters carry three bytes.
pub(crate) const fn decoded_len(encoded: &[u8]) -> usize {
    encoded.len().saturating_mul(3) / 4
}

pub(crate) const fn is_in_alphabet(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_')
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
        for encoded in ["Z", "Zm9vZ", "Zg==", "Zg=", "Zh", "Zm9", "Z g", "Zm9v\n", "+/+/", "Zm9*"] {
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
