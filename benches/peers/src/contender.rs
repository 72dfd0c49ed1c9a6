//! The functions that are timed, and the checks that they do the work they are timed for.

use std::hint::black_box;
use std::time::{Duration, Instant};

use testkit::Alg;

use crate::tokens;

/// Returns whether a token is accepted.
pub type Verify = Box<dyn FnMut(&str) -> bool>;

/// One way to verify tokens.
pub struct Verifier {
    pub name: &'static str,
    pub checks: Checks,
    pub verify: Verify,
}

/// The parts that a [`Verifier`] checks, and so the faults that it must find.
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

    /// A contender that verifies `token`, once the verifier is seen to refuse the faulty tokens.
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

/// A function to time, in the row of its comparison.
pub struct Contender {
    pub row: String,
    pub name: &'static str,
    run: Box<dyn FnMut() -> bool>,
    /// The number of runs in one sample.
    iterations: u32,
}

impl Contender {
    /// A contender of a function that must return true.
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

    /// Nanoseconds of one run, on average over a sample, with the stack [deeper] by `depth` levels.
    pub fn sample(&mut self, depth: usize) -> f64 {
        deeper(depth, &mut || {
            // Another contender ran just before: this run loads its own code and data into the caches.
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

/// Runs with the stack about 100 bytes deeper for each level. At some addresses of the stack the curves take up to half
/// as long again, and this must affect all of a row alike. `benches/compare` chooses the depth.
fn deeper<T>(levels: usize, run: &mut dyn FnMut() -> T) -> T {
    let padding = black_box([0_u8; 64]);
    let result = if levels == 0 { run() } else { deeper(levels - 1, run) };
    black_box(padding);
    result
}

/// Long compared with the clock's resolution, short compared with disturbances of the machine.
const SAMPLE: Duration = Duration::from_millis(1);
