//! The rotation and the replacement of an issuer's keys.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::collections::BTreeSet;
use std::slice;

use ed25519_dalek::{Signer as _, SigningKey};
use embedded_jwt::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::*;

/// The time until which retired keys stay valid.
const UNTIL: i64 = NOW + 300;

/// A time before all others in these tests.
const FIRST: UnixTime = UnixTime::from_secs(NOW - 7200);

fn at(secs: i64) -> UnixTime {
    UnixTime::from_secs(secs)
}

/// Ed25519 TEST KEYS, one for each letter. The letter is also the `kid`.
fn secret(letter: char) -> SigningKey {
    SigningKey::from_bytes(&[letter as u8; 32])
}

fn jwk(letter: char) -> Value {
    let x = base64url(secret(letter).verifying_key().as_bytes());
    json!({"kty": "OKP", "crv": "Ed25519", "kid": letter, "x": x})
}

/// A JWK Set with the keys of these letters.
fn jwks(letters: &str) -> Vec<u8> {
    jwks_of(&letters.chars().map(jwk).collect::<Vec<_>>())
}

fn jwks_of(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

fn letters(keys: &[Key]) -> String {
    let letter = |key: &Key| match key.kid() {
        Some(Kid::Whole(kid)) => str::from_utf8(kid).unwrap().to_owned(),
        kid => kid.map_or("-".into(), |kid| panic!("{kid:?}")),
    };
    keys.iter().map(letter).collect()
}

/// The keys at this time. A copy of the set is asked, so that no key is dropped.
fn keys_at<const N: usize>(keys: &KeySet<N>, now: impl Into<Now>) -> Vec<Key> {
    keys.clone().expire(now).to_vec()
}

/// The current keys, and all keys that are valid just before [`UNTIL`].
fn state<const N: usize>(keys: &KeySet<N>) -> (String, String) {
    (letters(keys), letters(&keys_at(keys, at(UNTIL - 1))))
}

fn has_keys<const N: usize>(keys: &KeySet<N>, current: &str, all: &str) -> bool {
    state(keys) == (current.into(), all.into())
}

fn rotated<const N: usize>(sets: &[&str]) -> KeySet<N> {
    let mut keys = KeySet::new();
    for letters in sets {
        keys.rotate_from_jwks(&mut jwks(letters), at(UNTIL), FIRST).unwrap();
    }
    keys
}

/// A token of the issuer, signed with the key of this letter.
fn token(letter: char) -> String {
    let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": letter}).to_string();
    let signing_input = format!("{}.{}", base64url(header.as_bytes()), base64url(claims().to_string().as_bytes()));
    let signature = secret(letter).sign(signing_input.as_bytes()).to_bytes();
    format!("{signing_input}.{}", base64url(&signature))
}

fn verify(token: &str, keys: &[Key]) -> Result<(), Error> {
    Token::parse(token)?.verify(&issuer(keys), &mut [0; 1024]).map(|_| ())
}

#[test]
fn new_keys_come_first_and_retired_keys_follow() {
    assert!(has_keys(&rotated::<2>(&["a"]), "a", "a"), "an empty set retires no key");
    assert!(has_keys(&rotated::<2>(&["a", "b"]), "b", "ba"));
    assert!(has_keys(&rotated::<4>(&["ab", "cd"]), "cd", "cdab"));
    assert!(has_keys(&rotated::<3>(&["ab", "bc"]), "bc", "bca"));
    assert!(has_keys(&rotated::<4>(&["abc", "cad"]), "cad", "cadb"), "in the order of the new set");
    assert!(has_keys(&rotated::<2>(&["ab", ""]), "", "ab"), "an issuer without keys");
}

#[test]
fn retired_key_verifies_until_it_expires() {
    let keys = rotated::<2>(&["a", "b"]);
    for now in [NOW - 3600, NOW, UNTIL - 1] {
        assert_eq!(verify(&token('a'), &keys_at(&keys, at(now))), Ok(()), "{now}");
        assert_eq!(verify(&token('b'), &keys_at(&keys, at(now))), Ok(()), "{now}");
    }
    for now in [UNTIL, UNTIL + 1, i64::MAX] {
        assert_eq!(verify(&token('a'), &keys_at(&keys, at(now))), Err(Error::UnknownKey), "{now}");
        assert_eq!(verify(&token('b'), &keys_at(&keys, at(now))), Ok(()), "{now}");
    }
    // A key that the issuer never had is never valid.
    assert_eq!(verify(&token('c'), &keys_at(&keys, now())), Err(Error::UnknownKey));
}

#[test]
fn set_derefs_to_the_current_keys() {
    let keys = rotated::<4>(&["ab", "c"]);
    assert_eq!((keys.len(), keys_at(&keys, now()).len()), (1, 3));
    assert_eq!(letters(&keys), "c");
    assert_eq!(verify(&token('a'), &keys), Err(Error::UnknownKey));
    assert_eq!(verify(&token('c'), &keys), Ok(()));
    let copy = keys.clone();
    assert_eq!(state(&copy), state(&keys));
    assert_eq!(format!("{keys:?}"), r#"KeySet { keys: [Key { algorithm: EdDsa, kid: Some("c"), .. }], skipped: 0 }"#);
}

#[test]
fn unusable_keys_are_counted_and_take_no_slot() {
    let mut keys = rotated::<2>(&["a"]);
    let rsa = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"});
    let mut text = jwks_of(&[rsa.clone(), jwk('b'), rsa, json!(1)]);
    keys.rotate_from_jwks(&mut text, at(UNTIL), FIRST).unwrap();
    assert!(has_keys(&keys, "b", "ba"));
    assert_eq!(keys.skipped(), 3);
    keys.rotate_from_jwks(&mut jwks("b"), at(UNTIL), FIRST).unwrap();
    assert_eq!(keys.skipped(), 0);
}

#[test]
fn second_rotation_removes_keys_retired_by_the_first() {
    assert!(has_keys(&rotated::<3>(&["a", "b", "c"]), "c", "cb"));
    assert!(has_keys(&rotated::<2>(&["a", "b", "c", "d"]), "d", "dc"), "a slot is free again");
    let mut keys = rotated::<2>(&["a", "b"]);
    keys.rotate_from_jwks(&mut jwks("c"), at(NOW + 10), FIRST).unwrap();
    assert_eq!(letters(&keys_at(&keys, at(NOW + 9))), "cb");
    assert_eq!(letters(&keys_at(&keys, at(NOW + 10))), "c");
}

#[test]
fn rotation_that_retires_no_key_keeps_retired_keys() {
    for later in [at(NOW - 3600), at(NOW + 1), at(UNTIL + 300), at(i64::MAX)] {
        let mut keys = rotated::<4>(&["ab", "bc"]);
        for set in ["bc", "cb", "bc", "bcd"] {
            keys.rotate_from_jwks(&mut jwks(set), later, FIRST).unwrap();
            assert_eq!(letters(&keys), set);
            assert_eq!(letters(&keys_at(&keys, at(UNTIL - 1))), format!("{set}a"), "still valid");
            assert_eq!(letters(&keys_at(&keys, at(UNTIL))), set, "until the same time as before");
        }
    }
}

#[test]
fn returning_key_is_listed_once() {
    assert!(has_keys(&rotated::<2>(&["a", "b", "a"]), "a", "ab"));
    assert!(has_keys(&rotated::<2>(&["a", "b", "ab"]), "ab", "ab"), "next to the other key, it needs no other slot");
    assert!(has_keys(&rotated::<3>(&["a", "b", "ca"]), "ca", "cab"));
    // An equal key with another `kid` counts as another key.
    let mut keys = rotated::<2>(&["a"]);
    keys.rotate_from_jwks(&mut jwks_of(&[with(jwk('a'), "kid", json!("b"))]), at(UNTIL), FIRST).unwrap();
    assert!(has_keys(&keys, "b", "ba"));
}

#[test]
fn removed_key_is_kept_if_another_gets_its_kid() {
    let renamed = with(jwk('x'), "kid", json!("a"));
    let mut keys = rotated::<4>(&["ab"]);
    keys.rotate_from_jwks(&mut jwks_of(&[renamed.clone(), jwk('c')]), at(UNTIL), FIRST).unwrap();
    assert!(has_keys(&keys, "ac", "acab"));
    assert_eq!(public_keys(&keys_at(&keys, at(UNTIL - 1))), ['x', 'c', 'a', 'b'].map(public_key));
    assert_eq!(public_keys(&keys_at(&keys, at(UNTIL))), ['x', 'c'].map(public_key));
    assert_eq!(verify(&token('b'), &keys_at(&keys, now())), Ok(()));

    // A key that was retired earlier is kept too.
    let mut keys = rotated::<4>(&["a", "b"]);
    keys.rotate_from_jwks(&mut jwks_of(&[jwk('b'), renamed.clone()]), at(UNTIL), FIRST).unwrap();
    assert!(has_keys(&keys, "ba", "baa"));

    // The retired key takes a slot.
    let mut keys = rotated::<2>(&["a"]);
    keys.rotate_from_jwks(&mut jwks_of(slice::from_ref(&renamed)), at(UNTIL), FIRST).unwrap();
    assert!(has_keys(&keys, "a", "aa"));
    let mut keys = rotated::<1>(&["a"]);
    assert_eq!(keys.rotate_from_jwks(&mut jwks_of(&[renamed]), at(UNTIL), FIRST), Err(Error::TooManyKeys));

    // A key of another algorithm with the same `kid` is not tried.
    let mut keys = rotated::<4>(&["a"]);
    keys.rotate_from_jwks(&mut jwks_of(&[with(Alg::Es256.jwk(), "kid", json!("a"))]), at(UNTIL), FIRST).unwrap();
    assert!(has_keys(&keys, "a", "aa"));
    assert_eq!(verify(&token('a'), &keys_at(&keys, now())), Ok(()));
}

#[test]
fn removed_key_without_kid_is_kept_beside_another_without_kid() {
    let nameless = |letter| with(jwk(letter), "kid", Value::Null);
    let mut keys = KeySet::<4>::from_jwks(&mut jwks_of(&[nameless('a')])).unwrap();
    keys.rotate_from_jwks(&mut jwks_of(&[nameless('b')]), at(UNTIL), FIRST).unwrap();
    assert!(has_keys(&keys, "-", "--"));
    assert_eq!(public_keys(&keys_at(&keys, now())), ['b', 'a'].map(public_key));
    keys.rotate_from_jwks(&mut jwks("c"), at(UNTIL), FIRST).unwrap();
    assert_eq!(public_keys(&keys_at(&keys, now())), ['c', 'b'].map(public_key));
    keys.rotate_from_jwks(&mut jwks_of(&[jwk('c'), nameless('d')]), at(UNTIL), FIRST).unwrap();
    assert!(has_keys(&keys, "c-", "c--"));
    assert_eq!(public_keys(&keys_at(&keys, now())), ['c', 'd', 'b'].map(public_key));
}

fn public_key(letter: char) -> Vec<u8> {
    secret(letter).verifying_key().to_bytes().to_vec()
}

fn public_keys(keys: &[Key]) -> Vec<Vec<u8>> {
    keys.iter().map(|key| key.public_key().to_vec()).collect()
}

#[test]
fn retired_keys_take_slots() {
    let mut keys = rotated::<3>(&["ab"]);
    keys.rotate_from_jwks(&mut jwks("bc"), at(UNTIL), FIRST).unwrap();
    assert!(has_keys(&keys, "bc", "bca"), "exactly as many keys as slots");
    for too_many in ["bcd", "abcd", "de", "bde", "bcdefgh"] {
        let later = at(UNTIL + 300);
        assert_eq!(keys.rotate_from_jwks(&mut jwks(too_many), later, FIRST), Err(Error::TooManyKeys), "{too_many}");
        assert!(has_keys(&keys, "bc", "bca"), "{too_many}");
        assert_eq!(letters(&keys_at(&keys, at(UNTIL))), "bc", "{too_many}");
        assert_eq!(keys.skipped(), 0);
    }
    // Without retired keys, the set fits.
    keys.replace_from_jwks(&mut jwks("bcd")).unwrap();
    assert!(has_keys(&keys, "bcd", "bcd"));
    assert_eq!(KeySet::<0>::new().rotate_from_jwks(&mut jwks("a"), at(UNTIL), FIRST), Err(Error::TooManyKeys));
    assert_eq!(KeySet::<0>::new().rotate_from_jwks(&mut jwks(""), at(UNTIL), FIRST), Ok(()));
}

#[test]
fn unreadable_set_changes_nothing() {
    let malformed = Error::Malformed(Part::KeySet);
    let whole = jwks("de");
    let mut unreadable = vec![
        (b"{\"keys\":[],\"keys\":[]}".to_vec(), Error::DuplicateName(Part::KeySet)),
        (vec![b'['; MAX_DEPTH + 1], Error::TooDeep(Part::KeySet)),
        (vec![b' '; MAX_KEY_SET_LEN + 1], Error::TooLarge(Part::KeySet)),
    ];
    unreadable.extend((0..whole.len()).map(|len| (whole[..len].to_vec(), malformed)));
    unreadable
        .extend(["[]", "{}", "{\"keys\":{}}", "{\"keys\":null}", "{\"keys\":[]}x"].map(|t| (t.into(), malformed)));
    let mut keys = rotated::<4>(&["ab", "bc"]);
    for (text, error) in unreadable {
        let shown = String::from_utf8_lossy(&text).into_owned();
        let later = at(UNTIL + 300);
        assert_eq!(keys.rotate_from_jwks(&mut text.clone(), later, FIRST), Err(error), "{shown}");
        assert_eq!(keys.replace_from_jwks(&mut text.clone()), Err(error), "{shown}");
        assert!(has_keys(&keys, "bc", "bca"), "{shown}");
        assert_eq!(letters(&keys_at(&keys, at(UNTIL))), "bc", "{shown}");
    }
}

#[test]
fn replacing_removes_retired_keys() {
    let mut keys = rotated::<4>(&["ab", "c"]);
    keys.replace_from_jwks(&mut jwks("d")).unwrap();
    assert!(has_keys(&keys, "d", "d"));
    // Keys that were retired earlier do not come back.
    keys.rotate_from_jwks(&mut jwks("de"), at(UNTIL + 300), FIRST).unwrap();
    assert!(has_keys(&keys, "de", "de"));
    keys.rotate_from_jwks(&mut jwks("e"), at(NOW), FIRST).unwrap();
    assert_eq!(letters(&keys_at(&keys, at(NOW - 1))), "ed");
    assert_eq!(letters(&keys_at(&keys, at(NOW))), "e");
}

#[test]
fn overlap_that_would_be_over_is_refused() {
    let mut keys = rotated::<4>(&["ab", "bc"]);
    for until in [i64::MIN, -1, 0, 1, NOW - 1, NOW] {
        for now in [Now::Exact(now()), Now::AtLeast(EarliestTime::from_secs(NOW))] {
            let refused = keys.rotate_from_jwks(&mut jwks("d"), at(until), now);
            assert_eq!(refused, Err(Error::EntryExpired), "{until}");
            assert!(has_keys(&keys, "bc", "bca"), "{until}");
        }
    }
    // The times are checked before the key set is read.
    assert_eq!(keys.rotate_from_jwks(&mut b"{".to_vec(), now(), now()), Err(Error::EntryExpired));
    // The two times are in the wrong order.
    assert_eq!(keys.rotate_from_jwks(&mut jwks("d"), now(), at(UNTIL)), Err(Error::EntryExpired));
    assert_eq!(keys.rotate_from_jwks(&mut jwks("d"), at(NOW + 1), now()), Ok(()));
    assert_eq!(letters(keys.expire(now())), "dbc");

    let mut keys = rotated::<2>(&["a"]);
    keys.rotate_from_jwks(&mut jwks("b"), at(i64::MAX), FIRST).unwrap();
    assert_eq!(letters(&keys_at(&keys, at(i64::MAX - 1))), "ba");
    for mut set in [KeySet::<2>::new(), KeySet::default()] {
        assert!(set.is_empty() && [i64::MIN, 0, NOW].iter().all(|secs| set.expire(at(*secs)).is_empty()));
    }
}

#[test]
fn retired_key_does_not_come_back_when_the_clock_is_set_back() {
    let mut keys = rotated::<4>(&["a", "b"]);
    for (now, expected) in [(NOW, "ba"), (UNTIL - 1, "ba"), (NOW, "ba"), (UNTIL, "b"), (NOW, "b"), (UNTIL - 1, "b")] {
        assert_eq!(letters(keys.expire(at(now))), expected, "{}", now - NOW);
    }
    // Nor after a rotation that changes nothing.
    keys.rotate_from_jwks(&mut jwks("b"), at(UNTIL + 300), now()).unwrap();
    assert_eq!(letters(keys.expire(now())), "b");
    // A rotation drops them too.
    let mut keys = rotated::<4>(&["a", "b"]);
    keys.rotate_from_jwks(&mut jwks("b"), at(UNTIL + 300), at(UNTIL)).unwrap();
    assert_eq!(letters(keys.expire(now())), "b");
}

#[test]
fn lower_bound_drops_retired_keys_once_it_has_passed_the_overlap() {
    let mut keys = rotated::<4>(&["a", "b"]);
    for (bound, expected) in [(NOW, "ba"), (UNTIL - 1, "ba"), (UNTIL, "b"), (NOW, "b")] {
        assert_eq!(letters(keys.expire(Now::AtLeast(EarliestTime::from_secs(bound)))), expected, "{}", bound - NOW);
    }
    let mut keys = rotated::<2>(&["a"]);
    assert_eq!(keys.rotate_from_jwks(&mut jwks("b"), at(UNTIL), Now::AtLeast(EarliestTime::from_secs(NOW))), Ok(()));
    assert!(has_keys(&keys, "b", "ba"));
}

#[test]
fn clock_that_is_not_set_gives_no_retired_key() {
    let mut keys = rotated::<4>(&["a", "b"]);
    for secs in [0, -1, i64::MIN] {
        assert_eq!(letters(keys.expire(at(secs))), "b", "{secs}");
        let refused = keys.rotate_from_jwks(&mut jwks("c"), at(UNTIL), at(secs));
        assert_eq!(refused, Err(Error::ClockNotSet), "{secs}");
    }
    assert_eq!(letters(keys.expire(now())), "ba", "once the clock is set");
}

/// A second implementation of the documented rules.
#[derive(Debug, Default)]
struct Model {
    current: Vec<Key>,
    retired: Vec<Key>,
    until: i64,
}

impl Model {
    fn rotate(&mut self, new: &[Key], until: i64, now: i64, capacity: usize) -> Result<(), Error> {
        if until <= now {
            return Err(Error::EntryExpired);
        }
        let is_dropped = |key: &&Key| !new.contains(key);
        let retires = self.current.iter().any(|key| is_dropped(&key));
        let mut retired = if retires { self.current.clone() } else { self.at(now).split_off(self.current.len()) };
        retired.retain(|key| !new.contains(key));
        if new.len() + retired.len() > capacity {
            return Err(Error::TooManyKeys);
        }
        (self.current, self.retired) = (new.to_vec(), retired);
        if retires {
            self.until = until;
        }
        Ok(())
    }

    fn at(&self, now: i64) -> Vec<Key> {
        let retired: &[Key] = if now < self.until { &self.retired } else { &[] };
        [&self.current, retired].concat()
    }

    fn expire(&mut self, now: i64) -> Vec<Key> {
        if now >= self.until {
            self.retired.clear();
        }
        self.at(now)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The keys include some with the same `kid`, some without one, and both algorithms. The clock may be set back.
    #[test]
    fn any_sequence_of_rotations_follows_the_model(
        steps in prop::collection::vec(
            (prop::sample::subsequence((0..8).collect::<Vec<_>>(), 0..5), 0..20_i64, 0..20_i64, any::<bool>()),
            1..12,
        ),
    ) {
        let universe: [Value; 8] = std::array::from_fn(|index| match index {
            0..4 => jwk(['a', 'b', 'c', 'd'][index]),
            4 => with(jwk('x'), "kid", json!("a")),
            5 => with(Alg::Es256.jwk(), "kid", json!("a")),
            _ => with(jwk(['y', 'z'][index - 6]), "kid", Value::Null),
        });
        let (mut keys, mut model) = (KeySet::<5>::new(), Model::default());
        for (indices, until, now, expires) in steps {
            let (until, now) = (NOW + until, NOW + now);
            let text = jwks_of(&indices.iter().map(|index| universe[*index].clone()).collect::<Vec<_>>());
            let new = KeySet::<8>::from_jwks(&mut text.clone()).unwrap();
            let expected = model.rotate(&new, until, now, 5);
            prop_assert_eq!(keys.rotate_from_jwks(&mut text.clone(), at(until), at(now)), expected);
            prop_assert_eq!(&*keys, &*model.current);
            for now in NOW..=NOW + 20 {
                prop_assert_eq!(keys_at(&keys, at(now)), &*model.at(now));
            }
            if expires {
                prop_assert_eq!(keys.expire(at(now)), &*model.expire(now));
            }
        }
    }
}

fn signed_set(root: Alg, claims: &Value) -> String {
    root.mint(with(root.header(), "typ", json!("jwk-set+jwt")).to_string(), claims.to_string())
}

fn set_claims(letters: &str, iat: i64) -> Value {
    json!({"iss": ISSUER, "iat": iat, "keys": letters.chars().map(jwk).collect::<Vec<_>>()})
}

/// Replaces the keys with a signed key set, which is verified with the pinned root keys.
fn install_signed<const N: usize>(keys: &mut KeySet<N>, text: &str, newest: i64) -> Result<i64, Error> {
    install_signed_by(keys, text, &SignedKeySetPolicy::new(at(newest)), now())
}

fn install_signed_by<const N: usize>(
    keys: &mut KeySet<N>,
    text: &str,
    policy: &SignedKeySetPolicy<'_>,
    now: impl Into<Now>,
) -> Result<i64, Error> {
    testkit::verify(text, |verified| keys.replace_from_signed(verified, policy, now).map(UnixTime::as_secs))
}

#[test]
fn signed_set_replaces_the_keys() {
    for root in ALGS {
        let mut keys = rotated::<4>(&["ab", "c"]);
        let mut claims = set_claims("de", NOW - 10);
        claims["keys"].as_array_mut().unwrap().push(json!({"kty": "RSA"}));
        assert_eq!(install_signed(&mut keys, &signed_set(root, &claims), NOW - 3600), Ok(NOW - 10));
        assert!(has_keys(&keys, "de", "de"), "retired keys are removed");
        assert_eq!(keys.skipped(), 1);
        assert_eq!(verify(&token('d'), &keys), Ok(()));
        assert_eq!(install_signed(&mut keys, &signed_set(root, &set_claims("", NOW)), NOW - 10), Ok(NOW));
        assert!(has_keys(&keys, "", ""));
    }
}

#[test]
fn older_signed_set_is_refused() {
    let mut keys = rotated::<4>(&["ab", "c"]);
    for iat in [NOW - 11, 0, -1, -i64::MAX] {
        let text = signed_set(Alg::EdDsa, &set_claims("d", iat));
        assert_eq!(install_signed(&mut keys, &text, NOW - 10), Err(Error::RolledBack), "{iat}");
        assert!(has_keys(&keys, "c", "cab"), "{iat}");
    }
    // A set with the same `iat` is accepted, and so is a newer one.
    for iat in [NOW - 10, NOW - 9] {
        let text = signed_set(Alg::EdDsa, &set_claims("d", iat));
        assert_eq!(install_signed(&mut keys, &text, NOW - 10), Ok(iat));
        assert!(has_keys(&keys, "d", "d"));
    }
    // `iat` is rounded down to whole seconds.
    for (iat, expected) in [("10.9", Ok(10)), ("9.9", Err(Error::RolledBack))] {
        let claims = with(set_claims("e", 0), "iat", serde_json::from_str(iat).unwrap());
        assert_eq!(install_signed(&mut keys, &signed_set(Alg::EdDsa, &claims), 10), expected, "{iat}");
    }
    // The next set is compared with the time that was returned.
    let newest = install_signed(&mut keys, &signed_set(Alg::Es256, &set_claims("f", NOW)), NOW).unwrap();
    let older = signed_set(Alg::Es256, &set_claims("a", NOW - 1));
    assert_eq!(install_signed(&mut keys, &older, newest), Err(Error::RolledBack));
    assert!(has_keys(&keys, "f", "f"));
}

#[test]
fn signed_set_must_have_iat_and_keys() {
    let mut keys = rotated::<2>(&["a", "b"]);
    let claims = || set_claims("c", NOW);
    let malformed = Error::Malformed(Part::KeySet);
    let mut null = claims();
    null["keys"] = Value::Null;
    let mut null_iat = claims();
    null_iat["iat"] = Value::Null;
    let bad = [
        (with(claims(), "iat", Value::Null), Error::Missing(Claim::IssuedAt)),
        (null_iat, Error::Invalid(Claim::IssuedAt)),
        (with(claims(), "iat", json!("1768478400")), Error::Invalid(Claim::IssuedAt)),
        (with(claims(), "keys", Value::Null), malformed),
        (null, malformed),
        (with(claims(), "keys", json!({})), malformed),
        (with(claims(), "keys", jwk('c')), malformed),
        (with(claims(), "keys", json!("[]")), malformed),
        (json!({"iss": ISSUER, "iat": NOW, "jwks": {"keys": [jwk('c')]}}), malformed),
        (set_claims("cde", NOW), Error::TooManyKeys),
        // The first failure is reported.
        (json!({"iss": ISSUER}), Error::Missing(Claim::IssuedAt)),
        (json!({"iss": ISSUER, "iat": NOW - 1}), Error::RolledBack),
        (set_claims("cde", NOW - 1), Error::RolledBack),
    ];
    for root in ALGS {
        for (claims, error) in &bad {
            assert_eq!(install_signed(&mut keys, &signed_set(root, claims), NOW), Err(*error), "{claims}");
            assert!(has_keys(&keys, "b", "ba"), "{claims}");
        }
    }
}

#[test]
fn set_must_be_signed_by_the_pinned_root() {
    let mut keys = rotated::<2>(&["a", "b"]);
    let claims = set_claims("c", NOW);
    for (root, other) in [(Alg::Es256, Alg::EdDsa), (Alg::EdDsa, Alg::Es256)] {
        let header = with(root.header(), "typ", json!("jwk-set+jwt"));
        assert_eq!(install_signed(&mut keys, &root.mint(header.to_string(), claims.to_string()), NOW - 1), Ok(NOW));
        keys = rotated(&["a", "b"]);
        let forged = other.mint(header.to_string(), claims.to_string());
        assert_eq!(install_signed(&mut keys, &forged, NOW - 1), Err(Error::InvalidSignature));
        // A key in the header, or from an earlier set, is not a root key.
        let own = with(with(header.clone(), "jwk", jwk('a')), "kid", json!("a"));
        assert_eq!(
            install_signed(&mut keys, &root.mint(own.to_string(), claims.to_string()), NOW - 1),
            Err(Error::UnknownKey)
        );
        let none = with(header, "alg", json!("none"));
        let unsigned =
            format!("{}.{}.", base64url(none.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
        assert_eq!(install_signed(&mut keys, &unsigned, NOW - 1), Err(Error::UnsupportedAlgorithm));
        let of_another_issuer = signed_set(root, &with(claims.clone(), "iss", json!("https://attacker.example")));
        assert_eq!(install_signed(&mut keys, &of_another_issuer, NOW - 1), Err(Error::Mismatch(Claim::Issuer)));
        let for_an_audience = signed_set(root, &with(claims.clone(), "aud", json!(AUDIENCE)));
        assert_eq!(install_signed(&mut keys, &for_an_audience, NOW - 1), Err(Error::Mismatch(Claim::Audience)));
        let expired = signed_set(root, &with(claims.clone(), "exp", json!(NOW - 60)));
        assert_eq!(install_signed(&mut keys, &expired, NOW - 1), Err(Error::Expired));
        assert!(has_keys(&keys, "b", "ba"));
    }
}

/// A device without a clock relies on `newest`, and on the set's `exp` once the floor has passed it.
#[test]
fn signed_set_is_accepted_without_a_clock() {
    const DAY: i64 = 24 * 60 * 60;
    let policy = SignedKeySetPolicy::new(at(NOW - 60 * DAY));
    let at_least = |secs: i64| Now::AtLeast(EarliestTime::from_secs(secs));
    let mut keys = rotated::<2>(&["a", "b"]);
    for root in ALGS {
        // The floor is a month behind.
        let floor = NOW - 30 * DAY;
        let text = signed_set(root, &set_claims("c", NOW));
        assert_eq!(install_signed_by(&mut keys, &text, &policy, at_least(floor)), Ok(NOW));
        assert!(has_keys(&keys, "c", "c"));

        let newest = SignedKeySetPolicy::new(at(NOW));
        for iat in [NOW - 1, floor, NOW - 60 * DAY] {
            let older = signed_set(root, &set_claims("d", iat));
            let refused = install_signed_by(&mut keys, &older, &newest, at_least(floor));
            assert_eq!(refused, Err(Error::RolledBack), "{}", iat - NOW);
        }
        let timeless = signed_set(root, &with(set_claims("d", NOW), "iat", Value::Null));
        let refused = install_signed_by(&mut keys, &timeless, &policy, at_least(floor));
        assert_eq!(refused, Err(Error::Missing(Claim::IssuedAt)));
        assert!(has_keys(&keys, "c", "c"));

        // A set of any lifetime is accepted, unless it has surely expired.
        let text = signed_set(root, &with(set_claims("d", NOW), "exp", json!(NOW + 365 * DAY)));
        for (floor, expected) in [
            (floor, Ok(NOW)),
            (NOW + 365 * DAY + 59, Ok(NOW)),
            (NOW + 365 * DAY + 60, Err(Error::Expired)),
            (i64::MAX, Err(Error::Expired)),
        ] {
            keys = rotated(&["c"]);
            assert_eq!(install_signed_by(&mut keys, &text, &newest, at_least(floor)), expected, "{}", floor - NOW);
            assert_eq!(letters(&keys), if expected.is_ok() { "d" } else { "c" });
        }
        keys = rotated(&["c"]);
        let reversed = signed_set(root, &with(set_claims("d", NOW), "exp", json!(NOW - 1)));
        let refused = install_signed_by(&mut keys, &reversed, &policy, at_least(floor));
        assert_eq!(refused, Err(Error::Expired), "`exp` before `iat`");
    }
}

#[test]
fn signed_set_of_the_future_or_by_a_clock_that_is_not_set_is_refused() {
    let mut keys = rotated::<2>(&["a"]);
    for (iat, expected) in [(NOW + 60, Ok(NOW + 60)), (NOW + 61, Err(Error::NotYetValid))] {
        let text = signed_set(Alg::EdDsa, &set_claims("b", iat));
        assert_eq!(install_signed(&mut keys, &text, NOW), expected, "{}", iat - NOW);
    }
    let (text, policy) = (signed_set(Alg::EdDsa, &set_claims("c", NOW)), SignedKeySetPolicy::new(at(NOW)));
    for secs in [0, -1, i64::MIN] {
        assert_eq!(install_signed_by(&mut keys, &text, &policy, at(secs)), Err(Error::ClockNotSet), "{secs}");
    }
    assert_eq!(letters(&keys), "b");
}

/// A list that holds this revocation only.
#[derive(Debug)]
struct RevokedKey<'a>(&'a [u8]);

impl Revocations for RevokedKey<'_> {
    fn check(&self, token: &TokenIdentity<'_>, _: Now) -> Result<(), Error> {
        if token.key().public_key() == self.0 { Err(Error::Revoked) } else { Ok(()) }
    }
}

#[test]
fn set_of_a_revoked_root_key_is_refused() {
    for (root, other) in [(Alg::Es256, Alg::EdDsa), (Alg::EdDsa, Alg::Es256)] {
        let key = root.key();
        let revoked = RevokedKey(key.public_key());
        let mut keys = rotated::<2>(&["a", "b"]);
        let policy = SignedKeySetPolicy::new(at(NOW)).with_revocations(&revoked);
        for now in [Now::Exact(now()), Now::AtLeast(EarliestTime::from_secs(NOW))] {
            let refused = install_signed_by(&mut keys, &signed_set(root, &set_claims("c", NOW)), &policy, now);
            assert_eq!(refused, Err(Error::Revoked));
            // A revoked set is refused before it is compared with the newest set.
            let refused = install_signed_by(&mut keys, &signed_set(root, &set_claims("c", NOW - 1)), &policy, now);
            assert_eq!(refused, Err(Error::Revoked));
        }
        assert!(has_keys(&keys, "b", "ba"));
        assert_eq!(install_signed_by(&mut keys, &signed_set(other, &set_claims("c", NOW)), &policy, now()), Ok(NOW));
        assert!(has_keys(&keys, "c", "c"));
    }
}

#[test]
fn key_set_and_other_tokens_are_not_interchangeable() {
    let mut keys = rotated::<2>(&["a", "b"]);
    let mut all = claims();
    all.as_object_mut().unwrap().append(set_claims("c", NOW).as_object_mut().unwrap());
    for root in ALGS {
        for typ in [json!("at+jwt"), json!("JWT"), json!("jwk-set"), json!("jwk-set+json"), json!(""), Value::Null] {
            let header = with(root.header(), "typ", typ);
            let text = root.mint(header.to_string(), all.to_string());
            assert_eq!(install_signed(&mut keys, &text, NOW - 1), Err(Error::WrongType), "{header}");
        }
        let text = signed_set(root, &all);
        let refused = validate_access_token(&text, &AccessTokenPolicy::untyped(AUDIENCE), NOW, |_| ());
        assert_eq!(refused, Err(Error::WrongType));
        let id_policy = IdTokenPolicy::new(AUDIENCE);
        let refused = testkit::verify(&text, |verified| verified.into_id_token(&id_policy, now()).map(drop));
        assert_eq!(refused, Err(Error::WrongType));
    }
    assert!(has_keys(&keys, "b", "ba"));
}

/// After such a set, every later one would be refused as a rollback.
#[test]
fn signed_set_from_the_future_is_refused() {
    let mut keys = rotated::<4>(&["a"]);
    for (iat, expected) in
        [(NOW + 60, Ok(NOW + 60)), (NOW + 61, Err(Error::NotYetValid)), (1000 * NOW, Err(Error::NotYetValid))]
    {
        assert_eq!(install_signed(&mut keys, &signed_set(Alg::EdDsa, &set_claims("c", iat)), NOW), expected, "{iat}");
    }
}

/// Otherwise the issuer's next key would find no free slot.
#[test]
fn expired_keys_are_evicted_by_the_next_rotation() {
    let mut keys = KeySet::<2>::from_jwks(&mut jwks("a")).unwrap();
    keys.rotate_from_jwks(&mut jwks("ab"), at(UNTIL), now()).unwrap();
    keys.rotate_from_jwks(&mut jwks("b"), at(UNTIL), now()).unwrap();
    assert!(has_keys(&keys, "b", "ba"));
    assert_eq!(keys.rotate_from_jwks(&mut jwks("bc"), at(UNTIL + 300), at(UNTIL - 1)), Err(Error::TooManyKeys));
    assert_eq!(keys.rotate_from_jwks(&mut jwks("bc"), at(UNTIL + 300), at(UNTIL)), Ok(()));
    assert!(has_keys(&keys, "bc", "bc"));
}

#[test]
fn only_errors_about_keys_suggest_a_key_refresh() {
    let mut variants = BTreeSet::new();
    for error in errors::all() {
        variants.insert(usize::from(error.code() >> 8));
        let is_stale = {
            use Error::*;
            matches!(error, UnknownKey | AmbiguousKey | InvalidKey | InvalidSignature)
        };
        assert_eq!(error.suggests_key_refresh(), is_stale, "{error:?}");
    }
    assert!(variants.into_iter().eq(1..=44));
}

#[test]
fn token_of_a_new_key_suggests_a_key_refresh() {
    let mut keys = rotated::<4>(&["a"]);
    let refused = verify(&token('b'), &keys).unwrap_err();
    assert!(refused.suggests_key_refresh());
    keys.rotate_from_jwks(&mut jwks("b"), at(UNTIL), FIRST).unwrap();
    assert_eq!(verify(&token('b'), &keys_at(&keys, now())), Ok(()));

    // A key that is no point of its curve, which the issuer has replaced.
    let mut no_point = [0; 32];
    no_point[0] = 2;
    let broken = with(jwk('a'), "x", json!(base64url(&no_point)));
    let mut keys = KeySet::<4>::from_jwks(&mut jwks_of(&[broken])).unwrap();
    assert_eq!(verify(&token('a'), &keys), Err(OFF_CURVE));
    assert!(verify(&token('a'), &keys).unwrap_err().suggests_key_refresh());
    keys.rotate_from_jwks(&mut jwks("a"), at(UNTIL), FIRST).unwrap();
    assert_eq!(verify(&token('a'), &keys_at(&keys, now())), Ok(()));

    // A new key with an old `kid`.
    let mut keys = KeySet::<4>::from_jwks(&mut jwks_of(&[with(jwk('x'), "kid", json!("a"))])).unwrap();
    assert!(verify(&token('a'), &keys).unwrap_err().suggests_key_refresh());
    keys.rotate_from_jwks(&mut jwks("a"), at(UNTIL), FIRST).unwrap();
    assert_eq!(verify(&token('a'), &keys), Ok(()));
}
