//! Which keys of a JWK Set are accepted.

use embedded_jwt::{Algorithm, Error, KeySet, MAX_KEY_SET_LEN, Part};
use serde_json::{Value, json};

fn es256_jwk() -> Value {
    // The key of RFC 7515 appendix A.3.1.
    json!({
        "kty": "EC", "crv": "P-256", "kid": "e",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

fn eddsa_jwk() -> Value {
    // The key of RFC 8037 appendix A.2.
    json!({"kty": "OKP", "crv": "Ed25519", "kid": "d", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
}

fn with(mut jwk: Value, name: &str, value: Value) -> Value {
    jwk[name] = value;
    jwk
}

fn without(mut jwk: Value, name: &str) -> Value {
    jwk.as_object_mut().unwrap().remove(name);
    jwk
}

fn read<const N: usize>(keys: &[Value]) -> Result<KeySet<N>, Error> {
    KeySet::from_jwks(json!({ "keys": keys }).to_string().into_bytes().as_mut_slice())
}

#[test]
fn keys_of_both_algorithms_are_read() {
    let keys = read::<2>(&[es256_jwk(), eddsa_jwk()]).unwrap();
    assert_eq!(keys.skipped(), 0);
    assert_eq!(keys.iter().map(|key| key.algorithm()).collect::<Vec<_>>(), [Algorithm::Es256, Algorithm::EdDsa]);
    assert_eq!(keys.iter().map(|key| key.kid().unwrap()).collect::<Vec<_>>(), [b"e", b"d"]);
    assert_eq!(keys[0].public_key()[..4], [127, 205, 206, 39]);
    assert_eq!(keys[0].public_key()[32..36], [199, 241, 68, 205]);
    assert_eq!(keys[1].public_key()[..4], [0xd7, 0x5a, 0x98, 0x01]);
}

fn usable(jwk: Value) -> bool {
    let keys = read::<2>(std::slice::from_ref(&jwk)).unwrap();
    assert_eq!(keys.len() + keys.skipped(), 1, "{jwk}");
    keys.len() == 1
}

#[test]
fn keys_that_may_verify_are_accepted() {
    for jwk in [es256_jwk(), eddsa_jwk()] {
        for good in [
            with(jwk.clone(), "use", json!("sig")),
            with(jwk.clone(), "key_ops", json!(["verify"])),
            with(jwk.clone(), "key_ops", json!(["sign", "verify"])),
            with(with(jwk.clone(), "key_ops", json!(["verify"])), "use", json!("sig")),
            with(jwk.clone(), "kid", json!("")),
            with(jwk.clone(), "kid", json!("k".repeat(96))),
            with(jwk.clone(), "kid", json!("\\".repeat(96))),
            with(jwk.clone(), "x5c", json!(["MIIB"])),
            without(jwk.clone(), "kid"),
        ] {
            assert!(usable(good.clone()), "{good}");
        }
    }
    assert!(usable(with(es256_jwk(), "alg", json!("ES256"))));
    assert!(usable(with(eddsa_jwk(), "alg", json!("EdDSA"))));
    assert!(usable(with(eddsa_jwk(), "alg", json!("Ed25519"))));
}

#[test]
fn keys_that_may_not_verify_are_skipped() {
    for jwk in [es256_jwk(), eddsa_jwk()] {
        for bad in [
            with(jwk.clone(), "use", json!("enc")),
            with(jwk.clone(), "use", json!("SIG")),
            with(jwk.clone(), "use", json!(null)),
            with(jwk.clone(), "key_ops", json!(["sign"])),
            with(jwk.clone(), "key_ops", json!([])),
            with(jwk.clone(), "key_ops", json!("verify")),
            with(jwk.clone(), "key_ops", json!(["Verify", 1])),
            with(with(jwk.clone(), "key_ops", json!(["verify"])), "use", json!("enc")),
            with(with(jwk.clone(), "key_ops", json!(["sign"])), "use", json!("sig")),
            with(jwk.clone(), "alg", json!("RS256")),
            with(jwk.clone(), "alg", json!("")),
            with(jwk.clone(), "alg", json!(null)),
            with(jwk.clone(), "kid", json!("k".repeat(97))),
            with(jwk.clone(), "kid", json!(1)),
            with(jwk.clone(), "kid", json!(null)),
            with(jwk.clone(), "d", json!("AAAA")),
            with(jwk.clone(), "d", json!(null)),
            with(jwk.clone(), "kty", json!("RSA")),
            with(jwk.clone(), "kty", json!("ec")),
            with(jwk.clone(), "crv", json!("P-384")),
            with(jwk.clone(), "crv", json!("p-256")),
            with(jwk.clone(), "crv", json!("X25519")),
            with(jwk.clone(), "crv", json!("Ed448")),
            with(jwk.clone(), "x", json!("")),
            with(jwk.clone(), "x", json!(null)),
            with(jwk.clone(), "x", json!("AAAA")),
            with(jwk.clone(), "x", json!(format!("{}=", jwk["x"].as_str().unwrap()))),
            with(jwk.clone(), "x", json!("A".repeat(44))),
            without(jwk.clone(), "kty"),
            without(jwk.clone(), "crv"),
            without(jwk.clone(), "x"),
        ] {
            assert!(!usable(bad.clone()), "{bad}");
        }
    }
    assert!(!usable(with(es256_jwk(), "alg", json!("EdDSA"))));
    assert!(!usable(with(eddsa_jwk(), "alg", json!("ES256"))));
    assert!(!usable(without(es256_jwk(), "y")));
    assert!(!usable(with(es256_jwk(), "y", json!("AAAA"))));
    assert!(!usable(with(eddsa_jwk(), "x", json!("A".repeat(43)))), "small order");
    let ones = format!("{}8", "_".repeat(42));
    assert!(!usable(with(es256_jwk(), "x", json!(ones))) && !usable(with(es256_jwk(), "y", json!(ones))), "beyond p");
    for other in [json!(null), json!(1), json!("key"), json!([]), json!({})] {
        assert!(!usable(other.clone()), "{other}");
    }
}

#[test]
fn skipped_keys_take_no_slot() {
    let rsa = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"});
    let keys = read::<1>(&[rsa.clone(), es256_jwk(), rsa.clone(), rsa]).unwrap();
    assert_eq!((keys.len(), keys.skipped()), (1, 3));
    assert_eq!(read::<1>(&[]).unwrap().len(), 0);
    assert_eq!(read::<0>(&[json!({})]).unwrap().skipped(), 1);
}

#[test]
fn more_usable_keys_than_slots_is_an_error() {
    let three = [es256_jwk(), eddsa_jwk(), eddsa_jwk()];
    assert_eq!(read::<3>(&three).unwrap().len(), 3);
    assert_eq!(read::<2>(&three).err(), Some(Error::TooManyKeys));
}

#[test]
fn set_must_be_an_object_with_an_array_of_keys() {
    let malformed = Some(Error::Malformed(Part::KeySet));
    for text in ["", "{", "[]", "null", "{}", "{\"keys\":{}}", "{\"keys\":null}", "{\"Keys\":[]}", "{\"keys\":[]}x"] {
        assert_eq!(KeySet::<1>::from_jwks(&mut text.as_bytes().to_vec()).err(), malformed, "{text}");
    }
    let mut extended = *b"{\"issuer\":\"x\",\"keys\":[ ]}";
    assert_eq!(KeySet::<1>::from_jwks(&mut extended).unwrap().len(), 0);
    let mut twice = *b"{\"keys\":[],\"keys\":[]}";
    assert_eq!(KeySet::<1>::from_jwks(&mut twice).err(), Some(Error::DuplicateName(Part::KeySet)));
    let mut deep = [b'['; 100];
    assert_eq!(KeySet::<1>::from_jwks(&mut deep).err(), Some(Error::TooDeep(Part::KeySet)));
}

#[test]
fn set_longer_than_64_kib_is_refused() {
    let mut longest = br#"{"keys":[]}"#.to_vec();
    longest.resize(MAX_KEY_SET_LEN, b' ');
    let mut too_long = longest.clone();
    too_long.push(b' ');
    assert!(KeySet::<1>::from_jwks(&mut longest).is_ok());
    assert_eq!(KeySet::<1>::from_jwks(&mut too_long).err(), Some(Error::TooLarge(Part::KeySet)));
}

#[test]
fn replacing_takes_all_keys_or_changes_nothing() {
    let mut keys = KeySet::<2>::new();
    assert_eq!((keys.len(), keys.skipped()), (0, 0));
    let text = |keys: &[Value]| json!({ "keys": keys }).to_string().into_bytes();

    keys.replace_from_jwks(&mut text(&[es256_jwk(), json!({})])).unwrap();
    assert_eq!((keys.len(), keys.skipped(), keys[0].algorithm()), (1, 1, Algorithm::Es256));

    let before: Vec<_> = keys.to_vec();
    let three = text(&[eddsa_jwk(), eddsa_jwk(), eddsa_jwk(), json!({}), json!({})]);
    assert_eq!(keys.replace_from_jwks(&mut three.clone()), Err(Error::TooManyKeys));
    assert_eq!(keys.replace_from_jwks(&mut three[..three.len() - 1].to_vec()), Err(Error::Malformed(Part::KeySet)));
    assert_eq!((&*keys, keys.skipped()), (&*before, 1));

    keys.replace_from_jwks(&mut text(&[eddsa_jwk()])).unwrap();
    assert_eq!((keys.len(), keys.skipped(), keys[0].algorithm()), (1, 0, Algorithm::EdDsa));
}

#[test]
fn debug_names_the_keys() {
    let keys = read::<2>(&[eddsa_jwk(), json!({})]).unwrap();
    assert_eq!(format!("{keys:?}"), r#"KeySet { keys: [Key { algorithm: EdDsa, kid: Some("d"), .. }], skipped: 1 }"#);
}
