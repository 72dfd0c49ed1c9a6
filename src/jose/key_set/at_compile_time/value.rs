//! The values of a checked document, found by `const` code that checks nothing again.

use super::cursor::{Cursor, EscapedStr};

/// A value of a document from [`check`](super::document::check): the text from its first byte on.
#[derive(Clone, Copy)]
pub(super) struct Value<'t>(Cursor<'t>);

impl<'t> Value<'t> {
    pub(super) const fn of_document(text: &'t [u8]) -> Self {
        let mut text = Cursor::new(text);
        text.skip_white_space();
        Self(text)
    }

    pub(super) const fn is_null(self) -> bool {
        matches!(self.0.peek(), Some(b'n'))
    }

    /// The string; `None` if this is not a string.
    pub(super) const fn string(self) -> Option<EscapedStr<'t>> {
        let mut text = self.0;
        text.eat_string()
    }

    /// The members; `None` if this is not an object.
    pub(super) const fn members(self) -> Option<Members<'t>> {
        let mut rest = self.0;
        if rest.eat(b'{') { Some(Members { rest }) } else { None }
    }

    /// The elements; `None` if this is not an array.
    pub(super) const fn elements(self) -> Option<Elements<'t>> {
        let mut rest = self.0;
        if rest.eat(b'[') { Some(Elements { rest }) } else { None }
    }
}

pub(super) struct Members<'t> {
    rest: Cursor<'t>,
}

impl<'t> Members<'t> {
    pub(super) const fn next(&mut self) -> Option<(EscapedStr<'t>, Value<'t>)> {
        self.rest.skip_white_space();
        let Some(name) = self.rest.eat_string() else { return None };
        self.rest.skip_white_space();
        self.rest.eat(b':');
        Some((name, next_value(&mut self.rest)))
    }
}

pub(super) struct Elements<'t> {
    rest: Cursor<'t>,
}

impl<'t> Elements<'t> {
    pub(super) const fn next(&mut self) -> Option<Value<'t>> {
        self.rest.skip_white_space();
        match self.rest.peek() {
            Some(b']') | None => None,
            Some(_) => Some(next_value(&mut self.rest)),
        }
    }
}

/// Reads a value, and the comma after it.
const fn next_value<'t>(rest: &mut Cursor<'t>) -> Value<'t> {
    rest.skip_white_space();
    let value = Value(*rest);
    skip_value(rest);
    rest.skip_white_space();
    rest.eat(b',');
    value
}

const fn skip_value(rest: &mut Cursor<'_>) {
    let mut depth = 0_usize;
    loop {
        match rest.peek() {
            Some(b'{' | b'[') => {
                depth = depth.wrapping_add(1);
                rest.skip_byte();
            }
            Some(b'}' | b']') => {
                depth = depth.wrapping_sub(1);
                rest.skip_byte();
            }
            Some(b'"') => {
                rest.eat_string();
            }
            Some(b',' | b':' | b' ' | b'\t' | b'\n' | b'\r') => rest.skip_byte(),
            Some(_) => skip_number_or_literal(rest),
            None => return,
        }
        if depth == 0 {
            return;
        }
    }
}

const fn skip_number_or_literal(rest: &mut Cursor<'_>) {
    while let Some(b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'E') = rest.peek() {
        rest.skip_byte();
    }
}
