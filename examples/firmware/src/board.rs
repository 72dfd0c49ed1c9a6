//! The code that differs between boards: serial port, instruction counter, exit.

#[cfg(target_arch = "arm")]
mod mps2;
#[cfg(target_arch = "riscv32")]
mod virt;

#[cfg(target_arch = "arm")]
pub use cortex_m_rt::entry;
#[cfg(target_arch = "arm")]
pub use mps2::{exit, instructions, read, stack_pointer, start, start_serial, write_byte};
#[cfg(target_arch = "riscv32")]
pub use riscv_rt::entry;
#[cfg(target_arch = "riscv32")]
pub use virt::{exit, instructions, read, stack_pointer, start, write_byte};

/// The serial port.
pub struct Serial;

impl Serial {
    pub fn write(&self, text: &[u8]) {
        text.iter().for_each(|byte| write_byte(*byte));
    }

    /// Writes a number without `core::fmt`, whose code would be measured with the rest.
    pub fn write_number(&self, mut number: u64) {
        let mut digits = [b'0'; 20];
        let mut len = 0;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
            len += 1;
            if number == 0 {
                break;
            }
        }
        self.write(digits.split_at(20 - len).1);
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    Serial.write(b"panic\n");
    if cfg!(feature = "locations") {
        let file = info.location().map_or("", |location| location.file());
        Serial.write(core::hint::black_box(file).as_bytes());
    }
    exit(false)
}
