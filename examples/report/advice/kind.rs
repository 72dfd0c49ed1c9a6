//! Advice about a token of another kind than expected.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::other_policy::other_policy;
use crate::case::Case;
use crate::object::Json;
use crate::peek::Peek;
use crate::profile::{Profile, short_type};
use crate::style::printable;

/// Advice where an access token is expected.
pub fn not_an_access_token(case: &Case<'_>, peek: &Peek) -> Vec<String> {
    let typ = peek.typ();
    if !Profile::Generic.accepts_type(typ) {
        let typ = quoted(typ);
        return match typ_as_kind(&typ) {
            Some(kind) => vec![format!("The token's typ is {typ}: it is {kind}."), send_access_token(kind).into()],
            None => vec![format!("The token's typ is {typ}: it was not issued as an access token.")],
        };
    }
    let other = other_policy(case).unwrap_or_default();
    if let Some((mark, kind)) = mark(Profile::Generic, peek) {
        // Only policies that do without marks accept it then.
        if Profile::Typed.accepts_type(typ) {
            return [&[format!("The token has {mark}, as {kind} has, although its typ is at+jwt.")][..], &other]
                .concat();
        }
        return vec![format!("The token has {mark}: it is {kind}."), send_access_token(kind).into()];
    }
    let found = match typ {
        None => "The token has no typ".into(),
        Some(typ) => format!("The token's typ is {}", printable(typ)),
    };
    let mut lines = vec![format!("{found}: its header does not mark it as an access token.")];
    if peek.value("nonce").is_some() {
        lines.push("It has a nonce, as ID tokens have.".into());
    }
    lines.push("If this is an ID token: send the access token instead.".into());
    lines.extend(other);
    lines
}

/// Advice where an ID token is expected.
pub fn not_an_id_token(peek: &Peek) -> Vec<String> {
    let typ = peek.typ();
    let (found, kind) = match mark(Profile::Id, peek) {
        _ if !Profile::Id.accepts_type(typ) => {
            let typ = typ.unwrap_or_default();
            if short_type(typ) != "at+jwt" {
                return vec![format!("The token's typ is {}: it was not issued as an ID token.", quoted(Some(typ)))];
            }
            (format!("The token's typ is {}", printable(typ)), ACCESS)
        }
        Some((mark, kind)) => (format!("The token has {mark}"), kind),
        None => return vec!["The token marks itself as one of another kind.".into()],
    };
    let mut lines = vec![format!("{found}: it is {kind}.")];
    lines.push(match kind {
        ACCESS => "Pass the ID token; the access token is for the device (--profile access).".into(),
        _ => "Pass the ID token.".into(),
    });
    lines
}

/// The first claim that marks a token as one of another kind, and that kind.
fn mark(profile: Profile, peek: &Peek) -> Option<(String, &'static str)> {
    let claims = peek.claims.as_ref()?;
    let lower = |name: &str| claims.get(name).and_then(Json::string).map(|text| text.to_ascii_lowercase());
    let shown = |name: &str| format!("{name} {}", printable(peek.claim(name)));
    let is_access = profile != Profile::Id;

    if claims.contains_key("events") {
        return Some(("events".into(), EVENT));
    }
    for name in ["at_hash", "c_hash"] {
        if is_access && claims.contains_key(name) {
            return Some((name.into(), ID));
        }
    }
    let by_typ = match lower("typ").as_deref() {
        Some("id") if is_access => Some(ID),
        Some("bearer" | "dpop") if !is_access => Some(ACCESS),
        Some("refresh" | "offline") => Some(REFRESH),
        Some("logout") => Some(LOGOUT),
        _ => None,
    };
    if let Some(kind) = by_typ {
        return Some((shown("typ"), kind));
    }
    let by_use = match (claims.get("token_use")?.string().as_deref(), is_access) {
        (Some("access"), true) | (Some("id"), false) => return None,
        (Some("access"), false) => ACCESS,
        (Some("id"), true) => ID,
        (Some("refresh"), _) => REFRESH,
        _ => "a token of another kind",
    };
    Some((shown("token_use"), by_use))
}

fn typ_as_kind(quoted: &str) -> Option<&'static str> {
    match short_type(quoted.trim_matches('"')).as_str() {
        "dpop+jwt" => Some(PROOF),
        "logout+jwt" => Some(LOGOUT),
        _ => None,
    }
}

fn send_access_token(kind: &str) -> &'static str {
    match kind {
        PROOF => "Send the access token. The proof goes into the header DPoP (--profile dpop).",
        REFRESH => "It is for the provider only. Send the access token.",
        _ => "Send the access token.",
    }
}

fn quoted(typ: Option<&str>) -> String {
    printable(&format!("{:?}", typ.unwrap_or_default()))
}

const ACCESS: &str = "an access token";
const ID: &str = "an ID token";
const REFRESH: &str = "a refresh token";
const LOGOUT: &str = "a logout token";
const EVENT: &str = "a security event, such as a logout token";
const PROOF: &str = "a DPoP proof";
