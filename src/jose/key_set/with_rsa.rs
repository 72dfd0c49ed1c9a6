//! Key sets that keep RSA keys too.

use super::KeySet;
use crate::jose::{BorrowedKeys, OwnedKey};
use crate::time::Now;

impl<const N: usize> KeySet<N, OwnedKey> {
    /// An empty set that keeps RSA keys too, each key as an [`OwnedKey`].
    ///
    /// # Example: the keys of an issuer that signs with RS256
    ///
    /// ```
    /// use embedded_jwt::{Error, Issuer, KeySet, OwnedKey, Rs256, UnixTime};
    ///
    /// fn refresh(keys: &mut KeySet<6, OwnedKey>, body: &mut [u8]) -> Result<(), Error> {
    ///     keys.replace_from_jwks(body)
    /// }
    ///
    /// let mut keys = KeySet::<6, OwnedKey>::with_rsa();
    /// # let now = UnixTime::from_secs(1_768_478_400);
    /// let borrowed = keys.expire(now); // for each token
    /// let issuer = Issuer::new("https://tenant.auth0.com/", &borrowed, &[&Rs256]);
    /// ```
    pub const fn with_rsa() -> Self {
        Self::EMPTY
    }

    /// The current keys, to verify tokens with. They take 176 bytes each, while they are borrowed.
    pub fn as_keys(&self) -> BorrowedKeys<'_, N> {
        BorrowedKeys::new(self)
    }

    /// Drops the retired keys if their overlap is over at `now`, and returns all other keys to verify tokens with, as
    /// [`KeySet::expire`] does for other sets.
    ///
    /// # Example: verification, and a refresh if a key may be missing
    ///
    /// ```
    /// use embedded_jwt::{AccessTokenPolicy, Error, Issuer, KeySet, OwnedKey, Rs256, Token, UnixTime};
    ///
    /// # fn fetch(_: &mut [u8]) -> usize { 0 }
    /// fn check(keys: &mut KeySet<6, OwnedKey>, bearer: &str, now: UnixTime) -> Result<bool, Error> {
    ///     let (mut buf, policy) = ([0; 2048], AccessTokenPolicy::new("urn:device:pump-7"));
    ///     let current = keys.expire(now);
    ///     let issuer = Issuer::new("https://tenant.auth0.com/", &current, &[&Rs256]);
    ///     match Token::parse(bearer)?.verify(&issuer, &mut buf) {
    ///         Ok(token) => Ok(token.into_access_token(&policy, now)?.has_scope("pump:write")),
    ///         Err(error) => {
    ///             if error.suggests_key_refresh() {
    ///                 let mut jwks = [0; 4096];
    ///                 let len = fetch(&mut jwks);
    ///                 keys.replace_from_jwks(&mut jwks[..len])?;
    ///             }
    ///             Err(error)
    ///         }
    ///     }
    /// }
    /// # let mut keys = KeySet::with_rsa();
    /// # assert!(check(&mut keys, "a.b.c", UnixTime::from_secs(1_768_478_400)).is_err());
    /// ```
    pub fn expire(&mut self, now: impl Into<Now>) -> BorrowedKeys<'_, N> {
        BorrowedKeys::new(self.unexpired(now.into()))
    }
}
