//! Every error, produced through the public API.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::collections::BTreeSet;
use std::time::Duration;

use embedded_jwt::*;
use serde_json::{Value, json};
use testkit::*;

/// Lists each variant with the expression that produces it through the public API. As there is one list, no variant can
/// be left out.
macro_rules! errors {
    ($($variant:ident $(($detail:expr))? => $produce:expr,)*) => {
        const ALL: &[Error] = &[$(Error::$variant $(($detail))?),*];

        fn produce(error: Error) -> Option<Error> {
            match error {
                $(Error::$variant { .. } => $produce,)*
                _ => None,
            }
        }
    };
}

errors! {
    BufferTooSmall => Token::parse(&good()).unwrap().verify(&issuer(&keys()), &mut []).err(),
    TooManyIssuers => Token::parse(&good()).unwrap().verify_any(&[&issuer(&keys()); 5], &mut [0; 1024]).err(),
    Unconfigured(Claim::Audience) => validate(&claims(), AccessTokenPolicy::new(""), NOW),
    TooLarge(Part::Token) => verify(&"x".repeat(MAX_TOKEN_LEN + 1)),
    Malformed(Part::Payload) => verify_payload("[]"),
    DuplicateName(Part::Header) => verify_header(r#"{"alg":"EdDSA","\u0061lg":"EdDSA"}"#),
    TooDeep(Part::Payload) => verify_payload(&"[".repeat(MAX_DEPTH + 1)),
    TooManyMembers(Part::Payload) => {
        let members: Vec<_> = (0..=MAX_OPEN_MEMBERS).map(|i| format!("\"{i}\":0")).collect();
        verify_payload(&format!("{{{}}}", members.join(",")))
    },
    CriticalHeader => verify_header(r#"{"alg":"EdDSA","crit":["x"]}"#),
    UnsupportedAlgorithm => verify_header(r#"{"alg":"none"}"#),
    UnknownKey => verify_with(&[], BOTH),
    AmbiguousKey => {
        let strangers: Vec<_> = (1..=5).map(|number| Key::ed25519(&stranger(number)).with_kid(b"ed-test")).collect();
        verify_with(&strangers, BOTH)
    },
    InvalidKey => verify_with(&[Key::ed25519(&[0; 32]).with_kid(b"ed-test")], BOTH),
    InvalidSignature => verify(&good().replace(".e", ".f")),
    BackendUnavailable => verify_with(&keys(), &[&Failing(BackendError::Unavailable)]),
    WrongType => validate_text(&Alg::EdDsa.mint(r#"{"alg":"EdDSA","typ":"JWT"}"#, claims().to_string()), policy(), NOW),
    Missing(Claim::Subject) => validate(&claims_with("sub", Value::Null), policy(), NOW),
    Invalid(Claim::Expiration) => validate(&claims_with("exp", json!("1")), policy(), NOW),
    Mismatch(Claim::Issuer) => verify_payload(r#"{"iss":"urn:other"}"#),
    ClockNotSet => validate(&claims(), policy(), 0),
    Expired => validate(&claims_with("exp", json!(NOW)), policy(), NOW),
    NotYetValid => validate(&claims_with("nbf", json!(NOW + 1)), policy(), NOW),
    LifetimeTooLong => validate(&claims(), policy().with_max_lifetime(Duration::from_secs(60)), NOW),
    TooOld => validate(&claims(), policy().with_max_token_age(Duration::from_secs(60)), NOW + 1),
    InsufficientScope => validate(&claims(), policy().with_required_scope("admin"), NOW),
    Deserialize(Misfit::WrongType) => validate_access_token(&good(), &policy(), NOW, |token| token.claims::<u8>().err()).unwrap(),
    TooManyKeys => {
        let mut jwks = *br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        KeySet::<0>::from_jwks(&mut jwks).err()
    },
    AuthenticationTooOld => {
        let claims = claims_with("auth_time", json!(NOW - 61));
        validate(&claims, policy().with_max_age(Duration::from_secs(60)), NOW)
    },
    SenderConstrained => validate(&bound(), policy(), NOW),
    Replayed => {
        let used = replay_window::<1>();
        let policy = policy().with_single_use(&used);
        [validate(&claims(), policy, NOW), validate(&claims(), policy, NOW)][1]
    },
    RolledBack => {
        let claims = json!({"iss": ISSUER, "iat": NOW, "keys": []});
        let text = Alg::EdDsa.mint(r#"{"alg":"EdDSA","typ":"jwk-set+jwt"}"#, claims.to_string());
        let policy = SignedKeySetPolicy::new(UnixTime::from_secs(NOW + 1));
        testkit::verify(&text, |verified| KeySet::<1>::new().replace_from_signed(verified, &policy, now())).err()
    },
    NoCredentials => bearer::from_authorization("Basic YTpi").err(),
    Revoked => {
        let mut list = revocation_list::<0>();
        list.revoke(Revocation::All { issued_before: now() }, UnixTime::from_secs(NOW + 240), now()).unwrap();
        validate(&claims(), policy().with_revocations(&list), NOW)
    },
    Full => {
        let token = Revocation::Token { issuer: ISSUER, jwt_id: "token-1" };
        revocation_list::<0>().revoke(token, UnixTime::from_secs(NOW + 1), now()).err()
    },
    TimeUnknown => {
        let now = EarliestTime::from_secs(NOW);
        testkit::verify(&good(), |verified| verified.into_access_token(&policy(), now).map(drop)).err()
    },
    BackendBroken => self_test(&Failing(BackendError::InvalidSignature)).err(),
    StatusUnknown => check_against_another_list(),
    EntryExpired => {
        let token = Revocation::Token { issuer: ISSUER, jwt_id: "token-1" };
        revocation_list::<1>().revoke(token, now(), now()).err()
    },
    NotOpened => validate(&claims(), policy().with_revocations(&RevocationList::<1>::new()), NOW),
    ShareFull => {
        let used = ReplayWindow::<2, 0>::new();
        used.start_empty();
        validate(&claims(), policy().with_single_use(&used), NOW)
    },
    // The application itself returns this error.
    Denied => testkit::verify(&good(), |verified| {
        let pending = verified.validate_access_token(&policy(), now())?;
        if pending.has_scope("pump:stop") { pending.consume().map(drop) } else { Err(Error::Denied) }
    }).err(),
    ProofReplayed => {
        let used = replay_window::<1>();
        [request_with_proof(&used, NOW), request_with_proof(&used, NOW)][1]
    },
    ProofTooOld => request_with_proof(&AllowReplay, NOW + 121),
    Disturbed => {
        let mut speed = 0;
        twice(|| { speed += 1; Ok(speed) }, drop).err()
    },
}

/// The claims of an access token that is bound to the ES256 test key.
fn bound() -> Value {
    claims_with("cnf", json!({"jkt": Alg::Es256.key().thumbprint().to_string()}))
}

/// Returns [`Error::StatusUnknown`]. Only a status list causes this error, so that nothing causes it without the
/// feature.
fn check_against_another_list() -> Option<Error> {
    #[cfg(feature = "status-list")]
    {
        let claims = json!({
            "iss": ISSUER, "sub": "urn:list:1", "iat": NOW, "status_list": {"bits": 1, "lst": "eNrbuRgAAhcBXQ"},
        });
        let (text, mut buf) =
            (Alg::EdDsa.mint(r#"{"alg":"EdDSA","typ":"statuslist+jwt"}"#, claims.to_string()), [0; 1024]);
        let keys = keys();
        let verified = Token::parse(&text).unwrap().verify(&issuer(&keys), &mut buf).unwrap();
        let list_policy = StatusListPolicy::new("urn:list:1");
        let list = verified.into_status_list(&list_policy, &mut NewestStatusList::new(), now()).unwrap();
        let mut bitmap = [0; 2];
        let bitmap = list.decode(&mut Inflater::new(), &mut bitmap).unwrap();

        let claims = claims_with("status", json!({"status_list": {"idx": 0, "uri": "urn:list:2"}}));
        validate_access_token(&Alg::EdDsa.access_token(&claims), &policy(), NOW, |token| {
            bitmap.status_of(&token.status_reference().unwrap().unwrap(), now()).err()
        })
        .unwrap()
    }
    #[cfg(not(feature = "status-list"))]
    Some(Error::StatusUnknown)
}

/// A request with a token that is bound to a key, and a proof by this key that was verified [`NOW`].
fn request_with_proof(used: &dyn ReplayCheck, now: i64) -> Option<Error> {
    let (token, mut buf) = (Alg::EdDsa.access_token(&bound()), [0; 1024]);
    let proof = Alg::Es256.mint(Alg::Es256.dpop_header().to_string(), dpop_claims(&token).to_string());
    let request = DpopPolicy::new("POST", "https://pump-7.local/speed", &token);
    let proof = Token::parse(&proof).unwrap().verify_dpop(&request, BOTH, UnixTime::from_secs(NOW), &mut buf).unwrap();
    validate_text(&token, policy().with_dpop(&proof, used), now)
}

/// The public key of another issuer.
fn stranger(number: u8) -> [u8; 32] {
    ed25519_dalek::SigningKey::from_bytes(&[number; 32]).verifying_key().to_bytes()
}

fn good() -> String {
    Alg::EdDsa.access_token(&claims())
}

fn policy() -> AccessTokenPolicy<'static> {
    AccessTokenPolicy::new(AUDIENCE).with_leeway(Duration::ZERO)
}

fn verify(text: &str) -> Option<Error> {
    testkit::verify(text, |_| Ok(())).err()
}

fn verify_header(header: &str) -> Option<Error> {
    verify(&Alg::EdDsa.mint(header, "{}"))
}

fn verify_payload(payload: &str) -> Option<Error> {
    verify(&Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), payload))
}

fn verify_with(keys: &[Key], algorithms: &[&dyn SignatureAlgorithm]) -> Option<Error> {
    Token::parse(&good()).unwrap().verify(&Issuer::new(ISSUER, keys, algorithms), &mut [0; 1024]).err()
}

fn validate(claims: &Value, policy: AccessTokenPolicy<'_>, now: i64) -> Option<Error> {
    validate_text(&Alg::EdDsa.access_token(claims), policy, now)
}

fn validate_text(text: &str, policy: AccessTokenPolicy<'_>, now: i64) -> Option<Error> {
    validate_access_token(text, &policy, now, |_| ()).err()
}

/// A backend that returns the same error for every signature.
#[derive(Debug)]
struct Failing(BackendError);

impl SignatureAlgorithm for Failing {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDsa
    }

    fn verify(&self, _: &PublicKey<'_>, _: &[u8], _: Signature<'_>) -> Result<(), BackendError> {
        Err(self.0)
    }
}

#[test]
fn every_error_can_be_produced() {
    for error in ALL {
        assert_eq!(produce(*error), Some(*error));
    }
    let produced: BTreeSet<_> = ALL.iter().copied().map(errors::variant).collect();
    assert_eq!(produced, errors::all().map(errors::variant).collect());
}
