#![no_main]

#[path = "../properties/differential.rs"]
mod differential;

libfuzzer_sys::fuzz_target!(|input: &[u8]| differential::differential(input));
