//! Advice about a refusal, with both values if they do not match.

use embedded_jwt::{Claim, Error, MAX_HEADER_LEN, MAX_TOKEN_LEN, Token};

use crate::malformed::{extra_text, malformed};
use crate::peek::{Peek, algorithm, describe};
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
        Error::TooLarge(_) => vec![
            "Make the provider put less into the token: fewer groups, no certificates.".into(),
            format!("Limits: header {MAX_HEADER_LEN} bytes decoded, token {MAX_TOKEN_LEN} bytes."),
        ],
        Error::Malformed(part) | Error::DuplicateName(part) | Error::TooDeep(part) | Error::TooManyMembers(part) => {
            malformed(part, case.token)
        }
        Error::CriticalHeader => vec![
            "The issuer demands an extension (crit), and this verifier understands none.".into(),
            "Switch the extension off at the provider.".into(),
        ],
        Error::UnsupportedAlgorithm => unsupported_algorithm(peek),
        Error::UnknownKey => unknown_key(case, peek),
        Error::AmbiguousKey => vec![
            "Several keys fit, and none is guessed: make the provider give each key".into(),
            "a kid of its own, and name it in the token's header.".into(),
            known_keys(case),
        ],
        Error::InvalidKey => vec![
            "The key is not a point of its curve: fetch the issuer's JWKS again,".into(),
            "and report it to the provider if that does not help.".into(),
        ],
        // No issuer signs white space inside header or payload.
        Error::InvalidSignature => extra_text(case.token).unwrap_or_else(|| {
            vec![
                "The token was altered or cut off, or another key of the same kid signed it.".into(),
                "Do not act on it. Ask for a new token; if all tokens of this issuer fail,".into(),
                "fetch its JWKS again.".into(),
            ]
        }),
        Error::BackendUnavailable => vec!["The token may be good: try again, and check the signature hardware.".into()],
        Error::WrongType if request.profile == Profile::Id => not_an_id_token(peek),
        Error::WrongType => wrong_type(peek),
        Error::Unconfigured(claim) => {
            let option = match claim {
                Claim::Issuer => "--issuer",
                Claim::Scope => "--scope",
                Claim::Nonce => "--nonce",
                _ => "--audience",
            };
            vec![format!("Name one with {option}: without an expected value, nothing is accepted.")]
        }
        Error::Mismatch(claim) => mismatch(claim, case, peek),
        Error::Missing(claim) => missing(claim, request.profile, peek),
        // A valid date, but later than `exp`.
        Error::Invalid(Claim::IssuedAt) if peek.date("iat").is_some() => vec![
            format!("iat  {}", claimed(peek, "iat", case)),
            format!("exp  {}", claimed(peek, "exp", case)),
            "Nothing is issued after it expires: report it to the provider.".into(),
        ],
        Error::Invalid(claim) => vec![
            "Report it to the provider: a claim of the wrong type does not count as absent.".into(),
            type_of(claim).into(),
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
        Error::AuthenticationTooOld => vec![
            format!("auth_time  {}", claimed(peek, "auth_time", case)),
            "Let the user log in again (max_age in the request), or allow more with".into(),
            "--max-age. Refreshing the token does not help.".into(),
        ],
        Error::SenderConstrained => vec![
            format!("token  cnf {}", printable(&peek.claim("cnf"))),
            "It is for the holder of this key only, and a text proves nothing about who".into(),
            "sent it. On the device: AccessTokenPolicy::with_dpop or with_certificate.".into(),
        ],
        Error::InsufficientScope => vec![
            format!("token     {}", printable(&peek.claim("scope"))),
            format!("required  {:?}", request.scopes),
            "Ask the provider for a token with this scope; the user may lack the right.".into(),
        ],
        _ => vec!["See the documentation of this error.".into()],
    }
}

fn unsupported_algorithm(peek: &Peek) -> Vec<String> {
    let alg = peek.header.as_ref().map_or("", |header| header.alg.as_str());
    if alg.eq_ignore_ascii_case("none") {
        return vec!["The token is not signed: anyone can have written it. Do not act on it.".into()];
    }
    vec![
        format!("token     alg {}", printable(&format!("{alg:?}"))),
        "accepted  ES256, EdDSA".into(),
        "Switch the provider to ES256 or EdDSA for this client: by default, many sign".into(),
        "with RS256.".into(),
    ]
}

fn unknown_key(case: &Case<'_>, peek: &Peek) -> Vec<String> {
    let header = peek.header.as_ref().ok();
    let kid = header.and_then(|header| header.kid.as_deref());
    let alg = header.map_or("", |header| header.alg.as_str());
    let named = kid.map_or("without kid".into(), |kid| format!("kid {kid:?}"));
    let mut lines = vec![format!("token  {named}, alg {alg:?}"), known_keys(case)];
    if case.keys.is_empty() {
        lines.push("This issuer publishes no ES256 or EdDSA key: make the provider sign with one.".into());
        return lines;
    }
    // A key of the token's algorithm would have been chosen.
    if let Some(other) =
        case.keys.iter().find(|key| kid.is_some_and(|kid| key.kid().is_some_and(|own| own.matches(kid.as_bytes()))))
    {
        lines.push(format!("This kid is there, for {}.", algorithm(other)));
    }
    lines.push("Fetch the issuer's JWKS again: keys rotate. Not on each such token, since".into());
    lines.push("anyone can send them.".into());
    lines
}

fn known_keys(case: &Case<'_>) -> String {
    let known: Vec<_> = case.keys.iter().map(describe).collect();
    let known = if known.is_empty() { "none".into() } else { known.join(", ") };
    format!("known  {known}; {} skipped as unusable", case.keys.skipped())
}

fn wrong_type(peek: &Peek) -> Vec<String> {
    let typ = peek.header.as_ref().ok().and_then(|header| header.typ.as_deref());
    let typ = match typ {
        None => "The token has no typ".into(),
        Some(typ) if typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("application/JWT") => {
            format!("The token's typ is {typ}")
        }
        Some(typ) => return vec![format!("The token's typ is {typ:?}: it was not issued as an access token.")],
    };
    if peek.is_id_token() {
        return vec![
            format!("{typ}, and it has nonce or at_hash: it is an ID token."),
            "Send the access token.".into(),
        ];
    }
    vec![
        format!("{typ}: nothing marks it as an access token."),
        "If this is an ID token: send the access token instead.".into(),
        "Only if the issuer cannot mark its access tokens: --profile generic, with an".into(),
        "audience that is no client's id.".into(),
    ]
}

/// Advice about a token of another kind where an ID token is expected. It has a `typ`, since a token without one is
/// accepted.
fn not_an_id_token(peek: &Peek) -> Vec<String> {
    let typ = peek.header.as_ref().ok().and_then(|header| header.typ.as_deref()).unwrap_or_default();
    if typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt") {
        return vec![
            format!("The token's typ is {typ}: it is an access token."),
            "Pass the ID token; the access token is for the device (--profile access).".into(),
        ];
    }
    vec![format!("The token's typ is {typ:?}: it was not issued as an ID token.")]
}

fn type_of(claim: Claim) -> &'static str {
    match claim {
        Claim::Expiration | Claim::NotBefore | Claim::IssuedAt | Claim::AuthenticationTime => {
            "Dates are numbers of seconds, and fit 64 bits."
        }
        Claim::Audience | Claim::AuthenticationMethods => "It is a string or an array of strings.",
        _ => "It is one string.",
    }
}

/// Advice about a missing claim. Only some of the claims that RFC 9068 requires are dispensable.
fn missing(claim: Claim, profile: Profile, peek: &Peek) -> Vec<String> {
    let dispensable = matches!(claim, Claim::Subject | Claim::ClientId | Claim::IssuedAt | Claim::JwtId);
    if profile == Profile::Access && dispensable {
        return vec![
            "Make the provider issue this claim.".into(),
            "If it is older than RFC 9068: --profile generic asks for iss, exp, aud only.".into(),
        ];
    }
    match claim {
        Claim::AuthorizedParty => vec![
            format!("aud  {}", printable(&peek.claim("aud"))),
            "The token is for others too: make the provider say which client it was issued".into(),
            "to (azp), or issue one for this client alone.".into(),
        ],
        Claim::Nonce => vec![
            "A request with a nonce is answered with it: this token may answer another.".into(),
            "Do not act on it; log in again.".into(),
        ],
        Claim::AuthenticationTime => {
            vec!["Request the token with max_age: then the provider says when the login was.".into()]
        }
        Claim::AccessTokenHash => vec![
            "Leave out --access-token if both tokens came from the token endpoint, where".into(),
            "at_hash is optional. Otherwise do not act on the token.".into(),
        ],
        _ => vec!["Make the provider issue this claim: without it, the token cannot be validated.".into()],
    }
}

fn mismatch(claim: Claim, case: &Case<'_>, peek: &Peek) -> Vec<String> {
    let request = case.request;
    let (name, expected, hint) = match claim {
        Claim::Issuer => ("iss", &*request.issuer, "An extra slash or port makes another issuer: copy the exact name."),
        Claim::Audience if request.profile == Profile::Id => {
            ("aud", &*request.audience, "--audience is the client id of the application that the user logged in to.")
        }
        Claim::Audience => ("aud", &*request.audience, "Request a token for this device, with exactly this name."),
        Claim::AuthorizedParty => ("azp", &*request.audience, "It was issued to another client: do not act on it."),
        Claim::Nonce => {
            let nonce = request.nonce.as_deref().unwrap_or_default();
            ("nonce", nonce, "It answers another request: do not act on it; log in again.")
        }
        Claim::AccessTokenHash => {
            return vec![
                format!("at_hash  {}", printable(&peek.claim("at_hash"))),
                "It belongs to another access token, or that token's text was changed: pass it".into(),
                "without scheme, quotes and line ends. If no token of a provider passes: the".into(),
                "hash is SHA-256 for ES256, SHA-512 for EdDSA, and its left half counts.".into(),
            ];
        }
        _ => return vec![format!("The token has another value for {claim:?} than expected.")],
    };
    vec![format!("token     {}", printable(&peek.claim(name))), format!("expected  {expected:?}"), hint.into()]
}

fn claimed(peek: &Peek, name: &str, case: &Case<'_>) -> String {
    peek.date(name).map_or_else(|| printable(&peek.claim(name)), |secs| moment(secs, case.request.now))
}
