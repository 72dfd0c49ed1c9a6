//! `key_set!`: a JWK Set read by the compiler.
//!
//! The functions below are `const`, and private: other crates reach only two associated constants, whose values the
//! compiler computes. So no code of this module is in any image.

/// `?`, which `const` code lacks.
macro_rules! tri {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return Err(error),
        }
    };
}

mod cursor;
mod document;
mod jwk;
mod points;
mod refusal;
#[cfg(doctest)]
#[doc = include_str!("at_compile_time/refused.md")]
mod refused {}
#[cfg(test)]
mod tests;
mod value;

use core::marker::PhantomData;

use super::MAX_KEY_SET_LEN;
use crate::jose::Key;
use refusal::{Message, Refusal};
use value::Value;

/// Keys in flash, read from a JWK Set by the compiler: no build script, and no JSON in the image. Gives a
/// `&'static [Key; N]`, for the `N` keys of the set.
///
/// The argument is a constant `&str`: `include_str!("jwks.json")`, or the text itself.
///
/// # Example
///
/// ```
/// # macro_rules! include_str { ($file:literal) => { r#"{"keys": [
/// #     {"kty": "OKP", "crv": "Ed25519", "kid": "2026-01", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"# } }
/// use embedded_jwt::{EdDsa, Es256, Issuer, Key, key_set};
///
/// static KEYS: &[Key] = key_set!(include_str!("jwks.json"));
///
/// let issuer = Issuer::new("https://idp.example.com", KEYS, &[&Es256, &EdDsa]);
/// # let _ = issuer;
/// ```
///
/// # What stops the build
///
/// The rules and the keys are the same as with [`KeySet::from_jwks`](crate::KeySet::from_jwks). But no key is skipped:
/// any key that cannot be used stops the build, with a message that names the key and the reason, so that no device
/// lacks a key that you meant it to have.
///
/// ```text
/// error[E0080]: evaluation panicked: keys[1]: `use` is not "sig"
/// ```
///
/// The reasons are, for the set:
/// - it is longer than [`MAX_KEY_SET_LEN`];
/// - it is not valid JSON, has two members of one name in an object, more than [`MAX_DEPTH`](crate::MAX_DEPTH) levels or
///   more than [`MAX_OPEN_MEMBERS`](crate::MAX_OPEN_MEMBERS) open members: the message names the line;
/// - it is not an object with an array `keys`;
/// - it has no keys, and would verify nothing.
///
/// And for a key:
/// - it is not an object, or has a private `d`;
/// - `kty` and `crv` are neither `EC` and `P-256` nor `OKP` and `Ed25519`. For RSA keys there is `Key::rsa`;
/// - `x` or `y` is not strict base64url of 32 bytes;
/// - a coordinate is out of range, or an Ed25519 point of small order;
/// - `use` is not `sig`, `key_ops` lacks `verify` or contradicts `use`, or `alg` is not an algorithm of the key;
/// - `kid` is not a string.
///
/// Whether a point is on its curve is **not** checked by the compiler: as with all keys, the backend checks it when the key
/// is used ([`Error::InvalidKey`](crate::Error::InvalidKey)). On the host, the example `verify` checks it with its option
/// `--print-rust`. Each key takes the compiler a few hundredths of a second.
///
/// # Example: the number of keys is stated
///
/// ```
/// # use embedded_jwt::{Key, key_set};
/// static KEYS: &[Key; 1] = key_set!(
///     r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "2026-01", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#
/// );
/// ```
#[macro_export]
macro_rules! key_set {
    ($json:expr $(,)?) => {{
        enum __KeySetJson {}
        impl $crate::__key_set::Json for __KeySetJson {
            const JSON: &'static ::core::primitive::str = $json;
        }
        const __KEY_SET_LEN: ::core::primitive::usize = match $crate::__key_set::Keys::<__KeySetJson, 0>::COUNT {
            ::core::result::Result::Ok(count) => count,
            ::core::result::Result::Err(reason) => ::core::panic!("{}", reason),
        };
        static __KEY_SET: [$crate::Key; __KEY_SET_LEN] =
            match $crate::__key_set::Keys::<__KeySetJson, __KEY_SET_LEN>::KEYS {
                ::core::result::Result::Ok(keys) => keys,
                ::core::result::Result::Err(reason) => ::core::panic!("{}", reason),
            };
        &__KEY_SET
    }};
}

/// The text of a key set.
pub trait Json {
    /// A JWK Set.
    const JSON: &'static str;
}

/// The keys of a text, as constants. There is no value of this type.
pub struct Keys<J, const N: usize>(PhantomData<J>);

impl<J: Json> Keys<J, 0> {
    /// The number of keys, or why one of them stops the build.
    pub const COUNT: Result<usize, &'static str> = match &Self::READ {
        Ok(count) => Ok(*count),
        Err(message) => Err(message.as_str()),
    };

    const READ: Result<usize, Message> = match read(J::JSON, &mut []) {
        Ok(count) => Ok(count),
        Err(refusal) => Err(refusal.message()),
    };
}

impl<J: Json, const N: usize> Keys<J, N> {
    /// The keys, if `N` is their number.
    pub const KEYS: Result<[Key; N], &'static str> = {
        let mut keys = [const { Key::ed25519(&[0; 32]) }; N];
        match read(J::JSON, &mut keys) {
            Ok(count) if count == N => Ok(keys),
            _ => Err("the number of keys differs"),
        }
    };
}

/// Reads all keys of a JWK Set, writes as many of them as there are slots, and returns their number.
const fn read(json: &str, slots: &mut [Key]) -> Result<usize, Refusal> {
    if json.len() > MAX_KEY_SET_LEN {
        return Err(Refusal::of_set("the text is longer than 64 KiB"));
    }
    let json = match json.as_bytes() {
        [0xef, 0xbb, 0xbf, rest @ ..] => rest, // U+FEFF, the byte order mark
        all => all,
    };
    tri!(document::check(json));
    let Some(mut keys) = elements(json) else {
        return Err(Refusal::of_set("the text is not an object with an array `keys`"));
    };

    let (mut slots, mut count) = (slots, 0_usize);
    while let Some(jwk) = keys.next() {
        let key = match jwk::read_key(jwk) {
            Ok(key) => key,
            Err(reason) => return Err(Refusal::of_key(count, reason)),
        };
        if let [slot, rest @ ..] = slots {
            *slot = key;
            slots = rest;
        }
        count = count.wrapping_add(1);
    }
    if count == 0 { Err(Refusal::of_set("the set has no keys")) } else { Ok(count) }
}

/// The same at run time, for the fuzz target.
#[cfg(fuzzing)]
pub fn read_when_fuzzing(json: &str, slots: &mut [Key]) -> Option<usize> {
    read(json, slots).ok()
}

const fn elements(json: &[u8]) -> Option<value::Elements<'_>> {
    let Some(mut members) = Value::of_document(json).members() else { return None };
    while let Some((name, value)) = members.next() {
        if name.is(b"keys") {
            return value.elements();
        }
    }
    None
}
