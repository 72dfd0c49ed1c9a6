//! Tells the linker about the memory map of the board, and the board when it was built.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() {
    println!("cargo::rerun-if-changed=memory.x");
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    if env::var("CARGO_CFG_TARGET_OS").unwrap() == "none" {
        println!("cargo::rustc-link-search={}", env::var("CARGO_MANIFEST_DIR").unwrap());
        // Once only: a `.cargo/config.toml` of a folder above may have it already.
        if !env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default().contains("-Tlink.x") {
            println!("cargo::rustc-link-arg-bins=-Tlink.x");
        }
        // Set for an image that can be reproduced: <https://reproducible-builds.org/docs/source-date-epoch/>.
        let built_at = env::var("SOURCE_DATE_EPOCH").unwrap_or_else(|_| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            now.as_secs().to_string()
        });
        println!("cargo::rustc-env=BUILT_AT={built_at}");
    }
}
