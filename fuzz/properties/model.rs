//! A model of the validation rules: for each kind of token in sequence, straight from the standards, over `serde_json`.

use embedded_jwt::{Claim, Error, Freshness, MAX_HEADER_LEN, MAX_TYPE_LEN, Now, Part};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha512};
use testkit::{Alg, ISSUER, base64url, strict_json};

use super::Case;
use super::case::Kind;

/// The contents of an accepted token. Fields that its kind does not have are empty.
#[derive(Debug, Default, PartialEq)]
pub struct Accepted {
    pub subject: Option<String>,
    pub client_id: Option<String>,
    pub jwt_id: Option<String>,
    pub audience: Vec<String>,
    pub scopes: Vec<String>,
    pub expires_at: i64,
    pub not_before: Option<i64>,
    pub issued_at: Option<i64>,
    pub freshness: Option<Freshness>,
    pub authenticated_at: Option<i64>,
    pub acr: Option<String>,
    pub amr: Vec<String>,
}

/// The expected verdict on the case's token, by the rules in the order that `Token::verify` and the `into_*` methods of
/// `Verified` document.
pub fn validate(case: &Case) -> Result<Accepted, Error> {
    let policy = &case.policy;

    // The header: RFC 7515 section 4, RFC 7797 section 7, and the limits of this crate.
    rule(case.header.len() <= MAX_HEADER_LEN, Error::TooLarge(Part::Header))?;
    let header = object(&case.header, Part::Header)?;
    let member = |name| string(&header, name, Error::Malformed(Part::Header));
    let (alg, kid, typ) = (member("alg")?, member("kid")?, member("typ")?);
    let alg = alg.ok_or(Error::Malformed(Part::Header))?;
    rule(!header.contains_key("crit"), Error::CriticalHeader)?;
    rule(header.get("b64").is_none_or(|b64| *b64 == Value::Bool(true)), Error::Malformed(Part::Header))?;

    // The key: RFC 8725 section 3.1. The issuer has one key of each algorithm.
    let named = match &*alg {
        "ES256" => Alg::Es256,
        "EdDSA" | "Ed25519" => Alg::EdDsa,
        _ => return Err(Error::UnsupportedAlgorithm),
    };
    rule(kid.is_none_or(|kid| kid.is_empty() || kid == named.kid()), Error::UnknownKey)?;
    rule(typ.as_ref().is_none_or(|typ| typ.len() <= MAX_TYPE_LEN), Error::WrongType)?;
    // A signature of one algorithm may by chance be malformed for the other. It is invalid either way.
    rule(named == case.signer, Error::InvalidSignature)?;

    // The issuer: RFC 8725 section 3.8.
    let claims = object(&case.claims, Part::Payload)?;
    let issuer = string(&claims, "iss", Error::Invalid(Claim::Issuer))?.ok_or(Error::Missing(Claim::Issuer))?;
    rule(issuer == ISSUER, Error::Mismatch(Claim::Issuer))?;

    // The policy.
    let empty = Some(vec![]);
    rule(!policy.audience.is_empty(), Error::Unconfigured(Claim::Audience))?;
    match policy.kind {
        Kind::Typed => {}
        Kind::IdToken => {
            rule(policy.acr.map(list) != empty, Error::Unconfigured(Claim::AuthenticationContext))?;
            rule(policy.nonce != Some(""), Error::Unconfigured(Claim::Nonce))?;
            rule(policy.access_token != Some(""), Error::Unconfigured(Claim::AccessTokenHash))?;
        }
        _ => rule(policy.required_scope.map(list) != empty, Error::Unconfigured(Claim::Scope))?,
    }

    // The type: RFC 7515 section 4.1.9, RFC 8725 section 3.11, RFC 9068 section 4.
    let is_accepted = match typ.map(|typ| typ.to_ascii_lowercase()).as_deref() {
        Some("at+jwt" | "application/at+jwt") => policy.kind != Kind::IdToken,
        Some("jwt" | "application/jwt") | None => matches!(policy.kind, Kind::UntypedAccessToken | Kind::IdToken),
        Some("jose" | "application/jose") => policy.kind == Kind::UntypedAccessToken,
        Some(_) => false,
    };
    rule(is_accepted, Error::WrongType)?;

    // RFC 8725 section 3.12: tokens that mark themselves as another kind, where the type alone does not say enough.
    let has = |name| claims.contains_key(name);
    let marked = claims.get("typ").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let is_used_for = |usage| claims.get("token_use").is_none_or(|value| value == usage);
    let is_other_kind = match policy.kind {
        Kind::UntypedAccessToken => {
            let marks = ["id", "refresh", "offline", "logout"];
            has("events") || has("at_hash") || has("c_hash") || marks.contains(&&*marked) || !is_used_for("access")
        }
        Kind::IdToken => {
            let marks = ["bearer", "dpop", "refresh", "offline", "logout"];
            has("events") || marks.contains(&&*marked) || !is_used_for("id")
        }
        _ => false,
    };
    rule(!is_other_kind, Error::WrongType)?;

    // The claims and their types: RFC 7519 section 4.1, RFC 9068 section 2.2, OpenID Connect Core section 2.
    let invalid = Error::Invalid(Claim::Other);
    let text = |name| string(&claims, name, invalid);
    let strings = |name| claims.get(name).map(|value| strings(value).ok_or(invalid)).transpose();
    let date = |name| date(&claims, name).map_err(|_| invalid);
    let (subject, jwt_id) = (text("sub")?, text("jti")?);
    let (exp, nbf, iat) = (date("exp")?, date("nbf")?, date("iat")?);
    let audience = strings("aud")?;
    let mut token = Accepted { subject, jwt_id, issued_at: iat.map(|iat| seconds(iat.floor)), ..Accepted::default() };
    let mut id = IdClaims::default();
    match policy.kind {
        Kind::Typed => {}
        Kind::IdToken => {
            // Claims of another type count as absent, unless a rule of the policy asks for them.
            id.azp = text("azp")?;
            let methods = claims.get("amr").filter(|amr| amr.is_array());
            token.amr = methods.and_then(self::strings).unwrap_or_default();
            token.authenticated_at = date("auth_time").ok().flatten().map(|time| seconds(time.floor));
            token.acr = text("acr").ok().flatten();
            rule(token.subject.is_some() && iat.is_some(), Error::Missing(Claim::Other))?;
            rule(token.subject.as_ref().is_some_and(|sub| (1..=255).contains(&sub.len())), invalid)?;
        }
        _ => {
            let scope = claims.get("scope");
            if policy.kind == Kind::AccessToken {
                token.client_id = text("client_id")?;
                token.scopes = list(&text("scope")?.unwrap_or_default());
                let required = [&token.subject, &token.client_id, &token.jwt_id];
                rule(required.iter().all(|claim| claim.is_some()) && iat.is_some(), Error::Missing(Claim::Other))?;
                rule(required.iter().all(|claim| claim.as_deref() != Some("")), invalid)?;
            } else {
                token.client_id = text("client_id").ok().flatten();
                token.scopes = match scope.filter(|scope| scope.is_array()) {
                    Some(scope) => self::strings(scope).ok_or(invalid)?,
                    None => list(&text("scope")?.unwrap_or_default()),
                };
                // RFC 6749 section 3.3: an element is one scope.
                let foreign = |c: char| c == ' ' || c == '"' || c == '\\' || c.is_control();
                rule(
                    !token.scopes.iter().any(|scope| scope.contains(foreign)) || scope.is_some_and(Value::is_string),
                    invalid,
                )?;
                token.scopes.retain(|scope| !scope.is_empty());
            }
        }
    }
    let exp = exp.ok_or(Error::Missing(Claim::Expiration))?;
    token.expires_at = seconds(exp.floor);
    token.not_before = nbf.map(|nbf| seconds(nbf.ceil));

    // The audience: RFC 7519 section 4.1.3.
    token.audience = audience.ok_or(Error::Missing(Claim::Audience))?;
    rule(token.audience.iter().any(|name| name == policy.audience), Error::Mismatch(Claim::Audience))?;

    // The time: RFC 7519 sections 4.1.4 and 4.1.5. Times saturate at the end of i64, and a clock before 2010 was never
    // set.
    let time = Time::of(case, iat.as_ref().map(|iat| iat.floor), nbf.as_ref().map(|nbf| nbf.ceil));
    rule(!time.is_exact || time.earliest >= 1_262_304_000, Error::ClockNotSet)?;
    rule(time.earliest < plus(exp.floor, time.leeway) && time.by_token < exp.floor, Error::Expired)?;
    rule(nbf.is_none_or(|nbf| nbf.ceil <= time.latest), Error::NotYetValid)?;

    // Without a known time: a challenge shows that the token is fresh, or its lifetime is too short to matter.
    let has_challenge = match policy.kind {
        Kind::Typed => false,
        Kind::IdToken => policy.nonce.is_some(),
        _ => policy.challenge.is_some(),
    };
    let mut max_lifetime = policy.max_lifetime;
    token.freshness = Some(if time.is_exact {
        Freshness::Clock
    } else if has_challenge {
        Freshness::Challenge
    } else {
        let max_unproven = policy.max_unproven_lifetime.ok_or(Error::TimeUnknown)?;
        max_lifetime = max_lifetime.into_iter().chain([max_unproven]).min();
        Freshness::Unproven
    });

    if max_lifetime.is_some() || policy.max_token_age.is_some() {
        let iat = iat.ok_or(Error::Missing(Claim::IssuedAt))?;
        rule(iat.ceil <= exp.floor, Error::Invalid(Claim::IssuedAt))?;
        rule(iat.ceil <= time.latest, Error::NotYetValid)?;
        rule(max_lifetime.is_none_or(|max| exp.floor - iat.floor <= max.into()), Error::LifetimeTooLong)?;
        rule(policy.max_token_age.is_none_or(|max| time.since(iat.floor) <= max.into()), Error::TooOld)?;
    }

    match policy.kind {
        Kind::Typed => rule(!claims.contains_key("cnf"), Error::SenderConstrained)?,
        Kind::IdToken => validate_id(case, &claims, &id, &token, &time)?,
        _ => validate_access(case, &claims, &token, &time)?,
    }
    Ok(token)
}

/// The range that the current time is in; `latest` includes the leeway.
struct Time {
    is_exact: bool,
    earliest: i128,
    latest: i128,
    leeway: u64,
    /// The earliest time that the token itself shows, by its issuer's clock. It counts if the time is not known.
    by_token: i128,
}

impl Time {
    fn of(case: &Case, iat: Option<i128>, nbf: Option<i128>) -> Self {
        let leeway = case.policy.leeway.min(300);
        match case.now {
            Now::Exact(now) => {
                let now = i128::from(now.as_secs());
                Self { is_exact: true, earliest: now, latest: plus(now, leeway), leeway, by_token: i128::MIN }
            }
            Now::AtLeast(floor) => {
                let by_token = iat.max(nbf).unwrap_or(i128::MIN);
                let (earliest, latest) = (floor.as_secs().into(), i64::MAX.into());
                Self { is_exact: false, earliest, latest, leeway, by_token }
            }
        }
    }

    /// The seconds that have surely passed since a date.
    fn since(&self, date: i128) -> i128 {
        (self.earliest - i128::from(self.leeway)).max(self.by_token).saturating_sub(date)
    }
}

fn plus(date: i128, span: u64) -> i128 {
    (date + i128::from(span)).min(i64::MAX.into())
}

/// The rules about scope, sender, login and challenge of an access token: RFC 6750 section 3.1, RFC 9449 section 7.2,
/// RFC 9470 section 5, RFC 9200 section 5.3.1.
fn validate_access(case: &Case, claims: &Map<String, Value>, token: &Accepted, time: &Time) -> Result<(), Error> {
    let policy = &case.policy;
    let required = policy.required_scope.map(list).unwrap_or_default();
    rule(required.iter().all(|scope| token.scopes.contains(scope)), Error::InsufficientScope)?;

    rule(!claims.contains_key("cnf"), Error::SenderConstrained)?;
    let invalid = Error::Invalid(Claim::Other);
    if policy.max_age.is_some() || policy.acr.is_some() {
        rule(policy.acr.map(list) != Some(vec![]), Error::Unconfigured(Claim::AuthenticationContext))?;
        validate_login(case, claims, time)?;
    }
    if let Some(challenge) = policy.challenge {
        rule(!challenge.is_empty(), Error::Unconfigured(Claim::Challenge))?;
        let cnonce = string(claims, "cnonce", invalid)?.ok_or(Error::Missing(Claim::Challenge))?;
        rule(cnonce == challenge, Error::Mismatch(Claim::Challenge))?;
    }
    Ok(())
}

#[derive(Default)]
struct IdClaims {
    azp: Option<String>,
}

/// The rules of ID tokens: OpenID Connect Core section 3.1.3.7, from step 3 on.
fn validate_id(
    case: &Case,
    claims: &Map<String, Value>,
    id: &IdClaims,
    token: &Accepted,
    time: &Time,
) -> Result<(), Error> {
    let policy = &case.policy;
    let invalid = Error::Invalid(Claim::Other);
    let is_trusted = |name: &String| *name == policy.audience || policy.trusted_audiences.contains(&name.as_str());
    match &id.azp {
        Some(azp) => rule(azp == policy.audience, Error::Mismatch(Claim::AuthorizedParty))?,
        None => rule(token.audience.iter().all(is_trusted), Error::Missing(Claim::AuthorizedParty))?,
    }
    if let Some(expected) = policy.nonce {
        let nonce = string(claims, "nonce", invalid)?.ok_or(Error::Missing(Claim::Nonce))?;
        rule(nonce == expected, Error::Mismatch(Claim::Nonce))?;
    }
    validate_login(case, claims, time)?;
    if let Some(text) = policy.access_token {
        let expected = match case.signer {
            Alg::Es256 => base64url(&Sha256::digest(text)[..16]),
            Alg::EdDsa => base64url(&Sha512::digest(text)[..32]),
        };
        let at_hash = string(claims, "at_hash", invalid)?.ok_or(Error::Missing(Claim::AccessTokenHash))?;
        rule(at_hash == expected, Error::Mismatch(Claim::AccessTokenHash))?;
    }
    Ok(())
}

/// The rules about the login: steps 12 and 13 for an ID token, RFC 9470 section 5 for an access token.
fn validate_login(case: &Case, claims: &Map<String, Value>, time: &Time) -> Result<(), Error> {
    let policy = &case.policy;
    let invalid = Error::Invalid(Claim::Other);
    if let Some(expected) = policy.acr {
        let acr = string(claims, "acr", invalid)?.ok_or(Error::Missing(Claim::AuthenticationContext))?;
        rule(list(expected).contains(&acr), Error::Mismatch(Claim::AuthenticationContext))?;
    }
    if let Some(max) = policy.max_age {
        let login = date(claims, "auth_time").map_err(|_| invalid)?;
        let login = login.ok_or(Error::Missing(Claim::AuthenticationTime))?;
        rule(login.ceil <= time.latest, Error::NotYetValid)?;
        rule(time.since(login.floor) <= max.into(), Error::AuthenticationTooOld)?;
    }
    Ok(())
}

pub fn rule(is_met: bool, error: Error) -> Result<(), Error> {
    if is_met { Ok(()) } else { Err(error) }
}

pub fn object(text: &[u8], part: Part) -> Result<Map<String, Value>, Error> {
    match strict_json::parse(text, part)? {
        Value::Object(members) => Ok(members),
        _ => Err(Error::Malformed(part)),
    }
}

pub fn string(members: &Map<String, Value>, name: &str, error: Error) -> Result<Option<String>, Error> {
    members.get(name).map(|value| value.as_str().map(String::from).ok_or(error)).transpose()
}

/// A string or an array of strings.
pub fn strings(value: &Value) -> Option<Vec<String>> {
    let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    values.iter().map(|value| value.as_str().map(String::from)).collect()
}

fn list(values: &str) -> Vec<String> {
    values.split(' ').filter(|value| !value.is_empty()).map(String::from).collect()
}

fn seconds(date: i128) -> i64 {
    i64::try_from(date).unwrap()
}

/// A time, rounded down and up to whole seconds.
#[derive(Clone, Copy)]
pub struct Date {
    pub floor: i128,
    pub ceil: i128,
}

pub struct NoDate;

/// Reads a date by RFC 7519 section 2: a number with a fraction and an exponent of any size. Refused if it does not fit
/// i64.
pub fn date(members: &Map<String, Value>, name: &str) -> Result<Option<Date>, NoDate> {
    let Some(value) = members.get(name) else { return Ok(None) };
    let number = value.as_number().ok_or(NoDate)?.as_str().to_ascii_lowercase();
    let (mantissa, exponent) = number.split_once('e').unwrap_or((&number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (sign, whole) = whole.strip_prefix('-').map_or((1, whole), |whole| (-1, whole));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Ok(Some(Date { floor: 0, ceil: 0 }));
    }

    // The number is 0.SIGNIFICANT times ten to the power of `magnitude`.
    let leading_zeros = (digits.len() - significant.len()) as i128;
    let exponent: i128 = exponent.parse().unwrap_or(if exponent.starts_with('-') { -1000 } else { 1000 });
    let magnitude = whole.len() as i128 - leading_zeros + exponent;
    if magnitude >= 20 {
        return Err(NoDate);
    }
    let (seconds, rest) = significant.split_at(significant.len().min(magnitude.max(0) as usize));
    let appended = "0".repeat(magnitude.max(0) as usize - seconds.len());
    let seconds: i128 = format!("0{seconds}{appended}").parse().unwrap();
    let part = i128::from(rest.contains(|digit| digit != '0'));
    if seconds + part > i64::MAX.into() {
        return Err(NoDate);
    }
    Ok(Some(if sign > 0 {
        Date { floor: seconds, ceil: seconds + part }
    } else {
        Date { floor: -seconds - part, ceil: -seconds }
    }))
}
