//! A proof, and the request that it has to belong to.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};
use embedded_jwt::{DpopNonce, DpopPolicy, EarliestTime, Now, UnixTime};
use serde_json::json;
use testkit::{ALGS, Alg, NOW, base64url, dpop_claims, with};

use super::super::case::{change, damage, date, escaped, members, object, text, value};

/// A valid proof with some changes, and the request and time to verify it for. Empty input gives a valid proof.
pub struct ProofCase {
    pub signer: Alg,
    pub now: Now,
    pub method: &'static str,
    pub uri: &'static str,
    pub access_token: &'static str,
    /// The nonces that the device has issued; an empty one is not issued.
    pub nonces: Option<&'static [&'static str]>,
    pub leeway: u64,
    pub max_token_age: u64,
    /// The range of the two backends that the caller passes.
    pub algorithms: Range<usize>,
    /// Whether the proof is signed. If not, its signature is all zeros, which must reach no verifier.
    pub is_signed: bool,
    /// The number of bytes that the buffer is shorter than twice the required length.
    pub missing_bytes: usize,
    /// Mostly JSON.
    pub header: Vec<u8>,
    /// Mostly JSON.
    pub claims: Vec<u8>,
}

impl ProofCase {
    pub fn token(&self) -> String {
        let text = self.signer.mint(&self.header, &self.claims);
        match text.rsplit_once('.') {
            Some((signing_input, _)) if !self.is_signed => format!("{signing_input}.{}", base64url(&[0; 64])),
            _ => text,
        }
    }

    pub fn policy<'n>(&self, nonces: &'n [DpopNonce]) -> DpopPolicy<'n> {
        let policy = DpopPolicy::new(self.method, self.uri, self.access_token)
            .with_leeway(Duration::from_secs(self.leeway))
            .with_max_token_age(Duration::from_secs(self.max_token_age));
        if self.nonces.is_some() { policy.with_nonces(nonces) } else { policy }
    }
}

impl<'a> Arbitrary<'a> for ProofCase {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let signer = if u.ratio(15, 16)? { Alg::EdDsa } else { Alg::Es256 };
        let now = NOW + *u.choose(&[0, 0, 0, 60, -60, 61, 120, 121, -61])?;
        let now = match u.int_in_range(0..=11)? {
            0..=7 => Now::Exact(UnixTime::from_secs(now)),
            8..=10 => Now::AtLeast(EarliestTime::from_secs(now)),
            _ => Now::Exact(UnixTime::from_secs(*u.choose(&[0, -1, 1_262_303_999, 1_262_304_000])?)),
        };
        let uri = if u.ratio(1, 2)? { URIS[0] } else { u.choose(&URIS)? };
        let nonces: &[Option<&[&str]>] =
            &[None, Some(&NONCES), Some(&["", NONCES[0]]), Some(&["", NONCES[1]]), Some(&["", ""])];

        let mut header = members(&signer.dpop_header());
        for _ in 0..u.int_in_range(0..=4_usize)?.saturating_sub(2) {
            let name = *u.choose(&["typ", "alg", "jwk", "jwk", "kid", "crit", "b64"])?;
            let value = header_value(u, name)?;
            change(u, &mut header, name, value)?;
        }
        let mut claims = members(&with(dpop_claims(TOKENS[0]), "nonce", json!(NONCES[0])));
        for _ in 0..u.int_in_range(0..=3)? {
            let name = *u.choose(&CLAIMS)?;
            let value = claim_value(u, name, now.earliest().as_secs())?;
            change(u, &mut claims, name, value)?;
        }
        let (mut header, mut claims) = (object(&header), object(&claims));
        for _ in 0..u.int_in_range(0..=7_usize)?.saturating_sub(5) {
            let json = if u.ratio(3, 4)? { &mut claims } else { &mut header };
            damage(u, json)?;
        }
        Ok(Self {
            signer,
            now,
            method: if u.ratio(31, 32)? { "POST" } else { u.choose(&["post", "GET", ""])? },
            uri: if u.ratio(63, 64)? { uri } else { "" },
            access_token: if u.ratio(31, 32)? { TOKENS[0] } else { u.choose(&TOKENS)? },
            nonces: if u.ratio(31, 32)? { *u.choose(nonces)? } else { Some(&[]) },
            leeway: *u.choose(&[60, 60, 0, 1, 300, 301, u64::MAX])?,
            max_token_age: *u.choose(&[60, 60, 0, 1, 300, u64::MAX])?,
            algorithms: if u.ratio(31, 32)? { 0..2 } else { u.choose(&[0..1, 1..2, 0..0])?.clone() },
            missing_bytes: if u.ratio(31, 32)? { 0 } else { usize::from(u.arbitrary::<u16>()?) % 512 },
            is_signed: u.ratio(31, 32)?,
            header,
            claims,
        })
    }
}

const TOKENS: [&str; 3] = ["a.b.c", "a.b.d", ""];
const NONCES: [&str; 2] = ["n-7f3c1a", "\"n\\"];
/// Claims that have rules of their own are chosen more often.
const CLAIMS: [&str; 14] =
    ["htu", "htu", "htu", "htm", "iat", "iat", "exp", "nbf", "ath", "jti", "nonce", "aud", "iss", "sub"];
/// The first is the `htu` of the valid proof. Some of the others name the same target.
pub const URIS: [&str; 10] = [
    "https://pump-7.local/speed",
    "HTTPS://Pump-7.Local:443/speed?rpm=7#now",
    "https://pump-7.local:/x/.%2e/./sp%65ed",
    "https://pump-7.local/speed/",
    "https://pump-7.local:4443/speed",
    "http://pump-7.local:80",
    "coap://[FE80::1]:5683/%c3%a9//..//a",
    "https://a@pump-7.local/speed",
    "pump-7.local/speed",
    "https://",
];

fn header_value(u: &mut Unstructured<'_>, name: &str) -> Result<String> {
    if u.ratio(1, 4)? {
        return value(u, NOW);
    }
    Ok(match name {
        "alg" => json!(u.choose(&["EdDSA", "Ed25519", "ES256", "none", "eddsa"])?).to_string(),
        "jwk" => {
            let mut jwk = members(&u.choose(&ALGS)?.jwk());
            let name = *u.choose(&["kid", "alg", "use", "key_ops", "d", "x", "crv", "y"])?;
            let value = match name {
                "x" | "y" => json!(base64url(&u.arbitrary::<[u8; 32]>()?)).to_string(),
                _ => (*u.choose(&["\"ES256\"", "\"EdDSA\"", "\"sig\"", "[\"verify\"]", "[\"sign\"]", "null", "7"])?)
                    .into(),
            };
            change(u, &mut jwk, name, value)?;
            String::from_utf8(object(&jwk)).unwrap()
        }
        _ => {
            let types = ["DPOP+JWT", "application/dpop+jwt", "dpop", "at+jwt", "JWT", "text/dpop+jwt", ""];
            json!(u.choose(&types)?).to_string()
        }
    })
}

fn claim_value(u: &mut Unstructured<'_>, name: &str, now: i64) -> Result<String> {
    match (u.ratio(7, 8)?, name) {
        (false, _) => value(u, now),
        (true, "exp" | "nbf" | "iat") => date(u, now),
        (true, "htu") => {
            let mut uri = String::from(*u.choose(&URIS)?);
            for _ in 0..u.int_in_range(0..=2)? {
                let pieces = ["/", "/..", "/.", "%2E", "%2f", ":", ":443", "?", "#", "@", "%", "E", "%C3", "//", "a"];
                let piece = *u.choose(&pieces)?;
                let at = u.int_in_range(0..=uri.len())?;
                let end = (at + u.int_in_range(0..=1)?).min(uri.len());
                uri.replace_range(at..end, piece);
            }
            Ok(if u.ratio(3, 4)? { json!(uri).to_string() } else { escaped(&uri) })
        }
        (true, "htm") => Ok(json!(u.choose(&["POST", "post", "GET", "POST ", ""])?).to_string()),
        (true, "nonce") => {
            let nonce = *u.choose(&[NONCES[0], NONCES[1], "n", ""])?;
            Ok(if u.arbitrary()? { json!(nonce).to_string() } else { escaped(nonce) })
        }
        (true, _) => text(u),
    }
}

impl fmt::Debug for ProofCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}", self.header.escape_ascii(), self.claims.escape_ascii())?;
        writeln!(f, "signed ({}) by {:?} at {:?}", self.is_signed, self.signer, self.now)?;
        writeln!(f, "for {:?} {:?} {:?} {:?}", self.method, self.uri, self.access_token, self.nonces)?;
        let (leeway, age, algorithms, missing) =
            (self.leeway, self.max_token_age, &self.algorithms, self.missing_bytes);
        write!(f, "leeway {leeway} age {age} backends {algorithms:?}, {missing} bytes missing")
    }
}
