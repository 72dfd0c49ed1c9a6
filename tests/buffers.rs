//! The buffer size that a token needs: exactly [`Token::buffer_len`], and more only for unescaped copies.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use embedded_jwt::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::*;

#[test]
fn verify_needs_exactly_buffer_len() {
    let keys = keys();
    for alg in ALGS {
        let short_header = alg.header().to_string();
        let mut long_header = alg.header();
        long_header["ignored"] = "h".repeat(400).into();
        let payload = claims().to_string();

        for header in [short_header, long_header.to_string()] {
            let text = alg.mint(&header, &payload);
            let needed = header.len().max(payload.len());
            assert_eq!(Token::parse(&text).unwrap().buffer_len(), needed);
            for len in 0..=needed + 4 {
                let expected = if len < needed { Refused::Verify(Error::BufferTooSmall) } else { Refused::No };
                let refused = with_buffer(len, |buf| {
                    validate(&text, &issuer(&keys), buf, |token| {
                        assert_eq!(token.subject(), Some("user-42"));
                    })
                });
                assert_eq!(refused, expected, "{len} of {needed} bytes");
            }
        }
    }
}

/// A buffer that is too small is reported for the first token, whether or not the token is valid.
#[test]
fn short_buffer_is_refused_before_the_token_is_validated() {
    let keys = keys();
    let header = json!({"alg": "none"}).to_string();
    let text = Alg::EdDsa.mint(header, claims().to_string());
    let needed = Token::parse(&text).unwrap().buffer_len();
    for (len, expected) in [(needed - 1, Error::BufferTooSmall), (needed, Error::UnsupportedAlgorithm)] {
        let refused = with_buffer(len, |buf| validate(&text, &issuer(&keys), buf, |_| ()));
        assert_eq!(refused, Refused::Verify(expected));
    }
}

#[test]
fn unverified_header_needs_only_the_header_length() {
    for alg in ALGS {
        let header = alg.header().to_string();
        let text = alg.mint(&header, claims().to_string());
        let token = Token::parse(&text).unwrap();
        assert!(header.len() < token.buffer_len());
        for len in 0..=header.len() + 4 {
            let expected = if len < header.len() { Err(Error::BufferTooSmall) } else { Ok(Some(alg.kid().to_owned())) };
            assert_eq!(with_buffer(len, |buf| kid(token, buf)), expected, "{len} bytes");
        }
    }
}

#[test]
fn unverified_header_unescapes_after_the_header() {
    let header = r#"{"alg":"EdDSA","kid":"a\"b"}"#;
    let text = Alg::EdDsa.mint(header, "{}");
    let token = Token::parse(&text).unwrap();
    for len in 0..=header.len() + 7 {
        let enough = len >= header.len() + r#"a"b"#.len();
        let expected = if enough { Ok(Some(r#"a"b"#.to_owned())) } else { Err(Error::BufferTooSmall) };
        assert_eq!(with_buffer(len, |buf| kid(token, buf)), expected, "{len} bytes");
    }
}

#[test]
fn escaped_string_that_is_returned_needs_room_for_a_copy() {
    let subject = r"CORP\alice";
    let payload = claims_with("sub", subject.into()).to_string();
    assert!(payload.contains(r#""CORP\\alice""#));
    let keys = keys();
    for alg in ALGS {
        let text = alg.mint(alg.header().to_string(), &payload);
        let needed = Token::parse(&text).unwrap().buffer_len();
        for len in 0..=needed + subject.len() + 4 {
            let expected = match len {
                _ if len < needed => Refused::Verify(Error::BufferTooSmall),
                _ if len < needed + subject.len() => Refused::IntoAccessToken(Error::BufferTooSmall),
                _ => Refused::No,
            };
            let refused = with_buffer(len, |buf| {
                validate(&text, &issuer(&keys), buf, |token| {
                    assert_eq!(token.subject(), Some("CORP\\alice"));
                })
            });
            assert_eq!(refused, expected, "{len} bytes, of which {needed} for the payload");
        }
    }
}

/// White space is removed from the buffer, and copies can then use its room.
#[test]
fn removed_white_space_leaves_room_for_a_copy() {
    let subject = r"CORP\alice";
    let payload = claims_with("sub", subject.into()).to_string();
    let keys = keys();
    for (spaces, expected) in
        [(subject.len() - 1, Refused::IntoAccessToken(Error::BufferTooSmall)), (subject.len(), Refused::No)]
    {
        let text = Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), payload.clone() + &" ".repeat(spaces));
        let needed = Token::parse(&text).unwrap().buffer_len();
        let refused = with_buffer(needed, |buf| {
            validate(&text, &issuer(&keys), buf, |token| {
                assert_eq!(token.subject(), Some(subject));
            })
        });
        assert_eq!(refused, expected, "{spaces} spaces");
    }
}

/// Strings that are only compared, and not returned, are unescaped on the fly.
#[test]
fn escaped_string_that_is_only_compared_needs_no_room() {
    let mut payload = claims_with("roles", json!([r"CORP\operator"]));
    payload["aud"] = json!([r"CORP\pumps", AUDIENCE]);
    let text = Alg::EdDsa.access_token(&payload);
    let needed = Token::parse(&text).unwrap().buffer_len();
    assert_eq!(needed, payload.to_string().len());
    let keys = keys();
    let refused = with_buffer(needed, |buf| {
        validate(&text, &issuer(&keys), buf, |token| {
            assert!(token.audience().contains(r"CORP\pumps"));
            assert!(token.strings("roles").unwrap().contains(r"CORP\operator"));
        })
    });
    assert_eq!(refused, Refused::No);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn twice_buffer_len_always_suffices(
        strings in prop::array::uniform5(any_string()),
        spelling in prop::sample::select(&[Spelling::Shortest, Spelling::AllEscaped]),
    ) {
        let [iss, sub, client_id, jti, scope] = &strings;
        let text = Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), spelling.payload(&strings));
        let keys = keys();
        let issuer = Issuer::new(iss, &keys, BOTH);
        let twice = 2 * Token::parse(&text).unwrap().buffer_len();
        let refused = with_buffer(twice, |buf| validate(&text, &issuer, buf, |token| {
            assert_eq!(token.issuer(), iss);
            assert_eq!(token.subject(), Some(sub.as_str()));
            assert_eq!(token.client_id(), Some(client_id.as_str()));
            assert_eq!(token.jwt_id(), Some(jti.as_str()));
            assert!(token.scopes().eq(scope.split(' ').filter(|scope| !scope.is_empty())));
        }));
        prop_assert_eq!(refused, Refused::No);
    }

    #[test]
    fn each_escaped_string_needs_exactly_its_own_length(strings in prop::array::uniform5(any_string())) {
        let payload = Spelling::Shortest.payload(&strings);
        let text = Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), &payload);
        let keys = keys();
        let issuer = Issuer::new(&strings[0], &keys, BOTH);
        let copies: usize = strings.iter().filter(|string| is_escaped(string)).map(String::len).sum();
        let needed = payload.len() + copies;
        prop_assert_eq!(with_buffer(needed, |buf| validate(&text, &issuer, buf, |_| ())), Refused::No);
        if copies > 0 {
            let refused = with_buffer(needed - 1, |buf| validate(&text, &issuer, buf, |_| ()));
            prop_assert_eq!(refused, Refused::IntoAccessToken(Error::BufferTooSmall));
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Spelling {
    /// Only what JSON requires is escaped.
    Shortest,
    /// Every UTF-16 code unit is written `\uXXXX`.
    AllEscaped,
}

impl Spelling {
    fn string(self, string: &str) -> String {
        match self {
            Self::Shortest => Value::from(string).to_string(),
            Self::AllEscaped => {
                let units: String = string.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
                format!("\"{units}\"")
            }
        }
    }

    fn payload(self, strings: &[String; 5]) -> String {
        let [iss, sub, client_id, jti, scope] = strings.each_ref().map(|string| self.string(string));
        let (exp, iat) = (NOW + 240, NOW - 60);
        let strings = format!(r#""iss":{iss},"sub":{sub},"client_id":{client_id},"jti":{jti},"scope":{scope}"#);
        format!(r#"{{{strings},"aud":"{AUDIENCE}","exp":{exp},"iat":{iat}}}"#)
    }
}

/// Any string except the empty one: an issuer without a name refuses every token.
fn any_string() -> impl Strategy<Value = String> {
    let special = prop::sample::select(&['"', '\\', '/', ' ', '\n', '\u{0}', '\u{1f}', '\u{7f}', 'a', 'é', '€', '😀']);
    let characters = prop_oneof![special, any::<char>()];
    prop::collection::vec(characters, 1..20).prop_map(String::from_iter)
}

fn is_escaped(string: &str) -> bool {
    string.contains(|character| matches!(character, '"' | '\\' | '\0'..='\u{1f}'))
}

#[derive(Debug, PartialEq)]
enum Refused {
    No,
    Verify(Error),
    IntoAccessToken(Error),
}

fn validate(text: &str, issuer: &Issuer<'_>, buf: &mut [u8], check: impl FnOnce(AccessToken<'_>)) -> Refused {
    let verified = match Token::parse(text).unwrap().verify(issuer, buf) {
        Ok(verified) => verified,
        Err(error) => return Refused::Verify(error),
    };
    match verified.into_access_token(&AccessTokenPolicy::new(AUDIENCE), now()) {
        Ok(token) => check(token),
        Err(error) => return Refused::IntoAccessToken(error),
    }
    Refused::No
}

fn kid(token: Token<'_>, buf: &mut [u8]) -> Result<Option<String>, Error> {
    token.unverified_header(buf).map(|header| header.kid().map(str::to_owned))
}

/// Lends a buffer of `len` bytes and asserts that the bytes around it stay unchanged.
fn with_buffer<T>(len: usize, use_buffer: impl FnOnce(&mut [u8]) -> T) -> T {
    const AROUND: [u8; 32] = *b"canary canary canary canary cana";
    let mut memory = [&AROUND[..], &vec![0; len], &AROUND].concat();
    let result = use_buffer(&mut memory[AROUND.len()..][..len]);
    assert!(memory.starts_with(&AROUND) && memory.ends_with(&AROUND), "wrote beyond the buffer of {len} bytes");
    result
}
