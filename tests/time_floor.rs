//! [`TimeFloor`], a lower bound of the time: it rises with accepted tokens, falls only when it is corrected, and no
//! single wrong `iat` raises it far.
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

fn earliest(secs: i64) -> EarliestTime {
    EarliestTime::from_secs(secs)
}

/// The time by the floor alone.
fn now_at(floor: &TimeFloor<'_>) -> Now {
    floor.now(None, Duration::ZERO)
}

/// Passes `read` a token with this issuer and this `iat`, in JSON, which was accepted without a clock.
fn with_token<T>(issuer: &str, iat: Value, read: impl FnOnce(&AccessToken<'_>) -> T) -> T {
    let claims = with(json!({"iss": issuer, "aud": AUDIENCE, "exp": i64::MAX, "cnonce": "c"}), "iat", iat);
    let text = Alg::EdDsa.access_token(&claims);
    let mut buf = [0; 512];
    let verified = Token::parse(&text).unwrap().verify(&Issuer::new(issuer, &*KEYS, BOTH), &mut buf).unwrap();
    let policy = AccessTokenPolicy::untyped(AUDIENCE).with_challenge("c");
    read(&verified.into_access_token(&policy, earliest(i64::MIN)).unwrap())
}

/// Lets the floor learn from a token with this `iat`, and returns whether it rose.
fn learn(floor: &mut TimeFloor<'_>, iat: i64) -> bool {
    with_token(ISSUER, json!(iat), |token| floor.learn(token))
}

/// Validates a token at the floor, and lets the floor learn from it if it is accepted.
fn validate(floor: &mut TimeFloor<'_>, claims: &Value, policy: &AccessTokenPolicy<'_>) -> Result<Freshness, Error> {
    verify(&Alg::EdDsa.access_token(claims), |verified| {
        let token = verified.into_access_token(policy, now_at(floor))?;
        floor.learn(&token);
        Ok(token.freshness())
    })
}

#[test]
fn floor_starts_at_the_build_time() {
    let floor = floor_at(NOW);
    assert_eq!((floor.at(), now_at(&floor)), (earliest(NOW), Now::AtLeast(earliest(NOW))));
    assert_eq!(now_at(&floor_at(-1)), Now::AtLeast(earliest(-1)));
    assert_eq!(DEFAULT_TIME_STEP, Duration::from_secs(24 * 60 * 60));
    assert_eq!(TimeFloor::LEN, 56);
}

#[test]
fn floor_rises_to_the_iat_of_an_accepted_token() {
    let mut floor = floor_at(NOW);
    assert!(learn(&mut floor, NOW + 1));
    assert_eq!(floor.at(), earliest(NOW + 1));
    assert!(learn(&mut floor, NOW + 3600));
    assert_eq!((floor.at(), now_at(&floor)), (earliest(NOW + 3600), Now::AtLeast(earliest(NOW + 3600))));
}

#[test]
fn floor_never_falls() {
    let mut floor = floor_at(NOW);
    for iat in [NOW, NOW - 1, 0, -i64::MAX] {
        assert!(!learn(&mut floor, iat), "{iat}");
        floor.raise_to(at(iat));
        assert_eq!(floor.at(), earliest(NOW), "{iat}");
    }
}

#[test]
fn floor_rises_to_a_whole_second_that_has_passed() {
    let mut floor = floor_at(NOW);
    let mut learn = |iat: &str| with_token(ISSUER, serde_json::from_str(iat).unwrap(), |token| floor.learn(token));
    assert!(!learn(&format!("{NOW}.9")));
    assert!(learn(&format!("{}.9", NOW + 1)));
    assert_eq!(floor.at(), earliest(NOW + 1));
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
        assert_eq!(floor.at(), earliest(if rises { NOW + 60 } else { NOW }), "{sources:?} {issuer}");
    }
}

#[test]
fn floor_learns_nothing_from_a_token_without_iat() {
    let mut floor = floor_at(NOW);
    assert!(!with_token(ISSUER, Value::Null, |token| floor.learn(token)));
    assert_eq!(floor.at(), earliest(NOW));
}

#[test]
fn floor_learns_from_every_kind_of_token() {
    let mut floor = floor_at(NOW);
    let at_floor = now_at(&floor);
    let minutes = Duration::from_secs(300);
    let text =
        Alg::EdDsa.mint(Alg::EdDsa.id_header().to_string(), with(id_claims(), "iat", json!(NOW + 1)).to_string());
    let policy = IdTokenPolicy::new(CLIENT_ID).with_max_unproven_lifetime(minutes);
    let rose = verify(&text, |verified| verified.into_id_token(&policy, at_floor).map(|token| floor.learn(&token)));
    assert_eq!(rose, Ok(true));
    assert_eq!(floor.at(), earliest(NOW + 1));

    let header = with(Alg::EdDsa.header(), "typ", json!("cmd+jwt"));
    let text = Alg::EdDsa.mint(header.to_string(), claims_with("iat", json!(NOW + 2)).to_string());
    let policy = TypedPolicy::new("cmd+jwt", AUDIENCE).with_max_unproven_lifetime(minutes);
    let rose = verify(&text, |verified| verified.into_typed(&policy, at_floor).map(|token| floor.learn(&token)));
    assert_eq!(rose, Ok(true));
    assert_eq!(floor.at(), earliest(NOW + 2));
}

#[test]
fn floor_learns_nothing_from_a_token_that_a_clock_has_validated() {
    let mut floor = floor_at(NOW - A_DAY);
    let policy = AccessTokenPolicy::new(AUDIENCE).with_max_unproven_lifetime(Duration::from_secs(300));
    let token = Alg::EdDsa.access_token(&claims());
    let mut learn =
        |now: Now| verify(&token, |verified| verified.into_access_token(&policy, now).map(|token| floor.learn(&token)));
    assert_eq!(learn(now().into()), Ok(false));
    assert_eq!(learn(Now::AtLeast(earliest(NOW - A_DAY))), Ok(true));
    assert_eq!(floor.at(), earliest(NOW - 60));
}

/// An issuer's clock is 30 seconds ahead of a device's clock that is right.
#[test]
fn clock_that_is_right_is_not_locked_out_by_an_issuer_that_is_ahead() {
    let leeway = Duration::from_secs(60);
    let policy = AccessTokenPolicy::new(AUDIENCE).with_max_unproven_lifetime(Duration::from_secs(300));
    for clock_is_set_from in [0, 300, 599] {
        let mut floor = floor_at(NOW - A_DAY);
        for second in 0..600 {
            let iat = NOW + second + 30;
            let claims = changed(claims(), &[("iat", json!(iat)), ("nbf", json!(iat)), ("exp", json!(iat + 300))]);
            let clock = Some(at(NOW + second)).filter(|_| second >= clock_is_set_from);
            let freshness = verify(&Alg::EdDsa.access_token(&claims), |verified| {
                let token = verified.into_access_token(&policy, floor.now(clock, leeway))?;
                floor.learn(&token);
                Ok(token.freshness())
            });
            let expected = if clock.is_some() { Freshness::Clock } else { Freshness::Unproven };
            assert_eq!(freshness, Ok(expected), "{second}");
        }
    }
}

#[test]
fn clock_counts_if_it_is_set_and_not_behind_the_floor_by_more_than_the_leeway() {
    let floor = floor_at(NOW);
    let leeway = Duration::from_secs(60);
    for (clock, leeway, is_exact) in [
        (Some(NOW), leeway, true),
        (Some(NOW - 60), leeway, true),
        (Some(NOW - 61), leeway, false),
        (Some(NOW - 300), Duration::MAX, true),
        (Some(NOW - 301), Duration::MAX, false),
        (Some(NOW), Duration::ZERO, true),
        (Some(NOW - 1), Duration::ZERO, false),
        (Some(i64::MAX), leeway, true),
        (Some(0), leeway, false),
        (Some(0), Duration::MAX, false),
        (Some(i64::MIN), Duration::MAX, false),
        (None, Duration::MAX, false),
    ] {
        let expected = match clock {
            Some(clock) if is_exact => Now::Exact(at(clock)),
            _ => Now::AtLeast(earliest(NOW)),
        };
        assert_eq!(floor.now(clock.map(at), leeway), expected, "{clock:?} {leeway:?}");
    }
    // A clock that was never set does not count, even where the floor is earlier.
    assert_eq!(floor_at(0).now(Some(at(1)), leeway), Now::AtLeast(earliest(0)));
}

fn changed(claims: Value, changes: &[(&str, Value)]) -> Value {
    changes.iter().fold(claims, |claims, (name, value)| with(claims, name, value.clone()))
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
            let mut floor = floor.clone();
            assert_eq!(learn(&mut floor, NOW + iat), rise > 0, "{max_step:?} {iat}");
            assert_eq!(floor.at(), earliest(NOW + rise), "{max_step:?} {iat}");
        }
    }
    let mut default = floor_at(NOW);
    assert!(learn(&mut default, i64::MAX - 1));
    assert_eq!(default.at(), earliest(NOW + A_DAY));
}

#[test]
fn repeated_wrong_iat_raises_the_floor_by_one_step() {
    for wrong in [NOW + A_DAY + 1, NOW + 365 * A_DAY, i64::MAX - 1] {
        let mut floor = floor_at(NOW);
        with_token(ISSUER, json!(wrong), |token| {
            assert!(floor.learn(token));
            for _ in 0..1000 {
                assert!(!floor.learn(token), "{wrong}");
            }
        });
        assert_eq!(floor.at(), earliest(NOW + A_DAY), "{wrong}");
        // Even if another token, or a token of another source, repeats the number.
        assert!(!learn(&mut floor, wrong));
        assert!(!with_token("urn:other", json!(wrong), |token| floor.learn(token)));
        assert_eq!(floor.at(), earliest(NOW + A_DAY), "{wrong}");
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
    assert_eq!(floor.at(), earliest(NOW + A_DAY + 60));
    // An `iat` that is one step ahead, and no more, is not recorded.
    assert!(learn(&mut floor, NOW + 2 * A_DAY + 60));
    assert!(!learn(&mut floor, NOW + 365 * A_DAY));
    assert_eq!(floor.at(), earliest(NOW + 2 * A_DAY + 60));
}

/// While all other clocks are right, the floor is at most one step ahead of them.
#[test]
fn wrong_iat_raises_the_floor_one_step_ahead_of_true_ones() {
    let wrong = NOW + 3650 * A_DAY;
    let mut floor = floor_at(NOW);
    for hour in 0..60 {
        let newest = NOW + hour * 3600;
        for iat in [wrong, newest, wrong, newest + 1, wrong] {
            learn(&mut floor, iat);
            assert!(floor.at() <= earliest(newest + 1 + A_DAY));
        }
    }
    assert!(floor.at() >= earliest(NOW + 59 * 3600));
}

#[test]
fn floor_catches_up_by_one_step_a_token() {
    let back_after_a_month = NOW + 30 * A_DAY - 3600;
    let mut floor = floor_at(NOW);
    for nth in 1..=29 {
        assert!(learn(&mut floor, back_after_a_month + nth));
        assert_eq!(floor.at(), earliest(NOW + nth * A_DAY));
    }
    assert!(learn(&mut floor, back_after_a_month + 30));
    assert_eq!(floor.at(), earliest(back_after_a_month + 30));
    assert!(!learn(&mut floor, back_after_a_month + 30));
}

/// Each wrong token raises the floor once, in whatever order and however often the tokens come.
#[test]
fn wrong_iats_raise_the_floor_by_one_step_each() {
    for wrong in [
        &[NOW + 9000 * A_DAY, NOW + 9000 * A_DAY + 1][..],
        &[NOW + 3 * A_DAY, NOW + 3 * A_DAY + 1],
        &[NOW + A_DAY + 1, NOW + 2 * A_DAY, NOW + 2 * A_DAY + 1],
        &[NOW + 5 * A_DAY, NOW + 4 * A_DAY, NOW + 3 * A_DAY],
    ] {
        let mut floor = floor_at(NOW);
        for iat in wrong.iter().chain(wrong.iter().rev()).cycle().take(100) {
            learn(&mut floor, *iat);
            let stored = floor.to_bytes();
            floor = TimeFloor::from_bytes(at(NOW), SOURCES, &stored).unwrap();
        }
        assert!(floor.at() <= earliest(NOW + i64::try_from(wrong.len()).unwrap() * A_DAY), "{wrong:?}");
    }
}

#[test]
fn floor_is_kept_over_a_restart() {
    let mut before = floor_at(NOW);
    assert!(learn(&mut before, NOW + 60));
    assert!(learn(&mut before, NOW + 3 * A_DAY));
    let stored = before.to_bytes();

    let mut after = TimeFloor::from_bytes(now(), SOURCES, &stored).unwrap();
    assert_eq!(after.at(), before.at());
    assert!(!learn(&mut after, NOW + 3 * A_DAY), "the step is remembered");
    assert_eq!(after.to_bytes(), stored);
    // The page of flash may go on, and the build time of a newer firmware may be later than the stored floor.
    let page = [&stored[..], &[0xff; 9]].concat();
    let updated = TimeFloor::from_bytes(at(NOW + 2 * A_DAY), SOURCES, &page).unwrap();
    assert_eq!(updated.at(), earliest(NOW + 2 * A_DAY));
    // A floor from before an update counts only up to the latest time of the new firmware.
    let limited = TimeFloor::from_bytes(now(), SOURCES, &stored).unwrap().with_latest(at(NOW + 70));
    assert_eq!(limited.at(), earliest(NOW + 70));
}

#[test]
fn torn_or_altered_floor_is_refused() {
    let malformed = Error::Malformed(Part::Snapshot);
    let read = |bytes: &[u8]| TimeFloor::from_bytes(now(), SOURCES, bytes).map(|floor| floor.at());
    let mut floor = floor_at(NOW);
    assert!(learn(&mut floor, NOW + 3 * A_DAY));
    let (old, new) = (floor_at(NOW).to_bytes(), floor.to_bytes());
    assert_eq!((read(&old), read(&new)), (Ok(earliest(NOW)), Ok(floor.at())));
    for written in 0..TimeFloor::LEN {
        let torn = [&new[..written], &old[written..]].concat();
        if torn != old {
            assert_eq!(read(&torn), Err(malformed), "{written} new bytes over the old ones");
        }
        let mut erased = [0xff; TimeFloor::LEN];
        erased[..written].copy_from_slice(&new[..written]);
        assert_eq!(read(&erased), Err(malformed), "{written} bytes over erased flash");
        assert_eq!(read(&new[..written]), Err(malformed), "{written} bytes alone");
        for bit in 0..8 {
            let mut altered = new;
            altered[written] ^= 1 << bit;
            assert_eq!(read(&altered), Err(malformed), "bit {bit} of byte {written}");
        }
    }
    assert_eq!(read(&[0; TimeFloor::LEN]), Err(malformed));
}

#[test]
fn floor_never_passes_its_latest_time() {
    assert_eq!(DEFAULT_FLOOR_SPAN, Duration::from_secs(10 * 365 * 24 * 60 * 60));
    let latest = at(NOW).plus(DEFAULT_FLOOR_SPAN);
    for (floor, latest) in [(floor_at(NOW), latest), (floor_at(NOW).with_latest(at(NOW + 100)), at(NOW + 100))] {
        let mut floor = floor.with_max_step(Duration::MAX);
        let latest = earliest(latest.as_secs());
        for iat in [latest.as_secs() + 1, i64::MAX - 1] {
            learn(&mut floor, iat);
            assert_eq!(floor.at(), latest);
        }
        floor.raise_to(at(i64::MAX));
        assert_eq!(floor.at(), latest);
        let mut restored = TimeFloor::from_bytes(now(), SOURCES, &floor.to_bytes()).unwrap();
        restored.raise_to(at(i64::MAX));
        assert_eq!(restored.at(), earliest(now().plus(DEFAULT_FLOOR_SPAN).as_secs()));
    }
    assert_eq!(floor_at(NOW).with_latest(at(NOW - 1)).at(), earliest(NOW - 1));
}

#[test]
fn raise_to_has_no_step_limit() {
    let mut floor = floor_at(NOW);
    floor.raise_to(at(NOW + 365 * A_DAY));
    assert_eq!(floor.at(), earliest(NOW + 365 * A_DAY));
    floor.raise_to(at(i64::MIN));
    assert_eq!(floor.at(), earliest(NOW + 365 * A_DAY));
}

/// A device that was off for two days has caught up by a day when a token from far in the future comes. It still learns
/// from the token that has raised it by a day, and from all others within a step.
#[test]
fn true_iats_before_and_after_a_wrong_one_are_learned() {
    let mut floor = floor_at(NOW);
    assert!(learn(&mut floor, NOW + 2 * A_DAY));
    assert!(learn(&mut floor, NOW + 3650 * A_DAY));
    assert_eq!(floor.at(), earliest(NOW + 2 * A_DAY));
    for minute in 1..100 {
        assert!(learn(&mut floor, NOW + 2 * A_DAY + 60 * minute), "{minute}");
    }

    let mut floor = floor_at(NOW);
    assert!(learn(&mut floor, NOW + 5 * A_DAY));
    assert!(learn(&mut floor, NOW + 3650 * A_DAY));
    assert!(!learn(&mut floor, NOW + 5 * A_DAY + 60), "further ahead than a step");
    for day in 3..6 {
        assert!(learn(&mut floor, NOW + day * A_DAY - 60), "{day}");
    }
    assert!(!learn(&mut floor, NOW + 5 * A_DAY), "it has raised the floor before");
    assert!(learn(&mut floor, NOW + 5 * A_DAY + 60));
}

/// The floor remembers the last four tokens that have raised it by a whole step.
#[test]
fn four_wrong_iats_raise_the_floor_once_each() {
    let wrong: Vec<i64> = (0..4).map(|nth| NOW + 5 * A_DAY + nth).collect();
    let mut floor = floor_at(NOW);
    for iat in &wrong {
        assert!(learn(&mut floor, *iat));
    }
    assert_eq!(floor.at(), earliest(NOW + 4 * A_DAY));
    for iat in &wrong {
        assert!(!learn(&mut floor, *iat), "{}", iat - NOW);
    }
    // Wrong tokens that the floor has passed make room for others.
    floor.raise_to(at(NOW + 5 * A_DAY + 2));
    assert!(!learn(&mut floor, wrong[3]));
    for nth in 1..4 {
        assert!(learn(&mut floor, NOW + 99 * A_DAY + nth));
        assert!(!learn(&mut floor, NOW + 99 * A_DAY + nth));
    }
    assert_eq!(floor.at(), earliest(NOW + 8 * A_DAY + 2));
}

/// A device without any clock was off for more than a step after one wrong token.
#[test]
fn new_floor_at_the_same_time_learns_again() {
    let mut floor = floor_at(NOW);
    assert!(learn(&mut floor, NOW + 3650 * A_DAY));
    let true_iat = NOW + 3 * A_DAY;
    assert!(!learn(&mut floor, true_iat));
    let mut new = TimeFloor::new(at(floor.at().as_secs()), SOURCES);
    assert!(learn(&mut new, true_iat));
    assert_eq!(new.at(), earliest(NOW + 2 * A_DAY));
}

/// Wrong tokens have raised the floor. Then an authenticated source sets the clock.
#[test]
fn authenticated_clock_corrects_the_floor() {
    let mut floor = floor_at(NOW - A_DAY);
    for nth in 1..=3 {
        assert!(learn(&mut floor, NOW + 100 * A_DAY + nth));
    }
    let clock = Some(now());
    assert_eq!(floor.now(clock, Duration::ZERO), Now::AtLeast(earliest(NOW + 2 * A_DAY)), "the clock seems wrong");
    floor.correct_to(now());
    assert_eq!((floor.at(), floor.now(clock, Duration::ZERO)), (earliest(NOW), Now::Exact(now())));
    assert!(learn(&mut floor, NOW + 2 * A_DAY), "it learns as a new one does");
    assert_eq!(floor.at(), earliest(NOW + A_DAY));
    // The usual limit applies, also after a restart with firmware that was built later.
    let latest = at(NOW - A_DAY).plus(DEFAULT_FLOOR_SPAN);
    floor.correct_to(at(i64::MAX));
    assert_eq!(floor.at(), earliest(latest.as_secs()));
    let updated = TimeFloor::from_bytes(now(), SOURCES, &floor.to_bytes()).unwrap();
    assert_eq!(updated.at(), earliest(latest.as_secs()));
    for unset in [0, i64::MIN, NOW - A_DAY - 1] {
        floor.correct_to(at(unset));
        assert_eq!(floor.at(), earliest(NOW - A_DAY), "the firmware was built then");
    }
}

/// The limits are not stored: the device sets them again after the restart.
#[test]
fn floor_beyond_the_default_span_is_kept_over_a_restart() {
    let latest = at(NOW).plus(2 * DEFAULT_FLOOR_SPAN);
    let mut before = floor_at(NOW).with_latest(latest);
    before.raise_to(latest);
    let stored = before.to_bytes();
    let after = TimeFloor::from_bytes(now(), SOURCES, &stored).unwrap();
    assert_eq!(after.at(), earliest(at(NOW).plus(DEFAULT_FLOOR_SPAN).as_secs()));
    assert_eq!(after.to_bytes(), stored);
    assert_eq!(after.with_latest(latest).at(), before.at());
}

/// When the clock is set past the wrong `iat`, the floor learns by steps again.
#[test]
fn clock_that_is_set_ends_the_effect_of_a_wrong_iat() {
    let mut floor = floor_at(NOW);
    assert!(learn(&mut floor, NOW + 30 * A_DAY));
    assert!(!learn(&mut floor, NOW + 20 * A_DAY));
    floor.raise_to(at(NOW + 31 * A_DAY));
    assert!(learn(&mut floor, NOW + 40 * A_DAY));
    assert_eq!(floor.at(), earliest(NOW + 32 * A_DAY));
}

#[test]
fn arithmetic_on_steps_saturates() {
    let mut floor = floor_at(i64::MAX - 2);
    assert!(learn(&mut floor, i64::MAX - 1));
    assert_eq!(floor.at(), earliest(i64::MAX - 1));
    assert!(!learn(&mut floor, i64::MAX - 1));

    let mut floor = floor_at(i64::MIN).with_max_step(Duration::MAX).with_latest(at(i64::MAX));
    assert!(learn(&mut floor, -i64::MAX));
    assert!(learn(&mut floor, i64::MAX - 1));
    assert_eq!(floor.at(), earliest(i64::MAX - 1));

    let mut floor = floor_at(i64::MIN).with_max_step(Duration::from_secs(2));
    assert!(learn(&mut floor, NOW));
    assert_eq!(floor.at(), earliest(i64::MIN + 2));
}

#[test]
fn tokens_do_not_raise_a_floor_without_a_step() {
    for max_step in [Duration::ZERO, Duration::from_millis(999)] {
        let mut floor = floor_at(NOW).with_max_step(max_step);
        for iat in [NOW + 1, NOW + 2, NOW + 1, i64::MAX - 1] {
            assert!(!learn(&mut floor, iat), "{iat}");
            assert_eq!(floor.at(), earliest(NOW), "{iat}");
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
    assert_eq!(floor.at(), earliest(NOW - 60));

    // A token issued at the end of the recorded token's leeway proves that the recorded token has expired. A token
    // issued a second earlier does not.
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
    assert_eq!(floor.at(), earliest(NOW));
    let policy = policy.with_max_unproven_lifetime(Duration::from_secs(180));
    assert_eq!(validate(&mut floor, &later, &policy), Ok(Freshness::Unproven));
    assert_eq!(floor.at(), earliest(NOW + 60));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// With each token, the floor never falls, rises by one step at most and not beyond the token's `iat`, and `learn`
    /// returns whether it rose. Up to four wrong tokens raise it once each at most, so that `k` of them raise it to `k`
    /// steps above the latest true `iat`, or above its start, at most.
    #[test]
    fn floor_keeps_its_bounds_with_tokens_in_any_order(
        true_iats in prop::collection::vec(-100..600_i64, 1..6),
        ahead in prop::collection::vec(1..600_i64, 0..5),
        max_step in 0..300_i64,
        order in prop::collection::vec(any::<prop::sample::Index>(), 1..60),
        restarts in any::<u64>(),
    ) {
        let latest_true_iat = true_iats.iter().copied().max().unwrap();
        let wrong: Vec<i64> = ahead.iter().map(|ahead| latest_true_iat + ahead).collect();
        let count = i64::try_from(wrong.len()).unwrap();
        let iats: Vec<i64> = true_iats.into_iter().chain(wrong.clone()).chain(wrong).collect();
        let mut floor = floor_at(NOW).with_max_step(Duration::from_secs(max_step.unsigned_abs()));
        let mut raised_by = std::collections::BTreeSet::new();
        for (step, nth) in order.into_iter().enumerate() {
            let (iat, before) = (NOW + nth.get(&iats), floor.at().as_secs());
            let rose = learn(&mut floor, iat);
            let rise = floor.at().as_secs() - before;
            prop_assert_eq!(rose, rise > 0);
            prop_assert!((0..=max_step).contains(&rise));
            prop_assert!(rise == 0 || floor.at() <= earliest(iat));
            prop_assert!(!rose || iat <= NOW + latest_true_iat || raised_by.insert(iat), "{} has raised it before", iat);
            prop_assert!(floor.at().as_secs() <= NOW + latest_true_iat.max(0) + count * max_step);
            if restarts >> (step % 64) & 1 == 1 {
                floor = TimeFloor::from_bytes(now(), SOURCES, &floor.to_bytes()).unwrap()
                    .with_max_step(Duration::from_secs(max_step.unsigned_abs()));
            }
        }
    }
}
