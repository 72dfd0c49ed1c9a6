//! The device's knowledge of the time, and the work that is left when its clock is set.

use embedded_jwt::TimeFloor;

use crate::trust::{BUILT_AT, ISSUER};

pub struct Time {
    pub floor: TimeFloor<'static>,
    /// Whether state was lost while the clock was not set. Then the tokens issued until it is set must be revoked: the
    /// floor may be far behind.
    pub revokes_when_set: bool,
    /// The number of changes so far.
    pub changes: u64,
}

impl Time {
    pub const fn new() -> Self {
        Self { floor: TimeFloor::new(BUILT_AT, &[ISSUER]), revokes_when_set: false, changes: 0 }
    }

    pub const fn count_change(&mut self) {
        self.changes = self.changes.saturating_add(1);
    }

    /// Writes the number of changes, the flag and the floor.
    pub fn write<'b>(&self, buf: &'b mut [u8]) -> Option<&'b [u8]> {
        let buf = buf.get_mut(..LEN)?;
        let (changes, rest) = buf.split_first_chunk_mut()?;
        let (flag, floor) = rest.split_first_mut()?;
        *changes = self.changes.to_be_bytes();
        *flag = self.revokes_when_set.into();
        floor.copy_from_slice(&self.floor.to_bytes());
        Some(buf)
    }

    /// Reads the bytes of [`write`](Self::write). `None` if they are torn or altered.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (changes, rest) = bytes.split_first_chunk()?;
        let (flag, floor) = rest.split_first()?;
        Some(Self {
            floor: TimeFloor::from_bytes(BUILT_AT, &[ISSUER], floor).ok()?,
            revokes_when_set: *flag != 0,
            changes: u64::from_be_bytes(*changes),
        })
    }
}

const LEN: usize = 8 + 1 + TimeFloor::LEN;
