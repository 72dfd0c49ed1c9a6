//! The clock of `embassy-time`: a timer that counts down at 25 MHz, and SysTick, which looks every millisecond whether
//! a task is due. If ticks are lost, the timer still tells how much time has passed.

use core::cell::RefCell;
use core::ptr::{read_volatile, write_volatile};
use core::task::Waker;

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use critical_section::{CriticalSection, Mutex};
use embassy_time_driver::{Driver, TICK_HZ};
use embassy_time_queue_utils::Queue;

/// CMSDK APB timer 0 (Arm DDI 0479, section 4.4).
const CONTROL: *mut u32 = 0x4000_0000 as *mut u32;
const VALUE: *mut u32 = 0x4000_0004 as *mut u32;
const RELOAD: *mut u32 = 0x4000_0008 as *mut u32;
const ENABLE: u32 = 1;

/// The frequency of the core and of the timer.
const FREQUENCY: u32 = 25_000_000;
const COUNTS_PER_TICK: u64 = FREQUENCY as u64 / TICK_HZ;

struct Clock(Mutex<RefCell<State>>);

struct State {
    /// The counts so far, and the timer's value then.
    counts: u64,
    last: u32,
    queue: Queue,
    /// When the next task is due.
    alarm: u64,
}

embassy_time_driver::time_driver_impl!(static CLOCK: Clock = Clock(Mutex::new(RefCell::new(State {
    counts: 0,
    last: u32::MAX,
    queue: Queue::new(),
    alarm: u64::MAX,
}))));

pub fn start(mut systick: SYST) {
    // SAFETY: these are the registers of the timer, used by this module alone.
    unsafe {
        write_volatile(RELOAD, u32::MAX);
        write_volatile(VALUE, u32::MAX);
        write_volatile(CONTROL, ENABLE);
    }
    systick.set_clock_source(SystClkSource::Core);
    systick.set_reload(FREQUENCY / 1000 - 1);
    systick.clear_current();
    systick.enable_interrupt();
    systick.enable_counter();
}

/// Call this in the handler of SysTick: at least once in the 171 seconds in which the timer wraps around.
pub fn on_tick() {
    critical_section::with(|cs| {
        let now = CLOCK.now_in(cs);
        let mut state = CLOCK.0.borrow_ref_mut(cs);
        if now >= state.alarm {
            state.alarm = state.queue.next_expiration(now);
        }
    });
}

impl Clock {
    fn now_in(&self, cs: CriticalSection<'_>) -> u64 {
        let mut state = self.0.borrow_ref_mut(cs);
        // SAFETY: as in `start`.
        let value = unsafe { read_volatile(VALUE) };
        state.counts += u64::from(state.last.wrapping_sub(value));
        state.last = value;
        state.counts / COUNTS_PER_TICK
    }
}

impl Driver for Clock {
    fn now(&self) -> u64 {
        critical_section::with(|cs| self.now_in(cs))
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|cs| {
            let now = self.now_in(cs);
            let mut state = self.0.borrow_ref_mut(cs);
            if state.queue.schedule_wake(at, waker) {
                state.alarm = state.queue.next_expiration(now);
            }
        });
    }
}
