//! How the keys of an issuer change, and how they do not.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::collections::BTreeSet;

use ed25519_dalek::{Signer as _, SigningKey};
use embedded_jwt::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::*;

/// The moment until which keys that go stay.
const UNTIL: i64 = NOW + 300;

/// Before any key's time is over.
const FIRST: UnixTime = UnixTime::from_secs(i64::MIN);

fn at(secs: i64) -> UnixTime {
    UnixTime::from_secs(secs)
}

/// TEST KEYS of Ed25519, one for each letter, which is the `kid` too.
fn secret(letter: char) -> SigningKey {
    SigningKey::from_bytes(&[letter as u8; 32])
}

fn jwk(letter: char) -> Value {
    let x = base64url(secret(letter).verifying_key().as_bytes());
    json!({"kty": "OKP", "crv": "Ed25519", "kid": letter, "x": x})
}

/// The JWK Set of the keys of these letters.
fn jwks(letters: &str) -> Vec<u8> {
    text_of(&letters.chars().map(jwk).collect::<Vec<_>>())
}

fn text_of(keys: &[Value]) -> Vec<u8> {
    json!({ "keys": keys }).to_string().into_bytes()
}

fn letters(keys: &[Key]) -> String {
    keys.iter().map(|key| str::from_utf8(key.kid().unwrap_or(b"-")).unwrap()).collect()
}

/// The current keys, and those that are good before [`UNTIL`].
fn state<const N: usize>(keys: &KeySet<N>) -> (String, String) {
    (letters(keys), letters(keys.keys_at(at(UNTIL - 1))))
}

fn is<const N: usize>(keys: &KeySet<N>, current: &str, all: &str) -> bool {
    state(keys) == (current.into(), all.into())
}

fn rotated<const N: usize>(sets: &[&str]) -> KeySet<N> {
    let mut keys = KeySet::new();
    for letters in sets {
        keys.rotate_from_jwks(&mut jwks(letters), FIRST, at(UNTIL)).unwrap();
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
fn the_new_keys_come_first_and_the_old_ones_stay_behind_them() {
    assert!(is(&rotated::<2>(&["a"]), "a", "a"), "nothing goes from an empty set");
    assert!(is(&rotated::<2>(&["a", "b"]), "b", "ba"));
    assert!(is(&rotated::<4>(&["ab", "cd"]), "cd", "cdab"));
    assert!(is(&rotated::<3>(&["ab", "bc"]), "bc", "bca"));
    assert!(is(&rotated::<4>(&["abc", "cad"]), "cad", "cadb"), "in the order of the new set");
    assert!(is(&rotated::<2>(&["ab", ""]), "", "ab"), "an issuer without keys");
}

#[test]
fn a_key_that_goes_verifies_before_the_moment_given() {
    let keys = rotated::<2>(&["a", "b"]);
    for now in [1, NOW, UNTIL - 1] {
        assert_eq!(verify(&token('a'), keys.keys_at(at(now))), Ok(()), "{now}");
        assert_eq!(verify(&token('b'), keys.keys_at(at(now))), Ok(()), "{now}");
    }
    for now in [UNTIL, UNTIL + 1, i64::MAX] {
        assert_eq!(verify(&token('a'), keys.keys_at(at(now))), Err(Error::UnknownKey), "{now}");
        assert_eq!(verify(&token('b'), keys.keys_at(at(now))), Ok(()), "{now}");
    }
    // One that the issuer never had, at no time.
    assert_eq!(verify(&token('c'), keys.keys_at(now())), Err(Error::UnknownKey));
}

#[test]
fn the_set_itself_is_the_current_keys() {
    let keys = rotated::<4>(&["ab", "c"]);
    assert_eq!((keys.len(), keys.keys_at(now()).len()), (1, 3));
    assert_eq!(letters(&keys), "c");
    assert_eq!(verify(&token('a'), &keys), Err(Error::UnknownKey));
    assert_eq!(verify(&token('c'), &keys), Ok(()));
    let copy = keys.clone();
    assert_eq!(state(&copy), state(&keys));
    assert_eq!(format!("{keys:?}"), r#"KeySet { keys: [Key { algorithm: EdDsa, kid: Some("c"), .. }], skipped: 0 }"#);
}

#[test]
fn what_cannot_be_used_is_counted_and_takes_no_place() {
    let mut keys = rotated::<2>(&["a"]);
    let rsa = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"});
    let mut text = text_of(&[rsa.clone(), jwk('b'), rsa, json!(1)]);
    keys.rotate_from_jwks(&mut text, FIRST, at(UNTIL)).unwrap();
    assert!(is(&keys, "b", "ba"));
    assert_eq!(keys.skipped(), 3);
    keys.rotate_from_jwks(&mut jwks("b"), FIRST, at(UNTIL)).unwrap();
    assert_eq!(keys.skipped(), 0);
}

#[test]
fn a_second_rotation_ends_the_first() {
    assert!(is(&rotated::<3>(&["a", "b", "c"]), "c", "cb"));
    assert!(is(&rotated::<2>(&["a", "b", "c", "d"]), "d", "dc"), "a place is free again");
    let mut keys = rotated::<2>(&["a", "b"]);
    keys.rotate_from_jwks(&mut jwks("c"), FIRST, at(NOW + 10)).unwrap();
    assert_eq!(letters(keys.keys_at(at(NOW + 9))), "cb");
    assert_eq!(letters(keys.keys_at(at(NOW + 10))), "c");
}

#[test]
fn a_set_that_lacks_nothing_ends_nothing() {
    for later in [at(0), at(NOW + 1), at(UNTIL + 300), at(i64::MAX)] {
        let mut keys = rotated::<4>(&["ab", "bc"]);
        for set in ["bc", "cb", "bc", "bcd"] {
            keys.rotate_from_jwks(&mut jwks(set), FIRST, later).unwrap();
            assert_eq!(letters(&keys), set);
            assert_eq!(letters(keys.keys_at(at(UNTIL - 1))), format!("{set}a"), "still there");
            assert_eq!(letters(keys.keys_at(at(UNTIL))), set, "and no longer than it was");
        }
    }
}

#[test]
fn a_key_that_returns_is_there_once() {
    assert!(is(&rotated::<2>(&["a", "b", "a"]), "a", "ab"));
    assert!(is(&rotated::<2>(&["a", "b", "ab"]), "ab", "ab"), "beside the other, it needs no other place");
    assert!(is(&rotated::<3>(&["a", "b", "ca"]), "ca", "cab"));
    // A key that is the same in all but its name is another.
    let mut keys = rotated::<2>(&["a"]);
    keys.rotate_from_jwks(&mut text_of(&[with(jwk('a'), "kid", json!("b"))]), FIRST, at(UNTIL)).unwrap();
    assert!(is(&keys, "b", "ba"));
}

#[test]
fn a_key_whose_name_is_given_to_another_goes_at_once() {
    let renamed = with(jwk('x'), "kid", json!("a"));
    let mut keys = rotated::<4>(&["ab"]);
    keys.rotate_from_jwks(&mut text_of(&[renamed.clone(), jwk('c')]), FIRST, at(UNTIL)).unwrap();
    assert!(is(&keys, "ac", "acb"));
    assert_eq!(verify(&token('a'), keys.keys_at(now())), Err(Error::InvalidSignature), "by the old one");
    assert_eq!(verify(&token('b'), keys.keys_at(now())), Ok(()));

    // One that has gone before, too.
    let mut keys = rotated::<4>(&["a", "b"]);
    keys.rotate_from_jwks(&mut text_of(&[jwk('b'), renamed]), FIRST, at(UNTIL)).unwrap();
    assert!(is(&keys, "ba", "ba"));

    // Names are those of an algorithm's keys.
    let mut keys = rotated::<4>(&["a"]);
    keys.rotate_from_jwks(&mut text_of(&[with(Alg::Es256.jwk(), "kid", json!("a"))]), FIRST, at(UNTIL)).unwrap();
    assert!(is(&keys, "a", "aa"));
    assert_eq!(verify(&token('a'), keys.keys_at(now())), Ok(()));
}

#[test]
fn a_key_without_a_name_goes_at_once_if_another_has_none() {
    let nameless = |letter| with(jwk(letter), "kid", Value::Null);
    let mut keys = KeySet::<4>::from_jwks(&mut text_of(&[nameless('a')])).unwrap();
    keys.rotate_from_jwks(&mut text_of(&[nameless('b')]), FIRST, at(UNTIL)).unwrap();
    assert!(is(&keys, "-", "-"));
    assert_eq!(keys[0].public_key(), secret('b').verifying_key().as_bytes());
    // It stays behind those that have one.
    keys.rotate_from_jwks(&mut jwks("c"), FIRST, at(UNTIL)).unwrap();
    assert!(is(&keys, "c", "c-"));
    keys.rotate_from_jwks(&mut text_of(&[jwk('c'), nameless('d')]), FIRST, at(UNTIL)).unwrap();
    assert!(is(&keys, "c-", "c-"));
    assert_eq!(keys.keys_at(now())[1].public_key(), secret('d').verifying_key().as_bytes());
}

#[test]
fn keys_that_stay_take_places() {
    let mut keys = rotated::<3>(&["ab"]);
    keys.rotate_from_jwks(&mut jwks("bc"), FIRST, at(UNTIL)).unwrap();
    assert!(is(&keys, "bc", "bca"), "exactly as many as there are places");
    for too_many in ["bcd", "abcd", "de", "bde", "bcdefgh"] {
        let later = at(UNTIL + 300);
        assert_eq!(keys.rotate_from_jwks(&mut jwks(too_many), FIRST, later), Err(Error::TooManyKeys), "{too_many}");
        assert!(is(&keys, "bc", "bca"), "{too_many}");
        assert_eq!(letters(keys.keys_at(at(UNTIL))), "bc", "{too_many}");
        assert_eq!(keys.skipped(), 0);
    }
    // Without them, it fits.
    keys.replace_from_jwks(&mut jwks("bcd")).unwrap();
    assert!(is(&keys, "bcd", "bcd"));
    assert_eq!(KeySet::<0>::new().rotate_from_jwks(&mut jwks("a"), FIRST, at(UNTIL)), Err(Error::TooManyKeys));
    assert_eq!(KeySet::<0>::new().rotate_from_jwks(&mut jwks(""), FIRST, at(UNTIL)), Ok(()));
}

#[test]
fn a_set_that_cannot_be_read_changes_nothing() {
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
        assert_eq!(keys.rotate_from_jwks(&mut text.clone(), FIRST, later), Err(error), "{shown}");
        assert_eq!(keys.replace_from_jwks(&mut text.clone()), Err(error), "{shown}");
        assert!(is(&keys, "bc", "bca"), "{shown}");
        assert_eq!(letters(keys.keys_at(at(UNTIL))), "bc", "{shown}");
    }
}

#[test]
fn replacing_leaves_nothing_behind() {
    let mut keys = rotated::<4>(&["ab", "c"]);
    keys.replace_from_jwks(&mut jwks("d")).unwrap();
    assert!(is(&keys, "d", "d"));
    // Nor does what stayed before come back.
    keys.rotate_from_jwks(&mut jwks("de"), FIRST, at(UNTIL + 300)).unwrap();
    assert!(is(&keys, "de", "de"));
    keys.rotate_from_jwks(&mut jwks("e"), FIRST, at(NOW)).unwrap();
    assert_eq!(letters(keys.keys_at(at(NOW - 1))), "ed");
    assert_eq!(letters(keys.keys_at(at(NOW))), "e");
}

#[test]
fn a_moment_that_has_passed_keeps_nothing() {
    for until in [i64::MIN, -1, 0, 1, NOW - 1, NOW] {
        let mut keys = rotated::<2>(&["a"]);
        keys.rotate_from_jwks(&mut jwks("b"), FIRST, at(until)).unwrap();
        assert_eq!(letters(keys.keys_at(now())), "b", "{until}");
        assert_eq!(letters(keys.keys_at(at(i64::MAX))), "b", "{until}");
    }
    let mut keys = rotated::<2>(&["a"]);
    keys.rotate_from_jwks(&mut jwks("b"), FIRST, at(i64::MAX)).unwrap();
    assert_eq!(letters(keys.keys_at(at(i64::MAX - 1))), "ba");
    for set in [KeySet::<2>::new(), KeySet::default()] {
        assert!(set.is_empty() && [i64::MIN, 0, NOW].iter().all(|secs| set.keys_at(at(*secs)).is_empty()));
    }
}

/// The documented rules, written down once more.
#[derive(Debug, Default)]
struct Model {
    current: Vec<Key>,
    retired: Vec<Key>,
    until: i64,
}

impl Model {
    fn rotate(&mut self, new: &[Key], until: i64, places: usize) -> Result<(), Error> {
        let goes = |key: &&Key| !new.contains(key);
        let has_a_namesake = |key: &Key| new.iter().any(|n| (n.algorithm(), n.kid()) == (key.algorithm(), key.kid()));
        let retires = self.current.iter().any(|key| goes(&key));
        let mut retired = if retires { self.current.clone() } else { self.retired.clone() };
        retired.retain(|key| !has_a_namesake(key));
        if new.len() + retired.len() > places {
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
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// With keys that share a name, that have none, and of both algorithms.
    #[test]
    fn any_sequence_of_rotations_follows_the_rules(
        steps in prop::collection::vec((prop::sample::subsequence((0..8).collect::<Vec<_>>(), 0..5), 1..20_i64), 1..12),
    ) {
        let universe: [Value; 8] = std::array::from_fn(|place| match place {
            0..4 => jwk(['a', 'b', 'c', 'd'][place]),
            4 => with(jwk('x'), "kid", json!("a")),
            5 => with(Alg::Es256.jwk(), "kid", json!("a")),
            _ => with(jwk(['y', 'z'][place - 6]), "kid", Value::Null),
        });
        let (mut keys, mut model) = (KeySet::<5>::new(), Model::default());
        for (places, until) in steps {
            let text = text_of(&places.iter().map(|place| universe[*place].clone()).collect::<Vec<_>>());
            let new = KeySet::<8>::from_jwks(&mut text.clone()).unwrap();
            let expected = model.rotate(&new, until, 5);
            prop_assert_eq!(keys.rotate_from_jwks(&mut text.clone(), FIRST, at(until)), expected);
            prop_assert_eq!(&*keys, &*model.current);
            for now in 0..=20 {
                prop_assert_eq!(keys.keys_at(at(now)), &*model.at(now));
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

/// Takes a signed key set of this text under the pinned roots.
fn take<const N: usize>(keys: &mut KeySet<N>, text: &str, newest: i64) -> Result<i64, Error> {
    let (roots, mut buf) = (testkit::keys(), [0; 2048]);
    let verified = Token::parse(text)?.verify(&issuer(&roots), &mut buf)?;
    keys.replace_from_signed(verified, at(newest), now()).map(UnixTime::as_secs)
}

#[test]
fn a_signed_set_replaces_the_keys() {
    for root in ALGS {
        let mut keys = rotated::<4>(&["ab", "c"]);
        let mut claims = set_claims("de", NOW - 10);
        claims["keys"].as_array_mut().unwrap().push(json!({"kty": "RSA"}));
        assert_eq!(take(&mut keys, &signed_set(root, &claims), NOW - 3600), Ok(NOW - 10));
        assert!(is(&keys, "de", "de"), "what stayed before goes");
        assert_eq!(keys.skipped(), 1);
        assert_eq!(verify(&token('d'), &keys), Ok(()));
        assert_eq!(take(&mut keys, &signed_set(root, &set_claims("", NOW)), NOW - 10), Ok(NOW));
        assert!(is(&keys, "", ""));
    }
}

#[test]
fn an_older_set_is_never_brought_back() {
    let mut keys = rotated::<4>(&["ab", "c"]);
    for iat in [NOW - 11, 0, -1, -i64::MAX] {
        let text = signed_set(Alg::EdDsa, &set_claims("d", iat));
        assert_eq!(take(&mut keys, &text, NOW - 10), Err(Error::RolledBack), "{iat}");
        assert!(is(&keys, "c", "cab"), "{iat}");
    }
    // The same once more, and a newer one.
    for iat in [NOW - 10, NOW - 9] {
        let text = signed_set(Alg::EdDsa, &set_claims("d", iat));
        assert_eq!(take(&mut keys, &text, NOW - 10), Ok(iat));
        assert!(is(&keys, "d", "d"));
    }
    // In whole seconds, rounded down.
    for (iat, expected) in [("10.9", Ok(10)), ("9.9", Err(Error::RolledBack))] {
        let claims = with(set_claims("e", 0), "iat", serde_json::from_str(iat).unwrap());
        assert_eq!(take(&mut keys, &signed_set(Alg::EdDsa, &claims), 10), expected, "{iat}");
    }
    // What is returned is what the next one is held against.
    let newest = take(&mut keys, &signed_set(Alg::Es256, &set_claims("f", NOW)), NOW).unwrap();
    let older = signed_set(Alg::Es256, &set_claims("a", NOW - 1));
    assert_eq!(take(&mut keys, &older, newest), Err(Error::RolledBack));
    assert!(is(&keys, "f", "f"));
}

#[test]
fn a_signed_set_has_a_time_and_keys() {
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
        // The first failure ends it.
        (json!({"iss": ISSUER}), Error::Missing(Claim::IssuedAt)),
        (json!({"iss": ISSUER, "iat": NOW - 1}), Error::RolledBack),
        (set_claims("cde", NOW - 1), Error::RolledBack),
    ];
    for root in ALGS {
        for (claims, error) in &bad {
            assert_eq!(take(&mut keys, &signed_set(root, claims), NOW), Err(*error), "{claims}");
            assert!(is(&keys, "b", "ba"), "{claims}");
        }
    }
}

#[test]
fn a_set_is_signed_by_the_pinned_root() {
    let mut keys = rotated::<2>(&["a", "b"]);
    let claims = set_claims("c", NOW);
    for (root, other) in [(Alg::Es256, Alg::EdDsa), (Alg::EdDsa, Alg::Es256)] {
        let header = with(root.header(), "typ", json!("jwk-set+jwt"));
        assert_eq!(take(&mut keys, &root.mint(header.to_string(), claims.to_string()), NOW - 1), Ok(NOW));
        keys = rotated(&["a", "b"]);
        let forged = other.mint(header.to_string(), claims.to_string());
        assert_eq!(take(&mut keys, &forged, NOW - 1), Err(Error::InvalidSignature));
        // A key that it brings along, or that was taken before, is no root.
        let own = with(with(header.clone(), "jwk", jwk('a')), "kid", json!("a"));
        assert_eq!(take(&mut keys, &root.mint(own.to_string(), claims.to_string()), NOW - 1), Err(Error::UnknownKey));
        let none = with(header, "alg", json!("none"));
        let unsigned =
            format!("{}.{}.", base64url(none.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
        assert_eq!(take(&mut keys, &unsigned, NOW - 1), Err(Error::UnsupportedAlgorithm));
        let of_another = signed_set(root, &with(claims.clone(), "iss", json!("https://attacker.example")));
        assert_eq!(take(&mut keys, &of_another, NOW - 1), Err(Error::Mismatch(Claim::Issuer)));
        let for_somebody = signed_set(root, &with(claims.clone(), "aud", json!(AUDIENCE)));
        assert_eq!(take(&mut keys, &for_somebody, NOW - 1), Err(Error::Mismatch(Claim::Audience)));
        let expired = signed_set(root, &with(claims.clone(), "exp", json!(NOW - 60)));
        assert_eq!(take(&mut keys, &expired, NOW - 1), Err(Error::Expired));
        assert!(is(&keys, "b", "ba"));
    }
}

#[test]
fn no_other_token_is_a_key_set_and_no_key_set_another_token() {
    let mut keys = rotated::<2>(&["a", "b"]);
    let mut all = claims();
    all.as_object_mut().unwrap().append(set_claims("c", NOW).as_object_mut().unwrap());
    let roots = testkit::keys();
    for root in ALGS {
        for typ in [json!("at+jwt"), json!("JWT"), json!("jwk-set"), json!("jwk-set+json"), json!(""), Value::Null] {
            let header = with(root.header(), "typ", typ);
            let text = root.mint(header.to_string(), all.to_string());
            assert_eq!(take(&mut keys, &text, NOW - 1), Err(Error::WrongType), "{header}");
        }
        let text = signed_set(root, &all);
        let mut buf = [0; 1024];
        let verified = Token::parse(&text).unwrap().verify(&issuer(&roots), &mut buf).unwrap();
        let refused = verified.into_access_token(&AccessTokenPolicy::untyped(AUDIENCE), now());
        assert_eq!(refused.err(), Some(Error::WrongType));
        let verified = Token::parse(&text).unwrap().verify(&issuer(&roots), &mut buf).unwrap();
        assert_eq!(verified.into_id_token(&IdTokenPolicy::new(AUDIENCE), now()).err(), Some(Error::WrongType));
    }
    assert!(is(&keys, "b", "ba"));
}

/// It would roll back every later set for good.
#[test]
fn a_signed_set_is_not_from_the_future() {
    let mut keys = rotated::<4>(&["a"]);
    for (iat, expected) in
        [(NOW + 60, Ok(NOW + 60)), (NOW + 61, Err(Error::NotYetValid)), (1000 * NOW, Err(Error::NotYetValid))]
    {
        assert_eq!(take(&mut keys, &signed_set(Alg::EdDsa, &set_claims("c", iat)), NOW), expected, "{iat}");
    }
}

/// Else an issuer's next key would find no place.
#[test]
fn keys_whose_time_is_over_go_with_the_next_rotation() {
    let mut keys = KeySet::<2>::from_jwks(&mut jwks("a")).unwrap();
    keys.rotate_from_jwks(&mut jwks("ab"), now(), at(UNTIL)).unwrap();
    keys.rotate_from_jwks(&mut jwks("b"), now(), at(UNTIL)).unwrap();
    assert!(is(&keys, "b", "ba"));
    assert_eq!(keys.rotate_from_jwks(&mut jwks("bc"), at(UNTIL - 1), at(UNTIL + 300)), Err(Error::TooManyKeys));
    assert_eq!(keys.rotate_from_jwks(&mut jwks("bc"), at(UNTIL), at(UNTIL + 300)), Ok(()));
    assert!(is(&keys, "bc", "bc"));
}

#[test]
fn keys_are_stale_when_none_fits_or_the_signature_does_not_hold() {
    let mut variants = BTreeSet::new();
    for error in errors::all() {
        variants.insert(usize::from(error.code() >> 8));
        let is_stale = matches!(error, Error::UnknownKey | Error::InvalidSignature);
        assert_eq!(error.suggests_key_refresh(), is_stale, "{error:?}");
    }
    assert!(variants.into_iter().eq(1..=37));
}

#[test]
fn a_token_of_a_new_key_asks_for_newer_keys() {
    let mut keys = rotated::<4>(&["a"]);
    let refused = verify(&token('b'), &keys).unwrap_err();
    assert!(refused.suggests_key_refresh());
    keys.rotate_from_jwks(&mut jwks("b"), FIRST, at(UNTIL)).unwrap();
    assert_eq!(verify(&token('b'), keys.keys_at(now())), Ok(()));

    // A new key under an old name.
    let mut keys = KeySet::<4>::from_jwks(&mut text_of(&[with(jwk('x'), "kid", json!("a"))])).unwrap();
    assert!(verify(&token('a'), &keys).unwrap_err().suggests_key_refresh());
    keys.rotate_from_jwks(&mut jwks("a"), FIRST, at(UNTIL)).unwrap();
    assert_eq!(verify(&token('a'), keys.keys_at(now())), Ok(()));
}
