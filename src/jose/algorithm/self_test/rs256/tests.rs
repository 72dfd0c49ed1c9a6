//! The self-test of RS256 backends, tested with strict, broken and careless backends, and its vectors with their
//! sources.

use core::cell::{Cell, RefCell};
use core::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{NonZero, Odd, U2048};
use sha2::{Digest, Sha256, Sha512};
use testkit::{RS256_MODULUS, rs256_block, rs256_sign, rs256_sign_block};

use super::*;
use crate::error::Error;
use crate::jose::PublicKey;
use crate::jose::algorithm::self_test::{SelfTest, self_test};
use crate::jose::algorithm::{Algorithm, BackendError, Signature, SignatureAlgorithm};

#[test]
fn crate_rs256_is_strict() {
    assert_eq!(self_test(&crate::jose::Rs256), Ok(SelfTest::Strict));
}

#[cfg(feature = "ring")]
#[test]
fn ring_rs256_is_strict() {
    assert_eq!(self_test(&crate::jose::RingRs256), Ok(SelfTest::Strict));
}

#[test]
fn backend_with_one_answer_to_everything_is_broken() {
    for answer in [Ok(()), Err(BackendError::InvalidKey), Err(BackendError::InvalidSignature)] {
        assert_eq!(result(|_| answer), Err(Error::BackendBroken), "{answer:?}");
    }
}

#[test]
fn backend_that_once_gives_no_answer_is_unavailable() {
    for answered in 0..17 {
        let asked = Cell::new(0);
        let answer = |question: &Question| {
            let is_last = asked.replace(asked.get() + 1) == answered;
            if is_last { Err(BackendError::Unavailable) } else { verdict(is_valid(question)) }
        };
        assert_eq!(result(answer), Err(Error::BackendUnavailable), "{answered}");
        assert_eq!(asked.get(), answered + 1);
    }
}

/// This backend compares its input with the two valid signatures.
#[test]
fn backend_that_accepts_only_the_valid_signatures_is_strict() {
    assert_eq!(result(|question| verdict(is_valid(question))), Ok(SelfTest::Strict));
    let refuses_with_key = |question: &Question| verdict(is_valid(question)).map_err(|_| BackendError::InvalidKey);
    assert_eq!(result(refuses_with_key), Ok(SelfTest::Strict));
}

#[test]
fn backend_that_refuses_a_valid_signature_is_broken() {
    for refused in valid_questions() {
        let answer = |question: &Question| verdict(is_valid(question) && *question != refused);
        assert_eq!(result(answer), Err(Error::BackendBroken));
    }
}

#[test]
fn backend_that_ignores_a_part_of_its_input_is_broken() {
    type Ignore = fn(&mut Question);
    let ignore: [(&str, Ignore); 9] = [
        ("key", |question| question.modulus = [0; 256]),
        ("message", |question| question.message.clear()),
        ("first bit of the message", |question| question.message[0] |= 1),
        ("last bit of the message", |question| *question.message.last_mut().unwrap() |= 1),
        ("message after its first block", |question| question.message.truncate(64)),
        ("signature", |question| question.signature = [0; 256]),
        ("first byte of the signature", |question| question.signature[0] = 0),
        ("byte 31 of the signature", |question| question.signature[31] = 0),
        ("last bit of the signature", |question| question.signature[255] |= 1),
    ];
    for (part, ignore) in ignore {
        let without = |question: &Question| {
            let mut question = question.clone();
            ignore(&mut question);
            question
        };
        let answer =
            |question: &Question| verdict(valid_questions().iter().any(|known| without(known) == without(question)));
        assert_eq!(result(answer), Err(Error::BackendBroken), "{part}");
    }
}

/// Each wrong block is accepted by one of these verifiers alone, so that none of the four can be left out.
#[test]
fn backend_that_reads_the_block_laxly_is_broken() {
    for (at, (name, accepts)) in LAX.into_iter().enumerate() {
        assert_eq!(result(|question| verdict(accepts(question))), Err(Error::BackendBroken), "{name}");
        assert!(valid_questions().iter().all(accepts), "{name}");
        let accepted = WRONG_BLOCKS.map(|signature| accepts(&Question { signature: flat(&signature), ..a2() }));
        assert_eq!(accepted, core::array::from_fn(|block| block == at), "{name}");
    }
    for signature in WRONG_BLOCKS {
        let wrong = Question { signature: flat(&signature), ..a2() };
        let answer = |question: &Question| verdict(is_valid(question) || *question == wrong);
        assert_eq!(result(answer), Err(Error::BackendBroken));
    }
}

#[test]
fn backend_that_compares_only_a_part_of_the_block_is_broken() {
    for (name, compared) in
        [("the digest", 224..256), ("all but the first two bytes", 2..256), ("DigestInfo", 205..256)]
    {
        let accepts = |question: &Question| {
            let is_same = |block: [u8; 256]| block[compared.clone()] == expected(question)[compared.clone()];
            is_in_range(question) && block(question).is_some_and(is_same)
        };
        assert!(valid_questions().iter().all(accepts), "{name}");
        assert_eq!(result(|question| verdict(accepts(question))), Err(Error::BackendBroken), "{name}");
    }
}

/// Whether the exponent is always 1 or only sometimes: with it, the block itself is a valid signature.
#[test]
fn backend_with_the_exponent_1_is_broken() {
    let with_1 = |question: &Question| question.signature == expected(question);
    assert_eq!(result(|question| verdict(with_1(question))), Err(Error::BackendBroken));
    let with_either = |question: &Question| verdict(with_1(question) || is_strictly_valid(question));
    assert_eq!(result(with_either), Err(Error::BackendBroken));
}

#[test]
fn careless_verifier_relies_on_pre_checks() {
    for (name, accepts) in CARELESS {
        let result = result(|question| verdict(accepts(question)));
        assert_eq!(result, Ok(SelfTest::ReliesOnPreChecks), "{name}");
    }
}

/// After the checks that the crate makes before each verification, the same verifiers are as strict as its own.
#[test]
fn careless_verifier_after_pre_checks_is_strict() {
    for (name, accepts) in CARELESS {
        let result = result(|question| verdict(passes_pre_checks(question) && accepts(question)));
        assert_eq!(result, Ok(SelfTest::Strict), "{name}");
    }
}

/// The pre-checks let exactly the questions through that every backend has to answer correctly.
#[test]
fn pre_checks_refuse_exactly_the_questions_out_of_range() {
    let (known, out_of_range) = (15, 2);
    let asked: Vec<_> = asked().iter().map(passes_pre_checks).collect();
    assert_eq!(asked.len(), known + out_of_range, "the documentation states these numbers");
    assert!(asked[..known].iter().all(|passes| *passes));
    assert!(asked[known..].iter().all(|passes| !passes));
}

/// A question that every verifier refuses shows nothing.
#[test]
fn each_question_out_of_range_is_accepted_by_a_careless_verifier() {
    for (question, (name, accepts)) in asked()[15..].iter().zip(CARELESS) {
        assert!(accepts(question), "{name}");
        assert!(!is_strictly_valid(question));
    }
}

#[test]
fn published_vectors_match_their_sources() {
    for (vector, token, modulus) in [
        (Question::of(&RFC_7515_A2), TOKEN_OF_RFC_7515, Base64UrlUnpadded::encode_string(&*RS256_MODULUS)),
        (Question::of(&RFC_7520_4_1), TOKEN_OF_RFC_7520, MODULUS_OF_RFC_7520.into()),
    ] {
        let (signing_input, signature) = token.rsplit_once('.').unwrap();
        assert_eq!(vector.message, signing_input.as_bytes());
        assert_eq!(Base64UrlUnpadded::encode_string(&vector.signature), signature);
        assert_eq!(Base64UrlUnpadded::encode_string(&vector.modulus), modulus);
        assert!(is_strictly_valid(&vector));
    }
}

/// RSASSA-PKCS1-v1_5 is deterministic.
#[test]
fn published_private_key_reproduces_the_vectors() {
    let question = a2();
    assert_eq!(rs256_sign(&question.message), question.signature);

    let right = rs256_block(&question.message);
    let mut short_padding = [0; 256];
    short_padding[..2 + 8].copy_from_slice(&right[..2 + 8]);
    short_padding[2 + 8..][..52].copy_from_slice(&right[204..]);
    let mut block_type_2 = right;
    block_type_2[1] = 2;
    let digest = Sha256::digest(&question.message);
    let without_null = padded(&[b"\x30\x2f\x30\x0b\x06\x09", &SHA_256_OID[..], b"\x04\x20", &digest].concat());
    let sha_512 = padded(&sha_512_digest_info(&question.message));

    let blocks = [short_padding, without_null, sha_512, block_type_2];
    assert_eq!(WRONG_BLOCKS.map(|signature| flat(&signature)), blocks.map(|block| rs256_sign_block(&block)));
    for (block, signature) in blocks.iter().zip(WRONG_BLOCKS) {
        assert_eq!(self::block(&Question { signature: flat(&signature), ..a2() }), Some(*block));
    }

    let question = Question::of(&PLUS_MODULUS);
    assert_eq!(question.modulus, *RS256_MODULUS);
    let [signature, modulus] = [question.signature, question.modulus].map(|number| U2048::from_be_slice(&number));
    assert_eq!(signature.wrapping_sub(&modulus), U2048::from_be_slice(&rs256_sign(&question.message)));
}

#[test]
fn key_of_2047_bits_is_short_and_its_signature_otherwise_valid() {
    let question = Question::of(&KEY_OF_2047_BITS);
    assert_eq!(U2048::from_be_slice(&question.modulus).bit_width_vartime(), 2047);
    assert_eq!(question.modulus[255] % 2, 1);
    assert!(question.signature < question.modulus);
    assert_eq!(block(&question), Some(expected(&question)));
}

#[derive(Clone, Debug, PartialEq)]
struct Question {
    modulus: [u8; 256],
    message: Vec<u8>,
    signature: [u8; 256],
}

impl Question {
    fn of<const LEN: usize>(vector: &Vector<LEN, 8>) -> Self {
        let modulus = vector.key.public_key().try_into().unwrap();
        Self { modulus, message: vector.message.to_vec(), signature: flat(&vector.signature) }
    }
}

fn a2() -> Question {
    Question::of(&RFC_7515_A2)
}

fn flat(parts: &[[u8; 32]; 8]) -> [u8; 256] {
    parts.as_flattened().try_into().unwrap()
}

struct Mock<F>(F);

impl<F: Fn(&Question) -> Result<(), BackendError>> SignatureAlgorithm for Mock<F> {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Rs256
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        assert_eq!(key.algorithm(), Algorithm::Rs256);
        let modulus = key.public_key().try_into().unwrap();
        (self.0)(&Question { modulus, message: message.to_vec(), signature: *signature.fixed().unwrap() })
    }
}

impl<F> fmt::Debug for Mock<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mock")
    }
}

fn result(answer: impl Fn(&Question) -> Result<(), BackendError>) -> Result<SelfTest, Error> {
    self_test(&Mock(answer))
}

/// All questions that a strict backend is asked.
fn asked() -> Vec<Question> {
    let asked = RefCell::new(Vec::new());
    let answer = |question: &Question| {
        asked.borrow_mut().push(question.clone());
        verdict(is_valid(question))
    };
    assert_eq!(result(answer), Ok(SelfTest::Strict));
    asked.into_inner()
}

fn verdict(is_valid: bool) -> Result<(), BackendError> {
    if is_valid { Ok(()) } else { Err(BackendError::InvalidSignature) }
}

fn is_valid(question: &Question) -> bool {
    valid_questions().contains(question)
}

fn valid_questions() -> [Question; 2] {
    [Question::of(&RFC_7515_A2), Question::of(&RFC_7520_4_1)]
}

fn passes_pre_checks(question: &Question) -> bool {
    let key = PublicKey::borrowing(&question.modulus);
    let signature = Signature::new(Algorithm::Rs256, &question.signature).unwrap();
    Algorithm::Rs256.check_encoding(&key, signature).is_ok()
}

type Verifier = fn(&Question) -> bool;

/// Verifiers that read the block instead of comparing it, in the order of [`WRONG_BLOCKS`], and are correct otherwise.
const LAX: [(&str, Verifier); 4] = [
    ("ignores what follows the digest", |question| {
        has_block(question, |block| {
            let Some([0, 1, rest @ ..]) = block.get(..) else { return false };
            let padding = rest.iter().take_while(|byte| **byte == 0xff).count();
            padding >= 8 && rest[padding..].starts_with(&expected(question)[204..])
        })
    }),
    ("takes a DigestInfo without NULL", |question| {
        let digest = Sha256::digest(&question.message);
        let without_null = [b"\x30\x2f\x30\x0b\x06\x09", &SHA_256_OID[..], b"\x04\x20", &digest].concat();
        has_block(question, |block| *block == padded(&without_null) || *block == expected(question))
    }),
    ("takes the hash function from the block", |question| {
        let sha_512 = padded(&sha_512_digest_info(&question.message));
        has_block(question, |block| *block == sha_512 || *block == expected(question))
    }),
    ("takes the type for encryption", |question| {
        has_block(question, |block| {
            let [zero, kind, rest @ ..] = block;
            *zero == 0 && matches!(kind, 1 | 2) && *rest == expected(question)[2..]
        })
    }),
];

/// Verifiers that omit a check of ranges, in the order of the questions, and are correct otherwise.
const CARELESS: [(&str, Verifier); 2] = [
    ("reduces the signature", |question| {
        is_long(question) && block(question).is_some_and(|block| block == expected(question))
    }),
    ("takes a key of any length", |question| {
        question.signature < question.modulus && block(question).is_some_and(|block| block == expected(question))
    }),
];

fn is_strictly_valid(question: &Question) -> bool {
    has_block(question, |block| *block == expected(question))
}

fn has_block(question: &Question, is_right: impl Fn(&[u8; 256]) -> bool) -> bool {
    is_in_range(question) && block(question).is_some_and(|block| is_right(&block))
}

fn is_in_range(question: &Question) -> bool {
    is_long(question) && question.signature < question.modulus
}

fn is_long(question: &Question) -> bool {
    question.modulus[0] >= 0x80
}

/// The block that the signature encodes, whether it is in range or not; `None` for an even modulus.
fn block(question: &Question) -> Option<[u8; 256]> {
    let modulus = Odd::new(U2048::from_be_slice(&question.modulus)).into_option()?;
    let signature = U2048::from_be_slice(&question.signature).rem(&NonZero::new(modulus.get()).unwrap());
    let power = FixedMontyForm::new(&signature, &FixedMontyParams::new(modulus)).pow(&U2048::from_u32(65537));
    power.retrieve().to_be_bytes().as_ref().try_into().ok()
}

/// The block of a valid signature. The test kit has it from the standard too, and not from the crate.
fn expected(question: &Question) -> [u8; 256] {
    rs256_block(&question.message)
}

/// A block with this `DigestInfo`.
fn padded(digest_info: &[u8]) -> [u8; 256] {
    let padding = vec![0xff; 256 - 3 - digest_info.len()];
    [&[0, 1][..], &padding, &[0], digest_info].concat().try_into().unwrap()
}

fn sha_512_digest_info(message: &[u8]) -> Vec<u8> {
    let oid = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";
    [b"\x30\x51\x30\x0d\x06\x09", &oid[..], b"\x05\x00\x04\x40", &Sha512::digest(message)].concat()
}

const SHA_256_OID: [u8; 9] = *b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";

/// [RFC 7515 appendix A.2.1](https://www.rfc-editor.org/rfc/rfc7515#appendix-A.2.1)
const TOKEN_OF_RFC_7515: &str = "eyJhbGciOiJSUzI1NiJ9\
    .eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
    .cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1\
    dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwu\
    sC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

/// [RFC 7520 section 4.1.3](https://www.rfc-editor.org/rfc/rfc7520#section-4.1.3)
const TOKEN_OF_RFC_7520: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9\
    .SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIG\
    lmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4\
    .MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78\
    185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3I\
    S_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg";

/// [RFC 7520 section 3.3](https://www.rfc-editor.org/rfc/rfc7520#section-3.3)
const MODULUS_OF_RFC_7520: &str = "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz\
    _AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1N\
    NLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhua\
    xwUkRz5iaiQkqgc5gHdrNP5zw";
