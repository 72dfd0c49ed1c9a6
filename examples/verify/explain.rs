//! What a code means: the row of the guide's chapter on errors.

use std::error::Error;

/// The only place with causes and remedies: the table that readers of the guide see.
const CHAPTER: &str = include_str!("../../docs/errors.md");

/// Explains a code such as `0x1303` or `4867`.
pub fn explain(code: &str) -> Result<String, Box<dyn Error>> {
    let number = match code.strip_prefix("0x").or(code.strip_prefix("0X")) {
        Some(digits) => u16::from_str_radix(digits, 16),
        None => code.parse(),
    };
    let unknown = || format!("{code:?} is no code of an error: 0x1303 is one");
    let [variant, detail] = number.map_err(|_| unknown())?.to_be_bytes();

    let whole = row(&format!("0x{variant:02X}{detail:02X}"));
    let general = row(&format!("0x{variant:02X}.."));
    let (error, cause, remedy) = match (whole, general) {
        (Some([error, cause, remedy]), _) => (error.to_owned(), cause, remedy),
        (None, Some([error, cause, remedy])) => {
            let [name, meaning, ..] = row_in(section_of(error), &format!("0x{detail:02X}")).ok_or_else(unknown)?;
            (format!("{error}({name}): {meaning}"), cause, remedy)
        }
        (None, None) => return Err(unknown().into()),
    };
    let text = format!("0x{variant:02X}{detail:02X}  {error}\ncause   {cause}\nremedy  {remedy}\n");
    Ok(text.replace('`', ""))
}

fn section_of(error: &str) -> &'static str {
    let title = match error {
        "`Unconfigured`" | "`Missing`" | "`Invalid`" | "`Mismatch`" => "\n# Claims\n",
        "`Deserialize`" => "\n# Misfits\n",
        _ => "\n# Parts\n",
    };
    CHAPTER.split_once(title).map_or("", |(_, section)| section)
}

fn row(code: &str) -> Option<[&'static str; 3]> {
    row_in(CHAPTER, code)
}

/// The cells behind the code. Where there are two of them, the third is empty.
fn row_in(text: &'static str, code: &str) -> Option<[&'static str; 3]> {
    let line = text.lines().find_map(|line| line.strip_prefix("| ")?.strip_prefix(code)?.strip_prefix(" | "))?;
    let mut cells = line.trim_end_matches(" |").split(" | ");
    Some([cells.next()?, cells.next()?, cells.next().unwrap_or("")])
}
