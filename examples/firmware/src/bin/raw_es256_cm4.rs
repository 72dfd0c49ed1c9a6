//! Measures the least that ES256 in assembly can cost: base64 of the signature, words from bytes, SHA-256, and the
//! verification of the crate `p256-cm4`.
#![no_std]
#![no_main]

use base64ct::{Base64UrlUnpadded, Encoding};
use embedded_jwt_firmware::{board::entry, measure, trust};
use sha2::{Digest, Sha256};

#[entry]
fn main() -> ! {
    measure::tokens(trust::ES256_TOKEN, trust::ES256_LONG_TOKEN, |token| verify(token) == Some(true))
}

fn verify(token: &str) -> Option<bool> {
    let (signing_input, signature) = token.rsplit_once('.')?;
    let mut bytes = [0; 64];
    Base64UrlUnpadded::decode(signature, &mut bytes).ok()?;
    let ([r, s], []) = bytes.as_chunks() else { return None };
    let [x, y, r, s] = [&trust::ES256_X, &trust::ES256_Y, r, s].map(words);
    Some(p256_cm4::verify(&x, &y, &Sha256::digest(signing_input), &r, &s))
}

fn words(number: &[u8; 32]) -> [u32; 8] {
    let (bytes, _) = number.as_chunks();
    core::array::from_fn(|at| u32::from_be_bytes(bytes[7 - at]))
}
