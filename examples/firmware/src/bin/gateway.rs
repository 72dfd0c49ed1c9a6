//! The firmware: reads requests from the serial port, one per line, and answers each. Other events are lines too:
//! `CLOCK` and seconds since 1970 (an authenticated source has given the time), `TEAR` (the power will fail in the next
//! write to flash), `RESTART` (the power has failed, and returns).
#![no_std]
#![no_main]

#[cfg(not(feature = "cm4"))]
use embedded_jwt::Es256;
#[cfg(feature = "cm4")]
use embedded_jwt::Es256Cm4 as Es256;
use embedded_jwt::{EdDsa, SignatureAlgorithm, UnixTime, self_test};
use embedded_jwt_firmware::board::{self, Serial, entry};
use embedded_jwt_firmware::flash::Flash;
use embedded_jwt_firmware::gateway::{BAD_REQUEST, Gateway, MAX_LINE, TOO_LONG};
use embedded_jwt_firmware::memory::{Memory, Stores};
use embedded_jwt_firmware::trust::{self, KEYS};
use heapless::Vec;

#[entry]
fn main() -> ! {
    board::start();
    let mut flash = Flash::erased();
    loop {
        run(&mut flash);
        flash.power_returns();
    }
}

static STORES: Stores = Stores::new();
const BACKENDS: [&dyn SignatureAlgorithm; 2] = [&Es256, &EdDsa];

/// Runs from one start to the next: only the flash outlives it.
fn run(flash: &mut Flash) {
    if BACKENDS.iter().any(|backend| self_test(*backend).is_err()) {
        write_line("a signature backend is broken");
        board::exit(false);
    }
    let mut buf = [0; MAX_LINE / 4 * 3];
    let issuer = trust::issuer(&KEYS, &BACKENDS);
    let mut gateway = Gateway { issuer, memory: Memory::restore(flash, &STORES), buf: &mut buf };
    write_line("gateway ready");
    loop {
        match read_line().as_deref().map(|line| line.strip_suffix(b"\r").unwrap_or(line)) {
            Some(b"RESTART") => return,
            Some(line) => write_line(answer(&mut gateway, line)),
            None => write_line(TOO_LONG),
        }
        // After the answer, since flash is slow. A failed write is tried again after the next answer.
        let _ = gateway.memory.save();
    }
}

fn answer(gateway: &mut Gateway<'_, &mut Flash>, line: &[u8]) -> &'static str {
    if line == b"TEAR" {
        gateway.memory.flash().fail_in_next_write();
        return "the power fails in the next write";
    }
    let Some(seconds) = line.strip_prefix(b"CLOCK ") else { return gateway.answer(line) };
    match str::from_utf8(seconds).map(str::parse) {
        Ok(Ok(seconds)) => {
            gateway.memory.set_clock(UnixTime::from_secs(seconds));
            "the clock is set"
        }
        _ => BAD_REQUEST,
    }
}

/// Reads up to the line feed; `None` if the line is too long.
fn read_line() -> Option<Vec<u8, MAX_LINE>> {
    let mut line = Vec::new();
    let mut is_too_long = false;
    loop {
        match board::read() {
            b'\n' if is_too_long => return None,
            b'\n' => return Some(line),
            byte => is_too_long |= line.push(byte).is_err(),
        }
    }
}

fn write_line(line: &str) {
    Serial.write(line.as_bytes());
    Serial.write(b"\n");
}
