//! Measures all that this crate does for an EdDSA token: compact text to `AccessToken`, and a scope check.
#![no_std]
#![no_main]

use embedded_jwt::EdDsa;
use embedded_jwt_firmware::{board::entry, measure, trust};

#[entry]
fn main() -> ! {
    measure::tokens(trust::EDDSA_TOKEN, trust::EDDSA_LONG_TOKEN, |token| {
        measure::may_write(token, &trust::EDDSA_KEYS, &[&EdDsa])
    })
}
