//! Measures the least that ES256 can cost: base64 of the signature, a key from bytes, the curve library's verification.
#![no_std]
#![no_main]

use base64ct::{Base64UrlUnpadded, Encoding};
use embedded_jwt_firmware::{board::entry, measure, trust};
use p256::AffinePoint;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::point::AffineCoordinates;

#[entry]
fn main() -> ! {
    measure::tokens(trust::ES256_TOKEN, trust::ES256_LONG_TOKEN, |token| verify(token).is_some())
}

fn verify(token: &str) -> Option<()> {
    let (signing_input, signature) = token.rsplit_once('.')?;
    let mut bytes = [0; 64];
    Base64UrlUnpadded::decode(signature, &mut bytes).ok()?;
    let point = AffinePoint::from_coordinates(&trust::ES256_X.into(), &trust::ES256_Y.into()).into_option()?;
    let key = VerifyingKey::from_affine(point).ok()?;
    key.verify(signing_input.as_bytes(), &Signature::from_slice(&bytes).ok()?).ok()
}
