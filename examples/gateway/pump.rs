//! The protected resource: a pump with a speed.

use std::sync::atomic::{AtomicU16, Ordering};

pub struct Pump {
    rpm: AtomicU16,
}

impl Pump {
    pub fn new() -> Self {
        Self { rpm: AtomicU16::new(1200) }
    }

    pub fn speed(&self) -> u16 {
        self.rpm.load(Ordering::Relaxed)
    }

    pub fn set_speed(&self, rpm: u16) {
        self.rpm.store(rpm, Ordering::Relaxed);
    }
}
