//! Why a key set stops the build, as a text for the compiler's message.

/// A reason, and where it applies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Refusal {
    place: &'static str,
    number: usize,
    end_of_place: &'static str,
    reason: &'static str,
}

impl Refusal {
    /// The reason applies to the set as a whole.
    pub(super) const fn of_set(reason: &'static str) -> Self {
        Self { place: "", number: 0, end_of_place: "", reason }
    }

    /// The reason applies to the key at this index.
    pub(super) const fn of_key(index: usize, reason: &'static str) -> Self {
        Self { place: "keys[", number: index, end_of_place: "]: ", reason }
    }

    /// The reason applies to the line of the text in which `rest` begins.
    pub(super) const fn in_line(text: &[u8], rest: &[u8], reason: &'static str) -> Self {
        let mut line = 1_usize;
        let mut before = text.split_at(text.len().saturating_sub(rest.len())).0;
        while let [byte, others @ ..] = before {
            if *byte == b'\n' {
                line = line.wrapping_add(1);
            }
            before = others;
        }
        Self { place: "line ", number: line, end_of_place: ": ", reason }
    }

    pub(super) const fn message(&self) -> Message {
        let mut message = Message { text: [0; MAX_MESSAGE_LEN], len: 0 };
        message.push(self.place.as_bytes());
        if !self.place.is_empty() {
            message.push_number(self.number);
        }
        message.push(self.end_of_place.as_bytes());
        message.push(self.reason.as_bytes());
        message
    }
}

/// A text of limited length. A longer one is cut off.
pub(super) struct Message {
    text: [u8; MAX_MESSAGE_LEN],
    len: usize,
}

/// The longest reason, and its place.
const MAX_MESSAGE_LEN: usize = 160;

impl Message {
    pub(super) const fn as_str(&self) -> &str {
        let (text, _) = self.text.split_at(self.len);
        match str::from_utf8(text) {
            Ok(text) => text,
            Err(_) => "",
        }
    }

    const fn push(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        while let [byte, rest @ ..] = bytes {
            if let Some((_, [next, ..])) = self.text.split_at_mut_checked(self.len) {
                *next = *byte;
                self.len = self.len.wrapping_add(1);
            }
            bytes = rest;
        }
    }

    /// Writes a number of at most five digits: no text has more lines or keys than 65,536.
    const fn push_number(&mut self, number: usize) {
        let mut divisor = 10_000_usize;
        while let Some(quotient) = number.checked_div(divisor) {
            if quotient > 0 || divisor == 1 {
                self.push(DIGITS.split_at(quotient % 10).1.split_at(1).0);
            }
            divisor /= 10;
        }
    }
}

const DIGITS: &[u8] = b"0123456789";
