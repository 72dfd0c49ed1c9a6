//! A store that tasks and interrupt handlers share: each call takes a critical section of its own.

use core::cell::RefCell;
use core::fmt;

use critical_section::Mutex;
use embedded_jwt::{Error, Now, ReplayCheck, Revocations, SingleUse, TokenIdentity};

pub struct Shared<T>(Mutex<RefCell<T>>);

impl<T> Shared<T> {
    pub const fn new(store: T) -> Self {
        Self(Mutex::new(RefCell::new(store)))
    }

    /// Calls `ask` with interrupts disabled: keep it short.
    pub fn with<R>(&self, ask: impl FnOnce(&mut T) -> R) -> R {
        critical_section::with(|cs| ask(&mut self.0.borrow_ref_mut(cs)))
    }
}

impl<T: Revocations> Revocations for Shared<T> {
    fn check(&self, token: &TokenIdentity<'_>, now: Now) -> Result<(), Error> {
        self.with(|store| store.check(token, now))
    }
}

impl<T: ReplayCheck> ReplayCheck for Shared<T> {
    fn check_unused(&self, ids: &[SingleUse], now: Now) -> Result<(), Error> {
        self.with(|store| store.check_unused(ids, now))
    }

    fn use_all(&self, ids: &[SingleUse], now: Now) -> Result<(), Error> {
        self.with(|store| store.use_all(ids, now))
    }

    fn release(&self, ids: &[SingleUse]) {
        self.with(|store| store.release(ids));
    }

    fn address(&self) -> Option<*const ()> {
        self.with(|store| store.address())
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
