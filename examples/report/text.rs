//! The report as text of 80 columns, and its sections one by one.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};

use embedded_jwt::{Error, Token};

use crate::advice::advice;
use crate::case::Case;
use crate::check::{Check, Outcome};
use crate::keys::{describe, fitting, verifying};
use crate::object::{Json, Object};
use crate::peek::Peek;
use crate::profile::Profile;
use crate::request::Request;
use crate::style::{Style, printable};
use crate::times::moment;
use crate::verification::{Accepted, Refusal};

pub struct Report<'a> {
    case: &'a Case<'a>,
    peek: Peek,
    verdict: &'a Result<Accepted<'a>, Refusal>,
}

impl<'a> Report<'a> {
    pub fn new(case: &'a Case<'a>, verdict: &'a Result<Accepted<'a>, Refusal>) -> Self {
        Self { case, peek: Peek::at(case.token), verdict }
    }

    /// Writes the whole report.
    pub fn write(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        writeln!(out, "{}", style.heading("token"))?;
        self.write_token(out)?;
        writeln!(out, "{}", style.heading("checks"))?;
        self.write_checks(out, style)?;
        if let Some(heading) = self.claims_heading() {
            writeln!(out, "{}", style.heading(heading))?;
            self.write_claims(out)?;
        }
        self.write_verdict(out, style)
    }

    /// Writes the report in a few lines.
    pub fn write_brief(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let checks: Vec<_> = self.checks().collect();
        let with = |outcome| checks.iter().filter(move |(_, other)| *other == outcome);

        self.write_header(out)?;
        write!(out, "  checks  {} of {} {}", with(Outcome::Ok).count(), checks.len(), style.good("ok"))?;
        for (failed, _) in with(Outcome::Failed) {
            write!(out, ", {} {}: {}", style.bad("FAIL"), failed.name(), failed.rule(self.case.request))?;
        }
        writeln!(out)?;
        self.write_verdict(out, style)
    }

    fn write_verdict(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let Some(refusal) = self.refusal() else {
            writeln!(out, "{}", style.good("ACCEPTED"))?;
            return self.write_grant(out);
        };
        writeln!(out, "{}", style.bad("REFUSED"))?;
        write_error(out, refusal.error)?;
        writeln!(out, "{}", style.heading("what to do next"))?;
        self.advice().iter().try_for_each(|line| writeln!(out, "  {line}"))
    }

    pub fn refusal(&self) -> Option<Refusal> {
        self.verdict.as_ref().err().copied()
    }

    /// The lines of advice about the refusal. None if the token is accepted.
    pub fn advice(&self) -> Vec<String> {
        self.refusal().map(|refusal| advice(refusal, self.case, &self.peek)).unwrap_or_default()
    }

    /// The checks that the request asks for, in order.
    pub fn checks(&self) -> impl Iterator<Item = (Check, Outcome)> {
        Check::of(self.case.request).map(|check| (check, self.outcome(check)))
    }

    fn outcome(&self, check: Check) -> Outcome {
        check.outcome(self.case.request, &self.peek, self.refusal())
    }

    /// Writes clock, size, header and key.
    pub fn write_token(&self, out: &mut dyn Write) -> fmt::Result {
        let Case { token, request, buffer_len, .. } = self.case;
        writeln!(out, "  clock   {}", request.clock())?;
        write!(out, "  size    {} bytes", token.len())?;
        match Token::parse(*token) {
            Ok(token) => writeln!(out, "; needs {} bytes of buffer (has {buffer_len})", token.buffer_len())?,
            Err(_) => writeln!(out)?,
        }
        self.write_header(out)
    }

    /// Writes the fields of the header, and the key that they choose.
    fn write_header(&self, out: &mut dyn Write) -> fmt::Result {
        match &self.peek.header {
            Ok(header) => {
                let [alg, kid, typ] = [Some(&header.alg), header.kid.as_ref(), header.typ.as_ref()]
                    .map(|text| printable(&quoted(text.map(String::as_str))));
                writeln!(out, "  header  alg {alg}, kid {kid}, typ {typ}")?;
            }
            Err(error) => writeln!(out, "  header  cannot be read: {error}")?,
        }
        if self.case.request.profile == Profile::Dpop {
            return writeln!(out, "  key     the one in the header (jwk)");
        }
        let chosen = match self.outcome(Check::Key) {
            Outcome::Ok => self.chosen_key(),
            _ => "none chosen".into(),
        };
        let (usable, skipped) = (self.case.keys.len(), self.case.skipped);
        writeln!(out, "  key     {chosen}; the issuer has {usable} usable, {skipped} skipped")
    }

    fn chosen_key(&self) -> String {
        let fitting = fitting(self.case);
        let is_verified = self.outcome(Check::Signature) == Outcome::Ok;
        let verifying = is_verified.then(|| verifying(self.case, &fitting)).flatten();
        match (verifying, fitting.as_slice()) {
            (Some(key), _) => describe(key),
            (None, [key]) => describe(key),
            (None, several) => format!("none of {} that fit", several.len()),
        }
    }

    fn write_checks(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let request = self.case.request;
        let mut is_ended = false;
        for (check, outcome) in self.checks() {
            is_ended |= outcome == Outcome::NotReached;
            let line = format!("{:10}  {:43} {}", check.name(), check.rule(request), check.reference(request));
            match outcome {
                Outcome::Ok => writeln!(out, "  {}   {line}", style.good("ok"))?,
                Outcome::Failed => writeln!(out, "  {} {line}", style.bad("FAIL"))?,
                Outcome::NotReached => writeln!(out, "  {}", style.faint(&format!("-    {line}")))?,
            }
        }
        if is_ended { writeln!(out, "  {}", style.faint(UNREACHED)) } else { Ok(()) }
    }

    /// The heading of the claims. It says how far they can be trusted. `None` if the payload cannot be read.
    pub fn claims_heading(&self) -> Option<&'static str> {
        self.peek.claims.as_ref()?;
        Some(match (self.refusal(), self.outcome(Check::Signature)) {
            (None, _) => "claims",
            (Some(_), Outcome::Ok) => "claims (signed by this key, but refused)",
            (Some(_), _) => "claims (not verified: anyone can have written them)",
        })
    }

    fn write_claims(&self, out: &mut dyn Write) -> fmt::Result {
        self.claims().try_for_each(|(name, value)| writeln!(out, "  {name:10} {value}"))
    }

    /// The name and the value of each claim, in the order of the payload.
    pub fn claims(&self) -> impl Iterator<Item = (String, String)> {
        let claims = self.peek.claims.iter().flat_map(Object::iter);
        claims.map(|(name, value)| {
            let text = printable(value.text());
            let text = match when(name, value) {
                Some(secs) => format!("{text} ({})", moment(secs, self.case.request.now)),
                None => text,
            };
            (printable(name), text)
        })
    }

    /// Writes the results for the device or the application, all of them from the accepted token. Nothing if it is refused.
    pub fn write_grant(&self, out: &mut dyn Write) -> fmt::Result {
        match self.verdict {
            Ok(token) => write_grant(out, self.case.request, token),
            Err(_) => Ok(()),
        }
    }
}

/// The time in a registered claim that is a date.
fn when(name: &str, value: &Json) -> Option<i64> {
    matches!(name, "exp" | "nbf" | "iat" | "auth_time").then(|| value.whole_secs()).flatten()
}

/// Writes the error's phrase, and the names to look it up by, in two lines if one is too long.
fn write_error(out: &mut dyn Write, error: Error) -> fmt::Result {
    let (phrase, name) = (error.to_string(), format!("[{error:?}, code {:#06x}]", error.code()));
    let space = if phrase.len() + name.len() + "   ".len() > COLUMNS { "\n  " } else { " " };
    writeln!(out, "  {phrase}{space}{name}")
}

/// Writes the results for the device or the application, all of them from the accepted token.
fn write_grant(out: &mut dyn Write, request: &Request, token: &Accepted<'_>) -> fmt::Result {
    match token {
        Accepted::Access(token) => {
            writeln!(out, "  subject  {}", quoted(token.subject()))?;
            writeln!(out, "  client   {}", quoted(token.client_id()))?;
            writeln!(out, "  scopes   {:?}", token.scopes().collect::<Vec<_>>())?;
            writeln!(out, "Only the device checks your own claims, revocations and single use.")
        }
        Accepted::Dpop(proof) => {
            writeln!(out, "  key      {}", proof.thumbprint())?;
            writeln!(out, "  proof    {}", quoted(Some(proof.jwt_id())))?;
            writeln!(out, "  made     {}", moment(proof.issued_at().as_secs(), request.now))?;
            if request.has_clock() {
                writeln!(out, "  usable   before {}", moment(proof.usable_until().as_secs(), request.now))?;
            } else {
                writeln!(out, "  usable   once, which withdraws its nonce")?;
            }
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

const UNREACHED: &str = "- is not reached: the first failure ends the checks";
/// The default width of a terminal.
const COLUMNS: usize = 80;
