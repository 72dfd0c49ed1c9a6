//! NOR flash as microcontrollers have it, emulated in RAM: QEMU's boards have no flash that a program can write. On
//! your own board, the driver of its flash replaces this.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// The unit of erasing, in bytes.
pub const PAGE_LEN: usize = 4096;
/// The unit of writing, in bytes.
pub const WORD_LEN: usize = 4;
pub const PAGES: usize = 4;

pub struct Flash {
    bytes: [u8; PAGES * PAGE_LEN],
    power: Power,
}

enum Power {
    On,
    FailsInNextWrite,
    Off,
}

impl Flash {
    pub const fn erased() -> Self {
        Self { bytes: [ERASED; PAGES * PAGE_LEN], power: Power::On }
    }

    /// The power fails in the middle of the next write, and nothing is written until it returns.
    pub fn fail_in_next_write(&mut self) {
        self.power = Power::FailsInNextWrite;
    }

    pub fn power_returns(&mut self) {
        self.power = Power::On;
    }

    fn cells(&mut self, from: u32, to: u32) -> Result<&mut [u8], NorFlashErrorKind> {
        let (from, to) = (usize::try_from(from), usize::try_from(to));
        let (Ok(from), Ok(to)) = (from, to) else { return Err(NorFlashErrorKind::OutOfBounds) };
        self.bytes.get_mut(from..to).ok_or(NorFlashErrorKind::OutOfBounds)
    }
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        check_read(self, offset, bytes.len())?;
        let cells = usize::try_from(offset).ok().and_then(|at| self.bytes.get(at..)).unwrap_or_default();
        bytes.iter_mut().zip(cells).for_each(|(byte, cell)| *byte = *cell);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = WORD_LEN;
    const ERASE_SIZE: usize = PAGE_LEN;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        check_erase(self, from, to)?;
        if let Power::Off = self.power {
            return Err(NorFlashErrorKind::Other);
        }
        self.cells(from, to)?.fill(ERASED);
        Ok(())
    }

    /// Clears bits, and sets none: the words must be erased before.
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        check_write(self, offset, bytes.len())?;
        let written = match self.power {
            Power::On => bytes.len(),
            Power::FailsInNextWrite => bytes.len() / 4,
            Power::Off => 0,
        };
        let cells = usize::try_from(offset).ok().and_then(|at| self.bytes.get_mut(at..)).unwrap_or_default();
        cells.iter_mut().zip(bytes).take(written).for_each(|(cell, byte)| *cell &= byte);
        match self.power {
            Power::On => Ok(()),
            Power::FailsInNextWrite | Power::Off => {
                self.power = Power::Off;
                Err(NorFlashErrorKind::Other)
            }
        }
    }
}

const ERASED: u8 = 0xff;
