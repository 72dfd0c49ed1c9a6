use std::sync::LazyLock;

use base64ct::{Base64UrlUnpadded, Encoding};
use embedded_jwt::*;
use serde_json::json;
use testkit::{KEYS, *};

/// **Property:** of all texts, only the valid tokens that the test keys signed are accepted, for their own issuer, in
/// any order of the issuers. The verdict does not depend on the buffer, except that one that is too small is refused as
/// such, before anything else. Nor does it depend on whether this crate or its caller verifies the signature.
///
/// Input: the length of a buffer (2 bytes, little-endian), then a token.
pub fn token(input: &[u8]) {
    let Some((len, text)) = input.split_first_chunk() else { return };
    let len = usize::from(u16::from_le_bytes(*len));
    let Ok(token) = Token::parse(text) else { return };
    let ample = 2 * token.buffer_len();

    let cloud = issuer(&*KEYS);
    let factory = Issuer::new(FACTORY, &*KEYS, BOTH);
    let verdict = validate(&token, &[&cloud, &factory], ample);
    assert_ne!(verdict, Err(Error::BufferTooSmall));
    if let Some((_, is_good)) = SIGNED.iter().find(|(signed, _)| signed.as_bytes() == text) {
        assert_eq!(verdict.is_ok(), *is_good, "{verdict:?}");
    }
    if len < token.buffer_len() {
        assert_eq!(validate(&token, &[&cloud, &factory], len), Err(Error::BufferTooSmall));
    } else if len < ample {
        // More than `buffer_len` is needed only for a string that must be unescaped.
        let with_len = validate(&token, &[&cloud, &factory], len);
        let is_too_small = with_len == Err(Error::BufferTooSmall) && has_escape(text);
        assert!(with_len == verdict || is_too_small, "{with_len:?} {verdict:?}");
    }

    for issuer in [&cloud, &factory] {
        let directly = token.verify(issuer, &mut vec![0; ample]).map(drop);
        assert_eq!(prepare_and_assert(&token, issuer, ample), directly);
    }

    let reversed = validate(&token, &[&factory, &cloud], ample);
    assert_eq!(reversed.is_ok(), verdict.is_ok());
    if let Ok(accepted) = verdict {
        assert_eq!(reversed.as_ref(), Ok(&accepted));
        let alone = validate(&token, &[if accepted == FACTORY { &factory } else { &cloud }], ample);
        assert_eq!(alone.as_ref(), Ok(&accepted));
        // Each ES256 signature has a second valid form, so the signed text is compared.
        let signed = |text: &[u8]| text.rsplitn(2, |byte| *byte == b'.').nth(1).map(<[u8]>::to_vec);
        assert!(SIGNED.iter().any(|(good, is_good)| *is_good && signed(good.as_bytes()) == signed(text)));
    }
}

fn has_escape(token: &[u8]) -> bool {
    let payload = token.split(|byte| *byte == b'.').nth(1).unwrap();
    Base64UrlUnpadded::decode_vec(str::from_utf8(payload).unwrap()).is_ok_and(|json| json.contains(&b'\\'))
}

const FACTORY: &str = "urn:factory";

/// The name of the issuer, if the token is accepted.
fn validate(token: &Token<'_>, issuers: &[&Issuer<'_>], buffer_len: usize) -> Result<String, Error> {
    let mut buf = vec![0; buffer_len];
    let verified = token.verify_any(issuers, &mut buf)?;
    let token = verified.into_access_token(&AccessTokenPolicy::untyped(AUDIENCE), now())?;
    Ok(token.issuer().into())
}

/// The verdict by `prepare`, with a caller that verifies the signature correctly.
fn prepare_and_assert(token: &Token<'_>, issuer: &Issuer<'_>, buffer_len: usize) -> Result<(), Error> {
    let mut buf = vec![0; buffer_len];
    complete(token.prepare(&[issuer], &mut buf)?, outcome).map(drop)
}

/// The tokens that the test keys sign, each with whether it may be accepted.
pub static SIGNED: LazyLock<Vec<(String, bool)>> = LazyLock::new(|| {
    let changes = [
        ("jti", json!("token-2"), true),
        ("iss", json!(FACTORY), true),
        ("iss", json!("https://idp.example.com/"), false),
        ("sub", json!("CORP\\alice \"the first\""), true),
        ("aud", json!([AUDIENCE, "urn:device:pump-8"]), true),
        ("aud", json!("urn:device:pump-8"), false),
        ("exp", json!(NOW - 60), false),
        ("nbf", json!(NOW as f64 + 59.5), true),
        ("scope", json!(""), true),
        ("scope", json!(["pump:read"]), true),
    ];
    let eddsa = changes.map(|(name, value, is_good)| (Alg::EdDsa.access_token(&claims_with(name, value)), is_good));
    let es256 = [(claims(), true), (claims_with("exp", json!(null)), false)];
    eddsa.into_iter().chain(es256.map(|(claims, is_good)| (Alg::Es256.access_token(&claims), is_good))).collect()
});
