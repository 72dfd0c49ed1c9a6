//! The time floor in flash. It rises with most new tokens, so it is not kept in the snapshots, which erase a page each
//! time. It is appended to one of two pages; when both are full, the older one is erased.

use embedded_jwt::{TimeFloor, UnixTime};

use crate::flash::{Flash, WriteError};

pub struct Journal {
    /// The last floor that was written.
    saved: UnixTime,
}

impl Journal {
    /// Raises the floor to the highest record.
    pub fn restore(flash: &Flash, floor: &mut TimeFloor<'_>) -> Self {
        PAGES.into_iter().filter_map(|page| highest(flash, page)).for_each(|time| floor.raise_to(time));
        Self { saved: floor.at() }
    }

    /// Appends the floor, if it has risen since the last time.
    pub fn save(&mut self, flash: &mut Flash, floor: &TimeFloor<'_>) -> Result<(), WriteError> {
        if floor.at() <= self.saved {
            return Ok(());
        }
        let (page, at) = match free(flash) {
            Some(position) => position,
            None => {
                let oldest = PAGES.into_iter().min_by_key(|page| highest(flash, *page)).ok_or(WriteError)?;
                flash.erase(oldest)?;
                (oldest, 0)
            }
        };
        flash.program(page, at, record(floor.at()).as_flattened())?;
        self.saved = floor.at();
        Ok(())
    }
}

/// The position of the next record. A record that was torn by a power cut is left as it is.
fn free(flash: &Flash) -> Option<(usize, usize)> {
    PAGES.into_iter().find_map(|page| {
        let index = records(flash, page).iter().position(|record| Flash::is_erased(record.as_flattened()))?;
        Some((page, index * size_of::<Record>()))
    })
}

fn highest(flash: &Flash, page: usize) -> Option<UnixTime> {
    records(flash, page).iter().filter_map(read).max()
}

fn records(flash: &Flash, page: usize) -> &[Record] {
    flash.read(page).as_chunks().0.as_chunks().0
}

/// Seconds, and their complement: without it, a torn record would be a time in the future.
type Record = [[u8; 8]; 2];

fn record(time: UnixTime) -> Record {
    [time.as_secs(), !time.as_secs()].map(i64::to_be_bytes)
}

fn read(bytes: &Record) -> Option<UnixTime> {
    let [secs, _] = *bytes;
    let time = UnixTime::from_secs(i64::from_be_bytes(secs));
    (record(time) == *bytes).then_some(time)
}

const PAGES: [usize; 2] = [2, 3];
