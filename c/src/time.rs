//! The time: a clock, or a bound below it that a floor knows.

use core::ffi::c_int;
use core::time::Duration;

use heapless::Vec;
use jwt::{MAX_ISSUERS, Now, TimeFloor, UnixTime};

use crate::error::EJWT_E_CLOCK_NOT_SET;
use crate::memory::{ARGUMENT, Failure, answer, ejwt_str, produce, reference, reference_mut, slice_of};
use crate::token::ejwt_token;

/// `ejwt_now`: the clock is set.
pub const EJWT_NOW_CLOCK: u32 = 1;
/// `ejwt_now`: the clock is not set, but the time is this or later.
pub const EJWT_NOW_AT_LEAST: u32 = 2;
/// The default leeway, in seconds.
pub const EJWT_DEFAULT_LEEWAY: u32 = 60;
/// The length of the bytes of a time floor.
pub const EJWT_TIME_FLOOR_LEN: usize = 56;

const _: () = assert!(EJWT_TIME_FLOOR_LEN == TimeFloor::LEN);

/// The current time, as far as the device knows it. Zeroed, it is the time of a clock that is not set, and everything is
/// refused (`EJWT_E_CLOCK_NOT_SET`).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ejwt_now {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// `EJWT_NOW_CLOCK`, or `EJWT_NOW_AT_LEAST` for a time below which it cannot be: then a token is accepted only if its
    /// policy has `max_unproven_lifetime`, or a challenge or a nonce shows that it is fresh.
    pub kind: u32,
}

impl ejwt_now {
    pub(crate) fn read(self) -> Result<Now, Failure> {
        match self.kind {
            0 => Err(Failure(EJWT_E_CLOCK_NOT_SET)),
            EJWT_NOW_CLOCK => Ok(UnixTime::from_secs(self.seconds).into()),
            EJWT_NOW_AT_LEAST => Ok(jwt::EarliestTime::from_secs(self.seconds).into()),
            _ => Err(ARGUMENT),
        }
    }
}

impl From<Now> for ejwt_now {
    fn from(now: Now) -> Self {
        let seconds = now.earliest().as_secs();
        Self { seconds, kind: if matches!(now, Now::Exact(_)) { EJWT_NOW_CLOCK } else { EJWT_NOW_AT_LEAST } }
    }
}

/// An optional limit in seconds. Zeroed, there is none.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ejwt_limit {
    /// The limit.
    pub seconds: u32,
    /// Whether there is a limit: 1, or 0 with 0 seconds. `EJWT_LIMIT(seconds)` is one.
    pub is_set: u32,
}

impl ejwt_limit {
    /// The limit, if there is one. A number of seconds that is not said to be a limit is refused: it would silently be none.
    pub(crate) fn read(self) -> Result<Option<Duration>, Failure> {
        if self.is_valid() { Ok(self.duration()) } else { Err(ARGUMENT) }
    }

    pub(crate) fn is_valid(self) -> bool {
        self.is_set == 1 || (self.is_set | self.seconds) == 0
    }

    /// The limit, if there is one. It must be valid.
    pub(crate) fn duration(self) -> Option<Duration> {
        (self.is_set != 0).then_some(Duration::from_secs(self.seconds.into()))
    }
}

/// The latest time that a device without a clock knows to have passed. It rises with the tokens that the device accepts.
/// Store `bytes` where they survive a restart, and restore them by writing them back before `ejwt_time_floor_start`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ejwt_time_floor {
    /// When the firmware was built, in seconds since 1970: the time is never earlier.
    pub built_at: i64,
    /// The names of the issuers whose clocks are trusted: at most `EJWT_MAX_ISSUERS`.
    pub sources: *const ejwt_str,
    /// The number of names.
    pub source_count: usize,
    /// The state that a restart must not lose.
    pub bytes: [u8; EJWT_TIME_FLOOR_LEN],
}

/// # Safety
///
/// Pointers that are not null point to what their types say.
unsafe fn with_floor<T>(
    floor: &ejwt_time_floor,
    run: impl FnOnce(&mut TimeFloor<'_>) -> Result<T, Failure>,
) -> Result<(T, [u8; EJWT_TIME_FLOOR_LEN]), Failure> {
    let mut sources = Vec::<&str, MAX_ISSUERS>::new();
    // SAFETY: the caller's promise.
    for source in unsafe { slice_of(floor.sources, floor.source_count)? } {
        // SAFETY: the caller's promise.
        sources.push(unsafe { source.text()? }).map_err(|_| ARGUMENT)?;
    }
    let mut inner = TimeFloor::from_bytes(UnixTime::from_secs(floor.built_at), &sources, &floor.bytes)?;
    let result = run(&mut inner)?;
    Ok((result, inner.to_bytes()))
}

/// Starts a floor. If `bytes` hold a floor, it is kept; otherwise (zeroed, or torn by a power cut) the floor
/// starts at `built_at`, and the function says so with `EJWT_E_MALFORMED` and the snapshot as detail. The floor can be
/// used in both cases.
///
/// # Safety
///
/// The pointer is null or points to a floor whose pointers are valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_time_floor_start(floor: *mut ejwt_time_floor) -> c_int {
    // SAFETY: the caller's promise.
    let start = || unsafe {
        let floor = reference_mut(floor)?;
        match with_floor(floor, |_| Ok(())) {
            Ok(((), bytes)) => floor.bytes = bytes,
            Err(failure) if failure == ARGUMENT => return Err(failure),
            Err(failure) => {
                floor.bytes = TimeFloor::new(UnixTime::from_secs(floor.built_at), &[]).to_bytes();
                return Err(failure);
            }
        }
        Ok(())
    };
    answer(start())
}

/// The current time for requests: the clock if it is set and not behind the floor by more than `leeway` seconds,
/// otherwise the floor. `clock` is 0 until the clock has been set since the start.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_time_floor_now(
    floor: *const ejwt_time_floor,
    clock: i64,
    leeway: u32,
    out: *mut ejwt_now,
) -> c_int {
    let clock = Some(UnixTime::from_secs(clock)).filter(|_| clock != 0);
    // SAFETY: the caller's promise.
    unsafe {
        produce(out, || {
            let now =
                with_floor(reference(floor)?, |floor| Ok(floor.now(clock, Duration::from_secs(leeway.into()))))?.0;
            Ok(now.into())
        })
    }
}

/// Raises the floor to the issue time of an accepted token from one of the sources, by one day at most. Call it only
/// while the clock is not set, and store the bytes if they have changed.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_time_floor_learn(floor: *mut ejwt_time_floor, token: *const ejwt_token) -> c_int {
    // SAFETY: the caller's promise.
    let learn = || unsafe {
        let claims = reference(token)?.claims()?;
        let floor = reference_mut(floor)?;
        floor.bytes = with_floor(floor, |floor| Ok(floor.learn(claims)))?.1;
        Ok(())
    };
    answer(learn())
}

/// Raises the floor to the time of a clock. Does nothing if the floor is already higher.
///
/// # Safety
///
/// The pointer is null or points to a floor whose pointers are valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_time_floor_raise(floor: *mut ejwt_time_floor, clock: i64) -> c_int {
    // SAFETY: the caller's promise.
    let raise = || unsafe {
        let floor = reference_mut(floor)?;
        floor.bytes = with_floor(floor, |floor| {
            floor.raise_to(UnixTime::from_secs(clock));
            Ok(())
        })?
        .1;
        Ok(())
    };
    answer(raise())
}

/// Sets the floor to the time of a clock that was set from an authenticated source. This can lower it.
///
/// # Safety
///
/// The pointer is null or points to a floor whose pointers are valid.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_time_floor_correct(floor: *mut ejwt_time_floor, clock: i64) -> c_int {
    // SAFETY: the caller's promise.
    let correct = || unsafe {
        let floor = reference_mut(floor)?;
        floor.bytes = with_floor(floor, |floor| {
            floor.correct_to(UnixTime::from_secs(clock));
            Ok(())
        })?
        .1;
        Ok(())
    };
    answer(correct())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_leeway_is_that_of_the_crate() {
        assert_eq!(u64::from(EJWT_DEFAULT_LEEWAY), jwt::DEFAULT_LEEWAY.as_secs());
    }
}
