//! Access to a canonical document: values are found by scanning its text, and strings are unescaped on the fly.

use core::cmp::Ordering;
use core::fmt::{self, Write};

use crate::error::Error;

/// One value of a document from [`canonicalize`](super::canonicalize).
///
/// It holds the value's text. Members and elements are found by scanning, each time they are asked for.
#[derive(Clone, Copy)]
pub(crate) struct Value<'b>(&'b str);

/// The values found for `N` names, in the order of the names.
pub(crate) type Members<'b, const N: usize> = [Option<Value<'b>>; N];

impl<'b> Value<'b> {
    pub(crate) const EMPTY_ARRAY: Self = Self("[]");

    pub(crate) fn new(text: &'b str) -> Self {
        Self(text)
    }

    pub(crate) fn is_object(self) -> bool {
        self.0.starts_with("{")
    }

    pub(in crate::jose) fn text(self) -> &'b str {
        self.0
    }

    /// The values of the members `names`, found in one pass; `None` if this is not an object.
    pub(crate) fn members<const N: usize>(self, names: [&str; N]) -> Option<Members<'b, N>> {
        let (found, []) = self.members_of_both(names, [])?;
        Some(found)
    }

    /// Like [`members`](Self::members), for two lists of names in one pass.
    pub(crate) fn members_of_both<const N: usize, const M: usize>(
        self,
        first: [&str; N],
        second: [&str; M],
    ) -> Option<(Members<'b, N>, Members<'b, M>)> {
        let mut found = ([None; N], [None; M]);
        for (name, value) in self.iter_members()? {
            // The wanted names have no escapes, and so one spelling. They are too short to be worth calling `memcmp`.
            // Filled slots are skipped, since no name occurs twice.
            let mut slots = first.iter().zip(&mut found.0).chain(second.iter().zip(&mut found.1));
            if let Some((_, slot)) = slots.find(|(wanted, slot)| {
                slot.is_none() && name.0.len() == wanted.len() && name.0.bytes().eq(wanted.bytes())
            }) {
                *slot = Some(value);
            }
        }
        Some(found)
    }

    /// The value of the member `name`, which may contain any character.
    pub(crate) fn member(self, name: &str) -> Option<Value<'b>> {
        self.iter_members()?.find(|(member, _)| *member == *name).map(|(_, value)| value)
    }

    /// The members in their order; `None` if this is not an object.
    fn iter_members(self) -> Option<impl Iterator<Item = (JsonStr<'b>, Value<'b>)>> {
        let mut rest = self.0.strip_prefix("{")?;
        Some(core::iter::from_fn(move || {
            let end = string_end(rest.as_bytes(), 0)?;
            let name = split_off(&mut rest, end)?.string()?;
            Some((name, next_value(&mut rest)?))
        }))
    }

    /// The elements; `None` if this is not an array.
    pub(crate) fn elements(self) -> Option<impl Iterator<Item = Value<'b>>> {
        let mut rest = self.0.strip_prefix("[")?;
        Some(core::iter::from_fn(move || next_value(&mut rest)))
    }

    /// The string; `None` if this is not a string.
    pub(crate) fn string(self) -> Option<JsonStr<'b>> {
        self.0.strip_prefix("\"")?.strip_suffix("\"").map(JsonStr)
    }

    /// The number's text; `None` if this is not a number.
    pub(super) fn number(self) -> Option<&'b str> {
        matches!(self.0.as_bytes(), [b'-' | b'0'..=b'9', ..]).then_some(self.0)
    }

    /// The integer; `None` if this is not an integer from 0 to 2^64 - 1, spelled without fraction and exponent.
    pub(crate) fn unsigned(self) -> Option<u64> {
        self.number()?.parse().ok()
    }
}

/// Splits off the value at the start of a container's text, and the punctuation after it; `None` at the container's
/// end.
fn next_value<'b>(rest: &mut &'b str) -> Option<Value<'b>> {
    let text = rest.as_bytes();
    let end = match text.first()? {
        b'"' => string_end(text, 0)?,
        b'{' | b'[' => container_end(text)?,
        b'}' | b']' => return None,
        _ => text.iter().position(|byte| matches!(byte, b',' | b'}' | b']'))?,
    };
    split_off(rest, end)
}

/// Splits off the value that ends at `end`, and drops the one byte of punctuation after it.
fn split_off<'b>(rest: &mut &'b str, end: usize) -> Option<Value<'b>> {
    let (value, tail) = rest.split_at_checked(end)?;
    *rest = tail.get(1..)?;
    Some(Value(value))
}

/// Finds the end of the string that begins at `start`: a quotation mark with an even number of backslashes before it.
/// These are counted at quotation marks only, which are rarer than other bytes.
fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let mut end = start;
    loop {
        end = end.wrapping_add(1);
        while *text.get(end)? != b'"' {
            end = end.wrapping_add(1);
        }
        let backslashes = text.get(start..end)?.iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes % 2 == 0 {
            return end.checked_add(1);
        }
    }
}

/// Finds the end of the container at the start of `text`.
fn container_end(text: &[u8]) -> Option<usize> {
    let (mut end, mut depth) = (0_usize, 0_usize);
    loop {
        match text.get(end)? {
            b'"' => end = string_end(text, end)?.wrapping_sub(1),
            b'{' | b'[' => depth = depth.wrapping_add(1),
            b'}' | b']' => depth = depth.wrapping_sub(1),
            _ => {}
        }
        end = end.wrapping_add(1);
        if depth == 0 {
            return Some(end);
        }
    }
}

/// A string in a token, in which some characters may still be escaped. Comparing and printing unescape it on the fly,
/// so that both see the actual string and need no memory.
///
/// ```
/// # use embedded_jwt::JsonStr;
/// fn is_admin(role: JsonStr<'_>) -> bool {
///     role == "CORP\\admin"
/// }
/// ```
#[derive(Clone, Copy)]
pub struct JsonStr<'b>(&'b str);

impl<'b> JsonStr<'b> {
    /// Wraps the text between the quotation marks of a canonical string.
    pub(super) fn from_raw(raw: &'b str) -> Self {
        Self(raw)
    }

    /// The string, or `None` if it contains a quotation mark, a backslash or a control character. These stay escaped in
    /// JSON, and escaped text is never returned as if it were the string: compare or print it instead.
    pub fn as_str(&self) -> Option<&'b str> {
        self.0.bytes().all(|byte| byte != b'\\').then_some(self.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The string. If it has escapes, it is unescaped into the start of `scratch`, which then shrinks by its length.
    pub(crate) fn unescape_into(self, scratch: &mut &'b mut [u8]) -> Result<&'b str, Error> {
        if let Some(plain) = self.as_str() {
            return Ok(plain);
        }
        let buf = core::mem::take(scratch);
        let mut len = 0_usize;
        for byte in self.bytes() {
            *buf.get_mut(len).ok_or(Error::BufferTooSmall)? = byte;
            len = len.wrapping_add(1);
        }
        let (plain, rest) = buf.split_at_mut_checked(len).ok_or(Error::BufferTooSmall)?;
        *scratch = rest;
        str::from_utf8(plain).map_err(|_| Error::BufferTooSmall)
    }

    /// Whether the unescaped string consists of these bytes. Takes no longer for a long string than for one of their
    /// length: a `kid` of 4 KiB is compared with the `kid` of every key.
    pub(crate) fn is(self, bytes: &[u8]) -> bool {
        match self.0.len().cmp(&bytes.len()) {
            Ordering::Less => false,
            Ordering::Equal => self.0.as_bytes() == bytes && self.as_str().is_some(),
            Ordering::Greater => self.bytes().eq(bytes.iter().copied()),
        }
    }

    /// The bytes of the unescaped string. Each canonical escape encodes one ASCII byte.
    pub(crate) fn bytes(self) -> impl Iterator<Item = u8> {
        let mut raw = self.0.bytes();
        core::iter::from_fn(move || match raw.next()? {
            b'\\' => match raw.next()? {
                b'b' => Some(b'\x08'),
                b'f' => Some(b'\x0c'),
                b'n' => Some(b'\n'),
                b'r' => Some(b'\r'),
                b't' => Some(b'\t'),
                b'u' => {
                    let sixteens = raw.nth(2)?.wrapping_sub(b'0');
                    let ones = char::from(raw.next()?).to_digit(16)?;
                    Some(sixteens << 4 | u8::try_from(ones).ok()?)
                }
                same => Some(same),
            },
            byte => Some(byte),
        })
    }
}

impl PartialEq<str> for JsonStr<'_> {
    fn eq(&self, other: &str) -> bool {
        self.is(other.as_bytes())
    }
}

impl PartialEq<&str> for JsonStr<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl fmt::Display for JsonStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut raw = self.0;
        while let Some((plain, escape)) = raw.split_once(['\\']) {
            f.write_str(plain)?;
            // `\u00xx` or one character.
            let len = if escape.starts_with('u') { 5 } else { 1 };
            let (_, rest) = escape.split_at_checked(len).ok_or(fmt::Error)?;
            let text = raw.get(plain.len()..raw.len().wrapping_sub(rest.len())).ok_or(fmt::Error)?;
            JsonStr(text).bytes().try_for_each(|byte| f.write_char(char::from(byte)))?;
            raw = rest;
        }
        f.write_str(raw)
    }
}

impl fmt::Debug for JsonStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for character in self.0.chars() {
            match character {
                // Parts of an escape in the canonical text.
                '"' | '\\' => f.write_char(character)?,
                _ => character.escape_debug().try_for_each(|escaped| f.write_char(escaped))?,
            }
        }
        f.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: &str = r#"a\"\\\b\f\n\r\t\u0000\u001fé"#;
    const PLAIN: &str = "a\"\\\u{8}\u{c}\n\r\t\0\u{1f}é";

    #[test]
    fn string_is_compared_and_printed_unescaped() {
        let string = JsonStr(RAW);
        assert_eq!(string.to_string(), PLAIN);
        assert!(string == PLAIN && string == *PLAIN && string != RAW);
        assert!(string != "a" && JsonStr("a") != "ab" && JsonStr("ab") != "a");
        assert!(JsonStr(r"\n") != r"\n" && JsonStr(r"\n") == "\n", "an escape is not the text that spells it");
        assert!(JsonStr(r"\\n") == r"\n" && JsonStr(r"\\\\") == r"\\");
        assert_eq!((string.as_str(), JsonStr("é").as_str()), (None, Some("é")));
    }

    #[test]
    fn debug_output_has_no_control_character() {
        assert_eq!(format!("{:?}", JsonStr("a\\n\u{7f}\u{9b}\u{202e}é")), r#""a\n\u{7f}\u{9b}\u{202e}é""#);
    }

    #[test]
    fn only_an_escaped_string_takes_scratch_memory() {
        let mut buf = [0; 16];
        let mut scratch = &mut buf[..];
        assert_eq!(JsonStr("plain").unescape_into(&mut scratch), Ok("plain"));
        assert_eq!(scratch.len(), 16);
        assert_eq!(JsonStr(RAW).unescape_into(&mut scratch), Ok(PLAIN));
        assert_eq!(scratch.len(), 16 - PLAIN.len());
        assert_eq!(JsonStr(RAW).unescape_into(&mut scratch), Err(Error::BufferTooSmall));
    }

    #[test]
    fn unsigned_integer_has_one_spelling() {
        let numbers = [("0", 0), ("42", 42), ("18446744073709551615", u64::MAX)];
        for (text, number) in numbers {
            assert_eq!(Value(text).unsigned(), Some(number));
        }
        for text in ["-0", "-1", "1.0", "1e0", "0.5", "18446744073709551616", "\"1\"", "null", "[]", "{}", "true"] {
            assert_eq!(Value(text).unsigned(), None, "{text}");
        }
    }

    #[test]
    fn members_and_elements_are_found_by_scanning() {
        let object = Value(r#"{"a":"}\",:\\","b":[1,{"c":2},"]"],"c":{},"d":-1.5e3,"e":[]}"#);
        let texts = object.members(["e", "d", "c", "b", "a", "f"]).unwrap().map(|value| value.map(Value::text));
        let expected = ["[]", "-1.5e3", "{}", r#"[1,{"c":2},"]"]"#, r#""}\",:\\""#].map(Some);
        assert_eq!(texts[..5], expected);
        assert_eq!(texts[5], None);
        let elements: Vec<_> = object.member("b").unwrap().elements().unwrap().map(Value::text).collect();
        assert_eq!(elements, ["1", r#"{"c":2}"#, "\"]\""]);
        assert!(object.elements().is_none() && object.string().is_none() && object.number().is_none());
        assert!(object.member("e").unwrap().elements().unwrap().next().is_none());
        assert!(Value("[]").members(["a"]).is_none() && Value("[]").member("a").is_none());
    }
}
