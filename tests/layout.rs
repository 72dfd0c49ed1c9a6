//! The layout of `src/`: which wing may import which, a `//!` line on every module, and no long files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each wing, and the other wings that it may import. There is no circle: a wing imports only wings above it.
const WINGS: [(&str, &[&str]); 10] = [
    ("error", &[]),
    ("time", &[]),
    ("jose", &["error", "time"]),
    ("verify", &["error", "time", "jose"]),
    ("claims", &["error", "time", "jose"]),
    ("storage", &["error", "time", "jose", "claims"]),
    ("profiles", &["error", "time", "jose", "verify", "claims", "storage"]),
    ("bearer", &["error"]),
    ("twice", &["error"]),
    ("guide", &[]),
];

/// Lines of a file without its tests.
const MAX_LINES: usize = 300;

#[test]
fn wings_import_only_the_wings_that_the_table_allows() {
    let mut wings = BTreeSet::new();
    for (path, text) in sources() {
        if path == Path::new("lib.rs") {
            continue;
        }
        let wing = wing_of(&path);
        assert_eq!(forbidden_imports(&path, &text), [""; 0], "{}", path.display());
        wings.insert(wing);
    }
    assert!(wings.iter().eq(WINGS.map(|(wing, _)| wing).iter().collect::<BTreeSet<_>>()), "{wings:?}");
}

#[test]
fn forbidden_imports_are_found() {
    for (path, code) in [
        ("jose/jwk.rs", "use crate::profiles::TypedPolicy;"),
        ("verify.rs", "    let claims: crate::claims::Claims<'_>;"),
        ("bearer.rs", "use crate::jose::Key;"),
        ("jose/key.rs", "use crate::Key; // through the root, which hides the wing"),
        ("jose/key.rs", "use crate::{error::Error, jose::Key};"),
        ("jose/key.rs", "use crate as root;"),
        ("jose/key.rs", "use super::{super::profiles::TypedPolicy};"),
        ("jose/key.rs", "const URL: &str = \"https://\"; use crate::profiles::TypedPolicy;"),
        ("claims/rules.rs", "use super::super::storage::TimeFloor;"),
        ("time.rs", "use super::profiles::TypedPolicy;"),
        ("jose.rs", "use super::{profiles::TypedPolicy, error::Error};"),
    ] {
        assert_eq!(forbidden_imports(Path::new(path), code).len(), 1, "{path}: {code}");
    }
    for (path, code) in [
        ("jose/key.rs", "use crate::error::Error; // not crate::profiles"),
        ("jose/key.rs", "/// [`Verified`](crate::verify::Verified)\nuse super::Key;"),
        ("jose.rs", "use super::error::Error;"),
        ("jose/key_set.rs", "macro_rules! keys { () => { $crate::Key } }"),
    ] {
        assert_eq!(forbidden_imports(Path::new(path), code), [""; 0], "{path}: {code}");
    }
}

#[test]
fn every_module_begins_with_a_line_about_it() {
    for (path, text) in sources() {
        let is_documented = text.starts_with("//! ") || path == Path::new("lib.rs") || path.ends_with("tests.rs");
        assert!(is_documented, "{}", path.display());
    }
}

#[test]
fn no_file_is_long() {
    for (path, text) in sources() {
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        assert!(lines <= MAX_LINES || path.ends_with("tests.rs"), "{}: {lines} lines", path.display());
    }
}

/// Names after `crate::` in the file at this path that its wing may not use, and ways around this check.
fn forbidden_imports<'t>(path: &Path, text: &'t str) -> Vec<&'t str> {
    let wing = wing_of(path);
    let (_, allowed) = WINGS.iter().find(|(name, _)| *name == wing).unwrap_or_else(|| panic!("no wing {wing}"));
    // In a file directly below `src/`, `super` is the root too, but not in its module of tests.
    let is_top = path.components().count() == 1;
    let roots: &[&str] = if is_top { &["crate::", "super::"] } else { &["crate::"] };
    let is_allowed = |name: &&str| *name == wing || allowed.contains(name);
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//") && *line != "    use super::*;")
        .map(|line| line.split(" // ").next().unwrap_or_default())
        .flat_map(|code| {
            // In a macro, `$crate` is for its users, and imports nothing.
            let is_import = |(at, _): &(usize, &str)| !code[..*at].ends_with('$');
            let matches = roots.iter().flat_map(|root| code.match_indices(root)).filter(is_import);
            let named = matches.map(|(at, root)| {
                let rest = &code[at + root.len()..];
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                &rest[..end]
            });
            let around = ["super::super", "{super", "crate as", "super as"].map(|form| code.matches(form));
            named.filter(|name| !is_allowed(name)).chain(around.into_iter().flatten())
        })
        .collect()
}

/// The first component of a path below `src/`, without the extension.
fn wing_of(path: &Path) -> String {
    let first = path.iter().next().map(Path::new).and_then(Path::file_stem);
    first.and_then(|stem| stem.to_str()).unwrap().to_owned()
}

/// All modules with their paths below `src/`.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut files) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push((path.strip_prefix(&root).unwrap().to_owned(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(files.len() > 40, "{} files", files.len());
    files
}
