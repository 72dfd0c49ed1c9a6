//! Key sets that arrive as signed tokens, from a carrier that the device does not trust.

use super::TypedPolicy;
use crate::error::{Claim, Error};
use crate::jose::KeySet;
use crate::time::UnixTime;
use crate::verify::Verified;

impl<const N: usize> KeySet<N> {
    /// Replaces all keys with the keys of a signed JWK Set, so that a device can take keys from a carrier that it does
    /// not trust ([OpenID Federation 1.0 section
    /// 5.2.1](https://openid.net/specs/openid-federation-1_0.html#section-5.2.1)). Verify the set as a token of the
    /// issuer with its root key, which is pinned in the device and signs nothing else.
    ///
    /// Returns the set's `iat`. Store it where it survives a restart, and pass it as `newest` the next time, so that a
    /// carrier cannot bring back an older set. The first time, pass the build time of the firmware. A carrier can still
    /// withhold newer sets: the keys stay until the next set, even after the `exp` of this one. `iss` names the owner
    /// of the keys; `sub` is ignored.
    ///
    /// # Errors
    ///
    /// - As [`into_typed`](Verified::into_typed) for the type `jwk-set+jwt`, without `aud`: `iat` is required, and must
    ///   not be in the future.
    /// - [`Error::RolledBack`]: `iat` is earlier than `newest`.
    /// - [`Error::Malformed`]: the set has no array `keys`.
    /// - [`Error::TooManyKeys`]: the set has more than `N` usable keys.
    ///
    /// # Example
    ///
    /// ```
    /// # use embedded_jwt::{EdDsa, Error, Issuer, Key, KeySet, Token, UnixTime};
    /// # const ROOT: [u8; 32] = [3; 32];
    /// fn update(keys: &mut KeySet<4>, text: &[u8], newest: UnixTime, now: UnixTime) -> Result<UnixTime, Error> {
    ///     let root = [Key::ed25519(&ROOT)];
    ///     let mut buf = [0; 4096];
    ///     let verified = Token::parse(text)?.verify(&Issuer::new("https://idp.example.com", &root, &[&EdDsa]), &mut buf)?;
    ///     keys.replace_from_signed(verified, newest, now)
    /// }
    /// ```
    pub fn replace_from_signed(
        &mut self,
        verified: Verified<'_, '_>,
        newest: UnixTime,
        now: UnixTime,
    ) -> Result<UnixTime, Error> {
        const POLICY: TypedPolicy<'_> = TypedPolicy::new_published("jwk-set+jwt");
        let token = verified.into_typed(&POLICY, now)?;
        let issued_at = token.issued_at().ok_or(Error::Missing(Claim::IssuedAt))?;
        if issued_at < newest {
            return Err(Error::RolledBack);
        }
        self.replace(token.payload())?;
        Ok(issued_at)
    }
}
