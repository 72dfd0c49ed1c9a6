//! Reading one JWK by `const` code: the rules of `jose/jwk.rs`, but each refusal has its reason.

use super::cursor::EscapedStr;
use super::points::{is_acceptable_point, is_coordinate};
use super::value::Value;
use crate::jose::Key;
use crate::jose::jwk::MAX_KEY_OPS;
use crate::jose::key_set::MAX_KEY_SET_LEN;

/// Reads a JWK as [`FromJwk::usable_key`](crate::jose::jwk::FromJwk::usable_key) does. A member of `null` is absent.
pub(super) const fn read_key(jwk: Value<'_>) -> Result<Key, &'static str> {
    let jwk = tri!(Jwk::read(jwk));

    if jwk.private.is_some() {
        return Err("it has a private part (`d`): this key is compromised, make a new one");
    }
    if jwk.usage.is_some() && !is(jwk.usage, b"sig") {
        return Err("`use` is not \"sig\"");
    }
    if let Some(key_ops) = jwk.key_ops {
        tri!(check_key_ops(key_ops, jwk.usage.is_some()));
    }

    let (mut key, [name, other_name]) = tri!(public_key(&jwk));
    if jwk.alg.is_some() && !is(jwk.alg, name) && !is(jwk.alg, other_name) {
        return Err("`alg` is not an algorithm of this key");
    }
    if jwk.kid.is_some() {
        key = with_kid(key, tri!(required(jwk.kid, "`kid` is not a string")));
    }
    Ok(key)
}

/// The key, and the names of its algorithm.
const fn public_key(jwk: &Jwk<'_>) -> Result<(Key, [&'static [u8]; 2]), &'static str> {
    let kty = tri!(required(jwk.kty, "`kty` is missing or not a string"));
    if kty.is(b"EC") {
        if !is(jwk.crv, b"P-256") {
            return Err("`crv` is not \"P-256\"");
        }
        let (x, y) = (tri!(number(jwk.x, NO_X)), tri!(number(jwk.y, NO_Y)));
        if !is_coordinate(&x) || !is_coordinate(&y) {
            return Err("a coordinate is out of range");
        }
        Ok((Key::es256(&x, &y), [b"ES256"; 2]))
    } else if kty.is(b"OKP") {
        if !is(jwk.crv, b"Ed25519") {
            return Err("`crv` is not \"Ed25519\"");
        }
        let point = tri!(number(jwk.x, NO_X));
        if !is_acceptable_point(&point) {
            return Err("the point is of small order or out of range");
        }
        Ok((Key::ed25519(&point), [b"EdDSA", b"Ed25519"]))
    } else if kty.is(b"RSA") {
        Err("it is an RSA key, which `Key::rsa` keeps in flash (feature `rs256`)")
    } else {
        Err("`kty` is neither \"EC\" nor \"OKP\"")
    }
}

/// The members that matter.
struct Jwk<'t> {
    kty: Option<Value<'t>>,
    crv: Option<Value<'t>>,
    x: Option<Value<'t>>,
    y: Option<Value<'t>>,
    kid: Option<Value<'t>>,
    alg: Option<Value<'t>>,
    usage: Option<Value<'t>>,
    key_ops: Option<Value<'t>>,
    private: Option<Value<'t>>,
}

impl<'t> Jwk<'t> {
    const fn read(jwk: Value<'t>) -> Result<Self, &'static str> {
        let Some(mut members) = jwk.members() else { return Err("it is not an object") };
        let mut found = Self {
            kty: None,
            crv: None,
            x: None,
            y: None,
            kid: None,
            alg: None,
            usage: None,
            key_ops: None,
            private: None,
        };
        while let Some((name, value)) = members.next() {
            if value.is_null() {
            } else if name.is(b"kty") {
                found.kty = Some(value);
            } else if name.is(b"crv") {
                found.crv = Some(value);
            } else if name.is(b"x") {
                found.x = Some(value);
            } else if name.is(b"y") {
                found.y = Some(value);
            } else if name.is(b"kid") {
                found.kid = Some(value);
            } else if name.is(b"alg") {
                found.alg = Some(value);
            } else if name.is(b"use") {
                found.usage = Some(value);
            } else if name.is(b"key_ops") {
                found.key_ops = Some(value);
            } else if name.is(b"d") {
                found.private = Some(value);
            }
        }
        Ok(found)
    }
}

const fn required<'t>(value: Option<Value<'t>>, reason: &'static str) -> Result<EscapedStr<'t>, &'static str> {
    match value {
        Some(value) => match value.string() {
            Some(string) => Ok(string),
            None => Err(reason),
        },
        None => Err(reason),
    }
}

/// Whether the value is the string that consists of these bytes.
const fn is(value: Option<Value<'_>>, bytes: &[u8]) -> bool {
    match required(value, "") {
        Ok(string) => string.is(bytes),
        Err(_) => false,
    }
}

const fn check_key_ops(key_ops: Value<'_>, is_for_signatures: bool) -> Result<(), &'static str> {
    let Some(mut elements) = key_ops.elements() else { return Err(KEY_OPS) };
    let (mut count, mut may_verify, mut may_encrypt) = (0_usize, false, false);
    while let Some(element) = elements.next() {
        let operation = tri!(required(Some(element), KEY_OPS));
        let Some(mut earlier) = key_ops.elements() else { return Err(KEY_OPS) };
        let mut index = 0_usize;
        while index < count
            && let Some(element) = earlier.next()
        {
            if operation.equals(tri!(required(Some(element), KEY_OPS))) {
                return Err(KEY_OPS);
            }
            index = index.wrapping_add(1);
        }
        if count == MAX_KEY_OPS {
            return Err(KEY_OPS);
        }
        count = count.wrapping_add(1);
        may_verify |= operation.is(b"verify");
        may_encrypt |= operation.is(b"encrypt")
            || operation.is(b"decrypt")
            || operation.is(b"wrapKey")
            || operation.is(b"unwrapKey")
            || operation.is(b"deriveKey")
            || operation.is(b"deriveBits");
    }
    if count > 0 && !may_verify {
        return Err("`key_ops` lacks \"verify\"");
    }
    if is_for_signatures && may_encrypt {
        return Err("`key_ops` contradicts `use`");
    }
    Ok(())
}

/// Decodes base64url of exactly 32 bytes, strictly.
const fn number(value: Option<Value<'_>>, reason: &'static str) -> Result<[u8; 32], &'static str> {
    let mut characters = tri!(required(value, reason)).unescape();
    let mut decoded = [0; 32];
    let mut slots: &mut [u8] = &mut decoded;
    // The bits that are not written yet.
    let (mut bits, mut count) = (0_u32, 0_u32);
    while let Some(character) = characters.next() {
        let Some(sextet) = sextet(character) else { return Err(reason) };
        bits = bits << 6 | sextet;
        count = count.wrapping_add(6);
        if count >= 8 {
            count = count.wrapping_sub(8);
            let [slot, rest @ ..] = slots else { return Err(reason) };
            [_, _, _, *slot] = bits.wrapping_shr(count).to_be_bytes();
            slots = rest;
            bits &= 0xff_u32.wrapping_shr(8_u32.wrapping_sub(count));
        }
    }
    if slots.is_empty() && bits == 0 { Ok(decoded) } else { Err(reason) }
}

/// The value of a character of base64url ([RFC 4648 section 5](https://www.rfc-editor.org/rfc/rfc4648#section-5)).
const fn sextet(character: u8) -> Option<u32> {
    let sextet = match character {
        b'A'..=b'Z' => character.wrapping_sub(b'A'),
        b'a'..=b'z' => character.wrapping_sub(b'a').wrapping_add(26),
        b'0'..=b'9' => character.wrapping_sub(b'0').wrapping_add(52),
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    };
    Some(u32::from_be_bytes([0, 0, 0, sextet]))
}

const fn with_kid(key: Key, kid: EscapedStr<'_>) -> Key {
    let mut bytes = [0; MAX_KEY_SET_LEN];
    let (mut characters, mut len) = (kid.unescape(), 0_usize);
    while let Some(byte) = characters.next()
        && let Some((_, [slot, ..])) = bytes.split_at_mut_checked(len)
    {
        *slot = byte;
        len = len.wrapping_add(1);
    }
    key.with_kid(bytes.split_at(len).0)
}

pub(super) const NO_X: &str = "`x` is not base64url of 32 bytes";
pub(super) const NO_Y: &str = "`y` is not base64url of 32 bytes";
pub(super) const KEY_OPS: &str = "`key_ops` is not an array of at most 16 different strings";
