use arbitrary::{Arbitrary, Result, Unstructured};
use embedded_jwt::{Now, UnixTime};
use serde_json::json;
use testkit::{AUDIENCE, Alg, CLIENT_ID, ISSUER, NOW, claims, id_claims};

/// A valid token with some changes, and the policy and time to validate it with. Empty input gives a valid token. Each
/// choice that the input makes changes something, so that a minimized input shows what matters.
#[derive(Debug)]
pub struct Case {
    pub signer: Alg,
    pub now: Now,
    pub policy: Policy,
    /// Mostly JSON.
    pub header: Vec<u8>,
    /// Mostly JSON.
    pub claims: Vec<u8>,
}

#[derive(Debug)]
pub struct Policy {
    pub kind: Kind,
    pub audience: &'static str,
    pub leeway: u64,
    pub max_lifetime: Option<u64>,
    pub max_token_age: Option<u64>,
    pub max_unproven_lifetime: Option<u64>,
    pub max_age: Option<u64>,
    pub acr: Option<&'static str>,
    /// For access tokens only.
    pub required_scope: Option<&'static str>,
    /// For access tokens only.
    pub challenge: Option<&'static str>,
    /// For ID tokens only.
    pub nonce: Option<&'static str>,
    /// For ID tokens only: the access token that came with it.
    pub access_token: Option<&'static str>,
    /// For ID tokens only.
    pub trusted_audiences: &'static [&'static str],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    AccessToken,
    UntypedAccessToken,
    /// By `AccessTokenPolicy::at_jwt`.
    MarkedAccessToken,
    /// A `TypedPolicy` for `at+jwt`: only the rules that all tokens share apply.
    Typed,
    IdToken,
}

/// A [`Case`] of an ID token. `Case::arbitrary` makes the other kinds.
#[derive(Debug)]
pub struct IdCase(pub Case);

/// A case in which the time may be unknown.
#[derive(Debug)]
pub struct Timed<C>(pub C);

impl Case {
    pub fn token(&self) -> String {
        self.signer.mint(&self.header, &self.claims)
    }

    fn of(kind: Kind, u: &mut Unstructured<'_>) -> Result<Self> {
        let signer = if u.ratio(15, 16)? { Alg::EdDsa } else { Alg::Es256 };
        let now = if u.ratio(15, 16)? { NOW } else { *u.choose(&ODD_TIMES)? };
        let limits = [None, None, None, Some(0), Some(60), Some(300), Some(299), Some(u64::MAX)];
        let (good_audience, good_header, good_claims) = match kind {
            Kind::IdToken => (CLIENT_ID, signer.id_header(), id_claims()),
            _ => (AUDIENCE, signer.header(), claims()),
        };
        let policy = Policy {
            kind,
            audience: if u.ratio(31, 32)? { good_audience } else { u.choose(&["", "urn:device:PUMP-7"])? },
            leeway: *u.choose(&[60, 60, 60, 0, 1, 3600, i64::MAX as u64, u64::MAX])?,
            max_lifetime: *u.choose(&limits)?,
            max_token_age: *u.choose(&limits)?,
            max_unproven_lifetime: None,
            max_age: *u.choose(&limits)?,
            acr: *u.choose(&[
                None,
                None,
                None,
                None,
                Some(ACR),
                Some("phr  urn:mace:incommon:iap:silver"),
                Some(" "),
            ])?,
            required_scope: *u.choose(&[None, None, None, None, Some("pump:read"), Some(" a\u{0}\\ "), Some(" ")])?,
            challenge: None,
            nonce: *u.choose(&[None, None, Some(NONCE), Some("N-0S6_WzA2Mj"), Some("")])?,
            access_token: *u.choose(&[None, None, None, Some(ACCESS_TOKEN), Some("")])?,
            trusted_audiences: u.choose(&[&[][..], &[AUDIENCE], &["", ISSUER, AUDIENCE]])?,
        };

        let mut header = members(&good_header);
        for _ in 0..u.int_in_range(0..=2)? {
            let name = *u.choose(&["typ", "alg", "kid", "typ", "crit", "b64", "jwk", "cty", "x5t"])?;
            let value = header_value(u, name)?;
            change(u, &mut header, name, value)?;
        }
        let mut claims = members(&good_claims);
        let names = match kind {
            Kind::IdToken => &ID_CLAIMS[..],
            _ => &ACCESS_CLAIMS,
        };
        for _ in 0..u.int_in_range(0..=3)? {
            let name = *u.choose(names)?;
            let value = claim_value(u, name, now)?;
            change(u, &mut claims, name, value)?;
        }
        let (mut header, mut claims) = (object(&header), object(&claims));
        for _ in 0..u.int_in_range(0..=2)? {
            let json = if u.ratio(3, 4)? { &mut claims } else { &mut header };
            damage(u, json)?;
        }
        Ok(Self { signer, now: Now::Exact(UnixTime::from_secs(now)), policy, header, claims })
    }

    /// Adds the choices for a device whose clock may not be set. They are read last, so that older inputs keep their
    /// meaning.
    fn with_max_unproven_lifetime(mut self, u: &mut Unstructured<'_>) -> Result<Self> {
        let floor = Now::AtLeast(self.now.earliest());
        self.now = *u.choose(&[self.now, floor, floor])?;
        let policy = &mut self.policy;
        policy.max_unproven_lifetime =
            *u.choose(&[None, None, Some(u64::MAX), Some(300), Some(299), Some(0), Some(3600)])?;
        policy.challenge = *u.choose(&[None, None, Some(CHALLENGE), Some("ZQ3-7_X"), Some("")])?;
        let cnonce = match u.int_in_range(0..=4)? {
            0 | 1 => return Ok(self),
            2 => format!("\"{CHALLENGE}\""),
            3 => escaped(CHALLENGE),
            _ => value(u, NOW)?,
        };
        // The claim is inserted as the first member, if there are any others.
        if self.claims.starts_with(b"{\"") {
            self.claims.splice(1..1, format!("\"cnonce\":{cnonce},").into_bytes());
        }
        Ok(self)
    }
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        use Kind::*;
        let kinds =
            [AccessToken, AccessToken, AccessToken, UntypedAccessToken, UntypedAccessToken, MarkedAccessToken, Typed];
        let kind = *u.choose(&kinds)?;
        Self::of(kind, u)
    }
}

impl<'a> Arbitrary<'a> for IdCase {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Case::of(Kind::IdToken, u).map(Self)
    }
}

impl<'a> Arbitrary<'a> for Timed<Case> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Case::arbitrary(u)?.with_max_unproven_lifetime(u).map(Self)
    }
}

impl<'a> Arbitrary<'a> for Timed<IdCase> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let IdCase(case) = IdCase::arbitrary(u)?;
        Ok(Self(IdCase(case.with_max_unproven_lifetime(u)?)))
    }
}

const ACR: &str = "urn:mace:incommon:iap:silver";
const NONCE: &str = "n-0S6_WzA2Mj";
const CHALLENGE: &str = "Zq3-7_x";
const ACCESS_TOKEN: &str = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
/// The `at_hash` of [`ACCESS_TOKEN`], for ES256 and for Ed25519.
const HASHES: [&str; 2] = ["77QmUPtjPfzWtF2AnpK9RQ", "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM"];

/// Claims that the time and audience checks depend on are listed more than once, so that they are chosen more often.
const ACCESS_CLAIMS: [&str; 21] = [
    "exp",
    "nbf",
    "iat",
    "aud",
    "scope",
    "iss",
    "sub",
    "client_id",
    "jti",
    "exp",
    "nbf",
    "iat",
    "cnf",
    "acr",
    "auth_time",
    "auth_time",
    "typ",
    "token_use",
    "at_hash",
    "c_hash",
    "events",
];
const ID_CLAIMS: [&str; 19] = [
    "exp",
    "nbf",
    "iat",
    "aud",
    "aud",
    "azp",
    "azp",
    "nonce",
    "acr",
    "amr",
    "auth_time",
    "at_hash",
    "at_hash",
    "sub",
    "iss",
    "c_hash",
    "events",
    "typ",
    "token_use",
];

/// Names and values as JSON text, so that any spelling and any order is possible.
pub type Members = Vec<(String, String)>;

pub fn members(object: &serde_json::Value) -> Members {
    object.as_object().unwrap().iter().map(|(name, value)| (json!(name).to_string(), value.to_string())).collect()
}

pub fn object(members: &Members) -> Vec<u8> {
    let members: Vec<_> = members.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    format!("{{{}}}", members.join(",")).into_bytes()
}

pub fn change(u: &mut Unstructured<'_>, members: &mut Members, name: &str, value: String) -> Result<()> {
    let at = members.iter().position(|(member, _)| member[1..].starts_with(name));
    match (u.int_in_range(0..=7)?, at) {
        (0, Some(at)) => drop(members.remove(at)),
        (1, Some(at)) => members.swap(0, at),
        (2, Some(at)) => members[at].0 = escaped(name),
        (3, _) => members.insert(0, (escaped(name), value)),
        (_, Some(at)) => members[at].1 = value,
        (_, None) => members.push((json!(name).to_string(), value)),
    }
    Ok(())
}

fn header_value(u: &mut Unstructured<'_>, name: &str) -> Result<String> {
    let natural: &[&str] = match name {
        "alg" => &["EdDSA", "Ed25519", "ES256", "none", "eddsa", "HS256", "Ed448"],
        "typ" => &["JWT", "AT+JWT", "application/at+jwt", "jwt", "at+jwt;v=1", " at+jwt", "text/at+jwt", "id+jwt"],
        _ => &["ed-test", "es-test", "ED-TEST", "", "JWT"],
    };
    if u.ratio(3, 4)? { Ok(json!(u.choose(natural)?).to_string()) } else { value(u, NOW) }
}

fn claim_value(u: &mut Unstructured<'_>, name: &str, now: i64) -> Result<String> {
    match (u.ratio(3, 4)?, name) {
        (false, _) => value(u, now),
        (true, "exp" | "nbf" | "iat" | "auth_time") => date(u, now),
        (true, "aud" | "amr") => list(u),
        (true, "scope") => Ok((*u.choose(&[
            "[\"pump:read\",\"\"]",
            "[\"pump:read pump:write\"]",
            "[\"a\\\"\"]",
            "[1]",
            "\"a  b\"",
        ])?)
        .into()),
        (true, "typ") => {
            Ok(json!(u.choose(&["Bearer", "ID", "refresh", "Offline", "LOGOUT", "DPoP", "other"])?).to_string())
        }
        (true, "token_use") => Ok(json!(u.choose(&["access", "id", "Access", "ID", ""])?).to_string()),
        (true, _) => text(u),
    }
}

pub fn value(u: &mut Unstructured<'_>, now: i64) -> Result<String> {
    const ODD: &[&str] =
        &["null", "true", "false", "{}", "[]", "[null]", "{\"exp\":1}", "[[\"urn:device:pump-7\"]]", "\"\\ud800\""];
    match u.int_in_range(0..=3)? {
        0 => Ok((*u.choose(ODD)?).into()),
        1 => date(u, now),
        2 => text(u),
        _ => list(u),
    }
}

/// A date near now, at the edge of a leeway or limit, or at the edge of the number range, in any spelling of a number.
pub fn date(u: &mut Unstructured<'_>, now: i64) -> Result<String> {
    const OFFSETS: &[i64] = &[0, 1, -1, 60, 59, 61, -60, -59, -61, 240, 300, -300, 3600, -3600];
    let base = *u.choose(&[now, now, now, now, NOW, 0, i64::MAX, i64::MIN])?;
    let seconds = base.saturating_add(*u.choose(OFFSETS)?).saturating_add(i64::from(u.arbitrary::<i8>()?) / 64);
    Ok(match u.int_in_range(0..=11)? {
        0..=3 => seconds.to_string(),
        4 => format!("{seconds}.0"),
        5 => format!("{seconds}.5"),
        6 => format!("{seconds}.00000000000000000000001e0"),
        7 => format!("{seconds}0e-1"),
        8 => format!("{seconds}99E-2"),
        9 => format!("{:e}", seconds),
        10 => format!("{seconds}e{}", u.arbitrary::<i8>()?),
        _ => (*u.choose(&["1e400", "-0", "0e99999999999999999999", "1e-99999999999999999999", "1e30"])?).into(),
    })
}

fn list(u: &mut Unstructured<'_>) -> Result<String> {
    if u.ratio(1, 2)? {
        return text(u);
    }
    let texts: Vec<_> = (0..u.int_in_range(0..=3)?).map(|_| text(u)).collect::<Result<_>>()?;
    Ok(format!("[{}]", texts.join(",")))
}

pub fn text(u: &mut Unstructured<'_>) -> Result<String> {
    const TEXTS: &[&str] = &[
        AUDIENCE,
        ISSUER,
        CLIENT_ID,
        ACR,
        NONCE,
        HASHES[0],
        HASHES[1],
        "https://idp.example.com/",
        "urn:device:pump-70",
        "pump:read",
        "pump:read  pump:write ",
        "a\u{0}\\ pump:read",
        "pump:reader",
        "",
        "CORP\\alice \"\u{1f}\u{7f}\u{e9}\u{1f600}",
    ];
    let text = if u.ratio(7, 8)? { (*u.choose(TEXTS)?).into() } else { u.arbitrary::<String>()? };
    Ok(if u.ratio(3, 4)? { json!(text).to_string() } else { escaped(&text) })
}

/// A JSON string with every character as `\uXXXX`.
pub fn escaped(text: &str) -> String {
    let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{units}\"")
}

pub fn damage(u: &mut Unstructured<'_>, json: &mut Vec<u8>) -> Result<()> {
    const BYTES: &[u8] = b"{}[],:\"\\/u0d8 \n1.eE+-\x00\x1f\x7f\x80\xc3\xff'tn";
    let at = usize::from(u.arbitrary::<u16>()?) % (json.len() + 1);
    let byte = *u.choose(BYTES)?;
    match u.int_in_range(0..=2)? {
        0 => json.insert(at, byte),
        1 if at < json.len() => drop(json.remove(at)),
        _ if at < json.len() => json[at] = byte,
        _ => json.push(byte),
    }
    Ok(())
}

/// A clock before 2010 was never set.
const ODD_TIMES: [i64; 6] = [1_262_303_999, 0, 1_262_304_000, i64::MAX, i64::MAX - 1, i64::MIN];
