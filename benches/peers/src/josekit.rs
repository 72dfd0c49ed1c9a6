use std::time::{Duration, UNIX_EPOCH};

use ::josekit::jwk::Jwk;
use ::josekit::jws::{ES256, EdDSA, JwsVerifier};
use ::josekit::jwt::{JwtPayloadValidator, decode_with_verifier};
use testkit::{AUDIENCE, Alg, ISSUER};

use crate::contender::Verify;
use crate::tokens::{KID, TYPE, has_scope, now};

pub fn verify(alg: Alg) -> Verify {
    let jwk = Jwk::from_bytes(alg.jwk().to_string()).unwrap();
    let verifier: Box<dyn JwsVerifier> = match alg {
        Alg::Es256 => Box::new(ES256.verifier_from_jwk(&jwk).unwrap()),
        Alg::EdDsa => Box::new(EdDSA.verifier_from_jwk(&jwk).unwrap()),
    };
    let mut validator = JwtPayloadValidator::new();
    validator.set_issuer(ISSUER);
    validator.set_audience(AUDIENCE);
    validator.set_base_time(UNIX_EPOCH + Duration::from_secs(now().try_into().unwrap()));
    Box::new(move |token| {
        let Ok((payload, header)) = decode_with_verifier(token, verifier.as_ref()) else { return false };
        let string = |name| payload.claim(name).and_then(|value| value.as_str());
        header.token_type() == Some(TYPE)
            && header.key_id() == Some(KID)
            && validator.validate(&payload).is_ok()
            && payload.audience().is_some()
            && payload.expires_at().is_some()
            && payload.issued_at().is_some()
            && payload.subject().is_some()
            && payload.jwt_id().is_some()
            && string("client_id").is_some()
            && string("scope").is_some_and(has_scope)
    })
}
