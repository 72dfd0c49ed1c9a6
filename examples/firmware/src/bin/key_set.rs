//! Measures reading a JWK Set of four keys.
#![no_std]
#![no_main]

use core::hint::black_box;

use embedded_jwt::KeySet;
use embedded_jwt_firmware::{board::entry, measure, trust};

#[entry]
fn main() -> ! {
    measure::one(trust::JWKS, |json| {
        measure::with_copy(json, |json| KeySet::<4>::from_jwks(json).is_ok_and(|keys| black_box(&keys).len() == 4))
    })
}
