//! The lowest layer of `canonicalize`: reads single JSON tokens and writes them back, in canonical form, in one buffer.

use core::cell::Cell;

/// Reads JSON tokens and writes them, in canonical form, over the bytes already read.
///
/// `text` is `[written | gap | pending | unread]`. Bytes that stay as they are collect in `pending`. At white space or
/// an escape, they move down over the gap, and the gap grows. While there is no gap, nothing moves.
///
/// Methods return `None` where the grammar of [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259) is broken.
pub(super) struct Rewriter<'c> {
    text: &'c [Cell<u8>],
    /// How many bytes have been read.
    read: usize,
    /// How many bytes shorter the output is than the input read so far.
    gap: usize,
    /// Where the bytes begin that have been read but not moved yet.
    pending: usize,
}

impl<'c> Rewriter<'c> {
    pub(super) fn new(text: &'c mut [u8]) -> Self {
        Self { text: Cell::from_mut(text).as_slice_of_cells(), read: 0, gap: 0, pending: 0 }
    }

    /// Reads a string, which must come next.
    pub(super) fn eat_string(&mut self) -> Option<()> {
        self.eat(b'"')?;
        loop {
            self.eat_while(is_plain);
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => self.rewrite_escape()?,
                _ => return None,
            }
        }
    }

    /// Rewrites an escape whose backslash has been read. `#[cold]` keeps the loop over plain strings short. It takes up
    /// to 1.8 times as long where every other byte is escaped.
    #[cold]
    fn rewrite_escape(&mut self) -> Option<()> {
        let start = self.read.wrapping_sub(1);
        self.move_pending(start);
        let character = self.decode_escape()?;
        self.widen_gap(start);
        self.write_canonical(character);
        Some(())
    }

    /// Decodes an escape whose backslash has been read. Half a surrogate pair encodes no character and is refused
    /// ([RFC 7493 section 2.1](https://www.rfc-editor.org/rfc/rfc7493#section-2.1)).
    fn decode_escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            byte @ (b'"' | b'\\' | b'/') => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.code_unit()?;
                let mut low = 0;
                if (0xd800..0xdc00).contains(&high) {
                    let (b'\\', b'u') = (self.next()?, self.next()?) else { return None };
                    low = self.code_unit()?;
                }
                char::decode_utf16([high, low]).next()?.ok()?
            }
            _ => return None,
        })
    }

    fn code_unit(&mut self) -> Option<u16> {
        (0..4).try_fold(0, |unit, _| {
            let digit = char::from(self.next()?).to_digit(16)?;
            Some(unit << 4 | u16::try_from(digit).ok()?)
        })
    }

    /// Writes an escaped character in its canonical spelling, which is never longer than the escape.
    fn write_canonical(&mut self, character: char) {
        let (start, last): (&[u8], char) = match character {
            '"' | '\\' => (b"\\", character),
            '\u{8}' => (b"\\", 'b'),
            '\u{c}' => (b"\\", 'f'),
            '\n' => (b"\\", 'n'),
            '\r' => (b"\\", 'r'),
            '\t' => (b"\\", 't'),
            '\0'..='\u{f}' => (b"\\u000", hex_digit(character)),
            '\u{10}'..='\u{1f}' => (b"\\u001", hex_digit(character)),
            _ => (b"", character),
        };
        self.write_all(start);
        self.write_all(last.encode_utf8(&mut [0; 4]).as_bytes());
    }

    pub(super) fn eat_number(&mut self) -> Option<()> {
        let _optional = self.eat(b'-');
        if self.eat(b'0').is_none() {
            self.eat_digits()?;
        }
        if self.eat(b'.').is_some() {
            self.eat_digits()?;
        }
        if self.eat(b'e').or_else(|| self.eat(b'E')).is_some() {
            let _optional = self.eat(b'+').or_else(|| self.eat(b'-'));
            self.eat_digits()?;
        }
        Some(())
    }

    /// Reads one or more digits.
    fn eat_digits(&mut self) -> Option<()> {
        let start = self.read;
        self.eat_while(|byte| byte.is_ascii_digit());
        (self.read > start).then_some(())
    }

    /// Reads `true`, `false` or `null`.
    pub(super) fn eat_literal(&mut self, word: &[u8]) -> Option<()> {
        word.iter().try_for_each(|letter| self.eat(*letter))
    }

    /// Reads `byte` if it comes next.
    pub(super) fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.read = self.read.wrapping_add(1))
    }

    fn eat_while(&mut self, accepts: impl Fn(u8) -> bool) {
        let mut read = self.read; // stays in a register
        while let Some(byte) = self.text.get(read).map(Cell::get)
            && accepts(byte)
        {
            read = read.wrapping_add(1);
        }
        self.read = read;
    }

    pub(super) fn skip_white_space(&mut self) {
        // One comparison decides for nearly all bytes. The next method that reads refuses other bytes this low.
        if self.peek().is_some_and(|byte| byte <= b' ') {
            self.drop_white_space();
        }
    }

    #[cold]
    fn drop_white_space(&mut self) {
        let start = self.read;
        self.move_pending(start);
        self.eat_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.widen_gap(start);
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.read).map(Cell::get)
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.read = self.read.wrapping_add(1);
        Some(byte)
    }

    /// Moves the pending bytes down and returns the whole output.
    pub(super) fn flush(&mut self) -> &'c [Cell<u8>] {
        self.move_pending(self.read);
        self.text.get(..self.position()).unwrap_or_default()
    }

    /// Moves the pending bytes, which end at `end`, down over the gap. Without a gap they are in position already.
    fn move_pending(&mut self, end: usize) {
        if self.gap > 0 {
            let pending = self.text.get(self.pending..end).unwrap_or_default();
            let target = self.text.get(self.pending.wrapping_sub(self.gap)..).unwrap_or_default();
            pending.iter().zip(target).for_each(|(from, to)| to.set(from.get()));
        }
        self.pending = end;
    }

    /// Adds the bytes read since `start` to the gap. The pending bytes before `start` have been moved.
    fn widen_gap(&mut self, start: usize) {
        self.pending = self.read;
        self.gap = self.gap.wrapping_add(self.read.wrapping_sub(start));
    }

    /// Writes at the start of the gap. There is room: an escape is at least as long as its canonical spelling.
    fn write(&mut self, byte: u8) {
        if let Some(cell) = self.text.get(self.pending.wrapping_sub(self.gap)) {
            cell.set(byte);
            self.gap = self.gap.wrapping_sub(1);
        }
    }

    fn write_all(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write(*byte));
    }

    /// The position in the output of the next byte to be read.
    pub(super) fn position(&self) -> usize {
        self.read.wrapping_sub(self.gap)
    }
}

/// The last hexadecimal digit of a control character's number.
fn hex_digit(character: char) -> char {
    char::from_digit(u32::from(character) & 0xf, 16).unwrap_or_default()
}

/// Whether a byte can be in a string without an escape: all except control characters, the quotation mark and the
/// backslash ([RFC 8259 section 7](https://www.rfc-editor.org/rfc/rfc8259#section-7), `unescaped`).
fn is_plain(byte: u8) -> bool {
    // Two comparisons decide for nearly all bytes.
    byte > b'"' && byte != b'\\' || matches!(byte, b' ' | b'!')
}
