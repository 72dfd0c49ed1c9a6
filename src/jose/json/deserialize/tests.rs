//! The user's types get the same values as from `serde_json`, or an error.

use serde::Deserialize;

use super::deserialize;
use crate::error::{Error, Misfit};
use crate::jose::json::Value;

fn read<'b, T: Deserialize<'b>>(canonical: &'b str) -> Result<T, Error> {
    deserialize(Value::new(canonical))
}

fn refuses<'b, T: Deserialize<'b> + core::fmt::Debug + PartialEq>(canonical: &'b str) {
    assert!(matches!(read::<T>(canonical), Err(Error::Deserialize(_))), "{canonical}");
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Idle,
    Speed(u16),
    Range { low: i8, high: i8 },
    Pair(u8, u8),
}

#[derive(Debug, Deserialize, PartialEq)]
struct Everything<'b> {
    text: &'b str,
    owned: heapless::String<16>,
    letter: char,
    flag: bool,
    small: i8,
    large: u64,
    ratio: f64,
    absent: Option<u8>,
    #[serde(borrow)]
    present: Option<&'b str>,
    unit: (),
    pair: (u8, char),
    list: heapless::Vec<u16, 4>,
    nested: Nested<'b>,
    modes: heapless::Vec<Mode, 5>,
    map: heapless::LinearMap<Wrapped<'b>, f32, 2>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Nested<'b> {
    #[serde(borrow)]
    wrapped: Wrapped<'b>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Wrapped<'b>(&'b str);

#[test]
fn every_shape_is_read_as_serde_json_reads_it() {
    let json = concat!(
        r#"{"ignored":[{"a":"\"x\\","b":null,"c":[1e400,true]}],"text":"a","owned":"CORP\\alice","letter":"\n","#,
        r#""flag":true,"small":-8,"large":18446744073709551615,"ratio":-1.5e3,"absent":null,"present":"p","unit":null,"#,
        r#""pair":[1,"é"],"list":[1,2,3],"nested":{"wrapped":"w"},"#,
        r#""modes":["idle",{"speed":7},{"range":{"low":-1,"high":1}},{"pair":[1,2]},{"idle":null}],"map":{"k":0.5}}"#,
    );
    let ours: Everything = read(json).unwrap();
    assert_eq!(ours, serde_json::from_str(json).unwrap());
    assert_eq!((ours.owned.as_str(), ours.letter), ("CORP\\alice", '\n'));
}

#[test]
fn escaped_text_is_never_returned_as_the_string() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Borrowed<'b> {
        name: &'b str,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Owned {
        name: String,
    }
    let json = r#"{"name":"a\"\\\b\f\n\r\t\u0000\u001fz"}"#;
    refuses::<Borrowed>(json);
    assert_eq!(read(json), Ok(Owned { name: "a\"\\\u{8}\u{c}\n\r\t\0\u{1f}z".into() }));
    assert_eq!(read(r#"{"name":"plain"}"#), Ok(Borrowed { name: "plain" }));
    // Keys and variant names are strings too.
    type Map = heapless::LinearMap<heapless::String<8>, u8, 2>;
    assert_eq!(read::<Map>(r#"{"a\\":1}"#).unwrap().get(&*heapless::String::<8>::try_from("a\\").unwrap()), Some(&1));
    refuses::<Mode>(r#""idle\\""#);
}

#[test]
fn string_is_unescaped_up_to_the_limit() {
    let json = |len: usize| format!("\"{}\\\\\"", "x".repeat(len - 1));
    assert_eq!(read::<String>(&json(256)).map(|s| s.len()), Ok(256));
    refuses::<String>(&json(257));
    // Strings without escapes have no limit, and ignored strings never have one.
    assert_eq!(read::<String>(&format!("\"{}\"", "x".repeat(1000))).map(|s| s.len()), Ok(1000));
    #[derive(Debug, Deserialize, PartialEq)]
    struct Empty {}
    assert_eq!(read(&format!("{{\"ignored\":{}}}", json(1000))), Ok(Empty {}));
    // Names have a limit, ignored or not.
    assert_eq!(read(&format!("{{{}:1}}", json(256))), Ok(Empty {}));
    refuses::<Empty>(&format!("{{{}:1}}", json(257)));
}

#[test]
fn float_that_is_not_finite_is_refused() {
    assert_eq!(read::<f64>("1e308"), Ok(1e308));
    assert_eq!(read::<Vec<f32>>("[0,-0.5]"), Ok(vec![0.0, -0.5]));
    for json in ["null", "1e400", "-1e400", "\"1\"", "true", "{}"] {
        refuses::<f64>(json);
    }
    refuses::<f32>("1e39");
    assert_eq!(read::<Option<f64>>("null"), Ok(None));
}

#[test]
fn integer_with_a_fraction_or_out_of_range_is_refused() {
    assert_eq!(read::<u8>("255"), Ok(255));
    assert_eq!(read::<i8>("-128"), Ok(-128));
    for json in ["256", "-1", "1.5", "1e2", "null", "\"1\"", "true", "[1]"] {
        refuses::<u8>(json);
        refuses::<Vec<u8>>(&format!("[{json}]"));
    }
}

#[test]
fn value_that_does_not_fit_the_type_is_refused() {
    refuses::<heapless::String<3>>("\"four\"");
    refuses::<heapless::Vec<u8, 2>>("[1,2,3]");
    refuses::<(u8, u8)>("[1,2,3]");
    refuses::<(u8, u8)>("[1]");
    refuses::<bool>("null");
    refuses::<()>("0");
    refuses::<&str>("null");
    refuses::<char>("\"ab\"");
    refuses::<Mode>("\"other\"");
    refuses::<Mode>("{\"speed\":7,\"idle\":null}");
    refuses::<Mode>("7");
    refuses::<Nested>("{}");
    refuses::<Nested>("[\"w\"]");
}

/// `serde-json-core` panics on such keys.
#[test]
fn map_key_that_is_not_a_string_is_refused() {
    refuses::<heapless::LinearMap<u8, u8, 2>>(r#"{"1":1}"#);
    refuses::<heapless::LinearMap<Option<u8>, u8, 2>>(r#"{"1":1}"#);
    refuses::<heapless::LinearMap<(), u8, 2>>(r#"{"1":1}"#);
}

/// A value that is refused at the top level is refused inside every kind of wrapper.
#[test]
fn every_wrapper_is_strict() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Number(f64);
    #[derive(Debug, Deserialize, PartialEq, Eq)]
    struct NumberKey(u8);
    #[derive(Debug, Deserialize, PartialEq)]
    enum Wrapped<'b> {
        One(f64),
        Two(u8, f64),
        Named {
            ratio: f32,
        },
        #[serde(borrow)]
        Text(&'b str),
        NamedText {
            text: &'b str,
        },
    }
    refuses::<Option<f64>>("1e400");
    refuses::<Option<&str>>(r#""a\\b""#);
    refuses::<Number>("null");
    refuses::<(u8, f64)>("[1,null]");
    refuses::<Wrapped>(r#"{"One":null}"#);
    refuses::<Wrapped>(r#"{"Two":[1,1e400]}"#);
    refuses::<Wrapped>(r#"{"Named":{"ratio":1e39}}"#);
    refuses::<Wrapped>(r#"{"Text":"a\\b"}"#);
    refuses::<Wrapped>(r#"{"NamedText":{"text":"a\\b"}}"#);
    refuses::<heapless::LinearMap<NumberKey, u8, 2>>(r#"{"1":1}"#);
    assert_eq!(read(r#"{"Two":[1,0.5]}"#), Ok(Wrapped::Two(1, 0.5)));
    assert_eq!(read(r#"{"Named":{"ratio":0.5}}"#), Ok(Wrapped::Named { ratio: 0.5 }));
    assert_eq!(read(r#"{"NamedText":{"text":"a"}}"#), Ok(Wrapped::NamedText { text: "a" }));

    #[derive(Debug, Deserialize, PartialEq)]
    enum Odd {
        #[serde(rename = "a\\b")]
        Escaped,
    }
    assert_eq!(read(r#""a\\b""#), Ok(Odd::Escaped));
}

#[test]
fn untagged_and_flattened_types_are_refused() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(untagged)]
    enum Untagged {
        Number(u8),
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Flattened {
        #[serde(flatten)]
        nested: Inner,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Inner {
        a: u8,
    }
    refuses::<Untagged>("1");
    refuses::<Flattened>(r#"{"a":1}"#);
}

#[test]
fn misfit_is_reported_at_every_depth() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Claims<'b> {
        site: &'b str,
        #[serde(borrow)]
        nested: Option<Deep<'b>>,
    }
    #[derive(Debug, Deserialize)]
    struct Deep<'b> {
        zones: heapless::Vec<core::num::NonZeroU8, 2>,
        #[serde(borrow)]
        names: heapless::LinearMap<heapless::String<4>, &'b str, 1>,
        mode: Mode,
    }
    fn misfit(json: &str) -> Option<Misfit> {
        match read::<Claims>(json) {
            Ok(Claims { site, nested }) => {
                assert_eq!(site, "north");
                let lens = |deep: Deep<'_>| (deep.zones.len(), deep.names.len(), deep.mode);
                assert!(nested.map(lens).is_none_or(|deep| deep == (2, 1, Mode::Speed(1))));
                None
            }
            Err(Error::Deserialize(misfit)) => Some(misfit),
            Err(error) => panic!("{error:?}"),
        }
    }
    let nested = |zones: &str, names: &str, mode: &str| {
        misfit(&format!(r#"{{"site":"north","nested":{{"zones":{zones},"names":{names},"mode":{mode}}}}}"#))
    };
    assert_eq!(misfit(r#"{"site":"north"}"#), None);
    assert_eq!(nested("[1,2]", r#"{"a":"b"}"#, r#"{"speed":1}"#), None);

    assert_eq!(misfit("{}"), Some(Misfit::Missing));
    assert_eq!(misfit(r#"{"site":"north","nested":{}}"#), Some(Misfit::Missing));
    assert_eq!(nested("[1]", "{}", r#"{"range":{"low":1}}"#), Some(Misfit::Missing));

    assert_eq!(misfit(r#"{"site":7}"#), Some(Misfit::WrongType));
    assert_eq!(misfit(r#"{"site":null}"#), Some(Misfit::WrongType));
    assert_eq!(misfit("[]"), Some(Misfit::WrongType));
    assert_eq!(nested("[256]", "{}", r#""idle""#), Some(Misfit::WrongType));
    assert_eq!(nested("[1.5]", "{}", r#""idle""#), Some(Misfit::WrongType));
    assert_eq!(nested("[]", r#"{"a":1}"#, r#""idle""#), Some(Misfit::WrongType));

    assert_eq!(nested("[1,2,3]", "{}", r#""idle""#), Some(Misfit::NoRoom));
    assert_eq!(nested("[]", r#"{"longer":"b"}"#, r#""idle""#), Some(Misfit::NoRoom));
    assert_eq!(nested("[]", r#"{"a":"b","c":"d"}"#, r#""idle""#), Some(Misfit::NoRoom));
    assert_eq!(nested("[]", "{}", r#"{"pair":[1]}"#), Some(Misfit::NoRoom));
    assert_eq!(misfit(&format!(r#"{{"site":"{}\\"}}"#, "x".repeat(256))), Some(Misfit::NoRoom));

    assert_eq!(misfit(r#"{"site":"CORP\\a"}"#), Some(Misfit::Escape));
    assert_eq!(nested("[]", r#"{"a":"\\"}"#, r#""idle""#), Some(Misfit::Escape));

    assert_eq!(nested("[0]", "{}", r#""idle""#), Some(Misfit::Refused));
    assert_eq!(nested("[]", "{}", r#""other""#), Some(Misfit::Refused));
    assert_eq!(misfit(r#"{"site":"north","more":1}"#), Some(Misfit::Refused));
    assert_eq!(read::<serde_json::Value>("1"), Err(Error::Deserialize(Misfit::LooksAhead)));
}
