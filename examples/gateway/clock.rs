//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use embedded_jwt::UnixTime;

/// A clock before 1970, or after all time, is one that was never set; the crate refuses it as 0.
pub fn now() -> UnixTime {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_secs(i64::try_from(since_1970.as_secs()).unwrap_or_default())
}
