//! The time as a device knows it, and the model of a floor.

use std::collections::{BTreeMap, BTreeSet};

use embedded_jwt::{Freshness, Now};

use super::minted::{BASE, MAX_LEEWAY};

/// The current time, or the earliest possible one.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// `None`: the clock was never set.
    pub known: Option<i64>,
    pub is_exact: bool,
}

impl Time {
    pub fn by_clock(clock: i64) -> Self {
        Self { known: is_set(clock).then_some(clock), is_exact: true }
    }

    pub fn of(now: Now) -> Self {
        match now {
            Now::Exact(clock) => Self::by_clock(clock.as_secs()),
            Now::AtLeast(floor) => Self { known: Some(floor.as_secs()), is_exact: false },
        }
    }
}

/// Whether a clock was set at all: it is not before 2010.
pub fn is_set(clock: i64) -> bool {
    clock >= 1_262_304_000
}

/// The expected floor, computed from all times that the floor was told.
#[derive(Clone, Debug)]
pub struct Floor {
    /// When the present firmware was built.
    built: i64,
    /// The latest time that has passed, whatever the limit of the present firmware.
    reached: i64,
    latest: i64,
    /// The issue times of all tokens that have raised the floor by a whole step since it was corrected, in their order.
    steps: Vec<i64>,
    /// All times that anyone has named since it was corrected.
    told: Vec<i64>,
    rises: Rises,
}

impl Floor {
    /// The time at which the firmware was built.
    pub const BUILT: i64 = BASE;
    /// The limits of different versions of the firmware.
    pub const LATEST: [i64; 4] = [BASE + 315, BASE + 315, BASE + 12, BASE + 4];
    pub const STEP: i64 = 4;
    pub const SOURCES: &'static [&'static str] = &["i"];
    /// As documented: if more tokens than this are ahead at once, some may raise the floor twice.
    const REMEMBERED: usize = 4;

    pub fn new(built: i64, latest: i64) -> Self {
        Self { built, reached: built, latest, steps: Vec::new(), told: vec![built], rises: Rises::default() }
    }

    pub fn at(&self) -> i64 {
        let at = self.reached.min(self.latest);
        assert!(self.told.iter().any(|told| *told >= at), "nobody has named such a late time: {self:?}");
        at
    }

    /// The time by a clock that may be behind by the leeway.
    pub fn now(&self, clock: Option<i64>, leeway: i64) -> Time {
        match clock {
            Some(clock) if is_set(clock) && clock + leeway.min(MAX_LEEWAY) >= self.at() => Time::by_clock(clock),
            _ => Time { known: Some(self.at()), is_exact: false },
        }
    }

    pub fn raise_to(&mut self, time: i64) {
        self.told.push(time);
        self.reached = self.reached.max(time.min(self.latest));
    }

    pub fn correct_to(&mut self, time: i64) {
        *self = Self { built: self.built, ..Self::new(time.min(self.latest).max(self.built), self.latest) };
    }

    /// Restarts from this floor, with other firmware.
    pub fn restart(&mut self, built: i64, latest: i64) {
        self.told.push(built);
        self.reached = self.reached.max(built);
        (self.built, self.latest) = (built, latest);
    }

    /// Learns from an accepted token, and returns whether the floor must rise.
    pub fn learn(&mut self, issuer: &str, issued_at: Option<i64>, freshness: Freshness) -> bool {
        let Some(issued_at) = issued_at else { return false };
        if !Self::learns_from(issuer, freshness) {
            return false;
        }
        let before = self.at();
        let is_ahead = issued_at > before + Self::STEP;
        let remembered = &self.steps[self.steps.len().saturating_sub(Self::REMEMBERED)..];
        let is_known = remembered.contains(&issued_at);
        if issued_at <= before || is_known || is_ahead && remembered.last().is_some_and(|last| issued_at < *last) {
            return false;
        }
        if is_ahead {
            self.steps.push(issued_at);
            assert!(self.steps.is_sorted(), "an earlier token has raised the floor by a step: {self:?}");
        }
        self.told.push(issued_at);
        self.raise_to(issued_at.min(before + Self::STEP));
        self.at() > before
    }

    /// Checks how far the floor itself has risen by a token.
    pub fn check_rise(&mut self, issuer: &str, issued_at: Option<i64>, freshness: Freshness, [from, to]: [i64; 2]) {
        match issued_at.filter(|_| Self::learns_from(issuer, freshness)) {
            Some(issued_at) => self.rises.check(issued_at, [from, to]),
            None => assert_eq!(from, to),
        }
    }

    fn learns_from(issuer: &str, freshness: Freshness) -> bool {
        freshness != Freshness::Clock && Self::SOURCES.contains(&issuer)
    }
}

/// How tokens have raised the floor since it was corrected. This knows nothing of the rules by which a floor learns.
#[derive(Clone, Debug, Default)]
struct Rises {
    /// How far the tokens of each issue time have raised the floor, together.
    by: BTreeMap<i64, i64>,
    /// The issue times that were further ahead than a step, and are still ahead.
    ahead: BTreeSet<i64>,
    has_more_ahead_than_remembered: bool,
    /// The issue time of the last token, and how far this token has raised the floor while no other token came between.
    last: Option<(i64, i64)>,
}

impl Rises {
    /// A token raises the floor by one step at most, however often it comes: `k` tokens raise it by `k` steps.
    fn check(&mut self, issued_at: i64, [from, to]: [i64; 2]) {
        let rise = to - from;
        assert!((0..=Floor::STEP).contains(&rise), "{rise} by {issued_at}, {self:?}");
        self.ahead.retain(|ahead| *ahead > from);
        if issued_at > from + Floor::STEP {
            self.ahead.insert(issued_at);
        }
        self.has_more_ahead_than_remembered |= self.ahead.len() > Floor::REMEMBERED;

        let in_a_row = self.last.filter(|(last, _)| *last == issued_at).map_or(0, |(_, risen)| risen) + rise;
        self.last = Some((issued_at, in_a_row));
        assert!(in_a_row <= Floor::STEP, "one token in a row: {issued_at}, {self:?}");

        let together = self.by.entry(issued_at).or_default();
        *together += rise;
        let is_too_much = *together > Floor::STEP;
        assert!(!is_too_much || self.has_more_ahead_than_remembered, "one token: {issued_at}, {self:?}");
    }
}
