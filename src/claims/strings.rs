//! Claims that are one string or an array of strings.

use core::fmt;

use crate::jose::JsonStr;
use crate::jose::json::Value;

/// A claim that is one string or an array of strings, such as `aud`
/// ([RFC 7519 section 4.1.3](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3)).
#[derive(Clone, Copy)]
pub struct Strings<'b>(Value<'b>);

impl<'b> Strings<'b> {
    pub(crate) const NONE: Self = Self(Value::EMPTY_ARRAY);

    /// Reads the claim; `None` if it, or one of its elements, has another JSON type.
    pub(crate) fn new(value: Value<'b>) -> Option<Self> {
        let strings = match value.elements() {
            Some(mut elements) => elements.all(|element| element.string().is_some()),
            None => value.string().is_some(),
        };
        strings.then_some(Self(value))
    }

    /// Like [`new`](Self::new), for claims that must be an array, even of one string.
    pub(crate) fn of_array(value: Value<'b>) -> Option<Self> {
        value.elements().and_then(|_| Self::new(value))
    }

    /// Whether one of the strings is exactly `string`, byte for byte.
    // Never inlined, since it would stand in an image for `aud` and for every scope.
    #[inline(never)]
    pub fn contains(&self, string: &str) -> bool {
        match self.0.elements() {
            Some(mut elements) => elements.any(|element| element.string().is_some_and(|element| element == *string)),
            None => self.0.string().is_some_and(|one| one == *string),
        }
    }

    /// The strings in the token's order.
    pub fn iter(&self) -> impl Iterator<Item = JsonStr<'b>> + use<'b> {
        self.0.string().into_iter().chain(self.0.elements().into_iter().flatten().filter_map(Value::string))
    }
}

impl fmt::Debug for Strings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(json: &str) -> Option<Strings<'_>> {
        Strings::new(Value::new(json))
    }

    #[test]
    fn strings_are_compared_exactly() {
        let audience = strings(r#"["a","b\\c"]"#).unwrap();
        assert!(audience.contains("a") && audience.contains("b\\c"));
        assert!(!audience.contains("b") && !audience.contains("A") && !audience.contains(""));
        assert!(strings("\"a\"").unwrap().contains("a"));
        assert!(!strings("[]").unwrap().contains(""));
    }

    #[test]
    fn debug_output_lists_the_strings() {
        assert_eq!(format!("{:?}", strings(r#"["a","b\\c"]"#).unwrap()), r#"["a", "b\\c"]"#);
    }

    #[test]
    fn other_types_are_refused() {
        for json in ["null", "1", "{}", "true", "[1]", "[\"a\",null]", "[[\"a\"]]", "[{}]"] {
            assert!(strings(json).is_none(), "{json}");
        }
    }
}
