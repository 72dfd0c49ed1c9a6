//! The DPoP proofs that were used, in bounded memory
//! ([RFC 9449 section 11.1](https://www.rfc-editor.org/rfc/rfc9449#section-11.1)).

use std::sync::{Mutex, PoisonError};

use embedded_jwt::{Error, ReplayCheck, ReplayWindow, UnixTime};

/// A device's replay window, shared by all connections. A restart empties it: a proof can then be used once more, as
/// long as it is fresh.
#[derive(Debug)]
pub struct Replay<const N: usize> {
    window: Mutex<ReplayWindow<N>>,
}

impl<const N: usize> Replay<N> {
    pub fn new() -> Self {
        Self { window: Mutex::new(ReplayWindow::new()) }
    }
}

impl<const N: usize> ReplayCheck for Replay<N> {
    fn use_once(&self, scope: &[u8], id: &str, until: UnixTime, now: UnixTime) -> Result<(), Error> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner).use_once(scope, id, until, now)
    }
}
