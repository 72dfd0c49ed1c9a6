use std::collections::HashSet;

use base64ct::{Base64UrlUnpadded, Encoding};
use curve25519_dalek::edwards::CompressedEdwardsY;
use embedded_jwt::*;
use serde_json::Value;
use testkit::strict_json;

/// **Property:** a key set holds the keys that a `serde_json` model finds usable, in their order and with equal fields.
/// All others are counted as skipped, and more usable keys than slots is an error. A refused set leaves the old keys in
/// use. RSA keys are usable only for a set that is asked to keep them.
pub fn jwks(input: &[u8]) {
    if input.len() > MAX_KEY_SET_LEN || strict_json::is_ambiguous(input) {
        return;
    }
    let mut keys = KeySet::<CAPACITY>::from_jwks(&mut BEFORE.to_vec()).unwrap();
    let outcome = keys.replace_from_jwks(&mut input.to_vec());
    agree(outcome, &keys, keys.skipped(), model(input, |key| key.form.to_key().is_some()));

    #[cfg(feature = "rs256")]
    {
        let mut keys = KeySet::<CAPACITY, OwnedKey>::with_rsa();
        keys.replace_from_jwks(&mut BEFORE.to_vec()).unwrap();
        let outcome = keys.replace_from_jwks(&mut input.to_vec());
        agree(outcome, &keys.as_keys(), keys.skipped(), model(input, |_| true));
        let owned: Vec<_> = keys.as_keys().iter().map(OwnedKey::from).collect();
        assert_eq!(*keys, *owned);
    }
}

const BEFORE: &[u8] =
    br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},1]}"#;
const CAPACITY: usize = 3;

fn agree(outcome: Result<(), Error>, keys: &[PublicKey<'_>], skipped: usize, model: Result<Model, Error>) {
    let is_same = |(model, model_skipped): &Model| {
        model.len() == keys.len()
            && model.iter().zip(keys).all(|(model, key)| model.is(key))
            && *model_skipped == skipped
    };
    match (outcome, model) {
        (Ok(()), Ok(model)) => assert!(is_same(&model), "{keys:?}, {skipped} skipped, model {model:?}"),
        (Err(ours), Err(refusal)) => {
            strict_json::assert_same_refusal(ours, refusal);
            assert!(self::model(BEFORE, |_| true).is_ok_and(|before| is_same(&before)), "{keys:?}, {skipped} skipped");
        }
        (ours, model) => panic!("ours {ours:?}, model {model:?}"),
    }
}

/// The keys, and the number of entries that are skipped.
type Model = (Vec<UsableKey>, usize);

fn model(text: &[u8], is_kept: fn(&UsableKey) -> bool) -> Result<Model, Error> {
    // RFC 8259 section 8.1: a byte order mark may be ignored.
    let set = strict_json::parse(text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text), Part::KeySet)?;
    let entries = set.get("keys").and_then(Value::as_array).ok_or(Error::Malformed(Part::KeySet))?;
    let keys: Vec<_> = entries.iter().filter_map(UsableKey::read).filter(is_kept).collect();
    let skipped = entries.len() - keys.len();
    if keys.len() > CAPACITY { Err(Error::TooManyKeys) } else { Ok((keys, skipped)) }
}

/// The key in a JWK, if it is usable and is no RSA key.
pub fn usable_key(jwk: &Value) -> Option<Key> {
    let UsableKey { form, kid } = UsableKey::read(jwk)?;
    let key = form.to_key()?;
    Some(match kid {
        Some(kid) => key.with_kid(kid.as_bytes()),
        None => key,
    })
}

#[derive(Debug)]
struct UsableKey {
    form: Form,
    kid: Option<String>,
}

#[derive(Debug)]
enum Form {
    P256 {
        x: [u8; 32],
        y: [u8; 32],
    },
    Ed25519 {
        point: [u8; 32],
    },
    #[cfg(feature = "rs256")]
    Rsa {
        modulus: Box<[u8; 256]>,
    },
}

impl Form {
    /// `None` for an RSA key.
    fn to_key(&self) -> Option<Key> {
        match self {
            Self::P256 { x, y } => Some(Key::es256(x, y)),
            Self::Ed25519 { point } => Some(Key::ed25519(point)),
            #[cfg(feature = "rs256")]
            Self::Rsa { .. } => None,
        }
    }

    fn is(&self, key: &PublicKey<'_>) -> bool {
        match self {
            #[cfg(feature = "rs256")]
            Self::Rsa { modulus } => key.algorithm() == Algorithm::Rs256 && *key.public_key() == modulus[..],
            _ => self
                .to_key()
                .is_some_and(|model| key.algorithm() == model.algorithm() && key.public_key() == model.public_key()),
        }
    }
}

impl UsableKey {
    fn is(&self, key: &PublicKey<'_>) -> bool {
        // This key has the same `kid`, to compare with: no key keeps a long `kid` whole.
        let namesake = Key::ed25519(&[0; 32]).with_kid(self.kid.as_deref().unwrap_or_default().as_bytes());
        self.form.is(key) && key.kid() == namesake.kid()
    }

    /// The key in a JWK, if it is usable by RFC 7517 section 4, RFC 7518 sections 6.2.1 and 6.3.1, and RFC 8037 section 2.
    fn read(jwk: &Value) -> Option<Self> {
        let jwk = jwk.as_object()?;
        let member = |name| jwk.get(name).filter(|value| !value.is_null());
        let string = |name| member(name).and_then(Value::as_str);
        let bytes = |name| Base64UrlUnpadded::decode_vec(string(name)?).ok();
        let number = |name| -> Option<[u8; 32]> { bytes(name)?.try_into().ok() };

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
        let (form, names): (_, &[&str]) = match (string("kty")?, string("crv")) {
            ("EC", Some("P-256")) => {
                let (x, y) = (number("x")?, number("y")?);
                (is_p256_coordinate(&x) && is_p256_coordinate(&y)).then_some((Form::P256 { x, y }, &["ES256"][..]))?
            }
            ("OKP", Some("Ed25519")) => {
                let point = number("x").filter(|point| is_ed25519_key(point))?;
                (Form::Ed25519 { point }, &["EdDSA", "Ed25519"])
            }
            // RSA keys have no curve.
            #[cfg(feature = "rs256")]
            ("RSA", _) => {
                let is_private = ["p", "q", "dp", "dq", "qi", "oth"].into_iter().any(|name| member(name).is_some());
                let modulus = bytes("n").filter(|_| !is_private && bytes("e").is_some_and(|e| e == [1, 0, 1]))?;
                let is_odd_of_2048_bits = modulus.first()? >> 7 == 1 && modulus.last()? & 1 == 1;
                let modulus = is_odd_of_2048_bits.then_some(modulus)?.try_into().ok()?;
                (Form::Rsa { modulus }, &["RS256"])
            }
            _ => return None,
        };
        if member("alg").is_some() && !names.contains(&string("alg")?) {
            return None;
        }
        let kid = match member("kid") {
            Some(_) => Some(string("kid")?.to_owned()),
            None => None,
        };
        Some(Self { form, kid })
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
