//! Access tokens that are bound to a key ([RFC 7800](https://www.rfc-editor.org/rfc/rfc7800)): proof of possession with
//! DPoP ([RFC 9449](https://www.rfc-editor.org/rfc/rfc9449)) and mutual TLS
//! ([RFC 8705](https://www.rfc-editor.org/rfc/rfc8705)), also together with step-up authentication.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::cell::{Cell, RefCell};
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use embedded_jwt::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::*;

const POLICY: AccessTokenPolicy = AccessTokenPolicy::new(AUDIENCE).with_leeway(Duration::ZERO);
const AT_JWT: AccessTokenPolicy = AccessTokenPolicy::at_jwt(AUDIENCE).with_leeway(Duration::ZERO);
const UNTYPED: AccessTokenPolicy = AccessTokenPolicy::untyped(AUDIENCE).with_leeway(Duration::ZERO);
const UNCHECKED: AccessTokenPolicy = POLICY.with_unchecked_confirmation();
const A_MINUTE: Duration = Duration::from_secs(60);

/// Any bytes: the content of a certificate is for the TLS stack to validate.
const DER: &[u8] = b"the client's certificate";
const OTHER_DER: &[u8] = b"another certificate";

const CONFIRMATION: Claim = Claim::Confirmation;
const ACR: Claim = Claim::AuthenticationContext;

/// Validates a token with this payload at this time, and passes it to `read` if it is accepted.
fn validate_text<T>(
    payload: &str,
    policy: &AccessTokenPolicy<'_>,
    now: i64,
    read: impl FnOnce(AccessToken<'_>) -> T,
) -> Result<T, Error> {
    validate_access_token(&Alg::EdDsa.mint(Alg::EdDsa.header().to_string(), payload), policy, now, read)
}

fn validate(claims: &Value, policy: &AccessTokenPolicy<'_>) -> Result<(), Error> {
    validate_text(&claims.to_string(), policy, NOW, |_| ())
}

/// Validates a token with this JSON text as its `cnf`.
fn validate_cnf(json: &str, policy: &AccessTokenPolicy<'_>) -> Result<(), Error> {
    let payload = bound_to(json!("?")).to_string().replace("\"?\"", json);
    validate_text(&payload, policy, NOW, |_| ())
}

fn bound_to(cnf: Value) -> Value {
    claims_with("cnf", cnf)
}

fn sha256(bytes: impl AsRef<[u8]>) -> String {
    base64url(&Sha256::digest(bytes))
}

/// A JWK thumbprint ([RFC 7638 section 3](https://www.rfc-editor.org/rfc/rfc7638#section-3)).
fn jkt(alg: Alg) -> String {
    let jwk = alg.jwk();
    let in_order = ["crv", "kty", "x", "y"].into_iter().filter_map(|name| Some((name.into(), jwk.get(name)?.clone())));
    sha256(Value::Object(in_order.collect()).to_string())
}

/// Another digest: the same text in lower case, except the last character, because not all of its bits count.
fn in_lower_case(digest: &str) -> String {
    let (all_but_last, last) = digest.split_at(42);
    all_but_last.to_lowercase() + last
}

/// Validates a token that is presented with a proof by the key of `alg`.
fn validate_with_proof(
    alg: Alg,
    claims: &Value,
    now: i64,
    policy: &AccessTokenPolicy<'_>,
    replay: &dyn ReplayCheck,
) -> Result<(), Error> {
    let access_token = Alg::EdDsa.access_token(claims);
    let proof = alg.mint(alg.dpop_header().to_string(), dpop_claims(&access_token).to_string());
    let request = DpopPolicy::new("POST", "https://pump-7.local/speed", &access_token);
    let mut buf = [0; 1024];
    let proof = Token::parse(&proof).unwrap().verify_dpop(&request, BOTH, crate::now(), &mut buf).unwrap();
    validate_text(&claims.to_string(), &policy.with_dpop(&proof, replay), now, |_| ())
}

/// Always gives the same answer, and records the ids that it is asked about.
#[derive(Debug)]
struct Recorder {
    answer: Result<(), Error>,
    looks: Cell<usize>,
    uses: RefCell<Vec<SingleUse>>,
}

impl Recorder {
    fn new(answer: Result<(), Error>) -> Self {
        Self { answer, looks: Cell::new(0), uses: RefCell::default() }
    }
}

impl ReplayCheck for Recorder {
    fn check_unused(&self, ids: &[SingleUse], _now: Now) -> Result<(), Error> {
        self.looks.set(self.looks.get() + ids.len());
        self.answer
    }

    fn use_all(&self, ids: &[SingleUse], _now: Now) -> Result<(), Error> {
        self.uses.borrow_mut().extend(ids);
        self.answer
    }

    fn release(&self, _ids: &[SingleUse]) {
        unreachable!("no other store refuses");
    }
}

#[test]
fn unbound_token_is_accepted_from_any_bearer() {
    for policy in [POLICY, AT_JWT, UNTYPED, UNCHECKED, POLICY.with_max_age(Duration::MAX), POLICY.with_acr("1")] {
        let claims = with(with(claims(), "auth_time", json!(NOW)), "acr", json!("1"));
        let confirmation = validate_text(&claims.to_string(), &policy, NOW, |token| token.confirmation().is_none());
        assert_eq!(confirmation, Ok(true));
    }
}

#[test]
fn bound_token_is_refused_without_proof_of_possession() {
    let (key, certificate) = (jkt(Alg::Es256), sha256(DER));
    let bound = [
        json!({"jkt": key}),
        json!({"x5t#S256": certificate}),
        json!({"jkt": key, "x5t#S256": certificate}),
        json!({"kid": "key-1"}),
        json!({"jwk": Alg::Es256.jwk()}),
        json!({"of a method to come": 1}),
        json!({}),
    ];
    let strong = |claims| with(with(claims, "auth_time", json!(NOW)), "acr", json!("1"));
    for cnf in bound {
        for policy in [POLICY, AT_JWT, UNTYPED, POLICY.with_max_age(A_MINUTE), POLICY.with_acr("1")] {
            assert_eq!(validate(&strong(bound_to(cnf.clone())), &policy), Err(Error::SenderConstrained), "{cnf}");
        }
        assert_eq!(validate(&bound_to(cnf.clone()), &UNCHECKED), Ok(()), "{cnf}");

        let for_client = AccessTokenPolicy::for_client(CLIENT_ID).with_leeway(Duration::ZERO);
        let bound = with(with(bound_to(cnf.clone()), "aud", Value::Null), "token_use", json!("access"));
        assert_eq!(validate(&bound, &for_client), Err(Error::SenderConstrained), "{cnf}");
        assert_eq!(validate(&bound, &for_client.with_unchecked_confirmation()), Ok(()), "{cnf}");
    }
}

#[test]
fn confirmation_of_the_wrong_type_is_not_taken_for_absent() {
    for json in ["null", "true", "false", "0", "\"\"", "[]", "[{}]", &format!("\"{}\"", sha256(DER))] {
        for policy in [POLICY, AT_JWT, UNTYPED, POLICY.with_acr("1"), POLICY.with_max_age(A_MINUTE)] {
            assert_eq!(validate_cnf(json, &policy), Err(Error::SenderConstrained), "{json}");
        }
        for policy in [UNCHECKED, POLICY.with_certificate(DER)] {
            assert_eq!(validate_cnf(json, &policy), Err(Error::Invalid(CONFIRMATION)), "{json}");
        }
    }
}

#[test]
fn unchecked_confirmation_is_returned_to_the_caller() {
    let key = Alg::Es256.key().thumbprint();
    let certificate = Thumbprint::of_certificate(DER);
    assert_eq!((key.to_string(), certificate.to_string()), (jkt(Alg::Es256), sha256(DER)));
    let (jkt, x5t) = (key.to_string(), certificate.to_string());
    let table = [
        (json!({"jkt": jkt}), (Some(key), None, None)),
        (json!({"x5t#S256": x5t}), (None, Some(certificate), None)),
        (json!({"kid": "key-1"}), (None, None, Some("key-1"))),
        (json!({"kid": "a\"b\\c"}), (None, None, Some("a\"b\\c"))),
        (json!({"kid": ""}), (None, None, Some(""))),
        (json!({"jkt": jkt, "x5t#S256": x5t, "kid": "k"}), (Some(key), Some(certificate), Some("k"))),
        // Members with other names are ignored, and so are the members of other objects.
        (json!({"x5t": x5t, "JKT": jkt, "jku": "https://evil.example", "jwk": {"kid": "k"}}), (None, None, None)),
        (json!({"other": {"jkt": jkt}, "jkt": jkt, "list": [1, null]}), (Some(key), None, None)),
        (json!({}), (None, None, None)),
    ];
    for (cnf, expected) in table {
        validate_text(&bound_to(cnf.clone()).to_string(), &UNCHECKED, NOW, |token| {
            let found = token.confirmation().unwrap();
            let key_id = found.key_id().map(|id| id.to_string());
            assert_eq!((found.key(), found.certificate(), key_id.as_deref()), expected, "{cnf}");
        })
        .unwrap();
    }
}

#[test]
fn member_that_is_no_thumbprint_is_refused() {
    let good = sha256(DER);
    let (all_but_last, last) = good.split_at(42);
    assert_eq!(last, "8");
    let stray_bit = format!("{all_but_last}9");
    let malformed = [
        json!(good[1..]),
        json!(format!("A{good}")),
        json!(format!("{good}=")),
        json!(format!("{good} ")),
        json!(format!("\n{}", &good[1..])),
        json!(format!("+{}", &good[1..])),
        json!(format!("/{}", &good[1..])),
        json!(format!("\"{}", &good[1..])),
        json!(format!("{}é", &good[2..])),
        json!(stray_bit),
        json!(base64url(&[7; 31])),
        json!(base64url(&[7; 33])),
        json!(base64url(&[7; 64])),
        json!(""),
        json!(0),
        json!(true),
        json!([good]),
        json!({"jkt": good}),
    ];
    let policies = [UNCHECKED, POLICY.with_certificate(DER)];
    let invalid = Err(Error::Invalid(CONFIRMATION));
    for value in malformed {
        for name in ["jkt", "x5t#S256"] {
            // A valid second member does not replace the first.
            let second = if name == "jkt" { "x5t#S256" } else { "jkt" };
            for cnf in [json!({name: value}), json!({name: value, second: good})] {
                for policy in &policies {
                    assert_eq!(validate(&bound_to(cnf.clone()), policy), invalid, "{cnf}");
                }
                let recorder = Recorder::new(Ok(()));
                let with_proof = validate_with_proof(Alg::Es256, &bound_to(cnf.clone()), NOW, &POLICY, &recorder);
                assert_eq!(with_proof, invalid, "{cnf}");
                // A request without proof of possession does not learn that the member is malformed.
                assert_eq!(validate(&bound_to(cnf.clone()), &POLICY), Err(Error::SenderConstrained), "{cnf}");
            }
        }
    }
    for kid in ["null", "1", "true", "[]", "{}", "[\"key-1\"]"] {
        assert_eq!(validate_cnf(&format!(r#"{{"kid":{kid}}}"#), &UNCHECKED), invalid, "{kid}");
    }
    for name in ["jkt", "x5t#S256"] {
        assert_eq!(validate_cnf(&format!(r#"{{"{name}":null}}"#), &UNCHECKED), invalid, "{name}");
    }
}

#[test]
fn duplicate_name_in_a_confirmation_is_refused() {
    let (one, other) = (sha256(DER), sha256(OTHER_DER));
    for second in ["jkt", r"\u006akt"] {
        let cnf = format!(r#"{{"jkt":"{one}","{second}":"{other}"}}"#);
        assert_eq!(validate_cnf(&cnf, &UNCHECKED), Err(Error::DuplicateName(Part::Payload)));
    }
}

#[test]
fn certificate_must_be_the_one_that_the_token_is_bound_to() {
    let (ours, other, key) = (sha256(DER), sha256(OTHER_DER), jkt(Alg::Es256));
    let mismatch = Err(Error::Mismatch(CONFIRMATION));
    let table = [
        (json!({"x5t#S256": ours}), Ok(())),
        (json!({"x5t#S256": ours, "kid": "key-1", "other": null}), Ok(())),
        (json!({"x5t#S256": other}), mismatch),
        (json!({"x5t#S256": in_lower_case(&ours)}), mismatch),
        (json!({"x5t#s256": ours}), mismatch),
        // Bound to a key, even if only by `kid`, or to a key and a certificate: possession of the key is not proven.
        (json!({"jkt": key}), mismatch),
        (json!({"jkt": ours}), mismatch),
        (json!({"jkt": key, "x5t#S256": ours}), mismatch),
        (json!({"kid": ours}), mismatch),
        (json!({}), mismatch),
        (Value::Null, Err(Error::Missing(CONFIRMATION))),
    ];
    let policies = [POLICY, UNTYPED].map(|policy| policy.with_certificate(DER));
    for (cnf, verdict) in table {
        for policy in policies {
            assert_eq!(validate(&bound_to(cnf.clone()), &policy), verdict, "{cnf}");
        }
    }
    assert_eq!(validate(&bound_to(json!({"x5t#S256": ours})), &POLICY.with_certificate(OTHER_DER)), mismatch);
    assert_eq!(validate(&bound_to(json!({"x5t#S256": ours})), &POLICY.with_certificate(b"")), mismatch);
    let escaped: String = ours.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    assert_eq!(validate_cnf(&format!(r#"{{"x5t#\u0053256":"{escaped}"}}"#), &policies[0]), Ok(()));
    let confirmed = validate_text(&bound_to(json!({"x5t#S256": ours})).to_string(), &policies[0], NOW, |token| {
        token.confirmation().and_then(|confirmation| confirmation.certificate())
    });
    assert_eq!(confirmed, Ok(Some(Thumbprint::of_certificate(DER))));
}

/// The certificate and the thumbprint of [RFC 8705 appendix A](https://www.rfc-editor.org/rfc/rfc8705#appendix-A).
#[test]
fn example_of_rfc_8705_is_accepted() {
    let certificate = "MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx\
        ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG\
        SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ\
        /Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID\
        SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV\
        bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=";
    let mut der = Base64::decode_vec(certificate).unwrap();
    let claims = bound_to(json!({"x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"}));
    assert_eq!(validate(&claims, &POLICY.with_certificate(&der)), Ok(()));
    *der.last_mut().unwrap() ^= 1;
    assert_eq!(validate(&claims, &POLICY.with_certificate(&der)), Err(Error::Mismatch(CONFIRMATION)));
}

#[test]
fn proof_must_be_by_the_key_that_the_token_is_bound_to() {
    let mismatch = Err(Error::Mismatch(CONFIRMATION));
    for [alg, other] in [[Alg::Es256, Alg::EdDsa], [Alg::EdDsa, Alg::Es256]] {
        let (ours, other, certificate) = (jkt(alg), jkt(other), sha256(DER));
        let table = [
            (json!({"jkt": ours}), Ok(())),
            (json!({"jkt": ours, "kid": "key-1", "other": null}), Ok(())),
            (json!({"jkt": other}), mismatch),
            (json!({"jkt": in_lower_case(&ours)}), mismatch),
            (json!({"JKT": ours}), mismatch),
            (json!({"x5t#S256": certificate}), mismatch),
            (json!({"x5t#S256": ours}), mismatch),
            (json!({"jkt": ours, "x5t#S256": certificate}), mismatch),
            (json!({"kid": ours}), mismatch),
            (json!({"jwk": alg.jwk()}), mismatch),
            (json!({}), mismatch),
            (Value::Null, Err(Error::Missing(CONFIRMATION))),
        ];
        for (cnf, verdict) in table {
            for policy in [POLICY, UNTYPED] {
                let recorder = Recorder::new(Ok(()));
                let result = validate_with_proof(alg, &bound_to(cnf.clone()), NOW, &policy, &recorder);
                assert_eq!(result, verdict, "{alg:?} {cnf}");
                assert_eq!(recorder.uses.borrow().len(), usize::from(verdict.is_ok()), "{alg:?} {cnf}");
            }
        }
    }
}

#[test]
fn proof_is_consumed_once_when_all_else_has_passed() {
    for alg in ALGS {
        let bound = bound_to(json!({"jkt": jkt(alg)}));
        let recorder = Recorder::new(Ok(()));
        assert_eq!(validate_with_proof(alg, &bound, NOW, &POLICY, &recorder), Ok(()));
        let until = UnixTime::from_secs(NOW + 121); // after its maximum age and the leeway, both a minute by default
        let expected = SingleUse::new("dpop+jwt", alg.key().thumbprint().as_bytes(), "proof-1", until);
        let of = |id: &SingleUse| (id.id(), id.owner(), id.until());
        assert_eq!(recorder.uses.borrow().iter().map(of).collect::<Vec<_>>(), [of(&expected)]);
        assert_eq!(recorder.uses.borrow()[0].replayed(), Error::ProofReplayed);
    }
}

#[test]
fn proof_must_still_be_fresh_when_the_token_is_validated() {
    let bound = with(bound_to(json!({"jkt": jkt(Alg::Es256)})), "exp", json!(NOW + 3600));
    for (now, verdict) in [(NOW + 120, Ok(())), (NOW + 121, Err(Error::ProofTooOld))] {
        let recorder = Recorder::new(Ok(()));
        assert_eq!(validate_with_proof(Alg::Es256, &bound, now, &POLICY, &recorder), verdict);
        assert_eq!(recorder.uses.borrow().len(), usize::from(verdict.is_ok()));
    }
}

#[test]
fn certificate_may_be_given_by_its_thumbprint() {
    let bound = bound_to(json!({"x5t#S256": sha256(DER)}));
    let thumbprint = Thumbprint::from_bytes(Sha256::digest(DER).into());
    let validate =
        |thumbprint| validate_text(&bound.to_string(), &POLICY.with_certificate_thumbprint(thumbprint), NOW, |_| ());
    assert_eq!(validate(thumbprint), Ok(()));
    assert_eq!(validate(Thumbprint::of_certificate(b"another")), Err(Error::Mismatch(CONFIRMATION)));
}

#[test]
fn refused_token_consumes_no_proof() {
    let strict = || {
        let fresh = POLICY.with_max_age(A_MINUTE).with_max_token_age(A_MINUTE).with_max_lifetime(5 * A_MINUTE);
        fresh.with_acr("gold").with_required_scope("pump:read")
    };
    let good = || with(with(bound_to(json!({"jkt": jkt(Alg::Es256)})), "auth_time", json!(NOW)), "acr", json!("gold"));
    let validate_with = |claims: &Value, now: i64, policy: &AccessTokenPolicy<'_>| {
        // If the replay check were asked, its answer would be the verdict.
        let recorder = Recorder::new(Err(Error::ProofReplayed));
        let verdict = validate_with_proof(Alg::Es256, claims, now, policy, &recorder);
        (verdict, recorder.looks.get() + recorder.uses.borrow().len())
    };
    assert_eq!(validate_with(&good(), NOW, &strict()), (Err(Error::ProofReplayed), 1));

    let claims = [
        ("scope", json!("pump:write"), Error::InsufficientScope),
        ("aud", json!("urn:other"), Error::Mismatch(Claim::Audience)),
        ("jti", Value::Null, Error::Missing(Claim::JwtId)),
        ("sub", json!(1), Error::Invalid(Claim::Subject)),
        ("exp", json!(NOW), Error::Expired),
        ("nbf", json!(NOW + 1), Error::NotYetValid),
        ("iat", json!(NOW - 61), Error::LifetimeTooLong),
        ("cnf", json!({"jkt": jkt(Alg::EdDsa)}), Error::Mismatch(CONFIRMATION)),
        ("cnf", Value::Null, Error::Missing(CONFIRMATION)),
        ("cnf", json!(1), Error::Invalid(CONFIRMATION)),
        ("acr", json!("silver"), Error::Mismatch(ACR)),
        ("acr", Value::Null, Error::Missing(ACR)),
        ("acr", json!(1), Error::Invalid(ACR)),
        ("auth_time", json!(NOW - 61), Error::AuthenticationTooOld),
        ("auth_time", Value::Null, Error::Missing(Claim::AuthenticationTime)),
        ("auth_time", json!("1"), Error::Invalid(Claim::AuthenticationTime)),
    ];
    for (name, value, error) in claims {
        let claims = with(good(), name, value.clone());
        assert_eq!(validate_with(&claims, NOW, &strict()), (Err(error), 0), "{name} {value}");
    }
    let policies = [
        (strict().with_acr(" "), Error::Unconfigured(ACR)),
        (strict().with_required_scope(" "), Error::Unconfigured(Claim::Scope)),
        (AccessTokenPolicy::new(""), Error::Unconfigured(Claim::Audience)),
    ];
    for (policy, error) in policies {
        assert_eq!(validate_with(&good(), NOW, &policy), (Err(error), 0), "{error:?}");
    }
    assert_eq!(validate_with(&good(), 0, &strict()), (Err(Error::ClockNotSet), 0));
    assert_eq!(validate_with(&good(), NOW + 240, &strict()), (Err(Error::Expired), 0));
}

#[test]
fn verdict_of_the_replay_check_is_returned() {
    let bound = bound_to(json!({"jkt": jkt(Alg::EdDsa)}));
    for error in [Error::Replayed, Error::BackendUnavailable] {
        let recorder = Recorder::new(Err(error));
        assert_eq!(validate_with_proof(Alg::EdDsa, &bound, NOW, &POLICY, &recorder), Err(error));
        assert_eq!((recorder.looks.get(), recorder.uses.borrow().len()), (0, 1));
    }
    for _ in 0..2 {
        assert_eq!(validate_with_proof(Alg::EdDsa, &bound, NOW, &POLICY, &AllowReplay), Ok(()));
    }
}

#[test]
fn used_proof_is_refused() {
    let memory = replay_window::<4>();
    // The proofs of both keys have the same id, which is unique only for its key.
    for verdict in [Ok(()), Err(Error::ProofReplayed)] {
        for alg in ALGS {
            let bound = bound_to(json!({"jkt": jkt(alg)}));
            assert_eq!(validate_with_proof(alg, &bound, NOW, &POLICY, &memory), verdict, "{alg:?}");
        }
    }
}

#[test]
fn confirmation_matches_only_what_the_token_is_bound_to() {
    let (key, other_key) = (Alg::Es256.key(), Alg::EdDsa.key());
    let (jkt, x5t) = (jkt(Alg::Es256), sha256(DER));
    let table = [
        // (cnf, by the key, by the certificate)
        (json!({"jkt": jkt}), true, false),
        (json!({"jkt": jkt, "kid": "key-1"}), true, false),
        (json!({"x5t#S256": x5t}), false, true),
        (json!({"x5t#S256": x5t, "kid": "key-1"}), false, true),
        (json!({"jkt": jkt, "x5t#S256": x5t}), false, false),
        (json!({"jkt": x5t}), false, false),
        (json!({"x5t#S256": jkt}), false, false),
        (json!({"kid": "es-test"}), false, false),
        (json!({}), false, false),
    ];
    for (cnf, by_key, by_certificate) in table {
        validate_text(&bound_to(cnf.clone()).to_string(), &UNCHECKED, NOW, |token| {
            let found = token.confirmation().unwrap();
            assert_eq!((found.matches_key(&key), found.matches_certificate(DER)), (by_key, by_certificate), "{cnf}");
            assert!(!found.matches_key(&other_key) && !found.matches_certificate(OTHER_DER), "{cnf}");
            // It is the same key under any `kid`.
            assert_eq!(found.matches_key(&key.clone().with_kid(b"another")), by_key, "{cnf}");
        })
        .unwrap();
    }
}

/// Neither check replaces the other, in whatever order the policy sets them.
#[test]
fn login_and_proof_of_possession_are_both_checked() {
    let bound = bound_to(json!({"x5t#S256": sha256(DER)}));
    let strong = with(bound.clone(), "acr", json!("gold"));
    for policy in [POLICY.with_certificate(DER).with_acr("gold"), POLICY.with_acr("gold").with_certificate(DER)] {
        assert_eq!(validate(&strong, &policy), Ok(()));
        assert_eq!(validate(&bound, &policy), Err(Error::Missing(ACR)));
        assert_eq!(validate(&claims_with("acr", json!("gold")), &policy), Err(Error::Missing(CONFIRMATION)));
    }
    for policy in [UNCHECKED.with_max_age(A_MINUTE), POLICY.with_max_age(A_MINUTE).with_unchecked_confirmation()] {
        assert_eq!(validate(&with(strong.clone(), "auth_time", json!(NOW)), &policy), Ok(()));
        assert_eq!(validate(&strong, &policy), Err(Error::Missing(Claim::AuthenticationTime)));
    }
}

/// A token with everything wrong, fixed one fault at a time. The proof is consumed last:
/// [`refused_token_consumes_no_proof`].
#[test]
fn first_error_in_the_documented_order_is_returned() {
    let mut claims = with(claims(), "exp", json!(NOW));
    let mut policy = POLICY.with_required_scope("").with_acr("").with_max_age(A_MINUTE).with_certificate(DER);
    type Fix = fn(&mut Value, &mut AccessTokenPolicy<'static>);
    let fixes: [(Error, Fix); 12] = [
        (Error::Unconfigured(Claim::Scope), |_, policy| *policy = policy.with_required_scope("pump:admin")),
        (Error::Expired, |claims, _| claims["exp"] = json!(NOW + 1)),
        (Error::InsufficientScope, |claims, _| claims["scope"] = json!("pump:admin")),
        (Error::Missing(CONFIRMATION), |claims, _| claims["cnf"] = json!({"jkt": "x"})),
        (Error::Invalid(CONFIRMATION), |claims, _| claims["cnf"] = json!({})),
        (Error::Mismatch(CONFIRMATION), |claims, _| claims["cnf"] = json!({"x5t#S256": sha256(DER)})),
        (Error::Unconfigured(ACR), |claims, policy| {
            *policy = policy.with_acr("gold");
            claims["acr"] = json!(1);
        }),
        (Error::Invalid(ACR), |claims, _| *claims = with(claims.take(), "acr", Value::Null)),
        (Error::Missing(ACR), |claims, _| claims["acr"] = json!("silver")),
        (Error::Mismatch(ACR), |claims, _| claims["acr"] = json!("gold")),
        (Error::Missing(Claim::AuthenticationTime), |claims, _| claims["auth_time"] = json!(NOW - 61)),
        (Error::AuthenticationTooOld, |claims, _| claims["auth_time"] = json!(NOW)),
    ];
    for (error, fix) in fixes {
        assert_eq!(validate(&claims, &policy), Err(error));
        fix(&mut claims, &mut policy);
    }
    assert_eq!(validate(&claims, &policy), Ok(()));
}

#[test]
fn debug_output_shows_no_claim() {
    let claims = bound_to(json!({"jkt": jkt(Alg::Es256)}));
    let shown = validate_text(&claims.to_string(), &UNCHECKED, NOW, |token| format!("{token:?}"));
    assert_eq!(shown.as_deref(), Ok("AccessToken { .. }"));
}
