//! Advice about a claim that is absent, wrong or not enough.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use embedded_jwt::Claim;

use super::other_policy::other_policy;
use crate::case::Case;
use crate::object::Json;
use crate::peek::Peek;
use crate::profile::Profile;
use crate::style::printable;

pub fn invalid(claim: Claim, case: &Case<'_>, peek: &Peek) -> Vec<String> {
    let profile = case.request.profile;
    let other = other_policy(case);
    let scope = case.request.scope_claim();
    if let (Claim::Scope, Profile::Access, Some(other)) = (claim, profile, &other)
        && peek.value(scope).is_some_and(Json::is_array)
    {
        return [&[format!("{scope} is an array, as Duende and Spring write it.")][..], other].concat();
    }
    let expected = match claim {
        Claim::Expiration | Claim::NotBefore | Claim::IssuedAt | Claim::AuthenticationTime => {
            "Dates are numbers of seconds, and fit 64 bits."
        }
        Claim::Confirmation => "It is an object with one of jkt and x5t#S256, a SHA-256 in base64url.",
        Claim::Audience | Claim::AuthenticationMethods => "It is a string or an array of strings.",
        Claim::Scope if profile != Profile::Access => "It is a string, or an array of strings without spaces.",
        _ => "It is one string, and not empty where it is required.",
    };
    let report = "Report it to the provider: a claim of the wrong type does not count as absent.";
    let lines = [report, expected].map(String::from).into_iter();
    lines.chain(other.into_iter().flatten()).collect()
}

pub fn insufficient_scope(case: &Case<'_>, peek: &Peek) -> Vec<String> {
    let claim = case.request.scope_claim();
    let lines = [
        format!("token     {claim} {}", printable(peek.claim(claim))),
        format!("required  {:?}", case.request.scopes.as_deref().unwrap_or_default()),
    ];
    let rest = other_policy(case)
        .unwrap_or_else(|| vec!["Ask the provider for a token with this scope; the user may lack the right.".into()]);
    lines.into_iter().chain(rest).collect()
}

pub fn missing(claim: Claim, case: &Case<'_>, peek: &Peek) -> Vec<String> {
    let is_access = case.request.profile.is_for_access_tokens();
    match claim {
        Claim::Audience if is_access && peek.value("token_use").is_some() => vec![
            "Amazon Cognito issues access tokens without aud: on the device, check the".into(),
            "client with AccessTokenPolicy::for_client, and require a scope.".into(),
        ],
        // RFC 9068 requires these claims of every token, and other policies do not.
        Claim::Subject | Claim::ClientId | Claim::IssuedAt | Claim::JwtId if is_access => match other_policy(case) {
            Some(other) => [&["Make the provider issue this claim, or do without it.".into()][..], &other].concat(),
            None => vec!["Make the provider issue this claim.".into()],
        },
        Claim::Confirmation => vec![
            "The token is bound to no key, so anyone who copied it could use it: have the".into(),
            "client get its token with DPoP, and the provider bind it.".into(),
        ],
        Claim::AuthorizedParty => vec![
            format!("aud  {}", printable(peek.claim("aud"))),
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

pub fn mismatch(claim: Claim, case: &Case<'_>, peek: &Peek) -> Vec<String> {
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
        Claim::Confirmation => {
            let is_certificate =
                peek.value("cnf").and_then(Json::object).is_some_and(|cnf| cnf.contains_key("x5t#S256"));
            let hint = if is_certificate {
                [
                    "The token is bound to a certificate, for mutual TLS, which a proof does not",
                    "show: on the device, AccessTokenPolicy::with_certificate, if that is all.",
                ]
            } else {
                [
                    "The token is bound to another key than the proof's: do not act on it. The",
                    "client must sign its proofs with the key that it got the token with.",
                ]
            };
            let found = format!("token  cnf {}", printable(peek.claim("cnf")));
            return [found].into_iter().chain(hint.map(String::from)).collect();
        }
        Claim::AccessTokenHash => {
            return vec![
                format!("at_hash  {}", printable(peek.claim("at_hash"))),
                "It belongs to another access token, or that token's text was changed: pass it".into(),
                "without scheme, quotes and line ends. If no token of a provider passes: the".into(),
                "hash is SHA-256 for ES256, SHA-512 for EdDSA, and its left half counts.".into(),
            ];
        }
        _ => return vec![format!("The token has another value for {claim:?} than expected.")],
    };
    compared("token", peek.claim(name), expected, hint)
}

/// Advice that shows a claim of a token or proof, and the value that it must have.
pub fn compared(of: &str, claim: &str, expected: &str, hint: &str) -> Vec<String> {
    vec![format!("{of:8}  {}", printable(claim)), format!("expected  {expected:?}"), hint.into()]
}
