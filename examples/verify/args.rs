//! The command line.

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use embedded_jwt::{EarliestTime, Now, UnixTime};
use lexopt::{Arg, Parser, ValueExt};
use report::explain::explain;
use report::profile::Profile;
use report::request::{Request, issued};
use report::verification::{Backends, DEFAULT_BUFFER_LEN, SOFTWARE, backends_named, only};

use crate::print::Language;

pub const USAGE: &str = "\
Verifies access tokens (RFC 9068), ID tokens (OpenID Connect Core) and DPoP
proofs (RFC 9449) that are JWTs signed with ES256 or EdDSA, or with RS256 if the
feature rs256 is built in.

usage: verify                  a demo with bundled tokens
       verify --batch          JSON lines from stdin, answers to stdout
       verify --jwks FILE --issuer ISS --audience AUD [OPTION]... TOKEN|-
       verify --explain CODE|NAME     what an error means
       verify --jwks FILE --print-rust|--print-c   its keys as source text
       verify --profile dpop --method M --uri U --access-token T
              [OPTION]... PROOF|-     a DPoP proof alone

example: cargo run --example verify -- --jwks jwks.json \\
         --issuer https://idp.example.com --audience urn:device:pump-7 \"$TOKEN\"

TOKEN is a compact JWT; - reads it from stdin and removes one line end.

  --jwks FILE           the issuer's JWK Set (16 usable keys at most)
  --issuer ISS          what iss must be
  --audience AUD        what aud must contain: the name of this device; for ID
                        tokens, the client id of this application
  --profile PROFILE     access: RFC 9068 in full (default)
                        typed or at_jwt: access tokens that are marked as such
                          (at+jwt), with iss, exp and aud, and scope as string
                          or array
                        generic or untyped: the same without this mark
                        id: ID tokens
                        dpop: a DPoP proof, without its access token
  --now SECS            the time, in seconds since 1970 (default: system clock)
  --floor SECS          in place of --now: the device has no clock, and it is
                        this time or later
  --leeway SECS         how far clocks may differ (default: 60)
  --max-lifetime SECS   the longest time from iat to exp
  --max-unproven-lifetime SECS
                        with --floor: the same of tokens that may have expired
  --max-token-age SECS  the longest time since iat
  --max-age SECS        the longest time since the user logged in
  --scope S             for access tokens: a scope that is required; may be
                        given several times
  --scope-claim C       for access tokens: the claim with the scopes, such as
                        scp (default: scope)
  --nonce N             for ID tokens and proofs: what nonce must be
  --proof P             for access tokens: the DPoP proof that came with it
  --access-token T      for ID tokens and proofs: the access token that at_hash
                        or ath must be the hash of
  --method M            for proofs: the method of the HTTP request
  --uri U               for proofs: the URI of the HTTP request, as the client
                        knows it
  --buffer BYTES        the memory for the token on the device (default: 16384)
  --alg ALG             the one algorithm that the device verifies, such as
                        ES256 (default: all that are built in)
  --backend BACKEND     verifies signatures, with --batch and in the demo too:
                        software (default), or ring, which needs a build with
                        --features ring
  --print-rust          prints the usable keys of the set as a static in Rust;
                        the macro key_set! reads the file itself
  --print-c             prints them as an array of ejwt_key in C
  -h, --help            this text

A line of the batch is a JSON object with id, jwks (an object), issuer,
audience, now, leeway, profile, token, and optionally max_lifetime,
max_token_age, max_age, scope (the required scopes, separated by spaces),
scope_claim, nonce and access_token. For the profile dpop, token is the proof;
method, uri and access_token are needed, and jwks, issuer and audience are not.
The answer has id, verdict (accept, reject, or error for a line that cannot be
understood), error and class.

Exit status: 0 accepted, 1 refused, 2 wrong usage or unreadable input.
";

pub enum Command {
    Help,
    /// The explanation of an error, to be printed.
    Explain(String),
    /// The keys of this file, to be printed as source text.
    Print(PathBuf, Language),
    Demo(Backends),
    Batch(Backends),
    Verify(Box<Arguments>),
}

pub struct Arguments {
    /// `None` for a DPoP proof, which brings its own key.
    pub jwks: Option<PathBuf>,
    pub request: Request,
    pub buffer: usize,
    pub token: Source,
}

pub enum Source {
    Given(Vec<u8>),
    Stdin,
}

/// Reads the command line. An error is a wrong usage, in one line.
pub fn parse(mut parser: Parser) -> Result<Command, Box<dyn Error>> {
    let (mut batch, mut others, mut explanation) = (false, false, None);
    let (mut language, mut options) = (None, 0);
    let (mut jwks, mut issuer, mut audience, mut profile) = (None, None, None, None);
    let (mut now, mut leeway, mut max_lifetime, mut max_token_age) = (None, None, None, None);
    let (mut max_age, mut nonce, mut access_token) = (None, None, None);
    let (mut scope_claim, mut method, mut uri, mut proof) = (None, None, None, None);
    let (mut floor, mut max_unproven_lifetime) = (None, None);
    let (mut alg, mut backends, mut buffer, mut token) = (None, None, None, None);
    let mut scopes: Vec<String> = Vec::new();

    while let Some(arg) = parser.next()? {
        options += 1;
        others |= !matches!(arg, Arg::Long("batch" | "backend" | "explain"));
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("batch") => batch = true,
            Arg::Long("explain") => once("--explain", &mut explanation, explain(&parser.value()?.string()?)?)?,
            Arg::Long("print-rust") => once("the language", &mut language, Language::Rust)?,
            Arg::Long("print-c") => once("the language", &mut language, Language::C)?,
            Arg::Long("jwks") => once("--jwks", &mut jwks, PathBuf::from(parser.value()?))?,
            Arg::Long("issuer") => once("--issuer", &mut issuer, parser.value()?.string()?)?,
            Arg::Long("audience") => once("--audience", &mut audience, parser.value()?.string()?)?,
            Arg::Long("profile") => once("--profile", &mut profile, Profile::named(&parser.value()?.string()?)?)?,
            Arg::Long("now") => once("--now", &mut now, number("--now", parser.value()?)?)?,
            Arg::Long("floor") => once("--floor", &mut floor, number("--floor", parser.value()?)?)?,
            Arg::Long("leeway") => once("--leeway", &mut leeway, number("--leeway", parser.value()?)?)?,
            Arg::Long("max-lifetime") => {
                once("--max-lifetime", &mut max_lifetime, number("--max-lifetime", parser.value()?)?)?;
            }
            Arg::Long("max-unproven-lifetime") => {
                let secs = number("--max-unproven-lifetime", parser.value()?)?;
                once("--max-unproven-lifetime", &mut max_unproven_lifetime, secs)?;
            }
            Arg::Long("max-token-age") => {
                once("--max-token-age", &mut max_token_age, number("--max-token-age", parser.value()?)?)?;
            }
            Arg::Long("max-age") => once("--max-age", &mut max_age, number("--max-age", parser.value()?)?)?,
            Arg::Long("scope") => scopes.push(scope(parser.value()?.string()?)?),
            Arg::Long("scope-claim") => once("--scope-claim", &mut scope_claim, parser.value()?.string()?)?,
            Arg::Long("method") => once("--method", &mut method, parser.value()?.string()?)?,
            Arg::Long("uri") => once("--uri", &mut uri, parser.value()?.string()?)?,
            Arg::Long("nonce") => once("--nonce", &mut nonce, parser.value()?.string()?)?,
            Arg::Long("access-token") => {
                once("--access-token", &mut access_token, other_token("--access-token", parser.value()?)?)?;
            }
            Arg::Long("proof") => once("--proof", &mut proof, other_token("--proof", parser.value()?)?)?,
            Arg::Long("backend") => {
                once("--backend", &mut backends, backends_named(&parser.value()?.string()?)?)?;
            }
            Arg::Long("alg") => once("--alg", &mut alg, parser.value()?.string()?)?,
            Arg::Long("buffer") => once("--buffer", &mut buffer, buffer_len(parser.value()?)?)?,
            Arg::Value(value) => once("TOKEN", &mut token, source(value))?,
            arg => return Err(arg.unexpected().into()),
        }
    }

    if let Some(text) = explanation {
        return if batch || others || backends.is_some() {
            Err("--explain stands alone".into())
        } else {
            Ok(Command::Explain(text.to_string()))
        };
    }
    if let Some(language) = language {
        return match jwks {
            Some(jwks) if options == 2 => Ok(Command::Print(jwks, language)),
            _ => Err("--print-rust and --print-c take --jwks, and nothing else".into()),
        };
    }
    let backends = backends.unwrap_or(SOFTWARE);
    match (batch, others) {
        (true, true) => return Err("--batch stands alone".into()),
        (true, false) => return Ok(Command::Batch(backends)),
        (false, false) => return Ok(Command::Demo(backends)),
        (false, true) => {}
    }
    let backends = alg.map_or(Ok(backends), |alg| only(&alg, backends))?;
    let profile = profile.unwrap_or(Profile::Access);
    let now = match (now, floor) {
        (Some(_), Some(_)) => return Err("--floor is for a device without a clock, and takes no --now".into()),
        (None, Some(floor)) => Now::AtLeast(EarliestTime::from_secs(floor)),
        (now, None) => Now::Exact(UnixTime::from_secs(now.unwrap_or_else(system_clock))),
    };
    let mut request = Request {
        leeway,
        max_lifetime,
        max_token_age,
        max_unproven_lifetime,
        max_age,
        scopes: (!scopes.is_empty()).then(|| scopes.join(" ")),
        scope_claim,
        dpop_nonces: issued(nonce.as_deref()),
        nonce,
        access_token,
        method,
        uri,
        proof,
        ..Request::new(backends, profile, now)
    };
    request.check_profile()?;
    if profile == Profile::Dpop {
        let given = [("--jwks", jwks.is_some()), ("--issuer", issuer.is_some()), ("--audience", audience.is_some())];
        if let Some((option, _)) = given.iter().find(|(_, is_given)| *is_given) {
            return Err(format!("{option} is not for the profile dpop, which does not check it").into());
        }
    } else {
        request.issuer = issuer.ok_or("--issuer is missing")?;
        request.audience = audience.ok_or("--audience is missing")?;
        jwks.as_ref().ok_or("--jwks is missing")?;
    }
    Ok(Command::Verify(Box::new(Arguments {
        jwks,
        request,
        buffer: buffer.unwrap_or(DEFAULT_BUFFER_LEN),
        token: token.ok_or("TOKEN is missing")?,
    })))
}

/// Sets an option. Setting it twice is an error: a verifier must not guess which value was meant.
fn once<T>(name: &str, option: &mut Option<T>, value: T) -> Result<(), String> {
    match option.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("{name} is given twice")),
    }
}

fn number<T: FromStr>(name: &str, value: OsString) -> Result<T, String> {
    let number = value.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| format!("{name} takes a whole number in range, not {value:?}"))
}

fn buffer_len(value: OsString) -> Result<usize, String> {
    match number("--buffer", value)? {
        len @ ..=MAX_BUFFER_LEN => Ok(len),
        _ => Err(format!("--buffer takes {MAX_BUFFER_LEN} bytes at most")),
    }
}

/// Reads a scope. An empty one is refused, since it would silently require nothing.
fn scope(value: String) -> Result<String, &'static str> {
    if value.trim_matches(' ').is_empty() { Err("--scope is empty") } else { Ok(value) }
}

/// Reads the access token of a proof, or the proof of an access token. An empty one is refused: it is a variable that was
/// never set.
fn other_token(name: &str, value: OsString) -> Result<Vec<u8>, String> {
    if value.is_empty() { Err(format!("{name} is empty")) } else { Ok(value.into_encoded_bytes()) }
}

/// Reads the token as bytes: the verifier checks its form.
fn source(value: OsString) -> Source {
    if value == "-" { Source::Stdin } else { Source::Given(value.into_encoded_bytes()) }
}

/// The system clock. A clock before 1970, or beyond the range of `UnixTime`, was never set: it reads as 0, which the
/// crate refuses.
fn system_clock() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_secs()).unwrap_or_default()
}

/// More than the longest token needs, including unescaped strings.
const MAX_BUFFER_LEN: usize = 1024 * 1024;
