//! The state in flash: two copies of each value, each copy in a map of `sequential-storage` with pages of its own.
//!
//! A map appends each new value to a page: after a power cut in this write, it returns the previous value. Two other
//! faults are beyond a single map. A power cut in an erasure leaves a page with undefined content, and damages the values
//! that were being moved out of it, or those that are written to it later because it seems erased. And if the cells of
//! the last value are worn, the map returns the previous one. So a copy is written only while the other one is complete,
//! and is complete only when all its values have been read back.

use core::mem;
use core::ops::Range;

use embedded_storage_async::nor_flash::NorFlash;
use sequential_storage::cache::key_pointers::ArrayKeyPointers;
use sequential_storage::cache::{Cache, Uncached};
use sequential_storage::map::{MapConfig, MapStorage};

use super::MAX_VALUE_LEN;

/// The flash of each copy, in bytes: at least two pages of any length, since the map moves values from page to page. More
/// pages wear more slowly.
const COPIES: [Range<u32>; 2] = [0..0x2000, 0x2000..0x4000];

pub struct Store<F> {
    flash: F,
    /// The versions that each copy holds.
    copies: [Versions; COPIES.len()],
    /// The copy to write first: the other one is complete.
    first: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Revoked,
    Used,
    Time,
}

/// The version of each value, in the order of [`Key`]: it rises with each change. `None` if the value is missing.
pub type Versions = [Option<u64>; KEYS.len()];

/// The data was not written, or not all of it.
#[derive(Debug)]
pub struct WriteError;

impl<F: NorFlash> Store<F> {
    pub const fn new(flash: F) -> Self {
        Self { flash, copies: [NOTHING; COPIES.len()], first: 0 }
    }

    pub const fn flash(&mut self) -> &mut F {
        &mut self.flash
    }

    /// Passes both copies of each value to `restore`, which returns the version of a value that it accepts, and returns
    /// the highest versions. `None` means that neither copy of the value could be restored.
    pub async fn load(&mut self, mut restore: impl FnMut(Key, &[u8]) -> Option<u64>) -> Versions {
        let mut newest = NOTHING;
        for (index, copy) in self.copies.iter_mut().enumerate() {
            for ((key, version), newest) in KEYS.into_iter().zip(copy).zip(&mut newest) {
                let mut buf = [0; BUF_LEN];
                let value = map(&mut self.flash, index).fetch_item::<&[u8]>(&mut buf, &(key as u8)).await;
                *version = value.ok().flatten().and_then(|value| restore(key, value));
                *newest = (*newest).max(*version);
            }
        }
        self.first = self.copies.iter().position(|copy| *copy != newest).unwrap_or(0);
        newest
    }

    /// Whether both copies hold these versions.
    pub fn holds(&self, versions: Versions) -> bool {
        self.copies.iter().all(|copy| *copy == versions)
    }

    /// Brings both copies to these versions. `value` writes a value to a buffer of [`MAX_VALUE_LEN`] bytes.
    ///
    /// # Errors
    ///
    /// [`WriteError`]: one copy may be damaged, but not both. Save again.
    pub async fn save(
        &mut self,
        versions: Versions,
        value: impl for<'b> Fn(Key, &'b mut [u8]) -> Option<&'b [u8]>,
    ) -> Result<(), WriteError> {
        for index in [self.first, 1 - self.first] {
            self.first = index;
            let copy = self.copies.get_mut(index).ok_or(WriteError)?;
            let held = mem::replace(copy, NOTHING);
            let is_complete = held.iter().all(Option::is_some);
            if !is_complete || update(&mut self.flash, index, held, versions, &value).await.is_none() {
                map(&mut self.flash, index).erase_all().await.map_err(|_| WriteError)?;
                update(&mut self.flash, index, NOTHING, versions, &value).await.ok_or(WriteError)?;
            }
            *copy = versions;
        }
        Ok(())
    }
}

/// Writes the values whose version in the copy is another one, and reads all values back.
async fn update<F: NorFlash>(
    flash: &mut F,
    index: usize,
    held: Versions,
    versions: Versions,
    value: &impl for<'b> Fn(Key, &'b mut [u8]) -> Option<&'b [u8]>,
) -> Option<()> {
    let (mut value_buf, mut buf) = ([0; MAX_VALUE_LEN], [0; BUF_LEN]);
    let mut writer = map(flash, index);
    for ((key, held), version) in KEYS.into_iter().zip(held).zip(versions) {
        if held != version {
            writer.store_item(&mut buf, &(key as u8), &value(key, &mut value_buf)?).await.ok()?;
        }
    }
    // As after a restart: its cache is empty.
    let mut map = map(flash, index);
    for key in KEYS {
        let stored: &[u8] = map.fetch_item(&mut buf, &(key as u8)).await.ok()??;
        if stored != value(key, &mut value_buf)? {
            return None;
        }
    }
    Some(())
}

/// The map of a copy. It does not compile if the board's pages do not fit the ranges, or the values do not fit a page.
fn map<F: NorFlash>(flash: &mut F, index: usize) -> Map<'_, F> {
    const {
        // All values, and the next version of one; the map itself takes two words.
        let values = (KEYS.len() + 1) * (Map::<F>::item_overhead_size() as usize + BUF_LEN);
        assert!(values + 2 * MAX_WORD_LEN <= F::ERASE_SIZE);
    }
    let [first, second] = const {
        [
            MapConfig::<&mut F>::new(COPIES[0].start..COPIES[0].end),
            MapConfig::<&mut F>::new(COPIES[1].start..COPIES[1].end),
        ]
    };
    MapStorage::new(
        flash,
        if index == 0 { first } else { second },
        Cache::new(Uncached, Uncached, ArrayKeyPointers::new()),
    )
}

/// Without the cache of positions, moving the values of a page takes 113 million instructions instead of 4.
type Map<'f, F> = MapStorage<u8, &'f mut F, Cache<Uncached, Uncached, ArrayKeyPointers<u8, { KEYS.len() }>, u8>>;

const KEYS: [Key; 3] = [Key::Revoked, Key::Used, Key::Time];
const NOTHING: Versions = [None; KEYS.len()];
/// A key and a value, in whole words.
const BUF_LEN: usize = (size_of::<u8>() + MAX_VALUE_LEN).next_multiple_of(MAX_WORD_LEN);
/// The longest word of any flash that the library supports.
const MAX_WORD_LEN: usize = 32;
