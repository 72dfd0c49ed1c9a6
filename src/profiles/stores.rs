//! The device's stores as part of a policy: revocations and single use.

use crate::claims::Claims;
use crate::claims::field::required;
use crate::error::{Claim, Error};
use crate::storage::{ReplayCheck, Revocations, TokenIdentity};
use crate::time::{Now, UnixTime};

/// Which of the device's stores a policy checks the token against.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoreChecks<'a> {
    pub(super) revocations: Option<&'a dyn Revocations>,
    pub(super) single_use: Option<&'a dyn ReplayCheck>,
}

/// Defines the setters for the [`StoreChecks`] of a policy. The second argument is the path from the policy to them.
macro_rules! store_setters {
    (|$policy:ident| $stores:expr) => {
        /// Refuses revoked tokens. Several stores are given as an array; this replaces the stores given before.
        pub const fn with_revocations(self, revocations: &'a dyn crate::storage::Revocations) -> Self {
            let mut $policy = self;
            $stores.revocations = Some(revocations);
            $policy
        }

        /// Accepts each token only once: its issuer and `jti` are consumed when it is accepted, and `jti` is required
        /// and not empty. A DPoP proof that came with the token is consumed before it.
        pub const fn with_single_use(self, replay: &'a dyn crate::storage::ReplayCheck) -> Self {
            let mut $policy = self;
            $stores.single_use = Some(replay);
            $policy
        }
    };
}
pub(super) use store_setters;

impl StoreChecks<'_> {
    pub(super) const NONE: Self = Self { revocations: None, single_use: None };

    /// Checks the token against the stores, and consumes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] or [`Error::Invalid`] if the token must be consumed and has no `jti`, or an empty one; the
    /// errors of [`Revocations::check`].
    pub(super) fn check(&self, token: &TokenIdentity<'_>, now: Now) -> Result<(), Error> {
        if self.single_use.is_some() && required(token.jwt_id(), Claim::JwtId)?.is_empty() {
            return Err(Error::Invalid(Claim::JwtId));
        }
        self.revocations.map_or(Ok(()), |revocations| revocations.check(token, now))
    }

    /// Consumes the token. Called last, so that a refused request consumes nothing.
    ///
    /// # Errors
    ///
    /// The errors of [`ReplayCheck::use_once`].
    pub(super) fn use_once(&self, token: &Claims<'_>, leeway: u64, now: Now) -> Result<(), Error> {
        let Some(replay) = self.single_use else { return Ok(()) };
        let jwt_id = required(token.jwt_id(), Claim::JwtId)?;
        let until = UnixTime::from_secs(token.expires_at().as_secs().saturating_add_unsigned(leeway));
        // Where the clock is not set, the token's `iat` gives the time: with the floor alone, no entry would ever
        // expire.
        let now = match now {
            Now::Exact(now) => now,
            Now::AtLeast(floor) => token.issued_at().map_or(floor, |issued_at| issued_at.max(floor)),
        };
        replay.use_once(token.issuer().as_bytes(), jwt_id, until, now)
    }
}
