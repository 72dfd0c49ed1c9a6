//! NOR flash as microcontrollers have it, in RAM: QEMU's boards have none that a program can write. On a board of your own,
//! the driver of its flash takes this place.

/// What is erased at once.
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

/// What was to be written is not, or not all of it.
#[derive(Debug)]
pub struct WriteError;

impl Flash {
    pub const fn erased() -> Self {
        Self { pages: [[ERASED; PAGE_LEN]; PAGES], power: Power::On }
    }

    /// Nothing for a page that does not exist.
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

    /// Only clears bits, so that the place has to be erased before.
    pub fn program(&mut self, page: usize, at: usize, bytes: &[u8]) -> Result<(), WriteError> {
        let place = self.pages.get_mut(page).and_then(|page| page.get_mut(at..)).ok_or(WriteError)?;
        let place = place.get_mut(..bytes.len()).ok_or(WriteError)?;
        let written = match self.power {
            Power::On => bytes.len(),
            Power::FailsInNextWrite => bytes.len() / 4,
            Power::Off => 0,
        };
        for (cell, byte) in place.iter_mut().zip(bytes).take(written) {
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
