//! The requirements of a device for a status list.

use core::time::Duration;

use crate::profiles::TypedPolicy;
use crate::storage::Revocations;
use crate::time::UnixTime;

/// The requirements of a device for the status list of one URI
/// ([`into_status_list`](crate::Verified::into_status_list)).
#[derive(Clone, Copy, Debug)]
pub struct StatusListPolicy<'a> {
    pub(super) rules: TypedPolicy<'a>,
    pub(super) uri: &'a str,
    pub(super) max_age: u64,
    pub(super) fetched_at: Option<UnixTime>,
}

impl<'a> StatusListPolicy<'a> {
    /// A policy for the list of this URI, which tokens name in their `status`. It has the largest age
    /// [`DEFAULT_STATUS_LIST_AGE`] (7 days), no fetch time, and no revocations. The leeway for an `iat` in the future is
    /// [`DEFAULT_LEEWAY`](crate::DEFAULT_LEEWAY) (60 s); `exp` and ages have none.
    ///
    /// A policy for an empty URI refuses every list ([`Error::Unconfigured`](crate::Error::Unconfigured)).
    pub const fn new(uri: &'a str) -> Self {
        let rules = TypedPolicy::new_published("statuslist+jwt");
        Self { rules, uri, max_age: DEFAULT_STATUS_LIST_AGE.as_secs(), fetched_at: None }
    }

    /// Sets how long after its `iat` a list may be used, in whole seconds; a fraction is dropped. [`Duration::MAX`] is
    /// no limit.
    pub const fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age.as_secs();
        self
    }

    /// Says when the list was fetched from its URI, over a connection that authenticates the issuer, such as HTTPS. The
    /// list's `ttl` then counts from this time, also if the same list was validated before: an issuer that has nothing
    /// to change may publish the same list again and again. A time after the current time counts as the current time.
    ///
    /// Do not call it for a list that was loaded from the device's own memory, or that came from a carrier which the
    /// device does not trust: both could make an old list usable for another `ttl`.
    pub const fn with_fetch_time(mut self, fetched_at: UnixTime) -> Self {
        self.fetched_at = Some(fetched_at);
        self
    }

    /// Refuses revoked lists, for a key that no longer signs lists ([`Revocation::Key`](crate::Revocation::Key)).
    /// Several stores are given as an array; this replaces the stores given before.
    pub const fn with_revocations(mut self, revocations: &'a dyn Revocations) -> Self {
        self.rules = self.rules.with_revocations(revocations);
        self
    }
}

/// How long after its `iat` a status list may be used by default: 7 days. Anyone who withholds newer lists from the
/// device can hide a revocation for this long, even if the list has no `exp` or a late one. A shorter time would refuse
/// all tokens of a device that is out of contact over some holidays.
pub const DEFAULT_STATUS_LIST_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
