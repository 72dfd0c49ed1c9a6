//! Code that the images share: the board, the trusted issuer, the device's memory, the gateway, and measurement. Apart
//! from the board and measurement, it also builds for the host, which cuts the gateway's power.
#![no_std]

pub mod action;
#[cfg(target_os = "none")]
pub mod board;
#[cfg(all(target_os = "none", feature = "faults"))]
pub mod faults;
pub mod flash;
pub mod gateway;
#[cfg(target_os = "none")]
pub mod measure;
pub mod memory;
pub mod trust;
