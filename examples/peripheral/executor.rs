//! Runs one task by `embassy-futures`, while the hardware and other tasks run.

use embassy_futures::select::{Either, select};
use embassy_futures::{block_on, yield_now};

/// Awaits `task`. While it waits, `tick` lets the hardware go on and runs other tasks. After `patience` ticks the task is
/// dropped: a time-out.
pub fn run<T>(task: impl Future<Output = T>, mut tick: impl FnMut(), patience: u32) -> Option<T> {
    let ticks = async {
        for _ in 0..patience {
            tick();
            yield_now().await;
        }
    };
    match block_on(select(task, ticks)) {
        Either::First(output) => Some(output),
        Either::Second(()) => None,
    }
}
