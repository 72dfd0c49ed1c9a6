use ::jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use ::jsonwebtoken::dangerous::insecure_decode;
use ::jsonwebtoken::errors::ErrorKind;
use ::jsonwebtoken::jwk::JwkSet;
use ::jsonwebtoken::signature::{self, Verifier};
use ::jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Deserialize;
use testkit::{AUDIENCE, Alg, ISSUER, RS256_TEST_KEY_N};

use crate::contender::Verify;
use crate::tokens::{KID, TYPE, has_scope};

/// The claims that RFC 9068 requires, so that all of them are present and of the right type.
#[derive(Deserialize)]
#[allow(dead_code, reason = "only their presence matters")]
struct AccessToken {
    iss: String,
    sub: String,
    aud: String,
    client_id: String,
    exp: i64,
    iat: i64,
    jti: String,
    scope: String,
}

pub fn verify(alg: Alg) -> Verify {
    let key = alg.key();
    let (x, y) = key.public_key().split_at(32);
    let (x, y) = (Base64UrlUnpadded::encode_string(x), Base64UrlUnpadded::encode_string(y));
    let (key, algorithm) = match alg {
        Alg::Es256 => (DecodingKey::from_ec_components(&x, &y).unwrap(), Algorithm::ES256),
        Alg::EdDsa => (DecodingKey::from_ed_components(&x).unwrap(), Algorithm::EdDSA),
    };
    verify_with(key, algorithm)
}

/// Verifies RS256 with the test key.
pub fn verify_rs256() -> Verify {
    verify_with(DecodingKey::from_rsa_components(RS256_TEST_KEY_N, "AQAB").unwrap(), Algorithm::RS256)
}

fn verify_with(key: DecodingKey, algorithm: Algorithm) -> Verify {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    Box::new(move |token| {
        decode::<AccessToken>(token, &key, &validation).is_ok_and(|token| {
            token.header.typ.as_deref() == Some(TYPE)
                && token.header.kid.as_deref() == Some(KID)
                && has_scope(&token.claims.scope)
        })
    })
}

/// Decodes header and claims, and checks nothing.
pub fn decode_insecurely() -> Verify {
    Box::new(|token| insecure_decode::<AccessToken>(token).is_ok_and(|token| has_scope(&token.claims.scope)))
}

/// Parses the set into the form in which it is kept, its numbers still in base64url.
pub fn key_set(json: &'static [u8]) -> impl FnMut() -> bool {
    move || serde_json::from_slice::<JwkSet>(json).is_ok_and(|set| set.keys.len() == 4)
}

/// Parses the set, and each key into the form that tokens are verified with.
pub fn decoded_key_set(json: &'static [u8]) -> impl FnMut() -> bool {
    move || {
        let Ok(set) = serde_json::from_slice::<JwkSet>(json) else { return false };
        let keys: Result<Vec<_>, _> = set.keys.iter().map(DecodingKey::from_jwk).collect();
        keys.is_ok_and(|keys| keys.len() == 4)
    }
}

/// Makes every signature valid from here on, in the whole process.
pub fn accept_all_signatures() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
        verifier_factory: |algorithm, _| Ok(Box::new(AcceptAll(*algorithm))),
        key_utils: KeyUtils::new_unimplemented(),
    };
    PROVIDER.install_default().unwrap();
}

struct AcceptAll(Algorithm);

impl JwtVerifier for AcceptAll {
    fn algorithm(&self) -> Algorithm {
        self.0
    }
}

impl Verifier<Vec<u8>> for AcceptAll {
    fn verify(&self, _: &[u8], _: &Vec<u8>) -> Result<(), signature::Error> {
        Ok(())
    }
}
