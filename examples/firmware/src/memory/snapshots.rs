//! The revocation list in flash: a snapshot in each of two pages. The older one is overwritten.

use embedded_jwt::RevocationList;

use crate::flash::{Flash, PAGE_LEN, WriteError};

/// Room for the logouts within a token's lifetime. Each takes 32 bytes of RAM and of flash.
pub type Revoked = RevocationList<16>;

pub struct Snapshots {
    /// The index of the page with the newest snapshot.
    newest: usize,
    /// Its generation.
    saved: u64,
}

/// There were snapshots, but none can be read: cells are worn out, or the power failed during the very first write.
pub struct Lost;

impl Snapshots {
    pub const fn new() -> Self {
        Self { newest: 0, saved: 0 }
    }

    /// Restores the newest snapshot.
    ///
    /// # Errors
    ///
    /// [`Lost`]: the list is unchanged.
    pub fn restore(&mut self, flash: &Flash, list: &mut Revoked) -> Result<(), Lost> {
        let mut is_restored = false;
        for (index, page) in PAGES.into_iter().enumerate() {
            // The older snapshot is refused after the newer one. A board with a counter that cannot be set back passes
            // its value instead of 0.
            if list.restore(flash.read(page), 0).is_ok() {
                (self.newest, is_restored) = (index, true);
            }
        }
        self.saved = list.generation();
        let is_new = PAGES.into_iter().all(|page| Flash::is_erased(flash.read(page)));
        if is_restored || is_new { Ok(()) } else { Err(Lost) }
    }

    /// Writes the list, if it has changed since the last time.
    pub fn save(&mut self, flash: &mut Flash, list: &Revoked) -> Result<(), WriteError> {
        if list.generation() == self.saved {
            return Ok(());
        }
        let older = 1 - self.newest;
        let mut buf = [0; Revoked::SNAPSHOT_LEN];
        let snapshot = list.snapshot(&mut buf).map_err(|_| WriteError)?;
        let page = PAGES.into_iter().nth(older).ok_or(WriteError)?;
        flash.erase(page)?;
        flash.program(page, 0, snapshot)?;
        *self = Self { newest: older, saved: list.generation() };
        Ok(())
    }
}

const PAGES: [usize; 2] = [0, 1];
const _: () = assert!(Revoked::SNAPSHOT_LEN <= PAGE_LEN);
