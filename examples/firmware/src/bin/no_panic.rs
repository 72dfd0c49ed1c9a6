//! The whole pipeline, with everything linked except the signature backends. This image must contain no code that
//! panics, except for base64ct at opt-levels below 3, for lengths that are always right. The feature `rs256` adds RSA
//! keys.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::time::Duration;

use embedded_jwt::{
    AccessTokenPolicy, Error, Issuer, Key, KeySet, Now, ReplayCheck, ReplayWindow, Revocation, RevocationList,
    Revocations, SignatureAlgorithm, SignatureCache, SingleUse, Thumbprint, TimeFloor, Token, TokenIdentity,
    TypedPolicy, UnixTime, self_test,
};
use embedded_jwt_firmware::board::{self, entry};
use embedded_jwt_firmware::measure::{self, StandIn};
use embedded_jwt_firmware::trust;

#[entry]
fn main() -> ! {
    board::start();
    let run = |run: fn(&str, &mut [u8]) -> Option<usize>| black_box(run)(trust::ES256_TOKEN, measure::buffer());
    #[cfg(feature = "rs256")]
    if rsa::validate(measure::buffer()) != Some(1) {
        board::exit(false)
    }
    board::exit(run(validate) == Some(1) && run(keep) == Some(1))
}

/// Calls the public functions for keys and tokens, and the accessors.
fn validate(text: &str, buf: &mut [u8]) -> Option<usize> {
    let mut jwks = [0; trust::JWKS.len()];
    jwks.copy_from_slice(trust::JWKS);
    let mut keys = KeySet::<4>::from_jwks(&mut jwks).ok()?;
    jwks.copy_from_slice(trust::JWKS);
    keys.replace_from_jwks(&mut jwks).ok()?;
    let key = Key::ed25519(&[7; 32]).with_kid(text.as_bytes());
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

    let audience = "urn:device:pump-7";
    for policy in black_box([
        AccessTokenPolicy::at_jwt(audience),
        AccessTokenPolicy::untyped(audience).with_scope_claim("scp"),
        AccessTokenPolicy::for_client("pump-app"),
    ]) {
        let other = token.verify(&ours, buf).and_then(|verified| verified.into_access_token(&policy, trust::NOW));
        black_box(other.map_or_else(Error::code, |token| token.scopes().count().try_into().unwrap_or_default()));
    }

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

/// Calls the public functions of the device's stores, in memory and in flash, and policies that use them.
fn keep(text: &str, buf: &mut [u8]) -> Option<usize> {
    let (now, issuer, key) = (trust::NOW, trust::ISSUER, &trust::EDDSA_KEYS[0]);
    let digest = Token::parse("e30.e30.").ok()?.signing_input_digest();
    let until = now.plus(5 * MINUTE);
    let mut list = black_box(RevocationList::<8>::new());
    list.start_with(Revocation::Key { key, issued_before: now }, black_box(1), until, now).ok()?;
    list.start_empty();
    for revocation in black_box([
        Revocation::Token { issuer, jwt_id: "token-2" },
        Revocation::SigningInput(&digest),
        Revocation::Subject { issuer, subject: "user-2", issued_before: now },
        Revocation::Client { issuer, client_id: "lamp-app", issued_before: now },
        Revocation::Key { key, issued_before: now },
        Revocation::ProofKey { thumbprint: Thumbprint::of_certificate(b"not a key"), issued_before: now },
        Revocation::Issuer { issuer: "urn:other", issued_before: now },
        Revocation::All { issued_before: UnixTime::from_secs(1) },
    ]) {
        list.revoke(revocation, until, now).ok()?;
    }
    let mut page = [0; RevocationList::<8>::SNAPSHOT_LEN];
    let mut restored = RevocationList::<8>::new();
    restored.restore(black_box(list.snapshot(&mut page).ok()?), list.generation(), now).ok()?;
    black_box((restored.len(), restored.is_empty()));

    let used = black_box(ReplayWindow::<8, 4>::new());
    used.start_empty_after(black_box(1));
    used.use_once(SingleUse::new("cmd+jwt", b"a client", "request-1", until), now.into()).ok()?;
    let window = ReplayWindow::<8, 4>::new();
    window.restore(black_box(used.snapshot(&mut page).ok()?), used.generation(), now).ok()?;
    black_box((window.len(), window.is_empty(), used.clear().is_ok(), list.clear().is_ok()));

    let mut floor = TimeFloor::new(trust::BUILT_AT, &[trust::ISSUER]).with_max_step(10 * MINUTE);
    floor.raise_to(black_box(now));
    floor.correct_to(black_box(now));
    let floor = &mut TimeFloor::from_bytes(trust::BUILT_AT, &[trust::ISSUER], &floor.to_bytes()).ok()?;
    let now_at_floor = floor.now(black_box(None), MINUTE);
    let cache = black_box(SignatureCache::<8>::new());
    let both: [&dyn Revocations; 2] = [&restored, &RefuseIssuedLater];
    let policy = trust::POLICY.with_max_unproven_lifetime(5 * MINUTE);
    let policies = [
        policy,
        policy.with_challenge("n-0S6_WzA2Mj"),
        policy.with_revocations(&both),
        policy.with_single_use(&window),
        policy.with_single_use(&window),
    ];
    let token = Token::parse(text).ok()?;
    let ours = trust::issuer(&trust::ES256_KEYS, &[&StandIn]);
    let mut accepted = 0;
    for (policy, now) in
        policies.iter().zip([Now::Exact(now), Now::Exact(now), now_at_floor, now_at_floor, now_at_floor])
    {
        let verified = token.verify_cached(&ours, &cache, buf).ok()?;
        let pending = verified.validate_access_token(policy, black_box(now));
        if let Ok(token) = pending.and_then(|pending| pending.consume()) {
            accepted += 1;
            black_box((floor.learn(&token), floor.at(), token.freshness()));
        }
    }
    black_box(self_test(&StandIn).map_or_else(Error::code, |_| 0));
    (accepted == 3).then_some(1)
}

#[derive(Debug)]
struct RefuseIssuedLater;

impl Revocations for RefuseIssuedLater {
    fn check(&self, token: &TokenIdentity<'_>, now: Now) -> Result<(), Error> {
        let is_early = token.issued_at().is_none_or(|issued_at| issued_at.as_secs() <= now.earliest().as_secs());
        black_box((token.client_id(), token.key().kid(), token.signing_input_digest()));
        if is_early { Ok(()) } else { Err(Error::Revoked) }
    }
}

/// Keys that a set and a caller own, RSA keys included.
#[cfg(feature = "rs256")]
mod rsa {
    use super::*;
    use embedded_jwt::{Algorithm, BackendError, OwnedKey, PublicKey, Signature};

    /// Calls the public functions for RSA keys, and validates a token with a key from a set.
    pub fn validate(buf: &mut [u8]) -> Option<usize> {
        let mut jwks = [0; trust::RS256_JWKS.len()];
        let mut keys = black_box(KeySet::<3, OwnedKey>::with_rsa());
        jwks.copy_from_slice(trust::RS256_JWKS);
        keys.replace_from_jwks(&mut jwks).ok()?;
        jwks.copy_from_slice(trust::RS256_JWKS);
        keys.rotate_from_jwks(&mut jwks, trust::NOW.plus(MINUTE), trust::NOW).ok()?;
        black_box((keys.skipped(), keys.as_keys().len()));
        for key in &*keys {
            black_box((key.algorithm(), key.kid(), key.as_key().thumbprint()));
        }
        let key = OwnedKey::from(black_box(&trust::RS256_KEYS[0]));
        if !keys.contains(&key) {
            return None;
        }

        black_box(self_test(&Rs256StandIn).map_or_else(Error::code, |_| 0));
        let keys = keys.expire(trust::NOW);
        let issuer = Issuer::new(trust::ISSUER, &keys, &[&Rs256StandIn]);
        let token = Token::parse(trust::RS256_TOKEN).ok()?;
        let token = token.verify(&issuer, buf).ok()?.into_access_token(&trust::POLICY, trust::NOW).ok()?;
        Some(token.audience().iter().count())
    }

    /// Replaces the arithmetic, as [`StandIn`] does for ES256.
    #[derive(Debug)]
    struct Rs256StandIn;

    impl SignatureAlgorithm for Rs256StandIn {
        fn algorithm(&self) -> Algorithm {
            Algorithm::Rs256
        }

        fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
            black_box((key.public_key(), message, signature.as_bytes()));
            black_box(Ok(()))
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
