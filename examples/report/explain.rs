//! The meaning of a code: the row of the guide's chapter on errors.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::fmt;

/// The only place with causes and remedies: the table that readers of the guide see.
const CHAPTER: &str = include_str!("../../docs/errors.md");

/// The row of an error. `verify --explain` prints its [`Display`](fmt::Display) form.
pub struct Explanation {
    pub code: u16,
    /// The error's name, with the meaning of its part, claim or reason.
    pub error: String,
    pub cause: String,
    pub remedy: String,
}

/// Explains a code such as `0x1303` or `4867`.
pub fn explain(text: &str) -> Result<Explanation, String> {
    let code = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        // Digits alone: Rust's parsing also takes a sign.
        Some(digits) if has_digits(digits, 4, u8::is_ascii_hexdigit) => u16::from_str_radix(digits, 16).ok(),
        None if has_digits(text, 5, u8::is_ascii_digit) => text.parse().ok(),
        _ => None,
    };
    code.and_then(Explanation::of).ok_or_else(|| format!("{text:?} is no code of an error: 0x1303 is one"))
}

impl Explanation {
    /// `None` if no error has this code.
    pub fn of(code: u16) -> Option<Self> {
        let [variant, detail] = code.to_be_bytes();
        let whole = row(&format!("0x{code:04X}"));
        let (error, cause, remedy) = match whole {
            Some([error, cause, remedy]) => (error.to_owned(), cause, remedy),
            None => {
                let [error, cause, remedy] = row(&format!("0x{variant:02X}.."))?;
                let [name, meaning, ..] = row_in(section_of(error), &format!("0x{detail:02X}"))?;
                (format!("{error}({name}): {meaning}"), cause, remedy)
            }
        };
        let [error, cause, remedy] = [&*error, cause, remedy].map(|text| text.replace('`', ""));
        Some(Self { code, error, cause, remedy })
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, error, cause, remedy } = self;
        writeln!(f, "0x{code:04X}  {error}\ncause   {cause}\nremedy  {remedy}")
    }
}

fn has_digits(text: &str, longest: usize, digit: fn(&u8) -> bool) -> bool {
    (1..=longest).contains(&text.len()) && text.as_bytes().iter().all(digit)
}

fn section_of(error: &str) -> &'static str {
    let title = match error {
        "`Unconfigured`" | "`Missing`" | "`Invalid`" | "`Mismatch`" => "\n# Claims\n",
        "`Deserialize`" => "\n# Misfits\n",
        _ => "\n# Parts\n",
    };
    let rest = CHAPTER.split_once(title).map_or("", |(_, rest)| rest);
    rest.split_once("\n# ").map_or(rest, |(section, _)| section)
}

fn row(code: &str) -> Option<[&'static str; 3]> {
    row_in(CHAPTER, code)
}

/// The cells after the code. If there are only two, the third is empty.
fn row_in(text: &'static str, code: &str) -> Option<[&'static str; 3]> {
    let line = text.lines().find_map(|line| line.strip_prefix("| ")?.strip_prefix(code)?.strip_prefix(" | "))?;
    let mut cells = line.trim_end_matches(" |").split(" | ");
    Some([cells.next()?, cells.next()?, cells.next().unwrap_or("")])
}
