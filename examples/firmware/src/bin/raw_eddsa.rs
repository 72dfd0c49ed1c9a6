//! Measures the least that EdDSA can cost: base64 of the signature, a key from bytes, the curve library's strict
//! verification.
#![no_std]
#![no_main]

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek::{Signature, VerifyingKey};
use embedded_jwt_firmware::{board::entry, measure, trust};

#[entry]
fn main() -> ! {
    measure::tokens(trust::EDDSA_TOKEN, trust::EDDSA_LONG_TOKEN, |token| verify(token).is_some())
}

fn verify(token: &str) -> Option<()> {
    let (signing_input, signature) = token.rsplit_once('.')?;
    let mut bytes = [0; 64];
    Base64UrlUnpadded::decode(signature, &mut bytes).ok()?;
    let key = VerifyingKey::from_bytes(&trust::EDDSA_POINT).ok()?;
    key.verify_strict(signing_input.as_bytes(), &Signature::from_bytes(&bytes)).ok()
}
