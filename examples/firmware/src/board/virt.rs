//! The board `virt` (RV32) of QEMU.

use core::ptr::{read_volatile, write_volatile};

/// NS16550 UART and the test device that ends QEMU (`hw/riscv/virt.c` of QEMU).
const DATA: *mut u8 = 0x1000_0000 as *mut u8;
const LINE_STATUS: *mut u8 = 0x1000_0005 as *mut u8;
const TEST_DEVICE: *mut u32 = 0x0010_0000 as *mut u32;
const TRANSMIT_EMPTY: u8 = 0x20;
const DATA_READY: u8 = 1;
const PASS: u32 = 0x5555;
const FAIL: u32 = 0x1_3333;

pub fn start() {}

pub fn write_byte(byte: u8) {
    // SAFETY: these are the registers of the board's UART, used by this module alone.
    unsafe {
        while read_volatile(LINE_STATUS) & TRANSMIT_EMPTY == 0 {}
        write_volatile(DATA, byte);
    }
}

/// Waits for a byte.
pub fn read() -> u8 {
    // SAFETY: as above.
    unsafe {
        while read_volatile(LINE_STATUS) & DATA_READY == 0 {}
        read_volatile(DATA)
    }
}

/// Instructions since the start, exactly, under `-icount shift=0`.
pub fn instructions() -> u64 {
    riscv::register::minstret::read64()
}

pub fn stack_pointer() -> usize {
    let pointer;
    // SAFETY: reads a register.
    unsafe { core::arch::asm!("mv {}, sp", out(reg) pointer) };
    pointer
}

pub fn exit(success: bool) -> ! {
    loop {
        // SAFETY: the device does nothing but end QEMU.
        unsafe { write_volatile(TEST_DEVICE, if success { PASS } else { FAIL }) };
    }
}
