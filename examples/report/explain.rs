//! The meaning of a code: the row of the guide's chapter on errors.

use alloc::format;
use alloc::string::String;
use core::fmt;

/// The only place with causes and remedies: the tables that readers of the guide see.
const CHAPTER: &str = include_str!("../../docs/errors.md");

/// The row of an error. `verify --explain` prints its [`Display`](fmt::Display) form.
pub struct Explanation {
    /// Such as `0x1303`, or `0x13..` for all errors of this name.
    pub code: String,
    /// The error's name, with the meaning of its part, claim or reason.
    pub error: String,
    pub cause: String,
    pub remedy: String,
}

/// Explains a code such as `0x1303`, or a name such as `Mismatch(Audience)` or `Mismatch`.
///
/// A code is hexadecimal, with or without `0x`. If no error has it, it is decimal.
pub fn explain(text: &str) -> Result<Explanation, String> {
    let digits = text.strip_prefix("0x").or(text.strip_prefix("0X"));
    let hexadecimal = number(digits.unwrap_or(text), 16).and_then(Explanation::of);
    let decimal = || number(text, 10).and_then(Explanation::of);
    hexadecimal.or_else(decimal).or_else(|| Explanation::named(text)).ok_or_else(|| {
        format!("no error has the code or name {text:?}: for example, 0x1303 or Mismatch(Audience) is one")
    })
}

/// Digits alone: Rust's parsing also takes a sign.
fn number(digits: &str, radix: u32) -> Option<u16> {
    // 65535 in both.
    let longest = if radix == 16 { "FFFF" } else { "65535" }.len();
    let is_number = digits.len() <= longest && digits.chars().all(|digit| digit.is_digit(radix));
    is_number.then(|| u16::from_str_radix(digits, radix).ok()).flatten()
}

impl Explanation {
    /// `None` if no error has this code.
    pub fn of(code: u16) -> Option<Self> {
        let [variant, detail] = code.to_be_bytes();
        let coded = |code: String| move |row: &Row| row.code == code;
        let exact = || rows(CHAPTER).find(coded(format!("0x{code:04X}")));
        if detail == 0 {
            return exact().map(Self::from);
        }
        let general = rows(CHAPTER).find(coded(format!("0x{variant:02X}..")))?;
        let detail = rows(section_of(general.name)).find(coded(format!("0x{detail:02X}")))?;
        let row = exact().unwrap_or(general);
        let remedy = if detail.remedy.is_empty() { row.remedy } else { detail.remedy };
        Some(Self {
            code: format!("0x{code:04X}"),
            error: format!("{}({}): {}", general.name, detail.name, plain(detail.cause)),
            ..Self::from(Row { remedy, ..row })
        })
    }

    /// `None` if no error has this name.
    fn named(name: &str) -> Option<Self> {
        let (variant, detail) = match name.strip_suffix(')') {
            Some(name) => name.split_once('(').map(|(variant, detail)| (variant, Some(detail)))?,
            None => (name, None),
        };
        let row = rows(CHAPTER).find(|row| row.name == variant && row.code.len() == "0x1303".len())?;
        let Some(detail) = detail else { return Some(row.into()) };
        let detail = rows(section_of(row.name)).find(|row| row.name == detail)?;
        let digits = [row.code.get(2..4)?, detail.code.get(2..)?].concat();
        Self::of(u16::from_str_radix(&digits, 16).ok()?)
    }
}

impl From<Row> for Explanation {
    fn from(Row { code, name, cause, remedy }: Row) -> Self {
        Self { code: code.into(), error: name.into(), cause: plain(cause), remedy: plain(remedy) }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, error, cause, remedy } = self;
        writeln!(f, "{code}  {error}\ncause   {cause}\nremedy  {remedy}")
    }
}

/// A row of a table. In the tables of parts, claims and misfits, the cause is the meaning of the code, and the remedy is
/// empty if it is the error's.
#[derive(Clone, Copy)]
struct Row {
    code: &'static str,
    name: &'static str,
    cause: &'static str,
    remedy: &'static str,
}

fn rows(text: &'static str) -> impl Iterator<Item = Row> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("| "));
    lines.filter(|line| line.starts_with("0x")).map(|line| {
        let mut cells = line.split('|').map(str::trim);
        let mut cell = || cells.next().unwrap_or_default();
        Row { code: cell(), name: cell().trim_matches('`'), cause: cell(), remedy: cell() }
    })
}

/// The section with the low bytes of an error's codes.
fn section_of(name: &str) -> &'static str {
    let title = match name {
        "Unconfigured" | "Missing" | "Invalid" | "Mismatch" => "\n# Claims\n",
        "Deserialize" => "\n# Misfits\n",
        _ => "\n# Parts\n",
    };
    let rest = CHAPTER.split_once(title).map_or("", |(_, rest)| rest);
    rest.split_once("\n# ").map_or(rest, |(section, _)| section)
}

/// Text without the marks of code.
fn plain(text: &str) -> String {
    text.replace('`', "")
}
