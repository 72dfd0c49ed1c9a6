//! The firmware: see `board.rs`. On the host, only the tests of the library run.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod board;

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("firmware for a board: cargo run --release --target thumbv7em-none-eabi");
}
