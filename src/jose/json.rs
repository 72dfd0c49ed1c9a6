//! The gate that all JSON passes: [`canonicalize`] checks a whole document once and rewrites it in place.
//!
//! **Invariant.** What leaves the gate is valid JSON ([RFC 8259](https://www.rfc-editor.org/rfc/rfc8259)) of the same
//! values in the same order, in UTF-8, never longer than what came in, and
//!
//! - it has no white space outside strings;
//! - it has one spelling for each string: the only escapes are `\"`, `\\` and control characters in their shortest
//!   form, so that equal strings are equal bytes;
//! - no object in it has two members of the same name;
//! - its objects and arrays nest at most [`MAX_DEPTH`] deep.
//!
//! [`Value`] relies on it: it finds its way by plain scanning and checks nothing again.

mod deserialize;
mod numeric_date;
mod rewriter;
mod value;

use core::cell::Cell;

pub(crate) use deserialize::deserialize;
use heapless::Vec;
pub(crate) use numeric_date::NumericDate;
use rewriter::Rewriter;
pub use value::JsonStr;
pub(crate) use value::{Members, Value};

use crate::error::{Error, Part};

/// Checks the document in the first `len` bytes of `buf`, rewrites it in place, and returns it together with the part
/// of `buf` behind it.
///
/// # Errors
///
/// [`Error::Malformed`], [`Error::DuplicateName`], [`Error::TooDeep`], [`Error::TooManyMembers`] and
/// [`Error::TooLarge`] (a member name begins beyond 64 KiB), each for `part`.
pub(crate) fn canonicalize(buf: &mut [u8], len: usize, part: Part) -> Result<(Value<'_>, &mut [u8]), Error> {
    let malformed = Error::Malformed(part);
    let text = Rewriter::new(buf.get_mut(..len).ok_or(malformed)?);
    let written = Canonicalizer { text, open: Vec::new(), names: Vec::new(), fingerprints: 0, part }.document()?;
    let (document, rest) = buf.split_at_mut_checked(written).ok_or(malformed)?;
    // Bytes that are not ASCII pass in strings only, and no resolved escape begins with a continuation byte, so that
    // it can neither hide nor mend bad UTF-8: checking the output checks the input.
    let document = str::from_utf8(document).map_err(|_| malformed)?;
    Ok((Value::new(document), rest))
}

/// Keeps what the grammar of objects and arrays needs: which are open, and the names of their members.
struct Canonicalizer<'c> {
    text: Rewriter<'c>,
    open: Vec<Container, MAX_DEPTH>,
    /// Where the names of all open objects begin in the output, the innermost object's last.
    names: Vec<u16, MAX_OPEN_MEMBERS>,
    /// The [fingerprints](fingerprint) of the innermost object's names; [`ANY`] once an object in it has taken this place.
    fingerprints: u32,
    part: Part,
}

#[derive(Clone, Copy)]
enum Container {
    Array,
    Object {
        /// How many names the objects around it have.
        outer_names: usize,
    },
}

impl Canonicalizer<'_> {
    /// Passes the whole document and returns its new length.
    fn document(mut self) -> Result<usize, Error> {
        loop {
            if let Some(Container::Object { outer_names }) = self.open.last() {
                self.name(*outer_names)?;
            }
            self.text.skip_white_space();
            if self.begin_value()? {
                self.end_values()?;
                if self.open.is_empty() {
                    return Ok(self.text.flush().len());
                }
            }
        }
    }

    /// Passes a scalar or an empty container (`true`), or opens a container up to its first member or element (`false`).
    fn begin_value(&mut self) -> Result<bool, Error> {
        let scalar = match self.text.peek() {
            Some(b'{') => {
                self.open(Container::Object { outer_names: self.names.len() }, b'{')?;
                self.fingerprints = 0;
                return Ok(self.text.peek() == Some(b'}'));
            }
            Some(b'[') => {
                self.open(Container::Array, b'[')?;
                return Ok(self.text.peek() == Some(b']'));
            }
            Some(b'"') => self.text.string(),
            Some(b't') => self.text.literal(b"true"),
            Some(b'f') => self.text.literal(b"false"),
            Some(b'n') => self.text.literal(b"null"),
            _ => self.text.number(),
        };
        self.required(scalar)?;
        Ok(true)
    }

    /// After a value: passes the brackets that it completes, then a comma; or finds the end of the document.
    fn end_values(&mut self) -> Result<(), Error> {
        loop {
            self.text.skip_white_space();
            let next = self.text.peek();
            match self.open.last() {
                None if next.is_none() => return Ok(()),
                Some(_) if self.text.eat(b',').is_some() => return Ok(()),
                Some(Container::Array) if self.text.eat(b']').is_some() => {}
                Some(Container::Object { outer_names }) if self.text.eat(b'}').is_some() => {
                    self.names.truncate(*outer_names);
                    self.fingerprints = ANY;
                }
                _ => return Err(Error::Malformed(self.part)),
            }
            self.open.pop();
        }
    }

    fn open(&mut self, container: Container, bracket: u8) -> Result<(), Error> {
        self.open.push(container).map_err(|_| Error::TooDeep(self.part))?;
        self.text.eat(bracket);
        self.text.skip_white_space();
        Ok(())
    }

    /// Passes a member's name and colon, and refuses a name that its object already has.
    fn name(&mut self, outer_names: usize) -> Result<(), Error> {
        self.text.skip_white_space();
        let start = self.text.position();
        let string = self.text.string();
        self.required(string)?;
        let written = self.text.flush();
        let name = written.get(start..).unwrap_or_default();
        let fingerprint = fingerprint(name);
        if self.fingerprints & fingerprint != 0 {
            let siblings = self.names.get(outer_names..).unwrap_or_default();
            // Behind its first, a name has one bare quotation mark, at its end: what begins with it is equal to it.
            let is_same = |at: &u16| written.get(usize::from(*at)..).is_some_and(|sibling| sibling.starts_with(name));
            if siblings.iter().any(is_same) {
                return Err(Error::DuplicateName(self.part));
            }
        }
        self.fingerprints |= fingerprint;
        let start = u16::try_from(start).map_err(|_| Error::TooLarge(self.part))?;
        self.names.push(start).map_err(|_| Error::TooManyMembers(self.part))?;
        self.text.skip_white_space();
        let colon = self.text.eat(b':');
        self.required(colon)
    }

    fn required<T>(&self, passed: Option<T>) -> Result<T, Error> {
        passed.ok_or(Error::Malformed(self.part))
    }
}

/// One of 32 bits, made of the first and last character of a name in its quotation marks. Equal names have equal bits, so
/// that a name whose bit is not among those of its siblings is new.
fn fingerprint(name: &[Cell<u8>]) -> u32 {
    match (name, name) {
        ([_, first, ..], [.., last, _]) => 1_u32.wrapping_shl(u32::from(first.get() ^ last.get())),
        _ => ANY,
    }
}

/// Whatever name comes next, it is compared with all its siblings.
const ANY: u32 = u32::MAX;

/// Objects and arrays in one another. Tokens in use nest 4 deep (`address`, `cnf`, authorization details); the limit
/// bounds the gate's stack and the recursion of a user's own `Deserialize`.
pub const MAX_DEPTH: usize = 16;

/// Members of all open objects together. Tokens in use have 10 to 40. The limit bounds the search for duplicate names,
/// which is quadratic, and its memory, 2 bytes each on the stack.
pub const MAX_OPEN_MEMBERS: usize = 128;

#[cfg(test)]
mod tests;
