//! Stores that a device keeps and its policies consult. Revocations, used ids and known times enter. Answers leave:
//! whether a token is revoked, whether an id was used, and the earliest possible time. Each store has a fixed size, and
//! refuses new entries when it is full.

mod expiring_set;
mod replay;
mod revocation;
mod revocation_list;
mod time_floor;

pub use replay::{AllowReplay, ReplayCheck, ReplayWindow};
pub use revocation::{Revocation, Revocations, TokenIdentity};
pub use revocation_list::RevocationList;
pub use time_floor::{DEFAULT_TIME_STEP, TimeFloor};
