//! Compiles the program in C.

fn main() {
    println!("cargo::rerun-if-changed=batch.c");
    println!("cargo::rerun-if-changed=json.c");
    println!("cargo::rerun-if-changed=json.h");
    println!("cargo::rerun-if-changed=../../../c/include/embedded_jwt.h");
    cc::Build::new()
        .files(["batch.c", "json.c"])
        .include("../../../c/include")
        .std("c11")
        .warnings_into_errors(true)
        .extra_warnings(true)
        .compile("batch");
}
