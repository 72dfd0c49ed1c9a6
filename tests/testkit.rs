//! The test kit for users: each constructor of a fault gives the error that its documentation names, and nothing else is
//! wrong with the token.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::collections::BTreeSet;
use std::time::Duration;

use embedded_jwt::*;
use testkit::{ALGS, Alg, BOTH, NOW, TestIssuer, TestToken, dpop_proof, errors, json, now};

const ISSUER: &str = "https://login.example.com";
const AUDIENCE: &str = "urn:device:door-7";
const SCOPE: &str = "door:open";
const URI: &str = "https://door-7.local/open";

fn idp() -> TestIssuer {
    TestIssuer::new(ISSUER)
}

fn verify<T>(text: &str, validate: impl FnOnce(Verified<'_, '_>) -> Result<T, Error>) -> Result<T, Error> {
    let keys = idp().keys();
    validate(Token::parse(text)?.verify(&Issuer::new(ISSUER, &keys, BOTH), &mut [0; 2048])?)
}

fn access(token: &TestToken) -> Result<(), Error> {
    access_at(now(), token)
}

fn access_at(time: UnixTime, token: &TestToken) -> Result<(), Error> {
    let policy =
        AccessTokenPolicy::new(AUDIENCE).with_required_scope(SCOPE).with_max_lifetime(Duration::from_secs(600));
    access_by_at(&policy, time, token)
}

/// The verdict of a policy that limits the age, and not the lifetime.
fn aged_at(time: UnixTime, token: &TestToken) -> Result<(), Error> {
    access_by_at(&AccessTokenPolicy::new(AUDIENCE).with_max_token_age(Duration::from_secs(600)), time, token)
}

fn access_by(policy: &AccessTokenPolicy<'_>, token: &TestToken) -> Result<(), Error> {
    access_by_at(policy, now(), token)
}

fn access_by_at(policy: &AccessTokenPolicy<'_>, time: UnixTime, token: &TestToken) -> Result<(), Error> {
    verify(&token.mint(), |verified| verified.into_access_token(policy, time).map(drop))
}

fn id(token: &TestToken) -> Result<(), Error> {
    let policy = IdTokenPolicy::new(AUDIENCE).with_nonce("n-1").with_max_age(Duration::from_secs(600));
    verify(&token.mint(), |verified| verified.into_id_token(&policy, now()).map(drop))
}

fn proof(proof: &TestToken) -> Result<(), Error> {
    let policy = DpopPolicy::new("POST", URI, "an.access.token");
    Token::parse(&proof.mint())?.verify_dpop(&policy, BOTH, now(), &mut [0; 2048]).map(drop)
}

/// Puts one fault into a token.
type Fault = fn(TestToken) -> TestToken;

/// The constructors that every kind of token has.
const FAULTS: [(Fault, Error); 7] = [
    (TestToken::forged, Error::InvalidSignature),
    (TestToken::cut_off, Error::Malformed(Part::Token)),
    (TestToken::unsigned, Error::UnsupportedAlgorithm),
    (TestToken::critical, Error::CriticalHeader),
    (TestToken::wrong_type, Error::WrongType),
    (TestToken::not_yet_valid, Error::NotYetValid),
    (|token| token.padded(4096), Error::BufferTooSmall),
];

/// The constructors that the tokens of an issuer have.
const FAULTS_OF_ISSUED: [(Fault, Error); 6] = [
    (TestToken::unknown_key, Error::UnknownKey),
    (TestToken::other_issuer, Error::Mismatch(Claim::Issuer)),
    (TestToken::other_audience, Error::Mismatch(Claim::Audience)),
    (TestToken::expired, Error::Expired),
    (|token| token.without("exp"), Error::Missing(Claim::Expiration)),
    (|token| token.claim("aud", 7), Error::Invalid(Claim::Audience)),
];

#[test]
fn access_token_with_a_fault_is_refused_with_its_error() {
    let own: [(Fault, Error); 3] = [
        (TestToken::missing_scope, Error::InsufficientScope),
        (TestToken::long_lived, Error::LifetimeTooLong),
        (|token| token.bound_to(Alg::Es256), Error::SenderConstrained),
    ];
    for alg in ALGS {
        let good = idp().with_alg(alg).access_token(AUDIENCE).scope("door:open door:close");
        assert_eq!(access(&good), Ok(()));
        for (fault, error) in FAULTS.into_iter().chain(FAULTS_OF_ISSUED).chain(own) {
            assert_eq!(access(&fault(good.clone())), Err(error));
        }
        assert_eq!(access(&idp().id_token(AUDIENCE)), Err(Error::WrongType));
    }
}

#[test]
fn id_token_with_a_fault_is_refused_with_its_error() {
    let own: [(Fault, Error); 3] = [
        (|token| token.claim("nonce", "n-2"), Error::Mismatch(Claim::Nonce)),
        (|token| token.without("nonce"), Error::Missing(Claim::Nonce)),
        (|token| token.claim("auth_time", NOW - 3600), Error::AuthenticationTooOld),
    ];
    let good = idp().id_token(AUDIENCE).claim("nonce", "n-1");
    assert_eq!(id(&good), Ok(()));
    for (fault, error) in FAULTS.into_iter().chain(FAULTS_OF_ISSUED).chain(own) {
        assert_eq!(id(&fault(good.clone())), Err(error));
    }
}

#[test]
fn proof_with_a_fault_is_refused_with_its_error() {
    let own: [(Fault, Error); 4] = [
        (TestToken::expired, Error::ProofTooOld),
        (|proof| proof.claim("htm", "GET"), Error::Mismatch(Claim::HttpMethod)),
        (|proof| proof.claim("htu", "https://door-8.local/open"), Error::Mismatch(Claim::HttpUri)),
        (|proof| proof.header("jwk", json!({"kty": "oct"})), Error::InvalidKey),
    ];
    for alg in ALGS {
        let good = dpop_proof(alg, "POST", URI, "an.access.token");
        assert_eq!(proof(&good), Ok(()));
        for (fault, error) in FAULTS.into_iter().chain(own) {
            assert_eq!(proof(&fault(good.clone())), Err(error));
        }
        let of_another = dpop_proof(alg, "POST", URI, "another.access.token");
        assert_eq!(proof(&of_another), Err(Error::Mismatch(Claim::AccessTokenHash)));
    }
}

#[test]
fn bound_token_is_accepted_with_a_proof_by_its_key() {
    for alg in ALGS {
        let text = idp().access_token(AUDIENCE).bound_to(alg).mint();
        let validate = |client: Alg| {
            let (proof, mut buf, window) =
                (dpop_proof(client, "POST", URI, &text).mint(), [0; 2048], testkit::replay_window::<4>());
            let request = DpopPolicy::new("POST", URI, &text);
            let proof = Token::parse(&proof)?.verify_dpop(&request, BOTH, now(), &mut buf)?;
            let policy = AccessTokenPolicy::new(AUDIENCE).with_dpop(&proof, &window);
            verify(&text, |verified| verified.into_access_token(&policy, now()).map(drop))
        };
        let [other] = ALGS.into_iter().filter(|other| *other != alg).collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(validate(alg), Ok(()));
        assert_eq!(validate(other), Err(Error::Mismatch(Claim::Confirmation)));
    }
}

#[test]
fn old_token_is_too_old_where_only_the_age_is_limited() {
    assert_eq!(aged_at(now(), &idp().access_token(AUDIENCE)), Ok(()));
    assert_eq!(aged_at(now(), &idp().access_token(AUDIENCE).issued_long_ago()), Err(Error::TooOld));
}

#[test]
fn other_issuer_is_none_that_the_token_has() {
    let keys = idp().keys();
    for name in [ISSUER, "https://login.example.com/another"] {
        let issuer = Issuer::new(name, &keys, BOTH);
        let verdict = |token: TestToken| Token::parse(&token.mint()).unwrap().verify(&issuer, &mut [0; 2048]).map(drop);
        let good = TestIssuer::new(name).access_token(AUDIENCE);
        assert_eq!(verdict(good.clone()), Ok(()));
        assert_eq!(verdict(good.other_issuer()), Err(Error::Mismatch(Claim::Issuer)));
    }
}

#[test]
fn other_audience_is_none_that_the_token_has() {
    let audiences = ["urn:device", "urn:device-another", "urn:device-another-another"];
    for audience in audiences {
        let policy = AccessTokenPolicy::new(audience);
        for good in [idp().access_token(audience), idp().access_token("").claim("aud", json!(audiences))] {
            assert_eq!(access_by(&policy, &good), Ok(()));
            assert_eq!(access_by(&policy, &good.other_audience()), Err(Error::Mismatch(Claim::Audience)));
        }
    }
    let policy = AccessTokenPolicy::for_client("app");
    let good = idp()
        .access_token("")
        .without("aud")
        .claim("client_id", "app")
        .claim("token_use", "access")
        .header("typ", "JWT");
    assert_eq!(access_by(&policy, &good), Ok(()));
    assert_eq!(access_by(&policy, &good.other_audience()), Err(Error::Mismatch(Claim::Audience)));
}

#[test]
fn scope_is_missing_under_either_name() {
    for name in ["scope", "scp"] {
        let policy = AccessTokenPolicy::at_jwt(AUDIENCE).with_scope_claim(name).with_required_scope(SCOPE);
        let good = idp().access_token(AUDIENCE).claim("scope", SCOPE).claim("scp", SCOPE);
        assert_eq!(access_by(&policy, &good), Ok(()));
        for good in [good, idp().access_token(AUDIENCE).claim(name, SCOPE)] {
            assert_eq!(access_by(&policy, &good.missing_scope()), Err(Error::InsufficientScope));
        }
    }
}

#[test]
fn long_life_and_age_exceed_what_the_token_has() {
    const TEN_YEARS: i64 = 10 * 365 * 24 * 3600;
    let limit = Duration::from_secs(TEN_YEARS as u64 + 60);
    let policy = AccessTokenPolicy::new(AUDIENCE).with_max_lifetime(limit);
    let good = idp().access_token(AUDIENCE).claim("exp", NOW + TEN_YEARS);
    assert_eq!(access_by(&policy, &good), Ok(()));
    assert_eq!(access_by(&policy, &good.long_lived()), Err(Error::LifetimeTooLong));

    let policy = AccessTokenPolicy::new(AUDIENCE).with_max_token_age(limit);
    let good = idp().access_token(AUDIENCE).claim("iat", NOW - TEN_YEARS);
    assert_eq!(access_by(&policy, &good), Ok(()));
    assert_eq!(access_by(&policy, &good.issued_long_ago()), Err(Error::TooOld));
}

#[test]
fn wrong_type_is_not_the_type_that_the_token_has() {
    for typ in ["logout+jwt", "application/Logout+JWT", "secevent+jwt"] {
        let policy = TypedPolicy::new(typ, AUDIENCE);
        let verdict =
            |token: TestToken| verify(&token.mint(), |verified| verified.into_typed(&policy, now()).map(drop));
        assert_eq!(verdict(idp().typed_token(typ, AUDIENCE)), Ok(()), "{typ}");
        assert_eq!(verdict(idp().typed_token(typ, AUDIENCE).wrong_type()), Err(Error::WrongType), "{typ}");
    }
}

#[test]
fn fault_that_would_change_nothing_panics() {
    let token = || idp().access_token(AUDIENCE);
    let proof = || dpop_proof(Alg::Es256, "POST", URI, "an.access.token");
    let faults: [(&dyn Fn() -> TestToken, &str); 11] = [
        (&|| proof().unknown_key(), "a DPoP proof contains its key, so that it cannot name an unknown one"),
        (&|| proof().other_issuer(), "nothing checks the issuer of a DPoP proof"),
        (&|| token().without("iss").other_issuer(), "a token without `iss` cannot come from another issuer"),
        (&|| proof().scope("a").missing_scope(), "nothing checks the scope of a DPoP proof"),
        (&|| proof().header("typ", "application/DPoP+jwt").long_lived(), "nothing limits the lifetime of a DPoP proof"),
        (&|| proof().other_audience(), "nothing checks the audience of a DPoP proof"),
        (&|| proof().long_lived(), "nothing limits the lifetime of a DPoP proof"),
        (&|| proof().issued_long_ago(), "a DPoP proof that was made long ago has ended: use `expired`"),
        (&|| token().missing_scope(), "the token has no scope that could be missing"),
        (&|| token().without("door"), "the token has no claim `door` that could be missing"),
        (&|| token().without("exp").expired(), "a token without `exp` does not expire"),
    ];
    for (fault, message) in faults {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(fault)).unwrap_err();
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref().copied());
        assert_eq!(text, Some(message));
    }
}

#[test]
fn token_moves_to_another_time() {
    let later = UnixTime::from_secs(NOW + 1_000_000);
    let validate = |token: TestToken, now: UnixTime| {
        let policy = AccessTokenPolicy::new(AUDIENCE);
        verify(&token.mint(), |verified| verified.into_access_token(&policy, now).map(drop))
    };
    let token = || idp().access_token(AUDIENCE);
    assert_eq!(validate(token().at(later), later), Ok(()));
    assert_eq!(validate(token(), later), Err(Error::Expired));
    assert_eq!(validate(token().at(later).expired(), later), Err(Error::Expired));
}

#[test]
fn faults_of_the_times_hold_at_any_time() {
    let at_once: [(Fault, Error); 3] = [
        (TestToken::expired, Error::Expired),
        (TestToken::not_yet_valid, Error::NotYetValid),
        (TestToken::long_lived, Error::LifetimeTooLong),
    ];
    // With an end that the test has set.
    let own_end: [(Fault, Error); 2] = [
        (|token| token.claim("exp", NOW + 7200).expired(), Error::Expired),
        (|token| token.claim("exp", NOW as f64 + 240.5).expired(), Error::Expired),
    ];
    for hours in [-24 * 400, -2, 0, 2, 24 * 400] {
        let time = UnixTime::from_secs(NOW + hours * 3600);
        let good = || idp().access_token(AUDIENCE).scope(SCOPE);
        assert_eq!(access_at(time, &good().at(UnixTime::from_secs(NOW + 9)).at(time)), Ok(()), "{hours}");
        for (fault, error) in at_once.into_iter().chain(own_end) {
            assert_eq!(access_at(time, &fault(good()).at(time)), Err(error), "{hours}");
        }
        for (fault, error) in at_once {
            assert_eq!(access_at(time, &fault(good().at(time))), Err(error), "{hours}");
        }
        assert_eq!(aged_at(time, &good().issued_long_ago().at(time)), Err(Error::TooOld), "{hours}");
        assert_eq!(aged_at(time, &good().at(time).issued_long_ago()), Err(Error::TooOld), "{hours}");
    }
}

#[test]
fn typed_token_has_its_type() {
    let validate = |typ: &str| {
        let policy = TypedPolicy::new("cmd+jwt", AUDIENCE);
        verify(&idp().typed_token(typ, AUDIENCE).mint(), |verified| verified.into_typed(&policy, now()).map(drop))
    };
    assert_eq!(validate("cmd+jwt"), Ok(()));
    assert_eq!(validate("cmd2+jwt"), Err(Error::WrongType));
}

#[test]
fn key_set_has_the_keys_signed_or_not() {
    let jwks = |room: usize| {
        let mut json = idp().jwks().into_bytes();
        if room == 2 {
            KeySet::<2>::from_jwks(&mut json).map(|keys| keys.to_vec())
        } else {
            KeySet::<1>::from_jwks(&mut json).map(|keys| keys.to_vec())
        }
    };
    assert_eq!(jwks(2).unwrap(), idp().keys());
    assert_eq!(jwks(1), Err(Error::TooManyKeys));

    let mut keys = KeySet::<2>::new();
    let mut replace = |token: TestToken, newest: i64| {
        let policy = SignedKeySetPolicy::new(UnixTime::from_secs(newest));
        verify(&token.mint(), |verified| keys.replace_from_signed(verified, &policy, now()))
    };
    assert_eq!(replace(idp().signed_key_set(), NOW - 60), Ok(UnixTime::from_secs(NOW - 60)));
    assert_eq!(replace(idp().signed_key_set(), NOW - 59), Err(Error::RolledBack));
    assert_eq!(*keys, idp().keys());
}

#[cfg(feature = "status-list")]
#[test]
fn status_list_has_its_statuses() {
    const LIST: &str = "https://login.example.com/statuses/1";
    for len in [0_usize, 1, 9, 2_000] {
        let statuses: Vec<u8> = (0..len).map(|index| u8::from(index % 3 == 0)).collect();
        let (text, keys, mut buf) = (idp().status_list(LIST, &statuses).mint(), idp().keys(), [0; 2048]);
        let verified = Token::parse(&text).unwrap().verify(&Issuer::new(ISSUER, &keys, BOTH), &mut buf).unwrap();
        let policy = StatusListPolicy::new(LIST);
        let list = verified.into_status_list(&policy, &mut NewestStatusList::new(), now()).unwrap();
        let mut memory = vec![0; len.div_ceil(8)];
        let bitmap = list.decode(&mut Inflater::new(), &mut memory).unwrap();
        let decoded = (0..).map_while(|index| bitmap.status(index).ok()).take(len);
        let policy = AccessTokenPolicy::new(AUDIENCE).with_revocations(&bitmap);
        let verdict = |index| {
            let token = idp().access_token(AUDIENCE).status(LIST, index).mint();
            verify(&token, |verified| verified.into_access_token(&policy, now()).map(drop))
        };
        for index in (0..len).take(4) {
            assert_eq!(verdict(index), if index % 3 == 0 { Err(Error::Revoked) } else { Ok(()) });
        }
        assert_eq!(verdict(4_000_000), Err(Error::Invalid(Claim::Status)), "beyond the end");
        assert!(decoded.eq(statuses.iter().map(|status| if *status == 0 { Status::Valid } else { Status::Invalid })));
    }
}

/// The table in the test kit's README says how to get each error.
#[test]
fn readme_of_the_testkit_names_each_error() {
    let rows = include_str!("../testkit/README.md").lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.filter_map(|row| row.split_once(" | ")).map(|(cell, _)| cell);
    let named: BTreeSet<_> =
        cells.flat_map(|cell| cell.split(", ")).map(|name| name.trim_matches('`').to_owned()).collect();
    let features = ["rs256", "jwks-server"].map(String::from);
    let expected: BTreeSet<_> = errors::all().map(errors::variant).chain(features).collect();
    assert_eq!(named, expected);
}
