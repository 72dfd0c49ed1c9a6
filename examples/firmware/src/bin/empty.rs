//! The code that every measuring image contains in addition to the measured code.
#![no_std]
#![no_main]

use embedded_jwt_firmware::{board::entry, measure, trust};

#[entry]
fn main() -> ! {
    measure::tokens(trust::ES256_TOKEN, trust::ES256_LONG_TOKEN, |_| true)
}
