//! Runs the short examples and checks their output.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::env;
use std::process::Command;

#[test]
fn access_token_grants_the_speed_of_its_claim() {
    assert_eq!(output("access_token"), "may run the pump at 3000 rpm\n");
}

#[test]
fn id_token_is_accepted_for_its_own_login_only() {
    assert_eq!(output("id_token"), "hello Alice, two factors\nrefused: not the expected value: nonce (code 0x130c)\n");
}

#[test]
fn dpop_proof_is_accepted_once() {
    assert_eq!(
        output("dpop"),
        "speed set for user-42\nfirst: accepted\n\
         recorded and sent again: refused: the proof was used before (code 0x2a00)\n"
    );
}

/// Runs an example, which cargo builds with the tests: `target/debug/examples/NAME`, if this test runs as
/// `target/debug/deps/examples-...`.
fn output(name: &str) -> String {
    let test = env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let example = profile.join("examples").join(name).with_extension(env::consts::EXE_EXTENSION);
    assert!(example.exists(), "{} is missing: `cargo build --example {name}`", example.display());
    let output = Command::new(example).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap()
}
