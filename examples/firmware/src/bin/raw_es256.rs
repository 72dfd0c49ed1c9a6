//! Measures the least that ES256 can cost: base64 of the signature, a key from bytes, the curve library's verification.
#![no_std]
#![no_main]

use base64ct::{Base64UrlUnpadded, Encoding};
use embedded_jwt_firmware::{board::entry, measure, trust};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};

#[entry]
fn main() -> ! {
    measure::tokens(trust::ES256_TOKEN, trust::ES256_LONG_TOKEN, |token| verify(token).is_some())
}

fn verify(token: &str) -> Option<()> {
    let (signing_input, signature) = token.rsplit_once('.')?;
    let mut bytes = [0; 64];
    Base64UrlUnpadded::decode(signature, &mut bytes).ok()?;
    let mut point = [4; 65];
    point[1..33].copy_from_slice(&trust::ES256_X);
    point[33..].copy_from_slice(&trust::ES256_Y);
    let key = VerifyingKey::from_sec1_bytes(&point).ok()?;
    key.verify(signing_input.as_bytes(), &Signature::from_slice(&bytes).ok()?).ok()
}
