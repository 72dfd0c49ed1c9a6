//! The check of a whole document by `const` code: the same rules as `json::canonicalize`, without rewriting.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "the compiler runs this, where a panic stops the build and nothing else; tests run it with any text"
)]

use super::cursor::{Cursor, EscapedStr};
use super::refusal::Refusal;
use crate::jose::json::{MAX_DEPTH, MAX_OPEN_MEMBERS};

/// Refuses a text that is not valid JSON, or has duplicate names, or nests too deep, or has too many open members.
pub(super) const fn check(text: &[u8]) -> Result<(), Refusal> {
    let mut checker = Checker {
        text: Cursor::new(text),
        containers: [Container::Array; MAX_DEPTH],
        depth: 0,
        names: [None; MAX_OPEN_MEMBERS],
        open_names: 0,
    };
    match checker.check_document() {
        Ok(()) => Ok(()),
        Err(reason) => Err(Refusal::in_line(text, checker.text.rest(), reason)),
    }
}

/// The state of the pass over a document: the objects and arrays that are open, and the names of their members.
struct Checker<'t> {
    text: Cursor<'t>,
    containers: [Container; MAX_DEPTH],
    depth: usize,
    /// The names of all open objects. The innermost object's names come last.
    names: [Option<EscapedStr<'t>>; MAX_OPEN_MEMBERS],
    open_names: usize,
}

#[derive(Clone, Copy)]
enum Container {
    Array,
    Object {
        /// How many names the enclosing objects have.
        outer_names: usize,
    },
}

impl Checker<'_> {
    const fn check_document(&mut self) -> Result<(), &'static str> {
        loop {
            if let Some(Container::Object { outer_names }) = self.innermost() {
                tri!(self.read_name(outer_names));
            }
            self.text.skip_white_space();
            if tri!(self.begin_value()) {
                tri!(self.end_value());
                if self.depth == 0 {
                    return Ok(());
                }
            }
        }
    }

    /// Reads a scalar, or opens a container. Returns `true` if the value ends here, and `false` if its first member or
    /// element comes next.
    const fn begin_value(&mut self) -> Result<bool, &'static str> {
        let is_valid = match self.text.peek() {
            Some(b'{') => return self.open(Container::Object { outer_names: self.open_names }, b'}'),
            Some(b'[') => return self.open(Container::Array, b']'),
            Some(b'"') => self.text.eat_string().is_some(),
            Some(b't') => self.text.eat_literal(b"true"),
            Some(b'f') => self.text.eat_literal(b"false"),
            Some(b'n') => self.text.eat_literal(b"null"),
            _ => self.text.eat_number(),
        };
        if is_valid { Ok(true) } else { Err(MALFORMED) }
    }

    const fn open(&mut self, container: Container, closing: u8) -> Result<bool, &'static str> {
        if self.depth == MAX_DEPTH {
            return Err(TOO_DEEP);
        }
        self.containers[self.depth] = container;
        self.depth += 1;
        self.text.skip_byte();
        self.text.skip_white_space();
        Ok(matches!(self.text.peek(), Some(next) if next == closing))
    }

    /// After a value: reads the closing brackets that follow it and then a comma, or finds the end of the document.
    const fn end_value(&mut self) -> Result<(), &'static str> {
        loop {
            self.text.skip_white_space();
            match self.innermost() {
                None if self.text.peek().is_none() => return Ok(()),
                Some(_) if self.text.eat(b',') => return Ok(()),
                Some(Container::Array) if self.text.eat(b']') => {}
                Some(Container::Object { outer_names }) if self.text.eat(b'}') => self.open_names = outer_names,
                _ => return Err(MALFORMED),
            }
            self.depth -= 1;
        }
    }

    /// Reads a member's name and colon, and refuses a name that its object already has.
    const fn read_name(&mut self, outer_names: usize) -> Result<(), &'static str> {
        self.text.skip_white_space();
        let Some(name) = self.text.eat_string() else { return Err(MALFORMED) };
        let mut sibling = outer_names;
        while sibling < self.open_names {
            if let Some(earlier) = self.names[sibling]
                && earlier.equals(name)
            {
                return Err(DUPLICATE_NAME);
            }
            sibling += 1;
        }
        if self.open_names == MAX_OPEN_MEMBERS {
            return Err(TOO_MANY_MEMBERS);
        }
        self.names[self.open_names] = Some(name);
        self.open_names += 1;
        self.text.skip_white_space();
        if self.text.eat(b':') { Ok(()) } else { Err(MALFORMED) }
    }

    const fn innermost(&self) -> Option<Container> {
        if self.depth == 0 { None } else { Some(self.containers[self.depth - 1]) }
    }
}

const MALFORMED: &str = "this is not valid JSON";
const DUPLICATE_NAME: &str = "an object has two members of this name";
const TOO_DEEP: &str = "objects and arrays nest more than 16 deep";
const TOO_MANY_MEMBERS: &str = "the open objects have more than 128 members";
