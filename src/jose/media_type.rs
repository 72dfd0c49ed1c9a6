//! Media types of tokens, by which a policy refuses tokens of another kind.

use heapless::Vec;

use crate::error::Error;
use crate::jose::json::JsonStr;

/// The `typ` of a token, which names the kind of token
/// ([RFC 7515 section 4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
///
/// Copied out of the header, since the payload overwrites the header in the buffer.
#[derive(Clone)]
pub(crate) struct MediaType(Vec<u8, MAX_TYPE_LEN>);

impl MediaType {
    /// Copies and unescapes a `typ`.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if it is longer than [`MAX_TYPE_LEN`]: no policy expects such a type.
    pub(crate) fn new(typ: JsonStr<'_>) -> Result<Self, Error> {
        let mut copy = Vec::new();
        typ.bytes().try_for_each(|byte| copy.push(byte)).map_err(|_| Error::WrongType)?;
        Ok(Self(copy))
    }

    /// Whether this is the media type `expected`. Case is ignored, and `application/` is implied where there is no
    /// other slash.
    pub(crate) fn is(&self, expected: &str) -> bool {
        short_form(&self.0).eq_ignore_ascii_case(short_form(expected.as_bytes()))
    }
}

/// A media type without `application/`, which is implied where there is no other slash.
pub(crate) fn short_form(media_type: &[u8]) -> &[u8] {
    match media_type.split_at_checked(b"application/".len()) {
        Some((prefix, rest))
            if prefix.eq_ignore_ascii_case(b"application/") && rest.iter().all(|byte| *byte != b'/') =>
        {
            rest
        }
        _ => media_type,
    }
}

/// Maximum length of a `typ`, in bytes. The types registered for JWTs have under 50.
pub const MAX_TYPE_LEN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::json::Value;

    fn is(json: &str, expected: &str) -> bool {
        MediaType::new(Value::new(json).string().unwrap()).is_ok_and(|media_type| media_type.is(expected))
    }

    #[test]
    fn types_are_compared_as_media_types() {
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
            assert!(is(&format!("\"{typ}\""), "at+jwt"), "{typ}");
            assert!(is(&format!("\"{typ}\""), "application/at+jwt"), "{typ}");
        }
    }

    #[test]
    fn similar_type_is_refused() {
        for typ in [
            "",
            "jwt",
            "at+jwt ",
            "at+jwt;v=1",
            "text/at+jwt",
            "/at+jwt",
            "application/",
            "application/x/at+jwt",
            "āt+jwt",
        ] {
            assert!(!is(&format!("\"{typ}\""), "at+jwt"), "{typ}");
        }
        assert!(!is("\"application/a/b\"", "a/b"));
    }

    #[test]
    fn type_is_accepted_up_to_the_maximum_length() {
        let longest = "t".repeat(MAX_TYPE_LEN);
        assert!(is(&format!("\"{longest}\""), &longest));
        let too_long = format!("\"{longest}t\"");
        let refused = MediaType::new(Value::new(&too_long).string().unwrap());
        assert_eq!(refused.err(), Some(Error::WrongType));
    }
}
