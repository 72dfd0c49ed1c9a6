//! For the script `faults`: a check made once, and its answer acted on without a second look at the store.
#![no_std]
#![no_main]

use embedded_jwt_firmware::board::entry;
use embedded_jwt_firmware::faults::{self, Request, check, consume, refuse, start_pump};

#[entry]
fn main() -> ! {
    faults::run(decide)
}

#[unsafe(no_mangle)]
#[inline(never)]
fn decide(request: &Request<'_>) {
    let answer = check(request).and_then(|answer| consume(request, answer.id).map(|()| answer));
    match answer {
        Ok(answer) => start_pump(answer.speed),
        Err(error) => refuse(error),
    }
}
