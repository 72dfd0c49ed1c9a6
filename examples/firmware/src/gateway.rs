//! What a small gateway does with a request line: who may read the pump, who may set it.
//!
//! A request is one line: `GET /pump Authorization: Bearer eyJ...`, the answer too: a status, and the challenge of
//! [RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3) where there is one.

use embedded_jwt::{Error, Issuer, Token, UnixTime};

use crate::trust::POLICY;

/// Longest request line, in bytes: a token of 2 KiB and what stands around it.
pub const MAX_LINE: usize = 2304;

pub struct Gateway<'a> {
    pub issuer: Issuer<'a>,
    /// Three quarters of [`MAX_LINE`] take the payload of every token that fits a line.
    pub buf: &'a mut [u8],
}

impl Gateway<'_> {
    /// Answers one request, without its line end.
    pub fn answer(&mut self, line: &[u8], now: UnixTime) -> &'static str {
        let Ok(line) = str::from_utf8(line) else { return BAD_REQUEST };
        let mut words = line.splitn(3, ' ');
        let (Some(method), Some(path)) = (words.next(), words.next()) else { return BAD_REQUEST };
        let scope = match (method, path) {
            ("GET", "/pump") => "pump:read",
            ("POST", "/pump") => "pump:write",
            (_, "/pump") => return METHOD_NOT_ALLOWED,
            _ => return NOT_FOUND,
        };
        let Some(bearer) = words.next().and_then(bearer) else { return NO_CREDENTIALS };
        match self.authorize(bearer, scope, now) {
            Ok(()) => OK,
            Err(Error::InsufficientScope) => INSUFFICIENT_SCOPE,
            // Why a token is refused is for the log; whoever sent it learns no more than this.
            Err(_) => INVALID_TOKEN,
        }
    }

    fn authorize(&mut self, bearer: &str, scope: &str, now: UnixTime) -> Result<(), Error> {
        let verified = Token::parse(bearer)?.verify(&self.issuer, self.buf)?;
        verified.into_access_token(&POLICY.with_required_scope(scope), now).map(|_| ())
    }
}

/// The token of an `Authorization` header, whose name and scheme are case-insensitive
/// ([RFC 9110 sections 5.1 and 11.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.1)).
fn bearer(header: &str) -> Option<&str> {
    let (name, value) = header.split_once(':')?;
    let (scheme, token) = value.trim_matches(' ').split_once(' ')?;
    let is_bearer = name.eq_ignore_ascii_case("authorization") && scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then_some(token.trim_start_matches(' '))
}

pub const OK: &str = "200 OK";
pub const BAD_REQUEST: &str = "400 Bad Request";
pub const NO_CREDENTIALS: &str = "401 Unauthorized; WWW-Authenticate: Bearer realm=\"pump\"";
pub const INVALID_TOKEN: &str = "401 Unauthorized; WWW-Authenticate: Bearer realm=\"pump\", error=\"invalid_token\"";
pub const INSUFFICIENT_SCOPE: &str =
    "403 Forbidden; WWW-Authenticate: Bearer realm=\"pump\", error=\"insufficient_scope\"";
pub const NOT_FOUND: &str = "404 Not Found";
pub const METHOD_NOT_ALLOWED: &str = "405 Method Not Allowed";
pub const TOO_LONG: &str = "431 Request Header Fields Too Large";
