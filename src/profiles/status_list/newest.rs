//! The newest status list that a device has accepted, by which older ones are recognized.

use crate::error::Error;
use crate::time::UnixTime;

/// The newest list that the device has accepted from one URI of one issuer: its `iat`, and when the device received it.
///
/// Keep one record for each list, and store it where it survives a restart: without it, an older list is accepted
/// again, and a list that is validated again is usable for another `ttl`. Store it with something that detects a torn
/// write, since half of an integer is another integer.
///
/// # Example: a record in flash
///
/// ```
/// use embedded_jwt::{NewestStatusList, UnixTime};
///
/// fn load(stored: Option<[i64; 2]>) -> NewestStatusList {
///     let Some([issued_at, received_at]) = stored else { return NewestStatusList::new() };
///     NewestStatusList::restored(UnixTime::from_secs(issued_at), UnixTime::from_secs(received_at))
/// }
///
/// fn store(newest: &NewestStatusList) -> Option<[i64; 2]> {
///     Some([newest.issued_at()?.as_secs(), newest.received_at()?.as_secs()])
/// }
///
/// let newest = load(Some([1_768_478_400, 1_768_478_460]));
/// assert_eq!(load(store(&newest)), newest);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewestStatusList {
    /// `iat`, and the time from which `ttl` counts.
    accepted: Option<(UnixTime, UnixTime)>,
}

impl NewestStatusList {
    /// The record of a device that has not accepted a list yet.
    pub const fn new() -> Self {
        Self { accepted: None }
    }

    /// The record with these stored values of [`issued_at`](Self::issued_at) and [`received_at`](Self::received_at).
    pub const fn restored(issued_at: UnixTime, received_at: UnixTime) -> Self {
        Self { accepted: Some((issued_at, received_at)) }
    }

    /// The `iat` of the list, in whole seconds rounded down; `None` if no list was accepted yet.
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.accepted.map(|(issued_at, _)| issued_at)
    }

    /// When the device received the list, from which its `ttl` counts: when it was first validated or, if that was
    /// [given](crate::StatusListPolicy::with_fetch_time), last fetched. `None` if no list was accepted yet.
    pub fn received_at(&self) -> Option<UnixTime> {
        self.accepted.map(|(_, received_at)| received_at)
    }

    /// When the list with this `iat` was received: not at `now`, if it was validated before. If the clock was set back
    /// since, `now` is the earlier time, so that the list is not usable for longer.
    pub(super) fn received_at_or(
        &self,
        now: UnixTime,
        issued_at: UnixTime,
        fetched_at: Option<UnixTime>,
    ) -> Result<UnixTime, Error> {
        let validated_at = match self.accepted {
            Some((newest, _)) if issued_at < newest => return Err(Error::RolledBack),
            Some((newest, received_at)) if issued_at == newest => Some(received_at),
            _ => None,
        };
        Ok(validated_at.max(fetched_at).map_or(now, |received_at| received_at.min(now)))
    }
}
