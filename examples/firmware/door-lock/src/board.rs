//! The board, here QEMU's mps2-an386: a request is a line on the serial port, and so is its answer. On your own board,
//! replace the serial port by your radio, [`Ram`] by flash, [`random`] by the chip's generator, and set [`PERIOD`] to your
//! clock.

use core::fmt::{self, Write as _};
use core::panic::PanicInfo;
use core::ptr::{read_volatile, write_volatile};
use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m_rt::{entry, exception};
use door_lock::{Flash, Lock, RECORD_LEN, Record, Refusal};
use embedded_jwt::{Error, Key, UnixTime, key_set};
use heapless::Vec;

/// The keys of the issuer, read by the compiler.
static KEYS: &[Key] = key_set!(include_str!("jwks.json"));

/// From `build.rs`.
const BUILT_AT: UnixTime = match i64::from_str_radix(env!("BUILT_AT"), 10) {
    Ok(seconds @ JANUARY_2026..JANUARY_2100) => UnixTime::from_secs(seconds),
    _ => panic!("SOURCE_DATE_EPOCH is not the time of this build, in seconds"),
};

/// An earlier floor would not show that a token has expired, and a later one would refuse every token.
const JANUARY_2026: i64 = 1_767_225_600;
const JANUARY_2100: i64 = 4_102_444_800;

#[entry]
fn main() -> ! {
    // SAFETY: the registers of the board's UART, which only this module uses.
    unsafe {
        write_volatile(BAUD_DIVIDER, 16);
        write_volatile(CONTROL, 3);
    }
    let mut flash = Ram([[0xff; RECORD_LEN]; 2]);
    let mut seed = 0;
    loop {
        run(&mut flash, &mut seed);
    }
}

/// Runs from one start to the next: only the flash outlives it.
fn run(flash: &mut Ram, seed: &mut u128) {
    let (mut lock, mut minutes) = (Lock::start(KEYS, BUILT_AT, flash), Minutes::start());
    let _ = writeln!(Serial, "ready");
    loop {
        let line = read_line(|| {
            if minutes.has_passed() {
                lock.age_nonces();
            }
        });
        let mut words = line.split(|byte| *byte == b' ');
        let mut word = || words.next().unwrap_or_default();
        let verdict = match word() {
            b"RESTART" => return,
            b"PROVISION" => lock.provision(),
            b"NONCE" => {
                let _ = writeln!(Serial, "nonce {}", lock.nonce(|| random(seed)));
                continue;
            }
            b"OPEN" => lock.open(word(), word()), // on `Ok`, turn the motor
            b"REVOKE" => lock.revoke(word(), word()),
            _ => Err(Refusal::Token(Error::NoCredentials)),
        };
        // The reason is for a log: tell a client no more than the guide's chapter on requests says.
        let _ = match verdict {
            Ok(()) => writeln!(Serial, "ok"),
            Err(Refusal::Token(error)) => writeln!(Serial, "refused 0x{:04X}: {error}", error.code()),
            Err(Refusal::Proof(error)) => writeln!(Serial, "proof refused 0x{:04X}: {error}", error.code()),
            Err(Refusal::NotSaved) => writeln!(Serial, "not saved"),
        };
    }
}

/// NOT RANDOM: QEMU's board has no generator.
fn random(seed: &mut u128) -> u128 {
    *seed = seed.wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645).wrapping_add(1);
    *seed
}

/// Stands in for two pages of flash, which QEMU's board does not have.
struct Ram([Record; 2]);

impl Flash for &mut Ram {
    fn read(&mut self, copy: usize) -> Record {
        self.0[copy]
    }

    fn write(&mut self, copy: usize, record: &Record) -> bool {
        self.0[copy] = *record;
        self.0[copy] == *record
    }
}

/// Counts minutes by SysTick (ARMv7-M, section B3.3). In the deep sleep of most chips it stands still: take another timer.
struct Minutes {
    last: u32,
}

/// Since the power came on.
static HALF_SECONDS: AtomicU32 = AtomicU32::new(0);

#[exception]
fn SysTick() {
    HALF_SECONDS.fetch_add(1, Ordering::Relaxed);
}

/// Half a second, at 25 MHz.
const PERIOD: u32 = 12_500_000;
/// In half seconds.
const MINUTE: u32 = 120;
const TICK_CONTROL: *mut u32 = 0xE000_E010 as *mut u32;
const TICK_RELOAD: *mut u32 = 0xE000_E014 as *mut u32;
const TICK_FROM_CORE: u32 = 1 << 2;
const TICK_INTERRUPT: u32 = 1 << 1;
const TICK_ENABLE: u32 = 1;

impl Minutes {
    fn start() -> Self {
        // SAFETY: the registers of SysTick, which only this function uses.
        unsafe {
            write_volatile(TICK_RELOAD, PERIOD - 1);
            write_volatile(TICK_CONTROL, TICK_FROM_CORE | TICK_INTERRUPT | TICK_ENABLE);
        }
        Self { last: HALF_SECONDS.load(Ordering::Relaxed) }
    }

    fn has_passed(&mut self) -> bool {
        let now = HALF_SECONDS.load(Ordering::Relaxed);
        let has_passed = now.wrapping_sub(self.last) >= MINUTE;
        if has_passed {
            self.last = now;
        }
        has_passed
    }
}

/// CMSDK APB UART 0 (Arm DDI 0479, section 4.3).
const DATA: *mut u32 = 0x4000_4000 as *mut u32;
const STATE: *mut u32 = 0x4000_4004 as *mut u32;
const CONTROL: *mut u32 = 0x4000_4008 as *mut u32;
const BAUD_DIVIDER: *mut u32 = 0x4000_4010 as *mut u32;
const TRANSMIT_FULL: u32 = 1;
const RECEIVE_FULL: u32 = 2;

struct Serial;

impl fmt::Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            // SAFETY: as in `main`.
            unsafe {
                while read_volatile(STATE) & TRANSMIT_FULL != 0 {}
                write_volatile(DATA, byte.into());
            }
        }
        Ok(())
    }
}

/// Reads up to the line feed. A line that is too long is empty.
fn read_line(mut while_waiting: impl FnMut()) -> Vec<u8, 2048> {
    let (mut line, mut fits) = (Vec::new(), true);
    loop {
        // SAFETY: as in `main`.
        let byte = unsafe {
            while read_volatile(STATE) & RECEIVE_FULL == 0 {
                while_waiting();
            }
            read_volatile(DATA) as u8
        };
        match byte {
            b'\n' if fits => return line,
            b'\n' => return Vec::new(),
            byte => fits &= line.push(byte).is_ok(),
        }
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    let _ = writeln!(Serial, "panic");
    loop {}
}
