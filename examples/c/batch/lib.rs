//! Starts the program in C. It is linked with the Rust library of the C interface, which has the same symbols as the
//! static one.

use std::ffi::c_int;

unsafe extern "C" {
    safe fn batch_main() -> c_int;
}

/// Reads cases from the standard input, writes answers, and returns the exit status.
pub fn run() -> i32 {
    // Links the crate whose symbols the program in C calls.
    std::hint::black_box(embedded_jwt_c::ejwt_strerror as extern "C" fn(c_int) -> _);
    batch_main()
}
