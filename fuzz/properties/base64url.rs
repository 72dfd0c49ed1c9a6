use std::cell::Cell;

use embedded_jwt::*;
use testkit::{ACCEPT_ALL, ISSUER, KEYS, base64url as encode, strict_json, unsigned};

use super::jwks;

/// **Property:** decoding and then encoding is the identity, and text that is not base64url is refused, in all three
/// decoders: a key's `x` (32 bytes, seen as the key), the signature (64 bytes, seen by the backend) and the payload
/// (any length, seen as JSON). The oracle is a decoder that works bit by bit.
pub fn base64url(input: &[u8]) {
    if let Some(decoded) = decode(input) {
        assert_eq!(encode(&decoded).as_bytes(), input);
    }
    as_key(&with_len(input, 43));
    as_signature(&with_len(input, 86));
    // Padding: random input rarely appends it to text that is valid without it.
    for padding in ["", "=", "=="] {
        let padded = [input, padding.as_bytes()].concat();
        as_key(&padded);
        as_signature(&padded);
        as_payload(&padded);
    }
}

/// Decodes base64url ([RFC 4648 section 5](https://www.rfc-editor.org/rfc/rfc4648#section-5)) without padding. Unused
/// bits of the last character must be zero, as section 3.5 allows.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for character in text {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    (count < 6 && bits == 0).then_some(decoded)
}

/// Cuts or fills the input to `len`, the only accepted length, which random input rarely has.
fn with_len(input: &[u8], len: usize) -> Vec<u8> {
    input.iter().copied().chain(std::iter::repeat(b'A')).take(len).collect()
}

fn as_key(x: &[u8]) {
    let Ok(text) = str::from_utf8(x) else { return };
    let mut set = serde_json::json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": text}]}).to_string().into_bytes();
    let Ok(keys) = KeySet::<1>::from_jwks(&mut set) else { return assert!(set.len() > MAX_KEY_SET_LEN) };

    let expected = decode(x).filter(|bytes| jwks::is_ed25519_key(bytes));
    assert_eq!(keys.first().map(Key::public_key), expected.as_deref());
}

fn as_signature(signature: &[u8]) {
    let Some(token) = with_segment(2, signature) else { return };
    let recorder = Recorder(Cell::new(None));
    let algorithms: [&dyn SignatureAlgorithm; 1] = [&recorder];
    let issuer = Issuer::new(ISSUER, &*KEYS, &algorithms);
    let verdict = Token::parse(&token).and_then(|token| token.verify(&issuer, &mut [0; 256]).map(|_| ()));

    match (decode(signature), recorder.0.take(), verdict) {
        (Some(bytes), Some(seen), Ok(())) => assert_eq!(bytes, seen),
        // The length is wrong, or the numbers are out of range.
        (Some(bytes), None, Err(Error::InvalidSignature)) => {
            assert!(p256::ecdsa::Signature::from_slice(&bytes).is_err());
        }
        (None, None, Err(Error::Malformed(Part::Signature))) => {}
        // A length that cannot be 64 bytes is refused without decoding.
        (None, None, Err(Error::InvalidSignature)) => assert_ne!(signature.len(), 86),
        unexpected => panic!("{unexpected:?}"),
    }
}

fn as_payload(payload: &[u8]) {
    let Some(token) = with_segment(1, payload) else { return };
    let issuer = Issuer::new(ISSUER, &*KEYS, ACCEPT_ALL);
    let mut buf = vec![0; token.len()];
    let verdict = Token::parse(&token).and_then(|token| token.verify(&issuer, &mut buf).map(|_| ()));

    let malformed = Error::Malformed(Part::Payload);
    let expected = decode(payload).ok_or(malformed).and_then(|json| strict_json::parse(&json, Part::Payload));
    let expected = expected.and_then(|json| if json.is_object() { Ok(json) } else { Err(malformed) });
    match (verdict, expected) {
        (Ok(()), Ok(json)) => assert_eq!(json["iss"], ISSUER),
        (Err(Error::Missing(_) | Error::Invalid(_) | Error::Mismatch(_)), Ok(json)) => assert_ne!(json["iss"], ISSUER),
        (Err(ours), Err(oracle)) => strict_json::assert_same_refusal(ours, oracle),
        (ours, oracle) => panic!("ours {ours:?}, oracle {oracle:?}"),
    }
}

/// A token of the test issuer with segment `index` (payload or signature) replaced, if it still is a token of three
/// segments.
fn with_segment(index: usize, segment: &[u8]) -> Option<Vec<u8>> {
    let token = unsigned(br#"{"alg":"ES256"}"#, format!(r#"{{"iss":"{ISSUER}"}}"#).as_bytes());
    let mut segments: Vec<_> = token.split('.').map(str::as_bytes).collect();
    segments[index] = segment;
    let token = segments.join(&b'.');
    let is_token = !segments[1].is_empty() && !segment.contains(&b'.') && token.len() <= MAX_TOKEN_LEN;
    (is_token && !decode(segment).is_some_and(|json| strict_json::is_ambiguous(&json))).then_some(token)
}

#[derive(Debug)]
struct Recorder(Cell<Option<[u8; 64]>>);

impl SignatureAlgorithm for Recorder {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn verify(&self, _: &PublicKey<'_>, _: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        self.0.set(Some(*signature.fixed()?));
        Ok(())
    }
}
