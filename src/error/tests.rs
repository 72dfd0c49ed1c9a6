use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Claim, Error, Part};
use crate::test_tokens::*;
use crate::{AccessTokenPolicy, BackendError, Issuer, Key, KeySet, SignatureAlgorithm, Token, UnixTime};

const ALL: [Error; 27] = [
    Error::BufferTooSmall,
    Error::TooManyIssuers,
    Error::Unconfigured(Claim::Audience),
    Error::TooLarge(Part::Token),
    Error::Malformed(Part::Payload),
    Error::DuplicateName(Part::Header),
    Error::TooDeep(Part::Payload),
    Error::TooManyMembers(Part::Payload),
    Error::CriticalHeader,
    Error::UnsupportedAlgorithm,
    Error::UnknownKey,
    Error::AmbiguousKey,
    Error::InvalidKey,
    Error::InvalidSignature,
    Error::BackendUnavailable,
    Error::WrongType,
    Error::Missing(Claim::Subject),
    Error::Invalid(Claim::Expiration),
    Error::Mismatch(Claim::Issuer),
    Error::ClockNotSet,
    Error::Expired,
    Error::NotYetValid,
    Error::LifetimeTooLong,
    Error::TooOld,
    Error::InsufficientScope,
    Error::Deserialize,
    Error::TooManyKeys,
];

/// Brings about an error by the public interface. Without a wildcard, so that a new variant must be added here.
fn produce(error: Error) -> Option<Error> {
    let limited = || AccessTokenPolicy::new(AUDIENCE).with_leeway(core::time::Duration::ZERO);
    let minute = core::time::Duration::from_secs(60);
    let claims_at = |claims: &Value, policy: AccessTokenPolicy<'_>, now| {
        let text = Alg::EdDsa.access_token(claims);
        let mut buf = [0; 1024];
        let verified = Token::parse(&text).unwrap().verify(&issuer(&keys()), &mut buf).unwrap();
        verified.into_access_token(&policy, UnixTime::from_secs(now)).err()
    };
    let claim = |name, value| claims_at(&claims_with(name, value), limited(), NOW);
    let text = |text: &str| Token::parse(text).and_then(|t| t.verify(&issuer(&keys()), &mut [0; 1024]).map(drop)).err();
    let parts = |header: &str, payload: &str| text(&Alg::EdDsa.mint(header, payload));
    let payload = |payload: &str| parts(&Alg::EdDsa.header().to_string(), payload);
    let with_keys = |keys: &[Key]| {
        let text = Alg::EdDsa.access_token(&claims());
        Token::parse(&text).unwrap().verify(&issuer(keys), &mut [0; 1024]).err()
    };
    let good = Alg::EdDsa.access_token(&claims());
    let token = Token::parse(&good).unwrap();

    match error {
        Error::BufferTooSmall => token.verify(&issuer(&keys()), &mut []).err(),
        Error::TooManyIssuers => token.verify_any(&[&issuer(&keys()); 5], &mut [0; 1024]).err(),
        Error::Unconfigured(_) => claims_at(&claims(), AccessTokenPolicy::new(""), NOW),
        Error::TooLarge(_) => text(&"x".repeat(crate::MAX_TOKEN_LEN + 1)),
        Error::Malformed(_) => payload("[]"),
        Error::DuplicateName(_) => parts(r#"{"alg":"EdDSA","\u0061lg":"EdDSA"}"#, "{}"),
        Error::TooDeep(_) => payload(&"[".repeat(crate::MAX_DEPTH + 1)),
        Error::TooManyMembers(_) => {
            let members: Vec<_> = (0..=crate::MAX_OPEN_MEMBERS).map(|i| format!("\"{i}\":0")).collect();
            payload(&format!("{{{}}}", members.join(",")))
        }
        Error::CriticalHeader => parts(r#"{"alg":"EdDSA","crit":["x"]}"#, "{}"),
        Error::UnsupportedAlgorithm => parts(r#"{"alg":"none"}"#, "{}"),
        Error::UnknownKey => with_keys(&[]),
        Error::AmbiguousKey => with_keys(&[Alg::EdDsa.key(), Alg::EdDsa.key()]),
        Error::InvalidKey => with_keys(&[Key::ed25519(&[0; 32]).with_id(b"ed-test")]),
        Error::InvalidSignature => text(&good.replace(".e", ".f")),
        Error::BackendUnavailable => {
            let offline: [&dyn SignatureAlgorithm; 1] = [&Offline];
            token.verify(&Issuer::new(ISSUER, &keys(), &offline), &mut [0; 1024]).err()
        }
        Error::WrongType => {
            let text = Alg::EdDsa.mint(r#"{"alg":"EdDSA","typ":"JWT"}"#, claims().to_string());
            let mut buf = [0; 1024];
            let verified = Token::parse(&text).unwrap().verify(&issuer(&keys()), &mut buf).unwrap();
            verified.into_access_token(&limited(), now()).err()
        }
        Error::Missing(_) => claim("sub", Value::Null),
        Error::Invalid(_) => claim("exp", json!("1")),
        Error::Mismatch(_) => payload(r#"{"iss":"urn:other"}"#),
        Error::ClockNotSet => claims_at(&claims(), limited(), 0),
        Error::Expired => claim("exp", json!(NOW)),
        Error::NotYetValid => claim("nbf", json!(NOW + 1)),
        Error::LifetimeTooLong => claims_at(&claims(), limited().with_max_lifetime(minute), NOW),
        Error::TooOld => claims_at(&claims(), limited().with_max_token_age(minute), NOW + 1),
        Error::InsufficientScope => claims_at(&claims(), limited().with_required_scope("admin"), NOW),
        Error::Deserialize => {
            let mut buf = [0; 1024];
            let verified = token.verify(&issuer(&keys()), &mut buf).unwrap();
            verified.into_access_token(&limited(), now()).unwrap().claims::<u8>().err()
        }
        Error::TooManyKeys => {
            let mut jwks =
                *br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
            KeySet::<0>::from_jwks(&mut jwks).err()
        }
    }
}

#[derive(Debug)]
struct Offline;

impl SignatureAlgorithm for Offline {
    fn algorithm(&self) -> crate::Algorithm {
        crate::Algorithm::EdDsa
    }

    fn verify(&self, _: &Key, _: &[u8], _: &[u8; 64]) -> Result<(), BackendError> {
        Err(BackendError::Unavailable)
    }
}

#[test]
fn every_error_can_be_produced() {
    for error in ALL {
        assert_eq!(produce(error), Some(error));
    }
}

fn variant(error: Error) -> String {
    format!("{error:?}").split('(').next().unwrap().to_string()
}

#[test]
fn the_list_is_complete() {
    let codes: BTreeSet<_> = ALL.map(|error| error.code() >> 8).into();
    assert_eq!(codes, (1..=27).collect(), "one code for each variant, without gaps");
}

#[test]
fn the_table_of_the_readme_names_every_error() {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("\n## What it checks\n").unwrap();
    let (table, _) = section.split_once("\n## ").unwrap();
    let named: BTreeSet<_> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.rsplit_once(" | "))
        .flat_map(|(_, errors)| errors.split(", "))
        .filter_map(|error| error.strip_prefix('`')?.strip_suffix('`'))
        .map(String::from)
        .collect();
    assert_eq!(named, ALL.map(variant).into());
}

/// Codes are for wire formats: a change here breaks those who read them.
#[test]
fn codes_are_stable() {
    let codes = ALL.map(Error::code);
    let expected = [
        0x0100, 0x0200, 0x0303, 0x0401, 0x0505, 0x0602, 0x0705, 0x0805, 0x0900, 0x0a00, 0x0b00, 0x0c00, 0x0d00, 0x0e00,
        0x0f00, 0x1000, 0x1102, 0x1204, 0x1301, 0x1400, 0x1500, 0x1600, 0x1700, 0x1800, 0x1900, 0x1a00, 0x1b00,
    ];
    assert_eq!(codes, expected);
    let parts = [Part::Token, Part::Header, Part::KeyId, Part::Signature, Part::Payload, Part::KeySet];
    assert_eq!(parts.map(Part::code), [1, 2, 3, 4, 5, 6]);
    let claims = [
        Claim::Issuer,
        Claim::Subject,
        Claim::Audience,
        Claim::Expiration,
        Claim::NotBefore,
        Claim::IssuedAt,
        Claim::JwtId,
        Claim::ClientId,
        Claim::Scope,
        Claim::Other,
    ];
    assert_eq!(claims.map(Claim::code), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn each_error_reads_as_a_phrase_of_its_own() {
    let phrases: BTreeSet<_> = ALL.map(|error| error.to_string()).into();
    assert_eq!(phrases.len(), ALL.len());
    assert_eq!(Error::Malformed(Part::KeySet).to_string(), "malformed: the key set");
    assert_eq!(Error::Missing(Claim::Audience).to_string(), "missing: audience (aud)");
    assert_eq!(Error::Expired.to_string(), "the token has expired");
    let named = [Error::TooLarge(Part::KeyId), Error::Invalid(Claim::Other), Error::Mismatch(Claim::Scope)];
    assert!(named.iter().all(|error| !error.to_string().ends_with(": ")));
}

#[test]
fn of_two_errors_the_one_that_came_further_is_kept() {
    assert_eq!(Error::UnknownKey.or_further(Error::InvalidSignature), Error::InvalidSignature);
    assert_eq!(Error::InvalidSignature.or_further(Error::UnknownKey), Error::InvalidSignature);
    assert_eq!(Error::Expired.or_further(Error::Expired), Error::Expired);
}
