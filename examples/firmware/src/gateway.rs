//! A small gateway that answers request lines: to read the pump, to set it, to open the valve, and to log out.
//!
//! A request is one line: `GET /pump Authorization: Bearer eyJ...`. So is the answer: a status, and the challenge of
//! [RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3) if there is one.

use core::cell::RefCell;
use core::hint::black_box;

use embedded_jwt::{Error, Issuer, Now, ReplayCheck, Token, twice};
use embedded_storage::nor_flash::NorFlash;

use crate::action::{Action, NoAction};
use crate::memory::Memory;

/// The longest request line, in bytes: a token of 2 KiB and the text around it.
pub const MAX_LINE: usize = 2304;

pub struct Gateway<'a, F> {
    pub issuer: Issuer<'a>,
    pub memory: Memory<'a, F>,
    /// Three quarters of [`MAX_LINE`] hold the payload of every token that fits a line.
    pub buf: &'a mut [u8],
}

impl<F: NorFlash> Gateway<'_, F> {
    /// Answers one request, without its line end.
    pub fn answer(&mut self, line: &[u8]) -> &'static str {
        let answer = match request(line) {
            Ok((Action::ReadPump, bearer)) => self.read(bearer),
            Ok(_) => self.act(line),
            Err(status) => return status,
        };
        match answer {
            Ok(answer) => answer,
            Err(Error::InsufficientScope) => INSUFFICIENT_SCOPE,
            Err(Error::ShareFull) => TOO_MANY_REQUESTS,
            // The device cannot decide, whatever the token is.
            Err(Error::Full | Error::NotOpened | Error::BackendUnavailable | Error::Disturbed) => UNAVAILABLE,
            // The reason for a refusal is for the log; the client learns only this.
            Err(_) => INVALID_TOKEN,
        }
    }

    /// Nothing moves when the pump is read: one check is enough, and a cached signature need not be verified again.
    fn read(&mut self, bearer: &str) -> Result<&'static str, Error> {
        let policy = Action::ReadPump.policy(self.memory.stores);
        let token = Token::parse(bearer)?
            .verify_cached(&self.issuer, &self.memory.signatures, self.buf)?
            .into_access_token(&policy, self.memory.now())?;
        self.memory.learn(&token);
        Ok(OK)
    }

    /// Checks everything twice, from the request line on, and then acts. Both checks only look at the stores. The act
    /// looks once more if it needs the token's claims: to revoke it, or without a clock, to learn the time from it.
    fn act(&mut self, line: &[u8]) -> Result<&'static str, Error> {
        let Self { issuer, memory, buf } = self;
        let (stores, now, buf) = (memory.stores, memory.now(), RefCell::new(buf));
        let check = || {
            let mut buf = buf.borrow_mut();
            let (action, token) = action_and_token(line)?;
            let digests = stores.digests(&mut buf)?;
            let pending = token.verify(issuer, &mut buf)?.validate_access_token(&action.policy(stores), now)?;
            Ok((action, pending.single_use(), digests))
        };
        twice(check, |(action, id, _)| {
            let (mut buf, policy) = (buf.borrow_mut(), action.policy(stores));
            let pending = if action == Action::LogOut || matches!(now, Now::AtLeast(_)) {
                Some(action_and_token(line)?.1.verify(issuer, &mut buf)?.validate_access_token(&policy, now)?)
            } else {
                None
            };
            if let Some(pending) = &pending {
                // Before the token is consumed: used ids are over when the floor has passed them.
                memory.learn(pending);
            }
            match (action, id, pending) {
                // A fault may have led here from another action, so it is compared once more.
                (Action::SetPump, None, _) if black_box(action) == Action::SetPump => Ok(OK),
                (Action::OpenValve, Some(id), _) => {
                    stores.used.use_once(id, now)?;
                    // A fault may have skipped this, so that the token could be used again.
                    if stores.used.check_unused(&[id], now) != Err(Error::Replayed) {
                        return Err(Error::Disturbed);
                    }
                    // Before the valve opens, the device must know also after a power cut that the token was used.
                    Ok(if memory.save().is_ok() { OK } else { UNAVAILABLE })
                }
                (Action::LogOut, None, Some(pending)) => {
                    memory.revoke(&pending)?;
                    // As above: the policy must refuse the token now.
                    if pending.consume().err() != Some(Error::Revoked) {
                        return Err(Error::Disturbed);
                    }
                    // Confirmed only when it also survives a power cut.
                    Ok(if memory.save().is_ok() { NO_CONTENT } else { UNAVAILABLE })
                }
                _ => Err(Error::Disturbed),
            }
        })?
    }
}

/// The action of a request line, and its token, parsed. Text that is no token costs nothing more.
fn action_and_token(line: &[u8]) -> Result<(Action, Token<'_>), Error> {
    let (action, bearer) = request(line).map_err(|_| Error::Denied)?;
    Ok((action, Token::parse(bearer)?))
}

/// The action of a request line, and its token as text, or the answer if one of them is missing.
fn request(line: &[u8]) -> Result<(Action, &str), &'static str> {
    let mut words = str::from_utf8(line).map_err(|_| BAD_REQUEST)?.splitn(3, ' ');
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Err(BAD_REQUEST) };
    let action = Action::find(method, path).map_err(|reason| match reason {
        NoAction::NotFound => NOT_FOUND,
        NoAction::MethodNotAllowed(_) => METHOD_NOT_ALLOWED,
    })?;
    Ok((action, words.next().and_then(bearer).ok_or(NO_CREDENTIALS)?))
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
pub const NO_CONTENT: &str = "204 No Content";
pub const BAD_REQUEST: &str = "400 Bad Request";
pub const NO_CREDENTIALS: &str = "401 Unauthorized; WWW-Authenticate: Bearer realm=\"pump\"";
pub const INVALID_TOKEN: &str = "401 Unauthorized; WWW-Authenticate: Bearer realm=\"pump\", error=\"invalid_token\"";
pub const INSUFFICIENT_SCOPE: &str =
    "403 Forbidden; WWW-Authenticate: Bearer realm=\"pump\", error=\"insufficient_scope\"";
pub const NOT_FOUND: &str = "404 Not Found";
pub const METHOD_NOT_ALLOWED: &str = "405 Method Not Allowed";
pub const TOO_MANY_REQUESTS: &str = "429 Too Many Requests";
pub const TOO_LONG: &str = "431 Request Header Fields Too Large";
pub const UNAVAILABLE: &str = "503 Service Unavailable";
