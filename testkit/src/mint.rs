//! Test keys, claims, and tokens signed with them.

use std::sync::LazyLock;

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek::Signer as _;
use embedded_jwt::{Key, UnixTime};
use serde_json::{Value, json};
use sha2::Digest as _;

/// TEST KEY: the private key of [`Alg::Es256`]. It is published here, so it protects nothing. Never trust it.
pub const ES256_TEST_KEY: [u8; 32] = *b"embedded-jwt ES256 test key only";
/// TEST KEY: the private key of [`Alg::EdDsa`]. It is published here, so it protects nothing. Never trust it.
pub const EDDSA_TEST_KEY: [u8; 32] = *b"embedded-jwt EdDSA test key only";

pub const ISSUER: &str = "https://idp.example.com";
pub const AUDIENCE: &str = "urn:device:pump-7";
/// The time at which all tokens of the test kit are valid, in seconds: 2026-01-15T12:00:00Z.
pub const NOW: i64 = 1_768_478_400;

/// A signature algorithm, and the test key for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Alg {
    Es256,
    EdDsa,
}

pub const ALGS: [Alg; 2] = [Alg::Es256, Alg::EdDsa];

impl Alg {
    /// The value of `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The `kid` of the test key.
    pub fn kid(self) -> &'static str {
        match self {
            Self::Es256 => "es-test",
            Self::EdDsa => "ed-test",
        }
    }

    /// The public key, with its `kid`.
    pub fn key(self) -> Key {
        let [es256, eddsa] = keys();
        match self {
            Self::Es256 => es256,
            Self::EdDsa => eddsa,
        }
    }

    fn derive_key(self) -> Key {
        let public = match self {
            Self::Es256 => {
                let secret = p256::ecdsa::SigningKey::from_slice(&ES256_TEST_KEY).unwrap();
                let point = secret.verifying_key().to_sec1_point(false);
                let coordinate = |c: Option<&_>| <[u8; 32]>::from(*c.unwrap());
                Key::es256(&coordinate(point.x()), &coordinate(point.y()))
            }
            Self::EdDsa => {
                Key::ed25519(ed25519_dalek::SigningKey::from_bytes(&EDDSA_TEST_KEY).verifying_key().as_bytes())
            }
        };
        public.with_kid(self.kid().as_bytes())
    }

    /// The signature of a message.
    pub fn sign(self, message: &[u8]) -> [u8; 64] {
        match self {
            Self::Es256 => {
                let secret = p256::ecdsa::SigningKey::from_slice(&ES256_TEST_KEY).unwrap();
                let signature: p256::ecdsa::Signature = secret.sign(message);
                signature.to_bytes().into()
            }
            Self::EdDsa => ed25519_dalek::SigningKey::from_bytes(&EDDSA_TEST_KEY).sign(message).to_bytes(),
        }
    }

    /// The header of an RFC 9068 access token.
    #[doc(hidden)]
    pub fn header(self) -> Value {
        json!({"alg": self.name(), "typ": "at+jwt", "kid": self.kid()})
    }

    /// The public key as a JWK, without a `kid`.
    pub fn jwk(self) -> Value {
        let key = self.key();
        let (x, y) = key.public_key().split_at(32);
        match self {
            Self::Es256 => json!({"kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y)}),
            Self::EdDsa => json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(x)}),
        }
    }

    /// The header of an OpenID Connect ID token.
    #[doc(hidden)]
    pub fn id_header(self) -> Value {
        json!({"alg": self.name(), "typ": "JWT", "kid": self.kid()})
    }

    /// The header of a DPoP proof.
    #[doc(hidden)]
    pub fn dpop_header(self) -> Value {
        json!({"alg": self.name(), "typ": "dpop+jwt", "jwk": self.jwk()})
    }

    /// A token of this header and payload, byte for byte, with a valid signature: for faults of the text, such as a
    /// payload that is no JSON (`Malformed(Payload)`).
    pub fn mint(self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        let signing_input = format!("{}.{}", base64url(header.as_ref()), base64url(payload.as_ref()));
        let signature = self.sign(signing_input.as_bytes());
        format!("{signing_input}.{}", base64url(&signature))
    }

    /// An access token with these claims.
    #[doc(hidden)]
    pub fn access_token(self, claims: &Value) -> String {
        self.mint(self.header().to_string(), claims.to_string())
    }
}

pub fn base64url(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// The public keys of [`ALGS`], derived once.
pub static KEYS: LazyLock<[Key; 2]> = LazyLock::new(|| ALGS.map(Alg::derive_key));

pub fn keys() -> [Key; 2] {
    KEYS.clone()
}

/// [`NOW`] as a time.
pub fn now() -> UnixTime {
    UnixTime::from_secs(NOW)
}

/// Every claim of an RFC 9068 access token, valid from a minute ago for five minutes.
pub fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "user-42", "aud": AUDIENCE, "client_id": "pump-app",
        "exp": NOW + 240, "nbf": NOW - 60, "iat": NOW - 60, "jti": "token-1",
        "scope": "pump:read pump:write", "roles": ["operator", "maintainer"],
        "site": "north", "max_rpm": 3000,
    })
}

/// [`claims`] with one claim changed, or removed by `Value::Null`.
pub fn claims_with(name: &str, value: Value) -> Value {
    with(claims(), name, value)
}

/// The claims of an ID token for the client `pump-app`, of a user who logged in a minute ago.
pub fn id_claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "user-42", "aud": CLIENT_ID, "exp": NOW + 240, "iat": NOW - 60,
        "auth_time": NOW - 60, "nonce": "n-0S6_WzA2Mj", "acr": "urn:mace:incommon:iap:silver", "amr": ["pwd", "otp"],
        "name": "Alice", "email": "alice@example.com",
    })
}

pub const CLIENT_ID: &str = "pump-app";

/// The claims of a DPoP proof for a request with this access token.
pub fn dpop_claims(access_token: &str) -> Value {
    json!({
        "jti": "proof-1", "htm": "POST", "htu": "https://pump-7.local/speed", "iat": NOW,
        "ath": base64url(&sha2::Sha256::digest(access_token)),
    })
}

/// An object with one member changed, or removed by `Value::Null`.
pub fn with(mut object: Value, name: &str, value: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    match value {
        Value::Null => members.remove(name),
        value => members.insert(name.into(), value),
    };
    object
}

/// The bytes that these hexadecimal digits encode.
pub fn hex<const N: usize>(digits: &str) -> [u8; N] {
    assert_eq!(digits.len(), 2 * N);
    std::array::from_fn(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
}

/// A policy with the leeway and the limits that every kind of policy has, in seconds.
#[macro_export]
macro_rules! limited {
    ($policy:expr, $limits:expr) => {{
        let mut policy = $policy.with_leeway(std::time::Duration::from_secs($limits.leeway));
        if let Some(max) = $limits.max_lifetime {
            policy = policy.with_max_lifetime(std::time::Duration::from_secs(max));
        }
        if let Some(max) = $limits.max_token_age {
            policy = policy.with_max_token_age(std::time::Duration::from_secs(max));
        }
        if let Some(max) = $limits.max_unproven_lifetime {
            policy = policy.with_max_unproven_lifetime(std::time::Duration::from_secs(max));
        }
        policy
    }};
}
