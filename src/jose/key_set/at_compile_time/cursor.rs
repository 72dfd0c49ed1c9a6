//! JSON tokens and their strings, read by `const` code.

/// A position in a text: everything after it is to be read.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'t> {
    rest: &'t [u8],
}

impl<'t> Cursor<'t> {
    pub(super) const fn new(text: &'t [u8]) -> Self {
        Self { rest: text }
    }

    pub(super) const fn rest(self) -> &'t [u8] {
        self.rest
    }

    pub(super) const fn peek(self) -> Option<u8> {
        match self.rest {
            [next, ..] => Some(*next),
            [] => None,
        }
    }

    pub(super) const fn skip_byte(&mut self) {
        if let [_, rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// Reads `byte` if it comes next.
    pub(super) const fn eat(&mut self, byte: u8) -> bool {
        match self.rest {
            [next, rest @ ..] if *next == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    pub(super) const fn skip_white_space(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// Reads `true`, `false` or `null`.
    pub(super) const fn eat_literal(&mut self, literal: &[u8]) -> bool {
        let mut letters = literal;
        while let [letter, rest @ ..] = letters {
            if !self.eat(*letter) {
                return false;
            }
            letters = rest;
        }
        true
    }

    pub(super) const fn eat_number(&mut self) -> bool {
        let _optional = self.eat(b'-');
        if !self.eat(b'0') && !self.eat_digits() {
            return false;
        }
        if self.eat(b'.') && !self.eat_digits() {
            return false;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _optional = self.eat(b'+') || self.eat(b'-');
            return self.eat_digits();
        }
        true
    }

    /// Reads one or more digits.
    const fn eat_digits(&mut self) -> bool {
        let before = self.rest.len();
        while let [b'0'..=b'9', rest @ ..] = self.rest {
            self.rest = rest;
        }
        self.rest.len() < before
    }

    /// Reads a string, which must come next.
    pub(super) const fn eat_string(&mut self) -> Option<EscapedStr<'t>> {
        if !self.eat(b'"') {
            return None;
        }
        let text = self.rest;
        let mut has_escapes = false;
        loop {
            self.rest = match self.rest {
                [b'"', rest @ ..] => {
                    let (raw, _) = text.split_at(text.len().wrapping_sub(self.rest.len()));
                    self.rest = rest;
                    return Some(EscapedStr { raw, has_escapes });
                }
                [b'\\', escape @ ..] => {
                    has_escapes = true;
                    match decode_escape(escape) {
                        Some((_, rest)) => rest,
                        None => return None,
                    }
                }
                [..=0x1f, ..] | [] => return None,
                [_, rest @ ..] => rest,
            };
        }
    }
}

/// A string whose escapes are valid and not decoded yet.
#[derive(Clone, Copy)]
pub(super) struct EscapedStr<'t> {
    raw: &'t [u8],
    has_escapes: bool,
}

impl<'t> EscapedStr<'t> {
    /// Whether the unescaped string consists of these bytes, which have no backslash.
    pub(super) const fn is(self, bytes: &[u8]) -> bool {
        self.equals(EscapedStr { raw: bytes, has_escapes: false })
    }

    pub(super) const fn equals(self, other: EscapedStr<'_>) -> bool {
        if !self.has_escapes && !other.has_escapes {
            return are_equal(self.raw, other.raw);
        }
        let (mut own, mut others) = (self.unescape(), other.unescape());
        loop {
            match (own.next(), others.next()) {
                (Some(own), Some(other)) if own == other => {}
                (None, None) => return true,
                _ => return false,
            }
        }
    }

    pub(super) const fn unescape(self) -> Unescaped<'t> {
        Unescaped { raw: self.raw, character: [0; 4], left: 0 }
    }
}

/// Compares without calls, which the compiler counts: long constant evaluation is an error by default.
const fn are_equal(mut one: &[u8], mut other: &[u8]) -> bool {
    while let ([byte, rest @ ..], [other_byte, other_rest @ ..]) = (one, other)
        && *byte == *other_byte
    {
        (one, other) = (rest, other_rest);
    }
    one.is_empty() && other.is_empty()
}

/// The bytes of an unescaped string.
pub(super) struct Unescaped<'t> {
    raw: &'t [u8],
    /// The encoded character of the last escape, and how many of its bytes are still to come.
    character: [u8; 4],
    left: usize,
}

impl Unescaped<'_> {
    pub(super) const fn next(&mut self) -> Option<u8> {
        if self.left == 0 {
            match self.raw {
                [b'\\', escape @ ..] => {
                    let Some((character, rest)) = decode_escape(escape) else { return None };
                    self.raw = rest;
                    self.left = character.encode_utf8(&mut self.character).len();
                }
                [byte, rest @ ..] => {
                    self.raw = rest;
                    return Some(*byte);
                }
                [] => return None,
            }
        }
        let [first, second, third, fourth] = self.character;
        self.character = [second, third, fourth, 0];
        self.left = self.left.wrapping_sub(1);
        Some(first)
    }
}

/// Decodes the escape whose backslash stands before this text, and returns the text after it. Half a surrogate pair
/// encodes no character.
const fn decode_escape(text: &[u8]) -> Option<(char, &[u8])> {
    let (character, rest) = match text {
        [b'"', rest @ ..] => ('"', rest),
        [b'\\', rest @ ..] => ('\\', rest),
        [b'/', rest @ ..] => ('/', rest),
        [b'b', rest @ ..] => ('\u{8}', rest),
        [b'f', rest @ ..] => ('\u{c}', rest),
        [b'n', rest @ ..] => ('\n', rest),
        [b'r', rest @ ..] => ('\r', rest),
        [b't', rest @ ..] => ('\t', rest),
        [b'u', digits @ ..] => return decode_utf16(digits),
        _ => return None,
    };
    Some((character, rest))
}

/// Decodes the character after `\u`, with the second half of a surrogate pair.
const fn decode_utf16(text: &[u8]) -> Option<(char, &[u8])> {
    let (number, rest) = match code_unit(text) {
        Some((high @ 0xd800..=0xdbff, [b'\\', b'u', rest @ ..])) => match code_unit(rest) {
            Some((low @ 0xdc00..=0xdfff, rest)) => {
                (0x1_0000_u32.wrapping_add((high & 0x3ff) << 10 | low & 0x3ff), rest)
            }
            _ => return None,
        },
        Some(unit_and_rest) => unit_and_rest,
        None => return None,
    };
    match char::from_u32(number) {
        Some(character) => Some((character, rest)),
        None => None,
    }
}

const fn code_unit(text: &[u8]) -> Option<(u32, &[u8])> {
    let [a, b, c, d, rest @ ..] = text else { return None };
    match (hex_digit(*a), hex_digit(*b), hex_digit(*c), hex_digit(*d)) {
        (Some(a), Some(b), Some(c), Some(d)) => Some((a << 12 | b << 8 | c << 4 | d, rest)),
        _ => None,
    }
}

const fn hex_digit(byte: u8) -> Option<u32> {
    match char::from_u32(u32::from_be_bytes([0, 0, 0, byte])) {
        Some(character) => character.to_digit(16),
        None => None,
    }
}
