//! The boards `mps2-an386` (Cortex-M4) and `mps2-an385` (Cortex-M3, which runs the code of a Cortex-M0+) of QEMU.

use core::ptr::{read_volatile, write_volatile};

use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_semihosting::debug;

/// CMSDK APB UART 0 (Arm DDI 0479, section 4.3).
const DATA: *mut u32 = 0x4000_4000 as *mut u32;
const STATE: *mut u32 = 0x4000_4004 as *mut u32;
const CONTROL: *mut u32 = 0x4000_4008 as *mut u32;
const BAUD_DIVIDER: *mut u32 = 0x4000_4010 as *mut u32;
const TRANSMIT_FULL: u32 = 1;
const RECEIVE_FULL: u32 = 2;

pub fn start() {
    let mut peripherals = cortex_m::Peripherals::take().unwrap_or_else(|| exit(false));
    peripherals.SYST.set_clock_source(SystClkSource::Core);
    peripherals.SYST.set_reload(SYSTICK_MAX);
    peripherals.SYST.clear_current();
    peripherals.SYST.enable_counter();
    start_serial();
}

pub fn start_serial() {
    // SAFETY: these are the registers of the board's UART, used by this module alone.
    unsafe {
        write_volatile(BAUD_DIVIDER, 16);
        write_volatile(CONTROL, 3);
    }
}

pub fn write_byte(byte: u8) {
    // SAFETY: as in `start`.
    unsafe {
        while read_volatile(STATE) & TRANSMIT_FULL != 0 {}
        write_volatile(DATA, byte.into());
    }
}

/// Waits for a byte.
pub fn read() -> u8 {
    // SAFETY: as in `start`.
    unsafe {
        while read_volatile(STATE) & RECEIVE_FULL == 0 {}
        read_volatile(DATA) as u8
    }
}

/// Under `-icount shift=0`, an instruction takes a nanosecond. SysTick counts the 25 MHz of the core, so a tick is 40
/// instructions.
pub fn instructions() -> u64 {
    u64::from(SYSTICK_MAX - cortex_m::peripheral::SYST::get_current()) * 40
}

const SYSTICK_MAX: u32 = 0x00ff_ffff;

pub fn stack_pointer() -> usize {
    cortex_m::register::msp::read() as usize
}

/// Ends QEMU by semihosting.
pub fn exit(success: bool) -> ! {
    loop {
        debug::exit(if success { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    }
}
