//! The whole pipeline, with everything linked but the curves: the image in which no code to panic may be found.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::time::Duration;

use embedded_jwt::{
    AccessTokenPolicy, Algorithm, BackendError, Error, Issuer, Key, KeySet, SignatureAlgorithm, Token, TypedPolicy,
};
use embedded_jwt_firmware::board::{self, entry};
use embedded_jwt_firmware::{measure, trust};

/// Stands in for a curve: says yes to what the crate's own checks let through.
#[derive(Debug)]
struct StandIn;

impl SignatureAlgorithm for StandIn {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn verify(&self, key: &Key, message: &[u8], signature: &[u8; 64]) -> Result<(), BackendError> {
        black_box((key.public_key(), message, signature));
        Ok(())
    }
}

#[entry]
fn main() -> ! {
    board::start();
    let done = black_box(run as fn(&str, &mut [u8]) -> Option<usize>)(trust::ES256_TOKEN, measure::buffer());
    board::exit(done == Some(1))
}

/// The public functions on the way of keys and tokens, and the accessors.
fn run(text: &str, buf: &mut [u8]) -> Option<usize> {
    let mut jwks = [0; trust::JWKS.len()];
    jwks.copy_from_slice(trust::JWKS);
    let mut keys = KeySet::<4>::from_jwks(&mut jwks).ok()?;
    jwks.copy_from_slice(trust::JWKS);
    keys.replace_from_jwks(&mut jwks).ok()?;
    let key = Key::ed25519(&[7; 32]).try_with_kid(text.get(..4)?).ok()?;
    black_box((keys.skipped(), keys.contains(&key), key.kid(), key.algorithm()));

    let algorithms: [&dyn SignatureAlgorithm; 1] = [&StandIn];
    let ours = trust::issuer(&keys, &algorithms);
    let other = Issuer::new("urn:other", &keys, &algorithms);
    black_box((ours.name(), ours.keys()));

    let token = Token::parse(text).ok()?;
    black_box(token.buffer_len());
    let header = token.unverified_header(buf).ok()?;
    black_box((header.alg(), header.kid(), header.typ()));

    let typed = TypedPolicy::new("at+jwt", "urn:device:pump-7").with_leeway(MINUTE);
    let typed = token.verify_any(&[&other, &ours], buf).and_then(|verified| verified.into_typed(&typed, trust::NOW));
    black_box(typed.map_or_else(|error| error.code().into(), |typed| typed.expires_at().as_secs()));

    let untyped = AccessTokenPolicy::untyped("urn:device:pump-7");
    let untyped = token.verify(&ours, buf).and_then(|verified| verified.into_access_token(&untyped, trust::NOW));
    black_box(untyped.map_or_else(Error::code, |_| 0));

    let policy =
        trust::POLICY.with_max_lifetime(5 * MINUTE).with_max_token_age(5 * MINUTE).with_required_scope("pump:read");
    let token = token.verify(&ours, buf).ok()?.into_access_token(&policy, trust::NOW).ok()?;
    black_box((token.issuer(), token.subject(), token.client_id(), token.jwt_id()));
    black_box((token.expires_at(), token.not_before(), token.issued_at()));
    black_box((token.has_scope("pump:write"), token.scopes().count()));
    black_box(token.strings("roles").is_ok_and(|roles| roles.contains("operator")));
    black_box(token.audience().iter().next()?.as_str());
    Some(token.audience().iter().count())
}

const MINUTE: Duration = Duration::from_secs(60);
