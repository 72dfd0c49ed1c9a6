//! Authorization of requests: checks their headers against the issuer's keys and a scope.

use std::time::Duration;

use embedded_jwt::bearer::{self, Scheme};
use embedded_jwt::{
    AccessTokenPolicy, DpopPolicy, Error, Issuer, Key, Part, ReplayCheck, SignatureAlgorithm, Token, UnixTime,
};
#[cfg(not(feature = "ring"))]
use embedded_jwt::{EdDsa, Es256};
#[cfg(feature = "ring")]
use embedded_jwt::{RingEdDsa as EdDsa, RingEs256 as Es256};
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

/// The server's requirements for all requests.
pub struct Rules {
    pub issuer: String,
    pub audience: String,
    pub leeway: Duration,
}

/// The parts of a request that are checked.
pub struct Presented<'r> {
    pub method: &'r str,
    /// The URI by which the client knows the resource.
    pub uri: &'r str,
    pub headers: &'r HeaderMap,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    /// The credentials are missing or malformed.
    Credentials(Error),
    /// The access token is refused; it came by this scheme.
    Token(Scheme, Error),
    /// The DPoP proof is refused.
    Proof(Error),
}

impl Refusal {
    pub fn error(self) -> Error {
        match self {
            Self::Credentials(error) | Self::Token(_, error) | Self::Proof(error) => error,
        }
    }

    /// Whether newer keys may change the verdict. Not for a proof: it is signed with the client's own key, which no
    /// issuer publishes.
    pub fn suggests_key_refresh(self) -> bool {
        matches!(self, Self::Token(_, error) if error.suggests_key_refresh())
    }
}

impl Rules {
    pub fn validate(
        &self,
        presented: &Presented<'_>,
        scope: &str,
        keys: &[Key],
        replay: &dyn ReplayCheck,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let authorization = one(presented.headers, AUTHORIZATION)
            .map_err(|Several| Refusal::Credentials(Error::Malformed(Part::Authorization)))?
            .ok_or(Refusal::Credentials(Error::NoCredentials))?;
        let credentials = bearer::from_authorization(authorization).map_err(Refusal::Credentials)?;
        let of_token = |error| Refusal::Token(credentials.scheme(), error);

        let token = Token::parse(credentials.token()).map_err(of_token)?;
        let issuer = Issuer::new(&self.issuer, keys, ALGORITHMS);
        let policy = AccessTokenPolicy::new(&self.audience).with_required_scope(scope).with_leeway(self.leeway);
        let mut buf = buffer(&token);
        let verified = token.verify(&issuer, &mut buf).map_err(of_token)?;
        if credentials.scheme() == Scheme::Bearer {
            return verified.into_access_token(&policy, now).map(drop).map_err(of_token);
        }

        // The issuer's signature is valid: only a client with a real token makes this server verify a second signature.
        let proof = one(presented.headers, DPOP).ok().flatten().ok_or(Refusal::Proof(Error::NoCredentials))?;
        let proof = Token::parse(proof).map_err(Refusal::Proof)?;
        let request = DpopPolicy::new(presented.method, presented.uri, credentials.token()).with_leeway(self.leeway);
        let mut buf = buffer(&proof);
        let proof = proof.verify_dpop(&request, ALGORITHMS, now, &mut buf).map_err(Refusal::Proof)?;
        verified.into_access_token(&policy.with_dpop(&proof, replay), now).map(drop).map_err(of_token)
    }
}

struct Several;

/// The header's value, if there is one. Several are an error: a server must not guess which was meant.
fn one(headers: &HeaderMap, name: HeaderName) -> Result<Option<&HeaderValue>, Several> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Several),
        (value, None) => Ok(value),
    }
}

/// A buffer of twice the required length, which has room for unescaped strings too.
fn buffer(token: &Token<'_>) -> Vec<u8> {
    vec![0; token.buffer_len().saturating_mul(2)]
}

const ALGORITHMS: &[&dyn SignatureAlgorithm] = &[&Es256, &EdDsa];
const DPOP: HeaderName = HeaderName::from_static("dpop");
