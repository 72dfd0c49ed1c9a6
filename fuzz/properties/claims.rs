use std::collections::BTreeMap;
use std::fmt::Debug;

use embedded_jwt::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use testkit::{ACCEPT_ALL, AUDIENCE, ISSUER, KEYS, NOW, now, strict_json, unsigned};

/// **Property:** `claims::<C>()` returns the same value as `serde_json`, or an error where `serde_json` returns one,
/// for types of every shape; `strings` likewise. The only differences are in [`is_known_difference`], and `-0`. A
/// `&str` never holds text that is still escaped. Types that need look-ahead may be refused, but are never read
/// differently.
///
/// Input: the JSON of one claim `x`, added to the claims that make the token acceptable.
pub fn claims(input: &[u8]) {
    let members = format!(r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":{},"x":"#, NOW + 60);
    let payload = [members.as_bytes(), input, b"}"].concat();
    if payload.len() > MAX_TOKEN_LEN / 2 || strict_json::is_ambiguous(&payload) {
        return;
    }
    let text = unsigned(br#"{"alg":"EdDSA"}"#, &payload);
    let token = Token::parse(&text).unwrap();
    let mut buf = vec![0; 2 * token.buffer_len()];
    let verdict = token.verify(&Issuer::new(ISSUER, &*KEYS, ACCEPT_ALL), &mut buf);
    let payload = match (&verdict, strict_json::parse(&payload, Part::Payload)) {
        (_, Ok(payload)) => payload,
        (Err(ours), Err(oracle)) => return strict_json::assert_same_refusal(*ours, oracle),
        (Ok(_), Err(oracle)) => panic!("oracle {oracle:?}"),
    };
    if payload.as_object().unwrap().len() > 4 {
        return; // the input added claims that may get the token refused
    }
    let token = verdict.and_then(|verified| verified.into_access_token(&AccessTokenPolicy::untyped(AUDIENCE), now()));
    let token = token.unwrap();

    same::<bool>(&token, &payload);
    same::<u8>(&token, &payload);
    same::<i16>(&token, &payload);
    same::<u32>(&token, &payload);
    same::<i64>(&token, &payload);
    same::<u64>(&token, &payload);
    same::<f32>(&token, &payload);
    same::<f64>(&token, &payload);
    same::<char>(&token, &payload);
    same::<String>(&token, &payload);
    same::<heapless::String<8>>(&token, &payload);
    same::<()>(&token, &payload);
    same::<Option<f64>>(&token, &payload);
    same::<Option<String>>(&token, &payload);
    same::<(u8, String)>(&token, &payload);
    same::<[i8; 2]>(&token, &payload);
    same::<Vec<f64>>(&token, &payload);
    same::<heapless::Vec<Option<bool>, 4>>(&token, &payload);
    same::<BTreeMap<String, Vec<String>>>(&token, &payload);
    same::<Nested>(&token, &payload);
    same::<Vec<Mode>>(&token, &payload);
    same::<BTreeMap<Name, Name>>(&token, &payload);
    same_strings(&token, &payload);

    borrows_plain_text_only(&token, &payload);
    same_or_refused::<Untagged>(&token, &payload);
    same_or_refused::<Flattened>(&token, &payload);
}

#[derive(Debug, Deserialize, PartialEq)]
struct X<C> {
    x: C,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Nested {
    ratio: f64,
    mode: Option<Mode>,
    #[serde(default)]
    names: Vec<String>,
    inner: Option<Box<Nested>>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Idle,
    Speed(u16),
    Range { low: i8, high: i8 },
    Pair(u8, String),
}

#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Name(String);

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Untagged {
    Number(u8),
    Text(String),
}

#[derive(Debug, Deserialize, PartialEq)]
struct Flattened {
    #[serde(flatten)]
    rest: BTreeMap<String, bool>,
}

fn same_or_refused<C: DeserializeOwned + Debug + PartialEq>(token: &AccessToken<'_>, payload: &Value) {
    if token.claims::<X<C>>().is_ok() {
        same::<C>(token, payload);
    }
}

fn same<C: DeserializeOwned + Debug + PartialEq>(token: &AccessToken<'_>, payload: &Value) {
    let ours = token.claims::<X<C>>().ok();
    let oracle = serde_json::from_str::<X<C>>(&payload.to_string()).ok();
    if ours == oracle || is_known_difference(&ours, &oracle, payload) {
        return;
    }
    // An integer `-0` is 0; `serde_json` reads it as a float.
    if ours.is_some() && ours == serde_json::from_value(without_negative_zero(payload)).ok() {
        return;
    }
    panic!("{}: ours {ours:?}, oracle {oracle:?}: {}", std::any::type_name::<C>(), payload["x"]);
}

/// Whether this crate alone refuses, for a known reason.
fn is_known_difference<C: Debug>(ours: &Option<X<C>>, oracle: &Option<X<C>>, payload: &Value) -> bool {
    match (ours, oracle) {
        // `1e39` as an f32: a number that is not finite would make `x > max` fail open.
        (None, Some(read)) if std::any::type_name::<C>() == "f32" => format!("{read:?}").contains("inf"),
        (None, Some(_)) => has_long_escaped_string(payload),
        _ => false,
    }
}

fn without_negative_zero(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.as_str() == "-0" => Value::from(0),
        Value::Array(elements) => elements.iter().map(without_negative_zero).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), without_negative_zero(value))).collect()
        }
        other => other.clone(),
    }
}

/// Whether a string of more than 256 bytes needs escapes: it does not fit the 256-byte buffer for unescaping. Names
/// count too, even of members that the type ignores.
fn has_long_escaped_string(value: &Value) -> bool {
    let is_one = |text: &str| text.len() > 256 && text.contains(needs_escape);
    match value {
        Value::String(text) => is_one(text),
        Value::Array(elements) => elements.iter().any(has_long_escaped_string),
        Value::Object(members) => members.iter().any(|(name, value)| is_one(name) || has_long_escaped_string(value)),
        _ => false,
    }
}

fn needs_escape(character: char) -> bool {
    character < ' ' || matches!(character, '"' | '\\')
}

fn same_strings(token: &AccessToken<'_>, payload: &Value) {
    let ours = token.strings("x").map(|strings| strings.iter().map(|string| string.to_string()).collect::<Vec<_>>());
    let oracle = match &payload["x"] {
        Value::Array(elements) => elements.iter().map(|element| element.as_str().map(String::from)).collect(),
        other => other.as_str().map(|text| vec![text.into()]),
    };
    assert_eq!(ours, oracle.ok_or(Error::Invalid(Claim::Other)));
}

fn borrows_plain_text_only(token: &AccessToken<'_>, payload: &Value) {
    #[derive(Deserialize)]
    struct Borrowed<'b> {
        x: &'b str,
    }
    match (token.claims::<Borrowed<'_>>(), payload["x"].as_str()) {
        (Ok(ours), Some(text)) => assert_eq!(ours.x, text),
        (Err(_), Some(text)) => assert!(text.contains(needs_escape) || has_long_escaped_string(payload)),
        (Err(_), None) => {}
        (Ok(ours), None) => panic!("{:?}: {}", ours.x, payload["x"]),
    }
}
