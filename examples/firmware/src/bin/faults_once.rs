//! For the script `faults`: as `faults_twice`, but the check is made once. The difference is what `twice` costs.
#![no_std]
#![no_main]

use embedded_jwt_firmware::board::entry;
use embedded_jwt_firmware::faults::{self, Request, act, check, refuse};

#[entry]
fn main() -> ! {
    faults::run(decide)
}

#[unsafe(no_mangle)]
#[inline(never)]
fn decide(request: &Request<'_>) {
    match check(request) {
        Ok(answer) => act(request, answer),
        Err(error) => refuse(error),
    }
}
