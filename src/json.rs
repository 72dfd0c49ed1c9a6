//! The gate that all JSON passes: [`canonicalize`] checks a whole document once and rewrites it in place.
//!
//! **Invariant.** What leaves the gate is valid JSON ([RFC 8259](https://www.rfc-editor.org/rfc/rfc8259))
//! of the same values in the same order, in UTF-8, never longer than what came in, and
//!
//! - without white space outside strings;
//! - with one spelling for each string: the only escapes are `\"`, `\\` and control characters in their
//!   shortest form, so that equal strings are equal bytes;
//! - no object has two members of the same name;
//! - objects and arrays nest at most [`MAX_DEPTH`] deep.
//!
//! [`Value`] relies on it: it finds its way by plain scanning and checks nothing again.

mod deserialize;
mod numeric_date;
mod value;

pub(crate) use deserialize::deserialize;
pub(crate) use numeric_date::NumericDate;
pub use value::JsonStr;
pub(crate) use value::Value;

use core::cell::Cell;
use core::slice;

use heapless::Vec;

use crate::{Error, Part};

/// Checks the document in the first `len` bytes of `buf`, rewrites it in place, and returns it
/// together with the part of `buf` behind it.
///
/// # Errors
///
/// [`Error::Malformed`], [`Error::DuplicateName`], [`Error::TooDeep`], [`Error::TooManyMembers`] and
/// [`Error::TooLarge`] (a member name begins beyond 64 KiB), each for `part`.
pub(crate) fn canonicalize(buf: &mut [u8], len: usize, part: Part) -> Result<(Value<'_>, &mut [u8]), Error> {
    let malformed = Error::Malformed(part);
    let document = buf.get_mut(..len).ok_or(malformed)?;
    let written = Gate::new(Cell::from_mut(document).as_slice_of_cells(), part).document()?;
    let (document, rest) = buf.split_at_mut_checked(written).ok_or(malformed)?;
    // No escape begins with a continuation byte, so resolving escapes can neither hide nor mend bad UTF-8,
    // and bytes that are not ASCII pass in strings only: checking the output checks the input.
    let document = str::from_utf8(document).map_err(|_| malformed)?;
    Ok((Value::new(document), rest))
}

/// Reads and writes the same bytes; writing never overtakes reading.
struct Gate<'c> {
    text: &'c [Cell<u8>],
    input: slice::Iter<'c, Cell<u8>>,
    output: slice::Iter<'c, Cell<u8>>,
    open: Vec<Container, { MAX_DEPTH }>,
    /// Where the names of all open objects begin in the output, innermost object last.
    names: Vec<u16, { MAX_OPEN_MEMBERS }>,
    part: Part,
}

#[derive(Clone, Copy)]
enum Container {
    Array,
    /// How many names the objects around it had.
    Object(usize),
}

impl<'c> Gate<'c> {
    fn new(text: &'c [Cell<u8>], part: Part) -> Self {
        Self { text, input: text.iter(), output: text.iter(), open: Vec::new(), names: Vec::new(), part }
    }

    /// Passes the whole document and returns its new length.
    fn document(mut self) -> Result<usize, Error> {
        loop {
            // A value begins here.
            if !self.begin_value()? {
                continue;
            }
            // A value has ended; perhaps its containers do too.
            loop {
                self.skip_white_space();
                match (self.open.last().copied(), self.next()) {
                    (None, None) => return Ok(self.written()),
                    (Some(Container::Array), Some(b']')) | (Some(Container::Object(_)), Some(b'}')) => {
                        self.close();
                    }
                    (Some(Container::Array), Some(b',')) => {
                        self.put(b',');
                        break;
                    }
                    (Some(Container::Object(_)), Some(b',')) => {
                        self.put(b',');
                        self.name()?;
                        break;
                    }
                    _ => return Err(self.malformed()),
                }
            }
        }
    }

    /// Passes a scalar or an empty container (`true`), or opens a container up to its first value (`false`).
    fn begin_value(&mut self) -> Result<bool, Error> {
        self.skip_white_space();
        match self.next() {
            Some(b'{') => {
                self.open(Container::Object(self.names.len()), b'{')?;
                if self.peek() == Some(b'}') {
                    self.next();
                    self.close();
                    return Ok(true);
                }
                self.name()?;
                Ok(false)
            }
            Some(b'[') => {
                self.open(Container::Array, b'[')?;
                if self.peek() == Some(b']') {
                    self.next();
                    self.close();
                    return Ok(true);
                }
                Ok(false)
            }
            Some(b'"') => self.string().map(|()| true),
            Some(b't') => self.literal(b"true").map(|()| true),
            Some(b'f') => self.literal(b"false").map(|()| true),
            Some(b'n') => self.literal(b"null").map(|()| true),
            Some(first @ (b'-' | b'0'..=b'9')) => self.number(first).map(|()| true),
            _ => Err(self.malformed()),
        }
    }

    fn open(&mut self, container: Container, bracket: u8) -> Result<(), Error> {
        self.open.push(container).map_err(|_| Error::TooDeep(self.part))?;
        self.put(bracket);
        self.skip_white_space();
        Ok(())
    }

    fn close(&mut self) {
        match self.open.pop() {
            Some(Container::Object(outer_names)) => {
                self.names.truncate(outer_names);
                self.put(b'}');
            }
            Some(Container::Array) => self.put(b']'),
            None => {}
        }
    }

    /// Passes a member's name and colon, and refuses a name that its object already has.
    fn name(&mut self) -> Result<(), Error> {
        self.skip_white_space();
        self.expect(b'"')?;
        let start = self.written();
        self.string()?;
        let name = self.text.get(start..self.written()).unwrap_or_default();
        let first = match self.open.last() {
            Some(Container::Object(outer_names)) => *outer_names,
            _ => 0,
        };
        let mut siblings = self.names.get(first..).unwrap_or_default().iter();
        // A name ends with the only bare quote in it, so a sibling that begins with it is equal to it.
        if siblings.any(|at| self.text.get(usize::from(*at)..).is_some_and(|t| t.starts_with(name))) {
            return Err(Error::DuplicateName(self.part));
        }
        let start = u16::try_from(start).map_err(|_| Error::TooLarge(self.part))?;
        self.names.push(start).map_err(|_| Error::TooManyMembers(self.part))?;
        self.skip_white_space();
        self.expect(b':')?;
        self.put(b':');
        Ok(())
    }

    /// Passes a string whose opening quote has been read.
    fn string(&mut self) -> Result<(), Error> {
        self.put(b'"');
        loop {
            match self.next() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let character = self.escape()?;
                    self.put_character(character);
                }
                Some(0..=0x1f) | None => return Err(self.malformed()),
                Some(byte) => self.put(byte),
            }
        }
        self.put(b'"');
        Ok(())
    }

    /// Reads an escape whose backslash has been read. Half a surrogate pair stands for no character
    /// and is refused ([RFC 7493 section 2.1](https://www.rfc-editor.org/rfc/rfc7493#section-2.1)).
    fn escape(&mut self) -> Result<char, Error> {
        match self.next() {
            Some(byte @ (b'"' | b'\\' | b'/')) => Ok(char::from(byte)),
            Some(b'b') => Ok('\u{8}'),
            Some(b'f') => Ok('\u{c}'),
            Some(b'n') => Ok('\n'),
            Some(b'r') => Ok('\r'),
            Some(b't') => Ok('\t'),
            Some(b'u') => {
                let high = self.code_unit()?;
                let mut low = 0;
                if (0xd800..0xdc00).contains(&high) {
                    self.expect(b'\\')?;
                    self.expect(b'u')?;
                    low = self.code_unit()?;
                }
                match char::decode_utf16([high, low]).next() {
                    Some(Ok(character)) => Ok(character),
                    _ => Err(self.malformed()),
                }
            }
            _ => Err(self.malformed()),
        }
    }

    fn code_unit(&mut self) -> Result<u16, Error> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = match self.next() {
                Some(digit @ b'0'..=b'9') => digit.wrapping_sub(b'0'),
                Some(digit @ b'a'..=b'f') => digit.wrapping_sub(b'a' - 10),
                Some(digit @ b'A'..=b'F') => digit.wrapping_sub(b'A' - 10),
                _ => return Err(self.malformed()),
            };
            unit = unit << 4 | u16::from(digit);
        }
        Ok(unit)
    }

    /// Writes an escaped character in its one spelling, which is at most as long as any other.
    fn put_character(&mut self, character: char) {
        let escape = match character {
            '"' => b'"',
            '\\' => b'\\',
            '\u{8}' => b'b',
            '\u{c}' => b'f',
            '\n' => b'n',
            '\r' => b'r',
            '\t' => b't',
            '\0'..='\u{1f}' => {
                b"\\u00".iter().for_each(|byte| self.put(*byte));
                self.put(if character < '\u{10}' { b'0' } else { b'1' });
                let digit = char::from_digit(u32::from(character) & 0xf, 16).unwrap_or('0');
                return digit.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| self.put(byte));
            }
            _ => return character.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| self.put(byte)),
        };
        self.put(b'\\');
        self.put(escape);
    }

    /// Passes a number whose first character has been read.
    fn number(&mut self, first: u8) -> Result<(), Error> {
        self.put(first);
        let leading = if first == b'-' { self.digit()? } else { first };
        if leading != b'0' {
            self.digits();
        }
        if self.pass(b'.') {
            self.digit()?;
            self.digits();
        }
        if self.pass(b'e') || self.pass(b'E') {
            let _optional_sign = self.pass(b'+') || self.pass(b'-');
            self.digit()?;
            self.digits();
        }
        Ok(())
    }

    fn digit(&mut self) -> Result<u8, Error> {
        match self.next() {
            Some(digit @ b'0'..=b'9') => {
                self.put(digit);
                Ok(digit)
            }
            _ => Err(self.malformed()),
        }
    }

    fn digits(&mut self) {
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            self.pass(digit);
        }
    }

    /// Passes `true`, `false` or `null`, whose first letter has been read.
    fn literal(&mut self, word: &[u8]) -> Result<(), Error> {
        for letter in word.iter().skip(1) {
            self.expect(*letter)?;
        }
        word.iter().for_each(|letter| self.put(*letter));
        Ok(())
    }

    fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.next();
        }
    }

    fn peek(&self) -> Option<u8> {
        self.input.as_slice().first().map(Cell::get)
    }

    fn next(&mut self) -> Option<u8> {
        self.input.next().map(Cell::get)
    }

    fn expect(&mut self, byte: u8) -> Result<(), Error> {
        if self.next() == Some(byte) { Ok(()) } else { Err(self.malformed()) }
    }

    /// Passes `byte` if it comes next.
    fn pass(&mut self, byte: u8) -> bool {
        let next = self.peek() == Some(byte);
        if next {
            self.next();
            self.put(byte);
        }
        next
    }

    /// There is always a place: everything written stands for at least as much that was read.
    fn put(&mut self, byte: u8) {
        if let Some(cell) = self.output.next() {
            cell.set(byte);
        }
    }

    fn written(&self) -> usize {
        self.text.len().saturating_sub(self.output.len())
    }

    fn malformed(&self) -> Error {
        Error::Malformed(self.part)
    }
}

/// Objects and arrays in one another. Tokens in use nest 4 deep (`address`, `cnf`, authorization details);
/// the limit bounds the gate's stack and the recursion of a user's own `Deserialize`.
pub const MAX_DEPTH: usize = 16;

/// Members of all open objects together. Tokens in use have 10 to 40. The limit bounds the search for
/// duplicate names, which is quadratic, and its memory (2 bytes each on the stack).
pub const MAX_OPEN_MEMBERS: usize = 128;

#[cfg(test)]
mod tests;
