//! The time as a device knows it, and the model of a floor.

use embedded_jwt::{Freshness, Now};

use super::minted::BASE;

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

/// What the floor must be, from everything that it was told.
#[derive(Clone, Debug)]
pub struct Floor {
    at: i64,
    /// The issue times that have raised the floor by a whole step, until it has passed all of them.
    steps: Vec<i64>,
    /// All times that anyone has named.
    told: Vec<i64>,
}

impl Floor {
    /// The time at which the firmware was built.
    pub const BUILT: i64 = BASE;
    pub const LATEST: i64 = BASE + 315;
    pub const STEP: i64 = 4;
    pub const SOURCES: &'static [&'static str] = &["i"];

    pub fn new() -> Self {
        Self { at: Self::BUILT, steps: Vec::new(), told: vec![Self::BUILT] }
    }

    pub fn at(&self) -> i64 {
        self.at
    }

    /// The time by a clock that may be behind by the leeway.
    pub fn now(&self, clock: Option<i64>, leeway: i64) -> Time {
        match clock {
            Some(clock) if is_set(clock) && clock + leeway >= self.at => Time::by_clock(clock),
            _ => Time { known: Some(self.at), is_exact: false },
        }
    }

    pub fn raise_to(&mut self, time: i64) {
        self.told.push(time);
        self.at = self.at.max(time.min(Self::LATEST));
        if self.steps.iter().all(|step| *step <= self.at) {
            self.steps.clear();
        }
        assert!(self.told.contains(&self.at) || self.told.iter().any(|told| *told > self.at));
    }

    /// Learns from an accepted token, and returns whether the floor must rise.
    pub fn learn(&mut self, issuer: &str, issued_at: Option<i64>, freshness: Freshness) -> bool {
        let Some(issued_at) = issued_at else { return false };
        if freshness == Freshness::Clock || !Self::SOURCES.contains(&issuer) {
            return false;
        }
        let before = self.at;
        let is_ahead = issued_at > before + Self::STEP;
        if let (Some(first), Some(last)) = (self.steps.iter().min(), self.steps.iter().max())
            && issued_at <= *last
            && (is_ahead || issued_at >= *first)
        {
            return false;
        }
        if is_ahead {
            self.steps.push(issued_at);
        }
        self.told.push(issued_at);
        self.raise_to(issued_at.min(before + Self::STEP));
        self.at > before
    }
}
