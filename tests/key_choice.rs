//! Which keys a token is tried with, over all issuers of a call, and how many signatures that costs.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use ed25519_dalek::{Signer, SigningKey};
use embedded_jwt::*;
use serde_json::json;
use testkit::*;

/// TEST KEYS of Ed25519, one for each number.
fn secret(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

/// The public key without a `kid`.
fn key(number: u8) -> Key {
    Key::ed25519(secret(number).verifying_key().as_bytes())
}

/// A token of this issuer, signed with this key, with or without a `kid`.
fn token(signed_with: u8, kid: Option<&str>, iss: &str) -> String {
    let header = json!({"alg": "EdDSA", "typ": "at+jwt"});
    let header = kid.map_or(header.clone(), |kid| with(header.clone(), "kid", json!(kid)));
    let payload = claims_with("iss", json!(iss));
    let signing_input =
        format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(payload.to_string().as_bytes()));
    let signature = secret(signed_with).sign(signing_input.as_bytes()).to_bytes();
    format!("{signing_input}.{}", base64url(&signature))
}

/// Returns the verdict on a token, and the number of signatures that were verified. `verify_any` and `prepare` must
/// agree on both.
fn verify(text: &str, issuers: &[(&str, &[Key])]) -> (Result<(), Error>, usize) {
    verify_with(text, issuers, |issuer| issuer)
}

fn verify_with(
    text: &str,
    issuers: &[(&str, &[Key])],
    configure: impl Fn(Issuer<'_>) -> Issuer<'_>,
) -> (Result<(), Error>, usize) {
    let backend = Counting::new(Alg::EdDsa);
    let backends: [&dyn SignatureAlgorithm; 1] = [&backend];
    let issuers: Vec<_> = issuers.iter().map(|(name, keys)| configure(Issuer::new(name, keys, &backends))).collect();
    let issuers: Vec<_> = issuers.iter().collect();
    let verdict = Token::parse(text).unwrap().verify_any(&issuers, &mut [0; 1024]).map(drop);
    let signatures = backend.asked();

    let mut buf = [0; 1024];
    let prepared = Token::parse(text).unwrap().prepare(&issuers, &mut buf);
    let in_steps = prepared.and_then(|prepared| {
        complete(prepared, |prepared| backend.verify(prepared.key(), prepared.message(), prepared.signature()))
    });
    assert_eq!((in_steps.map(drop), backend.asked()), (verdict, signatures));
    (verdict, signatures)
}

#[test]
fn token_without_kid_is_tried_with_every_key_of_its_algorithm() {
    let keys = [key(1), Alg::Es256.key(), key(2).with_kid(b"two"), key(3)];
    for (number, signatures) in [(1, 1), (2, 2), (3, 3)] {
        for kid in [None, Some("")] {
            assert_eq!(verify(&token(number, kid, ISSUER), &[(ISSUER, &keys)]), (Ok(()), signatures), "{number}");
        }
    }
    assert_eq!(verify(&token(9, None, ISSUER), &[(ISSUER, &keys)]), (Err(Error::InvalidSignature), 3));
}

#[test]
fn kid_selects_the_keys_that_have_it() {
    let keys = [key(1).with_kid(b"a"), key(2).with_kid(b"b"), key(3)];
    assert_eq!(verify(&token(2, Some("b"), ISSUER), &[(ISSUER, &keys)]), (Ok(()), 1));
    // Neither the key with another `kid` nor the one without is tried.
    assert_eq!(verify(&token(1, Some("b"), ISSUER), &[(ISSUER, &keys)]), (Err(Error::InvalidSignature), 1));
    assert_eq!(verify(&token(3, Some("b"), ISSUER), &[(ISSUER, &keys)]), (Err(Error::InvalidSignature), 1));
}

#[test]
fn unknown_kid_is_a_hint_and_tries_the_keys_without_kid() {
    let keys = [key(1).with_kid(b"a"), key(2), key(3)];
    assert_eq!(verify(&token(3, Some("z"), ISSUER), &[(ISSUER, &keys)]), (Ok(()), 2));
    assert_eq!(verify(&token(1, Some("z"), ISSUER), &[(ISSUER, &keys)]), (Err(Error::InvalidSignature), 2));
    assert_eq!(verify(&token(1, Some("z"), ISSUER), &[(ISSUER, &keys[..1])]), (Err(Error::UnknownKey), 0));
}

#[test]
fn keys_with_the_same_kid_are_all_tried() {
    let keys = [key(1).with_kid(b"a"), key(2).with_kid(b"a")];
    assert_eq!(verify(&token(2, Some("a"), ISSUER), &[(ISSUER, &keys)]), (Ok(()), 2));
}

#[test]
fn equal_keys_are_one_candidate() {
    let keys = [key(1), key(1), key(1).with_kid(b"a"), key(1).with_kid(b"b"), key(2)];
    assert_eq!(verify(&token(2, None, ISSUER), &[(ISSUER, &keys)]), (Ok(()), 2));
    assert_eq!(verify(&token(1, Some("b"), ISSUER), &[(ISSUER, &keys)]), (Ok(()), 1));
    assert_eq!(verify(&token(9, None, ISSUER), &[(ISSUER, &keys)]), (Err(Error::InvalidSignature), 2));
}

#[test]
fn forged_token_costs_at_most_four_signatures() {
    let [five, others] = [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]].map(|numbers| numbers.map(key));
    let forged = token(99, None, ISSUER);
    assert_eq!(MAX_SIGNATURES, 4);
    assert_eq!(verify(&forged, &[(ISSUER, &five)]), (Err(Error::AmbiguousKey), 4));
    assert_eq!(verify(&forged, &[(ISSUER, &five[..4])]), (Err(Error::InvalidSignature), 4));
    let four = [(ISSUER, &five[..]), ("urn:b", &others), ("urn:c", &five), ("urn:d", &others)];
    assert_eq!(verify(&forged, &four), (Err(Error::AmbiguousKey), 4));
    let one_each = [(ISSUER, &five[..1]), ("urn:b", &five[1..2]), ("urn:c", &five[2..3]), ("urn:d", &five[3..4])];
    assert_eq!(verify(&forged, &one_each), (Err(Error::InvalidSignature), 4));
    // The fifth key is never tried, and the error says so.
    assert_eq!(verify(&token(5, None, ISSUER), &[(ISSUER, &five)]), (Err(Error::AmbiguousKey), 4));
}

#[test]
fn token_without_kid_costs_nothing_where_a_kid_is_required() {
    let keys = [key(1), key(2).with_kid(b"two")];
    let verify = |text: &str| verify_with(text, &[(ISSUER, &keys)], |issuer| issuer.with_required_kid());
    for kid in [None, Some(""), Some("unknown")] {
        assert_eq!(verify(&token(1, kid, ISSUER)), (Err(Error::UnknownKey), 0), "{kid:?}");
    }
    assert_eq!(verify(&token(2, Some("two"), ISSUER)), (Ok(()), 1));
}

#[test]
fn first_keys_of_all_issuers_come_before_second_keys() {
    let [a, b] = [[1, 2, 3, 4].map(key), [5, 6, 7, 8].map(key)];
    let issuers = [("urn:a", &a[..]), ("urn:b", &b[..1])];
    for (signed_with, iss, verdict) in [
        (1, "urn:a", (Ok(()), 1)),
        (5, "urn:b", (Ok(()), 2)),
        (2, "urn:a", (Ok(()), 3)),
        (3, "urn:a", (Ok(()), 4)),
        (4, "urn:a", (Err(Error::AmbiguousKey), 4)),
        (5, "urn:a", (Err(Error::AmbiguousKey), 4)),
        (1, "urn:b", (Err(Error::Mismatch(Claim::Issuer)), 2)),
    ] {
        assert_eq!(verify(&token(signed_with, None, iss), &issuers), verdict, "{signed_with} {iss}");
    }
}

#[test]
fn issuers_that_share_a_key_are_told_apart_by_iss() {
    let shared = [key(1).with_kid(b"k")];
    let issuers = [("urn:a", &shared[..]), ("urn:b", &shared)];
    assert_eq!(verify(&token(1, Some("k"), "urn:a"), &issuers), (Ok(()), 1));
    assert_eq!(verify(&token(1, Some("k"), "urn:b"), &issuers), (Ok(()), 2));
    assert_eq!(verify(&token(1, Some("k"), "urn:c"), &issuers), (Err(Error::Mismatch(Claim::Issuer)), 1));
}

#[test]
fn keys_of_an_issuer_that_the_token_does_not_name_are_not_tried_after_a_valid_signature() {
    let [a, b] = [[1, 2].map(key), [3, 4].map(key)];
    let issuers = [("urn:a", &a[..]), ("urn:b", &b)];
    assert_eq!(verify(&token(1, None, "urn:b"), &issuers), (Err(Error::Mismatch(Claim::Issuer)), 3));
    assert_eq!(verify(&token(1, None, "urn:c"), &issuers), (Err(Error::Mismatch(Claim::Issuer)), 1));
}
