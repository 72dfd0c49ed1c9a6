//! Measures all that this crate does for an ES256 token with the backend in assembly, as `ours_es256` does.
#![no_std]
#![no_main]

use embedded_jwt::Es256Cm4;
use embedded_jwt_firmware::{board::entry, measure, trust};

#[entry]
fn main() -> ! {
    measure::tokens(trust::ES256_TOKEN, trust::ES256_LONG_TOKEN, |token| {
        measure::may_write(token, &trust::ES256_KEYS, &[&Es256Cm4])
    })
}
