//! The report on one token: its contents, the checks that it passed, and what to do next. Everything around the
//! verification may allocate; the verification itself is the same as on a device.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod advice;
pub mod case;
pub mod check;
pub mod explain;
pub mod key_set;
pub mod keys;
pub mod object;
pub mod peek;
pub mod profile;
pub mod request;
pub mod style;
pub mod text;
pub mod times;
pub mod verification;
