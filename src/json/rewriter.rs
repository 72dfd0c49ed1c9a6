use core::cell::Cell;
use core::slice;

/// Reads the tokens of JSON and writes them, in their one spelling, over what has been read.
///
/// What it returns is `None` where the grammar of [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259) is broken.
pub(super) struct Rewriter<'c> {
    text: &'c [Cell<u8>],
    input: slice::Iter<'c, Cell<u8>>,
    output: slice::Iter<'c, Cell<u8>>,
}

impl<'c> Rewriter<'c> {
    pub(super) fn new(text: &'c mut [u8]) -> Self {
        let text = Cell::from_mut(text).as_slice_of_cells();
        Self { text, input: text.iter(), output: text.iter() }
    }

    /// Passes a string, which is the next thing, and returns where in the output it begins.
    pub(super) fn string(&mut self) -> Option<usize> {
        let start = self.written();
        self.pass(b'"')?;
        loop {
            let is_special = |cell: &Cell<u8>| matches!(cell.get(), b'"' | b'\\' | 0..=0x1f);
            let plain = self.input.as_slice().iter().position(is_special)?;
            self.pass_all(plain);
            match self.next()? {
                b'"' => break,
                b'\\' => {
                    let character = self.escape()?;
                    self.put_character(character);
                }
                _ => return None,
            }
        }
        self.put(b'"');
        Some(start)
    }

    /// Reads an escape whose backslash has been read. Half a surrogate pair stands for no character and is refused
    /// ([RFC 7493 section 2.1](https://www.rfc-editor.org/rfc/rfc7493#section-2.1)).
    fn escape(&mut self) -> Option<char> {
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
                self.put_all(if character < '\u{10}' { b"\\u000" } else { b"\\u001" });
                let digit = char::from_digit(u32::from(character) & 0xf, 16).unwrap_or_default();
                return self.put_all(digit.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return self.put_all(character.encode_utf8(&mut [0; 4]).as_bytes()),
        };
        self.put_all(&[b'\\', escape]);
    }

    pub(super) fn number(&mut self) -> Option<()> {
        let _optional = self.pass(b'-');
        if self.pass(b'0').is_none() {
            self.digits()?;
        }
        if self.pass(b'.').is_some() {
            self.digits()?;
        }
        if self.pass(b'e').or_else(|| self.pass(b'E')).is_some() {
            let _optional = self.pass(b'+').or_else(|| self.pass(b'-'));
            self.digits()?;
        }
        Some(())
    }

    /// Passes digits, of which there must be at least one.
    fn digits(&mut self) -> Option<()> {
        let mut found = None;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            found = self.pass(digit);
        }
        found
    }

    /// Passes `true`, `false` or `null`.
    pub(super) fn literal(&mut self, word: &[u8]) -> Option<()> {
        word.iter().try_for_each(|letter| self.pass(*letter))
    }

    /// Passes `byte` if it comes next.
    pub(super) fn pass(&mut self, byte: u8) -> Option<()> {
        if self.peek() != Some(byte) {
            return None;
        }
        self.next();
        self.put(byte);
        Some(())
    }

    /// Passes so many bytes, whatever they are.
    fn pass_all(&mut self, len: usize) {
        if self.output.len() == self.input.len() {
            // Nothing before was shortened, so that they stand where they belong.
            self.input = self.input.as_slice().get(len..).unwrap_or_default().iter();
            self.output = self.output.as_slice().get(len..).unwrap_or_default().iter();
        } else {
            self.input.by_ref().take(len).zip(self.output.by_ref()).for_each(|(from, to)| to.set(from.get()));
        }
    }

    pub(super) fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.next();
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.input.as_slice().first().map(Cell::get)
    }

    fn next(&mut self) -> Option<u8> {
        self.input.next().map(Cell::get)
    }

    /// There is always a place: everything written stands for at least as much that was read.
    fn put(&mut self, byte: u8) {
        if let Some(cell) = self.output.next() {
            cell.set(byte);
        }
    }

    fn put_all(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.put(*byte));
    }

    pub(super) fn written(&self) -> usize {
        self.text.len().saturating_sub(self.output.len())
    }

    /// What has been written from `start` on.
    pub(super) fn written_from(&self, start: usize) -> &'c [Cell<u8>] {
        self.text.get(start..self.written()).unwrap_or_default()
    }
}
