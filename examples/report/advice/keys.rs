//! Advice about keys that are missing or do not fit.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use embedded_jwt::MAX_SIGNATURES;

use crate::case::Case;
use crate::keys::{algorithm, describe, has_kid};
use crate::peek::Peek;
use crate::style::printable;
use crate::verification::names;

pub fn unknown_key(case: &Case<'_>, peek: &Peek) -> Vec<String> {
    let kid = peek.header.as_ref().ok().and_then(|header| header.kid.as_deref()).filter(|kid| !kid.is_empty());
    let named = kid.map_or("without kid".into(), |kid| format!("kid {}", printable(&format!("{kid:?}"))));
    let mut lines = vec![format!("token  {named}, alg {:?}", peek.alg())];
    lines.extend(known_keys(case));
    let may_be_skipped = cfg!(feature = "rs256") && peek.alg() == "RS256" && case.skipped > 0;
    if may_be_skipped {
        lines.push("If its key was skipped, fetching the JWKS again does not help: RSA keys must".into());
        lines.push("have 2,048 bits and the exponent 65,537. Make the provider use such a key.".into());
    }
    if case.keys.is_empty() {
        lines.push(format!("accepted  {}", names(case.request.backends)));
        lines.push("This issuer publishes no key for one of these: make the provider use one.".into());
        return lines;
    }
    // A key of the token's algorithm would have been tried.
    if let Some(other) = case.keys.iter().find(|key| kid.is_some_and(|kid| has_kid(key, kid))) {
        lines.push(format!("This kid is there, for {}.", algorithm(other.algorithm())));
    }
    let fetch = if may_be_skipped { "Otherwise fetch" } else { "Fetch" };
    lines.push(format!("{fetch} the issuer's JWKS again: keys rotate. Not on each such"));
    lines.push("token, since anyone can send them.".into());
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
    wrapped("known  ", &format!("{known}; {} skipped as unusable", case.skipped))
}

/// The text in as many lines as it needs: the first after the label, the others indented by the label's length.
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
