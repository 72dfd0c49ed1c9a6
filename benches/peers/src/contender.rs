//! What is timed, and the check that it does what it is timed for.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::tokens;
use testkit::Alg;

/// Says whether a token is accepted.
pub type Verify = Box<dyn FnMut(&str) -> bool>;

/// One way to verify tokens.
pub struct Verifier {
    pub name: &'static str,
    pub checks: Checks,
    pub verify: Verify,
}

/// What a [`Verifier`] looks at, and so which faults it must find.
#[derive(Clone, Copy)]
pub struct Checks {
    pub signature: bool,
    pub claims: bool,
}

impl Checks {
    pub const ALL: Self = Self { signature: true, claims: true };
    pub const ALL_BUT_SIGNATURE: Self = Self { signature: false, claims: true };
    pub const NOTHING: Self = Self { signature: false, claims: false };
    pub const SIGNATURE: Self = Self { signature: true, claims: false };
}

impl Verifier {
    pub fn new(name: &'static str, checks: Checks, verify: impl FnMut(&str) -> bool + 'static) -> Self {
        Self { name, checks, verify: Box::new(verify) }
    }

    /// To time on a token of this row, once it is seen to refuse what it should.
    pub fn contender(mut self, row: &str, alg: Alg, token: String) -> Contender {
        let faulty = tokens::faulty(alg);
        let (forged, misused) = faulty.split_first().unwrap();
        let refusals = [(self.checks.signature, std::slice::from_ref(forged)), (self.checks.claims, misused)];
        for (fault, token) in refusals.iter().filter(|(checked, _)| *checked).flat_map(|(_, tokens)| *tokens) {
            assert!(!(self.verify)(token), "{} accepts an {} token that is {fault}", self.name, alg.name());
        }
        Contender::new(row, self.name, move || (self.verify)(black_box(&token)))
    }
}

/// Something to time, in the row of what it is compared with.
pub struct Contender {
    pub row: String,
    pub name: &'static str,
    run: Box<dyn FnMut() -> bool>,
    /// Of one sample.
    iterations: u32,
}

impl Contender {
    /// Of a function that must say yes.
    pub fn new(row: &str, name: &'static str, run: impl FnMut() -> bool + 'static) -> Self {
        let mut contender = Self { row: row.into(), name, run: Box::new(run), iterations: 1 };
        assert!((contender.run)(), "{name} refuses: {row}");
        contender
    }

    /// Chooses how many runs make a sample.
    pub fn calibrate(&mut self) {
        while self.time() < SAMPLE / 2 {
            self.iterations *= 2;
        }
        let one = self.time().as_nanos() / u128::from(self.iterations);
        self.iterations = u32::try_from(SAMPLE.as_nanos() / one.max(1)).unwrap().max(1);
    }

    /// Nanoseconds of one run, on average over a sample, with the stack [deeper] by so many levels.
    pub fn sample(&mut self, depth: usize) -> f64 {
        deeper(depth, &mut || {
            // Another contender has just been running: this one shall find its own code and data in the caches.
            black_box((self.run)());
            self.time().as_nanos() as f64 / f64::from(self.iterations)
        })
    }

    fn time(&mut self) -> Duration {
        let start = Instant::now();
        for _ in 0..self.iterations {
            black_box((self.run)());
        }
        start.elapsed()
    }

    /// One run, in a function whose instructions `benches/instructions` counts.
    pub fn run_counted(&mut self) -> bool {
        counted(&mut self.run)
    }
}

#[inline(never)]
fn counted(run: &mut dyn FnMut() -> bool) -> bool {
    black_box(run())
}

/// Runs with the stack some 100 bytes deeper for each level: in unlucky places of the stack the curves take up to half as
/// long again, and all of a row shall have the same luck. `benches/compare` says how deep.
fn deeper<T>(levels: usize, run: &mut dyn FnMut() -> T) -> T {
    let place = black_box([0_u8; 64]);
    let result = if levels == 0 { run() } else { deeper(levels - 1, run) };
    black_box(place);
    result
}

/// Long against the clock's resolution, short against what disturbs a machine.
const SAMPLE: Duration = Duration::from_millis(1);
