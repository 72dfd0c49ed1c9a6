//! For the script `faults`: as `faults_twice`, but with the real curve.
#![no_std]
#![no_main]

use embedded_jwt::{Error, Es256, Token, UnixTime, twice};
use embedded_jwt_firmware::board::{self, entry};
use embedded_jwt_firmware::{faults, measure, trust};

#[entry]
fn main() -> ! {
    decide(core::hint::black_box(faults::token()), trust::NOW);
    board::exit(false)
}

#[unsafe(no_mangle)]
#[inline(never)]
fn decide(token: &[u8], now: UnixTime) {
    if let Err(error) = twice(|| check(token, now), faults::start_pump) {
        faults::refuse(error);
    }
}

#[inline(never)]
fn check(token: &[u8], now: UnixTime) -> Result<u32, Error> {
    let issuer = trust::issuer(&trust::ES256_KEYS, &[&Es256]);
    let token = Token::parse(token)?.verify(&issuer, measure::buffer())?.into_access_token(&trust::POLICY, now)?;
    if token.has_scope("pump:write") { Ok(faults::SPEED) } else { Err(Error::InsufficientScope) }
}
