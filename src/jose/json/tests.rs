//! Tables of accepted and refused documents, and a comparison of random documents with an oracle.

use proptest::prelude::*;
use testkit::strict_json;

use super::{MAX_DEPTH, MAX_OPEN_MEMBERS, canonicalize};
use crate::error::{Error, Part};

const MALFORMED: Result<String, Error> = Err(Error::Malformed(Part::Payload));

fn canonical(text: impl AsRef<[u8]>) -> Result<String, Error> {
    let mut buf = text.as_ref().to_vec();
    let len = buf.len();
    canonicalize(&mut buf, len, Part::Payload).map(|(value, _)| value.text().into())
}

#[test]
fn valid_document_is_rewritten_in_canonical_form() {
    let documents = [
        ("{}", "{}"),
        (" { } ", "{}"),
        ("[ ]", "[]"),
        ("\t[ 1 ,\r\n{ \"a\" : [ ] } ] ", r#"[1,{"a":[]}]"#),
        ("[true,false,null]", "[true,false,null]"),
        ("[0,-0,1.50,-1e5,1E+5,0.0e-0,10]", "[0,-0,1.50,-1e5,1E+5,0.0e-0,10]"),
        (r#""a b""#, r#""a b""#),
        (r#""\"\\\/\b\f\n\r\t""#, r#""\"\\/\b\f\n\r\t""#),
        (r#""\u0022\u005c\u002f\u0008\u000C\u000a\u000d\u0009""#, r#""\"\\/\b\f\n\r\t""#),
        (r#""\u0000\u0007\u000b\u001F\u007f""#, "\"\\u0000\\u0007\\u000b\\u001f\u{7f}\""),
        (r#""\u00e9\u20AC\ud83d\uDE00é€😀""#, r#""é€😀é€😀""#),
        (r#"{"\u0065xp":1,"ex":2}"#, r#"{"exp":1,"ex":2}"#),
        (r#"{"a":{"a":[{"a":1},{"a":2}]},"b":{"a":3}}"#, r#"{"a":{"a":[{"a":1},{"a":2}]},"b":{"a":3}}"#),
        (r#"{"":1,"\u0000":2}"#, r#"{"":1,"\u0000":2}"#),
    ];
    for (text, expected) in documents {
        assert_eq!(canonical(text).as_deref(), Ok(expected), "{text}");
        assert_eq!(canonical(expected).as_deref(), Ok(expected), "{text} again");
    }
}

#[test]
fn malformed_document_is_refused() {
    let documents = "\
        |{|}|[|]|,|:|[1,]|[,1]|[1 2]|{\"a\"}|{\"a\":}|{\"a\":1,}|{,}|{\"a\":1 \"b\":2}|{\"a\"::1}|{\"a\",1}|{1:2}|{a:1}\
        |[}|{]|[1}|{\"a\":1]|{}}|[]]|{}{}|[][]|1 2|{}x|tru|truex|True|nul|nulll|fals|NaN|Infinity|-Infinity|inf|undefined\
        |01|-01|00|+1|.5|1.|-|-.5|1.e5|1e|1e+|1e5.5|--1|1..2|1.2.3|1_000|0x1|1f|- 1|1 .5|1e 5|\u{ff11}\
        |\"|\"a|'a'|\"\\|\"\\\"|\"\\a\"|\"\\x41\"|\"\\'\"|\"\\u\"|\"\\u12\"|\"\\u123\"|\"\\u 041\"|\"\\u-041\"|\"\\u+041\"|\"\\U0041\"\
        |\"\\ud800\"|\"\\udc00\"|\"\\ud800\\ud800\"|\"\\udc00\\ud800\"|\"\\ud800x\"|\"\\ud800\\n\"|\"\\ud800\\u0041\"|\"\\ud83d\\\\ude00\"\
        |/**/{}|//\n{}|{}//|\u{feff}{}|\u{a0}{}|\u{b}{}|\0{}|{}\0";
    for text in documents.split('|') {
        assert_eq!(canonical(text), MALFORMED, "{text:?}");
    }
}

#[test]
fn control_character_in_a_string_is_refused() {
    for byte in 0..=0x1f {
        assert_eq!(canonical([b'"', byte, b'"']), MALFORMED, "{byte:#x}");
    }
    assert_eq!(canonical("\"\u{7f}\"").as_deref(), Ok("\"\u{7f}\""));
}

#[test]
fn invalid_utf8_is_refused_even_next_to_escapes() {
    let bad: [&[u8]; 9] = [
        b"\xff",
        b"\x80",
        b"\xc3",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xf4\x90\x80\x80",
        b"\xc3\\u00a9",
        b"\xe2\\u0082\xac",
    ];
    for bytes in bad {
        assert_eq!(canonical([b"\"", bytes, b"\""].concat()), MALFORMED, "{bytes:x?}");
        assert_eq!(canonical([b"{\"", bytes, b"\":1}"].concat()), MALFORMED, "{bytes:x?} in a name");
        assert_eq!(canonical([b"[1", bytes, b"]"].concat()), MALFORMED, "{bytes:x?} outside strings");
    }
}

#[test]
fn duplicate_name_is_refused_in_any_object_and_spelling() {
    let documents = [
        r#"{"a":1,"a":1}"#,
        r#"{"exp":1,"b":2,"\u0065xp":3}"#,
        r#"{"x":{"a":1,"a":2}}"#,
        r#"[{"b":[{"a":1,"a":2}]}]"#,
        r#"{"":1,"":2}"#,
        r#"{"\n":1,"\u000a":2}"#,
        r#"{"é":1,"\u00e9":2}"#,
        r#"{"a":{"b":1},"b":1,"a":2}"#,
        r#"{"ab":{},"ab":1}"#,
        r#"{"ab":1,"x":{"c":1},"ab":2}"#,
        r#"{"ab":1,"x":[{}],"ab":2}"#,
    ];
    for text in documents {
        assert_eq!(canonical(text), Err(Error::DuplicateName(Part::Payload)), "{text}");
    }
}

#[test]
fn similar_names_are_accepted() {
    for text in [
        r#"{"a":1,"ab":2,"abc":3}"#,
        r#"{"abc":1,"ab":2,"a":3}"#,
        r#"{"a":1,"a\"":2,"a\\":3}"#,
        r#"{"ab":{"ab":1},"ac":{"ab":1}}"#,
    ] {
        assert_eq!(canonical(text).as_deref(), Ok(text));
    }
}

#[test]
fn nesting_is_accepted_up_to_the_limit() {
    let nested = |open: &str, close: &str, depth| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        assert!(canonical(nested(open, close, MAX_DEPTH)).is_ok());
        let refused = canonical(nested(open, close, MAX_DEPTH + 1));
        assert_eq!(refused, Err(Error::TooDeep(Part::Payload)));
        assert_eq!(canonical(open.repeat(60_000)), Err(Error::TooDeep(Part::Payload)));
    }
}

#[test]
fn member_limit_counts_open_objects_only() {
    let members = |count| (0..count).map(|i| format!("\"{i}\":0")).collect::<Vec<_>>().join(",");
    assert!(canonical(format!("{{{}}}", members(MAX_OPEN_MEMBERS))).is_ok());
    let refused = canonical(format!("{{{}}}", members(MAX_OPEN_MEMBERS + 1)));
    assert_eq!(refused, Err(Error::TooManyMembers(Part::Payload)));

    // Closed objects do not count; enclosing objects do.
    let closed = vec![format!("{{{}}}", members(MAX_OPEN_MEMBERS)); 10];
    assert!(canonical(format!("[{}]", closed.join(","))).is_ok());
    assert!(canonical(format!("{{\"o\":{{{}}}}}", members(MAX_OPEN_MEMBERS - 1))).is_ok());
    let refused = canonical(format!("{{\"o\":{{{}}}}}", members(MAX_OPEN_MEMBERS)));
    assert_eq!(refused, Err(Error::TooManyMembers(Part::Payload)));
}

#[test]
fn name_that_begins_beyond_64_kib_is_refused() {
    let text = |padding: usize| format!("{{\"a\":\"{}\",\"b\":1}}", "x".repeat(padding));
    let longest = 0xffff - text(0).find("\"b\"").unwrap();
    assert!(canonical(text(longest)).is_ok());
    assert_eq!(canonical(text(longest + 1)), Err(Error::TooLarge(Part::Payload)));
}

#[test]
fn rest_of_the_buffer_is_returned() {
    let mut buf = *b"{ \"a\" : 1 }rest";
    let (value, rest) = canonicalize(&mut buf, 11, Part::Header).unwrap();
    assert_eq!(value.text(), "{\"a\":1}");
    assert_eq!(rest.len(), 15 - 7);
    assert!(rest.ends_with(b"rest"));
    assert_eq!(canonicalize(&mut [], 1, Part::Header).err(), Some(Error::Malformed(Part::Header)));
}

/// Checks that the verdict, the values and their order match the oracle's, and that the output is canonical and not
/// longer than the input.
fn check_against_oracle(text: &[u8]) {
    let shown = String::from_utf8_lossy(text);
    let ours = match (canonical(text), strict_json::parse(text, testkit::embedded_jwt::Part::Payload)) {
        (Ok(ours), Ok(_)) => ours,
        (Err(ours), Err(theirs)) => return strict_json::assert_same_refusal(ours, theirs),
        (ours, theirs) => panic!("{ours:?}, oracle {theirs:?}: {shown}"),
    };

    assert!(ours.len() <= text.len(), "{shown}");
    assert_eq!(canonical(&ours).as_deref(), Ok(&*ours), "{shown}");
    let reparse = |text| serde_json::from_slice::<serde_json::Value>(text).unwrap().to_string();
    assert_eq!(reparse(text), reparse(ours.as_bytes()), "{shown}");
}

/// Generates JSON text of every shape, with random white space and escapes.
fn document() -> impl Strategy<Value = String> {
    let space = || prop::sample::select(vec!["", "", "", " ", "\n", "\t\r "]);
    let string = || {
        let character = prop_oneof![
            4 => any::<char>().prop_filter("bare", |c| *c >= ' ' && !"\"\\".contains(*c)).prop_map(String::from),
            4 => prop::sample::select(vec!['a', 'b', '/', 'é', '😀']).prop_map(String::from),
            2 => any::<char>().prop_map(|c| {
                c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect()
            }),
            2 => (0..0x60_u16).prop_map(|unit| format!("\\u{unit:04x}")),
            1 => prop::sample::select(vec!["\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t"]).prop_map(String::from),
        ];
        prop::collection::vec(character, 0..5).prop_map(|characters| format!("\"{}\"", characters.concat()))
    };
    let scalar = prop_oneof![
        prop::sample::select(vec!["true", "false", "null", "0", "-0", "-1.25e-3", "1E400", "12345678901234567890123"])
            .prop_map(String::from),
        string(),
    ];
    scalar.prop_recursive(6, 48, 6, move |inner| {
        let array = prop::collection::vec((space(), inner.clone(), space()), 0..6);
        let object = prop::collection::vec((space(), string(), space(), space(), inner, space()), 0..6);
        prop_oneof![
            array.prop_map(|elements| {
                let elements: Vec<_> = elements.iter().map(|(a, element, b)| format!("{a}{element}{b}")).collect();
                format!("[{}]", elements.join(","))
            }),
            object.prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(a, name, b, c, value, d)| format!("{a}{name}{b}:{c}{value}{d}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4000) })]

    #[test]
    fn agrees_with_serde_json_on_documents(text in document()) {
        check_against_oracle(text.as_bytes());
    }

    #[test]
    fn agrees_with_serde_json_on_damaged_documents(
        text in document(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..3, any::<prop::sample::Index>()), 1..4),
    ) {
        const BYTES: &[u8] = b"{}[],:\"\\/u0d8c19eE+-. \n\x00\x1f\x7f\x80\xc3\xa9\xff'truefalsn";
        let mut text = text.into_bytes();
        for (at, edit, byte) in edits {
            let byte = BYTES[byte.index(BYTES.len())];
            match edit {
                0 => text.insert(at.index(text.len() + 1), byte),
                _ if text.is_empty() => {}
                1 => { text.remove(at.index(text.len())); }
                _ => { let at = at.index(text.len()); text[at] = byte; }
            }
        }
        check_against_oracle(&text);
    }
}
