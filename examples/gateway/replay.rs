//! The DPoP proofs that were used, in bounded memory
//! ([RFC 9449 section 11.1](https://www.rfc-editor.org/rfc/rfc9449#section-11.1)).

use std::sync::{Mutex, PoisonError};

use embedded_jwt::{Error, Now, ReplayCheck, ReplayWindow, SingleUse};

/// A device's replay window, shared by all connections. A restart empties it: a proof can then be used once more, as
/// long as it is fresh.
#[derive(Debug)]
pub struct Replay<const N: usize, const SHARE: usize> {
    window: Mutex<ReplayWindow<N, SHARE>>,
}

impl<const N: usize, const SHARE: usize> Replay<N, SHARE> {
    pub fn new() -> Self {
        let window = ReplayWindow::new();
        window.start_empty();
        Self { window: Mutex::new(window) }
    }

    fn with<T>(&self, ask: impl FnOnce(&ReplayWindow<N, SHARE>) -> T) -> T {
        ask(&self.window.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<const N: usize, const SHARE: usize> ReplayCheck for Replay<N, SHARE> {
    fn check_unused(&self, ids: &[SingleUse], now: Now) -> Result<(), Error> {
        self.with(|window| window.check_unused(ids, now))
    }

    fn use_all(&self, ids: &[SingleUse], now: Now) -> Result<(), Error> {
        self.with(|window| window.use_all(ids, now))
    }

    fn release(&self, ids: &[SingleUse]) {
        self.with(|window| window.release(ids));
    }

    fn address(&self) -> Option<*const ()> {
        self.with(ReplayWindow::address)
    }
}
