//! As much of an executor as it takes to see a driver being awaited.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Polls a task each time it has been woken. In between it does what the processor would: `tick` lets time go on and
/// runs other tasks. After `patience` ticks the task is dropped: a time-out.
pub fn run<T>(task: impl Future<Output = T>, mut tick: impl FnMut(), patience: u32) -> Option<T> {
    let mut task = pin!(task);
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = Waker::from(flag.clone());
    for _ in 0..patience {
        if flag.0.swap(false, Ordering::Acquire)
            && let Poll::Ready(output) = task.as_mut().poll(&mut Context::from_waker(&waker))
        {
            return Some(output);
        }
        tick();
    }
    None
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}
