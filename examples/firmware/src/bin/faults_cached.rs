//! For the script `faults`: as `faults_twice`, but both runs share a cache of signatures, which is a mistake.
#![no_std]
#![no_main]

use embedded_jwt_firmware::board::entry;
use embedded_jwt_firmware::faults::{self, Request, act, check_cached, refuse};

use embedded_jwt::twice;

#[entry]
fn main() -> ! {
    faults::run(decide)
}

#[unsafe(no_mangle)]
#[inline(never)]
fn decide(request: &Request<'_>) {
    if let Err(error) = twice(|| check_cached(request), |answer| act(request, answer)) {
        refuse(error);
    }
}
