//! The answer: the report in its parts, for the script to lay out, and as the text that the example `verify` prints.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use embedded_jwt::Error;
use report::case::Case;
use report::check::{Check, Outcome};
use report::explain::Explanation;
use report::key_set::Keys;
use report::profile::Profile;
use report::request::Request;
use report::style::Style;
use report::text::Report;
use report::verification::{DEFAULT_BUFFER_LEN, verify};
use serde::Serialize;

use crate::question::Question;

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Report(Parts),
    /// Titles, and the fields of the form.
    Examples(Vec<(&'static str, Question)>),
    /// Why no report is possible.
    Problem(String),
}

#[derive(Serialize)]
struct Parts {
    accepted: bool,
    refusal: Option<Refusal>,
    advice: Vec<String>,
    checks: Vec<Row>,
    token: String,
    claims_heading: Option<&'static str>,
    /// Names and values.
    claims: Vec<(String, String)>,
    grant: String,
    text: String,
}

#[derive(Serialize)]
struct Row {
    outcome: &'static str,
    name: &'static str,
    rule: String,
    reference: &'static str,
}

#[derive(Serialize)]
struct Refusal {
    phrase: String,
    code: String,
    /// The error's name, with the meaning of its part, claim or reason.
    error: String,
    cause: String,
    remedy: String,
}

/// The answer to a question in JSON. An empty question asks for examples.
pub fn to(question: &[u8]) -> Vec<u8> {
    let answer = match question {
        [] => Ok(Answer::Examples(Question::examples().into())),
        _ => serde_json::from_slice(question)
            .map_err(|error| error.to_string())
            .and_then(|question| report(&question).map(Answer::Report)),
    };
    serde_json::to_vec(&answer.unwrap_or_else(Answer::Problem)).unwrap_or_default()
}

fn report(question: &Question) -> Result<Parts, String> {
    let request = question.request()?;
    let keys = match request.profile {
        Profile::Dpop => Keys::NONE,
        _ => keys(&question.jwks)?,
    };
    let (skipped, keys) = (keys.skipped(), keys.to_vec());
    let mut buf = vec![0; DEFAULT_BUFFER_LEN];
    let token = question.token.as_bytes();
    let verdict = verify(token, &keys, &request, &mut buf);
    let case = Case { token, keys: &keys, skipped, request: &request, buffer_len: DEFAULT_BUFFER_LEN };
    parts(&Report::new(&case, &verdict), &request).map_err(|error| error.to_string())
}

fn keys(jwks: &str) -> Result<Keys, String> {
    Keys::from_jwks(&mut jwks.as_bytes().to_vec())
        .map_err(|error| format!("the key set: {}", Keys::describe_refusal(jwks.as_bytes(), error)))
}

fn parts(report: &Report<'_>, request: &Request) -> Result<Parts, fmt::Error> {
    let row = |(check, outcome): (Check, Outcome)| Row {
        outcome: match outcome {
            Outcome::Ok => "ok",
            Outcome::Failed => "FAIL",
            Outcome::NotReached => "-",
        },
        name: check.name(),
        rule: check.rule(request),
        reference: check.reference(request),
    };
    let refusal = report.refusal().map(|refusal| Refusal::from(refusal.error));
    let mut parts = Parts {
        accepted: refusal.is_none(),
        refusal,
        advice: report.advice(),
        checks: report.checks().map(row).collect(),
        token: String::new(),
        claims_heading: report.claims_heading(),
        claims: report.claims().collect(),
        grant: String::new(),
        text: String::new(),
    };
    report.write_token(&mut parts.token)?;
    report.write_grant(&mut parts.grant)?;
    report.write(&mut parts.text, Style { color: false })?;
    Ok(parts)
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let explanation = Explanation::of(error.code());
        let [name, cause, remedy] = match explanation {
            Some(Explanation { error, cause, remedy, .. }) => [error, cause, remedy],
            None => [format!("{error:?}"), String::new(), String::new()],
        };
        Self { phrase: error.to_string(), code: format!("0x{:04X}", error.code()), error: name, cause, remedy }
    }
}
