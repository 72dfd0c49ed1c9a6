//! A mutex for many tasks. They wait in a queue: the mutex of `embassy-sync` alone has one place for a waker, so that two
//! tasks that wait keep waking each other, and in an interrupt this keeps the main loop from ever running.

use core::ops::{Deref, DerefMut};

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::mutex::{Mutex, MutexGuard};
use embassy_sync::semaphore::{FairSemaphore, Semaphore, SemaphoreReleaser};
use embassy_time::Timer;

use crate::http::WORKERS;

/// The connections, the clock, the keys and the main loop.
const MAX_TASKS: usize = WORKERS + 3;

type Turn = FairSemaphore<CriticalSectionRawMutex, MAX_TASKS>;

pub struct Lock<T> {
    turn: Turn,
    value: Mutex<CriticalSectionRawMutex, T>,
}

pub struct Guard<'a, T> {
    // First, so that it is unlocked before the next task has its turn.
    value: MutexGuard<'a, CriticalSectionRawMutex, T>,
    _turn: SemaphoreReleaser<'a, Turn>,
}

impl<T> Lock<T> {
    pub const fn new(value: T) -> Self {
        Self { turn: Turn::new(1), value: Mutex::new(value) }
    }

    pub async fn lock(&self) -> Guard<'_, T> {
        loop {
            if let Ok(turn) = self.turn.acquire(1).await {
                return Guard { value: self.value.lock().await, _turn: turn };
            }
            // More tasks than the queue has places for.
            Timer::after_millis(1).await;
        }
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}
