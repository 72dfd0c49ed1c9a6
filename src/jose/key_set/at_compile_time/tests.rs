//! Refused key sets with their reasons, and a comparison of any text with `KeySet::from_jwks`.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::jose::KeySet;

/// Room for all keys of the texts below.
const CAPACITY: usize = 8;

/// The keys, or the message that stops the build.
fn keys(json: &str) -> Result<Vec<Key>, String> {
    let mut keys = [const { Key::ed25519(&[0; 32]) }; CAPACITY];
    match read(json, &mut keys) {
        Ok(count) => Ok(keys[..count].to_vec()),
        Err(refusal) => Err(refusal.message().as_str().to_owned()),
    }
}

/// A key set is accepted if `from_jwks` accepts it, skips none of its keys and finds one; the keys are then equal.
fn agrees_with_from_jwks(text: &str) -> Result<Vec<Key>, String> {
    let ours = keys(text);
    let theirs = KeySet::<CAPACITY>::from_jwks(&mut text.as_bytes().to_vec());
    let expected = theirs.ok().filter(|set| set.skipped() == 0 && !set.is_empty()).map(|set| set.to_vec());
    assert_eq!(ours.clone().ok(), expected, "{ours:?}: {text}");
    ours
}

fn ec() -> Json {
    // The key of RFC 7515 appendix A.3.1.
    json!({
        "kty": "EC", "crv": "P-256", "kid": "e",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

fn okp() -> Json {
    // The key of RFC 8037 appendix A.2.
    json!({"kty": "OKP", "crv": "Ed25519", "kid": "d", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
}

fn with(mut jwk: Json, name: &str, value: Json) -> Json {
    jwk[name] = value;
    jwk
}

fn set(keys: &[Json]) -> String {
    json!({ "keys": keys }).to_string()
}

#[test]
fn each_reason_for_which_a_key_stops_the_build() {
    let cases = [
        (json!(null), "it is not an object"),
        (with(okp(), "d", json!("AA")), "it has a private part (`d`): this key is compromised, make a new one"),
        (with(okp(), "use", json!("enc")), "`use` is not \"sig\""),
        (with(okp(), "use", json!(["sig"])), "`use` is not \"sig\""),
        (with(okp(), "key_ops", json!("verify")), jwk::KEY_OPS),
        (with(okp(), "key_ops", json!(["verify", 1])), jwk::KEY_OPS),
        (with(okp(), "key_ops", json!(["verify", "verify"])), jwk::KEY_OPS),
        (with(okp(), "key_ops", (0..17).map(|i| format!("verify{i}")).collect()), jwk::KEY_OPS),
        (with(okp(), "key_ops", json!(["sign"])), "`key_ops` lacks \"verify\""),
        (
            with(with(okp(), "key_ops", json!(["deriveBits", "verify"])), "use", json!("sig")),
            "`key_ops` contradicts `use`",
        ),
        (with(okp(), "kty", json!(null)), "`kty` is missing or not a string"),
        (with(okp(), "kty", json!(1)), "`kty` is missing or not a string"),
        (with(okp(), "kty", json!("oct")), "`kty` is neither \"EC\" nor \"OKP\""),
        (with(okp(), "kty", json!("RSA")), "it is an RSA key, which `Key::rsa` keeps in flash (feature `rs256`)"),
        (with(okp(), "crv", json!("X25519")), "`crv` is not \"Ed25519\""),
        (with(okp(), "crv", json!(null)), "`crv` is not \"Ed25519\""),
        (with(ec(), "crv", json!("P-384")), "`crv` is not \"P-256\""),
        (with(okp(), "x", json!(null)), jwk::NO_X),
        (with(okp(), "x", json!("A".repeat(42))), jwk::NO_X),
        (with(okp(), "x", json!("A".repeat(44))), jwk::NO_X),
        (with(okp(), "x", json!(format!("{}B", "A".repeat(42)))), jwk::NO_X),
        (with(okp(), "x", json!(format!("{}=", "A".repeat(43)))), jwk::NO_X),
        (with(okp(), "x", json!(format!("+{}", "A".repeat(42)))), jwk::NO_X),
        (with(ec(), "y", json!(7)), jwk::NO_Y),
        (with(ec(), "y", json!(format!("{}8", "_".repeat(42)))), "a coordinate is out of range"),
        (with(okp(), "x", json!("A".repeat(43))), "the point is of small order or out of range"),
        (with(okp(), "x", json!(format!("{}8", "_".repeat(42)))), "the point is of small order or out of range"),
        (with(okp(), "alg", json!("ES256")), "`alg` is not an algorithm of this key"),
        (with(ec(), "alg", json!("EdDSA")), "`alg` is not an algorithm of this key"),
        (with(ec(), "alg", json!(0)), "`alg` is not an algorithm of this key"),
        (with(ec(), "kid", json!(7)), "`kid` is not a string"),
    ];
    for (jwk, reason) in cases {
        assert_eq!(agrees_with_from_jwks(&set(&[ec(), jwk])), Err(format!("keys[1]: {reason}")));
    }
}

#[test]
fn each_reason_for_which_a_set_stops_the_build() {
    let key = okp();
    let many = (0..130).map(|i| (i.to_string(), json!(0))).collect::<serde_json::Map<_, _>>();
    let cases = [
        ("".into(), "line 1: this is not valid JSON"),
        ("{\n\"keys\": [\n{},\n]}".into(), "line 4: this is not valid JSON"),
        (format!("{{\"keys\":[{key}]}}x"), "line 1: this is not valid JSON"),
        (format!("{{\"keys\":[{key}],\n\"\\u006beys\":[]}}"), "line 2: an object has two members of this name"),
        (format!("\n\n{}1{}", "[".repeat(17), "]".repeat(17)), "line 3: objects and arrays nest more than 16 deep"),
        (json!(many).to_string(), "line 1: the open objects have more than 128 members"),
        (json!([key]).to_string(), "the text is not an object with an array `keys`"),
        (key.to_string(), "the text is not an object with an array `keys`"),
        (r#"{"keys":{}}"#.into(), "the text is not an object with an array `keys`"),
        (r#"{"keys":[]}"#.into(), "the set has no keys"),
        (format!("{}{}", set(&[okp()]), " ".repeat(MAX_KEY_SET_LEN)), "the text is longer than 64 KiB"),
    ];
    for (text, reason) in cases {
        assert_eq!(agrees_with_from_jwks(&text), Err(reason.into()));
    }
}

/// The doc tests show that these texts do not compile, and this test, why.
#[test]
fn refused_texts_of_the_doc_tests_have_the_reasons_of_their_titles() {
    let mut cases = include_str!("refused.md").split("\n# ");
    let text = |case: &str| case.split("r#\"").nth(1).unwrap().split("\"#\n").next().unwrap().to_owned();
    assert!(agrees_with_from_jwks(&text(cases.next().unwrap())).is_ok());
    let mut count = 0;
    for case in cases {
        let (reason, _) = case.split_once('\n').unwrap();
        assert_eq!(agrees_with_from_jwks(&text(case)), Err(reason.into()));
        count += 1;
    }
    assert_eq!(count, 15);
}

#[test]
fn sets_with_and_without_optional_members_are_read() {
    let full = with(with(okp(), "key_ops", json!(["verify", "\u{e9}"])), "use", json!("sig"));
    let nulls =
        ["use", "key_ops", "alg", "kid", "d", "x5c"].into_iter().fold(ec(), |key, name| with(key, name, json!(null)));
    let long = with(okp(), "kid", json!("a\\\"\n/\u{e9}\u{20ac}\u{1f600}\u{0}".repeat(40)));
    let x5c = with(with(ec(), "alg", json!("ES256")), "x5c", json!([["]"], {"d": "\\\\\""}, -1.5e+3, true]));
    let text = set(&[full, nulls, long, x5c, with(okp(), "alg", json!("Ed25519")), with(okp(), "kid", json!(""))]);
    let keys = agrees_with_from_jwks(&text).unwrap();
    assert_eq!(keys.len(), 6);

    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Json>(&text).unwrap()).unwrap();
    assert_eq!(agrees_with_from_jwks(&format!("\u{feff} \r\n{pretty}\t")).unwrap(), keys);
    let escaped = text.replace('/', "\\/").replace('\u{1f600}', "\\ud83d\\uDE00").replace("kid", "\\u006bid");
    assert_eq!(agrees_with_from_jwks(&escaped).unwrap(), keys);
}

#[test]
fn characters_and_escapes_at_the_limits_are_read_alike() {
    let bytes = (0..=0x7f_u8).map(|byte| char::from(byte).to_string());
    let escapes = (0..=0x7f_u8).map(|byte| format!("\\{}", char::from(byte)));
    let units = ["d7ff", "d800", "dbff", "DBFF", "dc00", "dfff", "e000", "0000", "ffff", "d8", "d80", "d80g"];
    let pairs = units.iter().flat_map(|high| units.map(|low| format!("\\u{high}\\u{low}")));
    let mut accepted = 0;
    for kid in bytes.chain(escapes).chain(units.map(|unit| format!("\\u{unit}"))).chain(pairs) {
        let key = okp().to_string().replace(r#""kid":"d""#, &format!(r#""kid":"{kid}""#));
        accepted += usize::from(agrees_with_from_jwks(&format!(r#"{{"keys":[{key}]}}"#)).is_ok());
    }
    assert!(accepted > 94, "{accepted} accepted");
}

#[test]
fn committed_inputs_of_the_fuzz_targets_are_read_alike() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut accepted = 0;
    for folder in ["seeds/key_set", "seeds/jwks", "seeds/json_canonicalize", "regressions/key_set"] {
        // There are no regressions before the first one.
        for file in fs::read_dir(fuzz.join(folder)).into_iter().flatten() {
            let text = fs::read(file.unwrap().path()).unwrap();
            let Ok(text) = str::from_utf8(&text) else { continue };
            accepted += usize::from(agrees_with_from_jwks(text).is_ok());
            let _wrapped = agrees_with_from_jwks(&format!(r#"{{"":{text},"keys":[{}]}}"#, ec()));
        }
    }
    assert!(accepted > 6, "{accepted} accepted");
}

/// A text of the grammar's parts, mostly valid.
fn value() -> impl Strategy<Value = String> {
    let scalars = "(true|false|null|nul|-?(0|[1-9][0-9]?)(\\.[0-9])?([eE][+-]?[0-9])?|01|1\\.|\"(a|b|\\\\(u00e9|ud83d\\\\ude00|ud83d|\"|/|n|x)|\u{e9}){0,3}\")";
    scalars.prop_recursive(4, 24, 4, |inner| {
        let space = || "[ \n]?";
        let name = "\"(a|b|\\\\u0061|keys|)\"";
        let member =
            (space(), name, space(), inner.clone()).prop_map(|(a, name, b, value)| format!("{a}{name}{b}:{value}"));
        prop_oneof![
            (prop::collection::vec(inner, 0..4), space()).prop_map(|(all, end)| format!("[{}{end}]", all.join(","))),
            (prop::collection::vec(member, 0..4), space()).prop_map(|(all, end)| format!("{{{}{end}}}", all.join(","))),
        ]
    })
}

/// Members that a key may have, good and bad.
fn member() -> impl Strategy<Value = String> {
    let values = "(null|1|\"\"|\"(sig|enc|verify|sign|ES256|EdDSA|Ed25519|EC|OKP|RSA|P-256|k|\\\\/|\\\\u006b)\"|\\[\"verify\"(,\"(sign|verify|encrypt)\")?\\]|\\[\\])";
    let names = "(use|key_ops|alg|kid|d|x5c|kty|crv|x|y|\\\\u0064|us\\\\u0065)";
    (names, values).prop_map(|(name, value)| format!(r#","{name}":{value}"#))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_document_is_read_as_by_from_jwks(value in value()) {
        let _verdict = agrees_with_from_jwks(&value);
        // With one usable key, the value decides alone.
        let _verdict = agrees_with_from_jwks(&format!(r#"{{"any":{value},"keys":[{}]}}"#, okp()));
        let ec = ec().to_string();
        let _verdict = agrees_with_from_jwks(&format!(r#"{{"keys":[{},"a":{value}}}]}}"#, ec.strip_suffix('}').unwrap()));
    }

    #[test]
    fn any_key_is_read_as_by_from_jwks(is_ec in any::<bool>(), members in prop::collection::vec(member(), 0..3)) {
        let key = if is_ec { ec() } else { okp() };
        let mut key = key.as_object().unwrap().clone();
        // A member of the same name would be a duplicate, in any case.
        key.retain(|name, _| !members.iter().any(|member| member.starts_with(&format!(r#","{name}":"#))));
        let key = json!(key).to_string();
        let _verdict = agrees_with_from_jwks(&format!(r#"{{"keys":[{}{}}}]}}"#, key.strip_suffix('}').unwrap(), members.concat()));
    }

    #[test]
    fn any_number_is_read_as_by_from_jwks(
        bytes in any::<[u8; 32]>(), first in prop_oneof![Just(0_u8), Just(0xed), Just(0xff), any::<u8>()],
        fill in prop_oneof![Just(Some(0_u8)), Just(Some(0xff)), Just(None)], last in any::<u8>(), text in "[A-Za-z0-9_=+-]{42,44}",
    ) {
        let mut number = fill.map_or(bytes, |byte| [byte; 32]);
        (number[0], number[31]) = (first, last);
        let mut encoded = [0; 43];
        let encoded = crate::jose::base64url::encode(&number, &mut encoded).unwrap().to_owned();
        for text in [encoded, text] {
            for (key, name) in [(ec(), "x"), (ec(), "y"), (okp(), "x")] {
                let _verdict = agrees_with_from_jwks(&set(&[with(key, name, json!(text))]));
            }
        }
    }

    #[test]
    fn any_change_of_a_byte_is_read_as_by_from_jwks(at in any::<prop::sample::Index>(), byte in " -~") {
        let mut text = set(&[with(ec(), "key_ops", json!(["verify"])), with(okp(), "kid", json!("a\"\n"))]);
        let at = at.index(text.len());
        text.replace_range(at..=at, &byte);
        let _verdict = agrees_with_from_jwks(&text);
    }
}
