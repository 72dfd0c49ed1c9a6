//! Tells the linker about the memory map of the board.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=memory.x");
    if env::var("CARGO_CFG_TARGET_OS").unwrap() == "none" {
        println!("cargo::rustc-link-search={}", env::var("CARGO_MANIFEST_DIR").unwrap());
        // Once only: a `.cargo/config.toml` of a folder above may have it already.
        if !env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default().contains("-Tlink.x") {
            println!("cargo::rustc-link-arg-bins=-Tlink.x");
        }
    }
}
