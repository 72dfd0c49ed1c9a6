//! JSON lines in, JSON lines out: one answer a line, in the same order.

use std::io::{self, BufRead, Write};

use embedded_jwt::{Claim, Error, Part, UnixTime};
use report::key_set::Keys;
use report::profile::Profile;
use report::request::{Request, issued};
use report::verification::{self, Backends, DEFAULT_BUFFER_LEN};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    id: &'l RawValue,
    /// A DPoP proof needs no key set, issuer and audience: they have no effect on it.
    jwks: Option<&'l RawValue>,
    issuer: Option<String>,
    audience: Option<String>,
    now: i64,
    leeway: u64,
    profile: String,
    token: String,
    max_lifetime: Option<u64>,
    max_token_age: Option<u64>,
    max_age: Option<u64>,
    scope: Option<String>,
    scope_claim: Option<String>,
    nonce: Option<String>,
    access_token: Option<String>,
    method: Option<String>,
    uri: Option<String>,
}

#[derive(Serialize)]
struct Answer<'l> {
    id: &'l RawValue,
    verdict: &'static str,
    error: Option<String>,
    class: Option<&'static str>,
}

/// Answers every line, valid or not; an error means that reading or writing failed.
pub fn run(mut input: impl BufRead, mut output: impl Write, backends: Backends) -> io::Result<()> {
    let mut buf = vec![0; DEFAULT_BUFFER_LEN];
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        serde_json::to_writer(&mut output, &answer(&line, backends, &mut buf))?;
        output.write_all(b"\n")?;
        line.clear();
    }
    output.flush()
}

fn answer<'l>(line: &'l [u8], backends: Backends, buf: &mut [u8]) -> Answer<'l> {
    match validate(line, backends, buf) {
        Ok((id, Ok(()))) => Answer { id, verdict: "accept", error: None, class: None },
        Ok((id, Err(error))) => {
            Answer { id, verdict: "reject", error: Some(format!("{error:?}")), class: Some(class(error)) }
        }
        Err(reason) => Answer { id: id_of(line), verdict: "error", error: Some(reason), class: None },
    }
}

/// The verdict on a line's token, or the reason why the line cannot be understood.
fn validate<'l>(
    line: &'l [u8],
    backends: Backends,
    buf: &mut [u8],
) -> Result<(&'l RawValue, Result<(), Error>), String> {
    let line: Line<'_> = serde_json::from_str(object(line)?).map_err(|error| error.to_string())?;
    if line.jwks.is_some_and(|jwks| !jwks.get().starts_with('{')) {
        return Err("`jwks` is not an object".into());
    }
    let profile = Profile::named(&line.profile)?;
    let mut request = Request {
        leeway: Some(line.leeway),
        max_lifetime: line.max_lifetime,
        max_token_age: line.max_token_age,
        max_age: line.max_age,
        scopes: line.scope,
        scope_claim: line.scope_claim,
        dpop_nonces: issued(line.nonce.as_deref()),
        nonce: line.nonce,
        access_token: line.access_token.map(String::into_bytes),
        method: line.method,
        uri: line.uri,
        ..Request::new(backends, profile, UnixTime::from_secs(line.now).into())
    };
    request.check_profile()?;
    let mut jwks = Vec::new();
    if profile != Profile::Dpop {
        request.issuer = line.issuer.ok_or("missing field `issuer`")?;
        request.audience = line.audience.ok_or("missing field `audience`")?;
        jwks = line.jwks.ok_or("missing field `jwks`")?.get().as_bytes().to_vec();
    }
    Ok((line.id, verdict(jwks, line.token.as_bytes(), &request, buf)))
}

fn verdict(mut jwks: Vec<u8>, token: &[u8], request: &Request, buf: &mut [u8]) -> Result<(), Error> {
    let keys = if request.profile == Profile::Dpop { Keys::NONE } else { Keys::from_jwks(&mut jwks)? };
    verification::verify(token, &keys.to_vec(), request, buf).map(drop).map_err(|refusal| refusal.error)
}

/// The `id` of a line that is JSON, but not a request.
fn id_of(line: &[u8]) -> &RawValue {
    #[derive(Deserialize)]
    struct Id<'l> {
        #[serde(borrow)]
        id: Option<&'l RawValue>,
    }

    let line = object(line).ok().and_then(|line| serde_json::from_str(line).ok());
    line.and_then(|Id { id }| id).unwrap_or(RawValue::NULL)
}

/// The text of a line that begins as an object. `serde_json` would also read a struct from an array, and skips unused strings
/// without checking that they are UTF-8.
fn object(line: &[u8]) -> Result<&str, String> {
    let line = str::from_utf8(line).map_err(|error| format!("not UTF-8: {error}"))?;
    if line.trim_ascii_start().starts_with('{') { Ok(line) } else { Err("not an object".into()) }
}

/// The kind of refusal, coarser than the error.
fn class(error: Error) -> &'static str {
    match error {
        // If the key set cannot be read, no key is known.
        Error::TooLarge(Part::KeySet)
        | Error::Malformed(Part::KeySet)
        | Error::DuplicateName(Part::KeySet)
        | Error::TooDeep(Part::KeySet)
        | Error::TooManyMembers(Part::KeySet)
        | Error::TooManyKeys => "unknown-key",
        Error::BufferTooSmall | Error::TooLarge(_) => "too-large",
        Error::Malformed(_) | Error::DuplicateName(_) | Error::TooDeep(_) | Error::TooManyMembers(_) => "malformed",
        Error::CriticalHeader => "malformed",
        Error::UnsupportedAlgorithm => "unsupported-alg",
        Error::UnknownKey | Error::AmbiguousKey | Error::InvalidKey => "unknown-key",
        Error::InvalidSignature | Error::BackendUnavailable => "bad-signature",
        Error::WrongType => "wrong-type",
        Error::Mismatch(Claim::Issuer) | Error::Unconfigured(Claim::Issuer) => "wrong-issuer",
        Error::Mismatch(Claim::Audience) | Error::Unconfigured(Claim::Audience) => "wrong-audience",
        Error::Mismatch(Claim::AuthorizedParty) | Error::Missing(Claim::AuthorizedParty) => "wrong-audience",
        Error::Mismatch(Claim::Nonce) | Error::Missing(Claim::Nonce) | Error::Unconfigured(Claim::Nonce) => {
            "nonce-mismatch"
        }
        Error::Mismatch(Claim::AccessTokenHash | Claim::CodeHash)
        | Error::Missing(Claim::AccessTokenHash | Claim::CodeHash) => "hash-mismatch",
        Error::Missing(_) | Error::Invalid(_) | Error::Mismatch(_) | Error::Unconfigured(_) => "bad-claims",
        Error::InsufficientScope => "insufficient-scope",
        Error::SenderConstrained | Error::Deserialize(_) => "bad-claims",
        Error::Expired => "expired",
        Error::ClockNotSet | Error::NotYetValid => "not-yet-valid",
        Error::LifetimeTooLong | Error::TooOld | Error::ProofTooOld | Error::AuthenticationTooOld => "too-old",
        _ => "malformed",
    }
}
