//! The property of the fuzz target `revocations`, checked on thousands of random inputs.
#![cfg(all(feature = "es256", feature = "eddsa"))]

#[allow(dead_code, reason = "the target does not count the operations")]
#[path = "../fuzz/properties"]
mod properties {
    pub mod revocations;
}

use std::cell::Cell;
use std::env;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// The number of inputs, unless `PROPTEST_CASES` sets another.
const SEQUENCES: u32 = 2000;

#[test]
fn any_sequence_of_revocations_and_restarts_follows_the_rules() {
    let cases = env::var("PROPTEST_CASES").map_or(SEQUENCES, |cases| cases.parse().unwrap());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let operations = Cell::new(0);
    let result = TestRunner::new(config).run(&prop::collection::vec(any::<u8>(), 0..1500), |input| {
        operations.set(operations.get() + properties::revocations::sequence(&input));
        Ok(())
    });
    assert_eq!(result, Ok(()));
    println!("{cases} sequences of {} operations together", operations.get());
    assert!(operations.get() > 20 * u64::from(cases));
}
