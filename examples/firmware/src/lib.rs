//! What the images share: the board, the issuer that the device trusts, what it remembers, the gateway, and the means to
//! measure.
#![no_std]

pub mod board;
pub mod flash;
pub mod gateway;
pub mod measure;
pub mod memory;
pub mod trust;
