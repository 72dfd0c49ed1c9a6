//! Stores of a device that has just started for the first time.

use embedded_jwt::{ReplayWindow, RevocationList};

/// An open list without entries.
pub fn revocation_list<const N: usize>() -> RevocationList<N> {
    let mut list = RevocationList::new();
    list.start_empty();
    list
}

/// An open window without ids, all of whose slots one owner can have.
pub fn replay_window<const N: usize>() -> ReplayWindow<N, N> {
    let window = ReplayWindow::new();
    window.start_empty();
    window
}
