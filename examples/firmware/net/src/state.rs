//! The device's state: the same as in the serial gateway, and a clock that ticks.
//!
//! The flash is written by the main loop, since that takes long. It is RAM that a reset leaves alone: QEMU's board has no
//! flash that a program can write.

use embassy_futures::block_on;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, Instant, with_timeout};
use embedded_jwt::UnixTime;
use embedded_jwt_firmware::flash::Flash;
use embedded_jwt_firmware::memory::{Memory, Stores};
use embedded_jwt_firmware::trust::BUILT_AT;

use crate::lock::{Guard, Lock};

pub static STORES: Stores = Stores::new();
static STATE: Lock<Option<State>> = Lock::new(None);

pub struct State {
    pub memory: Memory<'static, &'static mut Flash>,
    /// The time that the clock was last set to, and when.
    set: Option<(UnixTime, Instant)>,
}

impl State {
    /// Sets the clock to a time that is not authenticated, within the limits of
    /// [`Memory::set_unauthenticated_clock`], and returns whether it is set.
    pub fn set_clock(&mut self, time: UnixTime) -> bool {
        let Some(time) = self.memory.set_unauthenticated_clock(time) else { return false };
        self.set = Some((time, Instant::now()));
        true
    }

    fn tick(&mut self) {
        if let Some((time, at)) = self.set {
            self.memory.tick(time.plus(at.elapsed().into()));
        }
    }
}

/// Restores the state at the start.
pub fn restore() {
    let flash = flash();
    let state = State { memory: Memory::restore(flash, &STORES), set: None };
    *block_on(STATE.lock()) = Some(state);
}

/// The state, with the present time. Do not hold it across an `await`.
pub async fn lock() -> Guard<'static, Option<State>> {
    let mut guard = STATE.lock().await;
    if let Some(state) = guard.as_mut() {
        state.tick();
    }
    guard
}

static SAVE: Signal<CriticalSectionRawMutex, u32> = Signal::new();
static SAVED: Signal<CriticalSectionRawMutex, (u32, bool)> = Signal::new();
static TURN: Lock<u32> = Lock::new(0);

/// The time from the request to write to the answer, with the writes of all other tasks and a signature before each.
const SAVE_TIME: Duration = Duration::from_secs(5);

/// Writes changes to flash, and returns whether they are known to be there.
pub async fn save() -> bool {
    let save = async {
        let mut turn = TURN.lock().await;
        *turn = turn.wrapping_add(1);
        SAVE.signal(*turn);
        loop {
            // An answer to an earlier request, which was given up, is not the answer to this one.
            let (number, is_saved) = SAVED.wait().await;
            if number == *turn {
                return is_saved;
            }
        }
    };
    with_timeout(SAVE_TIME, save).await.unwrap_or(false)
}

static SAVE_LATER: Signal<CriticalSectionRawMutex, ()> = Signal::new();

/// Requests a later write to flash, for changes that a power cut may undo, such as a time that was learned from a
/// token.
pub fn save_later() {
    SAVE_LATER.signal(());
}

/// The work of the main loop: writes to flash, if a task has requested it.
pub fn work() -> bool {
    if let Some(number) = SAVE.try_take() {
        SAVED.signal((number, write()));
        return true;
    }
    // A failed write is tried again with the next one.
    SAVE_LATER.try_take().is_some_and(|()| {
        write();
        true
    })
}

pub fn has_work() -> bool {
    SAVE.signaled() || SAVE_LATER.signaled()
}

fn write() -> bool {
    block_on(STATE.lock()).as_mut().is_some_and(|state| state.memory.save().is_ok())
}

/// Where the flash is: in the middle of the RAM of 4 MiB. The program's data is at its start, and the stack at its end.
const FLASH: *mut Powered = 0x2020_0000 as *mut Powered;

#[repr(C)]
struct Powered {
    /// [`INITIALIZED`], if the flash was initialized since the power came.
    mark: u64,
    flash: Flash,
}

const INITIALIZED: u64 = u64::from_be_bytes(*b"flash-v1");

/// The flash. The first time, the factory prepares it. Call this once in each start.
fn flash() -> &'static mut Flash {
    // SAFETY: this is called once, and nothing else has this address. The mark is written last: if it is there, so is a
    // `Flash` of this program, which a reset leaves alone.
    let flash = unsafe {
        let (mark, flash) = (&raw mut (*FLASH).mark, &raw mut (*FLASH).flash);
        if mark.read_volatile() != INITIALIZED {
            flash.write(Flash::erased());
            prepare(&mut *flash);
            mark.write_volatile(INITIALIZED);
        }
        &mut *flash
    };
    flash.power_returns();
    flash
}

/// Prepares the flash as a factory does: it sets the clock once. So the device can tell that it is new, and has not lost
/// its state.
fn prepare(flash: &mut Flash) {
    let mut memory = Memory::restore(flash, &STORES);
    memory.set_clock(BUILT_AT);
    let _ = memory.save();
}
