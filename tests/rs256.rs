//! RS256: the whole way of a token, and every form of a wrong signature, key and key set.
#![cfg(all(feature = "rs256", feature = "es256", feature = "eddsa"))]

use std::sync::LazyLock;
use std::time::Duration;

use embedded_jwt::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};
use testkit::{EdDsa, Es256, *};

#[cfg(feature = "ring")]
use embedded_jwt::RingRs256 as Backend;
#[cfg(not(feature = "ring"))]
use embedded_jwt::Rs256 as Backend;

const POLICY: AccessTokenPolicy = AccessTokenPolicy::new(AUDIENCE);
const RS256: &[&dyn SignatureAlgorithm] = &[&Backend];
/// An algorithm whose signatures the caller verifies.
const CALLER: &[&dyn SignatureAlgorithm] = &[&CallerVerifies(Algorithm::Rs256)];

static TEXT: LazyLock<String> = LazyLock::new(|| rs256_access_token(&claims()));

/// Verifies and validates an access token with these keys.
fn validate_with(keys: &[PublicKey<'_>], text: &str) -> Result<(), Error> {
    let issuer = Issuer::new(ISSUER, keys, RS256);
    let mut buf = [0; 2048];
    Token::parse(text)?.verify(&issuer, &mut buf)?.into_access_token(&POLICY, now()).map(drop)
}

fn validate(text: &str) -> Result<(), Error> {
    validate_with(&[rs256_key()], text)
}

/// [`TEXT`] with another signature.
fn with_signature(signature: &[u8]) -> String {
    format!("{}.{}", TEXT.rsplit_once('.').unwrap().0, base64url(signature))
}

fn signing_input() -> &'static str {
    TEXT.rsplit_once('.').unwrap().0
}

/// A key with this modulus.
fn key_of(modulus: [u8; 256]) -> Key {
    Key::rsa(Box::leak(Box::new(modulus)))
}

/// `a + b` or `a - b`, modulo 2^2048.
fn add(a: &[u8; 256], b: &[u8; 256], is_negated: bool) -> [u8; 256] {
    let mut carry = u16::from(is_negated);
    let mut sum = [0; 256];
    for at in (0..256).rev() {
        carry += u16::from(a[at]) + u16::from(if is_negated { !b[at] } else { b[at] });
        sum[at] = carry as u8;
        carry >>= 8;
    }
    sum
}

fn number(small: u8) -> [u8; 256] {
    let mut number = [0; 256];
    number[255] = small;
    number
}

#[test]
fn token_is_accepted_by_every_policy_as_others_are() {
    assert_eq!(validate(&TEXT), Ok(()));
    assert_eq!(validate(&rs256_access_token(&claims_with("exp", json!(NOW - 60)))), Err(Error::Expired));
    let keys = [rs256_key()];
    let issuer = Issuer::new(ISSUER, &keys, RS256);
    let mut buf = [0; 2048];
    let text = rs256_mint(json!({"alg": "RS256"}).to_string(), claims().to_string());
    let verified = Token::parse(&text).unwrap().verify(&issuer, &mut buf).unwrap();
    assert!(verified.into_access_token(&AccessTokenPolicy::untyped(AUDIENCE), now()).is_ok());
    let header = with(rs256_header(), "typ", json!("cmd+jwt")).to_string();
    let text = rs256_mint(header, claims().to_string());
    let verified = Token::parse(&text).unwrap().verify(&issuer, &mut buf).unwrap();
    assert!(verified.into_typed(&TypedPolicy::new("cmd+jwt", AUDIENCE), now()).is_ok());
}

#[test]
fn other_rsa_algorithms_are_unsupported() {
    for alg in ["PS256", "RS384", "RS512", "PS512", "rs256", "RS256 ", "RSA", "RSA-OAEP"] {
        let text = rs256_mint(with(rs256_header(), "alg", json!(alg)).to_string(), claims().to_string());
        assert_eq!(validate(&text), Err(Error::UnsupportedAlgorithm), "{alg}");
    }
    // A backend must be listed.
    let keys = [rs256_key()];
    let refused = Token::parse(&*TEXT).unwrap().verify(&issuer(&keys), &mut [0; 2048]).map(drop);
    assert_eq!(refused, Err(Error::UnsupportedAlgorithm));
}

#[test]
fn key_of_another_algorithm_is_not_used() {
    for alg in ALGS {
        assert_eq!(validate_with(&[alg.key().with_kid(RS256_KID.as_bytes())], &TEXT), Err(Error::UnknownKey));
        // Nor is the RSA key used for another algorithm.
        let keys = [rs256_key().with_kid(alg.kid().as_bytes())];
        let text = alg.access_token(&claims());
        let refused = Token::parse(&text).unwrap().verify(&issuer(&keys), &mut [0; 2048]).map(drop);
        assert_eq!(refused, Err(Error::UnknownKey));
    }
}

#[test]
fn signature_must_be_below_the_modulus_and_have_256_bytes() {
    let good = rs256_sign(signing_input().as_bytes());
    assert_eq!(validate(&with_signature(&good)), Ok(()));
    let accepts_all = |text: &str| {
        let (keys, algorithms): (_, [&dyn SignatureAlgorithm; 1]) = ([rs256_key()], [&AcceptAll(Algorithm::Rs256)]);
        let issuer = Issuer::new(ISSUER, &keys, &algorithms);
        Token::parse(text)?.verify(&issuer, &mut [0; 2048]).map(drop)
    };
    let n = &*RS256_MODULUS;
    for in_range in [number(0), number(1), add(n, &number(1), true)] {
        assert_eq!(validate(&with_signature(&in_range)), Err(Error::InvalidSignature));
        assert_eq!(accepts_all(&with_signature(&in_range)), Ok(()), "the backend decides");
    }
    for beyond in [*n, add(n, &number(1), false), [0xff; 256]] {
        assert_eq!(validate(&with_signature(&beyond)), Err(Error::InvalidSignature));
        assert_eq!(accepts_all(&with_signature(&beyond)), Err(Error::InvalidSignature), "no backend sees it");
    }
    let longer = [&[0], &good[..]].concat();
    for other_length in [&good[..255], &good[1..], &longer, &good[..64], &good[..0]] {
        let text = with_signature(other_length);
        assert_eq!(validate(&text), Err(Error::InvalidSignature), "{}", other_length.len());
        assert_eq!(accepts_all(&text), Err(Error::InvalidSignature), "{}", other_length.len());
    }
    let (start, last) = TEXT.split_at(TEXT.len() - 1);
    assert_ne!(last, "B");
    assert_eq!(validate(&format!("{start}B")), Err(Error::Malformed(Part::Signature)), "not canonical base64url");
}

/// The signature is valid for the block that it encodes, and the block is not the one for the message.
#[test]
fn block_is_compared_whole() {
    let block = rs256_block(signing_input().as_bytes());
    assert_eq!(validate(&with_signature(&rs256_sign_block(&block))), Ok(()));
    for at in 0..256 {
        for bits in [0x01, 0x80] {
            let mut wrong = block;
            wrong[at] ^= bits;
            if wrong < *RS256_MODULUS {
                let text = with_signature(&rs256_sign_block(&wrong));
                assert_eq!(validate(&text), Err(Error::InvalidSignature), "{at} {bits}");
            }
        }
    }
    let digest = Sha256::digest(signing_input());
    let info = |prefix: &str, digest: &[u8]| {
        let prefix: Vec<u8> =
            (0..prefix.len()).step_by(2).map(|at| u8::from_str_radix(&prefix[at..at + 2], 16).unwrap()).collect();
        [&prefix[..], digest].concat()
    };
    let sha_256 = info("3031300d060960864801650304020105000420", &digest);
    let padded = |start: &[u8], info: &[u8], end: &[u8]| -> [u8; 256] {
        let padding = vec![0xff; 256 - start.len() - 1 - info.len() - end.len()];
        [start, &padding, &[0], info, end].concat().try_into().unwrap()
    };
    assert_eq!(padded(&[0, 1], &sha_256, &[]), block);
    let garbage = [0xaa; 256];
    let short: Vec<u8> = [&[0, 1], &[0xff; 8][..], &[0], &sha_256, &garbage[..256 - 11 - sha_256.len()]].concat();
    let without_padding: Vec<u8> = [&[0, 1, 0][..], &sha_256, &garbage[..256 - 3 - sha_256.len()]].concat();
    let signing_input = signing_input();
    for (name, wrong) in [
        ("one byte after the digest", padded(&[0, 1], &sha_256, &[0])),
        ("short padding and garbage", short.try_into().unwrap()),
        ("no padding and garbage", without_padding.try_into().unwrap()),
        ("block type 0", padded(&[0, 0], &sha_256, &[])),
        ("block type 2", padded(&[0, 2], &sha_256, &[])),
        ("no NULL", padded(&[0, 1], &info("302f300b06096086480165030402010420", &digest), &[])),
        ("a long form of a length", padded(&[0, 1], &info("308131300d060960864801650304020105000420", &digest), &[])),
        ("the digest alone", padded(&[0, 1], &digest, &[])),
        (
            "SHA-512",
            padded(&[0, 1], &info("3051300d060960864801650304020305000440", &Sha512::digest(signing_input)), &[]),
        ),
        ("the name of SHA-512", padded(&[0, 1], &info("3031300d060960864801650304020305000420", &digest), &[])),
        ("of another message", rs256_block(b"another message")),
    ] {
        assert_eq!(validate(&with_signature(&rs256_sign_block(&wrong))), Err(Error::InvalidSignature), "{name}");
    }
    // With the exponent 1, the block would be its own signature.
    assert_eq!(validate(&with_signature(&block)), Err(Error::InvalidSignature));
}

#[test]
fn modulus_that_is_even_or_short_is_refused_before_the_backend() {
    let n = &*RS256_MODULUS;
    let (mut even, mut short) = (*n, *n);
    even[255] &= 0xfe;
    short[0] &= 0x7f;
    for modulus in [even, short, [0; 256], number(1), add(n, &number(1), false)] {
        let keys = [key_of(modulus).with_kid(RS256_KID.as_bytes())];
        assert_eq!(validate_with(&keys, &TEXT), Err(Error::InvalidKey));
        let issuer = Issuer::new(ISSUER, &keys, CALLER);
        let prepared = Token::parse(&*TEXT).unwrap().prepare(&[&issuer], &mut [0; 2048]).map(drop);
        assert_eq!(prepared, Err(Error::InvalidKey));
        // The backend alone refuses the key too.
        let signature = Signature::new(Algorithm::Rs256, &[1; 256]).unwrap();
        assert_eq!(Backend.verify(&keys[0], b"", signature), Err(BackendError::InvalidKey));
    }
    let another = key_of(add(n, &number(2), false)).with_kid(RS256_KID.as_bytes());
    assert_eq!(validate_with(&[another], &TEXT), Err(Error::InvalidSignature));
    for backend in RS256 {
        assert_eq!(backend.algorithm(), Algorithm::Rs256);
        let signature = Signature::new(Algorithm::Rs256, &[1; 256]).unwrap();
        for alg in ALGS {
            assert_eq!(backend.verify(&alg.key(), b"", signature), Err(BackendError::InvalidKey));
        }
        // A valid signature plus the modulus is refused by the backend alone, too.
        let (message, beyond) = beyond_the_modulus();
        let beyond = Signature::new(Algorithm::Rs256, &beyond).unwrap();
        assert_eq!(backend.verify(&rs256_key(), &message, beyond), Err(BackendError::InvalidSignature));
    }
    assert_eq!(Signature::new(Algorithm::Rs256, &[1; 64]), Err(BackendError::InvalidSignature));
}

/// A message, and its signature plus the modulus, in 256 bytes.
fn beyond_the_modulus() -> ([u8; 1], [u8; 256]) {
    let sum = |message: u8| ([message], add(&rs256_sign(&[message]), &RS256_MODULUS, false));
    (0..=u8::MAX).map(sum).find(|(_, sum)| *sum > *RS256_MODULUS).unwrap()
}

#[test]
fn caller_can_verify_the_signature() {
    let keys = [rs256_key()];
    let issuer = Issuer::new(ISSUER, &keys, CALLER);
    let mut buf = [0; 2048];
    let token = Token::parse(&*TEXT).unwrap();
    assert_eq!(token.verify(&issuer, &mut [0; 2048]).map(drop), Err(Error::BackendUnavailable));
    let verified = complete(token.prepare(&[&issuer], &mut buf).unwrap(), |prepared| {
        assert_eq!((prepared.algorithm(), prepared.key()), (Algorithm::Rs256, &keys[0]));
        assert_eq!(prepared.message_digest()[..], Sha256::digest(prepared.message())[..]);
        assert_eq!(prepared.signature().as_bytes(), rs256_sign(prepared.message()));
        Backend.verify(prepared.key(), prepared.message(), prepared.signature())
    });
    assert!(verified.unwrap().into_access_token(&POLICY, now()).is_ok());
    let mut buf = [0; 2048];
    let refused = complete(token.prepare(&[&issuer], &mut buf).unwrap(), |_| Err(BackendError::InvalidSignature));
    assert_eq!(refused.map(drop), Err(Error::InvalidSignature));
}

#[test]
fn cached_signature_is_not_verified_again() {
    let counting = Counted(std::cell::Cell::new(0));
    let (keys, cache) = ([rs256_key()], SignatureCache::<2>::new());
    let algorithms: [&dyn SignatureAlgorithm; 1] = [&counting];
    let issuer = Issuer::new(ISSUER, &keys, &algorithms);
    for _ in 0..3 {
        assert!(Token::parse(&*TEXT).unwrap().verify_cached(&issuer, &cache, &mut [0; 2048]).is_ok());
    }
    assert_eq!(counting.0.get(), 1);
    let other = rs256_access_token(&claims_with("jti", json!("2")));
    assert!(Token::parse(&other).unwrap().verify_cached(&issuer, &cache, &mut [0; 2048]).is_ok());
    let forged = with_signature(&number(2));
    let refused = Token::parse(&forged).unwrap().verify_cached(&issuer, &cache, &mut [0; 2048]).map(drop);
    assert_eq!((refused, counting.0.get()), (Err(Error::InvalidSignature), 3));
}

/// Counts how often it verifies.
#[derive(Debug)]
struct Counted(std::cell::Cell<u32>);

impl SignatureAlgorithm for Counted {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Rs256
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        self.0.set(self.0.get() + 1);
        Backend.verify(key, message, signature)
    }
}

#[test]
fn hashes_in_id_tokens_are_by_sha_256() {
    let half = |digest: &[u8]| json!(base64url(&digest[..digest.len() / 2]));
    let (keys, mut buf) = ([rs256_key()], [0; 2048]);
    let issuer = Issuer::new(ISSUER, &keys, RS256);
    let policy = IdTokenPolicy::new(CLIENT_ID).with_access_token(b"access token");
    let header = with(rs256_header(), "typ", json!("JWT")).to_string();
    for (at_hash, expected) in [
        (half(&Sha256::digest("access token")), Ok(())),
        (half(&Sha512::digest("access token")), Err(Error::Mismatch(Claim::AccessTokenHash))),
        (half(&Sha256::digest("another")), Err(Error::Mismatch(Claim::AccessTokenHash))),
        (Value::Null, Err(Error::Missing(Claim::AccessTokenHash))),
    ] {
        let text = rs256_mint(&header, with(id_claims(), "at_hash", at_hash).to_string());
        let verified = Token::parse(&text).unwrap().verify(&issuer, &mut buf).unwrap();
        assert_eq!(verified.into_id_token(&policy, now()).map(drop), expected);
    }
}

/// A proof by an RSA key is refused unless RS256 is listed.
#[test]
fn proof_by_an_rsa_key_needs_the_algorithm_to_be_listed() {
    let access_token = with(claims(), "cnf", json!({"jkt": rs256_key().thumbprint().to_string()}));
    let access_token = Alg::EdDsa.access_token(&access_token);
    let header = |jwk: Value| json!({"alg": "RS256", "typ": "dpop+jwt", "jwk": jwk}).to_string();
    let request = DpopPolicy::new("POST", "https://pump-7.local/speed", &access_token);
    let proof = rs256_mint(header(rs256_jwk()), dpop_claims(&access_token).to_string());
    let token = Token::parse(&proof).unwrap();
    let mut buf = [0; 2048];
    let refused = token.verify_dpop(&request, BOTH, now(), &mut buf).map(drop);
    assert_eq!(refused, Err(Error::UnsupportedAlgorithm));

    let window = replay_window::<4>();
    let proof = token.verify_dpop(&request, RS256, now(), &mut buf).unwrap();
    assert_eq!(proof.thumbprint(), rs256_key().thumbprint());
    let policy = POLICY.with_dpop(&proof, &window);
    assert_eq!(validate_access_token(&access_token, &policy, NOW, |_| ()), Ok(()));
    assert_eq!(validate_access_token(&access_token, &policy, NOW, |_| ()), Err(Error::ProofReplayed));

    // Verified by the caller, with the key in the proof's own header.
    let mut buf = [0; 2048];
    let prepared = token.prepare_dpop(&request, CALLER, now(), &mut buf).unwrap();
    assert_eq!(prepared.key(), rs256_key().with_kid(b""));
    let outcome = Backend.verify(&prepared.key(), prepared.message(), prepared.signature());
    assert!(prepared.caller_asserts(outcome).is_ok());

    for (name, value) in UNUSABLE.into_iter().map(|(name, value)| (name, value())) {
        let text = rs256_mint(header(with(rs256_jwk(), name, value)), dpop_claims(&access_token).to_string());
        let refused = Token::parse(&text).unwrap().verify_dpop(&request, RS256, now(), &mut [0; 4096]).map(drop);
        assert_eq!(refused, Err(Error::InvalidKey), "{name}");
    }
    // Its `kid` is not looked at.
    let text = rs256_mint(header(with(rs256_jwk(), "kid", json!(7))), dpop_claims(&access_token).to_string());
    assert!(Token::parse(&text).unwrap().verify_dpop(&request, RS256, now(), &mut [0; 2048]).is_ok());
}

type Member = (&'static str, fn() -> Value);

/// Members that make the test key unusable.
const UNUSABLE: [Member; 34] = [
    ("kty", || json!("rsa")),
    ("kty", || json!("EC")),
    ("kty", || json!("OKP")),
    ("e", || Value::Null),
    ("e", || json!("AAEAAQ")),
    ("e", || json!("Aw")),
    ("e", || json!("AQ")),
    ("e", || json!("")),
    ("e", || json!("AQAB=")),
    ("e", || json!(65537)),
    ("n", || Value::Null),
    ("n", || json!(RS256_TEST_KEY_N.to_owned() + "=")),
    ("n", || json!(base64url(&[&[0], &RS256_MODULUS[..]].concat()))),
    ("n", || json!(base64url(&RS256_MODULUS[1..]))),
    ("n", || json!(base64url(&[&RS256_MODULUS[..], &[1]].concat()))),
    ("n", || json!(base64url(&[&[0x7f], &RS256_MODULUS[1..]].concat()))),
    ("n", || json!(base64url(&[&RS256_MODULUS[..255], &[0]].concat()))),
    ("n", || json!(base64url(&[0xff; 384]))),
    ("n", || json!(base64url(&[0xff; 512]))),
    ("n", || json!(base64url(&[0xff; 128]))),
    ("n", || json!(["A"])),
    ("d", || json!("AA")),
    ("p", || json!("AA")),
    ("q", || json!(7)),
    ("dp", || json!("")),
    ("dq", || json!("AA")),
    ("qi", || json!("AA")),
    ("oth", || json!([])),
    ("use", || json!("enc")),
    ("key_ops", || json!(["sign"])),
    ("alg", || json!("RS512")),
    ("alg", || json!("PS256")),
    ("alg", || json!("RSA-OAEP")),
    ("alg", || json!("ES256")),
];

/// A set with this key as its only one.
fn set_of(jwk: Value) -> KeySet<2, OwnedKey> {
    let mut set = KeySet::<2, OwnedKey>::with_rsa();
    set.replace_from_jwks(json!({"keys": [jwk]}).to_string().as_bytes().to_vec().as_mut_slice()).unwrap();
    set
}

#[test]
fn key_set_skips_rsa_keys_that_cannot_be_used() {
    for (name, value) in UNUSABLE.into_iter().map(|(name, value)| (name, value())) {
        let set = set_of(with(rs256_jwk(), name, value.clone()));
        assert_eq!((set.len(), set.skipped()), (0, 1), "{name} {value}");
    }
    for (name, value) in [
        ("use", json!("sig")),
        ("alg", json!("RS256")),
        ("key_ops", json!(["verify"])),
        ("key_ops", json!([])),
        ("crv", json!("P-256")),
        ("x5c", json!(["AA"])),
        ("x", json!(7)),
        ("kid", json!("")),
    ] {
        let set = set_of(with(rs256_jwk(), name, value.clone()));
        assert_eq!((set.len(), set.skipped()), (1, 0), "{name} {value}");
        assert_eq!(set.as_keys()[0], rs256_key().with_kid(b""), "{name} {value}");
    }
    let mut null = rs256_jwk();
    null.as_object_mut().unwrap().insert("d".into(), Value::Null);
    assert_eq!(set_of(null).len(), 1, "a member of null is absent");
    // An RSA modulus does not make an EC key private, and a prime is no member of it.
    assert_eq!(set_of(with(Alg::Es256.jwk(), "p", json!("AA"))).len(), 1);
}

/// The feature alone changes no set: a set keeps RSA keys only if it is asked to.
#[test]
fn key_set_keeps_rsa_keys_only_if_it_is_asked_to() {
    let jwks = json!({"keys": [
        with(Alg::Es256.jwk(), "kid", json!("es-test")),
        with(rs256_jwk(), "kid", json!(RS256_KID)),
        with(Alg::EdDsa.jwk(), "kid", json!("ed-test")),
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
    ]});
    let small = KeySet::<4>::from_jwks(&mut jwks.to_string().into_bytes()).unwrap();
    assert_eq!((small.len(), small.skipped()), (2, 2));
    assert!(small.iter().all(|key| key.algorithm() != Algorithm::Rs256));

    let mut large = KeySet::<4, OwnedKey>::with_rsa();
    assert_eq!((large.len(), large.as_keys().len()), (0, 0));
    large.replace_from_jwks(&mut jwks.to_string().into_bytes()).unwrap();
    assert_eq!((large.len(), large.skipped()), (3, 1));
    let [es256, eddsa] = keys();
    let expected = [es256, rs256_key(), eddsa];
    let borrowed = large.as_keys();
    assert_eq!(&*borrowed, expected);
    for (owned, key) in large.iter().zip(&expected) {
        assert_eq!((owned.algorithm(), owned.kid(), owned.as_key()), (key.algorithm(), key.kid(), key.clone()));
        assert_eq!(*owned, OwnedKey::from(key));
        assert_eq!(format!("{owned:?}"), format!("{key:?}"));
    }
    let all: [&dyn SignatureAlgorithm; 3] = [&Es256, &EdDsa, &Backend];
    let issuer = Issuer::new(ISSUER, &borrowed, &all);
    for text in [&*TEXT, &Alg::Es256.access_token(&claims()), &Alg::EdDsa.access_token(&claims())] {
        let mut buf = [0; 2048];
        let verified = Token::parse(text).unwrap().verify(&issuer, &mut buf).unwrap();
        assert!(verified.into_access_token(&POLICY, now()).is_ok());
    }
    let mut full = KeySet::<2, OwnedKey>::with_rsa();
    let refused = full.replace_from_jwks(&mut jwks.to_string().into_bytes());
    assert_eq!((refused, full.len()), (Err(Error::TooManyKeys), 0));
}

#[test]
fn rsa_keys_are_rotated_as_others_are() {
    let jwks = |keys: &[Value]| json!({"keys": keys}).to_string().into_bytes();
    let rsa = with(rs256_jwk(), "kid", json!(RS256_KID));
    let until = UnixTime::from_secs(NOW + 300);
    let mut set = KeySet::<2, OwnedKey>::with_rsa();
    set.replace_from_jwks(&mut jwks(std::slice::from_ref(&rsa))).unwrap();
    set.rotate_from_jwks(&mut jwks(&[Alg::EdDsa.jwk()]), until, now()).unwrap();
    assert_eq!((set.len(), set.as_keys().len()), (1, 1));
    let mut validate_at = |time: UnixTime| {
        let keys = set.expire(time);
        (keys.len(), validate_with(&keys, &TEXT))
    };
    assert_eq!(validate_at(now()), (2, Ok(())));
    assert_eq!(validate_at(until), (1, Err(Error::UnknownKey)));
    assert_eq!(validate_at(now()), (1, Err(Error::UnknownKey)), "it does not come back");

    // A signed key set can bring RSA keys too.
    let claims = json!({"iss": ISSUER, "sub": ISSUER, "iat": NOW, "keys": [rsa]});
    let text = Alg::EdDsa.mint(json!({"alg": "EdDSA", "typ": "jwk-set+jwt"}).to_string(), claims.to_string());
    let policy = SignedKeySetPolicy::new(UnixTime::from_secs(0));
    let newest = verify(&text, |verified| set.replace_from_signed(verified, &policy, now()));
    assert_eq!((newest, set.len()), (Ok(now()), 1));
    assert_eq!(validate_with(&set.as_keys(), &TEXT), Ok(()));
}

#[test]
fn rsa_key_is_revoked_as_others_are() {
    let mut list = revocation_list::<2>();
    let other = key_of(add(&RS256_MODULUS, &number(2), false));
    let far = UnixTime::from_secs(i64::MAX);
    let validate = |list: &RevocationList<2>| {
        let keys = [rs256_key()];
        let issuer = Issuer::new(ISSUER, &keys, RS256);
        let mut buf = [0; 2048];
        let verified = Token::parse(&*TEXT)?.verify(&issuer, &mut buf)?;
        verified.into_access_token(&POLICY.with_revocations(list), now()).map(drop)
    };
    list.revoke(Revocation::Key { key: &other, issued_before: far }, far, now()).unwrap();
    assert_eq!(validate(&list), Ok(()));
    list.revoke(Revocation::Key { key: &rs256_key(), issued_before: far }, far, now()).unwrap();
    assert_eq!(validate(&list), Err(Error::Revoked));
}

/// The SubjectPublicKeyInfo of the test key.
fn spki() -> Vec<u8> {
    let head = [
        0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05,
        0x00,
    ];
    let bit_string = [0x03, 0x82, 0x01, 0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00];
    [&head[..], &bit_string, &RS256_MODULUS[..], &[0x02, 0x03, 0x01, 0x00, 0x01]].concat()
}

#[test]
fn rsa_key_is_read_from_spki() {
    let der = spki();
    assert_eq!(der.len(), 294);
    let key = OwnedKey::from_spki_der(&der).unwrap();
    assert_eq!(key.as_key(), rs256_key().with_kid(b""));
    assert_eq!(Key::from_spki_der(&der), Err(Error::Malformed(Part::Key)), "it has no room for it");
    let flipped = |at: usize, bits: u8| {
        let mut other = der.clone();
        other[at] ^= bits;
        OwnedKey::from_spki_der(&other)
    };
    for at in 0..33 {
        let names_rsa = !(4..19).contains(&at);
        let error = if names_rsa { Error::InvalidKey } else { Error::Malformed(Part::Key) };
        assert_eq!(flipped(at, 1), Err(error), "{at}");
    }
    for (at, bits) in (289..294).map(|at| (at, 1)).chain([(33, 0x80), (288, 1)]) {
        assert_eq!(flipped(at, bits), Err(Error::InvalidKey), "{at}");
    }
    for other in [&der[..293], &der[1..], &[&der[..], &[0]].concat()] {
        assert_eq!(OwnedKey::from_spki_der(other), Err(Error::InvalidKey));
    }
    assert_eq!(OwnedKey::from_spki_der(&[]), Err(Error::Malformed(Part::Key)));
    // Keys of the other algorithms, as by `Key`.
    let ed25519 =
        [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00], Alg::EdDsa.key().public_key()]
            .concat();
    assert_eq!(OwnedKey::from_spki_der(&ed25519).unwrap().as_key(), Alg::EdDsa.key().with_kid(b""));
}

/// The whole key as tools write it, so that the refusal names the reason.
#[test]
fn rsa_key_of_another_size_is_invalid() {
    let ends = |len: usize, start: &[u8]| {
        let algorithm = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
        [start, &algorithm, &vec![0xff; len - start.len() - algorithm.len()]].concat()
    };
    // Of 512, 1,024 and 4,096 bits.
    for der in [ends(94, &[0x30, 0x5c]), ends(162, &[0x30, 0x81, 0x9f]), ends(550, &[0x30, 0x82, 0x02, 0x22])] {
        assert_eq!(OwnedKey::from_spki_der(&der), Err(Error::InvalidKey), "{} bytes", der.len());
        #[cfg(feature = "pem")]
        assert_eq!(OwnedKey::from_pem(pem("PUBLIC KEY", &der).as_bytes()), Err(Error::InvalidKey));
    }
}

#[cfg(feature = "pem")]
#[test]
fn rsa_key_is_read_from_pem() {
    let key = OwnedKey::from_pem(pem("PUBLIC KEY", &spki()).as_bytes()).unwrap();
    assert_eq!(key.as_key(), rs256_key().with_kid(b""));
    for label in ["RSA PUBLIC KEY", "CERTIFICATE", "PRIVATE KEY"] {
        assert_eq!(OwnedKey::from_pem(pem(label, &spki()).as_bytes()), Err(Error::Malformed(Part::Key)), "{label}");
    }
    assert_eq!(Key::from_pem(pem("PUBLIC KEY", &spki()).as_bytes()), Err(Error::Malformed(Part::Key)));
}

#[cfg(feature = "pem")]
fn pem(label: &str, der: &[u8]) -> String {
    use base64ct::{Base64, Encoding};
    let base64 = Base64::encode_string(der);
    let lines: Vec<&str> = base64.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The feature alone changes the size of no key and no set. A key that borrows its modulus is no larger than the others.
#[test]
fn keys_take_no_more_memory_with_the_feature() {
    assert_eq!(size_of::<Key>(), 64 + MAX_WHOLE_KID_LEN + 2 * size_of::<usize>());
    assert_eq!(size_of::<PublicKey<'_>>(), size_of::<Key>());
    assert_eq!(size_of::<OwnedKey>(), 256 + MAX_WHOLE_KID_LEN + 2 * size_of::<usize>());
    assert!(size_of::<KeySet<6>>() <= 6 * size_of::<Key>() + 48);
    assert!(size_of::<KeySet<6, OwnedKey>>() <= 6 * size_of::<OwnedKey>() + 48);
    assert!(size_of::<BorrowedKeys<'_, 6>>() <= 6 * size_of::<Key>() + 8);
}

#[test]
fn long_kid_finds_an_rsa_key() {
    let kid = "k".repeat(MAX_WHOLE_KID_LEN + 40);
    let set = set_of(with(rs256_jwk(), "kid", json!(kid)));
    let text = rs256_mint(with(rs256_header(), "kid", json!(kid)).to_string(), claims().to_string());
    assert_eq!(validate_with(&set.as_keys(), &text), Ok(()));
    assert!(matches!(set[0].kid(), Some(Kid::Abridged { .. })));
    let other = rs256_mint(with(rs256_header(), "kid", json!(kid + "2")).to_string(), claims().to_string());
    assert_eq!(validate_with(&set.as_keys(), &other), Err(Error::UnknownKey));
}

#[test]
fn device_without_a_clock_takes_rs256_tokens_too() {
    let (keys, mut buf) = ([rs256_key()], [0; 2048]);
    let policy = POLICY.with_max_unproven_lifetime(Duration::from_secs(300));
    let verified = Token::parse(&*TEXT).unwrap().verify(&Issuer::new(ISSUER, &keys, RS256), &mut buf).unwrap();
    let token = verified.into_access_token(&policy, EarliestTime::from_secs(NOW - 1000)).unwrap();
    assert_eq!(token.freshness(), Freshness::Unproven);
}

#[test]
fn owned_key_takes_a_kid_as_other_keys_do() {
    let key = OwnedKey::from_spki_der(&spki()).unwrap();
    assert_eq!(key.kid(), None);
    let named = key.clone().with_kid(b"first").with_kid(RS256_KID.as_bytes());
    assert_eq!((named.as_key(), named.kid()), (rs256_key(), Some(Kid::Whole(RS256_KID.as_bytes()))));
    assert_eq!(validate_with(&[named.as_key()], &TEXT), Ok(()));
    assert_eq!(named.with_kid(b""), key, "an empty one is none");

    for len in [1, MAX_WHOLE_KID_LEN, MAX_WHOLE_KID_LEN + 1, 1000] {
        let kid = vec![b'k'; len];
        assert_eq!(key.clone().with_kid(&kid).as_key(), rs256_key().with_kid(&kid), "{len} bytes");
    }
}
