//! Stores that a policy consults and the device keeps: revoked tokens, used ids and the latest time known to have
//! passed. Each has a fixed size, and refuses when it is full.

mod expiring_set;
mod replay;
mod revocation;
mod revocation_list;
mod time_floor;

pub use replay::{AllowReplay, ReplayCheck, ReplayWindow};
pub use revocation::{Revocation, Revocations, TokenIdentity};
pub use revocation_list::RevocationList;
pub use time_floor::{DEFAULT_TIME_STEP, TimeFloor};
