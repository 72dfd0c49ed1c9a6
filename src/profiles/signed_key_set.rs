//! Key sets that arrive as signed tokens, from a carrier that the device does not trust.

use core::time::Duration;

use super::TypedPolicy;
use crate::error::{Claim, Error};
use crate::jose::KeySet;
use crate::jose::jwk::FromJwk;
use crate::storage::Revocations;
use crate::time::{Now, UnixTime};
use crate::verify::Verified;

/// The requirements of a device for signed key sets ([`KeySet::replace_from_signed`]).
#[derive(Clone, Copy, Debug)]
pub struct SignedKeySetPolicy<'a> {
    rules: TypedPolicy<'a>,
    newest: UnixTime,
}

impl<'a> SignedKeySetPolicy<'a> {
    /// A policy for sets whose `iat` is `newest` or later: the `iat` of the last accepted set or, before the first one,
    /// the time at which the firmware was built. It has the leeway [`DEFAULT_LEEWAY`](crate::DEFAULT_LEEWAY) (60 s), no
    /// limits on lifetime and age, and no revocations.
    pub const fn new(newest: UnixTime) -> Self {
        // Where the clock is not set, `newest` shows that the set is no older than the last one.
        let rules = TypedPolicy::new_published("jwk-set+jwt").with_max_unproven_lifetime(Duration::MAX);
        Self { rules, newest }
    }

    /// Refuses revoked sets, for a root key that is no longer trusted
    /// ([`Revocation::Key`](crate::Revocation::Key)). Several stores are given as an array; this replaces the stores
    /// given before.
    pub const fn with_revocations(self, revocations: &'a dyn Revocations) -> Self {
        Self { rules: self.rules.with_revocations(revocations), ..self }
    }
}

/// For sets of either type of keys.
#[allow(private_bounds, reason = "a set holds one of two types of keys")]
impl<const N: usize, K: FromJwk> KeySet<N, K> {
    /// Replaces all keys with the keys of a signed JWK Set, so that a device can take keys from a carrier that it does
    /// not trust ([OpenID Federation 1.0 section
    /// 5.2.1](https://openid.net/specs/openid-federation-1_0.html#section-5.2.1)). Verify the set as a token of the
    /// issuer with its root key, which is pinned in the device and signs nothing else.
    ///
    /// Returns the set's `iat`. Store it where it survives a restart, and give it to the next
    /// [policy](SignedKeySetPolicy::new), so that a carrier cannot bring back an older set. A carrier can still withhold
    /// newer sets: the keys stay until the next set, even after the `exp` of this one. `iss` names the owner of the
    /// keys; `sub` is ignored.
    ///
    /// A device without a clock passes [`Now::AtLeast`]: a set that has expired by that time is refused. An `iat` in
    /// the future then cannot be recognized, and after a set with such an `iat` no set with an earlier one is accepted.
    ///
    /// # Errors
    ///
    /// In this order; each changes nothing:
    /// - As [`into_typed`](Verified::into_typed) for the type `jwk-set+jwt`, without `aud`: `iat` is required, and must
    ///   not be in the future; [`Error::Revoked`], or another error of [`Revocations`], as the policy's stores say. The
    ///   time need not be known ([`Error::TimeUnknown`] does not occur).
    /// - [`Error::RolledBack`]: `iat` is earlier than the policy's `newest`.
    /// - [`Error::Malformed`]: the set has no array `keys`.
    /// - [`Error::TooManyKeys`]: the set has more than `N` usable keys.
    ///
    /// # Example
    ///
    /// ```
    /// # use embedded_jwt::{EdDsa, Error, Issuer, Key, KeySet, Now, SignedKeySetPolicy, Token, UnixTime};
    /// # const ROOT: [u8; 32] = [3; 32];
    /// fn update(keys: &mut KeySet<4>, text: &[u8], newest: UnixTime, now: Now) -> Result<UnixTime, Error> {
    ///     let root = [Key::ed25519(&ROOT)];
    ///     let mut buf = [0; 4096];
    ///     let verified = Token::parse(text)?.verify(&Issuer::new("https://idp.example.com", &root, &[&EdDsa]), &mut buf)?;
    ///     keys.replace_from_signed(verified, &SignedKeySetPolicy::new(newest), now)
    /// }
    /// ```
    pub fn replace_from_signed(
        &mut self,
        verified: Verified<'_, '_>,
        policy: &SignedKeySetPolicy<'_>,
        now: impl Into<Now>,
    ) -> Result<UnixTime, Error> {
        let token = verified.into_typed(&policy.rules, now)?;
        let issued_at = token.issued_at().ok_or(Error::Missing(Claim::IssuedAt))?;
        if issued_at < policy.newest {
            return Err(Error::RolledBack);
        }
        self.replace(token.payload())?;
        Ok(issued_at)
    }
}
