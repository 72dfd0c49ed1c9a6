//! The policy for access tokens that would accept a refused token, found by trying the others.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use embedded_jwt::Error;

use crate::case::Case;
use crate::profile::Profile;
use crate::request::Request;
use crate::verification::verify;

/// Advice to use another policy, if one accepts the token, or refuses it for a fault that no policy can change.
pub fn other_policy(case: &Case<'_>) -> Option<Vec<String>> {
    if !case.request.profile.is_for_access_tokens() {
        return None;
    }
    let others = others(case.request);
    let answers: Vec<_> = others.iter().map(|request| refusal(case, request)).collect();
    let accepting = answers.iter().position(Option::is_none);
    let nearly = || answers.iter().position(|error| error.is_some_and(is_independent_of_the_policy));
    let chosen = accepting.or_else(nearly)?;
    let (request, left) = (others.get(chosen)?, answers.get(chosen)?);

    let mut lines = name(case.request, request);
    match left {
        None => push(&mut lines, "it accepts this token."),
        Some(error) => {
            push(&mut lines, "the next fault is then:");
            lines.push(format!("{error}."));
        }
    }
    if request.profile == Profile::Generic && case.request.profile != Profile::Generic {
        lines.extend(CAUTION.map(String::from));
    }
    Some(lines)
}

/// The same expectations under other policies: first with the same claim for scopes, the strictest policy first.
fn others(request: &Request) -> Vec<Request> {
    let with = |profile, scope_claim| Request { profile, scope_claim, ..request.clone() };
    let mut others = Vec::new();
    for profile in Profile::OF_ACCESS_TOKENS.into_iter().filter(|profile| *profile != request.profile) {
        others.push(with(profile, request.scope_claim.clone()));
    }
    // Which claim has the scopes matters only where some are required.
    if request.scopes.is_some() {
        let other_claim = (request.scope_claim() == "scope").then(|| "scp".to_owned());
        for profile in [request.profile].into_iter().chain(Profile::OF_ACCESS_TOKENS) {
            others.push(with(profile, other_claim.clone()));
        }
    }
    others
}

fn refusal(case: &Case<'_>, request: &Request) -> Option<Error> {
    verify(case.token, case.keys, request, &mut vec![0; case.buffer_len]).err().map(|refusal| refusal.error)
}

/// Whether an error is about the time or the sender, and comes after all that the policies differ in.
fn is_independent_of_the_policy(error: Error) -> bool {
    matches!(
        error,
        Error::Expired
            | Error::NotYetValid
            | Error::LifetimeTooLong
            | Error::TooOld
            | Error::AuthenticationTooOld
            | Error::SenderConstrained
    )
}

/// The other policy as code and as options, in one or two lines.
fn name(now: &Request, other: &Request) -> Vec<String> {
    let (policy, profile) = (other.profile.policy(), other.profile.name());
    let claim = other.scope_claim();
    let (code, option) = match claim {
        "scope" => ("the default claim for scopes".into(), "no --scope-claim".into()),
        _ => (format!("with_scope_claim({claim:?})"), format!("--scope-claim {claim}")),
    };
    match (now.profile == other.profile, now.scope_claim() == claim) {
        (false, true) => vec![format!("Use {policy} (--profile {profile}):")],
        (true, _) => vec![format!("Use {code} ({option}):")],
        (false, false) => vec![format!("Use {policy} and {code}"), format!("(--profile {profile}, {option}):")],
    }
}

fn push(lines: &mut [String], rest: &str) {
    if let Some(last) = lines.last_mut() {
        last.push(' ');
        last.push_str(rest);
    }
}

const CAUTION: [&str; 3] = [
    "Only if the issuer cannot mark its access tokens as at+jwt: an ID token then",
    "may differ in its audience alone. Let no client have this audience as its id,",
    "and require a scope (--scope).",
];
