//! Code that the images share: the board, the trusted issuer, the device's memory, the gateway, and measurement.
#![no_std]

pub mod board;
pub mod flash;
pub mod gateway;
pub mod measure;
pub mod memory;
pub mod trust;
