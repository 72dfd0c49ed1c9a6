//! Reading the header `Authorization` and writing `WWW-Authenticate`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use embedded_jwt::bearer::{self, Challenge, Scheme};
use embedded_jwt::{Claim, Error, Part};
use testkit::errors;

type Read<'t> = Result<(Scheme, &'t [u8]), Error>;

fn read(value: &(impl AsRef<[u8]> + ?Sized)) -> Read<'_> {
    bearer::from_authorization(value).map(|credentials| (credentials.scheme(), credentials.token()))
}

fn token(scheme: Scheme, text: &(impl AsRef<[u8]> + ?Sized)) -> Read<'_> {
    Ok((scheme, text.as_ref()))
}

const NO_CREDENTIALS: Read<'_> = Err(Error::NoCredentials);
const MALFORMED: Read<'_> = Err(Error::Malformed(Part::Authorization));

/// [RFC 6750 section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1) and
/// [RFC 9449 section 7.1](https://www.rfc-editor.org/rfc/rfc9449#section-7.1).
#[test]
fn examples_of_the_standards_are_read() {
    assert_eq!(read("Bearer mF_9.B5f-4.1JqM"), token(Scheme::Bearer, "mF_9.B5f-4.1JqM"));
    let dpop = "DPoP Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    assert_eq!(read(dpop), token(Scheme::Dpop, "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"));
}

#[test]
fn scheme_is_case_insensitive() {
    for name in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        assert_eq!(read(&format!("{name} a.b.c")), token(Scheme::Bearer, "a.b.c"), "{name}");
    }
    for name in ["DPoP", "dpop", "DPOP", "dPoP"] {
        assert_eq!(read(&format!("{name} a.b.c")), token(Scheme::Dpop, "a.b.c"), "{name}");
    }
}

#[test]
fn token_follows_one_or_more_spaces() {
    for spaces in 1..9 {
        let value = format!("Bearer{}a.b.c", " ".repeat(spaces));
        assert_eq!(read(&value), token(Scheme::Bearer, "a.b.c"), "{spaces}");
    }
}

#[test]
fn other_schemes_are_reported_as_no_credentials() {
    for value in [
        "",
        " ",
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        "Digest username=\"Mufasa\"",
        "Bearers a.b.c",
        "Beare r",
        "Bearer: a.b.c",
        "Bearer,DPoP a.b.c",
        "a.b.c",
        // The value is not trimmed. That is the task of the code that reads the header.
        " Bearer a.b.c",
        "\tBearer a.b.c",
        // The scheme is not followed by a space.
        "Bearer\ta.b.c",
        "Bearer\u{a0}a.b.c",
        "Bearer\r\n a.b.c",
    ] {
        assert_eq!(read(value), NO_CREDENTIALS, "{value:?}");
    }
}

#[test]
fn scheme_must_be_followed_by_exactly_one_token() {
    for name in ["Bearer", "DPoP"] {
        for rest in [
            "",
            " ",
            "   ",
            " a b",
            " a  b",
            " a, b",
            " a,b",
            " a ",
            " a\t",
            " \ta",
            " a\tb",
            " a\r\n",
            " a\n",
            " a\0",
            " \"a\"",
            " token=\"a\"",
            " error=a",
            " é",
            " a.b.é",
            " a%20b",
            " Bearer a",
        ] {
            assert_eq!(read(&format!("{name}{rest}")), MALFORMED, "{name}{rest:?}");
        }
    }
    assert_eq!(read(b"Bearer \xff"), MALFORMED);
}

/// `token68` of [RFC 9110 section 11.2](https://www.rfc-editor.org/rfc/rfc9110#section-11.2).
#[test]
fn token_may_contain_only_token68_characters() {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
    assert_eq!(read(&[b"Bearer ", &alphabet[..]].concat()), token(Scheme::Bearer, alphabet));
    for byte in 0..=u8::MAX {
        let is_member = alphabet.contains(&byte);
        for text in [&[byte][..], &[b'a', byte, b'c'], &[byte, b'c'], &[byte, b'=']] {
            // Leading spaces are not part of the token.
            if text.starts_with(b" ") {
                continue;
            }
            let value = [b"DPoP ", text].concat();
            let expected = if is_member { token(Scheme::Dpop, text) } else { MALFORMED };
            assert_eq!(read(&value), expected, "{}", text.escape_ascii());
        }
    }
}

#[test]
fn padding_is_allowed_only_at_the_end() {
    for text in ["a=", "a==", "YTpi=", "a====="] {
        assert_eq!(read(&format!("Bearer {text}")), token(Scheme::Bearer, text), "{text}");
    }
    for text in ["=", "==", "=a", "a=a", "a==a=", "a=.b"] {
        assert_eq!(read(&format!("Bearer {text}")), MALFORMED, "{text}");
    }
}

#[test]
fn debug_shows_no_token() {
    let credentials = bearer::from_authorization("DPoP a.b.c").unwrap();
    assert_eq!(format!("{credentials:?}"), "Credentials { scheme: Dpop, .. }");
}

const BEARER: Challenge<'_> = Challenge::new("pump-7");
const DPOP: Challenge<'_> = Challenge::dpop("pump-7");

/// The status and the header value of the answer to an error of the token.
fn answer(challenge: Challenge<'_>, error: Error) -> (u16, String) {
    let mut value = String::new();
    let status = challenge.write(error, &mut value).unwrap();
    (status, value)
}

/// The status and the header value of the answer to an error of the proof.
fn answer_dpop(challenge: Challenge<'_>, error: Error) -> (u16, String) {
    let mut value = String::new();
    let status = challenge.write_dpop(error, &mut value).unwrap();
    (status, value)
}

/// A row of the table of `Challenge::write`: the errors, the status, and the parameter `error`.
type Row = (&'static [Error], u16, &'static str);

const ROWS: [Row; 5] = [
    (&[Error::NoCredentials], 401, ""),
    (&[Error::Malformed(Part::Authorization)], 400, r#", error="invalid_request""#),
    (&[Error::InsufficientScope], 403, r#", error="insufficient_scope""#),
    (
        &[
            Error::Missing(Claim::AuthenticationContext),
            Error::Mismatch(Claim::AuthenticationContext),
            Error::Missing(Claim::AuthenticationTime),
            Error::AuthenticationTooOld,
        ],
        401,
        r#", error="insufficient_user_authentication""#,
    ),
    (
        &[
            Error::Malformed(Part::Token),
            Error::UnsupportedAlgorithm,
            Error::UnknownKey,
            // Only the client chooses whether its token has a `kid`, and how long the `kid` is.
            Error::AmbiguousKey,
            Error::BufferTooSmall,
            Error::TooLarge(Part::Token),
            Error::TooLarge(Part::Header),
            Error::TooManyMembers(Part::Payload),
            Error::InvalidSignature,
            Error::WrongType,
            Error::Missing(Claim::Subject),
            Error::Mismatch(Claim::Audience),
            Error::Expired,
            Error::NotYetValid,
            Error::TooOld,
            Error::SenderConstrained,
            Error::Mismatch(Claim::Confirmation),
        ],
        401,
        r#", error="invalid_token""#,
    ),
];

#[test]
fn challenge_follows_its_documented_table() {
    for (errors, status, code) in ROWS {
        for error in errors {
            let bearer = format!(r#"Bearer realm="pump-7"{code}"#);
            assert_eq!(answer(BEARER, *error), (status, bearer), "{error:?}");
            let dpop = format!(r#"DPoP algs="ES256 EdDSA Ed25519", realm="pump-7"{code}"#);
            assert_eq!(answer(DPOP, *error), (status, dpop), "{error:?}");
        }
    }
}

#[test]
fn proof_error_is_answered_with_dpop_scheme_and_algs() {
    let expected = r#"DPoP algs="EdDSA", realm="pump-7", error="invalid_dpop_proof""#;
    for challenge in [BEARER, DPOP] {
        assert_eq!(answer_dpop(challenge.with_algs("EdDSA"), Error::TooOld), (401, expected.into()));
    }
    assert_eq!(answer(BEARER.with_algs("EdDSA"), Error::NoCredentials).1, r#"Bearer realm="pump-7""#);
}

/// A client must not be able to choose the status 503, which says that the device is at fault.
#[test]
fn only_device_faults_are_answered_503() {
    let is_device_fault = |error: Error| {
        matches!(
            error,
            Error::ClockNotSet
                | Error::TimeUnknown
                | Error::Full
                | Error::NotOpened
                | Error::EntryExpired
                | Error::StatusUnknown
                | Error::BackendUnavailable
                | Error::BackendBroken
                | Error::Disturbed
                | Error::Unconfigured(_)
                | Error::TooManyIssuers
        )
    };
    for error in errors::all() {
        for challenge in [BEARER, DPOP] {
            let expected = is_device_fault(error) || error == Error::InvalidKey;
            assert_eq!(answer(challenge, error).0 == 503, expected, "{error:?}");
            assert_eq!(answer_dpop(challenge, error).0 == 503, is_device_fault(error), "{error:?}");
        }
    }
}

/// The answer to a fault of the proof is about the proof, whatever the scheme. The answer to a fault of the token is
/// about the token.
#[test]
fn answer_says_whether_the_token_or_the_proof_is_at_fault() {
    for challenge in [BEARER, DPOP] {
        for error in [Error::ProofReplayed, Error::ProofTooOld, Error::Mismatch(Claim::AccessTokenHash)] {
            let (status, value) = answer(challenge, error);
            assert_eq!(status, 401);
            assert_eq!(value, r#"DPoP algs="ES256 EdDSA Ed25519", realm="pump-7", error="invalid_dpop_proof""#);
            assert_eq!((status, value), answer_dpop(challenge, error));
        }
        let (status, value) = answer(challenge, Error::Mismatch(Claim::Nonce));
        assert_eq!(status, 401);
        assert_eq!(value, r#"DPoP algs="ES256 EdDSA Ed25519", realm="pump-7", error="use_dpop_nonce""#);
    }
    for error in [Error::Replayed, Error::TooOld, Error::Revoked] {
        let value = r#"Bearer realm="pump-7", error="invalid_token""#;
        assert_eq!(answer(BEARER, error), (401, value.into()));
        let value = r#"DPoP algs="ES256 EdDSA Ed25519", realm="pump-7", error="invalid_token""#;
        assert_eq!(answer(DPOP, error), (401, value.into()));
    }
}

#[test]
fn refusal_of_the_application_and_a_full_share_have_a_status_and_no_challenge() {
    for challenge in [BEARER, DPOP] {
        assert_eq!(answer(challenge, Error::Denied), (403, String::new()));
        assert_eq!(answer(challenge, Error::ShareFull), (429, String::new()));
    }
}

#[test]
fn answer_has_scope_always_and_login_only_for_login_errors() {
    let full = |challenge: Challenge<'static>| {
        challenge
            .with_scope("pump:read pump:write")
            .with_acr_values("urn:acr:gold urn:acr:silver")
            .with_max_age(Duration::from_millis(300_999))
    };
    for (errors, status, code) in ROWS {
        for error in errors {
            let login = if code.contains("insufficient_user_authentication") {
                r#", acr_values="urn:acr:gold urn:acr:silver", max_age="300""#
            } else {
                ""
            };
            let parameters = format!(r#"realm="pump-7"{code}, scope="pump:read pump:write"{login}"#);
            assert_eq!(answer(full(BEARER), *error), (status, format!("Bearer {parameters}")), "{error:?}");
            let dpop = format!(r#"DPoP algs="ES256 EdDSA Ed25519", {parameters}"#);
            assert_eq!(answer(full(DPOP), *error), (status, dpop), "{error:?}");
        }
    }
    // Each parameter alone.
    let too_old = Error::AuthenticationTooOld;
    let prefix = r#"Bearer realm="pump-7", error="insufficient_user_authentication""#;
    let answers = [
        (BEARER.with_acr_values("gold"), r#", acr_values="gold""#),
        (BEARER.with_max_age(Duration::ZERO), r#", max_age="0""#),
        (BEARER.with_max_age(Duration::MAX), r#", max_age="18446744073709551615""#),
        (BEARER.with_scope("a"), r#", scope="a""#),
    ];
    for (challenge, parameter) in answers {
        assert_eq!(answer(challenge, too_old), (401, format!("{prefix}{parameter}")));
    }
}

#[test]
fn device_faults_are_answered_503_without_challenge() {
    let errors = [
        Error::ClockNotSet,
        Error::BackendUnavailable,
        Error::BackendBroken,
        Error::TooManyIssuers,
        Error::TimeUnknown,
        Error::Full,
        Error::StatusUnknown,
    ];
    for error in errors.into_iter().chain(errors::CLAIMS.map(Error::Unconfigured)) {
        for challenge in [BEARER, DPOP.with_scope("a")] {
            assert_eq!(answer(challenge, error), (503, String::new()), "{error:?}");
            assert_eq!(answer_dpop(challenge, error), (503, String::new()), "{error:?}");
        }
    }
    // For a token, this error is about a key of the issuer. For a proof, it is about the client's own key.
    assert_eq!(answer(BEARER, Error::InvalidKey), (503, String::new()));
    assert_eq!(answer(DPOP, Error::InvalidKey), (503, String::new()));
    assert_eq!(answer_dpop(DPOP, Error::InvalidKey).0, 401);
}

#[test]
fn proof_errors_are_answered_with_their_codes() {
    let prefix = r#"DPoP algs="ES256 EdDSA Ed25519", realm="pump-7", error="#;
    for error in [Error::Missing(Claim::Nonce), Error::Mismatch(Claim::Nonce)] {
        assert_eq!(answer_dpop(DPOP, error), (401, format!(r#"{prefix}"use_dpop_nonce""#)), "{error:?}");
    }
    for error in [
        Error::Malformed(Part::Token),
        Error::TooLarge(Part::Header),
        Error::BufferTooSmall,
        Error::CriticalHeader,
        Error::WrongType,
        Error::UnsupportedAlgorithm,
        Error::InvalidKey,
        Error::InvalidSignature,
        Error::Missing(Claim::JwtId),
        Error::Invalid(Claim::JwtId),
        Error::Invalid(Claim::Nonce),
        Error::Mismatch(Claim::HttpMethod),
        Error::Mismatch(Claim::HttpUri),
        Error::Mismatch(Claim::AccessTokenHash),
        Error::Expired,
        Error::NotYetValid,
        Error::TooOld,
    ] {
        assert_eq!(answer_dpop(DPOP, error), (401, format!(r#"{prefix}"invalid_dpop_proof""#)), "{error:?}");
    }
    let scoped = DPOP.with_scope("pump:write").with_acr_values("gold").with_max_age(Duration::ZERO);
    let expected = format!(r#"{prefix}"invalid_dpop_proof", scope="pump:write""#);
    assert_eq!(answer_dpop(scoped, Error::TooOld), (401, expected));
}

/// The examples whose parameters, except `error_description`, are all written by this crate. Their order is ignored,
/// since [RFC 9110 section 11.2](https://www.rfc-editor.org/rfc/rfc9110#section-11.2) gives it no meaning.
#[test]
fn answers_match_the_examples_of_the_standards() {
    // RFC 6750 section 3. The first example is matched exactly.
    let challenge = Challenge::new("example");
    assert_eq!(answer(challenge, Error::NoCredentials), (401, r#"Bearer realm="example""#.into()));
    let rfc_6750 = r#"Bearer realm="example", error="invalid_token", error_description="The access token expired""#;
    assert_matches_example(&answer(challenge, Error::Expired).1, rfc_6750);

    // RFC 9470 section 3.
    let rfc_9470 = concat!(
        r#"Bearer error="insufficient_user_authentication", "#,
        r#"error_description="A different authentication level is required", acr_values="myACR""#
    );
    let challenge = Challenge::new("").with_acr_values("myACR");
    assert_matches_example(&answer(challenge, Error::Mismatch(Claim::AuthenticationContext)).1, rfc_9470);
    let rfc_9470 = concat!(
        r#"Bearer error="insufficient_user_authentication", "#,
        r#"error_description="More recent authentication is required", max_age="5""#
    );
    let challenge = Challenge::new("").with_max_age(Duration::from_secs(5));
    assert_matches_example(&answer(challenge, Error::AuthenticationTooOld).1, rfc_9470);

    // RFC 9449 sections 7.1 and 9, without `algs`, whose value depends on the server.
    let rfc_9449 = r#"DPoP error="invalid_token", error_description="Invalid DPoP key binding""#;
    assert_matches_example(&answer(DPOP, Error::Mismatch(Claim::Confirmation)).1, rfc_9449);
    let rfc_9449 = r#"DPoP error="use_dpop_nonce", error_description="Resource server requires nonce in DPoP proof""#;
    assert_matches_example(&answer_dpop(DPOP, Error::Missing(Claim::Nonce)).1, rfc_9449);
}

/// Asserts that an answer has the scheme and every parameter of an example, except `error_description`.
fn assert_matches_example(answer: &str, example: &str) {
    let (scheme, parameters) = parse(answer);
    let (expected_scheme, mut expected) = parse(example);
    expected.remove("error_description");
    assert_eq!(scheme, expected_scheme);
    for (name, value) in expected {
        assert_eq!(parameters.get(&name), Some(&value), "{name}");
    }
}

/// Parses a challenge as a client does ([RFC 9110 section
/// 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1)). All parameters must be quoted.
fn parse(challenge: &str) -> (String, BTreeMap<String, String>) {
    assert!(challenge.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{challenge:?}");
    let (scheme, mut rest) = challenge.split_once(' ').unwrap();
    let mut parameters = BTreeMap::new();
    loop {
        let (name, quoted) = rest.split_once("=\"").unwrap();
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        let (mut value, mut characters) = (String::new(), quoted.chars());
        loop {
            match characters.next().unwrap() {
                '"' => break,
                '\\' => value.push(characters.next().unwrap()),
                character => value.push(character),
            }
        }
        assert_eq!(parameters.insert(name.to_owned(), value), None, "{name} occurs once");
        match characters.as_str() {
            "" => return (scheme.to_owned(), parameters),
            more => rest = more.strip_prefix(", ").unwrap(),
        }
    }
}

#[test]
fn quotation_marks_and_backslashes_are_escaped() {
    let answer = answer(Challenge::new(r#"a "b" \c"#), Error::NoCredentials);
    assert_eq!(answer, (401, r#"Bearer realm="a \"b\" \\c""#.into()));
    let all: String = (' '..='~').collect();
    for text in ["", "\"", "\\", "\\\"", "\", error=\"none", &all] {
        let challenge = Challenge::dpop(text).with_scope(text).with_acr_values(text);
        let mut value = String::new();
        assert_eq!(challenge.write(Error::AuthenticationTooOld, &mut value), Ok(401));
        let (scheme, parameters) = parse(&value);
        assert_eq!(scheme, "DPoP");
        for name in ["realm", "scope", "acr_values"] {
            assert_eq!(parameters[name], text, "{name}");
        }
        assert_eq!(parameters["error"], "insufficient_user_authentication");
        assert_eq!(parameters.len(), 5);
    }
}

#[test]
fn characters_not_allowed_in_a_header_are_never_written() {
    for character in ['\0', '\t', '\n', '\r', '\u{1f}', '\u{7f}', '\u{80}', 'é', '\u{2028}', '😀'] {
        let text = format!("a{character}b");
        let too_old = Error::AuthenticationTooOld;
        for challenge in
            [Challenge::new(&text), Challenge::dpop(&text), BEARER.with_scope(&text), BEARER.with_acr_values(&text)]
        {
            assert_eq!(challenge.write(too_old, &mut String::new()), Err(fmt::Error), "{character:?}");
        }
        assert_eq!(Challenge::dpop(&text).write_dpop(too_old, &mut String::new()), Err(fmt::Error));
        // A text that is not written causes no error.
        assert_eq!(answer(BEARER.with_acr_values(&text), Error::Expired).0, 401);
        assert_eq!(answer(Challenge::new(&text), Error::ClockNotSet), (503, String::new()));
    }
}

#[test]
fn value_that_does_not_fit_is_an_error() {
    let challenge = BEARER.with_scope("a \"b\"").with_acr_values("gold").with_max_age(Duration::from_secs(300));
    let (status, whole) = answer(challenge, Error::AuthenticationTooOld);
    for room in 0..=whole.len() {
        let mut value = Limited { text: String::new(), room };
        let written = challenge.write(Error::AuthenticationTooOld, &mut value);
        if room < whole.len() {
            assert_eq!(written, Err(fmt::Error), "{room} of {} bytes", whole.len());
        } else {
            assert_eq!((written, value.text), (Ok(status), whole.clone()));
        }
    }

    let mut exact = heapless::String::<21>::new();
    assert_eq!(BEARER.write(Error::NoCredentials, &mut exact), Ok(401));
    assert_eq!(exact, r#"Bearer realm="pump-7""#);
    assert_eq!(BEARER.write(Error::NoCredentials, &mut heapless::String::<20>::new()), Err(fmt::Error));
    assert_eq!(BEARER.write(Error::NoCredentials, &mut heapless::String::<0>::new()), Err(fmt::Error));
    assert_eq!(DPOP.write_dpop(Error::TooOld, &mut heapless::String::<64>::new()), Err(fmt::Error));
    // An empty value fits into any buffer.
    assert_eq!(BEARER.write(Error::ClockNotSet, &mut heapless::String::<0>::new()), Ok(503));
    assert_eq!(DPOP.write_dpop(Error::ClockNotSet, &mut heapless::String::<0>::new()), Ok(503));
}

#[test]
fn value_has_at_most_140_bytes_of_its_own() {
    let challenge = Challenge::dpop("").with_scope("").with_acr_values("").with_max_age(Duration::MAX);
    let lengths = errors::all().flat_map(|error| [answer(challenge, error), answer_dpop(challenge, error)]);
    assert_eq!(lengths.map(|(_, value)| value.len()).max(), Some(140));
}

struct Limited {
    text: String,
    room: usize,
}

impl fmt::Write for Limited {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text.push_str(text);
        if self.text.len() > self.room { Err(fmt::Error) } else { Ok(()) }
    }
}

#[test]
fn every_error_has_an_answer_that_does_not_reveal_it() {
    let full = |challenge: Challenge<'static>| {
        challenge.with_scope("pump:write").with_acr_values("gold").with_max_age(Duration::from_secs(300))
    };
    for error in errors::all() {
        for challenge in [BEARER, DPOP, full(BEARER), full(DPOP)] {
            let (status, value) = answer(challenge, error);
            assert!([400, 401, 403, 429, 503].contains(&status), "{error:?}");
            assert_reveals_nothing(status, &value, error);
            let (status, value) = answer_dpop(challenge, error);
            assert!([401, 503].contains(&status), "{error:?}");
            assert_reveals_nothing(status, &value, error);
        }
    }
}

fn assert_reveals_nothing(status: u16, value: &str, error: Error) {
    let has_no_challenge = status == 503 || status == 429 || (status, error) == (403, Error::Denied);
    assert_eq!(value.is_empty(), has_no_challenge, "{error:?}");
    let name = format!("{error:?}");
    let name = name.strip_suffix(')').unwrap_or(&name);
    for part in name.split('(').chain([error.to_string().as_str()]) {
        assert!(!value.contains(part), "{part} in {value}");
    }
    if !value.is_empty() {
        let (_, parameters) = parse(value);
        assert_eq!(parameters["realm"], "pump-7");
        assert_eq!(parameters.get("error_description"), None);
    }
}
