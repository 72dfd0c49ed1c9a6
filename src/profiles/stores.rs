//! The device's stores as part of a policy: revocations and single use.

use super::pending::Uses;
use crate::claims::field::required;
use crate::error::{Claim, Error};
use crate::storage::{ReplayCheck, Revocations, SingleUse, TokenIdentity};
use crate::time::{Now, UnixTime};

/// Which of the device's stores a policy checks the token against.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoreChecks<'a> {
    pub(super) revocations: Option<&'a dyn Revocations>,
    /// The store of used ids, and [`add_use`]. The function is called through a pointer, so that firmware whose policies
    /// do not ask for single use does not link it.
    pub(super) single_use: Option<(&'a dyn ReplayCheck, AddUse)>,
}

/// A function that adds the token's id to the ids that the request consumes.
type AddUse = for<'a> fn(
    &'a dyn ReplayCheck,
    &TokenIdentity<'_>,
    kind: &str,
    owner: Option<&[u8]>,
    &mut Uses<'a>,
) -> Result<(), Error>;

/// Defines the setter for the revocations of a policy. The second argument is the path from the policy to them.
macro_rules! revocation_setter {
    (|$policy:ident| $revocations:expr) => {
        /// Refuses revoked tokens. Several stores are given as an array; this replaces the stores given before.
        pub const fn with_revocations(self, revocations: &'a dyn crate::storage::Revocations) -> Self {
            let mut $policy = self;
            $revocations = Some(revocations);
            $policy
        }
    };
}
pub(super) use revocation_setter;

/// Defines the setters for the [`StoreChecks`] of a policy. The second argument is the path from the policy to them.
macro_rules! store_setters {
    (|$policy:ident| $stores:expr) => {
        crate::profiles::stores::revocation_setter!(|$policy| $stores.revocations);

        /// Accepts each token only once: its issuer and `jti` are consumed when it is accepted, together with the DPoP
        /// proof that came with it. `jti` is required and not empty, and `exp` is required.
        ///
        /// An id takes its slot until `exp` and [`MAX_LEEWAY`](crate::MAX_LEEWAY) (5 minutes) have passed: where the
        /// clock is not set, by the [`TimeFloor`](crate::TimeFloor).
        pub const fn with_single_use(self, replay: &'a dyn crate::storage::ReplayCheck) -> Self {
            let mut $policy = self;
            $stores.single_use = Some((replay, crate::profiles::stores::add_use));
            $policy
        }
    };
}
pub(super) use store_setters;

impl<'a> StoreChecks<'a> {
    pub(super) const NONE: Self = Self { revocations: None, single_use: None };

    /// Checks whether the token is revoked, and adds its id to `uses` if it is for single use. `kind` is the media type
    /// of its kind of token. The owner is the client that the id belongs to, if the token does not tell.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] or [`Error::Invalid`] if the token is for single use and has no `jti` or an empty one, or no
    /// `exp`; the errors of [`Revocations::check`].
    pub(super) fn check(
        &self,
        token: &TokenIdentity<'_>,
        kind: &str,
        owner: Option<&[u8]>,
        now: Now,
        uses: &mut Uses<'a>,
    ) -> Result<(), Error> {
        if let Some((store, add_use)) = self.single_use {
            add_use(store, token, kind, owner, uses)?;
        }
        self.revocations.map_or(Ok(()), |revocations| revocations.check(token, now))
    }
}

pub(super) fn add_use<'a>(
    store: &'a dyn ReplayCheck,
    token: &TokenIdentity<'_>,
    kind: &str,
    owner: Option<&[u8]>,
    uses: &mut Uses<'a>,
) -> Result<(), Error> {
    let jwt_id = required(token.jwt_id(), Claim::JwtId)?;
    if jwt_id.is_empty() {
        return Err(Error::Invalid(Claim::JwtId));
    }
    if token.expires_at() == UnixTime::from_secs(i64::MAX) {
        return Err(Error::Missing(Claim::Expiration));
    }
    let issuer = token.issuer().as_bytes();
    let id = SingleUse::new(kind, issuer, jwt_id, token.refused_from());
    let client = token.client_id().or(token.subject()).unwrap_or_default();
    let id = match owner {
        Some(owner) => id.with_owner(owner, b""),
        None => id.with_owner(issuer, client.as_bytes()),
    };
    uses.set_token((id, store));
    Ok(())
}
