//! The entry for all JSON: [`canonicalize`] checks a whole document once and rewrites it in place.
//!
//! **Invariant.** The output is valid JSON ([RFC 8259](https://www.rfc-editor.org/rfc/rfc8259)) in UTF-8, with the same
//! values in the same order. It is never longer than the input, and
//!
//! - it has no white space outside strings;
//! - each string has one spelling: the only escapes are `\"`, `\\` and control characters in their shortest form, so
//!   that equal strings are equal bytes;
//! - no object has two members of the same name;
//! - objects and arrays nest at most [`MAX_DEPTH`] deep.
//!
//! [`Value`] relies on this: it finds values by plain scanning and checks nothing again.

mod deserialize;
mod numeric_date;
mod rewriter;
mod value;

pub use value::JsonStr;

pub(crate) use deserialize::deserialize;
pub(crate) use numeric_date::NumericDate;
use rewriter::Rewriter;
pub(crate) use value::{Members, Value};

use core::cell::Cell;

use heapless::Vec;

use crate::error::{Error, Part};

/// Checks the document in the first `len` bytes of `buf`, rewrites it in place, and returns it together with the part
/// of `buf` after it.
///
/// # Errors
///
/// [`Error::Malformed`], [`Error::DuplicateName`], [`Error::TooDeep`], [`Error::TooManyMembers`] and
/// [`Error::TooLarge`] (a member name begins beyond 64 KiB), each for `part`.
pub(crate) fn canonicalize(buf: &mut [u8], len: usize, part: Part) -> Result<(Value<'_>, &mut [u8]), Error> {
    let malformed = Error::Malformed(part);
    let text = Rewriter::new(buf.get_mut(..len).ok_or(malformed)?);
    let canonicalizer =
        Canonicalizer { text, open_containers: Vec::new(), name_starts: Vec::new(), fingerprints: 0, part };
    let written = canonicalizer.rewrite_document()?;
    let (document, rest) = buf.split_at_mut_checked(written).ok_or(malformed)?;
    // Non-ASCII bytes are accepted only in strings, and no decoded escape begins with a continuation byte, so that an
    // escape can neither hide nor repair bad UTF-8: checking the output checks the input.
    let document = str::from_utf8(document).map_err(|_| malformed)?;
    Ok((Value::new(document), rest))
}

/// The state of one pass over a document: the objects and arrays that are open, and the names of their members.
struct Canonicalizer<'c> {
    text: Rewriter<'c>,
    open_containers: Vec<Container, MAX_DEPTH>,
    /// Where the names of all open objects begin in the output. The innermost object's names come last.
    name_starts: Vec<u16, MAX_OPEN_MEMBERS>,
    /// The [fingerprints](fingerprint) of the innermost object's names; [`ANY_NAME`] after an object inside it has used
    /// this field.
    fingerprints: u32,
    part: Part,
}

#[derive(Clone, Copy)]
enum Container {
    Array,
    Object {
        /// How many names the enclosing objects have.
        outer_names: usize,
    },
}

impl Canonicalizer<'_> {
    /// Rewrites the whole document and returns its new length.
    fn rewrite_document(mut self) -> Result<usize, Error> {
        loop {
            if let Some(Container::Object { outer_names }) = self.open_containers.last() {
                self.read_name(*outer_names)?;
            }
            self.text.skip_white_space();
            if self.begin_value()? {
                self.end_value()?;
                if self.open_containers.is_empty() {
                    return Ok(self.text.flush().len());
                }
            }
        }
    }

    /// Reads a scalar, or opens a container. Returns `true` if the value ends here, and `false` if its first member or
    /// element comes next.
    fn begin_value(&mut self) -> Result<bool, Error> {
        let scalar = match self.text.peek() {
            Some(b'{') => {
                self.open_container(Container::Object { outer_names: self.name_starts.len() }, b'{')?;
                self.fingerprints = 0;
                return Ok(self.text.peek() == Some(b'}'));
            }
            Some(b'[') => {
                self.open_container(Container::Array, b'[')?;
                return Ok(self.text.peek() == Some(b']'));
            }
            Some(b'"') => self.text.eat_string(),
            Some(b't') => self.text.eat_literal(b"true"),
            Some(b'f') => self.text.eat_literal(b"false"),
            Some(b'n') => self.text.eat_literal(b"null"),
            _ => self.text.eat_number(),
        };
        self.or_malformed(scalar)?;
        Ok(true)
    }

    /// After a value: reads the closing brackets that follow it and then a comma, or finds the end of the document.
    fn end_value(&mut self) -> Result<(), Error> {
        loop {
            self.text.skip_white_space();
            let next = self.text.peek();
            match self.open_containers.last() {
                None if next.is_none() => return Ok(()),
                Some(_) if self.text.eat(b',').is_some() => return Ok(()),
                Some(Container::Array) if self.text.eat(b']').is_some() => {}
                Some(Container::Object { outer_names }) if self.text.eat(b'}').is_some() => {
                    self.name_starts.truncate(*outer_names);
                    self.fingerprints = ANY_NAME;
                }
                _ => return Err(Error::Malformed(self.part)),
            }
            self.open_containers.pop();
        }
    }

    fn open_container(&mut self, container: Container, bracket: u8) -> Result<(), Error> {
        self.open_containers.push(container).map_err(|_| Error::TooDeep(self.part))?;
        self.text.eat(bracket);
        self.text.skip_white_space();
        Ok(())
    }

    /// Reads a member's name and colon, and refuses a name that its object already has.
    fn read_name(&mut self, outer_names: usize) -> Result<(), Error> {
        self.text.skip_white_space();
        let start = self.text.position();
        let string = self.text.eat_string();
        self.or_malformed(string)?;
        let written = self.text.flush();
        let name = written.get(start..).unwrap_or_default();
        let fingerprint = fingerprint(name);
        if self.fingerprints & fingerprint != 0 {
            let siblings = self.name_starts.get(outer_names..).unwrap_or_default();
            // After its opening one, `name` has a bare quotation mark only at its end: a sibling that starts with it is
            // equal to it.
            let is_duplicate =
                |start: &u16| written.get(usize::from(*start)..).is_some_and(|sibling| sibling.starts_with(name));
            if siblings.iter().any(is_duplicate) {
                return Err(Error::DuplicateName(self.part));
            }
        }
        self.fingerprints |= fingerprint;
        let start = u16::try_from(start).map_err(|_| Error::TooLarge(self.part))?;
        self.name_starts.push(start).map_err(|_| Error::TooManyMembers(self.part))?;
        self.text.skip_white_space();
        let colon = self.text.eat(b':');
        self.or_malformed(colon)
    }

    fn or_malformed<T>(&self, token: Option<T>) -> Result<T, Error> {
        token.ok_or(Error::Malformed(self.part))
    }
}

/// One of 32 bits, computed from the first and last byte of a name between its quotation marks. Equal names have the
/// same bit, so that a name is new if no sibling has its bit.
fn fingerprint(name: &[Cell<u8>]) -> u32 {
    match (name, name) {
        ([_, first, ..], [.., last, _]) => 1_u32.wrapping_shl(u32::from(first.get() ^ last.get())),
        _ => ANY_NAME,
    }
}

/// All fingerprints at once: the next name is compared with all its siblings.
const ANY_NAME: u32 = u32::MAX;

/// Maximum nesting depth of objects and arrays. Tokens in use nest 4 deep (`address`, `cnf`, authorization details).
/// The limit bounds the stack of the JSON check and the recursion of a user's own `Deserialize`.
pub const MAX_DEPTH: usize = 16;

/// Maximum number of members of all open objects together: an object and the objects that enclose it. Tokens in use
/// have 10 to 40. The limit bounds the search for duplicate names, which is quadratic, and its memory, 2 bytes each on
/// the stack.
pub const MAX_OPEN_MEMBERS: usize = 128;

#[cfg(test)]
mod tests;
