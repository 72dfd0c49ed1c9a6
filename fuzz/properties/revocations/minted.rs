//! The tokens and proofs of a sequence: few ids and times, so that they often coincide. Their signatures are not valid.

use std::sync::{LazyLock, OnceLock};

use arbitrary::{Result, Unstructured};
use embedded_jwt::{Key, Token};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testkit::{ALGS, AUDIENCE, Alg, base64url, unsigned};

/// The time from which all other times are counted.
pub const BASE: i64 = testkit::NOW;
/// The largest leeway of any policy, as documented.
pub const MAX_LEEWAY: i64 = 300;

/// Different pairs of an issuer and one of the [`IDS`] concatenate to the same text.
pub const ISSUERS: [&str; 2] = ["i", "ia"];
pub const IDS: [&str; 4] = ["", "b", "ab", "\"\\b"];
pub const CHALLENGES: [&str; 2] = ["c", "d"];
pub const NONCES: [&str; 3] = ["n", "nn", "\"\\n"];
/// The keys of the issuers, and of the clients that make proofs.
pub static KEYS: LazyLock<[Key; 2]> = LazyLock::new(|| ALGS.map(Alg::key));
pub static THUMBPRINTS: LazyLock<[[u8; 32]; 2]> =
    LazyLock::new(|| KEYS.each_ref().map(|key| *key.thumbprint().as_bytes()));

/// Pairs of `sub` and `client_id`.
const PEOPLE: [(Option<&str>, Option<&str>); 6] = [
    (None, None),
    (Some(IDS[1]), Some(IDS[2])),
    (Some(IDS[2]), Some(IDS[1])),
    (Some(IDS[1]), None),
    (Some(IDS[0]), Some(IDS[3])),
    (Some(IDS[3]), Some(IDS[0])),
];
const BASES: [usize; 8] = [2, 3, 4, 5, 2, 4, 6, 2];
const COUNT: usize = 2 * 3 * 4 * 5 * 2 * 4 * 6 * 2;
/// The number of tokens that are chosen more often: the first of [`token`], which differ only in their first four
/// digits.
const FEW: usize = 2 * 3 * 4 * 3;

/// A token, with the claims in it.
#[derive(Debug)]
pub struct Minted {
    /// The number that [`token`] makes it from.
    pub number: usize,
    pub text: String,
    pub digest: [u8; 32],
    ath: String,
    /// Whether it is of the type `cmd+jwt`, and not `at+jwt`.
    pub is_command: bool,
    pub issuer: &'static str,
    /// An index into [`KEYS`].
    pub key: usize,
    pub jwt_id: Option<&'static str>,
    pub subject: Option<&'static str>,
    pub client_id: Option<&'static str>,
    pub issued_at: Option<i64>,
    pub expires_at: i64,
    /// The key that the token is bound to, an index into [`KEYS`].
    pub bound_to: Option<usize>,
}

/// The token with the claims that the digits of `number` choose.
pub fn token(number: usize) -> &'static Minted {
    static TOKENS: [OnceLock<Minted>; COUNT] = [const { OnceLock::new() }; COUNT];
    TOKENS[number].get_or_init(|| Minted::new(number))
}

pub fn choose_token(u: &mut Unstructured<'_>) -> Result<&'static Minted> {
    let last = if u.ratio(2, 3)? { FEW } else { COUNT } - 1;
    Ok(token(u.int_in_range(0..=last)?))
}

/// The number of one of the tokens that are chosen more often.
pub fn choose_common(u: &mut Unstructured<'_>) -> Result<usize> {
    u.int_in_range(0..=FEW - 1)
}

impl Minted {
    fn new(number: usize) -> Self {
        let mut rest = number;
        let digits = BASES.map(|base| {
            let digit = rest % base;
            rest /= base;
            digit
        });
        let [kind, bound_to, exp, jti, issuer, iat, person, key] = digits;
        let is_command = kind == 1;
        let bound_to = [None, Some(0), Some(1)][bound_to];
        let expires_at = BASE + [8, 14, 20, 26][exp];
        let jwt_id = [Some(IDS[1]), Some(IDS[2]), Some(IDS[3]), None, Some(IDS[0])][jti];
        let issuer = ISSUERS[issuer];
        let (issued_at, fraction) = [(Some(4), ""), (Some(9), ".5"), (Some(14), ""), (None, "")][iat];
        let issued_at = issued_at.map(|offset| BASE + offset);
        let (subject, client_id) = PEOPLE[person];

        let iat = issued_at.map(|iat| serde_json::from_str::<Value>(&format!("{iat}{fraction}")).unwrap());
        let cnf = bound_to.map(|key| json!({"jkt": base64url(&THUMBPRINTS[key])}));
        let header = json!({"alg": ALGS[key].name(), "typ": if is_command { "cmd+jwt" } else { "at+jwt" }});
        let mut claims = json!({
            "iss": issuer, "aud": AUDIENCE, "exp": expires_at, "iat": iat, "jti": jwt_id, "sub": subject,
            "client_id": client_id, "cnf": cnf, "cnonce": CHALLENGES[0],
        });
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let text = unsigned(header.to_string().as_bytes(), claims.to_string().as_bytes());
        let digest = Token::parse(&text).unwrap().signing_input_digest();
        let ath = base64url(&Sha256::digest(&text));
        Self {
            number,
            text,
            digest,
            ath,
            is_command,
            issuer,
            key,
            jwt_id,
            subject,
            client_id,
            issued_at,
            expires_at,
            bound_to,
        }
    }
}

/// The text of a token that has an issue time, and lasts long.
pub fn dated(issuer: &str, issued_at: i64) -> String {
    let header = json!({"alg": ALGS[0].name(), "typ": "cmd+jwt"});
    let claims = json!({"iss": issuer, "aud": AUDIENCE, "exp": BASE + 1000, "iat": issued_at});
    unsigned(header.to_string().as_bytes(), claims.to_string().as_bytes())
}

/// The claims of a DPoP proof.
#[derive(Clone, Copy, Debug)]
pub struct Proof {
    pub token: &'static Minted,
    /// An index into [`KEYS`].
    pub key: usize,
    pub jwt_id: &'static str,
    pub issued_at: i64,
    pub expires_at: Option<i64>,
    /// An index into [`NONCES`].
    pub nonce: Option<usize>,
}

impl Proof {
    pub fn is_same(&self, other: &Self) -> bool {
        let rest = |proof: &Self| (proof.jwt_id, proof.issued_at, proof.expires_at, proof.nonce);
        (self.token.number, self.key, rest(self)) == (other.token.number, other.key, rest(other))
    }

    pub fn mint(&self) -> String {
        static HEADERS: LazyLock<[Vec<u8>; 2]> =
            LazyLock::new(|| ALGS.map(|alg| alg.dpop_header().to_string().into_bytes()));
        let (jti, nonce) = (json!(self.jwt_id), self.nonce.map(|nonce| json!(NONCES[nonce])));
        let exp = self.expires_at.map_or(String::new(), |exp| format!(r#","exp":{exp}"#));
        let nonce = nonce.map_or(String::new(), |nonce| format!(r#","nonce":{nonce}"#));
        let (iat, ath) = (self.issued_at, &self.token.ath);
        let claims = format!(r#"{{"jti":{jti},"htm":"PUT","htu":"{URI}","iat":{iat},"ath":"{ath}"{exp}{nonce}}}"#);
        unsigned(&HEADERS[self.key], claims.as_bytes())
    }
}

/// The URI of every request.
pub const URI: &str = "https://d/s";
