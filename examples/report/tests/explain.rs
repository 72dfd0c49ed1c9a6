//! Codes and names that can be explained: of every error, and no others.

use std::collections::BTreeMap;

use report::explain::{Explanation, explain};
use testkit::errors;

#[test]
fn codes_of_errors_and_no_others_are_explained() {
    let errors: BTreeMap<_, _> = errors::all().map(|error| (error.code(), format!("{error:?}"))).collect();
    for code in 0..=u16::MAX {
        let explained = Explanation::of(code).map(|explanation| explanation.error);
        let name = explained.as_deref().and_then(|error| error.split(": ").next());
        assert_eq!(name, errors.get(&code).map(String::as_str), "{code:#06x}");
    }
}

#[test]
fn code_is_explained_in_each_form() {
    for error in errors::all() {
        let [code, name] = [format!("0x{:04X}", error.code()), format!("{error:?}")];
        let expected = explain(&code).unwrap().to_string();
        assert!(expected.starts_with(&format!("{code}  {name}")), "{expected}");
        assert!(!expected.contains(['`', '[']), "marks of Markdown: {expected}");
        let mut forms = vec![name, format!("{:#06x}", error.code()), format!("{:04X}", error.code())];
        // 1800 is TooOld, and not the code of an error that never occurs.
        if error.code() != 1800 {
            forms.push(error.code().to_string());
        }
        for form in forms {
            assert_eq!(explain(&form).unwrap().to_string(), expected, "{form}");
        }
    }
}

#[test]
fn name_without_its_detail_is_explained() {
    assert_eq!(explain("Mismatch").unwrap().code, "0x13..");
    assert_eq!(explain("ShareFull").unwrap().code, "0x2800");
}

#[test]
fn remedy_fits_the_part_claim_or_reason() {
    let remedy = |name: &str| explain(name).unwrap().remedy;
    assert_eq!(remedy("TooLarge(Payload)"), remedy("TooLarge"));
    assert_eq!(remedy("TooLarge(KeySet)"), remedy("Malformed(KeySet)"));
    for (general, special) in [
        ("TooLarge", "TooLarge(KeySet)"),
        ("Malformed", "Malformed(Authorization)"),
        ("Deserialize", "Deserialize(Escape)"),
        ("Missing", "Missing(Confirmation)"),
        ("Mismatch", "Mismatch(Nonce)"),
    ] {
        assert_ne!(remedy(special), remedy(general), "{special}");
    }
}

#[test]
fn other_text_is_refused() {
    for text in [
        "",
        "0",
        "0x",
        "0x01",
        "01303",
        "0x+1303",
        "+4867",
        "-3584",
        "Nonce",
        "Missing(",
        "Missing()",
        "Missing(Missing)",
    ] {
        assert!(explain(text).is_err_and(|reason| reason.contains("no error has the code or name")), "{text}");
    }
}
