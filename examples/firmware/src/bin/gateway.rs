//! The firmware: reads requests from the serial port, one a line, and answers each.
#![no_std]
#![no_main]

use embedded_jwt::{EdDsa, Es256};
use embedded_jwt_firmware::board::{self, Serial, entry};
use embedded_jwt_firmware::gateway::{Gateway, MAX_LINE, TOO_LONG};
use embedded_jwt_firmware::trust::{self, KEYS, NOW};
use heapless::Vec;

#[entry]
fn main() -> ! {
    board::start();
    let serial = Serial;
    let mut buf = [0; MAX_LINE / 4 * 3];
    let mut gateway = Gateway { issuer: trust::issuer(&KEYS, &[&Es256, &EdDsa]), buf: &mut buf };
    let mut line = Vec::<u8, MAX_LINE>::new();
    let mut is_too_long = false;
    serial.write(b"gateway ready\n");
    loop {
        match board::read() {
            b'\n' => {
                let request = line.strip_suffix(b"\r").unwrap_or(&line);
                let answer = if is_too_long { TOO_LONG } else { gateway.answer(request, NOW) };
                serial.write(answer.as_bytes());
                serial.write(b"\n");
                line.clear();
                is_too_long = false;
            }
            byte => is_too_long |= line.push(byte).is_err(),
        }
    }
}
