//! The report on one token: its contents, the checks that it passed, and what to do next.

use std::io::{self, Write};

use embedded_jwt::{Error, PublicKey, Token};
use serde_json::Value;

use crate::advice::advice;
use crate::check::{Check, Outcome};
use crate::keys::{describe, fitting, verifying};
use crate::peek::{Peek, whole_secs};
use crate::profile::Profile;
use crate::request::Request;
use crate::style::{Style, printable};
use crate::times::{date, moment};
use crate::verification::{Accepted, Refusal};

/// A token and the inputs of its verification.
pub struct Case<'a> {
    pub token: &'a [u8],
    pub keys: &'a [PublicKey<'a>],
    /// The number of the issuer's keys that cannot be used.
    pub skipped: usize,
    pub request: &'a Request,
    pub buffer_len: usize,
}

pub fn write(
    out: &mut impl Write,
    style: Style,
    case: &Case<'_>,
    verdict: &Result<Accepted<'_>, Refusal>,
) -> io::Result<()> {
    let peek = Peek::at(case.token);
    let refusal = verdict.as_ref().err().copied();

    writeln!(out, "{}", style.heading("token"))?;
    write_token(out, case, &peek, refusal)?;
    writeln!(out, "{}", style.heading("checks"))?;
    write_checks(out, style, case.request, &peek, refusal)?;
    write_claims(out, style, case, &peek, refusal)?;
    write_verdict(out, style, case, &peek, verdict)
}

/// Writes the report in a few lines.
pub fn write_brief(
    out: &mut impl Write,
    style: Style,
    case: &Case<'_>,
    verdict: &Result<Accepted<'_>, Refusal>,
) -> io::Result<()> {
    let peek = &Peek::at(case.token);
    let refusal = verdict.as_ref().err().copied();
    let checks: Vec<_> = Check::of(case.request).collect();
    let with = |outcome| checks.iter().filter(move |check| check.outcome(case.request, peek, refusal) == outcome);

    write_header(out, case, peek, refusal)?;
    write!(out, "  checks  {} of {} {}", with(Outcome::Ok).count(), checks.len(), style.good("ok"))?;
    for failed in with(Outcome::Failed) {
        write!(out, ", {} {}: {}", style.bad("FAIL"), failed.name(), failed.rule(case.request))?;
    }
    writeln!(out)?;
    write_verdict(out, style, case, peek, verdict)
}

fn write_verdict(
    out: &mut impl Write,
    style: Style,
    case: &Case<'_>,
    peek: &Peek,
    verdict: &Result<Accepted<'_>, Refusal>,
) -> io::Result<()> {
    match verdict {
        Ok(token) => {
            writeln!(out, "{}", style.good("ACCEPTED"))?;
            write_grant(out, case.request, token)
        }
        Err(refusal) => {
            writeln!(out, "{}", style.bad("REFUSED"))?;
            write_error(out, refusal.error)?;
            writeln!(out, "{}", style.heading("what to do next"))?;
            advice(*refusal, case, peek).iter().try_for_each(|line| writeln!(out, "  {line}"))
        }
    }
}

fn write_token(out: &mut impl Write, case: &Case<'_>, peek: &Peek, refusal: Option<Refusal>) -> io::Result<()> {
    let (now, leeway) = (case.request.now.as_secs(), case.request.leeway_secs());
    writeln!(out, "  clock   {} (leeway {leeway} s)", date(now))?;
    write!(out, "  size    {} bytes", case.token.len())?;
    match Token::parse(case.token) {
        Ok(token) => writeln!(out, "; needs {} bytes of buffer (has {})", token.buffer_len(), case.buffer_len)?,
        Err(_) => writeln!(out)?,
    }
    write_header(out, case, peek, refusal)
}

/// Writes the fields of the header, and the key that they choose.
fn write_header(out: &mut impl Write, case: &Case<'_>, peek: &Peek, refusal: Option<Refusal>) -> io::Result<()> {
    match &peek.header {
        Ok(header) => {
            let [alg, kid, typ] = [Some(&header.alg), header.kid.as_ref(), header.typ.as_ref()]
                .map(|text| printable(&quoted(text.map(String::as_str))));
            writeln!(out, "  header  alg {alg}, kid {kid}, typ {typ}")?;
        }
        Err(error) => writeln!(out, "  header  cannot be read: {error}")?,
    }
    if case.request.profile == Profile::Dpop {
        return writeln!(out, "  key     the one in the header (jwk)");
    }
    let outcome = |check: Check| check.outcome(case.request, peek, refusal);
    let chosen = match outcome(Check::Key) {
        Outcome::Ok => chosen_key(case, outcome(Check::Signature) == Outcome::Ok),
        _ => "none chosen".into(),
    };
    let usable = case.keys.len();
    writeln!(out, "  key     {chosen}; the issuer has {usable} usable, {} skipped", case.skipped)
}

fn chosen_key(case: &Case<'_>, is_verified: bool) -> String {
    let fitting = fitting(case);
    let verifying = is_verified.then(|| verifying(case, &fitting)).flatten();
    match (verifying, fitting.as_slice()) {
        (Some(key), _) => describe(key),
        (None, [key]) => describe(key),
        (None, several) => format!("none of {} that fit", several.len()),
    }
}

fn write_checks(
    out: &mut impl Write,
    style: Style,
    request: &Request,
    peek: &Peek,
    refusal: Option<Refusal>,
) -> io::Result<()> {
    for check in Check::of(request) {
        let line = format!("{:10}  {:43} {}", check.name(), check.rule(request), check.reference(request));
        match check.outcome(request, peek, refusal) {
            Outcome::Ok => writeln!(out, "  {}   {line}", style.good("ok"))?,
            Outcome::Failed => writeln!(out, "  {} {line}", style.bad("FAIL"))?,
            Outcome::NotReached => writeln!(out, "  {}", style.faint(&format!("-    {line}")))?,
        }
    }
    Ok(())
}

fn write_claims(
    out: &mut impl Write,
    style: Style,
    case: &Case<'_>,
    peek: &Peek,
    refusal: Option<Refusal>,
) -> io::Result<()> {
    let Some(claims) = &peek.claims else { return Ok(()) };
    let heading = match (refusal, Check::Signature.outcome(case.request, peek, refusal)) {
        (None, _) => "claims",
        (Some(_), Outcome::Ok) => "claims (signed by this key, but refused)",
        (Some(_), _) => "claims (not verified: anyone can have written them)",
    };
    writeln!(out, "{}", style.heading(heading))?;
    for (name, value) in claims {
        let (name, text) = (printable(name), printable(&value.to_string()));
        match when(&name, value) {
            Some(secs) => writeln!(out, "  {name:10} {text} ({})", moment(secs, case.request.now))?,
            None => writeln!(out, "  {name:10} {text}")?,
        }
    }
    Ok(())
}

/// The time in a registered claim that is a date.
fn when(name: &str, value: &Value) -> Option<i64> {
    matches!(name, "exp" | "nbf" | "iat" | "auth_time").then(|| whole_secs(value)).flatten()
}

/// Writes the error's phrase, and the names to look it up by, in two lines if one is too long.
fn write_error(out: &mut impl Write, error: Error) -> io::Result<()> {
    let (phrase, name) = (error.to_string(), format!("[{error:?}, code {:#06x}]", error.code()));
    let space = if phrase.len() + name.len() + "   ".len() > COLUMNS { "\n  " } else { " " };
    writeln!(out, "  {phrase}{space}{name}")
}

/// Writes the results for the device or the application, all of them from the accepted token.
fn write_grant(out: &mut impl Write, request: &Request, token: &Accepted<'_>) -> io::Result<()> {
    match token {
        Accepted::Access(token) => {
            writeln!(out, "  subject  {}", quoted(token.subject()))?;
            writeln!(out, "  client   {}", quoted(token.client_id()))?;
            writeln!(out, "  scopes   {:?}", token.scopes().collect::<Vec<_>>())
        }
        Accepted::Dpop(proof) => {
            writeln!(out, "  key      {}", proof.thumbprint())?;
            writeln!(out, "  proof    {}", quoted(Some(proof.jwt_id())))?;
            writeln!(out, "  made     {}", moment(proof.issued_at().as_secs(), request.now))?;
            writeln!(out, "  usable   before {}", moment(proof.usable_until().as_secs(), request.now))?;
            writeln!(out, "It shows who has this key, and no more. AccessTokenPolicy::with_dpop checks that")?;
            writeln!(out, "the access token is bound to it (cnf.jkt), and that it was not used before.")
        }
        Accepted::Id(token) => {
            let login = token.authenticated_at().map(|time| moment(time.as_secs(), request.now));
            writeln!(out, "  subject  {}", quoted(token.subject()))?;
            writeln!(out, "  login    {}", login.unwrap_or("absent".into()))?;
            writeln!(out, "  acr      {}", quoted(token.acr()))?;
            writeln!(out, "  amr      {:?}", token.amr())
        }
    }
}

fn quoted(text: Option<&str>) -> String {
    text.map_or("absent".into(), |text| format!("{text:?}"))
}

/// The default width of a terminal.
const COLUMNS: usize = 80;
