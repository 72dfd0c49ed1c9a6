//! The operations on the stores themselves: entries, snapshots, restarts.

use arbitrary::{Result, Unstructured};
use embedded_jwt::*;

use super::device::{
    CAPACITY, Changes, Device, NOTHING, SharedList, Stores, Window, ask, choose_time, choose_window, image, tear, unix,
};
use super::minted::{IDS, ISSUERS, Minted, THUMBPRINTS};
use super::model::Model;
use super::requests::Request;
use super::revoked::{RevokedTokens, Target};
use super::time::Time;
use super::used::{Id, Origin, UsedIds};

/// A snapshot, with the model of its contents.
pub struct Page {
    bytes: Vec<u8>,
    generation: u64,
    len: usize,
    model: Saved,
}

enum Saved {
    List(RevokedTokens),
    Window(usize, UsedIds),
}

/// The number of the list among all stores. A window's number is one more than its index.
const LIST: usize = 0;

impl Device {
    pub fn revoke(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        let new = NewRevocation::choose(u)?;
        let now = self.now(*u.choose(&[0, 2])?);
        let is_revoked = revoke(&new, None, now, &self.stores.list, &mut self.model.list);
        Ok(only(LIST, is_revoked))
    }

    /// Uses the application's own ids, which may equal the ids of tokens and proofs.
    pub fn use_ids(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        let now = self.now(*u.choose(&[0, 2])?);
        let time = Time::of(now);
        let window = choose_window(u)?;
        let mut ids = Vec::new();
        while ids.is_empty() || ids.len() < 4 && u.arbitrary()? {
            ids.push(choose_id(u)?);
        }
        let (ids, names): (Vec<_>, Vec<_>) = ids.into_iter().unzip();
        let (store, model) = (&self.stores.windows[window], &mut self.model.windows[window]);
        let allowed = model.allows(&ids, time.known);
        let len = store.len();
        let (outcome, is_use) = match u.int_in_range(0..=3)? {
            0 => (store.check_unused(&names, now), false),
            1 if ids.len() == 1 => (store.use_once(names[0], now), true),
            _ => (store.use_all(&names, now), true),
        };
        assert!(allowed.allows(outcome), "{outcome:?} {allowed:?} of {ids:?} at {now:?} by {model:?}");
        let mut changes = NOTHING;
        if is_use && outcome.is_ok() {
            changes[1 + window] = true;
            if u.ratio(1, 4)? {
                store.release(&names);
                model.consume_and_release(&ids, time.known.unwrap(), len);
            } else {
                model.consume(&ids, time.known.unwrap(), len);
            }
        }
        let len = store.len();
        assert_eq!(store.is_empty(), len == 0);
        Ok(changes)
    }

    pub fn clear(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        let store = u.choose_index(3)?;
        let is_open = self.images[store].0.is_some();
        let outcome = match store {
            LIST => self.stores.list.lock().clear(),
            window => self.stores.windows[window - 1].clear(),
        };
        assert_eq!(outcome, if is_open { Ok(()) } else { Err(Error::NotOpened) });
        if is_open {
            match store {
                LIST => self.model.list.clear(),
                window => self.model.windows[window - 1].clear(),
            }
            assert_eq!(self.stores.lens()[store], 0);
        }
        Ok(only(store, is_open))
    }

    pub fn open(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        let store = u.choose_index(3)?;
        let now = self.now(0);
        let may_have_changed = self.start(u, store, now)?;
        Ok(only(store, may_have_changed))
    }

    /// Opens a store, empty or with a revocation, and may continue from the device's counter of generations. Returns
    /// whether the store may have changed.
    fn start(&mut self, u: &mut Unstructured<'_>, store: usize, now: Now) -> Result<bool> {
        let pages = self.flash.iter().filter(|page| page.store() == store);
        let counter = pages.map(|page| page.generation).max().unwrap_or_default();
        let generation = *u.choose(&[0, counter, counter + 5])?;
        if store != LIST {
            return Ok(self.start_empty(store, generation));
        }
        if u.ratio(3, 4)? {
            let target = Target::choose(u)?;
            let new = NewRevocation::choose_live(u, target, now)?;
            if revoke(&new, Some(generation), now, &self.stores.list, &mut self.model.list) {
                return Ok(true);
            }
        }
        Ok(self.start_empty(store, 0))
    }

    /// Returns whether the store was closed.
    pub fn start_empty(&mut self, store: usize, generation: u64) -> bool {
        let (is_open, generations) = match store {
            LIST => {
                let mut list = self.stores.list.lock();
                let before = list.generation();
                list.start_empty();
                (&mut self.model.list.is_open, [before, list.generation()])
            }
            window => {
                let store = &self.stores.windows[window - 1];
                let before = store.generation();
                store.start_empty_after(generation);
                (&mut self.model.windows[window - 1].is_open, [before, store.generation()])
            }
        };
        let was_closed = !std::mem::replace(is_open, true);
        assert_eq!(generations[1], if was_closed { generation } else { generations[0] });
        was_closed
    }

    pub fn save(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        let store = u.choose_index(3)?;
        let (Some(bytes), generation) = self.images[store].clone() else { return Ok(NOTHING) };
        let len = self.stores.lens()[store];
        assert_eq!(bytes.len(), RevocationList::<0>::SNAPSHOT_LEN + 32 * len);
        let model = match store {
            LIST => Saved::List(self.model.list.clone()),
            window => Saved::Window(window - 1, self.model.windows[window - 1].clone()),
        };
        self.flash.push(Page { bytes, generation, len, model });
        Ok(NOTHING)
    }

    /// Switches the device off and on. Then all stores are closed, and no nonce is issued.
    pub fn restart(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        self.stores = Stores::default();
        self.model.list = RevokedTokens::closed(self.model.list.capacity);
        for window in &mut self.model.windows {
            *window = UsedIds::closed(window.capacity, window.share);
        }
        self.model.nonces = Default::default();
        self.restart_floor(u)?;
        // Mostly, the latest snapshot is restored.
        if !u.ratio(1, 8)? {
            let now = self.now(0);
            for store in 0..3 {
                match self.flash.iter().rev().find(|page| page.store() == store) {
                    Some(page) => drop(restore(page, &page.bytes, 0, now, &mut self.stores, &mut self.model)),
                    None => drop(self.start(u, store, now)?),
                }
            }
        }
        self.look_again();
        Ok(NOTHING)
    }

    pub fn restore(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        if self.flash.is_empty() {
            return Ok(NOTHING);
        }
        let now = self.now(0);
        let page = u.choose(&self.flash)?;
        let is_restart = u.ratio(1, 4)?;
        let store = page.store();
        if is_restart {
            match store {
                LIST => {
                    self.stores.list = SharedList::default();
                    self.model.list = RevokedTokens::closed(self.model.list.capacity);
                }
                window => {
                    let window = window - 1;
                    self.stores.windows[window] = Window::new();
                    let model = &mut self.model.windows[window];
                    *model = UsedIds::closed(model.capacity, model.share);
                }
            }
        }
        let least = *u.choose(&[0, 0, page.generation, page.generation + 1])?;
        let flash = [&page.bytes, &*[0xff].repeat(u.int_in_range(0..=2)?)].concat();
        let outcome = restore(page, &flash, least, now, &mut self.stores, &mut self.model);
        match &page.model {
            Saved::List(model) => restore_others(u, page, model, &flash, now)?,
            Saved::Window(_, model) => restore_other_windows(u, page, model, &flash, now)?,
        }
        if is_restart {
            self.look_again();
        }
        Ok(only(store, outcome.is_ok()))
    }

    pub fn restore_torn(&mut self, u: &mut Unstructured<'_>) -> Result<Changes> {
        if self.flash.is_empty() {
            return Ok(NOTHING);
        }
        let now = self.now(0);
        let page = u.choose(&self.flash)?;
        let mut bytes = page.bytes.clone();
        let is_other_kind = u.ratio(1, 4)?;
        if !is_other_kind {
            tear(u, &mut bytes)?;
        }
        let outcome = match (page.store(), is_other_kind) {
            (LIST, false) | (1.., true) => self.stores.list.lock().restore(&bytes, 0, now),
            (LIST, true) => self.stores.windows[0].restore(&bytes, 0, now),
            (window, false) => self.stores.windows[window - 1].restore(&bytes, 0, now),
        };
        let is_set = Time::of(now).known.is_some();
        assert_eq!(outcome, Err(if is_set { Error::Malformed(Part::Snapshot) } else { Error::ClockNotSet }));
        Ok(NOTHING)
    }
}

impl Page {
    fn store(&self) -> usize {
        match self.model {
            Saved::List(_) => LIST,
            Saved::Window(window, _) => 1 + window,
        }
    }
}

/// The arguments of a revocation.
#[derive(Debug)]
pub struct NewRevocation {
    target: Target,
    before: i64,
    until: i64,
}

impl NewRevocation {
    fn choose(u: &mut Unstructured<'_>) -> Result<Self> {
        let target = Target::choose(u)?;
        let before = if u.ratio(1, 16)? { i64::MAX } else { choose_time(u)? };
        let until = if u.ratio(1, 16)? { i64::MAX } else { choose_time(u)? };
        Ok(Self { target, before, until })
    }

    /// Chooses a revocation that is mostly in force.
    fn choose_live(u: &mut Unstructured<'_>, target: Target, now: Now) -> Result<Self> {
        let before = if u.arbitrary()? { i64::MAX } else { choose_time(u)? };
        Ok(Self { target, before, until: now.earliest().as_secs() + u.int_in_range(0..=20)? })
    }

    /// Chooses a revocation of this token that is mostly in force.
    pub fn choose_for(u: &mut Unstructured<'_>, token: &Minted, now: Now) -> Result<Self> {
        let target = Target::choose_for(u, token)?;
        Self::choose_live(u, target, now)
    }
}

/// Revokes, or starts a closed list with the revocation and this generation. Returns whether it is revoked.
pub fn revoke(
    new: &NewRevocation,
    generation: Option<u64>,
    now: Now,
    list: &SharedList,
    model: &mut RevokedTokens,
) -> bool {
    let mut list = list.lock();
    let NewRevocation { target, before, until } = *new;
    let (was_open, known) = (model.is_open, Time::of(now).known);
    let mut opened = model.clone();
    opened.is_open |= generation.is_some();
    let (len, earlier) = (list.len(), list.generation());
    let allowed = opened.allows(target, before, until, known);
    let outcome = match generation {
        None => list.revoke(target.revocation(before), unix(until), now),
        Some(generation) => list.start_with(target.revocation(before), generation, unix(until), now),
    };
    assert!(allowed.allows(outcome), "{outcome:?} {allowed:?} of {new:?} at {now:?} by {model:?}");
    if outcome.is_ok() {
        *model = opened;
        model.revoke(target, before, until, known.unwrap(), len, !was_open || list.generation() > earlier);
        assert!(was_open || generation.is_none_or(|generation| list.generation() == generation + 1));
    }
    assert_eq!(list.snapshot(&mut [0; 512]).is_ok(), model.is_open);
    let len = list.len();
    assert!(len <= CAPACITY);
    assert_eq!(list.is_empty(), len == 0);
    outcome.is_ok()
}

/// Restores a page into the store that it came from.
fn restore(
    page: &Page,
    flash: &[u8],
    least: u64,
    now: Now,
    stores: &mut Stores,
    model: &mut Model,
) -> std::result::Result<(), Error> {
    let (is_open, generation) = match page.store() {
        LIST => (model.list.is_open, stores.list.lock().generation()),
        window => (model.windows[window - 1].is_open, stores.windows[window - 1].generation()),
    };
    let is_present_state = stores.images()[page.store()] == (Some(page.bytes.clone()), page.generation);
    let is_too_old = page.generation < least || is_open && page.generation <= generation && !is_present_state;
    let expected = match Time::of(now).known {
        None => Err(Error::ClockNotSet),
        Some(_) if is_too_old => Err(Error::RolledBack),
        Some(_) => Ok(()),
    };
    let outcome = match page.store() {
        LIST => stores.list.lock().restore(flash, least, now),
        window => stores.windows[window - 1].restore(flash, least, now),
    };
    assert_eq!(outcome, expected);
    if outcome.is_ok() {
        assert_eq!(stores.images()[page.store()], (Some(page.bytes.clone()), page.generation));
        match &page.model {
            Saved::List(saved) => model.list = saved.clone(),
            Saved::Window(window, saved) => model.windows[*window] = saved.clone(),
        }
    }
    outcome
}

/// Restores a list into a smaller and a larger one.
fn restore_others(u: &mut Unstructured<'_>, page: &Page, saved: &RevokedTokens, flash: &[u8], now: Now) -> Result<()> {
    let Some(known) = Time::of(now).known else { return Ok(()) };
    let mut larger = RevocationList::<{ 2 * CAPACITY }>::new();
    assert_eq!(larger.restore(flash, 0, now), Ok(()));
    assert_eq!(image(|buf| larger.snapshot(buf)).as_ref(), Some(&page.bytes));

    let mut smaller = RevocationList::<{ CAPACITY / 2 }>::new();
    let mut list = saved.clone();
    list.capacity = CAPACITY / 2;
    let outcome = smaller.restore(flash, 0, now);
    assert!(list.allows_restore(page.len, known).allows(outcome), "{outcome:?} at {known} by {list:?}");
    if outcome.is_err() {
        assert_eq!((smaller.len(), image(|buf| smaller.snapshot(buf))), (0, None));
        return Ok(());
    }
    list.restore(page.len, known);
    let model = Model { list, ..Model::closed() };
    for _ in 0..2 {
        let later = if u.arbitrary()? { now } else { Now::Exact(unix(choose_time(u)?)) };
        ask(&Request::for_revocations(u)?, &smaller, &model, later);
    }
    Ok(())
}

/// Restores a window into a smaller and a larger one.
fn restore_other_windows(u: &mut Unstructured<'_>, page: &Page, saved: &UsedIds, flash: &[u8], now: Now) -> Result<()> {
    let Some(known) = Time::of(now).known else { return Ok(()) };
    let larger = ReplayWindow::<12, 3>::new();
    assert_eq!(larger.restore(flash, 0, now), Ok(()));
    assert_eq!(image(|buf| larger.snapshot(buf)).as_ref(), Some(&page.bytes));

    let smaller = ReplayWindow::<3, 2>::new();
    let mut model = saved.clone();
    (model.capacity, model.share) = (3, 2);
    let outcome = smaller.restore(flash, 0, now);
    assert!(model.allows_restore(page.len, known).allows(outcome), "{outcome:?} at {known} by {model:?}");
    if outcome.is_err() {
        assert_eq!((smaller.len(), image(|buf| smaller.snapshot(buf))), (0, None));
        return Ok(());
    }
    model.restore(page.len, known);
    for _ in 0..2 {
        let later = if u.arbitrary()? { now } else { Now::Exact(unix(choose_time(u)?)) };
        let (id, name) = choose_id(u)?;
        let outcome = smaller.check_unused(&[name], later);
        let allowed = model.allows(&[id], Time::of(later).known);
        assert!(allowed.allows(outcome), "{outcome:?} {allowed:?} of {id:?} at {later:?} by {model:?}");
    }
    Ok(())
}

/// An id of the application itself, as the model and the crate know it.
fn choose_id(u: &mut Unstructured<'_>) -> Result<(Id, SingleUse)> {
    let (kind, spelled) = *u.choose(&[
        ("cmd+jwt", "application/CMD+jwt"),
        ("cmd+jwt", "cmd+jwt"),
        ("at+jwt", "AT+JWT"),
        ("at+jwt", "at+jwt"),
        ("dpop+jwt", "Application/dpop+jwt"),
        ("x", "x"),
    ])?;
    let scope = if kind == "dpop+jwt" { &u.choose(&*THUMBPRINTS)?[..] } else { u.choose(&ISSUERS)?.as_bytes() };
    let owner = if u.arbitrary()? { (scope, "") } else { (u.choose(&ISSUERS)?.as_bytes(), *u.choose(&IDS)?) };
    let id = u.choose(&[IDS[1], IDS[1], IDS[2], IDS[3], IDS[0]])?;
    let id = Id { kind, scope, id, owner, until: choose_time(u)?, origin: Origin::Application };
    Ok((id, id.single_use(spelled)))
}

fn only(store: usize, may_have_changed: bool) -> Changes {
    let mut changes = NOTHING;
    changes[store] = may_have_changed;
    changes
}
