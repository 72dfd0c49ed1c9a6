use std::collections::HashSet;

use base64ct::{Base64UrlUnpadded, Encoding};
use curve25519_dalek::edwards::CompressedEdwardsY;
use embedded_jwt::*;
use serde_json::Value;
use testkit::strict_json;

/// **Property:** a key set holds the keys that a `serde_json` model finds usable, in their order and with equal fields.
/// All others are counted as skipped, and more usable keys than slots is an error. A refused set leaves the old keys in
/// use.
pub fn jwks(input: &[u8]) {
    if input.len() > MAX_KEY_SET_LEN || strict_json::is_ambiguous(input) {
        return;
    }
    let mut before =
        br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},1]}"#.to_vec();
    let mut keys = KeySet::<CAPACITY>::from_jwks(&mut before).unwrap();
    let old = keys.clone();
    match (keys.replace_from_jwks(&mut input.to_vec()), model(input)) {
        (Ok(()), Ok((model, skipped))) => assert_eq!((&*keys, keys.skipped()), (&*model, skipped)),
        (Err(ours), Err(model)) => {
            strict_json::assert_same_refusal(ours, model);
            assert_eq!((&*keys, keys.skipped()), (&*old, 1));
        }
        (ours, model) => panic!("ours {ours:?}, model {model:?}"),
    }
}

const CAPACITY: usize = 3;

fn model(text: &[u8]) -> Result<(Vec<Key>, usize), Error> {
    // RFC 8259 section 8.1: a byte order mark may be ignored.
    let set = strict_json::parse(text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text), Part::KeySet)?;
    let entries = set.get("keys").and_then(Value::as_array).ok_or(Error::Malformed(Part::KeySet))?;
    let keys: Vec<_> = entries.iter().filter_map(usable_key).collect();
    let skipped = entries.len() - keys.len();
    if keys.len() > CAPACITY { Err(Error::TooManyKeys) } else { Ok((keys, skipped)) }
}

/// The key in a JWK, if it is usable by RFC 7517 section 4, RFC 7518 section 6.2.1 and RFC 8037 section 2.
pub fn usable_key(jwk: &Value) -> Option<Key> {
    let jwk = jwk.as_object()?;
    let member = |name| jwk.get(name).filter(|value| !value.is_null());
    let string = |name| member(name).and_then(Value::as_str);
    let number = |name| -> Option<[u8; 32]> { Base64UrlUnpadded::decode_vec(string(name)?).ok()?.try_into().ok() };

    let is_for_signatures = member("use").is_some();
    if member("d").is_some() || is_for_signatures && string("use") != Some("sig") {
        return None;
    }
    if let Some(operations) = member("key_ops") {
        let operations: Vec<_> = operations.as_array()?.iter().map(Value::as_str).collect::<Option<_>>()?;
        let distinct: HashSet<_> = operations.iter().copied().collect();
        let encryption = HashSet::from(["encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"]);
        let contradicts_use = is_for_signatures && !distinct.is_disjoint(&encryption);
        let allows = operations.is_empty() || distinct.contains("verify") && !contradicts_use;
        if !allows || distinct.len() < operations.len() || operations.len() > 16 {
            return None;
        }
    }
    let (key, names): (_, &[&str]) = match (string("kty")?, string("crv")?) {
        ("EC", "P-256") => {
            let (x, y) = (number("x")?, number("y")?);
            (is_p256_coordinate(&x) && is_p256_coordinate(&y)).then(|| (Key::es256(&x, &y), &["ES256"][..]))?
        }
        ("OKP", "Ed25519") => {
            let point = number("x").filter(|point| is_ed25519_key(point))?;
            (Key::ed25519(&point), &["EdDSA", "Ed25519"])
        }
        _ => return None,
    };
    if member("alg").is_some() && !names.contains(&string("alg")?) {
        return None;
    }
    match member("kid") {
        Some(_) => Some(key.with_kid(string("kid")?.as_bytes())),
        None => Some(key),
    }
}

fn is_p256_coordinate(number: &[u8; 32]) -> bool {
    let hex: String = number.iter().map(|byte| format!("{byte:02x}")).collect();
    *hex < *"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
}

/// Whether these are 32 bytes with y < p that are not of small order, by the curve library's arithmetic. They need not
/// be a point.
pub fn is_ed25519_key(bytes: &[u8]) -> bool {
    let Ok(encoded) = CompressedEdwardsY::from_slice(bytes) else { return false };
    let [low, middle @ .., high] = encoded.0;
    let is_reduced = low < 0xed || middle != [0xff; 30] || high & 0x7f != 0x7f;
    is_reduced && !encoded.decompress().is_some_and(|point| point.is_small_order())
}
