use core::cell::Cell;

/// Reads the tokens of JSON and writes them, in their one spelling, over what has been read.
///
/// `text` is `[written | gap | run | unread]`. What stays as it is collects in the run; white space or an escape ends the
/// run, moves it over the gap, and makes the gap longer. While there is no gap, nothing moves.
///
/// What it returns is `None` where the grammar of [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259) is broken.
pub(super) struct Rewriter<'c> {
    text: &'c [Cell<u8>],
    /// How many bytes have been read.
    read: usize,
    /// How much shorter the output is than what has been read.
    gap: usize,
    /// Where what has been read and not yet moved begins.
    run: usize,
}

impl<'c> Rewriter<'c> {
    pub(super) fn new(text: &'c mut [u8]) -> Self {
        Self { text: Cell::from_mut(text).as_slice_of_cells(), read: 0, gap: 0, run: 0 }
    }

    /// Passes a string, which is the next thing.
    pub(super) fn string(&mut self) -> Option<()> {
        self.eat(b'"')?;
        loop {
            self.eat_while(is_plain);
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => self.respell_escape()?,
                _ => return None,
            }
        }
    }

    /// Passes an escape whose backslash has been read. Cold, which keeps the loop of plain strings short, and costs up to
    /// 1.8 times the time where every other byte is escaped.
    #[cold]
    fn respell_escape(&mut self) -> Option<()> {
        let start = self.read.wrapping_sub(1);
        self.move_run(start);
        let character = self.read_escape()?;
        self.leave_out(start);
        self.put_character(character);
        Some(())
    }

    /// Reads an escape whose backslash has been read. Half a surrogate pair stands for no character and is refused
    /// ([RFC 7493 section 2.1](https://www.rfc-editor.org/rfc/rfc7493#section-2.1)).
    fn read_escape(&mut self) -> Option<char> {
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
        let _optional = self.eat(b'-');
        if self.eat(b'0').is_none() {
            self.digits()?;
        }
        if self.eat(b'.').is_some() {
            self.digits()?;
        }
        if self.eat(b'e').or_else(|| self.eat(b'E')).is_some() {
            let _optional = self.eat(b'+').or_else(|| self.eat(b'-'));
            self.digits()?;
        }
        Some(())
    }

    /// Passes digits, of which there must be at least one.
    fn digits(&mut self) -> Option<()> {
        let start = self.read;
        self.eat_while(|byte| byte.is_ascii_digit());
        (self.read > start).then_some(())
    }

    /// Passes `true`, `false` or `null`.
    pub(super) fn literal(&mut self, word: &[u8]) -> Option<()> {
        word.iter().try_for_each(|letter| self.eat(*letter))
    }

    /// Passes `byte` if it comes next.
    pub(super) fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.read = self.read.wrapping_add(1))
    }

    fn eat_while(&mut self, passes: impl Fn(u8) -> bool) {
        let mut read = self.read; // which stays in a register
        while let Some(byte) = self.text.get(read).map(Cell::get)
            && passes(byte)
        {
            read = read.wrapping_add(1);
        }
        self.read = read;
    }

    pub(super) fn skip_white_space(&mut self) {
        // One comparison for nearly all; what else is this low is refused by whatever comes next.
        if self.peek().is_some_and(|byte| byte <= b' ') {
            self.drop_white_space();
        }
    }

    #[cold]
    fn drop_white_space(&mut self) {
        let start = self.read;
        self.move_run(start);
        self.eat_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.leave_out(start);
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.read).map(Cell::get)
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.read = self.read.wrapping_add(1);
        Some(byte)
    }

    /// Moves the last run to its place, and returns all that is written.
    pub(super) fn flush(&mut self) -> &'c [Cell<u8>] {
        self.move_run(self.read);
        self.text.get(..self.position()).unwrap_or_default()
    }

    /// Moves the run, up to `end`, over the gap; what follows begins a new one. Without a gap it stands where it belongs.
    fn move_run(&mut self, end: usize) {
        if self.gap > 0 {
            let run = self.text.get(self.run..end).unwrap_or_default();
            let place = self.text.get(self.run.wrapping_sub(self.gap)..).unwrap_or_default();
            run.iter().zip(place).for_each(|(from, to)| to.set(from.get()));
        }
        self.run = end;
    }

    /// Adds what has been read since `start` to the gap. The run has been moved up to there.
    fn leave_out(&mut self, start: usize) {
        self.run = self.read;
        self.gap = self.gap.wrapping_add(self.read.wrapping_sub(start));
    }

    /// Writes at the front of the gap. There is room: an escape that is left out is at least as long as its one spelling.
    fn put(&mut self, byte: u8) {
        if let Some(cell) = self.text.get(self.run.wrapping_sub(self.gap)) {
            cell.set(byte);
            self.gap = self.gap.wrapping_sub(1);
        }
    }

    fn put_all(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.put(*byte));
    }

    /// Where in the output what is read next will stand.
    pub(super) fn position(&self) -> usize {
        self.read.wrapping_sub(self.gap)
    }
}

/// All but control characters, the quotation mark and the backslash
/// ([RFC 8259 section 7](https://www.rfc-editor.org/rfc/rfc8259#section-7), `unescaped`).
fn is_plain(byte: u8) -> bool {
    // Two comparisons suffice for nearly all.
    byte > b'"' && byte != b'\\' || matches!(byte, b' ' | b'!')
}
