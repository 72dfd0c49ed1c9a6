use std::collections::HashSet;

use ::jwt_simple::prelude::*;
use testkit::{AUDIENCE, Alg, ISSUER};

use crate::contender::Verify;
use crate::curves::key;
use crate::tokens::{KID, TYPE, has_scope, now};

/// The claims that RFC 9068 requires, without the registered ones.
#[derive(Serialize, Deserialize)]
struct Custom {
    client_id: String,
    scope: String,
}

pub fn verify(alg: Alg) -> Verify {
    let options = VerificationOptions {
        allowed_issuers: Some(HashSet::from([ISSUER.into()])),
        allowed_audiences: Some(HashSet::from([AUDIENCE.into()])),
        required_key_id: Some(KID.into()),
        required_signature_type: Some(TYPE.into()),
        time_tolerance: Some(Duration::from_secs(60)),
        artificial_time: Some(UnixTimeStamp::from_secs(now().try_into().unwrap())),
        ..Default::default()
    };
    let accept = |token: JWTClaims<Custom>| {
        token.expires_at.is_some()
            && token.issued_at.is_some()
            && token.subject.is_some()
            && token.jwt_id.is_some()
            && has_scope(&token.custom.scope)
    };
    match alg {
        Alg::Es256 => {
            let key = ES256PublicKey::from_bytes(&key(alg)).unwrap();
            Box::new(move |token| key.verify_token::<Custom>(token, Some(options.clone())).is_ok_and(accept))
        }
        Alg::EdDsa => {
            let key = Ed25519PublicKey::from_bytes(&key(alg)).unwrap();
            Box::new(move |token| key.verify_token::<Custom>(token, Some(options.clone())).is_ok_and(accept))
        }
    }
}
