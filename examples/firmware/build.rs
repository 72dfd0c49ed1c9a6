//! Copies the board's memory map to where the linker looks for it.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    let map = match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("riscv32") => "virt.x",
        _ => "mps2.x",
    };
    fs::copy(map, out.join("memory.x")).unwrap();
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rerun-if-changed={map}");
}
