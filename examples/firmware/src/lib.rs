//! What the images share: the board, the issuer that the device trusts, the gateway, and the means to measure.
#![no_std]

pub mod board;
pub mod gateway;
pub mod measure;
pub mod trust;
