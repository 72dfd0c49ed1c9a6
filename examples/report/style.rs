//! The style of text: colors for a terminal, and no untrusted text that a terminal would obey.

use alloc::format;
use alloc::string::String;

#[derive(Clone, Copy)]
pub struct Style {
    /// Whether the text has the colors of a terminal.
    pub color: bool,
}

impl Style {
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    pub fn bad(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    pub fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    pub fn heading(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.into() }
    }
}

/// Untrusted text in one line: unprintable characters are escaped, and long text is cut.
pub fn printable(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars().take(MAX_CHARS) {
        match c {
            '"' | '\'' | '\\' => line.push(c),
            c => line.extend(c.escape_debug()),
        }
    }
    if text.chars().nth(MAX_CHARS).is_some() {
        line.push_str("...");
    }
    line
}

const MAX_CHARS: usize = 160;
