//! [`TimeFloor`], a lower bound of the time: it rises with accepted tokens, never falls, and no single wrong `iat`
//! raises it far.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::time::Duration;

use embedded_jwt::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::*;

const A_DAY: i64 = 24 * 60 * 60;
const SOURCES: &[&str] = &["urn:other", ISSUER];

fn at(secs: i64) -> UnixTime {
    UnixTime::from_secs(secs)
}

fn floor_at(secs: i64) -> TimeFloor<'static> {
    TimeFloor::new(at(secs), SOURCES)
}

/// Passes `read` an accepted token with this issuer and this `iat`, in JSON.
fn with_token<T>(issuer: &str, iat: Value, read: impl FnOnce(&AccessToken<'_>) -> T) -> T {
    let claims = with(json!({"iss": issuer, "aud": AUDIENCE, "exp": i64::MAX}), "iat", iat);
    let text = Alg::EdDsa.access_token(&claims);
    let mut buf = [0; 512];
    let verified = Token::parse(&text).unwrap().verify(&Issuer::new(issuer, &*KEYS, BOTH), &mut buf).unwrap();
    read(&verified.into_access_token(&AccessTokenPolicy::untyped(AUDIENCE), at(1)).unwrap())
}

/// Lets the floor learn from a token with this `iat`, and returns whether it rose.
fn learn(floor: &mut TimeFloor<'_>, iat: i64) -> bool {
    with_token(ISSUER, json!(iat), |token| floor.learn(token))
}

/// Validates a token at the floor, and lets the floor learn from it if it is accepted.
fn validate(floor: &mut TimeFloor<'_>, claims: &Value, policy: &AccessTokenPolicy<'_>) -> Result<Freshness, Error> {
    verify(&Alg::EdDsa.access_token(claims), |verified| {
        let token = verified.into_access_token(policy, floor.now())?;
        floor.learn(&token);
        Ok(token.freshness())
    })
}

#[test]
fn floor_starts_at_the_build_time() {
    let floor = floor_at(NOW);
    assert_eq!((floor.at(), floor.now()), (now(), Now::AtLeast(now())));
    assert_eq!(floor_at(-1).now(), Now::AtLeast(at(-1)));
    assert_eq!(DEFAULT_TIME_STEP, Duration::from_secs(24 * 60 * 60));
}

#[test]
fn floor_rises_to_the_iat_of_an_accepted_token() {
    let mut floor = floor_at(NOW);
    assert!(learn(&mut floor, NOW + 1));
    assert_eq!(floor.at(), at(NOW + 1));
    assert!(learn(&mut floor, NOW + 3600));
    assert_eq!((floor.at(), floor.now()), (at(NOW + 3600), Now::AtLeast(at(NOW + 3600))));
}

#[test]
fn floor_never_falls() {
    let mut floor = floor_at(NOW);
    for iat in [NOW, NOW - 1, 0, -i64::MAX] {
        assert!(!learn(&mut floor, iat), "{iat}");
        floor.raise_to(at(iat));
        assert_eq!(floor.at(), now(), "{iat}");
    }
}

#[test]
fn floor_rises_to_a_whole_second_that_has_passed() {
    let mut floor = floor_at(NOW);
    let mut learn = |iat: &str| with_token(ISSUER, serde_json::from_str(iat).unwrap(), |token| floor.learn(token));
    assert!(!learn(&format!("{NOW}.9")));
    assert!(learn(&format!("{}.9", NOW + 1)));
    assert_eq!(floor.at(), at(NOW + 1));
}

#[test]
fn floor_learns_only_from_its_sources() {
    let later = json!(NOW + 60);
    for (sources, issuer, rises) in [
        (&[ISSUER][..], ISSUER, true),
        (SOURCES, ISSUER, true),
        (SOURCES, "urn:other", true),
        (&[], ISSUER, false),
        (&["urn:other"], ISSUER, false),
        (&["https://idp.example.com/"], ISSUER, false),
        (&["HTTPS://idp.example.com"], ISSUER, false),
        (&[""], ISSUER, false),
    ] {
        let mut floor = TimeFloor::new(now(), sources);
        assert_eq!(with_token(issuer, later.clone(), |token| floor.learn(token)), rises, "{sources:?} {issuer}");
        assert_eq!(floor.at(), if rises { at(NOW + 60) } else { now() }, "{sources:?} {issuer}");
    }
}

#[test]
fn floor_learns_nothing_from_a_token_without_iat() {
    let mut floor = floor_at(NOW);
    assert!(!with_token(ISSUER, Value::Null, |token| floor.learn(token)));
    assert_eq!(floor.at(), now());
}

#[test]
fn floor_learns_from_every_kind_of_token() {
    let mut floor = floor_at(NOW);
    let text =
        Alg::EdDsa.mint(Alg::EdDsa.id_header().to_string(), with(id_claims(), "iat", json!(NOW + 1)).to_string());
    let policy = IdTokenPolicy::new(CLIENT_ID);
    let rose = verify(&text, |verified| verified.into_id_token(&policy, now()).map(|token| floor.learn(&token)));
    assert_eq!(rose, Ok(true));
    assert_eq!(floor.at(), at(NOW + 1));

    let header = with(Alg::EdDsa.header(), "typ", json!("cmd+jwt"));
    let text = Alg::EdDsa.mint(header.to_string(), claims_with("iat", json!(NOW + 2)).to_string());
    let policy = TypedPolicy::new("cmd+jwt", AUDIENCE);
    let rose = verify(&text, |verified| verified.into_typed(&policy, now()).map(|token| floor.learn(&token)));
    assert_eq!(rose, Ok(true));
    assert_eq!(floor.at(), at(NOW + 2));
}

#[test]
fn floor_rises_by_one_step_at_most() {
    for (max_step, step) in [
        (DEFAULT_TIME_STEP, A_DAY),
        (Duration::from_secs(1), 1),
        (Duration::from_secs(3600), 3600),
        // A fraction is dropped.
        (Duration::from_millis(1999), 1),
    ] {
        let floor = floor_at(NOW).with_max_step(max_step);
        for (iat, rise) in [(1, 1), (step - 1, step - 1), (step, step), (step + 1, step), (99 * A_DAY, step)] {
            let mut floor = floor;
            assert_eq!(learn(&mut floor, NOW + iat), rise > 0, "{max_step:?} {iat}");
            assert_eq!(floor.at(), at(NOW + rise), "{max_step:?} {iat}");
        }
    }
    let mut default = floor_at(NOW);
    assert!(learn(&mut default, i64::MAX));
    assert_eq!(default.at(), at(NOW + A_DAY));
}

#[test]
fn repeated_wrong_iat_raises_the_floor_by_one_step() {
    for wrong in [NOW + A_DAY + 1, NOW + 365 * A_DAY, i64::MAX] {
        let mut floor = floor_at(NOW);
        with_token(ISSUER, json!(wrong), |token| {
            assert!(floor.learn(token));
            for _ in 0..1000 {
                assert!(!floor.learn(token), "{wrong}");
            }
        });
        assert_eq!(floor.at(), at(NOW + A_DAY), "{wrong}");
        // Even if another token, or a token of another source, repeats the number.
        assert!(!learn(&mut floor, wrong));
        assert!(!with_token("urn:other", json!(wrong), |token| floor.learn(token)));
        assert_eq!(floor.at(), at(NOW + A_DAY), "{wrong}");
    }
}

#[test]
fn floor_still_rises_with_true_iats_after_a_wrong_one() {
    let mut floor = floor_at(NOW);
    assert!(learn(&mut floor, NOW + 365 * A_DAY));
    // The true time catches up with the floor.
    assert!(!learn(&mut floor, NOW + A_DAY));
    assert!(learn(&mut floor, NOW + A_DAY + 60));
    assert!(!learn(&mut floor, NOW + 365 * A_DAY));
    assert_eq!(floor.at(), at(NOW + A_DAY + 60));
    // An `iat` that is one step ahead, and no more, is not recorded.
    assert!(learn(&mut floor, NOW + 2 * A_DAY + 60));
    assert!(!learn(&mut floor, NOW + 365 * A_DAY));
    assert_eq!(floor.at(), at(NOW + 2 * A_DAY + 60));
}

/// While all other clocks are right, the floor is at most one step ahead of them.
#[test]
fn wrong_iat_raises_the_floor_one_step_ahead_of_true_ones() {
    let wrong = NOW + 3650 * A_DAY;
    let mut floor = floor_at(NOW);
    for day in 0..60 {
        let newest = NOW + 30 * A_DAY + day * 60;
        for iat in [wrong, newest, wrong, newest + 1, wrong] {
            learn(&mut floor, iat);
            assert!(floor.at() <= at(newest + 1 + A_DAY));
        }
    }
    assert!(floor.at() >= at(NOW + 30 * A_DAY));
}

#[test]
fn floor_catches_up_by_one_step_a_token() {
    let back_after_a_month = NOW + 30 * A_DAY - 3600;
    let mut floor = floor_at(NOW);
    for nth in 1..=29 {
        assert!(learn(&mut floor, back_after_a_month + nth));
        assert_eq!(floor.at(), at(NOW + nth * A_DAY));
    }
    assert!(learn(&mut floor, back_after_a_month + 30));
    assert_eq!(floor.at(), at(back_after_a_month + 30));
    assert!(!learn(&mut floor, back_after_a_month + 30));
}

#[test]
fn floor_is_kept_over_a_restart_as_one_integer() {
    let mut before = floor_at(NOW);
    assert!(learn(&mut before, NOW + 60));
    let stored: i64 = before.at().as_secs();

    let mut after = floor_at(NOW);
    after.raise_to(UnixTime::from_secs(stored));
    assert_eq!(after.now(), before.now());
    // The build time of a newer firmware may be later than the stored floor.
    let mut updated = floor_at(NOW + A_DAY);
    updated.raise_to(UnixTime::from_secs(stored));
    assert_eq!(updated.at(), at(NOW + A_DAY));
}

/// The `iat` that raised the floor by a step is not stored, so a restart allows one more step.
#[test]
fn wrong_iat_raises_the_floor_once_more_after_a_restart() {
    let wrong = NOW + 365 * A_DAY;
    let mut stored = NOW;
    for restart in 1..=3 {
        let mut floor = floor_at(NOW);
        floor.raise_to(at(stored));
        assert!(learn(&mut floor, wrong));
        assert!(!learn(&mut floor, wrong));
        stored = floor.at().as_secs();
        assert_eq!(stored, NOW + restart * A_DAY);
    }
}

#[test]
fn raise_to_has_no_step_limit() {
    let mut floor = floor_at(NOW);
    floor.raise_to(at(NOW + 365 * A_DAY));
    assert_eq!(floor.at(), at(NOW + 365 * A_DAY));
    floor.raise_to(at(i64::MAX));
    assert_eq!(floor.at(), at(i64::MAX));
    floor.raise_to(at(i64::MIN));
    assert_eq!(floor.at(), at(i64::MAX));
}

#[test]
fn arithmetic_on_steps_saturates() {
    let mut floor = floor_at(i64::MAX - 1);
    assert!(learn(&mut floor, i64::MAX));
    assert_eq!(floor.at(), at(i64::MAX));
    assert!(!learn(&mut floor, i64::MAX));

    let mut floor = floor_at(i64::MIN).with_max_step(Duration::MAX);
    assert!(learn(&mut floor, -i64::MAX));
    assert!(learn(&mut floor, i64::MAX));
    assert_eq!(floor.at(), at(i64::MAX));

    let mut floor = floor_at(i64::MIN).with_max_step(Duration::from_secs(2));
    assert!(learn(&mut floor, NOW));
    assert_eq!(floor.at(), at(i64::MIN + 2));
}

#[test]
fn tokens_do_not_raise_a_floor_without_a_step() {
    for max_step in [Duration::ZERO, Duration::from_millis(999)] {
        let mut floor = floor_at(NOW).with_max_step(max_step);
        for iat in [NOW + 1, NOW + 2, NOW + 1, i64::MAX] {
            assert!(!learn(&mut floor, iat), "{iat}");
            assert_eq!(floor.at(), now(), "{iat}");
        }
    }
}

#[test]
fn recorded_token_is_refused_once_the_floor_has_passed_its_expiry() {
    let policy = AccessTokenPolicy::new(AUDIENCE).with_max_unproven_lifetime(Duration::from_secs(300));
    let mut floor = floor_at(NOW - A_DAY);
    let recorded = claims();
    assert_eq!(validate(&mut floor, &recorded, &policy), Ok(Freshness::Unproven));
    assert_eq!(validate(&mut floor, &recorded, &policy), Ok(Freshness::Unproven), "nothing shows that time has passed");
    assert_eq!(floor.at(), at(NOW - 60));

    // A token issued at the end of the recorded one's leeway proves that it has expired. One that is issued a second
    // earlier does not.
    let next = |iat: i64| with(claims_with("iat", json!(iat)), "exp", json!(iat + 300));
    assert_eq!(validate(&mut floor, &next(NOW + 240 + 59), &policy), Ok(Freshness::Unproven));
    assert_eq!(validate(&mut floor, &recorded, &policy), Ok(Freshness::Unproven));
    assert_eq!(validate(&mut floor, &next(NOW + 240 + 60), &policy), Ok(Freshness::Unproven));
    assert_eq!(validate(&mut floor, &recorded, &policy), Err(Error::Expired));
}

#[test]
fn floor_learns_nothing_from_a_refused_token() {
    let mut floor = floor_at(NOW);
    let later = claims_with("iat", json!(NOW + 60));
    let policy = AccessTokenPolicy::new(AUDIENCE);
    assert_eq!(validate(&mut floor, &later, &policy), Err(Error::TimeUnknown));
    let policy = policy.with_max_unproven_lifetime(Duration::from_secs(179));
    assert_eq!(validate(&mut floor, &later, &policy), Err(Error::LifetimeTooLong));
    assert_eq!(floor.at(), now());
    let policy = policy.with_max_unproven_lifetime(Duration::from_secs(180));
    assert_eq!(validate(&mut floor, &later, &policy), Ok(Freshness::Unproven));
    assert_eq!(floor.at(), at(NOW + 60));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// With each token, the floor never falls, rises by one step at most and not beyond the token's `iat`, and `learn`
    /// returns whether it rose. With a single wrong `iat` among all tokens, the floor is at most one step ahead of the
    /// latest true `iat`, or of its start: after the wrong `iat` has raised it, only a true one that is itself more
    /// than one step ahead lets the wrong one raise it again.
    #[test]
    fn floor_keeps_its_bounds_with_tokens_in_any_order(
        true_iats in prop::collection::vec(-100..600_i64, 1..6),
        ahead in 1..600_i64,
        max_step in 0..300_i64,
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..60),
    ) {
        let latest_true_iat = true_iats.iter().copied().max().unwrap();
        let wrong = latest_true_iat + ahead;
        let iats: Vec<i64> = true_iats.into_iter().chain([wrong, wrong]).collect();
        let texts: Vec<_> = iats.iter().map(|iat| Alg::EdDsa.access_token(&claims_with("iat", json!(NOW + iat)))).collect();
        let mut buffers = vec![[0; 512]; texts.len()];
        let tokens: Vec<_> = texts.iter().zip(&mut buffers).map(|(text, buf)| {
            let verified = Token::parse(text).unwrap().verify(&issuer(&*KEYS), buf).unwrap();
            verified.into_access_token(&AccessTokenPolicy::new(AUDIENCE), now()).unwrap()
        }).collect();

        let mut floor = floor_at(NOW).with_max_step(Duration::from_secs(max_step.unsigned_abs()));
        for nth in order {
            let (token, before) = (nth.get(&tokens), floor.at().as_secs());
            let rose = floor.learn(token);
            let rise = floor.at().as_secs() - before;
            prop_assert_eq!(rose, rise > 0);
            prop_assert!((0..=max_step).contains(&rise));
            prop_assert!(rise == 0 || floor.at() <= token.issued_at().unwrap());
            prop_assert!(floor.at().as_secs() <= NOW + latest_true_iat.max(0) + max_step);
        }
    }
}
