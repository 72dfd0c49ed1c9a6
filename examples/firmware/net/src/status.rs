//! Figures of the device, for `GET /status`: the longest gap of the network, the longest verification, the most stack.

use core::cell::Cell;
use core::fmt::Write as _;
use core::ptr::{read_volatile, write_volatile};
use core::sync::atomic::{AtomicUsize, Ordering};

use critical_section::Mutex;
use embassy_time::{Duration, Instant, Timer};
use embedded_jwt::Now;
use embedded_jwt_firmware::board;

use crate::http::Response;
use crate::state;

static FIGURES: Mutex<Cell<Figures>> =
    Mutex::new(Cell::new(Figures { gap: Duration::MIN, verification: Duration::MIN, verifications: 0 }));

#[derive(Clone, Copy)]
struct Figures {
    /// The longest time between two looks at the network's executor that should be a millisecond apart.
    gap: Duration,
    verification: Duration,
    verifications: u32,
}

fn update(change: impl FnOnce(&mut Figures)) {
    critical_section::with(|cs| {
        let figures = FIGURES.borrow(cs);
        let mut value = figures.get();
        change(&mut value);
        figures.set(value);
    });
}

/// A signature was verified in this time.
pub fn verified(time: Duration) {
    update(|figures| {
        figures.verification = figures.verification.max(time);
        figures.verifications += 1;
    });
}

/// Runs on the network's executor, and measures for how long it did not run.
#[embassy_executor::task]
pub async fn watch_gap() {
    loop {
        let start = Instant::now();
        Timer::after_millis(1).await;
        let gap = start.elapsed();
        update(|figures| figures.gap = figures.gap.max(gap));
    }
}

/// Where the stack starts, and how much of it is watched.
static STACK: AtomicUsize = AtomicUsize::new(0);
const WATCHED: usize = 64 * 1024;
const PATTERN: usize = 0xa5c3_96e1;

/// Fills the memory below the stack with a pattern. Call this at the start of `main`.
#[inline(never)]
pub fn watch_stack() {
    let top = board::stack_pointer();
    STACK.store(top, Ordering::Relaxed);
    for word in (top - WATCHED..top - MARGIN).step_by(size_of::<usize>()) {
        // SAFETY: nothing is there: the frames of this function and of those that it calls are within the margin.
        unsafe { write_volatile(word as *mut usize, PATTERN) };
    }
}

const MARGIN: usize = 256;

/// The most stack that was used since, by the main loop and the interrupts on top of it.
fn stack() -> usize {
    let top = STACK.load(Ordering::Relaxed);
    let mut words = (top - WATCHED..top).step_by(size_of::<usize>());
    // SAFETY: this is memory of the stack, and every bit pattern is a number.
    let deepest = words.find(|word| unsafe { read_volatile(*word as *const usize) } != PATTERN);
    top - deepest.unwrap_or(top)
}

/// The figures since the last request for them.
pub async fn response() -> Response {
    let mut figures = None;
    update(|current| {
        figures = Some(*current);
        *current = Figures { gap: Duration::MIN, verification: Duration::MIN, verifications: 0 };
    });
    let (Some(Figures { gap, verification, verifications }), Some(now)) =
        (figures, state::lock().await.as_ref().map(|state| state.memory.now()))
    else {
        return Response::empty(500);
    };
    let mut response = Response::empty(200);
    let time = match now {
        Now::Exact(time) => time.as_secs(),
        Now::AtLeast(time) => time.as_secs(),
    };
    let is_exact = matches!(now, Now::Exact(_));
    let written = writeln!(
        response.body,
        "time={time}\nclock={is_exact}\ngap_us={}\nverification_us={}\nverifications={verifications}\nstack={}",
        gap.as_micros(),
        verification.as_micros(),
        stack(),
    );
    if written.is_err() { Response::empty(500) } else { response }
}
