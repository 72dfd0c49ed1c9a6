#![no_main]

#[path = "../properties/key_set.rs"]
mod key_set;

libfuzzer_sys::fuzz_target!(|input: &[u8]| key_set::key_set(input));
