//! The unverified contents of a token, to show to a person: nothing is decided by them.

use base64ct::{Base64UrlUnpadded, Encoding};
use embedded_jwt::{Algorithm, Error, Key, MAX_HEADER_LEN, Token};
use serde_json::{Map, Value};

pub struct Peek {
    pub header: Result<Header, Error>,
    /// `None` if the payload is not a JSON object.
    pub claims: Option<Map<String, Value>>,
}

pub struct Header {
    pub alg: String,
    pub kid: Option<String>,
    pub typ: Option<String>,
}

impl Peek {
    pub fn at(token: &[u8]) -> Self {
        Self { header: Header::of(token), claims: claims(token) }
    }

    /// A claim as JSON, or `absent`.
    pub fn claim(&self, name: &str) -> String {
        self.claims.as_ref().and_then(|claims| claims.get(name)).map_or("absent".into(), Value::to_string)
    }

    /// A claim that is a date, in whole seconds.
    pub fn date(&self, name: &str) -> Option<i64> {
        self.claims.as_ref()?.get(name).and_then(whole_secs)
    }

    /// Whether it has a claim that only ID tokens have.
    pub fn is_id_token(&self) -> bool {
        self.claims.as_ref().is_some_and(|claims| claims.contains_key("nonce") || claims.contains_key("at_hash"))
    }

    /// The issuer's key that the header names, if there is one.
    pub fn key<'k>(&self, keys: &'k [Key]) -> Option<&'k Key> {
        let header = self.header.as_ref().ok()?;
        let algorithm = match header.alg.as_str() {
            "ES256" => Algorithm::Es256,
            "EdDSA" | "Ed25519" => Algorithm::EdDsa,
            _ => return None,
        };
        keys.iter().find(|key| {
            key.algorithm() == algorithm
                && header.kid.as_ref().is_none_or(|kid| key.kid().is_some_and(|own| own.matches(kid.as_bytes())))
        })
    }
}

impl Header {
    fn of(token: &[u8]) -> Result<Self, Error> {
        let mut buf = [0; 2 * MAX_HEADER_LEN];
        let header = Token::parse(token)?.unverified_header(&mut buf)?;
        Ok(Self { alg: header.alg().into(), kid: header.kid().map(Into::into), typ: header.typ().map(Into::into) })
    }
}

/// A date in whole seconds. It may have a fraction: `1700000000.5`, `1.7e9`. A number beyond 64 bits is not a date.
pub fn whole_secs(value: &Value) -> Option<i64> {
    let in_range = |secs: &f64| secs.abs() < i64::MAX as f64;
    value.as_i64().or_else(|| value.as_f64().filter(in_range).map(|secs| secs.floor() as i64))
}

/// A key as shown in the report: `"es-test" (ES256)`.
pub fn describe(key: &Key) -> String {
    let algorithm = algorithm(key);
    match key.kid() {
        Some(kid) => format!("{kid:?} ({algorithm})"),
        None => format!("without kid ({algorithm})"),
    }
}

pub fn algorithm(key: &Key) -> &'static str {
    match key.algorithm() {
        Algorithm::Es256 => "ES256",
        Algorithm::EdDsa => "EdDSA",
        _ => "another algorithm",
    }
}

fn claims(token: &[u8]) -> Option<Map<String, Value>> {
    let payload = str::from_utf8(token).ok()?.split('.').nth(1)?;
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(payload).ok()?).ok()
}
