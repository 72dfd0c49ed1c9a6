//! The keys of a set as source text, to be pasted into firmware.

use std::error::Error;
use std::fmt::Write;

use embedded_jwt::{Algorithm, PublicKey};
use report::key_set::{Keys, entries};
use report::keys::{algorithm, can_verify};
use report::object::Object;
use report::style::printable;

#[derive(Clone, Copy, PartialEq)]
pub enum Language {
    Rust,
    C,
}

/// Writes the usable keys of a valid key set, with a line of comment for each entry.
pub fn print(json: &[u8], language: Language) -> Result<String, Box<dyn Error>> {
    let (mut count, mut text) = (0, String::new());
    for (index, jwk) in entries(json).ok_or("no keys")?.iter().enumerate() {
        let members = jwk.object();
        let kid = members.as_ref().and_then(|members| members.get("kid")?.string()).unwrap_or_default();
        let named =
            if kid.is_empty() { "without kid".into() } else { format!("kid {}", printable(&format!("{kid:?}"))) };
        // A set of one, since a set of several does not tell which of its entries were skipped.
        let one = Keys::from_jwks(format!(r#"{{"keys":[{}]}}"#, jwk.text()).into_bytes().as_mut_slice())?;
        match one.to_vec().first().and_then(|key| Some((key, language.entry(key, kid.as_bytes())?))) {
            Some((key, _)) if !can_verify(key) => {
                return Err(format!("keys[{index}], {named}: it is not on its curve, and verifies nothing").into());
            }
            Some((key, entry)) => {
                count += 1;
                write!(text, "    // keys[{index}], {named}: {}\n{entry}", algorithm(key.algorithm()))?;
            }
            None => {
                let kind = members.as_ref().map_or("no object".into(), kind);
                writeln!(text, "    // keys[{index}], {named}: left out, since it cannot be used ({kind})")?;
            }
        }
    }
    match (count, language) {
        (0, _) => Err("no key of the set can be used".into()),
        (_, Language::Rust) => Ok(format!("static KEYS: [Key; {count}] = [\n{text}];\n")),
        (_, Language::C) => Ok(format!("static const ejwt_key keys[{count}] = {{\n{text}}};\n")),
    }
}

/// The members that decide whether a key can be used, such as `kty "RSA", use "sig"`.
fn kind(jwk: &Object) -> String {
    let shown = |name| Some(format!("{name} {}", printable(jwk.get(name)?.text())));
    let members: Vec<_> = ["kty", "crv", "alg", "use", "key_ops"].into_iter().filter_map(shown).collect();
    if members.is_empty() { "no kty".into() } else { members.join(", ") }
}

impl Language {
    /// The lines of one key; `None` if the language has no keys of its algorithm.
    fn entry(self, key: &PublicKey<'_>, kid: &[u8]) -> Option<String> {
        let bytes = key.public_key();
        match self {
            Self::Rust => {
                let key = match key.algorithm() {
                    Algorithm::Es256 => {
                        let (x, y) = bytes.split_at_checked(32)?;
                        let [x, y] = [x, y].map(|bytes| format!("        &[\n{}        ],\n", hex(bytes, 12)));
                        format!("    Key::es256(\n{x}{y}    )")
                    }
                    Algorithm::EdDsa => format!("    Key::ed25519(&[\n{}    ])", hex(bytes, 8)),
                    #[cfg(feature = "rs256")]
                    Algorithm::Rs256 => format!("    Key::rsa(&[\n{}    ])", hex(bytes, 8)),
                    _ => return None,
                };
                let kid = if kid.is_empty() {
                    String::new()
                } else {
                    format!("\n    .with_kid(b\"{}\")", kid.escape_ascii())
                };
                Some(format!("{key}{kid},\n"))
            }
            Self::C => {
                let (name, x, y) = match key.algorithm() {
                    Algorithm::Es256 => ("EJWT_ES256", bytes.get(..32)?, bytes.get(32..)),
                    Algorithm::EdDsa => ("EJWT_EDDSA", bytes, None),
                    _ => return None,
                };
                let mut entry = format!("    {{\n        .algorithm = {name},\n");
                if !kid.is_empty() {
                    entry += &format!("        .kid = {{ \"{}\", {} }},\n", c_string(kid), kid.len());
                }
                for (coordinate, bytes) in [("x", Some(x)), ("y", y)] {
                    if let Some(bytes) = bytes {
                        entry += &format!("        .{coordinate} = {{\n{}        }},\n", hex(bytes, 12));
                    }
                }
                Some(entry + "    },\n")
            }
        }
    }
}

/// Lines of eight bytes.
fn hex(bytes: &[u8], indent: usize) -> String {
    let line = |bytes: &[u8]| {
        let bytes: Vec<_> = bytes.iter().map(|byte| format!("0x{byte:02x},")).collect();
        format!("{:indent$}{}\n", "", bytes.join(" "))
    };
    bytes.chunks(8).map(line).collect()
}

/// The inside of a C string. Escapes are octal, since they end after three digits; question marks could be trigraphs.
fn c_string(bytes: &[u8]) -> String {
    let escaped = |byte: &u8| match byte {
        b'"' | b'\\' | b'?' => format!("\\{}", char::from(*byte)),
        b' '..=b'~' => char::from(*byte).into(),
        byte => format!("\\{byte:03o}"),
    };
    bytes.iter().map(escaped).collect()
}
