//! Whether two URIs name the same target: by normalizing both, as RFC 3986 section 6.2.2 describes it.

use std::collections::VecDeque;

pub fn is_same_target(one: &str, other: &str) -> bool {
    let one = normalized(one);
    one.is_some() && one == normalized(other)
}

/// A URI without query and fragment. A character is its byte, or 256 more if it stays encoded.
#[derive(PartialEq)]
struct Normalized {
    scheme: String,
    host: Vec<u16>,
    port: String,
    path: Vec<Vec<u16>>,
}

fn normalized(uri: &str) -> Option<Normalized> {
    let colon = uri.find(':')?;
    let scheme = uri[..colon].to_lowercase();
    let rest = uri[colon + 1..].strip_prefix("//")?;
    let rest = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));

    let digits = authority.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (host, digits) = authority.split_at(authority.len() - digits);
    let (host, port) = host.strip_suffix(':').map_or((authority, ""), |host| (host, digits));
    if host.is_empty() || host.contains('@') {
        return None;
    }
    let default = match &*scheme {
        "https" => "443",
        "http" => "80",
        "coaps" => "5684",
        "coap" => "5683",
        _ => "",
    };
    let lower = |character: u16| match u8::try_from(character) {
        Ok(byte) => byte.to_ascii_lowercase().into(),
        Err(_) => character,
    };
    Some(Normalized {
        host: characters(host).into_iter().map(lower).collect(),
        port: if port == default { String::new() } else { port.into() },
        path: without_dots(path),
        scheme,
    })
}

/// Sections 6.2.2.1 and 6.2.2.2.
fn characters(text: &str) -> Vec<u16> {
    let mut rest: VecDeque<u8> = text.bytes().collect();
    let mut characters = Vec::new();
    while let Some(byte) = rest.pop_front() {
        let digit = |at: usize| rest.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        characters.push(match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                rest.drain(..2);
                let encoded = u16::try_from(16 * high + low).unwrap();
                let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
                if u8::try_from(encoded).is_ok_and(is_unreserved) { encoded } else { 256 + encoded }
            }
            _ => byte.into(),
        });
    }
    characters
}

/// Section 5.2.4.
fn without_dots(path: &str) -> Vec<Vec<u16>> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let segments: Vec<_> = path.split('/').map(characters).collect();
    let mut kept = Vec::new();
    for (at, segment) in segments.iter().enumerate() {
        let is_last = at + 1 == segments.len();
        let dot = u16::from(b'.');
        if *segment == [dot, dot] {
            kept.pop();
        } else if *segment != [dot] {
            kept.push(segment.clone());
            continue;
        }
        if is_last {
            kept.push(Vec::new());
        }
    }
    kept
}
