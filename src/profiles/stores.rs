use crate::claims::{Claims, required};
use crate::error::{Claim, Error};
use crate::storage::{ReplayCheck, Revocations, TokenIdentity};
use crate::time::{Now, UnixTime};

/// What of that which the device keeps a policy has the token held against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoreChecks<'a> {
    pub(crate) revocations: Option<&'a dyn Revocations>,
    pub(crate) single_use: Option<&'a dyn ReplayCheck>,
}

/// The setters that a policy has for its field `stores`, each of which sets another field besides.
macro_rules! store_setters {
    ($($field:ident = $value:expr)?) => {
        /// Only tokens that are not revoked. Several stores are given as an array of them; this replaces the one given
        /// before.
        pub const fn with_revocations(mut self, revocations: &'a dyn crate::Revocations) -> Self {
            self.stores.revocations = Some(revocations);
            $(self.$field = $value;)?
            self
        }

        /// Each token once: it is used up, by its issuer and `jti`, if it is accepted. Then `jti` is required. A DPoP proof
        /// that came with it is used up before it.
        pub const fn with_single_use(mut self, replay: &'a dyn crate::ReplayCheck) -> Self {
            self.stores.single_use = Some(replay);
            $(self.$field = $value;)?
            self
        }
    };
}
pub(crate) use store_setters;

impl StoreChecks<'_> {
    pub(crate) const NONE: Self = Self { revocations: None, single_use: None };

    /// # Errors
    ///
    /// [`Error::Missing`] if there is no `jti` to use up; those of [`Revocations::check`].
    pub(crate) fn check(&self, token: &TokenIdentity<'_>, now: Now) -> Result<(), Error> {
        if self.single_use.is_some() {
            required(token.jwt_id(), Claim::JwtId)?;
        }
        self.revocations.map_or(Ok(()), |revocations| revocations.check(token, now))
    }

    /// Uses the token up. For the very end, so that what is refused uses up nothing.
    ///
    /// # Errors
    ///
    /// Those of [`ReplayCheck::use_once`].
    pub(crate) fn use_once(&self, token: &Claims<'_>, leeway: u64, now: Now) -> Result<(), Error> {
        let Some(replay) = self.single_use else { return Ok(()) };
        let jwt_id = required(token.jwt_id(), Claim::JwtId)?;
        let until = UnixTime::from_secs(token.expires_at().as_secs().saturating_add_unsigned(leeway));
        // Where the clock is not set, the token itself says the time: a floor alone would let nothing that is kept expire.
        let now = match now {
            Now::Exact(now) => now,
            Now::AtLeast(floor) => token.issued_at().map_or(floor, |issued_at| issued_at.max(floor)),
        };
        replay.use_once(token.issuer().as_bytes(), jwt_id, until, now)
    }
}
