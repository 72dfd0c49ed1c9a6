//! Every committed input of the fuzz targets, seeds and what once crashed one, through the property of its target.
//! `UPDATE_SEEDS=1 cargo test --test regressions` writes the seeds.
//!
//! The target `differential` has a peer that would weigh on these tests; `.ci/fuzz` replays its inputs.
#![cfg(all(feature = "es256", feature = "eddsa"))]

#[path = "../fuzz/properties/mod.rs"]
mod properties;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn base64url() {
    replay("base64url", properties::base64url);
}

#[test]
fn claims() {
    replay("claims", properties::claims);
}

#[test]
fn header() {
    replay("header", properties::header);
}

#[test]
fn json_canonicalize() {
    replay("json_canonicalize", properties::json_canonicalize);
}

#[test]
fn jwks() {
    replay("jwks", properties::jwks);
}

#[test]
fn signature() {
    replay("signature", properties::signature);
}

#[test]
fn signed_access_token() {
    replay("signed_access_token", properties::signed_access_token);
}

#[test]
fn signed_id_token() {
    replay("signed_id_token", properties::signed_id_token);
}

#[test]
fn token() {
    replay("token", properties::token);
}

fn replay(target: &str, property: fn(&[u8])) {
    let [seeds, crashes] = ["seeds", "regressions"].map(|folder| files(&fuzz().join(folder).join(target)));
    assert!(!seeds.is_empty(), "no seeds");
    for (path, input) in seeds.into_iter().chain(crashes) {
        // The last one printed is the one that fails.
        println!("{}", path.display());
        property(&input);
    }
}

#[test]
fn the_seeds_are_those_of_the_tests_tokens() {
    let expected: BTreeMap<_, _> = properties::seeds::all()
        .into_iter()
        .map(|(target, name, content)| (fuzz().join("seeds").join(target).join(name), content))
        .collect();
    if std::env::var_os("UPDATE_SEEDS").is_some() {
        let _absent = fs::remove_dir_all(fuzz().join("seeds"));
        for (path, content) in &expected {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }
    let targets = fs::read_dir(fuzz().join("seeds")).unwrap();
    let committed: BTreeMap<_, _> = targets.flat_map(|target| files(&target.unwrap().path())).collect();
    assert!(committed == expected, "run `UPDATE_SEEDS=1 cargo test --test regressions`");
}

fn fuzz() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// The files of a folder, which need not exist.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}
