//! Verifies tokens on a host and reports the checks: a demo, one token with a report, or a batch of them.
//!
//! Everything around the verification may allocate; the verification itself is the same as on a device.

mod args;
mod batch;
mod bundle;
mod demo;
mod print;

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use args::{Arguments, Command, Source, USAGE};
use embedded_jwt::{MAX_KEY_SET_LEN, MAX_TOKEN_LEN};
use lexopt::Parser;
use print::Language;
use report::case::Case;
use report::key_set::Keys;
use report::style::Style;
use report::text::Report;
use report::verification;

fn main() -> ExitCode {
    match args::parse(Parser::from_env()) {
        Ok(command) => run(command).unwrap_or_else(|error| fail(&*error, "")),
        Err(error) => fail(&*error, "usage: verify --jwks FILE --issuer ISS --audience AUD TOKEN|- (more: --help)\n"),
    }
}

/// Reports an error, with exit status 2: neither accepted nor refused.
fn fail(error: &dyn Error, hint: &str) -> ExitCode {
    // If stderr is closed, the exit status still reports the error.
    let _ = write!(io::stderr(), "verify: {error}\n{hint}");
    ExitCode::from(2)
}

fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    let mut stdout = io::stdout().lock();
    let good = match command {
        Command::Help => written(write!(stdout, "{USAGE}"), true)?,
        Command::Explain(text) => written(write!(stdout, "{text}"), true)?,
        Command::Print(jwks, language) => {
            let text = print_keys(&jwks, language).map_err(|error| format!("{}: {error}", jwks.display()))?;
            written(write!(stdout, "{text}"), true)?
        }
        Command::Demo(backends) => {
            demo::run(&mut stdout, style_for_stdout(), backends).or_else(|error| written(Err(error), true))?
        }
        Command::Batch(backends) => written(batch::run(io::stdin().lock(), &mut stdout, backends), true)?,
        Command::Verify(arguments) => verify_one(&mut stdout, &arguments)?,
    };
    let good = written(stdout.flush(), good)?;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Ignores a closed pipe: a reader that stops early, such as `head`, is not an error and does not change the verdict.
fn written(result: io::Result<()>, good: bool) -> io::Result<bool> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(good),
    }
}

/// Verifies a token and writes the report. Returns whether the token is accepted.
fn verify_one(out: &mut impl Write, arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let Arguments { jwks, request, buffer, token } = arguments;
    let keys = match jwks {
        Some(jwks) => read_keys(jwks).map_err(|error| format!("{}: {error}", jwks.display()))?.1,
        None => Keys::NONE,
    };
    let (skipped, keys) = (keys.skipped(), keys.to_vec());
    let from_stdin;
    let token = match token {
        Source::Given(token) => token,
        Source::Stdin => {
            from_stdin = read_token(io::stdin().lock()).map_err(|error| format!("stdin: {error}"))?;
            &from_stdin
        }
    };

    let mut buf = vec![0; *buffer];
    let verdict = verification::verify(token, &keys, request, &mut buf);
    let case = Case { token, keys: &keys, skipped, request, buffer_len: *buffer };
    let mut text = String::new();
    Report::new(&case, &verdict).write(&mut text, style_for_stdout())?;
    Ok(written(out.write_all(text.as_bytes()), verdict.is_ok())?)
}

/// Colors if stdout is a terminal, unless `NO_COLOR` asks for none (<https://no-color.org>).
fn style_for_stdout() -> Style {
    let asked_for_none = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Style { color: io::stdout().is_terminal() && !asked_for_none }
}

fn print_keys(path: &Path, language: Language) -> Result<String, Box<dyn Error>> {
    let (json, _) = read_keys(path)?;
    print::print(&json, language)
}

/// The text of a key set, and its keys.
fn read_keys(path: &Path) -> Result<(Vec<u8>, Keys), Box<dyn Error>> {
    let json = read_up_to(MAX_KEY_SET_LEN, File::open(path)?)?;
    let keys = Keys::from_jwks(&mut json.clone()).map_err(|error| Keys::describe_refusal(&json, error))?;
    Ok((json, keys))
}

/// Reads a token, without the one line end that a shell or an editor adds.
fn read_token(input: impl Read) -> io::Result<Vec<u8>> {
    let mut token = read_up_to(MAX_TOKEN_LEN + "\r\n".len(), input)?;
    if token.ends_with(b"\n") {
        token.pop();
        if token.ends_with(b"\r") {
            token.pop();
        }
    }
    Ok(token)
}

/// Reads at most one byte more than the limit, so that longer input is noticed, and endless input ends.
fn read_up_to(limit: usize, input: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
