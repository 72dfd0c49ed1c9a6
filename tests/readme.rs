//! Statements of the README about other files.
#![cfg(all(feature = "es256", feature = "eddsa"))]

const README: &str = include_str!("../README.md");

#[test]
fn example_access_token_contains_the_code_of_the_readme() {
    let (_, code) = README.split_once("```rust\n").unwrap();
    let (code, _) = code.split_once("```").unwrap();
    let example = include_str!("../examples/access_token.rs");
    assert!(example.contains(code));
    assert!(example.lines().count() < 80);
}

#[test]
fn readme_names_the_rust_version_of_the_manifest() {
    let manifest = include_str!("../Cargo.toml");
    let (_, version) = manifest.split_once("\nrust-version = \"").unwrap();
    let (version, _) = version.split_once('"').unwrap();
    assert!(README.contains(&format!("Rust {version} or newer")), "{version}");
}

/// The README's links to chapters name files, and the crate's front page names the same chapters in their place.
#[test]
fn readme_links_to_each_chapter_on_the_front_page_too() {
    let front = include_str!("../src/lib.rs");
    let definitions = README.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: docs/"));
    let mut linked = 0;
    for (name, file) in definitions {
        assert!(front.contains(&format!("//! [{name}]: crate::guide::{name}\n")), "{name}");
        assert!(include_str!("../src/guide.rs").contains(&format!("../docs/{file}\")")), "{file}");
        linked += 1;
    }
    assert_eq!(linked, include_str!("../src/guide.rs").matches("pub mod ").count());
}

#[test]
fn readme_can_be_finished() {
    assert!(README.lines().count() <= 170);
}
