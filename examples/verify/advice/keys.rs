//! Advice about keys that are missing or do not fit.

use embedded_jwt::MAX_SIGNATURES;

use crate::keys::{algorithm, describe, has_kid};
use crate::peek::Peek;
use crate::report::Case;
use crate::style::printable;

pub fn unknown_key(case: &Case<'_>, peek: &Peek) -> Vec<String> {
    let kid = peek.header.as_ref().ok().and_then(|header| header.kid.as_deref()).filter(|kid| !kid.is_empty());
    let named = kid.map_or("without kid".into(), |kid| format!("kid {}", printable(&format!("{kid:?}"))));
    let mut lines = vec![format!("token  {named}, alg {:?}", peek.alg())];
    lines.extend(known_keys(case));
    if case.keys.is_empty() {
        lines.push("This issuer publishes no ES256 or EdDSA key: make the provider sign with one.".into());
        return lines;
    }
    // A key of the token's algorithm would have been tried.
    if let Some(other) = case.keys.iter().find(|key| kid.is_some_and(|kid| has_kid(key, kid))) {
        lines.push(format!("This kid is there, for {}.", algorithm(other)));
    }
    lines.push("Fetch the issuer's JWKS again: keys rotate. Not on each such token, since".into());
    lines.push("anyone can send them.".into());
    lines
}

pub fn too_many_keys(case: &Case<'_>) -> Vec<String> {
    let mut lines = vec![
        format!("More than {MAX_SIGNATURES} keys fit, and none of the first {MAX_SIGNATURES} verifies it: make the"),
        "provider give each key a kid of its own, and name it in the token's header.".into(),
    ];
    lines.extend(known_keys(case));
    lines
}

fn known_keys(case: &Case<'_>) -> Vec<String> {
    let known: Vec<_> = case.keys.iter().map(describe).collect();
    let known = if known.is_empty() { "none".into() } else { known.join(", ") };
    wrapped("known  ", &format!("{known}; {} skipped as unusable", case.keys.skipped()))
}

/// The text in as many lines as it needs, each beside or below the label.
fn wrapped(label: &str, text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = label.to_owned();
    for word in text.split(' ') {
        if line.len() > label.len() && line.chars().count() + word.chars().count() > LINE_LEN {
            lines.push(line.trim_end().to_owned());
            line = " ".repeat(label.len());
        }
        line.push_str(word);
        line.push(' ');
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// The 80 columns of a terminal, without the indentation of advice.
const LINE_LEN: usize = 78;
