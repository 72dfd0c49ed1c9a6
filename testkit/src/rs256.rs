//! Tokens signed with RS256, rightly and wrongly.

use std::sync::LazyLock;

use base64ct::{Base64UrlUnpadded, Encoding};
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U2048};
use embedded_jwt::Key;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::base64url;

/// TEST KEY: published in [RFC 7515 appendix A.2](https://www.rfc-editor.org/rfc/rfc7515#appendix-A.2), so it protects
/// nothing. Never trust it.
pub const RS256_TEST_KEY_N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPME\
    zP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-\
    KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethF\
    kMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const RS256_TEST_KEY_D: &str = "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol\
    2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qA\
    dGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWS\
    eWjnczT0QU91p1DhOVRuOopznQ";

pub const RS256_KID: &str = "rs-test";

/// The modulus of the test key.
pub static RS256_MODULUS: LazyLock<[u8; 256]> = LazyLock::new(|| decoded(RS256_TEST_KEY_N));

/// The public key, named [`RS256_KID`].
pub fn rs256_key() -> Key {
    Key::rsa(&RS256_MODULUS).with_kid(RS256_KID.as_bytes())
}

/// The public key as a JWK, without a `kid`.
pub fn rs256_jwk() -> Value {
    json!({"kty": "RSA", "n": RS256_TEST_KEY_N, "e": "AQAB"})
}

/// The header of an RFC 9068 access token.
pub fn rs256_header() -> Value {
    json!({"alg": "RS256", "typ": "at+jwt", "kid": RS256_KID})
}

/// An access token with these claims.
pub fn rs256_access_token(claims: &Value) -> String {
    rs256_mint(rs256_header().to_string(), claims.to_string())
}

/// A token of this header and payload, byte for byte, with a valid signature.
pub fn rs256_mint(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    let signing_input = format!("{}.{}", base64url(header.as_ref()), base64url(payload.as_ref()));
    let signature = rs256_sign(signing_input.as_bytes());
    format!("{signing_input}.{}", base64url(&signature))
}

pub fn rs256_sign(message: &[u8]) -> [u8; 256] {
    rs256_sign_block(&rs256_block(message))
}

/// The block that a valid signature encodes ([RFC 8017 section 9.2](https://www.rfc-editor.org/rfc/rfc8017#section-9.2)).
pub fn rs256_block(message: &[u8]) -> [u8; 256] {
    let digest_info = [&SHA_256_PREFIX[..], &Sha256::digest(message)].concat();
    let padding = vec![0xff; 256 - 3 - digest_info.len()];
    [&[0, 1][..], &padding, &[0], &digest_info].concat().try_into().unwrap()
}

/// The "signature" of any block below the modulus.
pub fn rs256_sign_block(block: &[u8; 256]) -> [u8; 256] {
    static PARAMS: LazyLock<FixedMontyParams<{ U2048::LIMBS }>> =
        LazyLock::new(|| FixedMontyParams::new_vartime(Odd::new(U2048::from_be_slice(&*RS256_MODULUS)).unwrap()));
    let exponent = U2048::from_be_slice(&decoded(RS256_TEST_KEY_D));
    let power = FixedMontyForm::new(&U2048::from_be_slice(block), &PARAMS).pow(&exponent).retrieve();
    power.to_be_bytes().as_ref().try_into().unwrap()
}

fn decoded(text: &str) -> [u8; 256] {
    Base64UrlUnpadded::decode_vec(text).unwrap().try_into().unwrap()
}

/// The DER encoding of `DigestInfo` for SHA-256, up to the digest.
const SHA_256_PREFIX: [u8; 19] = *b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
