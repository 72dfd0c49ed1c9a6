//! The headers `Authorization` and `WWW-Authenticate`.

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use embedded_jwt::bearer::{Challenge, Scheme, from_authorization};
use embedded_jwt::{Claim, Error, Part};
use testkit::errors;

/// Compares with the grammar `credentials = auth-scheme 1*SP token68` of RFC 9110 section 11.4.
pub fn check_authorization(value: &[u8]) {
    let ours = from_authorization(value).map(|credentials| (credentials.scheme(), credentials.token().to_vec()));
    assert_eq!(ours, model(value), "{}", value.escape_ascii());
}

/// The same, for a value that is nearly right.
pub fn check_authorization_of_pieces(u: &mut Unstructured<'_>) -> Result<()> {
    let pieces: [&[u8]; 16] = [
        b" ", b"a", b"=", b".", b"-._~+/", b"a.b.c", b"  ", b"\t", b",", b"\0", b"\x80", b"\r\n", b"\"", b"Z9",
        b"Bearer", b"@",
    ];
    let mut value = u.choose(&["Bearer ", "dpop ", "BEARER", "DPoP", "Bearer\t", "Basic "])?.as_bytes().to_vec();
    for _ in 0..u.int_in_range(0..=5)? {
        value.extend_from_slice(u.choose(&pieces)?);
    }
    check_authorization(&value);
    Ok(())
}

fn model(value: &[u8]) -> std::result::Result<(Scheme, Vec<u8>), Error> {
    let mut words = value.split(|byte| *byte == b' ');
    let scheme = match words.next().unwrap_or_default().to_ascii_lowercase().as_slice() {
        b"bearer" => Scheme::Bearer,
        b"dpop" => Scheme::Dpop,
        _ => return Err(Error::NoCredentials),
    };
    let malformed = Error::Malformed(Part::Authorization);
    let mut words = words.skip_while(|word| word.is_empty());
    let token = words.next().ok_or(malformed)?;
    let mut rest = token.iter().skip_while(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte));
    let is_token68 = token[0] != b'=' && rest.all(|byte| *byte == b'=');
    if is_token68 && words.next().is_none() { Ok((scheme, token.to_vec())) } else { Err(malformed) }
}

/// Checks that a challenge is a valid value that has the documented parameters, or fails for a character that no header
/// may have.
pub fn check_challenge(u: &mut Unstructured<'_>) -> Result<()> {
    let error = {
        let all: Vec<_> = errors::all().collect();
        *u.choose(&all)?
    };
    let (realm, algs) = (choose_text(u)?, choose_text(u)?);
    let is_dpop = u.arbitrary()?;
    let challenge = if is_dpop { Challenge::dpop(&realm) } else { Challenge::new(&realm) };
    let mut challenge = challenge.with_algs(&algs);
    let (scope, acr) = (choose_text(u)?, choose_text(u)?);
    let [has_scope, has_acr, has_max_age, of_proof]: [bool; 4] = u.arbitrary()?;
    let max_age: u64 = u.arbitrary()?;
    if has_scope {
        challenge = challenge.with_scope(&scope);
    }
    if has_acr {
        challenge = challenge.with_acr_values(&acr);
    }
    if has_max_age {
        challenge = challenge.with_max_age(Duration::from_secs(max_age));
    }

    let mut value = String::new();
    let outcome = if of_proof { challenge.write_dpop(error, &mut value) } else { challenge.write(error, &mut value) };
    let Answer { status, by_proof, code, has_value } = answer(error, of_proof);
    let mut expected = Vec::new();
    if is_dpop || by_proof {
        expected.push(("algs", algs));
    }
    expected.push(("realm", realm));
    expected.extend(code.map(|code| ("error", code.into())));
    expected.extend(has_scope.then_some(("scope", scope)));
    if code == Some("insufficient_user_authentication") {
        expected.extend(has_acr.then_some(("acr_values", acr)));
        expected.extend(has_max_age.then_some(("max_age", max_age.to_string())));
    }
    let expected = if has_value { expected } else { Vec::new() };
    let is_writable = expected.iter().all(|(_, text)| text.chars().all(|c| (' '..='~').contains(&c)));
    if !is_writable {
        assert!(outcome.is_err(), "{value}");
        return Ok(());
    }
    assert_eq!(outcome, Ok(status), "{error:?}");
    if !has_value {
        assert_eq!(value, "");
        return Ok(());
    }
    let (scheme, parameters) = value.split_once(' ').unwrap();
    assert_eq!(scheme, if is_dpop || by_proof { "DPoP" } else { "Bearer" });
    let expected: Vec<_> = expected.into_iter().map(|(name, text)| (name.to_string(), text)).collect();
    assert_eq!(read(parameters), Some(expected), "{value}");
    Ok(())
}

struct Answer {
    status: u16,
    /// Whether the proof is at fault, so that the scheme is `DPoP` whatever the challenge.
    by_proof: bool,
    code: Option<&'static str>,
    has_value: bool,
}

/// The table in the documentation of `Challenge::write`, and the documentation of `Challenge::write_dpop`.
fn answer(error: Error, of_proof: bool) -> Answer {
    use Error::*;
    let with = |status, code| Answer { status, by_proof: of_proof, code, has_value: true };
    let without = |status| Answer { status, by_proof: of_proof, code: None, has_value: false };
    let by_proof = |code| Answer { status: 401, by_proof: true, code: Some(code), has_value: true };
    match error {
        ClockNotSet | TimeUnknown | Full | NotOpened | EntryExpired | StatusUnknown | BackendUnavailable
        | BackendBroken | Disturbed | Unconfigured(_) | TooManyIssuers => without(503),
        Mismatch(Claim::Nonce) => by_proof("use_dpop_nonce"),
        Missing(Claim::Nonce) if of_proof => by_proof("use_dpop_nonce"),
        ProofReplayed | ProofTooOld | Mismatch(Claim::AccessTokenHash) => by_proof("invalid_dpop_proof"),
        _ if of_proof => by_proof("invalid_dpop_proof"),
        InvalidKey => without(503),
        Denied => without(403),
        ShareFull => without(429),
        NoCredentials => with(401, None),
        Malformed(Part::Authorization) => with(400, Some("invalid_request")),
        InsufficientScope => with(403, Some("insufficient_scope")),
        AuthenticationTooOld
        | Missing(Claim::AuthenticationContext | Claim::AuthenticationTime)
        | Mismatch(Claim::AuthenticationContext) => with(401, Some("insufficient_user_authentication")),
        _ => with(401, Some("invalid_token")),
    }
}

/// Reads `token "=" quoted-string`, separated by commas, by RFC 9110 sections 5.6.4 and 11.2.
fn read(parameters: &str) -> Option<Vec<(String, String)>> {
    let mut characters = parameters.chars();
    let mut read = Vec::new();
    loop {
        let name: String = characters.by_ref().take_while(|c| *c != '=').collect();
        let is_token = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        (is_token && characters.next() == Some('"')).then_some(())?;
        let mut text = String::new();
        loop {
            match characters.next()? {
                '"' => break,
                '\\' => text.push(characters.next().filter(|c| (' '..='~').contains(c))?),
                c => text.push(Some(c).filter(|c| (' '..='~').contains(c))?),
            }
        }
        read.push((name, text));
        match characters.next() {
            None => return Some(read),
            Some(',') if characters.next() == Some(' ') => {}
            Some(_) => return None,
        }
    }
}

fn choose_text(u: &mut Unstructured<'_>) -> Result<String> {
    if u.ratio(1, 4)? {
        return u.arbitrary();
    }
    let texts = ["pump-7", "", "a \"b\"\\", "ES256 EdDSA", "a\u{7f}", "a\r\nb: c", "\u{e9}", "a, realm=\"b\""];
    Ok((*u.choose(&texts)?).into())
}
