//! Stores that a device keeps and its policies consult. Revocations, used ids and known times enter. Answers leave:
//! whether a token is revoked, whether an id was used, and the current time as far as it is known. Each store has a
//! fixed size, refuses new entries when it is full, and answers nothing before it is restored or started empty.

mod expiring_set;
mod replay;
mod replay_window;
mod revocation;
mod revocation_list;
mod time_floor;

pub use replay::{AllowReplay, ReplayCheck, SingleUse};
pub use replay_window::ReplayWindow;
pub use revocation::{Revocation, Revocations, TokenIdentity};
pub use revocation_list::RevocationList;
pub use time_floor::{DEFAULT_FLOOR_SPAN, DEFAULT_TIME_STEP, TimeFloor};
