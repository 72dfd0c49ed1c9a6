//! Validation with an exact time and with a lower bound (a floor). A device whose clock is not set refuses tokens that
//! have surely expired, and all others too, unless a challenge or the policy allows them.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::cell::RefCell;
use std::time::Duration;

use embedded_jwt::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::*;

const FLOOR: Now = at_least(NOW);
const EVER: u64 = u64::MAX;

const IAT: Claim = Claim::IssuedAt;
const ACR: Claim = Claim::AuthenticationContext;
const AUTH_TIME: Claim = Claim::AuthenticationTime;

const fn at_least(secs: i64) -> Now {
    Now::AtLeast(EarliestTime::from_secs(secs))
}

const fn exactly(secs: i64) -> Now {
    Now::Exact(UnixTime::from_secs(secs))
}

/// The time settings of every kind of policy, in seconds.
#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    leeway: u64,
    max_lifetime: Option<u64>,
    max_token_age: Option<u64>,
    max_unproven_lifetime: Option<u64>,
}

/// No limits and no leeway.
const STRICT: Limits = Limits { leeway: 0, max_lifetime: None, max_token_age: None, max_unproven_lifetime: None };
/// Accepts, without a clock, every token that may still be valid.
const TRUSTING: Limits = Limits { max_unproven_lifetime: Some(EVER), ..STRICT };

fn mint(typ: &str, payload: impl AsRef<[u8]>) -> String {
    Alg::EdDsa.mint(with(Alg::EdDsa.header(), "typ", json!(typ)).to_string(), payload)
}

fn validate_access(
    payload: impl ToString,
    policy: &AccessTokenPolicy<'_>,
    now: impl Into<Now>,
) -> Result<Freshness, Error> {
    verify(&mint("at+jwt", payload.to_string()), |verified| {
        verified.into_access_token(policy, now).map(|token| token.freshness())
    })
}

fn validate_typed(payload: impl ToString, policy: &TypedPolicy<'_>, now: impl Into<Now>) -> Result<Freshness, Error> {
    verify(&mint("cmd+jwt", payload.to_string()), |verified| {
        verified.into_typed(policy, now).map(|token| token.freshness())
    })
}

fn validate_id(payload: impl ToString, policy: &IdTokenPolicy<'_>, now: impl Into<Now>) -> Result<Freshness, Error> {
    verify(&mint("JWT", payload.to_string()), |verified| {
        verified.into_id_token(policy, now).map(|token| token.freshness())
    })
}

fn changed(claims: Value, changes: &[(&str, Value)]) -> Value {
    changes.iter().fold(claims, |claims, (name, value)| with(claims, name, value.clone()))
}

/// The verdict on a token with these claims changed, which is the same for every kind of token. The token is valid for
/// five minutes from a minute before [`NOW`], unless the changes say otherwise.
#[track_caller]
fn validate(changes: &[(&str, Value)], limits: Limits, now: impl Into<Now>) -> Result<Freshness, Error> {
    let (access, id, now) = (changed(claims(), changes), changed(id_claims(), changes), now.into());
    let verdicts = [
        validate_access(&access, &limited!(AccessTokenPolicy::new(AUDIENCE), limits), now),
        validate_access(&access, &limited!(AccessTokenPolicy::untyped(AUDIENCE), limits), now),
        validate_typed(&access, &limited!(TypedPolicy::new("cmd+jwt", AUDIENCE), limits), now),
        validate_id(&id, &limited!(IdTokenPolicy::new(CLIENT_ID), limits), now),
    ];
    assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]), "{verdicts:?}");
    verdicts[0]
}

#[test]
fn set_clock_shows_that_a_token_is_fresh() {
    for limits in [STRICT, TRUSTING, Limits { max_lifetime: Some(300), max_token_age: Some(60), ..STRICT }] {
        assert_eq!(validate(&[], limits, now()), Ok(Freshness::Clock));
        assert_eq!(validate(&[], limits, Now::Exact(now())), Ok(Freshness::Clock));
    }
    assert_eq!(Now::from(now()), Now::Exact(now()));
    let earliest = EarliestTime::from_secs(NOW);
    assert_eq!((Now::from(earliest), FLOOR.earliest(), exactly(NOW).earliest()), (FLOOR, earliest, earliest));
}

#[test]
fn clock_before_2010_is_not_set_and_floor_before_2010_is_a_floor() {
    let old = [("nbf", json!(-10)), ("iat", json!(-10))];
    assert_eq!(validate(&old, TRUSTING, exactly(YEAR_2010)), Ok(Freshness::Clock));
    // A clock that counts from 1970, 1980 or 2000, and 30 seconds after each.
    for secs in [0, 30, 315_532_800, 946_684_800, 946_684_830, YEAR_2010 - 1, -1, i64::MIN] {
        assert_eq!(validate(&old, STRICT, exactly(secs)), Err(Error::ClockNotSet), "{secs}");
        assert_eq!(validate(&old, TRUSTING, exactly(secs)), Err(Error::ClockNotSet), "{secs}");
        assert_eq!(validate(&old, STRICT, at_least(secs)), Err(Error::TimeUnknown), "{secs}");
        assert_eq!(validate(&old, TRUSTING, at_least(secs)), Ok(Freshness::Unproven), "{secs}");
    }
}

/// 2010-01-01T00:00:00Z.
const YEAR_2010: i64 = 1_262_304_000;

/// Without a clock, a token that ended before it was issued, or before it became valid, has ended.
#[test]
fn own_iat_and_nbf_of_a_token_show_that_it_has_expired() {
    let early = at_least(1);
    for name in ["iat", "nbf"] {
        for leeway in [0, 60] {
            let limits = Limits { leeway, ..TRUSTING };
            let token =
                |date: i64| [("exp", json!(NOW)), ("iat", json!(NOW - 60)), ("nbf", Value::Null), (name, json!(date))];
            assert_eq!(validate(&token(NOW - 1), limits, early), Ok(Freshness::Unproven), "{name}");
            for date in [NOW, NOW + 1, NOW + 86_400] {
                assert_eq!(validate(&token(date), limits, early), Err(Error::Expired), "{name}");
            }
        }
    }
    let challenged = AccessTokenPolicy::new(AUDIENCE).with_challenge(CHALLENGE);
    let answer = claims_with("cnonce", json!(CHALLENGE));
    let expired = with(answer.clone(), "exp", json!(NOW - 86_400));
    assert_eq!(validate_access(answer, &challenged, early), Ok(Freshness::Challenge));
    assert_eq!(validate_access(expired, &challenged, early), Err(Error::Expired));
}

#[test]
fn own_iat_and_nbf_of_a_token_show_that_its_login_was_too_long_ago() {
    let early = at_least(1);
    let minutes = Duration::from_secs(300);
    for name in ["iat", "nbf"] {
        for (ago, expected) in [(300, Ok(Freshness::Unproven)), (301, Err(Error::AuthenticationTooOld))] {
            // No leeway applies, since both dates come from the issuer's clock.
            let dates =
                [("auth_time", json!(NOW - ago)), ("iat", json!(NOW - 200)), ("nbf", Value::Null), (name, json!(NOW))];
            let access =
                AccessTokenPolicy::new(AUDIENCE).with_max_unproven_lifetime(Duration::MAX).with_max_age(minutes);
            assert_eq!(validate_access(changed(claims(), &dates), &access, early), expected, "{name}");
            let id = IdTokenPolicy::new(CLIENT_ID).with_max_unproven_lifetime(Duration::MAX).with_max_age(minutes);
            assert_eq!(validate_id(changed(id_claims(), &dates), &id, early), expected, "{name}");
            // With a clock, only the clock counts.
            assert_eq!(validate_access(changed(claims(), &dates), &access, now()), Ok(Freshness::Clock), "{name}");
        }
    }
    let aged = Limits { max_token_age: Some(100), ..TRUSTING };
    let token = |nbf: i64| [("iat", json!(NOW - 100)), ("nbf", json!(nbf))];
    assert_eq!(validate(&token(NOW), aged, early), Ok(Freshness::Unproven));
    assert_eq!(validate(&token(NOW + 1), aged, early), Err(Error::TooOld));
}

#[test]
fn leeway_is_five_minutes_at_most() {
    assert_eq!(MAX_LEEWAY, Duration::from_secs(300));
    for leeway in [300, 301, 86_400, EVER] {
        let limits = Limits { leeway, ..STRICT };
        assert_eq!(validate(&[("exp", json!(NOW - 299))], limits, now()), Ok(Freshness::Clock), "{leeway}");
        assert_eq!(validate(&[("exp", json!(NOW - 300))], limits, now()), Err(Error::Expired), "{leeway}");
        assert_eq!(validate(&[("nbf", json!(NOW + 300))], limits, now()), Ok(Freshness::Clock), "{leeway}");
        assert_eq!(validate(&[("nbf", json!(NOW + 301))], limits, now()), Err(Error::NotYetValid), "{leeway}");
    }
}

#[test]
fn token_expired_by_the_floor_is_refused_and_any_other_is_unproven() {
    let exp = |exp: i64| [("exp", json!(exp)), ("iat", json!(NOW - 3600))];
    for leeway in [0, 30, 60] {
        let strict = Limits { leeway, ..STRICT };
        let trusting = Limits { leeway, ..TRUSTING };
        let last_expired = NOW - i64::try_from(leeway).unwrap();
        for expired in [last_expired, last_expired - 1, -5] {
            let token = [("exp", json!(expired)), ("iat", json!(-10))];
            assert_eq!(validate(&token, strict, FLOOR), Err(Error::Expired), "{expired}");
            assert_eq!(validate(&token, trusting, FLOOR), Err(Error::Expired), "{expired}");
        }
        for unexpired in [last_expired + 1, NOW + 240, i64::MAX] {
            assert_eq!(validate(&exp(unexpired), strict, FLOOR), Err(Error::TimeUnknown), "{unexpired}");
            assert_eq!(validate(&exp(unexpired), trusting, FLOOR), Ok(Freshness::Unproven), "{unexpired}");
        }
    }
}

#[test]
fn default_leeway_applies_at_a_floor_too() {
    let policy = AccessTokenPolicy::new(AUDIENCE).with_max_unproven_lifetime(Duration::MAX);
    assert_eq!(validate_access(claims_with("exp", json!(NOW - 59)), &policy, FLOOR), Ok(Freshness::Unproven));
    assert_eq!(validate_access(claims_with("exp", json!(NOW - 60)), &policy, FLOOR), Err(Error::Expired));
}

#[test]
fn fractions_are_rounded_against_the_token_at_a_floor_too() {
    let with = |name, date: &str, limits: Limits| {
        let payload = claims_with(name, json!("?")).to_string().replace("\"?\"", date);
        validate_access(payload, &limited!(AccessTokenPolicy::new(AUDIENCE), limits), FLOOR)
    };
    assert_eq!(with("exp", &format!("{NOW}.9"), TRUSTING), Err(Error::Expired));
    assert_eq!(with("exp", &format!("{}.9", NOW + 1), TRUSTING), Ok(Freshness::Unproven));
    let brief = Limits { max_unproven_lifetime: Some(300), ..STRICT };
    assert_eq!(with("iat", &format!("{}.9", NOW - 60), brief), Ok(Freshness::Unproven));
    assert_eq!(with("iat", &format!("{}.9", NOW - 61), brief), Err(Error::LifetimeTooLong));
    let young = Limits { max_token_age: Some(60), ..TRUSTING };
    assert_eq!(with("iat", &format!("{}.9", NOW - 60), young), Ok(Freshness::Unproven));
    assert_eq!(with("iat", &format!("{}.9", NOW - 61), young), Err(Error::TooOld));
}

#[test]
fn max_unproven_lifetime_limits_a_token_of_unknown_time() {
    let bounded = |max| Limits { max_unproven_lifetime: Some(max), ..STRICT };
    assert_eq!(validate(&[], bounded(300), FLOOR), Ok(Freshness::Unproven));
    assert_eq!(validate(&[], bounded(299), FLOOR), Err(Error::LifetimeTooLong));
    assert_eq!(validate(&[("iat", json!(NOW - 61))], bounded(300), FLOOR), Err(Error::LifetimeTooLong));
    assert_eq!(validate(&[("exp", json!(NOW + 241))], bounded(300), FLOOR), Err(Error::LifetimeTooLong));
    assert_eq!(validate(&[("exp", json!(i64::MAX))], bounded(300), FLOOR), Err(Error::LifetimeTooLong));
    // Without leeway, as for every lifetime.
    assert_eq!(validate(&[], Limits { leeway: 60, ..bounded(299) }, FLOOR), Err(Error::LifetimeTooLong));
    // A limit of 0 accepts nothing: a token that expires as it is issued has expired.
    assert_eq!(validate(&[], bounded(0), FLOOR), Err(Error::LifetimeTooLong));
    assert_eq!(validate(&[("iat", json!(NOW + 239))], bounded(0), FLOOR), Err(Error::LifetimeTooLong));
    assert_eq!(validate(&[("iat", json!(NOW + 240))], bounded(0), FLOOR), Err(Error::Expired));
}

#[test]
fn smaller_of_two_limits_on_the_lifetime_counts() {
    let bounded = |max_lifetime, max_unproven| Limits {
        max_lifetime: Some(max_lifetime),
        max_unproven_lifetime: Some(max_unproven),
        ..STRICT
    };
    for (max_lifetime, max_unproven, expected) in [
        (300, 300, Ok(Freshness::Unproven)),
        (EVER, 300, Ok(Freshness::Unproven)),
        (300, EVER, Ok(Freshness::Unproven)),
        (299, 300, Err(Error::LifetimeTooLong)),
        (300, 299, Err(Error::LifetimeTooLong)),
        (299, EVER, Err(Error::LifetimeTooLong)),
        (EVER, 299, Err(Error::LifetimeTooLong)),
    ] {
        let limits = bounded(max_lifetime, max_unproven);
        assert_eq!(validate(&[], limits, FLOOR), expected, "{limits:?}");
    }
    // With a set clock, the limit for unknown time does not apply.
    assert_eq!(validate(&[], bounded(300, 0), exactly(NOW)), Ok(Freshness::Clock));
    assert_eq!(validate(&[], bounded(299, 300), exactly(NOW)), Err(Error::LifetimeTooLong));
}

#[test]
fn limit_on_the_lifetime_requires_iat() {
    let without = claims_with("iat", Value::Null);
    let untyped =
        |limits: Limits, now| validate_access(&without, &limited!(AccessTokenPolicy::untyped(AUDIENCE), limits), now);
    let typed =
        |limits: Limits, now| validate_typed(&without, &limited!(TypedPolicy::new("cmd+jwt", AUDIENCE), limits), now);
    for limits in [TRUSTING, Limits { max_token_age: Some(EVER), ..TRUSTING }] {
        assert_eq!(untyped(limits, FLOOR), Err(Error::Missing(IAT)));
        assert_eq!(typed(limits, FLOOR), Err(Error::Missing(IAT)));
    }
    assert_eq!(untyped(STRICT, FLOOR), Err(Error::TimeUnknown));
    assert_eq!(typed(STRICT, FLOOR), Err(Error::TimeUnknown));
    assert_eq!(untyped(TRUSTING, exactly(NOW)), Ok(Freshness::Clock));
    assert_eq!(typed(TRUSTING, exactly(NOW)), Ok(Freshness::Clock));

    assert_eq!(validate(&[("iat", json!(NOW + 239))], TRUSTING, FLOOR), Ok(Freshness::Unproven));
    assert_eq!(validate(&[("iat", json!(NOW + 240))], TRUSTING, FLOOR), Err(Error::Expired));
    assert_eq!(validate(&[("iat", json!(NOW + 241))], TRUSTING, exactly(NOW)), Ok(Freshness::Clock));
}

#[test]
fn date_after_the_floor_may_have_passed() {
    const LIMITED: Limits = Limits { max_token_age: Some(10_059), max_lifetime: Some(99_999), ..TRUSTING };
    let exp = ("exp", json!(NOW + 10_000));
    for name in ["nbf", "iat"] {
        for date in [NOW + 1, NOW + 61, NOW + 9999] {
            let token = [exp.clone(), (name, json!(date))];
            for limits in [TRUSTING, LIMITED] {
                assert_eq!(validate(&token, limits, FLOOR), Ok(Freshness::Unproven), "{name} {date}");
            }
            assert_eq!(validate(&token, STRICT, FLOOR), Err(Error::TimeUnknown), "{name} {date}");
        }
    }
    // A set clock refuses a date in the future.
    assert_eq!(validate(&[exp.clone(), ("nbf", json!(NOW + 1))], TRUSTING, exactly(NOW)), Err(Error::NotYetValid));
    assert_eq!(validate(&[exp, ("iat", json!(NOW + 1))], LIMITED, exactly(NOW)), Err(Error::NotYetValid));
}

#[test]
fn token_that_was_too_old_by_the_floor_is_refused() {
    let iat = |iat: i64| [("iat", json!(iat))];
    let limits = Limits { max_token_age: Some(60), ..TRUSTING };
    let lenient = Limits { leeway: 10, ..limits };
    for (limits, oldest) in [(limits, NOW - 60), (lenient, NOW - 70)] {
        assert_eq!(validate(&iat(oldest), limits, FLOOR), Ok(Freshness::Unproven));
        assert_eq!(validate(&iat(oldest - 1), limits, FLOOR), Err(Error::TooOld));
    }
    // The error is not about the age if no token is accepted without a clock.
    let strict = Limits { max_unproven_lifetime: None, ..limits };
    assert_eq!(validate(&iat(NOW - 61), strict, FLOOR), Err(Error::TimeUnknown));
}

#[test]
fn login_that_was_too_long_ago_by_the_floor_is_refused() {
    let limits = Limits { leeway: 10, ..TRUSTING };
    let an_hour = Duration::from_secs(3600);
    let access = limited!(AccessTokenPolicy::new(AUDIENCE), limits).with_max_age(an_hour);
    let id = limited!(IdTokenPolicy::new(CLIENT_ID), limits).with_max_age(an_hour);
    for (auth_time, expected) in [
        (json!(NOW - 3610), Ok(Freshness::Unproven)),
        (json!(NOW - 3611), Err(Error::AuthenticationTooOld)),
        (json!(-i64::MAX), Err(Error::AuthenticationTooOld)),
        // At a floor, no date is known to be in the future.
        (json!(NOW + 11), Ok(Freshness::Unproven)),
        (json!(i64::MAX), Ok(Freshness::Unproven)),
        (Value::Null, Err(Error::Missing(AUTH_TIME))),
        (json!("1"), Err(Error::Invalid(AUTH_TIME))),
    ] {
        let changes = [("auth_time", auth_time.clone())];
        assert_eq!(validate_access(changed(claims(), &changes), &access, FLOOR), expected, "{auth_time}");
        assert_eq!(validate_id(changed(id_claims(), &changes), &id, FLOOR), expected, "{auth_time}");
    }
    let to_come = [("auth_time", json!(NOW + 11))];
    assert_eq!(validate_access(changed(claims(), &to_come), &access, now()), Err(Error::NotYetValid));
    assert_eq!(validate_id(changed(id_claims(), &to_come), &id, now()), Err(Error::NotYetValid));
}

type Changes<'c> = &'c [(&'c str, Value)];

#[test]
fn arithmetic_on_a_floor_saturates() {
    let first = json!(-i64::MAX);
    let last = json!(i64::MAX);
    let (second, no_nbf) = (("exp", json!(1 - i64::MAX)), ("nbf", Value::Null));
    let table: [(Changes<'_>, Limits, i64, _); 11] = [
        // No time is after the last, and a token that expires then has expired by then.
        (&[("exp", last.clone())], TRUSTING, i64::MAX, Err(Error::Expired)),
        (&[("exp", last.clone())], Limits { leeway: EVER, ..TRUSTING }, i64::MAX, Err(Error::Expired)),
        (&[("exp", last.clone())], Limits { leeway: EVER, ..TRUSTING }, i64::MAX - 1, Ok(Freshness::Unproven)),
        // No floor is below the first time: no token has expired by it.
        (&[second.clone(), ("iat", first.clone()), no_nbf.clone()], TRUSTING, i64::MIN, Ok(Freshness::Unproven)),
        (&[second.clone(), ("iat", first.clone()), no_nbf.clone()], TRUSTING, 1 - i64::MAX, Err(Error::Expired)),
        (&[second, ("iat", json!(1 - i64::MAX)), no_nbf], TRUSTING, i64::MIN, Err(Error::Expired)),
        (&[("nbf", json!(i64::MAX - 1)), ("exp", last.clone())], TRUSTING, i64::MIN, Ok(Freshness::Unproven)),
        // The longest possible lifetime.
        (&[("exp", last.clone()), ("iat", first.clone())], TRUSTING, NOW, Ok(Freshness::Unproven)),
        (
            &[("exp", last.clone()), ("iat", first.clone())],
            Limits { max_unproven_lifetime: Some(EVER / 2), ..STRICT },
            NOW,
            Err(Error::LifetimeTooLong),
        ),
        // The greatest possible age.
        (
            &[("exp", last.clone()), ("iat", first.clone())],
            Limits { max_token_age: Some(EVER / 2), leeway: EVER, ..TRUSTING },
            i64::MAX - 1,
            Err(Error::TooOld),
        ),
        (
            &[("exp", last), ("iat", first)],
            Limits { max_token_age: Some(EVER / 2), ..TRUSTING },
            i64::MAX - 1,
            Err(Error::TooOld),
        ),
    ];
    for (changes, limits, floor, expected) in table {
        assert_eq!(validate(changes, limits, at_least(floor)), expected, "{changes:?} {limits:?} {floor}");
    }
}

/// Validates a token whose answer is this JSON text, or absent, against a challenge.
type ValidateAnswer = fn(Option<&str>, &str, Limits, Now) -> Result<Freshness, Error>;

/// For each kind of token that can answer a challenge: the claim with the answer, and a function that validates it.
const ANSWERS: [(Claim, ValidateAnswer); 3] = [
    (Claim::Challenge, |answer, challenge, limits, now| {
        let policy = limited!(AccessTokenPolicy::new(AUDIENCE), limits).with_challenge(challenge);
        validate_access(spelled(claims(), "cnonce", answer), &policy, now)
    }),
    (Claim::Challenge, |answer, challenge, limits, now| {
        let policy = limited!(AccessTokenPolicy::untyped(AUDIENCE).with_challenge(challenge), limits);
        validate_access(spelled(claims(), "cnonce", answer), &policy, now)
    }),
    (Claim::Nonce, |answer, challenge, limits, now| {
        let policy = limited!(IdTokenPolicy::new(CLIENT_ID), limits).with_nonce(challenge);
        validate_id(spelled(id_claims(), "nonce", answer), &policy, now)
    }),
];

/// The claims with this JSON text as one of them, or without it.
fn spelled(claims: Value, name: &str, json: Option<&str>) -> String {
    match json {
        Some(json) => with(claims, name, json!("?")).to_string().replace("\"?\"", json),
        None => with(claims, name, Value::Null).to_string(),
    }
}

const CHALLENGE: &str = "Zq3-7_x";

#[test]
fn token_that_answers_the_challenge_is_fresh() {
    for (_, validate) in ANSWERS {
        for answer in ["\"Zq3-7_x\"", r#""\u005aq3\u002d7_x""#] {
            assert_eq!(validate(Some(answer), CHALLENGE, STRICT, FLOOR), Ok(Freshness::Challenge), "{answer}");
            assert_eq!(validate(Some(answer), CHALLENGE, STRICT, at_least(0)), Ok(Freshness::Challenge), "{answer}");
            // The clock shows more than an answer: also when the token expires.
            assert_eq!(validate(Some(answer), CHALLENGE, STRICT, exactly(NOW)), Ok(Freshness::Clock), "{answer}");
            assert_eq!(validate(Some(answer), CHALLENGE, STRICT, exactly(0)), Err(Error::ClockNotSet), "{answer}");
        }
    }
}

#[test]
fn token_that_does_not_answer_the_challenge_is_always_refused() {
    for (claim, validate) in ANSWERS {
        for (now, limits) in [(FLOOR, STRICT), (FLOOR, TRUSTING), (exactly(NOW), STRICT), (exactly(NOW), TRUSTING)] {
            assert!(validate(Some("\"Zq3-7_x\""), CHALLENGE, limits, now).is_ok());
            assert_eq!(validate(None, CHALLENGE, limits, now), Err(Error::Missing(claim)), "{now:?}");
            for wrong in ["zQ3-7_X", "Zq3-7_", "Zq3-7_xx", " Zq3-7_x", "Zq3-7_x\\u0000", "", "Zq3_7-x"] {
                let refused = validate(Some(&format!("\"{wrong}\"")), CHALLENGE, limits, now);
                assert_eq!(refused, Err(Error::Mismatch(claim)), "{wrong} {now:?}");
            }
            for json in ["null", "true", "1", "{}", "[]", "[\"Zq3-7_x\"]"] {
                let refused = validate(Some(json), CHALLENGE, limits, now);
                assert_eq!(refused, Err(Error::Invalid(claim)), "{json} {now:?}");
            }
            for answer in [Some("\"\""), Some("\"Zq3-7_x\""), None] {
                let refused = validate(answer, "", limits, now);
                assert_eq!(refused, Err(Error::Unconfigured(claim)), "{answer:?} {now:?}");
            }
        }
    }
}

#[test]
fn challenge_is_checked_only_if_the_policy_has_one() {
    for json in ["null", "1", "[]", "\"\"", "\"Zq3-7_x\""] {
        let payload = spelled(claims(), "cnonce", Some(json));
        for policy in [
            AccessTokenPolicy::new(AUDIENCE),
            AccessTokenPolicy::new(AUDIENCE).with_max_unproven_lifetime(Duration::MAX),
        ] {
            assert_eq!(validate_access(&payload, &policy, now()), Ok(Freshness::Clock), "{json}");
        }
        assert_eq!(
            validate_access(&payload, &AccessTokenPolicy::new(AUDIENCE), FLOOR),
            Err(Error::TimeUnknown),
            "{json}"
        );
    }
    // A nonce that an ID token happens to have proves nothing.
    assert_eq!(validate_id(id_claims(), &IdTokenPolicy::new(CLIENT_ID), FLOOR), Err(Error::TimeUnknown));
}

#[test]
fn fresh_token_is_refused_if_expired_or_too_old_by_the_floor() {
    for (_, validate) in ANSWERS {
        let validate = |limits, floor| validate(Some("\"Zq3-7_x\""), CHALLENGE, limits, at_least(floor));
        assert_eq!(validate(STRICT, NOW + 239), Ok(Freshness::Challenge));
        assert_eq!(validate(STRICT, NOW + 240), Err(Error::Expired));
        let young = Limits { max_token_age: Some(60), ..STRICT };
        assert_eq!(validate(young, NOW), Ok(Freshness::Challenge));
        assert_eq!(validate(young, NOW + 1), Err(Error::TooOld));
    }
}

#[test]
fn max_unproven_lifetime_does_not_limit_a_fresh_token() {
    let answer = Some("\"Zq3-7_x\"");
    for (_, validate) in ANSWERS {
        for max_unproven_lifetime in [None, Some(0), Some(EVER)] {
            let limits = Limits { max_unproven_lifetime, ..STRICT };
            assert_eq!(validate(answer, CHALLENGE, limits, FLOOR), Ok(Freshness::Challenge));
            let limits = Limits { max_lifetime: Some(300), ..limits };
            assert_eq!(validate(answer, CHALLENGE, limits, FLOOR), Ok(Freshness::Challenge));
            let limits = Limits { max_lifetime: Some(299), ..limits };
            assert_eq!(validate(answer, CHALLENGE, limits, FLOOR), Err(Error::LifetimeTooLong));
        }
    }
    let policy =
        AccessTokenPolicy::untyped(AUDIENCE).with_challenge(CHALLENGE).with_max_unproven_lifetime(Duration::ZERO);
    let without_iat = changed(claims(), &[("iat", Value::Null), ("cnonce", json!(CHALLENGE))]);
    assert_eq!(validate_access(without_iat, &policy, FLOOR), Ok(Freshness::Challenge));
}

#[test]
fn last_challenge_set_on_a_policy_counts() {
    let policy = AccessTokenPolicy::new(AUDIENCE).with_challenge("").with_challenge("other").with_challenge(CHALLENGE);
    assert_eq!(validate_access(claims_with("cnonce", json!(CHALLENGE)), &policy, FLOOR), Ok(Freshness::Challenge));
    let refused = validate_access(claims_with("cnonce", json!("other")), &policy, FLOOR);
    assert_eq!(refused, Err(Error::Mismatch(Claim::Challenge)));
}

/// Always gives the same answer, and records the times at which it is asked.
#[derive(Debug)]
struct Answer {
    result: Result<(), Error>,
    asked_at: RefCell<Vec<Now>>,
}

impl Answer {
    fn new(result: Result<(), Error>) -> Self {
        Self { result, asked_at: RefCell::default() }
    }
}

impl Revocations for Answer {
    fn check(&self, _: &TokenIdentity<'_>, now: Now) -> Result<(), Error> {
        self.asked_at.borrow_mut().push(now);
        self.result
    }
}

impl ReplayCheck for Answer {
    fn check_unused(&self, ids: &[SingleUse], now: Now) -> Result<(), Error> {
        assert_eq!(ids.iter().map(SingleUse::until).collect::<Vec<_>>(), [UnixTime::from_secs(NOW + 240 + 300)]);
        self.asked_at.borrow_mut().push(now);
        self.result
    }

    fn use_all(&self, ids: &[SingleUse], now: Now) -> Result<(), Error> {
        self.check_unused(ids, now)
    }

    fn release(&self, _: &[SingleUse]) {
        unreachable!("no other store refuses");
    }
}

#[test]
fn stores_are_asked_with_the_time_that_is_known() {
    let (revocations, used) = (Answer::new(Ok(())), Answer::new(Ok(())));
    let access = AccessTokenPolicy::new(AUDIENCE).with_revocations(&revocations).with_single_use(&used);
    let typed = TypedPolicy::new("cmd+jwt", AUDIENCE).with_revocations(&revocations).with_single_use(&used);
    for now in [exactly(NOW), FLOOR] {
        assert!(validate_access(claims(), &access.with_max_unproven_lifetime(Duration::MAX), now).is_ok());
        assert!(validate_typed(claims(), &typed.with_max_unproven_lifetime(Duration::MAX), now).is_ok());
        assert_eq!(revocations.asked_at.take(), [now, now]);
        assert_eq!(used.asked_at.take(), [now; 2]);
    }
    // The stores are not asked about a refused token.
    assert_eq!(validate_access(claims(), &access, FLOOR), Err(Error::TimeUnknown));
    assert_eq!(validate_typed(claims(), &typed, FLOOR), Err(Error::TimeUnknown));
    let wrong = claims_with("cnonce", json!("other"));
    let refused = validate_access(wrong, &access.with_challenge(CHALLENGE), FLOOR);
    assert_eq!(refused, Err(Error::Mismatch(Claim::Challenge)));
    assert!(revocations.asked_at.take().is_empty() && used.asked_at.take().is_empty());
}

/// A token with everything wrong, fixed one fault at a time.
#[test]
fn first_error_in_the_documented_order_is_returned() {
    let (revoked, kept) = (Answer::new(Err(Error::Revoked)), Answer::new(Ok(())));
    let (used, unused) = (Answer::new(Err(Error::Replayed)), Answer::new(Ok(())));
    let secs = Duration::from_secs;
    let set = |claims: &mut Value, name, value| *claims = with(claims.take(), name, value);
    let mut claims = changed(
        claims(),
        &[
            ("sub", Value::Null),
            ("aud", json!("urn:other")),
            ("exp", json!(NOW - 60)),
            ("iat", json!(NOW + 300)),
            ("scope", json!("")),
            ("cnf", json!({})),
        ],
    );
    let further = |policy: AccessTokenPolicy<'static>| {
        policy.with_max_lifetime(secs(300)).with_max_token_age(secs(60)).with_max_age(secs(60)).with_acr(" ")
    };
    let expect = |error: Error, claims: &Value, policy: &AccessTokenPolicy<'_>| {
        assert_eq!(validate_access(claims, policy, FLOOR), Err(error));
    };

    let policy = further(AccessTokenPolicy::new("").with_required_scope(" "));
    expect(Error::Unconfigured(Claim::Audience), &claims, &policy);
    let policy = further(AccessTokenPolicy::new(AUDIENCE).with_required_scope(" "));
    expect(Error::Unconfigured(Claim::Scope), &claims, &policy);
    let policy = policy.with_required_scope("pump:write");
    let refused =
        verify(&mint("JWT", claims.to_string()), |verified| verified.into_access_token(&policy, FLOOR).map(|_| ()));
    assert_eq!(refused, Err(Error::WrongType));
    expect(Error::Missing(Claim::Subject), &claims, &policy);
    set(&mut claims, "sub", json!("user-42"));
    expect(Error::Mismatch(Claim::Audience), &claims, &policy);
    set(&mut claims, "aud", json!(AUDIENCE));
    expect(Error::Expired, &claims, &policy);
    set(&mut claims, "exp", json!(NOW + 240));
    expect(Error::Expired, &claims, &policy); // by its own `iat`
    set(&mut claims, "iat", json!(NOW - 121));
    expect(Error::TimeUnknown, &claims, &policy);
    let policy = policy.with_max_unproven_lifetime(secs(EVER));
    expect(Error::LifetimeTooLong, &claims, &policy);
    let policy = policy.with_max_lifetime(secs(361));
    expect(Error::TooOld, &claims, &policy);
    set(&mut claims, "iat", json!(NOW));
    expect(Error::InsufficientScope, &claims, &policy);
    set(&mut claims, "scope", json!("pump:write"));
    expect(Error::SenderConstrained, &claims, &policy);
    set(&mut claims, "cnf", Value::Null);
    let policy = policy.with_challenge("").with_revocations(&revoked).with_single_use(&used);
    expect(Error::Unconfigured(ACR), &claims, &policy);
    let policy = policy.with_acr("gold");
    expect(Error::Missing(ACR), &claims, &policy);
    set(&mut claims, "acr", json!("silver"));
    expect(Error::Mismatch(ACR), &claims, &policy);
    set(&mut claims, "acr", json!("gold"));
    expect(Error::Missing(AUTH_TIME), &claims, &policy);
    set(&mut claims, "auth_time", json!(NOW - 121));
    expect(Error::AuthenticationTooOld, &claims, &policy);
    set(&mut claims, "auth_time", json!(NOW));
    expect(Error::Unconfigured(Claim::Challenge), &claims, &policy);
    let policy = policy.with_challenge(CHALLENGE);
    expect(Error::Missing(Claim::Challenge), &claims, &policy);
    set(&mut claims, "cnonce", json!("other"));
    expect(Error::Mismatch(Claim::Challenge), &claims, &policy);
    set(&mut claims, "cnonce", json!(CHALLENGE));
    expect(Error::Revoked, &claims, &policy);
    let policy = policy.with_revocations(&kept);
    expect(Error::Replayed, &claims, &policy);
    let policy = policy.with_single_use(&unused);
    assert_eq!(validate_access(&claims, &policy, FLOOR), Ok(Freshness::Challenge));
}

type Setter = fn(AccessTokenPolicy<'static>) -> AccessTokenPolicy<'static>;
type MakeClaims = fn() -> Value;

/// Each setter, with claims that only this setter refuses, and the error.
const SETTERS: [(Setter, MakeClaims, Error); 8] = [
    (|policy| policy.with_leeway(Duration::from_secs(10)), || good_with("exp", json!(NOW - 10)), Error::Expired),
    (
        |policy| policy.with_max_lifetime(Duration::from_secs(300)),
        || good_with("exp", json!(NOW + 241)),
        Error::LifetimeTooLong,
    ),
    (
        |policy| policy.with_max_token_age(Duration::from_secs(60)),
        || changed(good(), &[("iat", json!(NOW - 71)), ("exp", json!(NOW + 229))]),
        Error::TooOld,
    ),
    (
        |policy| policy.with_required_scope("pump:write"),
        || good_with("scope", json!("pump:read")),
        Error::InsufficientScope,
    ),
    (
        |policy| policy.with_max_age(Duration::from_secs(60)),
        || good_with("auth_time", json!(NOW - 71)),
        Error::AuthenticationTooOld,
    ),
    (|policy| policy.with_acr("gold"), || good_with("acr", json!("silver")), Error::Mismatch(ACR)),
    (
        |policy| policy.with_challenge(CHALLENGE),
        || good_with("cnonce", json!("other")),
        Error::Mismatch(Claim::Challenge),
    ),
    // This setter makes a token acceptable without a clock, and refuses none with a clock. So it is last, and tested
    // separately.
    (|policy| policy.with_max_unproven_lifetime(Duration::from_secs(301)), good, Error::TimeUnknown),
];

/// Claims that meet all of [`SETTERS`].
fn good() -> Value {
    changed(claims(), &[("auth_time", json!(NOW - 60)), ("acr", json!("gold")), ("cnonce", json!(CHALLENGE))])
}

fn good_with(name: &str, value: Value) -> Value {
    with(good(), name, value)
}

/// Two policies with the [`SETTERS`] whose bits are set: called in their order, and in reverse.
fn policies_with(bits: u32) -> [AccessTokenPolicy<'static>; 2] {
    let chosen = SETTERS.iter().enumerate().filter(|(index, _)| bits & (1 << index) != 0);
    let new = AccessTokenPolicy::new(AUDIENCE);
    [
        chosen.clone().fold(new, |policy, (_, (set, ..))| set(policy)),
        chosen.rev().fold(new, |policy, (_, (set, ..))| set(policy)),
    ]
}

const ALL_SETTERS: u32 = (1 << SETTERS.len()) - 1;
const CHALLENGE_BIT: u32 = 1 << 6;
const UNKNOWN_TIME_BIT: u32 = 1 << 7;

#[test]
fn every_combination_of_setters_gives_the_expected_freshness() {
    let text = mint("at+jwt", good().to_string());
    let validate = |policy: &AccessTokenPolicy<'_>, now: Now| {
        verify(&text, |verified| verified.into_access_token(policy, now).map(|token| token.freshness()))
    };
    for bits in 0..=ALL_SETTERS {
        let at_floor = match (bits & CHALLENGE_BIT != 0, bits & UNKNOWN_TIME_BIT != 0) {
            (true, _) => Ok(Freshness::Challenge),
            (false, true) => Ok(Freshness::Unproven),
            (false, false) => Err(Error::TimeUnknown),
        };
        for policy in policies_with(bits) {
            assert_eq!(validate(&policy, exactly(NOW)), Ok(Freshness::Clock), "{bits:b}");
            assert_eq!(validate(&policy, FLOOR), at_floor, "{bits:b}");
        }
    }
}

#[test]
fn no_setter_undoes_another() {
    for (index, (_, bad, error)) in SETTERS.iter().enumerate().take(7) {
        for policy in policies_with(ALL_SETTERS) {
            assert_eq!(validate_access(bad(), &policy, exactly(NOW)), Err(*error), "{index}");
            assert_eq!(validate_access(bad(), &policy, FLOOR), Err(*error), "{index}");
        }
        for policy in policies_with(ALL_SETTERS ^ 1 << index) {
            assert_eq!(validate_access(bad(), &policy, exactly(NOW)), Ok(Freshness::Clock), "{index}");
            assert!(validate_access(bad(), &policy, FLOOR).is_ok(), "{index}");
        }
    }
}

#[derive(Clone, Debug)]
struct Dates {
    exp: i64,
    nbf: Option<i64>,
    iat: Option<i64>,
    auth_time: Option<i64>,
}

impl Dates {
    fn token(&self) -> String {
        let least = json!({"iss": ISSUER, "aud": AUDIENCE, "exp": self.exp});
        let dates = [("nbf", self.nbf), ("iat", self.iat), ("auth_time", self.auth_time)];
        mint("at+jwt", changed(least, &dates.map(|(name, date)| (name, json!(date)))).to_string())
    }

    /// The moments at which a verdict changes, the moment just before each, and the last moment.
    fn edges(&self, limits: Limits, max_age: Option<u64>) -> impl Iterator<Item = i64> {
        let ends = [
            Some(self.exp),
            self.iat.map(|iat| iat.saturating_add_unsigned(limits.max_token_age.unwrap_or_default())),
            self.auth_time.map(|login| login.saturating_add_unsigned(max_age.unwrap_or_default())),
        ];
        let ends = ends.into_iter().flatten().map(move |end| end.saturating_add_unsigned(limits.leeway));
        let beginnings = [self.nbf, self.iat, self.auth_time].into_iter().flatten();
        let beginnings = beginnings.map(move |beginning| beginning.saturating_sub_unsigned(limits.leeway));
        ends.chain(beginnings).flat_map(|edge| [edge.saturating_sub(1), edge]).chain([i64::MAX])
    }
}

fn any_date() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => NOW - 100..NOW + 100,
        1 => prop::sample::select(&[-i64::MAX, -1, 0, 1, i64::MAX - 1, i64::MAX]),
    ]
}

fn any_dates() -> impl Strategy<Value = Dates> {
    let date = || prop::option::weighted(0.8, any_date());
    (any_date(), date(), date(), date()).prop_map(|(exp, nbf, iat, auth_time)| Dates { exp, nbf, iat, auth_time })
}

fn any_span() -> impl Strategy<Value = u64> {
    prop_oneof![6 => 0..150_u64, 1 => Just(EVER)]
}

fn any_limits() -> impl Strategy<Value = Limits> {
    let span = || prop::option::weighted(0.4, any_span());
    (any_span(), span(), span()).prop_map(|(leeway, max_lifetime, max_token_age)| Limits {
        leeway: leeway / 3,
        max_lifetime,
        max_token_age,
        max_unproven_lifetime: None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A floor means that the time is this moment or a later one, and nothing else.
    #[test]
    fn floor_refuses_what_every_later_clock_refuses_and_no_more(
        dates in any_dates(),
        limits in any_limits(),
        max_age in prop::option::weighted(0.4, any_span()),
        floor in any_date(),
    ) {
        let text = dates.token();
        let cache = SignatureCache::<1>::new();
        let policy = limited!(AccessTokenPolicy::untyped(AUDIENCE), limits);
        let policy = max_age.map_or(policy, |max| policy.with_max_age(Duration::from_secs(max)));
        let validate = |policy: &AccessTokenPolicy<'_>, now: Now| {
            let mut buf = [0; 1024];
            let verified = Token::parse(&text)?.verify_cached(&issuer(&*KEYS), &cache, &mut buf)?;
            verified.into_access_token(policy, now).map(|token| token.freshness())
        };
        // With a clock, the token's own `iat` and `nbf` prove nothing: only clocks that they allow count.
        let leeway = limits.leeway.min(MAX_LEEWAY.as_secs());
        let own = [dates.iat, dates.nbf].into_iter().flatten().map(|date| date.saturating_add_unsigned(leeway));
        let first = own.fold(floor, i64::max).max(YEAR_2010);
        let moments = dates.edges(limits, max_age).filter(|moment| *moment >= first).chain([first]);
        let exact: Vec<_> = moments.map(|moment| validate(&policy, exactly(moment))).collect();
        let ever_accepted = exact.iter().any(Result::is_ok);
        prop_assert!(exact.iter().flatten().all(|freshness| *freshness == Freshness::Clock));

        let strict = validate(&policy, at_least(floor));
        prop_assert!(matches!(strict, Err(Error::Expired | Error::TimeUnknown)), "{:?}", strict);
        prop_assert!(strict != Err(Error::Expired) || !ever_accepted);

        let is_of_time = |error: Error| {
            use Error::*;
            matches!(error, ClockNotSet | Expired | NotYetValid | TooOld | AuthenticationTooOld)
        };
        match validate(&policy.with_max_unproven_lifetime(Duration::MAX), at_least(floor)) {
            Ok(freshness) => {
                prop_assert_eq!(freshness, Freshness::Unproven);
                for error in exact.iter().filter_map(|verdict| verdict.err()) {
                    prop_assert!(is_of_time(error), "{:?}", error);
                }
            }
            // The policy requires this only when the time is unknown.
            Err(Error::Missing(Claim::IssuedAt) | Error::Invalid(Claim::IssuedAt)) => {}
            Err(error) => prop_assert!(!ever_accepted, "{:?}", error),
        }
    }
}
