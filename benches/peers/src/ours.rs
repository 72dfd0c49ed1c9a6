#[cfg(feature = "aws_lc_rs")]
use embedded_jwt::SignatureCache;
use embedded_jwt::{
    AccessTokenPolicy, Algorithm, EdDsa, Error, Es256, Issuer, Key, KeySet, MAX_TOKEN_LEN, RingEdDsa, RingEs256,
    SignatureAlgorithm, Token, UnixTime, Verified,
};
use testkit::{AUDIENCE, AcceptAll, Alg, ISSUER};

#[cfg(feature = "aws_lc_rs")]
use crate::aws_lc::AwsLc;
use crate::contender::Verify;
use crate::tokens::{KID, SCOPE, now};

/// Verifies with the crate's own backends.
pub fn verify(alg: Alg) -> Verify {
    verify_with(alg, backend(alg))
}

/// Verifies the same token again and again, with a cache.
#[cfg(feature = "aws_lc_rs")]
pub fn verify_cached(alg: Alg) -> Verify {
    let cache = SignatureCache::<8>::new();
    validate(alg.key(), backend(alg), move |token, issuer, buf| token.verify_cached(issuer, &cache, buf))
}

fn backend(alg: Alg) -> &'static dyn SignatureAlgorithm {
    match alg {
        Alg::Es256 => &Es256,
        Alg::EdDsa => &EdDsa,
    }
}

/// Verifies with a backend that accepts every signature: all the work except the curve's and the hash's.
pub fn verify_all_but_signature(alg: Alg) -> Verify {
    verify_with(alg, accept_all(alg))
}

fn accept_all(alg: Alg) -> &'static dyn SignatureAlgorithm {
    match alg {
        Alg::Es256 => &AcceptAll(Algorithm::Es256),
        Alg::EdDsa => &AcceptAll(Algorithm::EdDsa),
    }
}

pub fn verify_on_ring(alg: Alg) -> Verify {
    match alg {
        Alg::Es256 => verify_with(alg, &RingEs256),
        Alg::EdDsa => verify_with(alg, &RingEdDsa),
    }
}

#[cfg(feature = "aws_lc_rs")]
pub fn verify_on_aws_lc_rs(alg: Alg) -> Verify {
    match alg {
        Alg::Es256 => verify_with(alg, &AwsLc(Algorithm::Es256)),
        Alg::EdDsa => verify_with(alg, &AwsLc(Algorithm::EdDsa)),
    }
}

fn verify_with(alg: Alg, backend: &'static dyn SignatureAlgorithm) -> Verify {
    verify_with_key(alg.key(), backend)
}

pub fn verify_with_key(key: Key, backend: &'static dyn SignatureAlgorithm) -> Verify {
    validate(key, backend, |token, issuer, buf| token.verify(issuer, buf))
}

fn validate(
    key: Key,
    backend: &'static dyn SignatureAlgorithm,
    verify: impl for<'t, 'b> Fn(&Token<'t>, &Issuer<'t>, &'b mut [u8]) -> Result<Verified<'t, 'b>, Error> + 'static,
) -> Verify {
    let (keys, algorithms) = ([key.with_kid(KID.as_bytes())], [backend]);
    let policy = AccessTokenPolicy::new(AUDIENCE);
    let now = UnixTime::from_secs(now());
    let mut buf = vec![0; 16 * 1024];
    Box::new(move |token| {
        let issuer = Issuer::new(ISSUER, &keys, &algorithms);
        Token::parse(token)
            .and_then(|token| verify(&token, &issuer, &mut buf))
            .and_then(|verified| verified.into_access_token(&policy, now))
            .is_ok_and(|token| token.has_scope(SCOPE))
    })
}

/// Does all the work except the signature for a token that can be parsed, and is refused only because it is not an
/// access token.
pub fn refuse_once_read(alg: Alg) -> impl FnMut(&str) -> bool {
    let (keys, algorithms) = ([alg.key().with_kid(KID.as_bytes())], [accept_all(alg)]);
    let policy = AccessTokenPolicy::new(AUDIENCE);
    let now = UnixTime::from_secs(now());
    let mut buf = vec![0; MAX_TOKEN_LEN];
    move |token| {
        let issuer = Issuer::new(ISSUER, &keys, &algorithms);
        let verdict = Token::parse(token)
            .and_then(|token| token.verify(&issuer, &mut buf))
            .and_then(|verified| verified.into_access_token(&policy, now).map(drop));
        matches!(verdict, Err(Error::Missing(_)))
    }
}

/// Refuses a token that anyone can send, without the issuer's signature. Returns whether it is refused for this reason.
pub fn refuse(alg: Alg, reason: Error) -> impl FnMut(&str) -> bool {
    let (keys, algorithms) = ([alg.key().with_kid(KID.as_bytes())], [backend(alg)]);
    let mut buf = vec![0; MAX_TOKEN_LEN];
    move |token| {
        let issuer = Issuer::new(ISSUER, &keys, &algorithms);
        Token::parse(token).and_then(|token| token.verify(&issuer, &mut buf).map(drop)) == Err(reason)
    }
}

/// Parses a copy, since the set is rewritten in place.
pub fn key_set(json: &'static [u8]) -> impl FnMut() -> bool {
    let mut copy = json.to_vec();
    move || {
        copy.copy_from_slice(json);
        KeySet::<4>::from_jwks(&mut copy).is_ok_and(|keys| keys.len() == 4)
    }
}
