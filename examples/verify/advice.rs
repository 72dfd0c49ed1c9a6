//! What to do about a refusal, with both sides of what did not fit.

use embedded_jwt::{Claim, Error, MAX_HEADER_LEN, MAX_KEY_ID_LEN, MAX_TOKEN_LEN, Part, Token};

use crate::peek::{Peek, describe};
use crate::report::Case;
use crate::style::printable;
use crate::times::{date, moment};
use crate::verification::{Profile, Refusal};

pub fn advice(refusal: Refusal, case: &Case<'_>, peek: &Peek) -> Vec<String> {
    let request = case.request;
    match refusal.error {
        Error::BufferTooSmall => {
            let needed = Token::parse(case.token).map_or(0, |token| token.buffer_len());
            vec![
                format!("Give the device a larger buffer: it has {} bytes.", case.buffer_len),
                format!("This token needs {needed}, and never more than {}.", needed.saturating_mul(2)),
            ]
        }
        Error::TooLarge(Part::KeyId) => {
            vec![format!("Give the key a shorter kid at the provider: {MAX_KEY_ID_LEN} bytes at most.")]
        }
        Error::TooLarge(_) => vec![
            "Make the provider put less into the token: fewer groups and roles, no certificates.".into(),
            format!("Limits: header {MAX_HEADER_LEN} bytes decoded, token {MAX_TOKEN_LEN} bytes."),
        ],
        Error::Malformed(Part::Token) => malformed_token(case.token),
        Error::Malformed(part) | Error::DuplicateName(part) | Error::TooDeep(part) | Error::TooManyMembers(part) => {
            malformed_part(part)
        }
        Error::CriticalHeader => vec![
            "The issuer demands an extension (crit) that this verifier does not understand.".into(),
            "Switch the extension off at the provider.".into(),
        ],
        Error::UnsupportedAlgorithm => unsupported_algorithm(peek),
        Error::UnknownKey => unknown_key(case, peek),
        Error::AmbiguousKey => vec![
            "Several keys fit, and none is guessed: make the provider give each key a kid of its own,".into(),
            "and name it in the token's header.".into(),
            known_keys(case),
        ],
        Error::InvalidKey => vec![
            "The key is no point of its curve: fetch the issuer's JWKS again, and report it to the".into(),
            "provider if it stays so.".into(),
        ],
        Error::InvalidSignature => vec![
            "The token was altered or cut off, or is signed with another key of the same kid.".into(),
            "Do not act on it. Ask for a new token; if all tokens of this issuer fail, fetch its JWKS again.".into(),
        ],
        Error::BackendUnavailable => vec!["The token may be good: try again, and check the signature hardware.".into()],
        Error::WrongType => wrong_type(peek),
        Error::Unconfigured(claim) => {
            vec![format!("Configure {claim:?}: with nothing to expect, nothing is accepted.")]
        }
        Error::Mismatch(claim) => mismatch(claim, case, peek),
        Error::Missing(_) if request.profile == Profile::Generic => {
            vec!["Make the provider issue this claim: without it, the token cannot be judged.".into()]
        }
        Error::Missing(_) => vec![
            "Make the provider issue this claim.".into(),
            "If it is older than RFC 9068, --profile generic asks for iss, exp and aud only.".into(),
        ],
        Error::Invalid(_) => vec![
            "Report it to the provider: a claim of the wrong type is not taken for an absent one.".into(),
            "Dates are numbers of seconds, aud is a string or an array of strings, scope is one string.".into(),
        ],
        Error::ClockNotSet => vec!["Set the clock (NTP, RTC, GNSS) before any token is verified.".into()],
        Error::Expired => vec![
            format!("exp    {}", claimed(peek, "exp", case)),
            format!("clock  {} (leeway {} s)", date(request.now.as_secs()), request.leeway_secs()),
            "Refresh the token. If it is new, compare the clocks of issuer and device.".into(),
        ],
        Error::NotYetValid => vec![
            format!("nbf    {}", claimed(peek, "nbf", case)),
            format!("iat    {}", claimed(peek, "iat", case)),
            format!("clock  {} (leeway {} s)", date(request.now.as_secs()), request.leeway_secs()),
            "Compare the clocks of issuer and device; try again once it is time.".into(),
        ],
        Error::LifetimeTooLong => vec![
            format!("iat  {}", claimed(peek, "iat", case)),
            format!("exp  {}", claimed(peek, "exp", case)),
            "Make the provider issue shorter tokens, or allow more with --max-lifetime.".into(),
        ],
        Error::TooOld => vec![
            format!("iat  {}", claimed(peek, "iat", case)),
            "Refresh the token, or allow more with --max-token-age.".into(),
        ],
        Error::InsufficientScope => vec![
            format!("token     {}", printable(&peek.claim("scope"))),
            format!("required  {:?}", request.scopes),
            "Ask the provider for a token with this scope, and the user for the right to it.".into(),
        ],
        _ => vec!["See the documentation of this error.".into()],
    }
}

fn malformed_token(token: &[u8]) -> Vec<String> {
    let segments = token.split(|byte| *byte == b'.').count();
    let what = match segments {
        1 => "It has one segment: an opaque token, perhaps, which only the provider can judge.",
        3 => "A segment is empty: an unencoded or detached form, which is not for tokens.",
        5 => "It has five segments: an encrypted token (JWE). Make the provider issue signed ones.",
        _ => "A signed token has three segments.",
    };
    vec![what.into(), "Check how it was cut out: without \"Bearer \", quotes and line ends.".into()]
}

fn malformed_part(part: Part) -> Vec<String> {
    let what = match part {
        Part::Signature => "The signature is no base64url of 64 bytes: padding, foreign bytes or loose last bits.",
        _ => "It is not what a provider issues: base64url without padding, of one strict JSON object.",
    };
    vec![what.into(), "Check how the token was transported; if it comes so, report it to the provider.".into()]
}

fn unsupported_algorithm(peek: &Peek) -> Vec<String> {
    let alg = peek.header.as_ref().map_or("", |header| header.alg.as_str());
    if alg.eq_ignore_ascii_case("none") {
        return vec!["The token is not signed: anyone can have written it. Do not act on it.".into()];
    }
    vec![
        format!("token     alg {}", printable(&format!("{alg:?}"))),
        "accepted  ES256, EdDSA".into(),
        "Switch the provider to ES256 or EdDSA for this client: many sign with RS256 by default.".into(),
    ]
}

fn unknown_key(case: &Case<'_>, peek: &Peek) -> Vec<String> {
    let token = peek.header.as_ref().map_or("unreadable".into(), |header| match &header.kid {
        Some(kid) => format!("kid {kid:?}, alg {:?}", header.alg),
        None => format!("without kid, alg {:?}", header.alg),
    });
    vec![
        format!("token  {token}"),
        known_keys(case),
        "Fetch the issuer's JWKS again: keys rotate. Not on each such token, since anyone can send them.".into(),
    ]
}

fn known_keys(case: &Case<'_>) -> String {
    let known: Vec<_> = case.keys.iter().map(describe).collect();
    let known = if known.is_empty() { "none".into() } else { known.join(", ") };
    format!("known  {known}; {} skipped as unusable", case.keys.skipped())
}

fn wrong_type(peek: &Peek) -> Vec<String> {
    let typ = peek.header.as_ref().ok().and_then(|header| header.typ.as_deref());
    let what = match typ {
        None => "The token has no typ: an ID token, perhaps, or of an issuer older than RFC 9068.".into(),
        Some(typ) if typ.eq_ignore_ascii_case("JWT") => {
            "The token's typ is JWT: an ID token, perhaps, or of an issuer older than RFC 9068.".into()
        }
        Some(typ) => return vec![format!("The token's typ is {typ:?}: it was not issued as an access token.")],
    };
    vec![what, "Send the access token; or accept access tokens without a mark with --profile generic.".into()]
}

fn mismatch(claim: Claim, case: &Case<'_>, peek: &Peek) -> Vec<String> {
    let (name, expected, hint) = match claim {
        Claim::Issuer => ("iss", &case.request.issuer, "A slash or a port more makes another issuer: copy the name."),
        Claim::Audience => ("aud", &case.request.audience, "Request a token for this device, by exactly this name."),
        _ => return vec![format!("The token has another value for {claim:?} than expected.")],
    };
    vec![format!("token     {}", printable(&peek.claim(name))), format!("expected  {expected:?}"), hint.into()]
}

fn claimed(peek: &Peek, name: &str, case: &Case<'_>) -> String {
    peek.date(name).map_or_else(|| printable(&peek.claim(name)), |secs| moment(secs, case.request.now))
}
