//! For the script `faults`: the same check made twice.
#![no_std]
#![no_main]

use embedded_jwt_firmware::board::entry;
use embedded_jwt_firmware::faults::{self, Request, act, check, refuse};

use embedded_jwt::twice;

#[entry]
fn main() -> ! {
    faults::run(decide)
}

#[unsafe(no_mangle)]
#[inline(never)]
fn decide(request: &Request<'_>) {
    if let Err(error) = twice(|| check(request), |answer| act(request, answer)) {
        refuse(error);
    }
}
