//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use embedded_jwt::UnixTime;

/// The current time. A clock before 1970, or beyond the range of `UnixTime`, reads as 0: the crate refuses it, as every
/// clock before 2010, since it was never set.
pub fn now() -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_secs(i64::try_from(since_1970.as_secs()).unwrap_or_default())
}
