//! Advice about text that is not a token: usually, it has extra text or was cut off.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use embedded_jwt::Part;

/// Advice about extra text around the token, or about text of this form.
pub fn malformed(part: Part, token: &[u8]) -> Vec<String> {
    if let Some(advice) = extra_text(token) {
        return advice;
    }
    match part {
        Part::Token => whole(token),
        _ => segment(part),
    }
}

/// Advice if the text has a scheme, quotes or white space, which a token never has.
pub fn extra_text(token: &[u8]) -> Option<Vec<String>> {
    let text = String::from_utf8_lossy(token);
    let scheme = token.get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME));
    let found = [
        scheme.then_some("the scheme Bearer"),
        text.contains(['"', '\'', '`', '“', '”', '‘', '’']).then_some("a quote"),
        text.contains(char::is_whitespace).then_some("white space"),
    ];
    let found: Vec<_> = found.into_iter().flatten().collect();
    (!found.is_empty()).then(|| {
        vec![
            format!("The text has more than the token: {}.", found.join(", ")),
            "Pass only the token, without scheme, quotes and line ends.".into(),
        ]
    })
}

fn whole(token: &[u8]) -> Vec<String> {
    let segments = token.split(|byte| *byte == b'.').count();
    let what = match segments {
        _ if token.is_empty() => {
            return vec!["The token is empty: check the variable or file that it comes from.".into()];
        }
        1 => "One segment: an opaque token, perhaps, which only the provider can check.",
        3 => "A segment is empty: an unencoded or detached form, which is not for tokens.",
        5 => "Five segments: an encrypted token (JWE). Make the provider issue signed ones.",
        _ => "It is cut off, or more than a token.",
    };
    vec![what.into(), "A signed token has three segments, with a dot between them.".into()]
}

fn segment(part: Part) -> Vec<String> {
    let what = match part {
        Part::Signature => "The signature is not base64url: padding, foreign bytes or nonzero last bits.",
        _ => "It is not what a provider issues: unpadded base64url of a strict JSON object.",
    };
    vec![
        what.into(),
        "Check how the token was transported. If it was issued so, report it to the".into(),
        "provider.".into(),
    ]
}

const SCHEME: &[u8] = b"Bearer";
