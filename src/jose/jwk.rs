//! Reading one JWK (RFC 7517 section 4).

use heapless::Vec;

#[cfg(feature = "rs256")]
use super::OwnedKey;
use super::algorithm::ed25519::is_acceptable_point;
use super::algorithm::p256::is_coordinate;
#[cfg(feature = "rs256")]
use super::algorithm::rsa::{MODULUS_LEN, is_acceptable_modulus};
use super::json::Value;
use super::{Algorithm, Key, PublicKey, base64url};

/// A type of key that can be read from a JWK.
pub(crate) trait FromJwk: Clone + PartialEq + Sized {
    /// Reads a JWK ([RFC 7517 section 4](https://www.rfc-editor.org/rfc/rfc7517#section-4)) if it is a public key that
    /// may verify signatures of an algorithm that this crate knows, and that this type can hold.
    fn usable_key(jwk: Value<'_>) -> Option<Self> {
        Self::read(jwk, true)
    }

    /// Reads a JWK that is itself in a token
    /// ([RFC 9449 section 4.2](https://www.rfc-editor.org/rfc/rfc9449#section-4.2)) as
    /// [`usable_key`](Self::usable_key) does. Its `kid` is not looked at, since it chooses nothing: the key has none.
    fn embedded_key(jwk: Value<'_>) -> Option<Self> {
        Self::read(jwk, false)
    }

    fn read(jwk: Value<'_>, with_kid: bool) -> Option<Self>;

    /// The key, to verify signatures with.
    fn borrow_key(&self) -> PublicKey<'_>;
}

impl FromJwk for Key {
    fn read(jwk: Value<'_>, with_kid: bool) -> Option<Self> {
        read(jwk, with_kid, None)
    }

    fn borrow_key(&self) -> PublicKey<'_> {
        self.clone()
    }
}

#[cfg(feature = "rs256")]
impl FromJwk for OwnedKey {
    fn read(jwk: Value<'_>, with_kid: bool) -> Option<Self> {
        read(jwk, with_kid, Some(&mut [0; MODULUS_LEN])).as_ref().map(Self::from)
    }

    fn borrow_key(&self) -> PublicKey<'_> {
        self.as_key()
    }
}

/// The type for keys of all algorithms.
#[cfg(feature = "rs256")]
pub(crate) type AnyKey = OwnedKey;
#[cfg(not(feature = "rs256"))]
pub(crate) type AnyKey = Key;

/// The memory for the modulus of an RSA key.
#[cfg(feature = "rs256")]
type ModulusMemory<'k> = &'k mut [u8; MODULUS_LEN];
#[cfg(not(feature = "rs256"))]
type ModulusMemory<'k> = core::convert::Infallible;

/// A member of `null` is absent: serializers write it for a missing value.
///
/// The modulus of an RSA key is written to the memory; without memory, the key is not read.
#[cfg_attr(not(feature = "rs256"), expect(unused_variables, reason = "only RSA keys need it"))]
fn read<'k>(jwk: Value<'_>, with_kid: bool, memory: Option<ModulusMemory<'k>>) -> Option<PublicKey<'k>> {
    let members = jwk.members(["kty", "crv", "x", "y", "kid", "alg", "use", "key_ops", "d"])?;
    let [kty, crv, x, y, kid, alg, usage, key_ops, private] = members.map(present);

    if private.is_some() || usage.is_some() && text(usage) != Some("sig") {
        return None;
    }
    if let Some(key_ops) = key_ops {
        may_verify(key_ops, usage.is_some()).then_some(())?;
    }

    let mut key = match Algorithm::from_jwk_type(text(kty)?, text(crv))? {
        Algorithm::Es256 => {
            let coordinate = |value| bytes(value).filter(is_coordinate);
            Key::es256(&coordinate(x)?, &coordinate(y)?)
        }
        Algorithm::EdDsa => Key::ed25519(&bytes(x).filter(is_acceptable_point)?),
        #[cfg(feature = "rs256")]
        Algorithm::Rs256 => rsa_key(jwk, memory?)?,
    };
    if let Some(alg) = alg {
        let named = Algorithm::from_name(alg.string()?)?;
        (named == key.algorithm()).then_some(())?;
    }
    if let Some(kid) = kid.filter(|_| with_kid) {
        key.set_kid(kid.string()?.bytes());
    }
    Some(key)
}

/// Reads the members of RSA keys ([RFC 7518 section 6.3](https://www.rfc-editor.org/rfc/rfc7518#section-6.3)). Their
/// numbers have no zeros in front, and only the exponent 65,537 is taken.
#[cfg(feature = "rs256")]
fn rsa_key<'k>(jwk: Value<'_>, memory: ModulusMemory<'k>) -> Option<PublicKey<'k>> {
    let [modulus, exponent] = jwk.members(["n", "e"])?;
    let private = jwk.members(["p", "q", "dp", "dq", "qi", "oth"])?;
    if private.into_iter().any(|member| present(member).is_some()) || text(exponent)? != "AQAB" {
        return None;
    }
    *memory = base64url::decode_array(text(modulus)?.as_bytes()).filter(is_acceptable_modulus)?;
    Some(PublicKey::borrowing(memory))
}

fn present(member: Option<Value<'_>>) -> Option<Value<'_>> {
    member.filter(|value| value.text() != "null")
}

/// Whether `key_ops` allows the verification of signatures, or says nothing, and does not contradict `use`
/// ([RFC 7517 section 4.3](https://www.rfc-editor.org/rfc/rfc7517#section-4.3)). An unknown operation contradicts
/// nothing.
fn may_verify(key_ops: Value<'_>, is_for_signatures: bool) -> bool {
    let Some(operations) = different_strings(key_ops) else { return false };
    let contains = |name: &str| operations.iter().any(|operation| operation.string().is_some_and(|s| s == *name));
    let may_encrypt =
        || ["encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"].into_iter().any(contains);
    operations.is_empty() || contains("verify") && !(is_for_signatures && may_encrypt())
}

/// The elements of an array; `None` if this is not an array of at most [`MAX_KEY_OPS`] different strings.
fn different_strings(array: Value<'_>) -> Option<Vec<Value<'_>, MAX_KEY_OPS>> {
    let mut strings = Vec::<Value<'_>, MAX_KEY_OPS>::new();
    for element in array.elements()? {
        element.string()?;
        // Equal strings have equal canonical texts.
        if strings.iter().any(|earlier| earlier.text() == element.text()) {
            return None;
        }
        strings.push(element).ok()?;
    }
    Some(strings)
}

fn text<'b>(value: Option<Value<'b>>) -> Option<&'b str> {
    value?.string()?.as_str()
}

/// Decodes a value of exactly 32 bytes, leading zeros included
/// ([RFC 7518 section 6.2.1.2](https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1.2)).
fn bytes(value: Option<Value<'_>>) -> Option<[u8; 32]> {
    base64url::decode_array(text(value)?.as_bytes())
}

/// Maximum number of operations in `key_ops`: twice as many as are registered. They must differ, so that each is compared
/// with all before it; a header may contain a key, and is read before any signature is verified.
pub(super) const MAX_KEY_OPS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    /// The key of a JWK with these further members, for a key set and for a proof.
    fn keys_with(members: &str) -> [Option<Key>; 2] {
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}"{members}}}"#);
        [Key::usable_key, Key::embedded_key].map(|read| read(Value::new(&jwk)))
    }

    #[test]
    fn kid_of_an_embedded_key_is_not_looked_at() {
        let [key, _] = keys_with("");
        assert!(key.as_ref().is_some_and(|key| key.kid().is_none()));
        let long = format!(r#","kid":"{}""#, "k".repeat(4000));
        for kid in [r#","kid":"k""#, r#","kid":"""#, r#","kid":null"#, &long] {
            let [usable, embedded] = keys_with(kid);
            assert!(usable.is_some() && embedded == key, "{kid}");
        }
        for kid in [r#","kid":7"#, r#","kid":{}"#, r#","kid":["k"]"#, r#","kid":true"#] {
            assert_eq!(keys_with(kid), [None, key.clone()], "{kid}");
        }
    }

    #[test]
    fn embedded_key_follows_all_other_rules_of_key_sets() {
        for good in [r#","use":"sig""#, r#","key_ops":[]"#, r#","key_ops":["verify"]"#, r#","d":null"#] {
            assert!(keys_with(good).iter().all(Option::is_some), "{good}");
        }
        for bad in [r#","use":"enc""#, r#","key_ops":["sign"]"#, r#","alg":"ES256""#, r#","d":"AA""#] {
            assert_eq!(keys_with(bad), [None, None], "{bad}");
        }
    }
}
