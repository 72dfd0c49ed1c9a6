//! The guide: chapters on what a device needs beside the verification of a token.

#[doc = include_str!("../docs/storage.md")]
pub mod storage {}
