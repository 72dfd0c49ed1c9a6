//! The whole pipeline, with everything linked but the curves: the image in which no code to panic may be found.
#![no_std]
#![no_main]

use embedded_jwt::{Algorithm, BackendError, Issuer, Key, KeySet, SignatureAlgorithm, Token, TypedPolicy};
use embedded_jwt_firmware::board::{self, entry};
use embedded_jwt_firmware::trust;

/// Stands in for a curve: says yes to what the crate's own checks let through.
#[derive(Debug)]
struct StandIn;

impl SignatureAlgorithm for StandIn {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn verify(&self, key: &Key, message: &[u8], signature: &[u8; 64]) -> Result<(), BackendError> {
        core::hint::black_box((key.public_key(), message, signature));
        Ok(())
    }
}

#[entry]
fn main() -> ! {
    board::start();
    let done = core::hint::black_box(run as fn(&str, &mut [u8]) -> Option<usize>)(trust::ES256_TOKEN, &mut [0; 1024]);
    board::exit(done == Some(1))
}

/// Every public function on the way of a token, and the accessors.
fn run(text: &str, buf: &mut [u8]) -> Option<usize> {
    let mut jwks = [0; 600];
    jwks.get_mut(..trust::JWKS.len())?.copy_from_slice(trust::JWKS);
    let keys = KeySet::<4>::from_jwks(jwks.get_mut(..trust::JWKS.len())?).ok()?;
    let algorithms: [&dyn SignatureAlgorithm; 1] = [&StandIn];
    let ours = trust::issuer(&keys, &algorithms);
    let other = Issuer::new("urn:other", &keys, &algorithms);

    let token = Token::parse(text).ok()?;
    let header = token.unverified_header(buf).ok()?;
    core::hint::black_box((header.alg(), header.kid(), header.typ()));
    if let Ok(verified) = token.verify_any(&[&other, &ours], buf) {
        core::hint::black_box(verified.into_typed(&TypedPolicy::new("cmd+jwt", "urn:x"), trust::NOW).is_ok());
    }
    let verified = token.verify(&ours, buf).ok()?;
    let policy = trust::POLICY
        .with_max_lifetime(core::time::Duration::from_secs(300))
        .with_max_token_age(core::time::Duration::from_secs(300))
        .with_required_scope("pump:read");
    let token = verified.into_access_token(&policy, trust::NOW).ok()?;
    core::hint::black_box((token.issuer(), token.subject(), token.client_id(), token.jwt_id()));
    core::hint::black_box((token.expires_at(), token.not_before(), token.issued_at()));
    core::hint::black_box((token.has_scope("pump:write"), token.scopes().count()));
    core::hint::black_box(token.strings("roles").is_ok_and(|roles| roles.contains("operator")));
    core::hint::black_box(token.audience().iter().next()?.as_str());
    Some(token.audience().iter().count())
}
