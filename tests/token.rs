//! The rules for the compact form, the header, keys and issuers.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use embedded_jwt::*;
use serde_json::{Value, json};
use testkit::{EdDsa, Es256, *};

fn verify_with(text: &str, issuer: &Issuer<'_>) -> Result<(), Error> {
    Token::parse(text)?.verify(issuer, &mut [0; 4096]).map(|_| ())
}

fn verify(text: &str) -> Result<(), Error> {
    verify_with(text, &issuer(&keys()))
}

fn verify_header(alg: Alg, header: impl AsRef<[u8]>) -> Result<(), Error> {
    verify(&alg.mint(header, claims().to_string()))
}

/// A key that belongs to no issuer.
fn stranger() -> Key {
    let secret = ed25519_dalek::SigningKey::from_bytes(b"embedded-jwt strange test key...");
    Key::ed25519(secret.verifying_key().as_bytes())
}

fn header_with(alg: Alg, name: &str, value: Value) -> String {
    let mut header = alg.header();
    header[name] = value;
    header.to_string()
}

fn header_without(alg: Alg, name: &str) -> String {
    let mut header = alg.header();
    header.as_object_mut().unwrap().remove(name);
    header.to_string()
}

#[test]
fn parse_requires_three_segments() {
    for text in ["e30.e30.", "e30.e30.AA", "!.?.#"] {
        assert!(Token::parse(text).is_ok(), "{text}");
        assert!(Token::parse(text.as_bytes()).is_ok(), "{text}");
    }
    for text in ["", ".", "..", "...", "e30", "e30.e30", ".e30.AA", "e30..AA", "e30.e30.AA.", "a.b.c.d", "a.b.c.d.e"] {
        assert_eq!(Token::parse(text).err(), Some(Error::Malformed(Part::Token)), "{text}");
    }
}

#[test]
fn parse_accepts_tokens_up_to_the_longest() {
    let text = |len: usize| format!("e30.{}.AA", "A".repeat(len - 7));
    assert!(Token::parse(&text(MAX_TOKEN_LEN)).is_ok());
    assert_eq!(Token::parse(&text(MAX_TOKEN_LEN + 1)).err(), Some(Error::TooLarge(Part::Token)));
    assert_eq!(Token::parse(&".".repeat(MAX_TOKEN_LEN)).err(), Some(Error::Malformed(Part::Token)));
}

#[test]
fn foreign_bytes_are_refused_in_each_segment() {
    for alg in ALGS {
        let text = alg.access_token(&claims());
        assert_eq!(verify(&text), Ok(()));
        for foreign in ["=", "==", "\n", " ", "+", "/", "%3D", "\0", "é", "\""] {
            let segments: Vec<&str> = text.split('.').collect();
            let (header, payload, signature) = (segments[0], segments[1], segments[2]);
            let damaged = format!("{header}{foreign}.{payload}.{signature}");
            assert_eq!(verify(&damaged), Err(Error::Malformed(Part::Header)), "{foreign:?}");
            // The signature is over the damaged text, so that only the payload is wrong.
            let signing_input = format!("{header}.{payload}{foreign}");
            let damaged = format!("{signing_input}.{}", base64url(&alg.sign(signing_input.as_bytes())));
            assert_eq!(verify(&damaged), Err(Error::Malformed(Part::Payload)), "{foreign:?}");
            let damaged = format!("{header}.{payload}.{foreign}{}", &signature[foreign.len()..]);
            assert_eq!(verify(&damaged), Err(Error::Malformed(Part::Signature)), "{foreign:?}");
            // The length of the signature makes no difference.
            assert_eq!(verify(&format!("{text}{foreign}")), Err(Error::Malformed(Part::Signature)), "{foreign:?}");
        }
    }
}

#[test]
fn header_must_be_one_json_object() {
    for header in ["1", "[]", "null", "\"a\"", "", " ", "{", "{}{}", "[{\"alg\":\"EdDSA\"}]"] {
        let refused = verify_header(Alg::EdDsa, header);
        let expected = if header.is_empty() { Part::Token } else { Part::Header };
        assert_eq!(refused, Err(Error::Malformed(expected)), "{header:?}");
    }
    let spaced = format!(" \t{}\r\n", Alg::EdDsa.header());
    assert_eq!(verify_header(Alg::EdDsa, spaced), Ok(()));
}

#[test]
fn payload_must_be_one_json_object() {
    for payload in ["1", "[]", "null", "\"a\"", " ", "{", "{}{}", "[{}]", "{\"a\":tru&&&}"] {
        let text = Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), payload);
        assert_eq!(verify(&text), Err(Error::Malformed(Part::Payload)), "{payload:?}");
    }
    let text = Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), "{\"iss\":1,\"iss\":2}");
    assert_eq!(verify(&text), Err(Error::DuplicateName(Part::Payload)));
}

#[test]
fn signature_is_verified_before_the_payload_is_checked() {
    let text = Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), "no JSON");
    let forged = text.replace(".bm8", ".bm9");
    assert_ne!(forged, text);
    assert_eq!(verify(&text), Err(Error::Malformed(Part::Payload)));
    assert_eq!(verify(&forged), Err(Error::InvalidSignature));
}

#[test]
fn header_longer_than_4_kib_is_refused() {
    let header = |len: usize| {
        let header = header_with(Alg::EdDsa, "x", json!(""));
        header.replace("\"x\":\"\"", &format!("\"x\":\"{}\"", "x".repeat(len - header.len())))
    };
    assert_eq!(verify_header(Alg::EdDsa, header(MAX_HEADER_LEN)), Ok(()));
    let too_long = Alg::EdDsa.mint(header(MAX_HEADER_LEN + 1), "{}");
    assert_eq!(Token::parse(&too_long).err(), Some(Error::TooLarge(Part::Header)), "whatever the size of the buffer");
}

#[test]
fn alg_is_compared_byte_for_byte() {
    assert_eq!(verify_header(Alg::EdDsa, header_with(Alg::EdDsa, "alg", json!("Ed25519"))), Ok(()));
    let escaped = Alg::EdDsa.header().to_string().replace("EdDSA", "\\u0045dDSA");
    assert_eq!(verify_header(Alg::EdDsa, escaped), Ok(()));
    let others =
        ["none", "None", "", "HS256", "RS256", "ES384", "ES256K", "Ed448", "es256", "ES256 ", "eddsa", "ES25\"6"];
    for alg in others {
        let refused = verify_header(Alg::EdDsa, header_with(Alg::EdDsa, "alg", json!(alg)));
        assert_eq!(refused, Err(Error::UnsupportedAlgorithm), "{alg}");
    }
}

#[test]
fn header_member_of_the_wrong_type_is_refused() {
    for name in ["alg", "kid", "typ"] {
        for value in [json!(null), json!(1), json!(true), json!([]), json!({}), json!(["EdDSA"])] {
            let refused = verify_header(Alg::EdDsa, header_with(Alg::EdDsa, name, value.clone()));
            assert_eq!(refused, Err(Error::Malformed(Part::Header)), "{name} {value}");
        }
    }
    let refused = verify_header(Alg::EdDsa, header_without(Alg::EdDsa, "alg"));
    assert_eq!(refused, Err(Error::Malformed(Part::Header)));
}

#[test]
fn any_crit_is_refused() {
    for crit in [json!(["exp"]), json!([]), json!(null), json!("b64"), json!(1), json!(["b64"])] {
        let refused = verify_header(Alg::EdDsa, header_with(Alg::EdDsa, "crit", crit.clone()));
        assert_eq!(refused, Err(Error::CriticalHeader), "{crit}");
    }
}

#[test]
fn other_header_members_are_ignored() {
    let own_key = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(&[9; 32])});
    for (name, value) in [
        ("jwk", own_key),
        ("jku", json!("https://evil.example")),
        ("x5u", json!(1)),
        ("x5c", json!([])),
        ("cty", json!("JWT")),
        ("b64", json!(true)),
    ] {
        assert_eq!(verify_header(Alg::EdDsa, header_with(Alg::EdDsa, name, value)), Ok(()), "{name}");
    }
}

#[test]
fn unencoded_payload_is_refused() {
    for b64 in [json!(false), json!(null), json!("true"), json!(1)] {
        let refused = verify_header(Alg::EdDsa, header_with(Alg::EdDsa, "b64", b64.clone()));
        assert_eq!(refused, Err(Error::Malformed(Part::Header)), "{b64}");
    }
}

#[test]
fn key_in_the_header_is_never_used() {
    let evil = ed25519_dalek::SigningKey::from_bytes(b"a key of nobody, for this test..");
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(evil.verifying_key().as_bytes())});
    let header = header_with(Alg::EdDsa, "jwk", jwk);
    let signing_input = format!("{}.{}", base64url(header.as_bytes()), base64url(claims().to_string().as_bytes()));
    let signature = ed25519_dalek::Signer::sign(&evil, signing_input.as_bytes()).to_bytes();
    assert_eq!(verify(&format!("{signing_input}.{}", base64url(&signature))), Err(Error::InvalidSignature));
}

#[test]
fn kid_selects_the_key() {
    let [es256, eddsa] = keys();
    let text = Alg::EdDsa.access_token(&claims());
    let with_keys = |keys: &[Key]| verify_with(&text, &issuer(keys));
    let other = stranger();

    assert_eq!(with_keys(&[other.clone(), eddsa.clone()]), Ok(()));
    assert_eq!(with_keys(&[]), Err(Error::UnknownKey));
    assert_eq!(with_keys(&[es256.clone().with_kid(b"ed-test")]), Err(Error::UnknownKey));
    assert_eq!(with_keys(&[other.clone().with_kid(b"ed-tes")]), Err(Error::UnknownKey));
    assert_eq!(with_keys(&[other.clone().with_kid(b"ED-TEST")]), Err(Error::UnknownKey));
    assert_eq!(with_keys(&[other.clone().with_kid(b"ed-test")]), Err(Error::InvalidSignature));
    assert_eq!(with_keys(&[other.with_kid(b"ed-test"), eddsa.clone()]), Ok(()));
    assert_eq!(with_keys(&[eddsa.clone(), es256.with_kid(b"ed-test")]), Ok(()));
    // A `kid` is a hint: where no key has it, the keys without a `kid` are tried.
    assert_eq!(with_keys(&[Key::ed25519(eddsa.public_key().try_into().unwrap())]), Ok(()));
}

#[test]
fn token_without_kid_uses_the_keys_of_its_algorithm() {
    let [es256, eddsa] = keys();
    let text = Alg::EdDsa.mint(header_without(Alg::EdDsa, "kid"), claims().to_string());
    let with_keys = |keys: &[Key]| verify_with(&text, &issuer(keys));
    assert_eq!(with_keys(&[es256.clone(), eddsa.clone()]), Ok(()));
    assert_eq!(with_keys(&[es256]), Err(Error::UnknownKey));
    assert_eq!(with_keys(&[stranger(), eddsa]), Ok(()));
    assert_eq!(with_keys(&[stranger()]), Err(Error::InvalidSignature));
}

/// A `kid` may be longer than a key keeps whole, up to the limit of the header.
#[test]
fn kid_of_any_length_is_compared_unescaped() {
    let [_, eddsa] = keys();
    for len in [1, MAX_WHOLE_KID_LEN, MAX_WHOLE_KID_LEN + 1, 600] {
        let kid = |len| "\\".repeat(len);
        let keys = [eddsa.clone().with_kid(kid(len).as_bytes())];
        let verify_kid = |kid: &str| {
            let text = Alg::EdDsa.mint(header_with(Alg::EdDsa, "kid", json!(kid)), claims().to_string());
            Token::parse(&text)?.verify(&issuer(&keys), &mut [0; MAX_HEADER_LEN]).map(|_| ())
        };
        assert_eq!(verify_kid(&kid(len)), Ok(()), "{len}");
        for other in [kid(len + 1), "/".repeat(len), format!("{}/", kid(len - 1))] {
            assert_eq!(verify_kid(&other), Err(Error::UnknownKey), "{other}");
        }
    }
}

#[test]
fn algorithms_of_the_issuer_are_the_allow_list() {
    let keys = keys();
    let only_eddsa = Issuer::new(ISSUER, &keys, &[&EdDsa]);
    assert_eq!(verify_with(&Alg::EdDsa.access_token(&claims()), &only_eddsa), Ok(()));
    assert_eq!(verify_with(&Alg::Es256.access_token(&claims()), &only_eddsa), Err(Error::UnsupportedAlgorithm));
    let none = Issuer::new(ISSUER, &keys, &[]);
    assert_eq!(verify_with(&Alg::EdDsa.access_token(&claims()), &none), Err(Error::UnsupportedAlgorithm));
}

#[test]
fn signature_must_have_64_bytes() {
    for alg in ALGS {
        let text = alg.access_token(&claims());
        let (signing_input, signature) = text.rsplit_once('.').unwrap();
        for cut in [0, 1, 2, 40, 84, 85] {
            assert_eq!(
                verify(&format!("{signing_input}.{}", &signature[..cut])),
                Err(Error::InvalidSignature),
                "{cut}"
            );
        }
        assert_eq!(verify(&format!("{text}AA")), Err(Error::InvalidSignature));
        // The last character has four unused bits, which must be zero, so that a signature has one encoding.
        let last = signature.chars().last().unwrap();
        assert!("AQgw".contains(last));
        let respelled = format!("{}{}", &text[..text.len() - 1], char::from(u8::try_from(last).unwrap() + 1));
        assert_eq!(verify(&respelled), Err(Error::Malformed(Part::Signature)));
    }
}

#[test]
fn high_s_is_accepted() {
    let text = Alg::Es256.access_token(&claims());
    let (signing_input, signature) = text.rsplit_once('.').unwrap();
    let signature = <base64ct::Base64UrlUnpadded as base64ct::Encoding>::decode_vec(signature).unwrap();
    let (r, s) = p256::ecdsa::Signature::from_slice(&signature).unwrap().split_scalars();
    let other = p256::ecdsa::Signature::from_scalars(r, -s).unwrap();
    let other = format!("{signing_input}.{}", base64url(&other.to_bytes()));
    assert_ne!(other, text);
    assert_eq!(verify(&other), Ok(()));
}

fn verify_careless(alg: Alg, key: Key, signature: [u8; 64]) -> Result<(), Error> {
    let text = alg.mint(header_without(alg, "kid"), claims().to_string());
    let (signing_input, _) = text.rsplit_once('.').unwrap();
    let backend = AcceptAll(key.algorithm());
    let keys = [key];
    let backends: [&dyn SignatureAlgorithm; 1] = [&backend];
    let issuer = Issuer::new(ISSUER, &keys, &backends);
    verify_with(&format!("{signing_input}.{}", base64url(&signature)), &issuer)
}

fn concat(first: [u8; 32], second: [u8; 32]) -> [u8; 64] {
    [first, second].as_flattened().try_into().unwrap()
}

#[test]
fn backend_never_sees_ecdsa_scalars_out_of_range() {
    let n = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let n_minus_1 = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550");
    let mut one = [0; 32];
    one[31] = 1;
    let verify = |r, s| verify_careless(Alg::Es256, Alg::Es256.key(), concat(r, s));
    for good in [one, n_minus_1] {
        assert_eq!(verify(good, one), Ok(()));
        assert_eq!(verify(one, good), Ok(()));
    }
    for bad in [[0; 32], n, [0xff; 32]] {
        assert_eq!(verify(bad, one), Err(Error::InvalidSignature), "{bad:x?}");
        assert_eq!(verify(one, bad), Err(Error::InvalidSignature), "{bad:x?}");
    }
}

#[test]
fn backend_never_sees_ed25519_points_and_scalars_out_of_range() {
    let l = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let l_minus_1 = hex("ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let point = <[u8; 32]>::try_from(Alg::EdDsa.key().public_key()).unwrap();
    let verify = |a: &[u8; 32], r, s| verify_careless(Alg::EdDsa, Key::ed25519(a), concat(r, s));
    assert_eq!(verify(&point, point, [0; 32]), Ok(()));
    assert_eq!(verify(&point, point, l_minus_1), Ok(()));
    assert_eq!(verify(&point, point, l), Err(Error::InvalidSignature));
    assert_eq!(verify(&point, point, [0xff; 32]), Err(Error::InvalidSignature));
    let p = hex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    let mut small = curve25519_dalek::constants::EIGHT_TORSION.map(|point| point.compress().to_bytes()).to_vec();
    small.push(p);
    for bad in small {
        assert_eq!(verify(&bad, point, [0; 32]), Err(Error::InvalidKey), "{bad:x?}");
        assert_eq!(verify(&point, bad, [0; 32]), Err(Error::InvalidSignature), "{bad:x?}");
    }
}

#[test]
fn key_off_the_curve_is_invalid() {
    let verify = |key: Key| {
        let alg = if key.algorithm() == Algorithm::Es256 { Alg::Es256 } else { Alg::EdDsa };
        let text = alg.mint(header_without(alg, "kid"), claims().to_string());
        verify_with(&text, &issuer(&[key]))
    };
    assert_eq!(verify(Key::es256(&[1; 32], &[1; 32])), Err(OFF_CURVE));
    assert_eq!(verify(Key::es256(&[0xff; 32], &[0xff; 32])), Err(OFF_CURVE));
    assert_eq!(verify(Key::es256(&[0; 32], &[0; 32])), Err(OFF_CURVE));
    // y = 2 has no x.
    let mut y = [0; 32];
    y[0] = 2;
    assert_eq!(verify(Key::ed25519(&y)), Err(OFF_CURVE));
}

#[derive(Debug)]
struct Offline;

impl SignatureAlgorithm for Offline {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDsa
    }

    fn verify(&self, _: &PublicKey<'_>, _: &[u8], _: Signature<'_>) -> Result<(), BackendError> {
        Err(BackendError::Unavailable)
    }
}

#[test]
fn unavailable_backend_is_not_reported_as_a_forgery() {
    let keys = keys();
    let offline = Issuer::new(ISSUER, &keys, &[&Offline]);
    let text = Alg::EdDsa.access_token(&claims());
    assert_eq!(verify_with(&text, &offline), Err(Error::BackendUnavailable));
    // The success of another issuer counts; its failure does not hide the missing answer.
    let other = [stranger().with_kid(b"ed-test")];
    let other = Issuer::new("https://other.example", &other, BOTH);
    let verify_any =
        |issuers: &[&Issuer<'_>]| Token::parse(&text).unwrap().verify_any(issuers, &mut [0; 1024]).map(|_| ());
    assert_eq!(verify_any(&[&offline, &issuer(&keys)]), Ok(()));
    assert_eq!(verify_any(&[&offline, &other]), Err(Error::BackendUnavailable));
    assert_eq!(verify_any(&[&other, &offline]), Err(Error::BackendUnavailable));
    // The key of another issuer may verify the signature: the missing answer is still the error.
    let tenant = Issuer::new("urn:tenant", &keys, BOTH);
    assert_eq!(verify_any(&[&offline, &tenant]), Err(Error::BackendUnavailable));
    assert_eq!(verify_any(&[&tenant, &offline]), Err(Error::BackendUnavailable));
    assert_eq!(verify_any(&[&tenant, &other]), Err(Error::Mismatch(Claim::Issuer)));
}

#[test]
fn backend_refuses_a_key_of_another_algorithm() {
    let [es256, eddsa] = keys();
    assert_eq!(
        Es256.verify(&eddsa, b"", Signature::new(Algorithm::Es256, &[1; 64]).unwrap()),
        Err(BackendError::InvalidKey)
    );
    assert_eq!(
        EdDsa.verify(&es256, b"", Signature::new(Algorithm::EdDsa, &[1; 64]).unwrap()),
        Err(BackendError::InvalidKey)
    );
}

#[test]
fn iss_must_be_exactly_the_name_of_the_issuer() {
    let verify_iss = |iss: Value| verify(&Alg::EdDsa.access_token(&claims_with("iss", iss)));
    assert_eq!(verify_iss(json!(ISSUER)), Ok(()));
    for iss in [
        "https://idp.example.com/",
        "https://idp.example.co",
        "HTTPS://idp.example.com",
        "https://idp.example.com:443",
        "",
    ] {
        assert_eq!(verify_iss(json!(iss)), Err(Error::Mismatch(Claim::Issuer)), "{iss}");
    }
    assert_eq!(verify_iss(Value::Null), Err(Error::Missing(Claim::Issuer)));
    assert_eq!(verify_iss(json!([ISSUER])), Err(Error::Invalid(Claim::Issuer)));
}

#[test]
fn issuer_may_have_any_name_except_an_empty_one() {
    let keys = keys();
    for name in ["a\"b\\c", "urn:é", "😀", "line\nbreak", " "] {
        let issuer = Issuer::new(name, &keys, BOTH);
        assert_eq!(verify_with(&Alg::EdDsa.access_token(&claims_with("iss", json!(name))), &issuer), Ok(()), "{name}");
        assert_eq!(verify_with(&Alg::EdDsa.access_token(&claims()), &issuer), Err(Error::Mismatch(Claim::Issuer)));
    }
    let nameless = Issuer::new("", &keys, BOTH);
    let text = Alg::EdDsa.access_token(&claims_with("iss", json!("")));
    assert_eq!(verify_with(&text, &nameless), Err(Error::Unconfigured(Claim::Issuer)));
}

#[test]
fn key_of_one_issuer_is_never_used_for_another() {
    let [_, ours] = keys();
    let theirs = ed25519_dalek::SigningKey::from_bytes(b"the key of another issuer, test.");
    let (our_keys, their_keys) = ([ours], [Key::ed25519(theirs.verifying_key().as_bytes()).with_kid(b"ed-test")]);
    let their_token = |iss: &str| {
        let payload = claims_with("iss", json!(iss)).to_string();
        let signing_input =
            format!("{}.{}", base64url(Alg::EdDsa.header().to_string().as_bytes()), base64url(payload.as_bytes()));
        let signature = ed25519_dalek::Signer::sign(&theirs, signing_input.as_bytes()).to_bytes();
        format!("{signing_input}.{}", base64url(&signature))
    };
    let our_token = |iss: &str| Alg::EdDsa.access_token(&claims_with("iss", json!(iss)));

    let count = Counting::new(Alg::EdDsa);
    let backend: &[&dyn SignatureAlgorithm] = &[&count];
    let us = Issuer::new(ISSUER, &our_keys, backend);
    let them = Issuer::new("urn:them", &their_keys, backend);
    for issuers in [[&us, &them], [&them, &us]] {
        let verify = |text: &str| Token::parse(text).unwrap().verify_any(&issuers, &mut [0; 1024]).map(|_| ());
        assert_eq!(verify(&our_token(ISSUER)), Ok(()));
        assert_eq!(verify(&their_token("urn:them")), Ok(()));
        assert_eq!(verify(&our_token("urn:them")), Err(Error::Mismatch(Claim::Issuer)));
        assert_eq!(verify(&their_token(ISSUER)), Err(Error::Mismatch(Claim::Issuer)));
        assert_eq!(verify(&our_token("urn:nobody")), Err(Error::Mismatch(Claim::Issuer)));
        let forged = our_token(ISSUER).replace(".e", ".f");
        assert_eq!(verify(&forged), Err(Error::InvalidSignature));
        count.asked();
        assert!(verify(&forged).is_err());
        assert_eq!(count.asked(), 2, "one verification for each issuer");
    }
}

/// Tenants of one provider share its keys: a signature is valid for both, and `iss` says which of them issued a token.
#[test]
fn issuers_may_share_a_key() {
    let keys = keys();
    let one = Issuer::new("urn:one", &keys, BOTH);
    let two = Issuer::new("urn:two", &keys, BOTH);
    for iss in ["urn:one", "urn:two"] {
        let text = Alg::EdDsa.access_token(&claims_with("iss", json!(iss)));
        let mut buf = [0; 1024];
        let verified = Token::parse(&text).unwrap().verify_any(&[&one, &two], &mut buf).unwrap();
        let token = verified.into_access_token(&AccessTokenPolicy::new(AUDIENCE), now()).unwrap();
        assert_eq!(token.issuer(), iss);
    }
    // The signature is valid for both, and neither is the issuer.
    for iss in ["urn:three", "urn:on", "urn:one/", ""] {
        let text = Alg::EdDsa.access_token(&claims_with("iss", json!(iss)));
        for issuers in [[&one, &two], [&two, &one]] {
            let refused = Token::parse(&text).unwrap().verify_any(&issuers, &mut [0; 1024]).map(|_| ());
            assert_eq!(refused, Err(Error::Mismatch(Claim::Issuer)), "{iss}");
        }
    }
}

#[test]
fn several_issuers_report_the_error_that_got_furthest() {
    let keys = keys();
    let no_keys = Issuer::new("urn:no-keys", &[], BOTH);
    let no_algorithms = Issuer::new("urn:no-algorithms", &keys, &[]);
    let strangers = [stranger().with_kid(b"ed-test")];
    let stranger = Issuer::new("urn:stranger", &strangers, BOTH);
    let text = Alg::EdDsa.access_token(&claims());
    let verify = |issuers: &[&Issuer<'_>]| Token::parse(&text).unwrap().verify_any(issuers, &mut [0; 1024]).map(|_| ());
    assert_eq!(verify(&[&no_keys, &no_algorithms]), Err(Error::UnknownKey));
    assert_eq!(verify(&[&no_algorithms, &no_keys]), Err(Error::UnknownKey));
    assert_eq!(verify(&[&no_algorithms, &stranger, &no_keys]), Err(Error::InvalidSignature));
    assert_eq!(verify(&[&no_algorithms, &stranger, &no_keys, &issuer(&keys)]), Ok(()));
}

#[test]
fn verify_any_takes_one_to_four_issuers() {
    let keys = keys();
    let issuer = issuer(&keys);
    let text = Alg::EdDsa.access_token(&claims());
    let verify = |issuers: &[&Issuer<'_>]| Token::parse(&text).unwrap().verify_any(issuers, &mut [0; 1024]).map(|_| ());
    assert_eq!(verify(&[]), Err(Error::Unconfigured(Claim::Issuer)));
    assert_eq!(verify(&[&issuer; MAX_ISSUERS]), Ok(()));
    assert_eq!(verify(&[&issuer; MAX_ISSUERS + 1]), Err(Error::TooManyIssuers));
}

#[test]
fn unverified_header_can_be_read() {
    let header = json!({"alg": "RS256", "kid": "a\"b", "typ": "JWT"});
    let text = Alg::EdDsa.mint(header.to_string(), "no JSON");
    let mut buf = [0; 128];
    let shown = Token::parse(&text).unwrap().unverified_header(&mut buf).unwrap();
    assert_eq!((shown.alg(), shown.kid(), shown.typ()), ("RS256", Some("a\"b"), Some("JWT")));

    let text = Alg::EdDsa.mint("{\"alg\":\"none\"}", "no JSON");
    let shown = Token::parse(&text).unwrap().unverified_header(&mut buf).unwrap();
    assert_eq!((shown.alg(), shown.kid(), shown.typ()), ("none", None, None));
    let text = Alg::EdDsa.mint("{}", "no JSON");
    let refused = Token::parse(&text).unwrap().unverified_header(&mut buf);
    assert_eq!(refused.err(), Some(Error::Malformed(Part::Header)));
}
