//! HTTP answers: a body, or a status that tells the client what to do next.

use std::fmt;

use embedded_jwt::Error;
use embedded_jwt::bearer::{Challenge, Scheme};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};

use crate::authorization::Refusal;
use crate::route::NoRoute;

pub type Answer = Response<Full<Bytes>>;

pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer
}

pub fn empty(status: StatusCode) -> Answer {
    text(status, "")
}

pub fn no_route(why: NoRoute) -> Answer {
    match why {
        NoRoute::NotFound => empty(StatusCode::NOT_FOUND),
        NoRoute::MethodNotAllowed(methods) => {
            let mut answer = empty(StatusCode::METHOD_NOT_ALLOWED);
            answer.headers_mut().append(ALLOW, HeaderValue::from_static(methods));
            answer
        }
    }
}

/// The status and the challenges for a refusal: for the scheme that was used, and for each scheme that the client may
/// use instead.
pub fn refusal(refusal: Refusal, scope: &str) -> Answer {
    challenges(refusal, scope).unwrap_or_else(|fmt::Error| empty(StatusCode::INTERNAL_SERVER_ERROR))
}

fn challenges(refusal: Refusal, scope: &str) -> Result<Answer, fmt::Error> {
    let bearer = Challenge::new(REALM).with_scope(scope);
    let dpop = Challenge::dpop(REALM).with_scope(scope);

    let mut value = String::new();
    let status = match refusal {
        Refusal::Credentials(error) | Refusal::Token(Scheme::Bearer, error) => bearer.write(error, &mut value)?,
        Refusal::Token(Scheme::Dpop, error) => dpop.write(error, &mut value)?,
        Refusal::Proof(error) => dpop.write_dpop(error, &mut value)?,
    };
    let mut answer = empty(StatusCode::from_u16(status).map_err(|_| fmt::Error)?);
    append(&mut answer, WWW_AUTHENTICATE, value)?;

    if let Refusal::Credentials(Error::NoCredentials) | Refusal::Token(Scheme::Bearer, Error::SenderConstrained) =
        refusal
    {
        let mut value = String::new();
        dpop.write(Error::NoCredentials, &mut value)?;
        append(&mut answer, WWW_AUTHENTICATE, value)?;
    }
    Ok(answer)
}

/// Appends a header, unless it is empty: a 503 has no challenge.
fn append(answer: &mut Answer, name: HeaderName, value: String) -> fmt::Result {
    if !value.is_empty() {
        answer.headers_mut().append(name, HeaderValue::try_from(value).map_err(|_| fmt::Error)?);
    }
    Ok(())
}

/// The name of the protected resource, for people to read.
const REALM: &str = "pump";
