#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::rs256_signature(input));
