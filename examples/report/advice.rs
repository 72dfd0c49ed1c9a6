//! Advice about a refusal, with both values if they do not match.

mod claims;
mod keys;
mod kind;
mod malformed;
mod other_policy;
mod proof;

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use embedded_jwt::{Claim, Error, MAX_HEADER_LEN, MAX_TOKEN_LEN, Token};

use crate::case::Case;
use crate::keys::algorithm;
use crate::peek::Peek;
use crate::profile::Profile;
use crate::style::printable;
use crate::times::moment;
use crate::verification::{Backends, Refusal, SOFTWARE, Step, names};
use keys::{too_many_keys, unknown_key};
use malformed::{extra_text, malformed};

pub fn advice(refusal: Refusal, case: &Case<'_>, peek: &Peek) -> Vec<String> {
    let request = case.request;
    if refusal.step == Step::Proof {
        return proof::of_access_token(refusal.error, case);
    }
    if request.profile == Profile::Dpop
        && let Some(lines) = proof::advice(refusal.error, case, peek)
    {
        return lines;
    }
    let what = if request.profile == Profile::Dpop { "proof" } else { "token" };
    match refusal.error {
        Error::BufferTooSmall => {
            let needed = Token::parse(case.token).map_or(0, |token| token.buffer_len());
            vec![
                format!("Give the device a larger buffer: it has {} bytes.", case.buffer_len),
                format!("This {what} needs {needed}, and never more than {}.", needed.saturating_mul(2)),
            ]
        }
        Error::TooLarge(_) => vec![
            match request.profile {
                Profile::Dpop => "Make the client put less into the proof.",
                _ => "Make the provider put less into the token: fewer groups, no certificates.",
            }
            .into(),
            format!("Limits: header {MAX_HEADER_LEN} bytes decoded, token {MAX_TOKEN_LEN} bytes."),
        ],
        Error::Malformed(part) | Error::DuplicateName(part) | Error::TooDeep(part) | Error::TooManyMembers(part) => {
            malformed(part, case.token)
        }
        Error::CriticalHeader => vec![
            "The issuer demands an extension (crit), and this verifier understands none.".into(),
            "Switch the extension off at the provider.".into(),
        ],
        Error::UnsupportedAlgorithm => unsupported_algorithm(peek, request.backends),
        Error::UnknownKey => unknown_key(case, peek),
        Error::AmbiguousKey => too_many_keys(case),
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
        Error::WrongType if request.profile == Profile::Id => kind::not_an_id_token(peek),
        Error::WrongType => kind::not_an_access_token(case, peek),
        Error::Unconfigured(Claim::Scope) if request.scope_claim.is_some() => vec![
            format!("It is not for scopes: --scope-claim {:?}.", request.scope_claim()),
            "Name a claim that has no other use, such as scp, and no empty --scope.".into(),
        ],
        Error::Unconfigured(claim) => {
            let option = match claim {
                Claim::Issuer => "--issuer",
                Claim::Scope => "--scope",
                Claim::Nonce => "--nonce",
                Claim::HttpMethod => "--method",
                Claim::HttpUri => "--uri",
                Claim::AccessTokenHash => "--access-token",
                _ => "--audience",
            };
            vec![format!("Name one with {option}: without an expected value, nothing is accepted.")]
        }
        Error::Mismatch(claim) => claims::mismatch(claim, case, peek),
        Error::Missing(claim) => claims::missing(claim, case, peek),
        // A valid date, but later than `exp`.
        Error::Invalid(Claim::IssuedAt) if peek.date("iat").is_some() => vec![
            format!("iat  {}", claimed(peek, "iat", case)),
            format!("exp  {}", claimed(peek, "exp", case)),
            "Nothing is issued after it expires: report it to the provider.".into(),
        ],
        Error::Invalid(claim) => claims::invalid(claim, case, peek),
        Error::ClockNotSet => vec!["Set the clock (NTP, RTC, GNSS) before any token is verified.".into()],
        Error::TimeUnknown => vec![
            format!("clock  {}", request.clock()),
            "Without a clock, nobody knows whether it has expired. Accept it all the same,".into(),
            match request.profile {
                Profile::Dpop => "if it has a nonce of the device (--nonce); or set the clock.",
                Profile::Id => "if it has the login's --nonce or a short life (--max-unproven-lifetime).",
                _ => "if it is short-lived (--max-unproven-lifetime); or set the clock.",
            }
            .into(),
        ],
        Error::Expired if !request.has_clock() => vec![
            format!("exp    {}", claimed(peek, "exp", case)),
            format!("nbf    {}", claimed(peek, "nbf", case)),
            format!("iat    {}", claimed(peek, "iat", case)),
            format!("clock  {}", request.clock()),
            "Refresh the token. If it is new, the floor is ahead, or exp is not after nbf".into(),
            "and iat: report that to the provider.".into(),
        ],
        Error::Expired => vec![
            format!("exp    {}", claimed(peek, "exp", case)),
            format!("clock  {}", request.clock()),
            "Refresh the token. If it is new, compare the clocks of issuer and device.".into(),
        ],
        Error::NotYetValid => vec![
            format!("nbf    {}", claimed(peek, "nbf", case)),
            format!("iat    {}", claimed(peek, "iat", case)),
            format!("clock  {}", request.clock()),
            "Compare the clocks of issuer and device; try again once it is time.".into(),
        ],
        Error::LifetimeTooLong => vec![
            format!("iat  {}", claimed(peek, "iat", case)),
            format!("exp  {}", claimed(peek, "exp", case)),
            "Make the provider issue shorter tokens, or allow more with".into(),
            if request.max_lifetime == request.longest_lifetime() {
                "--max-lifetime."
            } else {
                "--max-unproven-lifetime."
            }
            .into(),
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
            format!("token  cnf {}", printable(peek.claim("cnf"))),
            "It is for the holder of this key only, and a text proves nothing about who".into(),
            "sent it. Pass the proof that came with it (--proof, --method, --uri). On the".into(),
            "device: AccessTokenPolicy::with_dpop or with_certificate.".into(),
        ],
        Error::InsufficientScope => claims::insufficient_scope(case, peek),
        _ => vec!["See the documentation of this error.".into()],
    }
}

fn unsupported_algorithm(peek: &Peek, backends: Backends) -> Vec<String> {
    let alg = peek.alg();
    if alg.eq_ignore_ascii_case("none") {
        return vec!["The token is not signed: anyone can have written it. Do not act on it.".into()];
    }
    let accepted = names(backends);
    let mut lines = vec![format!("token     alg {}", printable(&format!("{alg:?}"))), format!("accepted  {accepted}")];
    if SOFTWARE.iter().any(|backend| algorithm(backend.algorithm()) == alg) {
        lines.push(format!("Switch the provider to {accepted} for this client, or give the device a backend for"));
        lines.push("the token's algorithm.".into());
        return lines;
    }
    lines.push("Switch the provider to ES256 or EdDSA for this client: by default, many sign".into());
    lines.push("with RS256.".into());
    if alg == "RS256" && !cfg!(feature = "rs256") {
        lines.push("If it offers nothing else, build with the feature rs256.".into());
    }
    lines
}

fn claimed(peek: &Peek, name: &str, case: &Case<'_>) -> String {
    peek.date(name).map_or_else(|| printable(peek.claim(name)), |secs| moment(secs, case.request.now))
}
