//! The window of used ids, in the caller's memory.

use core::ffi::c_int;

use jwt::ReplayWindow;

use crate::memory::{Opaque, answer, bytes_mut, produce, slice_of, store, value_or_new};
use crate::time::ejwt_now;

/// The ids that a window can remember.
pub const EJWT_REPLAY_CAPACITY: usize = 32;
/// The ids of one owner among them: the proof's key, or the client of the token.
pub const EJWT_REPLAY_SHARE: usize = 8;
/// The length of a full window's snapshot.
pub const EJWT_REPLAY_SNAPSHOT_LEN: usize = 1080;
/// The size of a window, in words of 8 bytes.
pub const EJWT_REPLAY_WORDS: usize = 152;

type Window = ReplayWindow<EJWT_REPLAY_CAPACITY, EJWT_REPLAY_SHARE>;

const _: () = assert!(EJWT_REPLAY_SNAPSHOT_LEN == Window::SNAPSHOT_LEN);

/// The ids of tokens and proofs that were used. Zeroed, it is closed, and refuses everything (`EJWT_E_NOT_OPENED`).
#[repr(C, align(8))]
pub struct ejwt_replay_window {
    opaque: [u64; EJWT_REPLAY_WORDS],
}

// SAFETY: `repr(C)`, of integers only.
unsafe impl Opaque for ejwt_replay_window {
    type Value = Window;
    const MARK: u32 = 0x656a_7501;
}

/// Opens a window without ids, counting changes from `generation` on: after a restart, everything that is still fresh
/// can be used once more. Does nothing if the window is open.
///
/// # Safety
///
/// The pointer is null or points to a window.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_replay_start_empty(window: *mut ejwt_replay_window, generation: u64) -> c_int {
    // SAFETY: the caller's promise.
    answer(unsafe { value_or_new(window, Window::new) }.map(|window| window.start_empty_after(generation)))
}

/// Opens a window with the ids of a snapshot of at least this generation.
///
/// # Safety
///
/// Pointers are null or point to what their types say, `snapshot` to `len` bytes.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_replay_restore(
    window: *mut ejwt_replay_window,
    snapshot: *const u8,
    len: usize,
    least_generation: u64,
    now: ejwt_now,
) -> c_int {
    // SAFETY: the caller's promise.
    let restore = || unsafe {
        let (now, snapshot) = (now.read()?, slice_of(snapshot, len)?);
        Ok(value_or_new(window, Window::new)?.restore(snapshot, least_generation, now)?)
    };
    answer(restore())
}

/// Writes a snapshot, at most `EJWT_REPLAY_SNAPSHOT_LEN` bytes, and its length.
///
/// # Safety
///
/// Pointers are null or point to what their types say, `snapshot` to `size` bytes.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_replay_snapshot(
    window: *const ejwt_replay_window,
    snapshot: *mut u8,
    size: usize,
    len: *mut usize,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { produce(len, || Ok(store(window)?.snapshot(bytes_mut(snapshot, size)?)?.len())) }
}

/// The number of changes so far, to be stored with a snapshot.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_replay_generation(window: *const ejwt_replay_window, generation: *mut u64) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { produce(generation, || Ok(store(window)?.generation())) }
}

/// Forgets everything: each id that is still fresh can be used once more.
///
/// # Safety
///
/// The pointer is null or points to a window.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_replay_clear(window: *mut ejwt_replay_window) -> c_int {
    // SAFETY: the caller's promise.
    answer(unsafe { store(window.cast_const()) }.and_then(|window| Ok(window.clear()?)))
}
