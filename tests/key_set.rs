//! Which keys of a JWK Set are accepted.

use embedded_jwt::{Algorithm, Error, KeySet, Kid, MAX_KEY_SET_LEN, Part, UnixTime};
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
    assert_eq!(keys.iter().map(|key| key.kid().unwrap()).collect::<Vec<_>>(), [Kid::Whole(b"e"), Kid::Whole(b"d")]);
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
            with(jwk.clone(), "kid", json!("k".repeat(4000))),
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
            with(jwk.clone(), "key_ops", json!(["sign"])),
            with(jwk.clone(), "key_ops", json!("verify")),
            with(jwk.clone(), "key_ops", json!(["Verify", 1])),
            with(with(jwk.clone(), "key_ops", json!(["verify"])), "use", json!("enc")),
            with(with(jwk.clone(), "key_ops", json!(["sign"])), "use", json!("sig")),
            with(jwk.clone(), "alg", json!("RS256")),
            with(jwk.clone(), "alg", json!("")),
            with(jwk.clone(), "use", json!("")),
            with(jwk.clone(), "use", json!(["sig"])),
            with(jwk.clone(), "key_ops", json!({"verify": 1})),
            with(jwk.clone(), "key_ops", json!(false)),
            with(jwk.clone(), "kid", json!(1)),
            with(jwk.clone(), "kid", json!(["d"])),
            with(jwk.clone(), "d", json!("")),
            with(jwk.clone(), "d", json!(1)),
            with(jwk.clone(), "d", json!("AAAA")),
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
            with(jwk.clone(), "kty", json!(null)),
            with(jwk.clone(), "crv", json!(null)),
            without(jwk.clone(), "kty"),
            without(jwk.clone(), "crv"),
            without(jwk.clone(), "x"),
        ] {
            assert!(!usable(bad.clone()), "{bad}");
        }
    }
    assert!(!usable(with(es256_jwk(), "alg", json!("EdDSA"))));
    assert!(!usable(with(eddsa_jwk(), "alg", json!("ES256"))));
    assert!(!usable(without(es256_jwk(), "y")) && !usable(with(es256_jwk(), "y", json!(null))));
    assert!(!usable(with(es256_jwk(), "y", json!("AAAA"))));
    assert!(!usable(with(eddsa_jwk(), "x", json!("A".repeat(43)))), "small order");
    let ones = format!("{}8", "_".repeat(42));
    assert!(!usable(with(es256_jwk(), "x", json!(ones))) && !usable(with(es256_jwk(), "y", json!(ones))), "beyond p");
    for other in [json!(null), json!(1), json!("key"), json!([]), json!({})] {
        assert!(!usable(other.clone()), "{other}");
    }
}

/// .NET serializers write members that they do not have as `null`.
#[test]
fn member_of_null_is_absent() {
    for jwk in [es256_jwk(), eddsa_jwk()] {
        for name in ["use", "key_ops", "alg", "kid", "d", "x5c", "x5t"] {
            let keys = read::<1>(&[with(jwk.clone(), name, json!(null))]).unwrap();
            assert_eq!(*keys, *read::<1>(&[without(jwk.clone(), name)]).unwrap(), "{name}");
            assert_eq!(keys.len(), 1, "{name}");
            assert!(name == "x5c" || name == "x5t" || !usable(with(jwk.clone(), name, json!(0))), "{name}");
        }
        // A string that spells the literal.
        for name in ["use", "alg", "d"] {
            assert!(!usable(with(jwk.clone(), name, json!("null"))), "{name}");
        }
    }
    assert_eq!(KeySet::<1>::from_jwks(&mut br#"{"keys":null}"#.to_vec()).err(), Some(Error::Malformed(Part::KeySet)));
}

#[test]
fn empty_kid_is_none() {
    for jwk in [es256_jwk(), eddsa_jwk()] {
        let keys = read::<2>(&[with(jwk.clone(), "kid", json!("")), without(jwk, "kid")]).unwrap();
        assert_eq!(keys[0].kid(), None);
        assert_eq!(keys[0], keys[1]);
    }
}

#[test]
fn kid_of_any_length_is_kept_unescaped() {
    for kid in ["k".repeat(96), "\\".repeat(96), "k".repeat(97), "\\\u{1}é".repeat(50), "k".repeat(60_000)] {
        let keys = read::<1>(&[with(eddsa_jwk(), "kid", json!(kid))]).unwrap();
        assert_eq!(keys[0], without_kid().with_kid(kid.as_bytes()), "{} bytes", kid.len());
        assert!(keys[0].kid().unwrap().matches(kid.as_bytes()), "{} bytes", kid.len());
        assert_eq!(matches!(keys[0].kid(), Some(Kid::Whole(_))), kid.len() <= 96, "{} bytes", kid.len());
    }
}

fn without_kid() -> embedded_jwt::Key {
    read::<1>(&[without(eddsa_jwk(), "kid")]).unwrap()[0].clone()
}

fn with_operations(jwk: &Value, operations: &[&str]) -> Value {
    with(jwk.clone(), "key_ops", json!(operations))
}

#[test]
fn operations_must_be_different_strings() {
    for jwk in [es256_jwk(), eddsa_jwk(), with(eddsa_jwk(), "use", json!("sig"))] {
        assert!(usable(with_operations(&jwk, &[])), "says nothing");
        assert!(usable(with_operations(&jwk, &["verify", "Verify", "verif", "verify2", "", "\"\\"])));
        for bad in [
            json!(["verify", "verify"]),
            json!(["sign", "verify", "sign"]),
            json!(["verify", "\"\n", "\"\n"]),
            json!(["verify", 0]),
            json!([null, "verify"]),
            json!(["verify", {}]),
            json!(["verify", ["x"]]),
            json!([["verify"]]),
            json!([[]]),
            json!([null]),
        ] {
            assert!(!usable(with(jwk.clone(), "key_ops", bad.clone())), "{bad}");
        }
    }
    // Equal after unescaping.
    let text = |second: &str| {
        let jwk = with_operations(&eddsa_jwk(), &["verify", "?"]).to_string().replace('?', second);
        KeySet::<1>::from_jwks(&mut format!("{{\"keys\":[{jwk}]}}").into_bytes()).unwrap().len()
    };
    assert_eq!((text("\\u0073ign"), text("\\u0076erify")), (1, 0));
}

#[test]
fn at_most_16_operations_are_read() {
    let names: Vec<_> = (0..16).map(|number| format!("operation {number}")).collect();
    let mut operations: Vec<_> = names.iter().map(String::as_str).collect();
    operations[15] = "verify";
    assert!(usable(with_operations(&eddsa_jwk(), &operations)));
    operations.push("one more");
    assert!(!usable(with_operations(&eddsa_jwk(), &operations)));
}

/// RFC 7517 section 4.3: `use` and `key_ops` should not be used together, and must agree if they are.
#[test]
fn encryption_beside_a_use_for_signatures_is_a_contradiction() {
    for jwk in [es256_jwk(), eddsa_jwk()] {
        let for_signatures = with(jwk.clone(), "use", json!("sig"));
        for operation in ["encrypt", "decrypt", "wrapKey", "unwrapKey", "deriveKey", "deriveBits"] {
            for operations in [["verify", operation], [operation, "verify"]] {
                assert!(!usable(with_operations(&for_signatures, &operations)), "{operation}");
                assert!(usable(with_operations(&jwk, &operations)), "{operation}");
                let null_use = with(jwk.clone(), "use", json!(null));
                assert!(usable(with_operations(&null_use, &operations)), "{operation}");
            }
            assert!(!usable(with_operations(&jwk, &[operation])), "{operation}");
        }
        for operation in ["sign", "Encrypt", "encrypt ", "derivekey", "attest", ""] {
            assert!(usable(with_operations(&for_signatures, &["verify", operation])), "{operation}");
            assert!(!usable(with_operations(&for_signatures, &[operation])), "{operation}");
        }
    }
}

/// RFC 8259 section 8.1: some programs write one before a text.
#[test]
fn one_byte_order_mark_before_a_set_is_skipped() {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let set = json!({"keys": [es256_jwk(), eddsa_jwk(), {}]}).to_string().into_bytes();
    let marked = [MARK, &set].concat();
    let expected = KeySet::<2>::from_jwks(&mut set.clone()).unwrap();
    let [mut replaced, mut rotated] = [KeySet::<2>::new(), KeySet::new()];
    replaced.replace_from_jwks(&mut marked.clone()).unwrap();
    rotated
        .rotate_from_jwks(&mut marked.clone(), UnixTime::from_secs(1_768_478_460), UnixTime::from_secs(1_768_478_400))
        .unwrap();
    for keys in [KeySet::from_jwks(&mut marked.clone()).unwrap(), replaced, rotated] {
        assert_eq!((&*keys, keys.skipped()), (&*expected, 1));
    }

    for bad in [
        [MARK, &marked].concat(),
        [&set[..], MARK].concat(),
        [b" ", &marked[..]].concat(),
        [&MARK[..2], &set].concat(),
        [&MARK[1..], &set].concat(),
        [&b"\xff\xfe"[..], &set].concat(),
        MARK.to_vec(),
    ] {
        let refused = KeySet::<2>::from_jwks(&mut bad.clone()).err();
        assert_eq!(refused, Some(Error::Malformed(Part::KeySet)), "{}", String::from_utf8_lossy(&bad));
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
