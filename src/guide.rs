//! The guide: chapters on everything that a device needs besides one call.

#[doc = include_str!("../docs/tokens.md")]
pub mod tokens {}

#[doc = include_str!("../docs/checks.md")]
pub mod checks {}

#[doc = include_str!("../docs/errors.md")]
pub mod errors {}

#[doc = include_str!("../docs/issuers.md")]
pub mod issuers {}

#[doc = include_str!("../docs/keys.md")]
pub mod keys {}

#[doc = include_str!("../docs/backends.md")]
pub mod backends {}

#[doc = include_str!("../docs/async.md")]
pub mod asynchronous {}

#[doc = include_str!("../docs/requests.md")]
pub mod requests {}

#[doc = include_str!("../docs/buffers.md")]
pub mod buffers {}

#[doc = include_str!("../docs/time.md")]
pub mod time {}

#[doc = include_str!("../docs/storage.md")]
pub mod storage {}

#[doc = include_str!("../docs/testing.md")]
pub mod testing {}

#[doc = include_str!("../docs/deployment.md")]
pub mod deployment {}

#[doc = include_str!("../docs/physical-attackers.md")]
pub mod physical_attackers {}

#[doc = include_str!("../docs/limits.md")]
pub mod limits {}

#[doc = include_str!("../docs/design-notes.md")]
pub mod design_notes {}
