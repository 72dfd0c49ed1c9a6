//! The rules of each kind of token, one after the other and straight from the standards, over `serde_json`.

use embedded_jwt::{MAX_HEADER_LEN, MAX_KID_LEN, MAX_TYPE_LEN, Part};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256, Sha512};

use super::case::{Kind, Policy};
use super::common::{Alg, ISSUER, base64url};
use super::{Case, strict_json};

/// What an accepted token says; what its kind does not have is empty.
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
    pub authenticated_at: Option<i64>,
    pub acr: Option<String>,
    pub amr: Vec<String>,
}

/// What a verifier makes of the case's token, or the rule that refuses it.
pub fn judge(case: &Case) -> Result<Accepted, &'static str> {
    let policy = &case.policy;
    rule(!policy.audience.is_empty(), "a policy has an audience")?;

    // The header: RFC 7515 section 4, RFC 7797 section 7, and the limits of this crate.
    let header = object(&case.header, Part::Header)?;
    rule(case.header.len() <= MAX_HEADER_LEN, "limit on the header")?;
    let (alg, kid, typ) = (string(&header, "alg")?, string(&header, "kid")?, string(&header, "typ")?);
    rule(!header.contains_key("crit"), "RFC 7515 section 4.1.11: no extension is understood")?;
    rule(header.get("b64").is_none_or(|b64| *b64 == Value::Bool(true)), "RFC 7797 section 7")?;
    rule(kid.as_ref().is_none_or(|kid| kid.len() <= MAX_KID_LEN), "limit on kid")?;
    rule(typ.as_ref().is_none_or(|typ| typ.len() <= MAX_TYPE_LEN), "limit on typ")?;

    // The key: RFC 8725 section 3.1. The issuer has one key of each algorithm.
    let names: &[&str] = if case.signer == Alg::Es256 { &["ES256"] } else { &["EdDSA", "Ed25519"] };
    rule(names.contains(&&*alg.ok_or("RFC 7515 section 4.1.1")?), "signed with the algorithm that alg names")?;
    rule(kid.is_none_or(|kid| kid == case.signer.kid()), "signed with the key that kid names")?;

    // The type: RFC 7515 section 4.1.9, RFC 8725 section 3.11, RFC 9068 section 4.
    let is_accepted = match typ.map(|typ| typ.to_ascii_lowercase()).as_deref() {
        Some("at+jwt" | "application/at+jwt") => policy.kind != Kind::IdToken,
        Some("jwt" | "application/jwt") | None => matches!(policy.kind, Kind::UntypedAccessToken | Kind::IdToken),
        Some(_) => false,
    };
    rule(is_accepted, "RFC 8725 section 3.11: typ")?;

    // The claims and their types: RFC 7519 section 4.1.
    let claims = object(&case.claims, Part::Payload)?;
    let issuer = string(&claims, "iss")?.ok_or("iss is required")?;
    let audience = strings(claims.get("aud").ok_or("aud is required")?)?;
    let exp = date(&claims, "exp")?.ok_or("exp is required")?;
    let (nbf, iat) = (date(&claims, "nbf")?, date(&claims, "iat")?);
    let (subject, jwt_id) = (string(&claims, "sub")?, string(&claims, "jti")?);

    // Who it is from and for: RFC 7519 sections 4.1.1 and 4.1.3.
    rule(issuer == ISSUER, "iss is the issuer's name")?;
    rule(audience.iter().any(|name| name == policy.audience), "aud holds the policy's audience")?;

    // The time: RFC 7519 sections 4.1.4 and 4.1.5; no moment is later than i64 can tell, and a clock at or before 1970
    // was never set.
    let now = i128::from(case.now);
    let plus = |date: i128, span: u64| (date + i128::from(span)).min(i64::MAX.into());
    rule(now > 0, "the clock is set")?;
    rule(now < plus(exp.floor, policy.leeway), "RFC 7519 section 4.1.4: exp")?;
    rule(nbf.is_none_or(|nbf| nbf.ceil <= plus(now, policy.leeway)), "RFC 7519 section 4.1.5: nbf")?;
    if policy.max_lifetime.is_some() || policy.max_token_age.is_some() {
        let iat = iat.ok_or("iat is required for a limit")?;
        rule(iat.ceil <= exp.floor, "iat is not after exp")?;
        rule(iat.ceil <= plus(now, policy.leeway), "iat is not to come")?;
        rule(policy.max_lifetime.is_none_or(|max| exp.floor - iat.floor <= max.into()), "limit on the lifetime")?;
        let age = now - iat.floor - i128::from(policy.leeway);
        rule(policy.max_token_age.is_none_or(|max| age <= max.into()), "limit on the age")?;
    }

    let seconds = |date: i128| i64::try_from(date).unwrap();
    let mut accepted = Accepted {
        subject,
        jwt_id,
        audience,
        expires_at: seconds(exp.floor),
        not_before: nbf.map(|nbf| seconds(nbf.ceil)),
        issued_at: iat.map(|iat| seconds(iat.floor)),
        ..Accepted::default()
    };
    match policy.kind {
        Kind::Typed => {}
        Kind::AccessToken | Kind::UntypedAccessToken => judge_access(case, &claims, &mut accepted)?,
        Kind::IdToken => judge_id(case, &claims, &mut accepted)?,
    }
    Ok(accepted)
}

fn judge_access(case: &Case, claims: &Map<String, Value>, token: &mut Accepted) -> Result<(), &'static str> {
    let policy = &case.policy;
    let (client_id, scope) = (string(claims, "client_id")?, string(claims, "scope")?);
    let has_all = token.subject.is_some() && client_id.is_some() && token.jwt_id.is_some() && token.issued_at.is_some();
    rule(has_all || policy.kind == Kind::UntypedAccessToken, "RFC 9068 section 2.2: required claims")?;

    // What it allows: RFC 8693 section 4.2, RFC 6750 section 3.1.
    let scopes = list(&scope.unwrap_or_default());
    let required = policy.required_scope.map(list);
    rule(required != Some(vec![]), "a required scope is not empty")?;
    rule(required.unwrap_or_default().iter().all(|scope| scopes.contains(scope)), "RFC 6750 section 3.1: scope")?;

    rule(!claims.contains_key("cnf"), "RFC 9449 section 7.2: a bound token is no bearer token")?;
    if policy.max_age.is_some() || policy.acr.is_some() {
        login(policy, case.now, claims)?;
    }
    (token.client_id, token.scopes) = (client_id, scopes);
    Ok(())
}

/// OpenID Connect Core section 3.1.3.7.
fn judge_id(case: &Case, claims: &Map<String, Value>, token: &mut Accepted) -> Result<(), &'static str> {
    let policy = &case.policy;
    rule(token.subject.is_some() && token.issued_at.is_some(), "section 2: required claims")?;
    let (azp, nonce) = (string(claims, "azp")?, string(claims, "nonce")?);
    let (at_hash, _) = (string(claims, "at_hash")?, string(claims, "c_hash")?);

    let is_trusted = |name: &String| *name == policy.audience || policy.trusted_audiences.contains(&name.as_str());
    match azp {
        Some(azp) => rule(azp == policy.audience, "step 5: azp")?,
        None => rule(token.audience.iter().all(is_trusted), "step 3: audiences that are not trusted")?,
    }
    if let Some(expected) = policy.nonce {
        rule(!expected.is_empty() && nonce.as_deref() == Some(expected), "step 11: nonce")?;
    }
    (token.authenticated_at, token.acr) = login(policy, case.now, claims)?;
    if let Some(text) = policy.access_token {
        let expected = match case.signer {
            Alg::Es256 => base64url(&Sha256::digest(text)[..16]),
            Alg::EdDsa => base64url(&Sha512::digest(text)[..32]),
        };
        rule(at_hash == Some(expected), "section 3.1.3.8: at_hash")?;
    }
    token.amr = claims.get("amr").map_or(Ok(vec![]), strings)?;
    Ok(())
}

/// When and how the user logged in: steps 12 and 13 of an ID token, RFC 9470 section 5 of an access token.
fn login(
    policy: &Policy,
    now: i64,
    claims: &Map<String, Value>,
) -> Result<(Option<i64>, Option<String>), &'static str> {
    let (time, acr) = (date(claims, "auth_time")?, string(claims, "acr")?);
    if let Some(expected) = policy.acr {
        rule(acr.as_ref().is_some_and(|acr| list(expected).contains(acr)), "acr")?;
    }
    if let Some(max) = policy.max_age {
        let age = i128::from(now) - time.ok_or("auth_time is required")?.floor - i128::from(policy.leeway);
        rule(age <= max.into(), "auth_time")?;
    }
    Ok((time.map(|time| i64::try_from(time.floor).unwrap()), acr))
}

fn list(values: &str) -> Vec<String> {
    values.split(' ').filter(|value| !value.is_empty()).map(String::from).collect()
}

fn rule(holds: bool, rule: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(rule) }
}

fn object(text: &[u8], part: Part) -> Result<Map<String, Value>, &'static str> {
    match strict_json::parse(text, part) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err("RFC 7519 section 7.2: a JSON object"),
    }
}

fn string(members: &Map<String, Value>, name: &str) -> Result<Option<String>, &'static str> {
    members.get(name).map(|value| value.as_str().map(String::from).ok_or("a string")).transpose()
}

fn strings(value: &Value) -> Result<Vec<String>, &'static str> {
    let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    values.iter().map(|value| value.as_str().map(String::from).ok_or("a string or an array of strings")).collect()
}

/// The whole seconds around a moment.
#[derive(Clone, Copy)]
struct Date {
    floor: i128,
    ceil: i128,
}

/// RFC 7519 section 2: a number, of any size of fraction and exponent; refused where i64 ends.
fn date(members: &Map<String, Value>, name: &str) -> Result<Option<Date>, &'static str> {
    let Some(value) = members.get(name) else { return Ok(None) };
    let number = value.as_number().ok_or("a number")?.as_str().to_ascii_lowercase();
    let (mantissa, exponent) = number.split_once('e').unwrap_or((&number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (sign, whole) = whole.strip_prefix('-').map_or((1, whole), |whole| (-1, whole));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Ok(Some(Date { floor: 0, ceil: 0 }));
    }

    // 0.SIGNIFICANT times ten to the power of `magnitude`.
    let leading_zeros = (digits.len() - significant.len()) as i128;
    let exponent: i128 = exponent.parse().unwrap_or(if exponent.starts_with('-') { -1000 } else { 1000 });
    let magnitude = whole.len() as i128 - leading_zeros + exponent;
    rule(magnitude < 20, "a date within i64")?;
    let (seconds, rest) = significant.split_at(significant.len().min(magnitude.max(0) as usize));
    let appended = "0".repeat(magnitude.max(0) as usize - seconds.len());
    let seconds: i128 = format!("0{seconds}{appended}").parse().unwrap();
    let part = i128::from(rest.contains(|digit| digit != '0'));
    rule(seconds + part <= i64::MAX.into(), "a date within i64")?;
    Ok(Some(if sign > 0 {
        Date { floor: seconds, ceil: seconds + part }
    } else {
        Date { floor: -seconds - part, ceil: -seconds }
    }))
}
