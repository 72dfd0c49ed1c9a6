//! RS256: whole verifications, and the signature alone by the libraries below them.

use std::hint::black_box;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::json;
use testkit::{RS256_MODULUS, rs256_block, rs256_mint};

use crate::contender::{Contender, Verify};
use crate::jsonwebtoken;
use crate::tokens::{KID, TYPE, claims};

/// The contenders of the row. Each must refuse a forged token.
pub fn contenders() -> Vec<Contender> {
    let (token, forged) = (token("user-4200"), forged());
    let row = format!("RS256, {} bytes", token.len());
    verifiers()
        .into_iter()
        .map(|(name, mut verify)| {
            assert!(!verify(&forged), "{name} accepts a forged RS256 token");
            let token = token.clone();
            Contender::new(&row, name, move || verify(black_box(&token)))
        })
        .collect()
}

fn verifiers() -> Vec<(&'static str, Verify)> {
    #[cfg(feature = "aws_lc_rs")]
    return vec![
        ("embedded-jwt", crate::ours::verify_with_key(testkit::rs256_key(), &embedded_jwt::Rs256)),
        ("embedded-jwt on ring", crate::ours::verify_with_key(testkit::rs256_key(), &embedded_jwt::RingRs256)),
        ("jsonwebtoken, aws_lc_rs", jsonwebtoken::verify_rs256()),
        ("crypto-bigint, signature alone", on_parts(is_valid_by_crypto_bigint)),
        ("ring, signature alone", on_parts(is_valid_by_ring)),
        ("aws-lc-rs, signature alone", verify_by_aws_lc_rs()),
    ];
    #[cfg(not(feature = "aws_lc_rs"))]
    vec![
        ("jsonwebtoken, rust_crypto", jsonwebtoken::verify_rs256()),
        ("ring, signature alone", on_parts(is_valid_by_ring)),
    ]
}

fn token(subject: &str) -> String {
    let mut claims = claims();
    claims["sub"] = json!(subject);
    rs256_mint(json!({"alg": "RS256", "typ": TYPE, "kid": KID}).to_string(), claims.to_string())
}

/// A token with another one's signature.
fn forged() -> String {
    let (token, other) = (token("user-4200"), token("user-4201"));
    format!("{}.{}", token.rsplit_once('.').unwrap().0, other.rsplit_once('.').unwrap().1)
}

fn is_valid_by_crypto_bigint(message: &[u8], signature: &[u8; 256]) -> bool {
    use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
    use crypto_bigint::{Odd, U2048};

    let modulus = Odd::new(U2048::from_be_slice(&*RS256_MODULUS)).unwrap();
    let base = FixedMontyForm::new(&U2048::from_be_slice(signature), &FixedMontyParams::new_vartime(modulus));
    let block = base.square_repeat_vartime(16).mul(&base).retrieve().to_be_bytes();
    *block.as_ref() == rs256_block(message)
}

fn is_valid_by_ring(message: &[u8], signature: &[u8; 256]) -> bool {
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

    let key = RsaPublicKeyComponents { n: &RS256_MODULUS[..], e: &[1, 0, 1][..] };
    key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
}

#[cfg(feature = "aws_lc_rs")]
fn verify_by_aws_lc_rs() -> Verify {
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

    on_parts(|message, signature| {
        let key = RsaPublicKeyComponents { n: &RS256_MODULUS[..], e: &[1, 0, 1][..] };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
    })
}

fn on_parts(is_valid: impl Fn(&[u8], &[u8; 256]) -> bool + 'static) -> Verify {
    Box::new(move |token| {
        let Some((message, encoded)) = token.rsplit_once('.') else { return false };
        let mut signature = [0; 256];
        Base64UrlUnpadded::decode(encoded, &mut signature).is_ok() && is_valid(message.as_bytes(), &signature)
    })
}
