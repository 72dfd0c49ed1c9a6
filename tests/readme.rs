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

#[test]
fn table_of_limits_has_the_values_of_the_constants() {
    use embedded_jwt::*;
    let rows = [
        format!("{} KiB of text | `MAX_TOKEN_LEN`", MAX_TOKEN_LEN / 1024),
        format!("{} KiB | `MAX_HEADER_LEN`", MAX_HEADER_LEN / 1024),
        format!("{MAX_DEPTH} | `MAX_DEPTH`"),
        format!("{MAX_OPEN_MEMBERS} | `MAX_OPEN_MEMBERS`"),
        format!("{MAX_WHOLE_KID_LEN} bytes | `MAX_WHOLE_KID_LEN`"),
        format!("{MAX_TYPE_LEN} bytes | `MAX_TYPE_LEN`"),
        format!("{} KiB of text | `MAX_KEY_SET_LEN`", MAX_KEY_SET_LEN / 1024),
        #[cfg(feature = "status-list")]
        format!("{} MiB | `MAX_STATUS_LIST_LEN`", MAX_STATUS_LIST_LEN >> 20),
        format!("{MAX_ISSUERS} | `MAX_ISSUERS`"),
    ];
    for row in rows {
        assert!(README.contains(&row), "{row}");
    }
}
