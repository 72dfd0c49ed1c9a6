//! Measures all that this crate does for an RS256 token: compact text to `AccessToken`, and a scope check.
#![no_std]
#![no_main]

use embedded_jwt::Rs256;
use embedded_jwt_firmware::{board::entry, measure, trust};

#[entry]
fn main() -> ! {
    measure::tokens(trust::RS256_TOKEN, trust::RS256_LONG_TOKEN, |token| {
        measure::may_write(token, &trust::RS256_KEYS, &[&Rs256])
    })
}
