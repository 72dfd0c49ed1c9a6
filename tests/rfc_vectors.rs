//! The examples that the standards print, byte for byte.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use embedded_jwt::*;
use serde_json::json;
use testkit::rfc::*;
use testkit::{EdDsa, *};

/// The key of [`RFC_7515_A3`] without its private member `d`.
const RFC_7515_A3_KEY: &str = r#"{"kty":"EC",
    "crv":"P-256",
    "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
    }"#;

/// The key as the section prints it.
const RFC_7515_A3_PRIVATE_KEY: &str = r#"{"kty":"EC",
    "crv":"P-256",
    "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
    }"#;

/// `exp` of [`RFC_7515_A3`].
const RFC_7515_A3_EXP: i64 = 1_300_819_380;

/// [RFC 7515 appendix A.2](https://www.rfc-editor.org/rfc/rfc7515#appendix-A.2).
const RFC_7515_A2: &str = "eyJhbGciOiJSUzI1NiJ9\
    .eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
    .cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t\
    1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzD\
    wusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77\
    Rw";

/// [RFC 7520 section 3.3](https://www.rfc-editor.org/rfc/rfc7520#section-3.3).
#[cfg(feature = "rs256")]
const RFC_7520_3_3: &str = r#"{
    "kty": "RSA",
    "kid": "bilbo.baggins@hobbiton.example",
    "use": "sig",
    "n": "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw",
    "e": "AQAB"
    }"#;

/// [RFC 7520 section 4.1](https://www.rfc-editor.org/rfc/rfc7520#section-4.1): its payload is a sentence.
#[cfg(feature = "rs256")]
const RFC_7520_4_1: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9\
    .SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5k\
    IGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4\
    .MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA\
    78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdL\
    uW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDqu\
    Dg";

/// [RFC 7519 section 6.1](https://www.rfc-editor.org/rfc/rfc7519#section-6.1).
const RFC_7519_6_1: &str = "eyJhbGciOiJub25lIn0\
    .eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
    .";

/// [RFC 7519 section 3.1](https://www.rfc-editor.org/rfc/rfc7519#section-3.1), signed with a shared secret.
const RFC_7519_3_1: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9\
    .eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
    .dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// [RFC 7638 section 3.1](https://www.rfc-editor.org/rfc/rfc7638#section-3.1).
const RFC_7638_3_1: &str = r#"{
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29"
    }"#;

/// [RFC 8037 appendix A.1](https://www.rfc-editor.org/rfc/rfc8037#appendix-A.1).
const RFC_8037_A1: &str = r#"{"kty":"OKP","crv":"Ed25519",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// [RFC 9068 section 3](https://www.rfc-editor.org/rfc/rfc9068#section-3), figure 2, after its header
/// `{"typ":"at+JWT","alg":"RS256","kid":"RjEwOwOA"}`.
const RFC_9068_3_CLAIMS: &str = r#"{
     "iss": "https://authorization-server.example.com/",
     "sub": "5ba552d67",
     "aud":   "https://rs.example.com/",
     "exp": 1639528912,
     "iat": 1618354090,
     "jti" : "dbe39bf3a3ba4238a513f51d6e1691c4",
     "client_id": "s6BhdRkqt3",
     "scope": "openid profile reademail"
   }"#;

#[test]
fn rfc_7515_a3_has_a_valid_signature_and_is_no_access_token() {
    let keys = key_set(RFC_7515_A3_KEY);
    let joe = Issuer::new("joe", &keys, BOTH);
    let now = UnixTime::from_secs(RFC_7515_A3_EXP - 1);
    let mut buf = [0; 256];

    let header = Token::parse(RFC_7515_A3).unwrap().unverified_header(&mut buf).unwrap();
    assert_eq!((header.alg(), header.kid(), header.typ()), ("ES256", None, None));

    let verified = Token::parse(RFC_7515_A3).unwrap().verify(&joe, &mut buf).unwrap();
    let refused = verified.into_access_token(&AccessTokenPolicy::new(AUDIENCE), now);
    assert_eq!(refused.err(), Some(Error::WrongType));

    let verified = Token::parse(RFC_7515_A3).unwrap().verify(&joe, &mut buf).unwrap();
    let refused = verified.into_access_token(&AccessTokenPolicy::untyped(AUDIENCE), now);
    assert_eq!(refused.err(), Some(Error::Missing(Claim::Audience)));
}

#[cfg(feature = "rs256")]
#[test]
fn rfc_7515_a2_has_a_valid_signature_and_is_no_access_token() {
    let keys = rsa_key_set(&rs256_jwk().to_string());
    let keys = keys.as_keys();
    let joe = Issuer::new("joe", &keys, &[&Rs256]);
    let now = UnixTime::from_secs(RFC_7515_A3_EXP - 1);
    let policies = [AccessTokenPolicy::new(AUDIENCE), AccessTokenPolicy::untyped(AUDIENCE)];
    for (policy, error) in policies.iter().zip([Error::WrongType, Error::Missing(Claim::Audience)]) {
        let mut buf = [0; 256];
        let verified = Token::parse(RFC_7515_A2).unwrap().verify(&joe, &mut buf).unwrap();
        assert_eq!(verified.into_access_token(policy, now).err(), Some(error));
    }
}

#[cfg(feature = "rs256")]
#[test]
fn altered_rfc_7515_a2_is_refused() {
    let keys = rsa_key_set(&rs256_jwk().to_string());
    let keys = keys.as_keys();
    let joe = Issuer::new("joe", &keys, &[&Rs256]);

    let forged = RFC_7515_A2.replace(".cC4h", ".dC4h");
    assert_eq!(refusal(&forged, &joe), Error::InvalidSignature);
    let forged = RFC_7515_A2.replace(".eyJpc3MiOiJqb2Ui", ".eyJpc3MiOiJqb2Vi");
    assert_eq!(refusal(&forged, &joe), Error::InvalidSignature);
    let not_canonical = RFC_7515_A2.replace("e77Rw", "e77Rx");
    assert_eq!(refusal(&not_canonical, &joe), Error::Malformed(Part::Signature));
    for alg in ["RS384", "RS512", "PS256"] {
        let header = base64url(json!({"alg": alg}).to_string().as_bytes());
        let renamed = RFC_7515_A2.replace("eyJhbGciOiJSUzI1NiJ9", &header);
        assert_eq!(refusal(&renamed, &joe), Error::UnsupportedAlgorithm, "{alg}");
    }
    assert_eq!(refusal(RFC_7515_A2, &Issuer::new("jane", &keys, &[&Rs256])), Error::Mismatch(Claim::Issuer));
    let other_key = rsa_key_set(RFC_7638_3_1);
    let other_key = other_key.as_keys();
    assert_eq!(refusal(RFC_7515_A2, &Issuer::new("joe", &other_key, &[&Rs256])), Error::InvalidSignature);

    assert!(Token::parse(RFC_7515_A2).unwrap().verify(&joe, &mut [0; 256]).is_ok());
}

/// The signature is valid: the error is about the payload, which is checked after it and is not JSON.
#[cfg(feature = "rs256")]
#[test]
fn rfc_7520_4_1_has_a_valid_signature_and_is_no_jwt() {
    let keys = rsa_key_set(RFC_7520_3_3);
    assert_eq!(keys.first().and_then(OwnedKey::kid), Some(Kid::Whole(b"bilbo.baggins@hobbiton.example")));
    let keys = keys.as_keys();
    let issuer = Issuer::new("anyone", &keys, &[&Rs256]);
    assert_eq!(refusal(RFC_7520_4_1, &issuer), Error::Malformed(Part::Payload));

    let forged = RFC_7520_4_1.replace(".SXTi", ".SXTj");
    assert_eq!(refusal(&forged, &issuer), Error::InvalidSignature);
    let forged = RFC_7520_4_1.replace(".MRjd", ".NRjd");
    assert_eq!(refusal(&forged, &issuer), Error::InvalidSignature);

    let other_kid = rsa_key_set(RFC_7638_3_1);
    let other_kid = other_kid.as_keys();
    assert_eq!(refusal(RFC_7520_4_1, &Issuer::new("anyone", &other_kid, &[&Rs256])), Error::UnknownKey);
}

#[cfg(feature = "rs256")]
#[test]
fn rfc_7638_3_1_has_the_thumbprint_that_is_printed() {
    let keys = rsa_key_set(RFC_7638_3_1);
    let thumbprint = keys.as_keys().first().unwrap().thumbprint();
    assert_eq!(thumbprint.to_string(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn altered_rfc_7515_a3_is_refused() {
    let keys = key_set(RFC_7515_A3_KEY);
    let mut buf = [0; 256];
    let joe = Issuer::new("joe", &keys, BOTH);

    let forged = RFC_7515_A3.replace(".DtEh", ".EtEh");
    assert_eq!(refusal(&forged, &joe), Error::InvalidSignature);
    let not_canonical = RFC_7515_A3.replace("NU1Q", "NU1R");
    assert_eq!(refusal(&not_canonical, &joe), Error::Malformed(Part::Signature));
    let other_issuer = Issuer::new("jane", &keys, BOTH);
    assert_eq!(refusal(RFC_7515_A3, &other_issuer), Error::Mismatch(Claim::Issuer));
    let eddsa_only = Issuer::new("joe", &keys, &[&EdDsa]);
    assert_eq!(refusal(RFC_7515_A3, &eddsa_only), Error::UnsupportedAlgorithm);

    assert!(Token::parse(RFC_7515_A3).unwrap().verify(&joe, &mut buf).is_ok());
}

/// A private key is compromised once it is published, in an RFC as in a key set.
#[test]
fn private_keys_of_rfc_7515_a3_and_rfc_8037_a1_are_skipped() {
    for (private, public) in [(RFC_7515_A3_PRIVATE_KEY, RFC_7515_A3_KEY), (RFC_8037_A1, RFC_8037_A2)] {
        let keys = key_set(private);
        assert_eq!((keys.len(), keys.skipped()), (0, 1));
        let keys = key_set(public);
        assert_eq!((keys.len(), keys.skipped()), (1, 0));
    }
}

/// [RFC 8032 section 7.1](https://www.rfc-editor.org/rfc/rfc8032#section-7.1), test 1, has the same key in hexadecimal.
#[test]
fn rfc_8037_a2_is_the_public_key_of_rfc_8032() {
    let keys = key_set(RFC_8037_A2);
    let key = keys.first().unwrap();
    assert_eq!(key.algorithm(), Algorithm::EdDsa);
    let hex: String = key.public_key().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
}

/// The signature is valid: the error is about the payload, which is checked after it and is not JSON.
#[test]
fn rfc_8037_a4_has_a_valid_signature_and_is_no_jwt() {
    let keys = key_set(RFC_8037_A2);
    let issuer = Issuer::new("anyone", &keys, BOTH);
    assert_eq!(refusal(RFC_8037_A4, &issuer), Error::Malformed(Part::Payload));

    let forged = RFC_8037_A4.replace("RXhh", "RXhi");
    assert_eq!(refusal(&forged, &issuer), Error::InvalidSignature);
    let forged = RFC_8037_A4.replace(".hgyY", ".igyY");
    assert_eq!(refusal(&forged, &issuer), Error::InvalidSignature);
    let forged = RFC_8037_A4.replace("uM0KAg", "uM1KAg");
    assert_eq!(refusal(&forged, &issuer), Error::InvalidSignature);
}

/// [RFC 9864 section 2.2](https://www.rfc-editor.org/rfc/rfc9864#section-2.2) gives the algorithm a second name. The
/// header is signed, so that one name cannot be replaced by the other.
#[test]
fn rfc_8037_a4_with_the_other_algorithm_name_is_refused() {
    let keys = key_set(RFC_8037_A2);
    let renamed = RFC_8037_A4.replace("eyJhbGciOiJFZERTQSJ9", &base64url(br#"{"alg":"Ed25519"}"#));
    assert_eq!(refusal(&renamed, &Issuer::new("anyone", &keys, BOTH)), Error::InvalidSignature);
}

#[test]
fn rsa_key_of_rfc_7638_is_skipped_by_a_set_without_rsa() {
    let keys = key_set(RFC_7638_3_1);
    assert_eq!((keys.len(), keys.skipped()), (0, 1));
}

#[test]
fn rfc_7517_a1_has_no_key_for_signatures() {
    let keys = KeySet::<2>::from_jwks(&mut RFC_7517_A1.as_bytes().to_vec()).unwrap();
    assert_eq!((keys.len(), keys.skipped()), (0, 2));

    let for_signatures = RFC_7517_A1.replace(r#""use":"enc""#, r#""use":"sig""#);
    let keys = KeySet::<2>::from_jwks(&mut for_signatures.into_bytes()).unwrap();
    assert_eq!((keys.len(), keys.skipped()), (1, 1));
    assert_eq!(keys.first().and_then(Key::kid), Some(Kid::Whole(b"1")));
}

#[test]
fn algorithms_of_rfc_7515_a2_and_rfc_7519_are_not_supported() {
    let keys = key_set(RFC_7515_A3_KEY);
    let joe = Issuer::new("joe", &keys, BOTH);
    for (token, alg) in [(RFC_7515_A2, "RS256"), (RFC_7519_6_1, "none"), (RFC_7519_3_1, "HS256")] {
        let mut buf = [0; 256];
        assert_eq!(Token::parse(token).unwrap().unverified_header(&mut buf).unwrap().alg(), alg);
        assert_eq!(refusal(token, &joe), Error::UnsupportedAlgorithm, "{alg}");
    }
}

#[test]
fn rfc_9068_example_is_an_access_token() {
    let keys = keys();
    let issuer = Issuer::new("https://authorization-server.example.com/", &keys, BOTH);
    for alg in ALGS {
        let header = json!({"typ": "at+JWT", "alg": alg.name(), "kid": alg.kid()}).to_string();
        let text = alg.mint(header, RFC_9068_3_CLAIMS);
        let verified = |buf| Token::parse(&text).unwrap().verify(&issuer, buf).unwrap();
        let policy = AccessTokenPolicy::new("https://rs.example.com/");
        let last_second = UnixTime::from_secs(1_639_528_911);

        let mut buf = [0; 512];
        let token = verified(&mut buf).into_access_token(&policy, last_second).unwrap();
        assert_eq!(token.issuer(), "https://authorization-server.example.com/");
        assert_eq!(token.subject(), Some("5ba552d67"));
        assert!(token.audience().contains("https://rs.example.com/"));
        assert_eq!(token.expires_at(), UnixTime::from_secs(1_639_528_912));
        assert_eq!(token.issued_at(), Some(UnixTime::from_secs(1_618_354_090)));
        assert_eq!(token.jwt_id(), Some("dbe39bf3a3ba4238a513f51d6e1691c4"));
        assert_eq!(token.client_id(), Some("s6BhdRkqt3"));
        assert!(token.scopes().eq(["openid", "profile", "reademail"]));

        let mut buf = [0; 512];
        let after_leeway = UnixTime::from_secs(1_639_528_912 + 60);
        let refused = verified(&mut buf).into_access_token(&policy, after_leeway);
        assert_eq!(refused.err(), Some(Error::Expired));

        // Without its last slash, it is another resource.
        let mut buf = [0; 512];
        let for_another = AccessTokenPolicy::new("https://rs.example.com");
        let refused = verified(&mut buf).into_access_token(&for_another, last_second);
        assert_eq!(refused.err(), Some(Error::Mismatch(Claim::Audience)));
    }
}

/// [RFC 8725 section 2.1](https://www.rfc-editor.org/rfc/rfc8725#section-2.1): a verifier that lets the header choose
/// the algorithm uses a public key as a shared secret.
#[test]
fn public_key_is_never_used_as_a_shared_secret() {
    let keys = keys();
    for alg in ALGS {
        for name in ["HS256", "HS384", "HS512", "none", "None", "NONE", "nOnE", "", "es256", "EDDSA", "ES256K", "Ed448"]
        {
            let header = json!({"alg": name, "typ": "at+jwt", "kid": alg.kid()}).to_string();
            let token = alg.mint(header, claims().to_string());
            assert_eq!(refusal(&token, &issuer(&keys)), Error::UnsupportedAlgorithm, "{name}");
        }
        assert_eq!(verify(&alg.access_token(&claims()), |_| Ok(())), Ok(()));
    }
}

/// [RFC 8725 section 3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1): "each key MUST be used with exactly one
/// algorithm".
#[test]
fn key_of_one_algorithm_is_never_used_for_the_other() {
    let keys = keys();
    for (alg, other) in [(Alg::Es256, Alg::EdDsa), (Alg::EdDsa, Alg::Es256)] {
        let header = json!({"alg": alg.name(), "typ": "at+jwt", "kid": other.kid()}).to_string();
        for signer in [alg, other] {
            let token = signer.mint(&header, claims().to_string());
            assert_eq!(refusal(&token, &issuer(&keys)), Error::UnknownKey);
        }

        let header = json!({"alg": alg.name(), "typ": "at+jwt", "kid": alg.kid()}).to_string();
        let token = other.mint(&header, claims().to_string());
        assert_eq!(refusal(&token, &issuer(&keys)), Error::InvalidSignature);
    }
}

/// [RFC 8725 section 3.10](https://www.rfc-editor.org/rfc/rfc8725#section-3.10): keys in the token's own header.
#[test]
fn key_in_the_header_is_never_used() {
    let trusted = key_set(RFC_8037_A2);
    let issuer = Issuer::new(ISSUER, &trusted, BOTH);
    let own_key = base64url(Alg::EdDsa.key().public_key());
    let header = json!({
        "alg": "EdDSA", "typ": "at+jwt",
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": own_key},
        "jku": "https://attacker.example/jwks", "x5u": "https://attacker.example/x5u", "x5c": ["MAA="],
    });
    let token = Alg::EdDsa.mint(header.to_string(), claims().to_string());
    assert_eq!(refusal(&token, &issuer), Error::InvalidSignature);

    let own = [Alg::EdDsa.key()];
    assert!(Token::parse(&token).unwrap().verify(&Issuer::new(ISSUER, &own, BOTH), &mut [0; 1024]).is_ok());
}

fn key_set(jwk: &str) -> KeySet<1> {
    KeySet::from_jwks(&mut format!(r#"{{"keys":[{jwk}]}}"#).into_bytes()).unwrap()
}

#[cfg(feature = "rs256")]
fn rsa_key_set(jwk: &str) -> KeySet<1, OwnedKey> {
    let mut keys = KeySet::<1, OwnedKey>::with_rsa();
    keys.replace_from_jwks(&mut format!(r#"{{"keys":[{jwk}]}}"#).into_bytes()).unwrap();
    keys
}

fn refusal(token: &str, issuer: &Issuer<'_>) -> Error {
    Token::parse(token).unwrap().verify(issuer, &mut [0; 1024]).unwrap_err()
}
