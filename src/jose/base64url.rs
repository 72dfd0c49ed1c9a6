//! Unpadded base64url, strictly: no foreign bytes, no padding, zero trailing bits
//! ([RFC 7515 section 2](https://www.rfc-editor.org/rfc/rfc7515#section-2)).

use crate::error::{Error, Part};

/// Decodes into the front of `buf` and returns the decoded length.
pub(crate) fn decode(encoded: &[u8], buf: &mut [u8], part: Part) -> Result<usize, Error> {
    let len = decoded_len(encoded);
    let decoded = buf.get_mut(..len).ok_or(Error::BufferTooSmall)?;
    fill(decoded, encoded).map(|()| len).ok_or(Error::Malformed(part))
}

/// Decodes exactly `N` bytes.
pub(crate) fn decode_array<const N: usize>(encoded: &[u8]) -> Option<[u8; N]> {
    let mut decoded = [0; N];
    fill(&mut decoded, encoded)?;
    Some(decoded)
}

/// Decodes exactly as many bytes as `decoded` has.
fn fill(decoded: &mut [u8], encoded: &[u8]) -> Option<()> {
    if encoded.len() % 4 == 1 || decoded.len() != decoded_len(encoded) {
        return None;
    }
    let (blocks, rest) = encoded.as_chunks::<8>();
    let (groups, rest_decoded) = decoded.as_chunks_mut();
    // All that is joined, and so negative if any character was foreign: its sign stays through every shift.
    let mut seen = 0_i64;
    for (block, group) in blocks.iter().zip(groups) {
        // In halves, which fit the registers of small processors.
        let (halves, _) = block.as_chunks::<4>();
        let join = |half: &[u8; 4]| half.iter().fold(0, |bits, character| bits << 6 | i32::from(value(*character)));
        let bits = halves.iter().fold(0, |bits, half| bits << 24 | i64::from(join(half)));
        seen |= bits;
        let [_, _, six @ ..] = bits.to_be_bytes();
        *group = six;
    }
    let bits = rest.iter().fold(0, |bits, character| bits << 6 | i64::from(value(*character)));
    seen |= bits;
    // Shifted to the top as if zeros followed. Once the bytes are taken, the trailing bits are left, and must be zero.
    let mut bits = (rest.len()..8).fold(bits, |bits, _| bits << 6) << 16;
    for byte in rest_decoded {
        [*byte, ..] = bits.to_be_bytes();
        bits <<= 8;
    }
    (seen >= 0 && bits == 0).then_some(())
}

/// Encodes at most 32 bytes; `None` for more.
pub(crate) fn encode<'t>(bytes: &[u8], text: &'t mut [u8; 43]) -> Option<&'t str> {
    let text = text.get_mut(..bytes.len().checked_mul(4)?.div_ceil(3))?;
    for (characters, bytes) in text.chunks_mut(4).zip(bytes.chunks(3)) {
        let byte = |at| bytes.get(at).copied().map_or(0, u32::from);
        let mut bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for character in characters {
            *character = *ALPHABET.get(usize::try_from(bits >> 18 & 0x3f).ok()?)?;
            bits <<= 6;
        }
    }
    str::from_utf8(text).ok()
}

/// Four characters carry three bytes.
pub(crate) const fn decoded_len(encoded: &[u8]) -> usize {
    encoded.len().saturating_mul(3) / 4
}

pub(crate) fn is_in_alphabet(byte: u8) -> bool {
    value(byte) != FOREIGN
}

fn value(character: u8) -> i8 {
    VALUES.get(usize::from(character)).copied().unwrap_or(FOREIGN)
}

/// [RFC 4648 section 5](https://www.rfc-editor.org/rfc/rfc4648#section-5)
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Stands in [`VALUES`] for a byte outside the alphabet: all ones, so that whatever it is joined into is negative.
const FOREIGN: i8 = -1;

/// The value of each byte as a character.
#[allow(clippy::indexing_slicing, clippy::as_conversions, reason = "all of it happens when the crate is compiled")]
static VALUES: [i8; 256] = {
    let mut values = [FOREIGN; 256];
    let mut value = 0;
    while value < 64 {
        values[ALPHABET[value as usize] as usize] = value;
        value += 1;
    }
    values
};

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
