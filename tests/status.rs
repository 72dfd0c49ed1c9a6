//! The claim `status` of a token: the URI of a status list, and the index of the token's status in it.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use embedded_jwt::*;
use serde_json::{Value, json};
use testkit::*;

const URI: &str = "https://idp.example.com/status/1";

/// Index and URI that an access token refers to, if its `status` is this JSON text.
fn reference(status: &str) -> Result<Option<(u64, String)>, Error> {
    let payload = claims_with("status", json!("?")).to_string().replace("\"?\"", status);
    let text = Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), payload);
    validate_access_token(&text, &AccessTokenPolicy::new(AUDIENCE), NOW, |token| {
        let reference = token.status_reference()?;
        Ok(reference.map(|reference| (reference.index(), reference.uri().to_string())))
    })?
}

fn list_with(name: &str, value: Value) -> String {
    json!({"status_list": with(json!({"idx": 7, "uri": URI}), name, value)}).to_string()
}

#[test]
fn reference_is_an_index_and_a_uri() {
    assert_eq!(reference(&list_with("idx", json!(0))), Ok(Some((0, URI.into()))));
    assert_eq!(reference(&list_with("idx", json!(u64::MAX))), Ok(Some((u64::MAX, URI.into()))));
    assert_eq!(reference(&list_with("uri", json!("urn:a"))), Ok(Some((7, "urn:a".into()))));
    assert_eq!(reference(&list_with("uri", json!("a\"b"))), Ok(Some((7, "a\"b".into()))), "unescaped");
    // Other members are ignored, since they may be for other recipients.
    assert_eq!(reference(&list_with("aggregation_uri", json!(1))), Ok(Some((7, URI.into()))));
    let other = json!({"status_list": {"idx": 7, "uri": URI}, "status_assertion": null});
    assert_eq!(reference(&other.to_string()), Ok(Some((7, URI.into()))));
}

/// The same URI may name a list of another issuer.
#[test]
fn reference_has_the_issuer_of_the_token() {
    let token = Alg::EdDsa.access_token(&claims_with("status", json!({"status_list": {"idx": 7, "uri": URI}})));
    let issuer = validate_access_token(&token, &AccessTokenPolicy::new(AUDIENCE), NOW, |token| {
        token.status_reference().unwrap().unwrap().issuer().to_owned()
    });
    assert_eq!(issuer, Ok(ISSUER.to_owned()));
}

/// Without the feature, no policy accepts a status list.
#[cfg(not(feature = "status-list"))]
#[test]
fn status_list_without_iss_is_refused_without_the_feature() {
    let claims = json!({"sub": URI, "iat": NOW, "status_list": {"bits": 1, "lst": "eNrbuRgAAhcBXQ"}});
    let mint = |claims: Value| Alg::EdDsa.mint(r#"{"alg":"EdDSA","typ":"statuslist+jwt"}"#, claims.to_string());
    let (keys, mut buf) = ([Alg::EdDsa.key()], [0; 1024]);
    let mut verify = |text: &str| Token::parse(text).unwrap().verify(&issuer(&keys), &mut buf).err();
    assert_eq!(verify(&mint(claims.clone())), Some(Error::Missing(Claim::Issuer)));
    assert_eq!(verify(&mint(with(claims, "iss", json!(ISSUER)))), None);
}

#[test]
fn token_without_status_has_no_reference() {
    let token = Alg::EdDsa.access_token(&claims());
    validate_access_token(&token, &AccessTokenPolicy::new(AUDIENCE), NOW, |token| {
        assert!(token.status_reference().unwrap().is_none());
    })
    .unwrap();
}

/// Index and URI together identify the token.
#[test]
fn debug_shows_neither_index_nor_uri_of_a_status() {
    let claims = claims_with("status", json!({"status_list": {"idx": 4711, "uri": "https://idp.example.com/1"}}));
    let shown =
        validate_access_token(&Alg::EdDsa.access_token(&claims), &AccessTokenPolicy::new(AUDIENCE), NOW, |token| {
            format!("{:?}", token.status_reference())
        });
    assert_eq!(shown.as_deref(), Ok("Ok(Some(StatusReference { .. }))"));
}

#[test]
fn status_without_a_valid_reference_is_refused() {
    let invalid = Err(Error::Invalid(Claim::Status));
    for status in ["null", "0", "\"valid\"", "[]", "true", "{}", r#"{"status_assertion":{"idx":7,"uri":"urn:a"}}"#] {
        assert_eq!(reference(status), invalid, "{status}");
    }
    for list in ["null", "1", "\"urn:a\"", "[7,\"urn:a\"]", "{}"] {
        assert_eq!(reference(&format!(r#"{{"status_list":{list}}}"#)), invalid, "{list}");
    }
    for name in ["idx", "uri"] {
        assert_eq!(reference(&list_with(name, Value::Null)), invalid, "{name}");
        for value in [json!([]), json!({}), json!(true), json!(""), json!([null])] {
            assert_eq!(reference(&list_with(name, value)), invalid, "{name}");
        }
    }
    assert_eq!(reference(&list_with("uri", json!(7))), invalid);
    for idx in ["-1", "-0", "7.0", "7e0", "0.7", "1e400", "18446744073709551616", "\"7\"", "null"] {
        assert_eq!(reference(&format!(r#"{{"status_list":{{"idx":{idx},"uri":"{URI}"}}}}"#)), invalid, "{idx}");
    }
}
