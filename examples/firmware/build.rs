//! Puts the memory map of the board where the linker looks for it.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    if env::var("CARGO_CFG_TARGET_OS").unwrap() != "none" {
        return; // `power-cuts`
    }
    let target = env::var("TARGET").unwrap();
    let map = match target.as_str() {
        "thumbv6m-none-eabi" | "thumbv7em-none-eabi" | "thumbv8m.main-none-eabi" => "mps2.x",
        "riscv32imac-unknown-none-elf" => "virt.x",
        _ => panic!("no board for the target {target}: add its memory map here and its functions to `src/board.rs`"),
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap());
    fs::copy(map, out.join("memory.x")).unwrap();
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rerun-if-changed={map}");
}
