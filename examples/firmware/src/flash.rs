//! NOR flash as microcontrollers have it, emulated in RAM: QEMU's boards have no flash that a program can write. On
//! your own board, the driver of its flash replaces this.

/// The unit of erasing.
pub const PAGE_LEN: usize = 4096;
pub const PAGES: usize = 4;

pub struct Flash {
    pages: [[u8; PAGE_LEN]; PAGES],
    power: Power,
}

enum Power {
    On,
    FailsInNextWrite,
    Off,
}

/// The data was not written, or not all of it.
#[derive(Debug)]
pub struct WriteError;

impl Flash {
    pub const fn erased() -> Self {
        Self { pages: [[ERASED; PAGE_LEN]; PAGES], power: Power::On }
    }

    /// The content of a page; empty if the page does not exist.
    pub fn read(&self, page: usize) -> &[u8] {
        self.pages.get(page).map_or(&[], |page| page)
    }

    pub fn is_erased(bytes: &[u8]) -> bool {
        bytes.iter().all(|byte| *byte == ERASED)
    }

    pub fn erase(&mut self, page: usize) -> Result<(), WriteError> {
        if let Power::Off = self.power {
            return Err(WriteError);
        }
        self.pages.get_mut(page).ok_or(WriteError)?.fill(ERASED);
        Ok(())
    }

    /// Writes bytes. This only clears bits, so their range must be erased before.
    pub fn program(&mut self, page: usize, at: usize, bytes: &[u8]) -> Result<(), WriteError> {
        let cells = self.pages.get_mut(page).and_then(|page| page.get_mut(at..)).ok_or(WriteError)?;
        let cells = cells.get_mut(..bytes.len()).ok_or(WriteError)?;
        let written = match self.power {
            Power::On => bytes.len(),
            Power::FailsInNextWrite => bytes.len() / 4,
            Power::Off => 0,
        };
        for (cell, byte) in cells.iter_mut().zip(bytes).take(written) {
            *cell &= byte;
        }
        match self.power {
            Power::On => Ok(()),
            Power::FailsInNextWrite | Power::Off => {
                self.power = Power::Off;
                Err(WriteError)
            }
        }
    }

    /// The power fails in the middle of the next write, and nothing is written until it returns.
    pub fn fail_in_next_write(&mut self) {
        self.power = Power::FailsInNextWrite;
    }

    pub fn power_returns(&mut self) {
        self.power = Power::On;
    }
}

const ERASED: u8 = 0xff;
