use ::jwt_compact::alg::{Ed25519, Es256, VerifyingKey};
use ::jwt_compact::{Algorithm, AlgorithmExt, TimeOptions, UntrustedToken};
use chrono::{DateTime, Duration};
use serde::Deserialize;
use testkit::{AUDIENCE, Alg, ISSUER};

use crate::contender::Verify;
use crate::curves::key;
use crate::tokens::{KID, TYPE, has_scope, now};

/// The claims that RFC 9068 requires, without the times.
#[derive(Clone, Deserialize)]
#[allow(dead_code, reason = "only their presence matters")]
struct Custom {
    iss: String,
    sub: String,
    aud: String,
    client_id: String,
    jti: String,
    scope: String,
}

pub fn verify(alg: Alg) -> Verify {
    match alg {
        Alg::Es256 => verify_with(Es256, alg),
        Alg::EdDsa => verify_with(Ed25519, alg),
    }
}

fn verify_with<A: Algorithm<VerifyingKey: VerifyingKey<A>> + 'static>(algorithm: A, alg: Alg) -> Verify {
    let key = A::VerifyingKey::from_slice(&key(alg)).unwrap();
    let now = DateTime::from_timestamp(now(), 0).unwrap();
    let time = TimeOptions::new(Duration::seconds(60), move || now);
    Box::new(move |token| {
        let Ok(token) = UntrustedToken::new(token) else { return false };
        let Ok(token) = algorithm.validator::<Custom>(&key).validate(&token) else { return false };
        let (header, claims) = (token.header(), token.claims());
        header.token_type.as_deref() == Some(TYPE)
            && header.key_id.as_deref() == Some(KID)
            && claims.validate_expiration(&time).is_ok()
            && claims.validate_maturity(&time).is_ok()
            && claims.issued_at.is_some()
            && claims.custom.iss == ISSUER
            && claims.custom.aud == AUDIENCE
            && has_scope(&claims.custom.scope)
    })
}
