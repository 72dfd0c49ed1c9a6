//! The rules of RFC 9449 section 4.3 in sequence, over `serde_json`.

use embedded_jwt::{Claim, Error, MAX_HEADER_LEN, MAX_TYPE_LEN, Now, Part};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use testkit::{ALGS, Alg, base64url};

use super::super::jwks::usable_key;
use super::super::model::{date, object, rule, string, strings};
use super::case::ProofCase;
use super::target::is_same_target;

/// The contents of a verified proof.
#[derive(Debug, PartialEq)]
pub struct Proven {
    pub thumbprint: [u8; 32],
    pub jwt_id: String,
    pub issued_at: i64,
    pub usable_until: i64,
}

/// The limits of a token as text.
pub fn parse(case: &ProofCase) -> Result<(), Error> {
    rule(!case.header.is_empty() && !case.claims.is_empty(), Error::Malformed(Part::Token))?;
    rule(case.header.len() <= MAX_HEADER_LEN, Error::TooLarge(Part::Header))
}

/// The expected verdict, by the rules in the order that `Token::verify_dpop` documents.
pub fn verify(case: &ProofCase, buffer_len: usize) -> Result<Proven, Error> {
    let expectations =
        [(case.method, Claim::HttpMethod), (case.uri, Claim::HttpUri), (case.access_token, Claim::AccessTokenHash)];
    for (expected, claim) in expectations {
        rule(!expected.is_empty(), Error::Unconfigured(claim))?;
    }
    rule(case.nonces.is_none_or(|nonces| !nonces.is_empty()), Error::Unconfigured(Claim::Nonce))?;
    rule((2 * buffer_len).saturating_sub(case.missing_bytes) >= buffer_len, Error::BufferTooSmall)?;

    let key = verify_header(case)?;
    rule(case.is_signed && key.thumbprint() == case.signer.key().thumbprint(), Error::InvalidSignature)?;
    verify_claims(case, key.thumbprint().as_bytes())
}

/// Steps 4 to 6: the type, the algorithm and the key.
fn verify_header(case: &ProofCase) -> Result<embedded_jwt::Key, Error> {
    let header = object(&case.header, Part::Header)?;
    let member = |name| string(&header, name, Error::Malformed(Part::Header));
    let (alg, _kid, typ) = (member("alg")?, member("kid")?, member("typ")?);
    let alg = alg.ok_or(Error::Malformed(Part::Header))?;
    rule(!header.contains_key("crit"), Error::CriticalHeader)?;
    rule(header.get("b64").is_none_or(|b64| *b64 == Value::Bool(true)), Error::Malformed(Part::Header))?;
    let typ = typ.filter(|typ| typ.len() <= MAX_TYPE_LEN).map(|typ| typ.to_ascii_lowercase());
    rule(matches!(typ.as_deref(), Some("dpop+jwt" | "application/dpop+jwt")), Error::WrongType)?;

    let alg = match &*alg {
        "ES256" => Alg::Es256,
        "EdDSA" | "Ed25519" => Alg::EdDsa,
        _ => return Err(Error::UnsupportedAlgorithm),
    };
    let is_accepted = ALGS[case.algorithms.clone()].contains(&alg);
    rule(is_accepted, Error::UnsupportedAlgorithm)?;
    let mut jwk = header.get("jwk").cloned().ok_or(Error::InvalidKey)?;
    // Its `kid` is not looked at.
    if let Some(members) = jwk.as_object_mut() {
        members.remove("kid");
    }
    let key = usable_key(&jwk).ok_or(Error::InvalidKey)?;
    rule(key.algorithm() == alg.key().algorithm(), Error::InvalidKey)?;
    Ok(key)
}

fn verify_claims(case: &ProofCase, thumbprint: &[u8; 32]) -> Result<Proven, Error> {
    // Step 3: the required claims, and the types of the registered ones.
    let claims = object(&case.claims, Part::Payload)?;
    let invalid = Error::Invalid(Claim::Other);
    let text = |name| string(&claims, name, invalid);
    let date = |name| date(&claims, name).map_err(|_| invalid);
    rule(claims.get("aud").is_none_or(|aud| strings(aud).is_some()), invalid)?;
    let (_issuer, _subject, jti, nonce) = (text("iss")?, text("sub")?, text("jti")?, text("nonce")?);
    let (exp, nbf, iat) = (date("exp")?, date("nbf")?, date("iat")?);
    let jwt_id = jti.filter(|jti| !jti.is_empty()).ok_or(invalid)?;
    let (htm, htu, iat) = (required(&claims, "htm")?, required(&claims, "htu")?, iat.ok_or(invalid)?);
    let ath = required(&claims, "ath")?;

    // Steps 8, 9, 12 and 10.
    rule(htm == case.method, Error::Mismatch(Claim::HttpMethod))?;
    // RFC 3986 section 2: no URI has these, not even in its query, which is not compared.
    let is_uri = !htu.contains(|c: char| c == '"' || c == '\\' || c < ' ');
    rule(is_uri && is_same_target(&htu, case.uri), Error::Mismatch(Claim::HttpUri))?;
    rule(ath == base64url(&Sha256::digest(case.access_token)), Error::Mismatch(Claim::AccessTokenHash))?;
    if let Some(nonces) = case.nonces {
        let nonce = nonce.ok_or(Error::Missing(Claim::Nonce))?;
        rule(!nonce.is_empty() && nonces.contains(&&*nonce), Error::Mismatch(Claim::Nonce))?;
    }

    // Step 11: the time.
    let leeway = i128::from(case.leeway.min(300));
    let last = i128::from(i64::MAX);
    let (now, is_exact) = match case.now {
        Now::Exact(now) => (now.as_secs(), true),
        Now::AtLeast(floor) => (floor.as_secs(), false),
    };
    rule(!is_exact || now >= 1_262_304_000, Error::ClockNotSet)?;
    rule(is_exact || case.nonces.is_some(), Error::TimeUnknown)?;
    let now = i128::from(now);
    let expires_at = exp.map_or(last, |exp| (exp.floor + leeway).min(last));
    let oldest_at = ((iat.floor + i128::from(case.max_token_age)).min(last) + leeway).min(last);
    rule(now < expires_at, Error::Expired)?;
    if is_exact {
        rule(nbf.is_none_or(|nbf| nbf.ceil <= now + leeway), Error::NotYetValid)?;
        rule(iat.ceil <= now + leeway, Error::NotYetValid)?;
        rule(now <= oldest_at, Error::ProofTooOld)?;
    }
    let seconds = |time| i64::try_from(time).unwrap();
    Ok(Proven {
        thumbprint: *thumbprint,
        jwt_id,
        issued_at: seconds(iat.floor),
        usable_until: seconds(expires_at.min(oldest_at + 1)),
    })
}

fn required(claims: &Map<String, Value>, name: &str) -> Result<String, Error> {
    string(claims, name, Error::Invalid(Claim::Other))?.ok_or(Error::Missing(Claim::Other))
}
