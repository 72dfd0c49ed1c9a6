//! The unverified contents of a token, to show to a person: nothing is decided by them.

use alloc::string::{String, ToString};

use base64ct::{Base64UrlUnpadded, Encoding};
use embedded_jwt::{Error, MAX_HEADER_LEN, Token};
use serde_json::Value;

use crate::object::Object;

pub struct Peek {
    pub header: Result<Header, Error>,
    /// `None` if the payload is not a JSON object.
    pub claims: Option<Object>,
}

pub struct Header {
    pub alg: String,
    pub kid: Option<String>,
    pub typ: Option<String>,
    /// The key in the header, with which a DPoP proof is verified.
    pub jwk: Option<Value>,
}

impl Peek {
    pub fn at(token: &[u8]) -> Self {
        Self { header: Header::of(token), claims: object(token, 1) }
    }

    pub fn typ(&self) -> Option<&str> {
        self.header.as_ref().ok()?.typ.as_deref()
    }

    pub fn alg(&self) -> &str {
        self.header.as_ref().map_or("", |header| header.alg.as_str())
    }

    pub fn value(&self, name: &str) -> Option<&Value> {
        self.claims.as_ref()?.get(name)
    }

    /// A claim as JSON, or `absent`.
    pub fn claim(&self, name: &str) -> String {
        self.value(name).map_or("absent".into(), Value::to_string)
    }

    /// A claim that is a date, in whole seconds.
    pub fn date(&self, name: &str) -> Option<i64> {
        self.value(name).and_then(whole_secs)
    }
}

impl Header {
    fn of(token: &[u8]) -> Result<Self, Error> {
        let mut buf = [0; 2 * MAX_HEADER_LEN];
        let header = Token::parse(token)?.unverified_header(&mut buf)?;
        Ok(Self {
            alg: header.alg().into(),
            kid: header.kid().map(Into::into),
            typ: header.typ().map(Into::into),
            jwk: object(token, 0).and_then(|header| header.get("jwk").cloned()),
        })
    }
}

/// A date in whole seconds. It may have a fraction: `1700000000.5`, `1.7e9`. A number beyond 64 bits is not a date.
pub fn whole_secs(value: &Value) -> Option<i64> {
    let in_range = |secs: &f64| secs.abs() < i64::MAX as f64;
    value.as_i64().or_else(|| value.as_f64().filter(in_range).map(floor))
}

/// The largest whole number up to this one. `f64::floor` needs an operating system's libraries.
fn floor(number: f64) -> i64 {
    let whole = number as i64;
    if whole as f64 > number { whole.saturating_sub(1) } else { whole }
}

/// The JSON object in a segment of the token.
fn object(token: &[u8], segment: usize) -> Option<Object> {
    let text = str::from_utf8(token).ok()?.split('.').nth(segment)?;
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(text).ok()?).ok()
}
