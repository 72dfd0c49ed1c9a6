//! The revocation list over a power cut: a snapshot in each of two pages, of which the older one is written over.

use embedded_jwt::RevocationList;

use crate::flash::{Flash, PAGE_LEN, WriteError};

/// Logouts in the time that a token lives, of which each takes 32 bytes of RAM and of flash.
pub type Revoked = RevocationList<16>;

pub struct Snapshots {
    /// Where the newest one is.
    newest: usize,
    /// Its generation.
    saved: u64,
}

/// There were snapshots, and none can be read: cells are worn, or the power has failed in the first write of all.
pub struct Lost;

impl Snapshots {
    pub const fn new() -> Self {
        Self { newest: 0, saved: 0 }
    }

    /// # Errors
    ///
    /// [`Lost`]: the list is as it was.
    pub fn restore(&mut self, flash: &Flash, list: &mut Revoked) -> Result<(), Lost> {
        let mut is_restored = false;
        for (place, page) in PAGES.into_iter().enumerate() {
            // The older of the two is refused after the newer one. A board that has a counter which cannot be set back
            // gives it in place of 0.
            if list.restore(flash.read(page), 0).is_ok() {
                (self.newest, is_restored) = (place, true);
            }
        }
        self.saved = list.generation();
        let is_new = PAGES.into_iter().all(|page| Flash::is_erased(flash.read(page)));
        if is_restored || is_new { Ok(()) } else { Err(Lost) }
    }

    /// Writes what has changed since the last time, if anything.
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
