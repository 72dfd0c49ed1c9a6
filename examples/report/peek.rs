//! The unverified contents of a token, to show to a person: nothing is decided by them.

use alloc::string::String;

use base64ct::{Base64UrlUnpadded, Encoding};
use embedded_jwt::{Error, MAX_HEADER_LEN, Token};

use crate::object::{Json, Object};

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
    pub jwk: Option<Json>,
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

    pub fn value(&self, name: &str) -> Option<&Json> {
        self.claims.as_ref()?.get(name)
    }

    /// A claim as JSON, or `absent`.
    pub fn claim(&self, name: &str) -> &str {
        self.value(name).map_or("absent", Json::text)
    }

    /// A claim that is a date, in whole seconds.
    pub fn date(&self, name: &str) -> Option<i64> {
        self.value(name).and_then(Json::whole_secs)
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

/// The JSON object in a segment of the token.
fn object(token: &[u8], segment: usize) -> Option<Object> {
    let text = str::from_utf8(token).ok()?.split('.').nth(segment)?;
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(text).ok()?).ok()
}
