//! A [`SignatureCache`] skips the curve arithmetic for a signature that was valid before, and nothing else.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::sync::LazyLock;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use embedded_jwt::*;
use proptest::prelude::*;
use serde_json::json;
use testkit::*;

const POLICY: AccessTokenPolicy = AccessTokenPolicy::new(AUDIENCE);

fn verify<const N: usize>(text: impl AsRef<[u8]>, issuer: &Issuer<'_>, cache: &SignatureCache<N>) -> Result<(), Error> {
    Token::parse(&text)?.verify_cached(issuer, cache, &mut [0; 1024]).map(|_| ())
}

fn verify_uncached(text: impl AsRef<[u8]>, issuer: &Issuer<'_>) -> Result<(), Error> {
    Token::parse(&text)?.verify(issuer, &mut [0; 1024]).map(|_| ())
}

/// The token with its signature replaced by this one.
fn signed_with(text: &str, signature: &[u8]) -> String {
    format!("{}.{}", text.rsplit_once('.').unwrap().0, base64url(signature))
}

fn signature_of(text: &str) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(text.rsplit_once('.').unwrap().1).unwrap()
}

/// A key that belongs to no issuer.
fn stranger() -> Key {
    let secret = ed25519_dalek::SigningKey::from_bytes(b"embedded-jwt strange test key...");
    Key::ed25519(secret.verifying_key().as_bytes())
}

#[test]
fn valid_signature_is_not_verified_again() {
    for alg in ALGS {
        let backend = Counting::new(alg);
        let backends: [&dyn SignatureAlgorithm; 1] = [&backend];
        let issuer = Issuer::new(ISSUER, &*KEYS, &backends);
        let cache = SignatureCache::<2>::new();
        let text = alg.access_token(&claims());
        for expected in [1, 0, 0] {
            let mut buf = [0; 1024];
            let verified = Token::parse(&text).unwrap().verify_cached(&issuer, &cache, &mut buf).unwrap();
            let token = verified.into_access_token(&POLICY, now()).unwrap();
            assert_eq!((token.issuer(), token.subject()), (ISSUER, Some("user-42")));
            assert_eq!(backend.asked(), expected);
        }
        // Without a cache, or with another one, it is verified again.
        assert_eq!((verify_uncached(&text, &issuer), backend.asked()), (Ok(()), 1));
        assert_eq!((verify(&text, &issuer, &SignatureCache::<2>::default()), backend.asked()), (Ok(()), 1));
        // A token with the same claims and another header is another signing input.
        let other = alg.mint(with(alg.header(), "x", json!(1)).to_string(), claims().to_string());
        assert_eq!((verify(&other, &issuer, &cache), backend.asked()), (Ok(()), 1));
    }
}

#[test]
fn claims_are_validated_each_time() {
    let backend = Counting::new(Alg::EdDsa);
    let backends: [&dyn SignatureAlgorithm; 1] = [&backend];
    let issuer = Issuer::new(ISSUER, &*KEYS, &backends);
    let cache = SignatureCache::<1>::new();
    let text = Alg::EdDsa.access_token(&claims());
    let validate = |policy: &AccessTokenPolicy<'_>, now: Now| {
        let mut buf = [0; 1024];
        let verified = Token::parse(&text)?.verify_cached(&issuer, &cache, &mut buf)?;
        verified.into_access_token(policy, now).map(|_| ())
    };
    let at = |secs| Now::Exact(UnixTime::from_secs(secs));
    assert_eq!((validate(&POLICY, at(NOW)), backend.asked()), (Ok(()), 1));

    let mut all_revoked = revocation_list::<1>();
    all_revoked.revoke(Revocation::All { issued_before: now() }, UnixTime::from_secs(i64::MAX), now()).unwrap();
    assert_eq!(validate(&POLICY, at(NOW + 299)), Ok(()));
    assert_eq!(validate(&POLICY, at(NOW + 300)), Err(Error::Expired));
    assert_eq!(validate(&POLICY, at(NOW - 121)), Err(Error::NotYetValid));
    assert_eq!(validate(&POLICY, Now::AtLeast(EarliestTime::from_secs(NOW))), Err(Error::TimeUnknown));
    assert_eq!(validate(&AccessTokenPolicy::new("urn:other"), at(NOW)), Err(Error::Mismatch(Claim::Audience)));
    assert_eq!(validate(&POLICY.with_required_scope("pump:admin"), at(NOW)), Err(Error::InsufficientScope));
    assert_eq!(validate(&POLICY.with_revocations(&all_revoked), at(NOW)), Err(Error::Revoked));
    assert_eq!(validate(&POLICY.with_revocations(&RevocationList::<1>::new()), at(NOW)), Err(Error::NotOpened));
    let used = replay_window::<4>();
    assert_eq!(validate(&POLICY.with_single_use(&used), at(NOW)), Ok(()));
    assert_eq!(validate(&POLICY.with_single_use(&used), at(NOW)), Err(Error::Replayed));
    // Policies of different kinds share the cached signature.
    let mut buf = [0; 1024];
    let verified = Token::parse(&text).unwrap().verify_cached(&issuer, &cache, &mut buf).unwrap();
    assert!(verified.into_typed(&TypedPolicy::new("at+jwt", AUDIENCE), now()).is_ok());
    let verified = Token::parse(&text).unwrap().verify_cached(&issuer, &cache, &mut buf).unwrap();
    assert_eq!(verified.into_id_token(&IdTokenPolicy::new(AUDIENCE), now()).err(), Some(Error::WrongType));

    assert_eq!(validate(&POLICY, at(NOW)), Ok(()));
    assert_eq!(backend.asked(), 0);
}

#[test]
fn key_is_chosen_each_time() {
    for (alg, nth) in [(Alg::Es256, 0), (Alg::EdDsa, 1)] {
        let backend = Counting::new(alg);
        let backends: [&dyn SignatureAlgorithm; 1] = [&backend];
        let cache = SignatureCache::<1>::new();
        let text = alg.access_token(&claims());
        let verify = |name, keys: &[Key], algorithms| verify(&text, &Issuer::new(name, keys, algorithms), &cache);
        let key = &KEYS[nth];
        assert_eq!((verify(ISSUER, &*KEYS, &backends), backend.asked()), (Ok(()), 1));

        assert_eq!(verify(ISSUER, &[], &backends), Err(Error::UnknownKey));
        assert_eq!(verify(ISSUER, &KEYS[1 - nth..2 - nth], &backends), Err(Error::UnknownKey));
        assert_eq!(verify(ISSUER, &[key.clone().with_kid(b"other")], &backends), Err(Error::UnknownKey));
        assert_eq!(verify(ISSUER, &[key.clone(), key.clone()], &backends), Ok(()));
        assert_eq!(verify(ISSUER, &*KEYS, &[]), Err(Error::UnsupportedAlgorithm));
        assert_eq!(verify("urn:other", &*KEYS, &backends), Err(Error::Mismatch(Claim::Issuer)));
        assert_eq!(verify("", &*KEYS, &backends), Err(Error::Unconfigured(Claim::Issuer)));

        // The same key at another position needs no new verification.
        assert_eq!(verify(ISSUER, &[stranger(), key.clone()], &backends), Ok(()));
        assert_eq!(backend.asked(), 0);
    }
}

#[test]
fn cached_signature_is_refused_after_its_key_is_replaced() {
    let backend = Counting::new(Alg::EdDsa);
    let backends: [&dyn SignatureAlgorithm; 1] = [&backend];
    let cache = SignatureCache::<1>::new();
    let text = Alg::EdDsa.access_token(&claims());
    let [before, after] = [KEYS[1].clone(), stranger().with_kid(b"ed-test")].map(|key| [key]);
    let verify = |keys: &[Key]| (verify(&text, &Issuer::new(ISSUER, keys, &backends), &cache), backend.asked());
    assert_eq!(verify(&before), (Ok(()), 1));
    assert_eq!(verify(&after), (Err(Error::InvalidSignature), 1));
    assert_eq!(verify(&after), (Err(Error::InvalidSignature), 1));
    assert_eq!(verify(&before), (Ok(()), 0));
}

#[test]
fn buffer_is_needed_each_time() {
    let cache = SignatureCache::<1>::new();
    let text = Alg::EdDsa.access_token(&claims());
    let token = Token::parse(&text).unwrap();
    let needed = token.buffer_len();
    let verify = |len: usize| token.verify_cached(&issuer(&*KEYS), &cache, &mut vec![0; len]).map(|_| ());
    for _ in 0..2 {
        assert_eq!(verify(needed - 1), Err(Error::BufferTooSmall));
        assert_eq!(verify(needed), Ok(()));
    }
}

#[test]
fn another_signature_of_the_same_text_is_verified_again() {
    let backend = Counting::new(Alg::Es256);
    let backends: [&dyn SignatureAlgorithm; 1] = [&backend];
    let issuer = Issuer::new(ISSUER, &*KEYS, &backends);
    let cache = SignatureCache::<2>::new();
    let text = Alg::Es256.access_token(&claims());
    let (r, s) = p256::ecdsa::Signature::from_slice(&signature_of(&text)).unwrap().split_scalars();
    let other = signed_with(&text, &p256::ecdsa::Signature::from_scalars(r, -s).unwrap().to_bytes());
    assert_ne!(other, text);
    for (text, expected) in [(&text, 1), (&other, 1), (&text, 0), (&other, 0)] {
        assert_eq!((verify(text, &issuer, &cache), backend.asked()), (Ok(()), expected));
    }
}

/// A short token, since each of its bytes is changed.
fn short_token(alg: Alg) -> String {
    alg.mint(json!({"alg": alg.name()}).to_string(), json!({"iss": ISSUER}).to_string())
}

#[test]
fn damaged_token_is_refused_as_without_a_cache_and_not_cached() {
    for alg in ALGS {
        let backend = Counting::new(alg);
        let backends: [&dyn SignatureAlgorithm; 1] = [&backend];
        let issuer = Issuer::new(ISSUER, &*KEYS, &backends);
        let cache = SignatureCache::<1>::new();
        let text = short_token(alg);
        assert_eq!((verify(&text, &issuer, &cache), backend.asked()), (Ok(()), 1));
        for at in 0..text.len() {
            for bit in [0x01, 0x20] {
                let mut changed = text.clone().into_bytes();
                changed[at] ^= bit;
                let uncached = verify_uncached(&changed, &issuer);
                let needed = backend.asked();
                assert!(uncached.is_err(), "{at}");
                for _ in 0..2 {
                    assert_eq!((verify(&changed, &issuer, &cache), backend.asked()), (uncached, needed), "{at}");
                }
            }
        }
        // The refused tokens did not evict the original.
        assert_eq!((verify(&text, &issuer, &cache), backend.asked()), (Ok(()), 0));
    }
}

#[test]
fn error_of_a_backend_is_not_cached() {
    let backend = Counting::new(Alg::EdDsa);
    let backends: [&dyn SignatureAlgorithm; 1] = [&backend];
    let issuer = Issuer::new(ISSUER, &*KEYS, &backends);
    let cache = SignatureCache::<1>::new();
    let text = Alg::EdDsa.access_token(&claims());
    for (answer, error) in [
        (BackendError::Unavailable, Error::BackendUnavailable),
        (BackendError::InvalidKey, Error::InvalidKey),
        (BackendError::InvalidSignature, Error::InvalidSignature),
    ] {
        backend.answer.set(Some(Err(answer)));
        for _ in 0..2 {
            assert_eq!((verify(&text, &issuer, &cache), backend.asked()), (Err(error), 1));
        }
    }
    backend.answer.set(None);
    assert_eq!((verify(&text, &issuer, &cache), backend.asked()), (Ok(()), 1));
    // Once the signature is cached, the backend is not asked.
    backend.answer.set(Some(Err(BackendError::Unavailable)));
    assert_eq!((verify(&text, &issuer, &cache), backend.asked()), (Ok(()), 0));
}

/// Tenants of one provider share its keys: a signature is valid for both, and `iss` says which of them issued a token.
#[test]
fn issuers_with_equal_keys_share_signatures_and_no_tokens() {
    let backend = Counting::new(Alg::EdDsa);
    let backends: [&dyn SignatureAlgorithm; 1] = [&backend];
    let [one, two] = ["urn:one", "urn:two"].map(|name| Issuer::new(name, &*KEYS, &backends));
    let cache = SignatureCache::<2>::new();
    let of_one = Alg::EdDsa.access_token(&claims_with("iss", json!("urn:one")));
    let of_two = Alg::EdDsa.access_token(&claims_with("iss", json!("urn:two")));
    let mismatch = Err(Error::Mismatch(Claim::Issuer));
    assert_eq!((verify(&of_one, &one, &cache), backend.asked()), (Ok(()), 1));
    assert_eq!((verify(&of_one, &two, &cache), backend.asked()), (mismatch, 0));
    assert_eq!((verify(&of_two, &one, &cache), backend.asked()), (mismatch, 1));
    assert_eq!((verify(&of_two, &two, &cache), backend.asked()), (Ok(()), 0));
    assert_eq!((verify(&of_one, &one, &cache), backend.asked()), (Ok(()), 0));
}

#[test]
fn signature_cached_for_one_algorithm_is_invalid_for_the_other() {
    let backends = ALGS.map(Counting::new);
    let [es256, eddsa] = &backends;
    let algorithms: [&dyn SignatureAlgorithm; 2] = [es256, eddsa];
    // An Ed25519 key with the same first bytes and the same `kid`.
    let es256_key = KEYS[0].clone().with_kid(b"k");
    let eddsa_key = Key::ed25519(es256_key.public_key().first_chunk().unwrap()).with_kid(b"k");
    let keys = [es256_key, eddsa_key];
    let issuer = Issuer::new(ISSUER, &keys, &algorithms);
    let cache = SignatureCache::<4>::new();
    let header = |alg: Alg| json!({"alg": alg.name(), "kid": "k"}).to_string();
    let text = Alg::Es256.mint(header(Alg::Es256), claims().to_string());
    assert_eq!((verify(&text, &issuer, &cache), es256.asked()), (Ok(()), 1));
    // The token names the other algorithm for the same signature, whose encoding may already be refused.
    let renamed = Alg::EdDsa.mint(header(Alg::EdDsa), claims().to_string());
    let renamed = signed_with(&renamed, &signature_of(&text));
    assert!(matches!(verify(&renamed, &issuer, &cache), Err(Error::InvalidSignature | Error::InvalidKey)));
    assert_eq!((verify(&text, &issuer, &cache), es256.asked()), (Ok(()), 0));

    // Each algorithm has its own entry.
    let issuer = Issuer::new(ISSUER, &*KEYS, &algorithms);
    let [of_es256, of_eddsa] = ALGS.map(|alg| alg.access_token(&claims()));
    for expected in [1, 0] {
        assert_eq!((verify(&of_es256, &issuer, &cache), es256.asked()), (Ok(()), expected));
        assert_eq!((verify(&of_eddsa, &issuer, &cache), eddsa.asked()), (Ok(()), expected));
    }
}

#[test]
fn debug_output_shows_no_cached_signature() {
    let cache = SignatureCache::<2>::new();
    assert_eq!(format!("{cache:?}"), "SignatureCache { .. }");
    assert_eq!(verify(short_token(Alg::EdDsa), &issuer(&*KEYS), &cache), Ok(()));
    assert_eq!(format!("{cache:?}"), "SignatureCache { .. }");
}

#[test]
fn cache_without_slots_keeps_nothing_and_with_one_slot_the_last() {
    assert_eq!(hits::<0>(&[0, 0, 0]), [false; 3]);
    assert_eq!(hits::<1>(&[0, 0, 1, 1, 0]), [false, true, false, true, false]);
}

#[test]
fn least_recently_used_entry_is_evicted_first() {
    // Every use counts, not only the first.
    assert_eq!(hits::<2>(&[0, 1, 0, 2, 0, 1]), [false, false, true, false, true, false]);
    assert_eq!(hits::<3>(&[0, 1, 2, 3, 1, 2, 3, 0]), [false, false, false, false, true, true, true, false]);
    // A refused token takes no slot and does not count as a use.
    assert_eq!(hits::<2>(&[0, 1, REFUSED, REFUSED, 0, 1]), [false, false, false, false, true, true]);
}

/// Different tokens. The signature of the last, [`REFUSED`], is refused before any arithmetic.
static TOKENS: LazyLock<[String; 7]> = LazyLock::new(|| {
    std::array::from_fn(|nth| {
        let header = json!({"alg": "EdDSA", "kid": "ed-test"}).to_string();
        let text = Alg::EdDsa.mint(header, json!({"iss": ISSUER, "nth": nth}).to_string());
        if nth == REFUSED { signed_with(&text, &[0xff; 64]) } else { text }
    })
});
const REFUSED: usize = 6;

/// Uses these [`TOKENS`] in turn, and returns for which of them a cache with `N` slots saved the arithmetic.
fn hits<const N: usize>(uses: &[usize]) -> Vec<bool> {
    let backend = Counting::new(Alg::EdDsa);
    backend.answer.set(Some(Ok(())));
    let backends: [&dyn SignatureAlgorithm; 1] = [&backend];
    let issuer = Issuer::new(ISSUER, &*KEYS, &backends);
    let cache = SignatureCache::<N>::new();
    let is_hit = |nth: &usize| {
        let verdict = verify(&TOKENS[*nth], &issuer, &cache);
        let refused = if *nth == REFUSED { Err(Error::InvalidSignature) } else { Ok(()) };
        assert_eq!(verdict, refused);
        backend.asked() == 0 && verdict.is_ok()
    };
    uses.iter().map(is_hit).collect()
}

/// The same, computed with a list in the order of last use.
fn expected_hits(slots: usize, uses: &[usize]) -> Vec<bool> {
    let mut by_last_use = Vec::new();
    let is_hit = |nth: &usize| {
        if *nth == REFUSED {
            return false;
        }
        let found = by_last_use.iter().position(|used| used == nth);
        found.map(|position| by_last_use.remove(position));
        by_last_use.push(*nth);
        if by_last_use.len() > slots {
            by_last_use.remove(0);
        }
        found.is_some()
    };
    uses.iter().map(is_hit).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_uses_evicts_by_last_use(uses in prop::collection::vec(0..7_usize, 1..40)) {
        prop_assert_eq!(hits::<0>(&uses), expected_hits(0, &uses));
        prop_assert_eq!(hits::<1>(&uses), expected_hits(1, &uses));
        prop_assert_eq!(hits::<2>(&uses), expected_hits(2, &uses));
        prop_assert_eq!(hits::<4>(&uses), expected_hits(4, &uses));
        prop_assert_eq!(hits::<8>(&uses), expected_hits(8, &uses));
    }

    /// The verdict does not depend on the tokens before.
    #[test]
    fn any_sequence_of_tokens_has_the_verdicts_without_a_cache(
        sequence in prop::collection::vec((0..2_usize, 0..4_usize, any_damage()), 1..6),
    ) {
        let originals = ALGS.map(|alg| alg.access_token(&claims()));
        let strangers = [stranger().with_kid(b"ed-test"), KEYS[0].clone()];
        let doubled = [&KEYS[..], &strangers].concat();
        let keys = [&KEYS[..], &strangers, &doubled, &[]];
        let cache = SignatureCache::<2>::new();
        for (alg, keys_of, damage) in sequence {
            let issuer = Issuer::new(ISSUER, keys[keys_of], BOTH);
            let mut text = originals[alg].clone().into_bytes();
            if let Some((at, byte)) = damage {
                text[at.index(originals[alg].len())] = byte;
            }
            prop_assert_eq!(verify(&text, &issuer, &cache), verify_uncached(&text, &issuer));
        }
    }
}

fn any_damage() -> impl Strategy<Value = Option<(prop::sample::Index, u8)>> {
    prop::option::of((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), Just(b'A'), Just(b'.')]))
}

#[test]
fn cleared_cache_is_empty() {
    let backend = Counting::new(Alg::EdDsa);
    let algorithms: [&dyn SignatureAlgorithm; 1] = [&backend];
    let issuer = Issuer::new(ISSUER, &KEYS[..], &algorithms);
    let (text, cache) = (Alg::EdDsa.access_token(&claims()), SignatureCache::<4>::new());
    for asked in [1, 0] {
        assert_eq!(verify(&text, &issuer, &cache), Ok(()));
        assert_eq!(backend.asked(), asked);
    }
    cache.clear();
    assert_eq!(verify(&text, &issuer, &cache), Ok(()));
    assert_eq!(backend.asked(), 1);
}
