//! Every committed input of the fuzz targets (seeds and former crashes), checked with the property of its target.
//! `UPDATE_SEEDS=1 cargo test --test regressions the_seeds` writes the seeds.
//!
//! Left out are the targets `differential`, since its peer is too heavy for these tests, `key_set`, which the crate's
//! unit tests replay, and `rs256_signature` without the feature `rs256`; `.ci/fuzz` replays their inputs.
#![cfg(all(feature = "es256", feature = "eddsa"))]

#[path = "../fuzz/properties/mod.rs"]
mod properties;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

#[test]
fn every_committed_input_meets_the_property_of_its_target() {
    for (target, property) in properties::ALL {
        for path in ["seeds", "regressions"].iter().flat_map(|folder| entries(fuzz().join(folder).join(target))) {
            // If the test fails, the last path printed is the cause.
            println!("{}", path.display());
            property(&fs::read(path).unwrap());
        }
    }
}

#[test]
fn every_target_is_replayed_and_seeded_and_no_input_is_left_over() {
    let targets = properties::ALL.iter().map(|(target, _)| *target);
    let targets: BTreeSet<_> = targets.chain(NOT_REPLAYED.iter().copied()).map(PathBuf::from).collect();
    let [programs, seeds, crashes] = ["fuzz_targets", "seeds", "regressions"].map(|folder| -> BTreeSet<PathBuf> {
        entries(fuzz().join(folder)).iter().map(|path| path.file_stem().unwrap().into()).collect()
    });
    assert_eq!(programs, targets);
    assert_eq!(seeds, targets);
    assert_eq!(crashes.difference(&targets).next(), None);
}

const NOT_REPLAYED: &[&str] = if cfg!(feature = "rs256") {
    &["differential", "key_set"]
} else {
    &["differential", "key_set", "rs256_signature"]
};

#[test]
fn the_seeds_match_the_test_tokens() {
    let expected: BTreeMap<_, _> = properties::seeds::all()
        .into_iter()
        .map(|(target, name, content)| (fuzz().join("seeds").join(target).join(name), content))
        .collect();
    let committed = || entries(fuzz().join("seeds")).into_iter().flat_map(entries);
    if std::env::var_os("UPDATE_SEEDS").is_some() {
        for (path, content) in &expected {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        for path in committed().filter(|path| !expected.contains_key(path)) {
            fs::remove_file(&path).unwrap();
            let _other_seeds_remain = fs::remove_dir(path.parent().unwrap());
        }
    }
    let committed: BTreeMap<_, _> = committed().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    assert!(committed == expected, "run `UPDATE_SEEDS=1 cargo test --test regressions the_seeds`");
}

fn fuzz() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The entries of a folder, or none if it does not exist.
fn entries(folder: PathBuf) -> BTreeSet<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}
