//! Statements of the guide's chapters about the crate.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::collections::BTreeSet;

use embedded_jwt::*;
use testkit::errors;

const ERRORS: &str = include_str!("../docs/errors.md");

/// The first two cells of the rows of the table below this title, or of the first table.
fn rows(title: &str) -> BTreeSet<(String, String)> {
    let (_, section) = ERRORS.split_once(title).unwrap();
    let section = section.split_once("\n# ").map_or(section, |(section, _)| section);
    let rows = section.lines().filter_map(|line| line.strip_prefix("| 0x"));
    rows.map(|row| {
        let mut cells = row.split(" | ");
        (format!("0x{}", cells.next().unwrap()), cells.next().unwrap().trim_matches('`').to_owned())
    })
    .collect()
}

/// The rows about errors without their part, claim or reason.
fn general_rows() -> BTreeSet<(String, String)> {
    rows("").into_iter().filter(|(_, name)| !name.contains('(')).collect()
}

#[test]
fn table_of_errors_has_each_error_with_its_code() {
    let expected = errors::all().map(|error| {
        let [variant, detail] = error.code().to_be_bytes();
        let code = if detail == 0 { format!("0x{variant:02X}00") } else { format!("0x{variant:02X}..") };
        (code, errors::variant(error))
    });
    assert_eq!(general_rows(), expected.collect());
}

#[test]
fn table_of_errors_has_the_right_codes_of_some_claims() {
    let all = errors::all().map(|error| (format!("0x{:04X}", error.code()), format!("{error:?}")));
    assert!(rows("").is_subset(&all.chain(general_rows()).collect()));
}

#[test]
fn tables_of_details_have_each_with_its_code() {
    let code = |error: Error| format!("0x{:02X}", error.code() & 0xff);
    let parts = errors::PARTS.map(|part| (code(Error::TooLarge(part)), format!("{part:?}")));
    assert_eq!(rows("\n# Parts\n"), parts.into());
    let claims = errors::CLAIMS.map(|claim| (code(Error::Missing(claim)), format!("{claim:?}")));
    assert_eq!(rows("\n# Claims\n"), claims.into());
    let misfits = errors::MISFITS.map(|misfit| (code(Error::Deserialize(misfit)), format!("{misfit:?}")));
    assert_eq!(rows("\n# Misfits\n"), misfits.into());
}

#[test]
fn table_of_checks_names_each_error() {
    let rows = include_str!("../docs/checks.md").lines();
    let cells = rows.filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.rsplit_once(" | "));
    let names =
        cells.flat_map(|(_, errors)| errors.split(", ")).filter_map(|name| name.strip_prefix('`')?.strip_suffix('`'));
    let named: BTreeSet<_> = names.map(String::from).collect();
    assert_eq!(named, errors::all().map(errors::variant).collect());
}

/// A reader of the documentation of `Error` sees the code that is in a log.
#[test]
fn documentation_of_each_error_has_its_code() {
    let source = include_str!("../src/error.rs");
    let (_, list) = source.split_once("pub enum Error {\n").unwrap();
    let (list, _) = list.split_once("\n}\n").unwrap();
    let mut documented = BTreeSet::new();
    let mut code = None;
    for line in list.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// Code `") {
            code = text.split('`').next();
        } else if line.starts_with(|letter: char| letter.is_ascii_uppercase()) {
            let name = line.split(['(', ',']).next().unwrap();
            documented.insert((code.take().expect(name).to_owned(), name.to_owned()));
        }
    }
    assert_eq!(documented, general_rows());

    let texts = [
        include_str!("../src/error/part.rs"),
        include_str!("../src/error/claim.rs"),
        include_str!("../src/error/misfit.rs"),
    ];
    for (text, title) in texts.into_iter().zip(["\n# Parts\n", "\n# Claims\n", "\n# Misfits\n"]) {
        for (code, name) in rows(title) {
            assert!(text.contains(&format!("(`{code}`).\n    {name},")), "{code} {name}");
        }
    }
}

#[test]
fn each_default_has_its_number_in_the_first_line() {
    let files = [
        include_str!("../src/claims/rules.rs"),
        include_str!("../src/profiles/dpop.rs"),
        include_str!("../src/profiles/status_list.rs"),
        include_str!("../src/profiles/status_list/policy.rs"),
        include_str!("../src/storage/time_floor.rs"),
    ];
    let mut defaults = BTreeSet::new();
    for file in files {
        for (before, after) in file.match_indices("pub const DEFAULT_").map(|(at, _)| file.split_at(at)) {
            let first = before.rsplit("\n\n").next().unwrap().trim_start().lines().next().unwrap();
            let name = after.split([' ', ':']).nth(2).unwrap();
            assert!(first.contains(|letter: char| letter.is_ascii_digit()), "{name}: {first}");
            defaults.insert(name);
        }
    }
    let listed = include_str!("../src/lib.rs").split([' ', ',', '\n']).filter(|word| word.starts_with("DEFAULT_"));
    assert_eq!(defaults, listed.collect());
}

#[test]
fn table_of_limits_has_the_values_of_the_constants() {
    let limits = include_str!("../docs/limits.md");
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
        assert!(limits.contains(&row), "{row}");
    }
}

/// The chapter on testing shows items and methods of the door lock exactly as the door lock has them.
#[test]
fn chapter_on_testing_has_the_code_of_the_door_lock() {
    let chapter = include_str!("../docs/testing.md");
    let lock = include_str!("../examples/firmware/door-lock/src/lib.rs");
    let tests = include_str!("../examples/firmware/door-lock/tests/lock.rs");
    // Code blocks are every second part; the blocks that are compiled have hidden lines.
    let blocks: Vec<_> = chapter.split("```").skip(1).step_by(2).filter(|block| block.contains("\n# ")).collect();
    let shown = blocks[0].split('\n').skip(1).map(|line| if line.starts_with("# ") { "" } else { line });
    let shown = shown.collect::<Vec<_>>().join("\n");
    let mut items = 0;
    for item in shown.split("\n\n").map(|item| item.trim_matches('\n')).filter(|item| !item.is_empty()) {
        assert!(lock.contains(item), "{item}");
        items += 1;
    }
    assert!(items >= 4, "{items}");
    for function in ["fn idp() -> TestIssuer {", "fn good() -> TestToken {"] {
        let (_, code) = blocks[1].split_once(function).unwrap();
        let (code, _) = code.split_once("\n}\n").unwrap();
        assert!(tests.contains(&format!("{function}{code}\n}}\n")), "{code}");
    }
}

/// The documentation site has the chapters, but no other files of the repository.
#[test]
fn chapters_link_to_no_files() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");
    let guide = include_str!("../src/guide.rs");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(guide.contains(&format!("../docs/{name}")), "{name} is no chapter");
        let text = std::fs::read_to_string(path).unwrap();
        for (_, link) in text.split("](").skip(1).map(|rest| rest.split_once(')').unwrap()).map(|(link, _)| ("", link))
        {
            assert!(link.starts_with("https://") || link.starts_with("crate::"), "{name}: {link}");
        }
    }
}
