//! An issuer with published keys, and the tokens and sets that it signs.

use embedded_jwt::Key;
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::token::Signer;
use crate::{ALGS, Alg, NOW, TestToken, base64url, keys};

/// An issuer whose private keys are published with this crate: **a device that trusts it in the field trusts
/// everyone**. All its tokens are valid at [`NOW`](crate::NOW), from a minute before to four minutes after.
///
/// ```
/// use embedded_jwt::{AccessTokenPolicy, Error, EdDsa, Es256, Issuer, Token};
/// use embedded_jwt_testkit::{TestIssuer, now};
///
/// let idp = TestIssuer::new("https://idp.example.com");
/// let verdict = |text: &str| -> Result<(), Error> {
///     let keys = idp.keys();
///     let issuer = Issuer::new("https://idp.example.com", &keys, &[&Es256, &EdDsa]);
///     let policy = AccessTokenPolicy::new("urn:device:door-7").with_required_scope("door:open");
///     Token::parse(text)?.verify(&issuer, &mut [0; 1024])?.into_access_token(&policy, now()).map(drop)
/// };
/// let token = idp.access_token("urn:device:door-7").scope("door:open");
/// assert_eq!(verdict(&token.mint()), Ok(()));
/// assert_eq!(verdict(&token.clone().forged().mint()), Err(Error::InvalidSignature));
/// assert_eq!(verdict(&token.missing_scope().mint()), Err(Error::InsufficientScope));
/// ```
#[derive(Clone, Debug)]
pub struct TestIssuer {
    name: String,
    alg: Alg,
}

impl TestIssuer {
    /// An issuer of this name, which signs with ES256.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), alg: Alg::Es256 }
    }

    /// Signs with this algorithm. The keys of both stay published.
    pub fn with_alg(self, alg: Alg) -> Self {
        Self { alg, ..self }
    }

    /// The public keys, for ES256 and for EdDSA.
    pub fn keys(&self) -> [Key; 2] {
        keys()
    }

    /// The public keys as a JWK Set.
    pub fn jwks(&self) -> String {
        self.key_set().to_string()
    }

    fn key_set(&self) -> Value {
        let jwk = |alg: Alg| {
            let mut jwk = alg.jwk();
            jwk["kid"] = json!(alg.kid());
            jwk["use"] = json!("sig");
            jwk
        };
        json!({"keys": ALGS.map(jwk)})
    }

    /// An access token of [RFC 9068](https://www.rfc-editor.org/rfc/rfc9068) with all claims that it requires, and
    /// without a scope.
    pub fn access_token(&self, audience: &str) -> TestToken {
        self.token("at+jwt", json!({"sub": "user-42", "aud": audience, "client_id": "test-client", "jti": "token-1"}))
            .claim("nbf", NOW - 60)
    }

    /// An ID token for this client, of a user who logged in a minute ago. Sent as an access token, it is refused with
    /// `WrongType`.
    pub fn id_token(&self, client_id: &str) -> TestToken {
        self.token("JWT", json!({"sub": "user-42", "aud": client_id, "auth_time": NOW - 60}))
    }

    /// A token of a type of your own, for a [`TypedPolicy`](embedded_jwt::TypedPolicy).
    pub fn typed_token(&self, typ: &str, audience: &str) -> TestToken {
        self.token(typ, json!({"sub": "user-42", "aud": audience, "jti": "token-1"}))
    }

    /// The [keys](Self::keys) as a signed key set, for a
    /// [`SignedKeySetPolicy`](embedded_jwt::SignedKeySetPolicy). A set from before the newest one is refused with
    /// `RolledBack`.
    pub fn signed_key_set(&self) -> TestToken {
        self.token("jwk-set+jwt", self.key_set())
    }

    /// A status list for this URI with these statuses, of one bit each: 0 is valid, and anything else is revoked. Tokens
    /// refer to it by [`TestToken::status`].
    pub fn status_list(&self, uri: &str, statuses: &[u8]) -> TestToken {
        let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, status| byte << 1 | u8::from(*status != 0));
        let list: Vec<u8> = statuses.chunks(8).map(byte).collect();
        let list = json!({"bits": 1, "lst": base64url(&zlib(&list))});
        self.token("statuslist+jwt", json!({"sub": uri, "ttl": 600, "status_list": list}))
    }

    fn token(&self, typ: &str, claims: Value) -> TestToken {
        let header = json!({"alg": self.alg.name(), "typ": typ, "kid": self.alg.kid()});
        TestToken::new(Signer::Alg(self.alg), header, claims)
            .claim("iss", self.name.as_str())
            .claim("iat", NOW - 60)
            .claim("exp", NOW + 240)
    }
}

/// A DPoP proof, made now by the client's test key of this algorithm, for a request with this access token. The token
/// is [bound](TestToken::bound_to) to the same key.
pub fn dpop_proof(client: Alg, method: &str, uri: &str, access_token: &str) -> TestToken {
    let claims = json!({
        "jti": "proof-1", "htm": method, "htu": uri, "iat": NOW, "ath": base64url(&sha2::Sha256::digest(access_token)),
    });
    TestToken::new(Signer::Alg(client), client.dpop_header(), claims)
}

/// A stream of one stored block ([RFC 1950](https://www.rfc-editor.org/rfc/rfc1950),
/// [RFC 1951 section 3.2.4](https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4)): the list is compressed only in form.
fn zlib(data: &[u8]) -> Vec<u8> {
    let len = u16::try_from(data.len()).expect("a longer list makes a token that is too large");
    let (a, b) = data.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    let header = [[0x78, 0x01, 0x01].as_slice(), &len.to_le_bytes(), &(!len).to_le_bytes()].concat();
    [&header, data, &(b << 16 | a).to_be_bytes()].concat()
}
