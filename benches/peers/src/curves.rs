//! The signature alone: decoded from base64url, and verified with a key from bytes. `ring` and `aws-lc-rs` are here
//! too; `aws-lc-rs` gets a parsed key, since it can keep one.

use base64ct::{Base64UrlUnpadded, Encoding};
use p256::ecdsa::signature::Verifier as _;
use testkit::Alg;

use crate::contender::Verify;

pub fn verify(alg: Alg) -> Verify {
    let key = key(alg);
    match alg {
        Alg::Es256 => on_parts(move |message, signature| {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&key).unwrap();
            let signature = p256::ecdsa::Signature::from_slice(signature);
            signature.is_ok_and(|signature| key.verify(message, &signature).is_ok())
        }),
        Alg::EdDsa => on_parts(move |message, signature| {
            let key = ed25519_dalek::VerifyingKey::try_from(&key[..]).unwrap();
            key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
        }),
    }
}

/// Verifies by `verify` of ed25519-dalek, which accepts keys and signatures of small order.
pub fn verify_loosely() -> Verify {
    let key = key(Alg::EdDsa);
    on_parts(move |message, signature| {
        let key = ed25519_dalek::VerifyingKey::try_from(&key[..]).unwrap();
        ed25519_dalek::Verifier::verify(&key, message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    })
}

pub fn verify_by_ring(alg: Alg) -> Verify {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey, VerificationAlgorithm};

    let algorithm: &'static dyn VerificationAlgorithm = match alg {
        Alg::Es256 => &ECDSA_P256_SHA256_FIXED,
        Alg::EdDsa => &ED25519,
    };
    let key = UnparsedPublicKey::new(algorithm, key(alg));
    on_parts(move |message, signature| key.verify(message, signature).is_ok())
}

#[cfg(feature = "aws_lc_rs")]
pub fn verify_by_aws_lc_rs(alg: Alg) -> Verify {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};

    let key = match alg {
        Alg::Es256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key(alg)),
        Alg::EdDsa => ParsedPublicKey::new(&ED25519, key(alg)),
    }
    .unwrap();
    on_parts(move |message, signature| key.verify_sig(message, signature).is_ok())
}

/// The public key as the curve crates take it: an uncompressed point for ES256.
pub fn key(alg: Alg) -> Vec<u8> {
    let key = alg.key();
    match alg {
        Alg::Es256 => [&[4], key.public_key()].concat(),
        Alg::EdDsa => key.public_key().to_vec(),
    }
}

fn on_parts(is_valid: impl Fn(&[u8], &[u8; 64]) -> bool + 'static) -> Verify {
    Box::new(move |token| {
        let Some((message, encoded)) = token.rsplit_once('.') else { return false };
        let mut signature = [0; 64];
        Base64UrlUnpadded::decode(encoded, &mut signature).is_ok() && is_valid(message.as_bytes(), &signature)
    })
}
