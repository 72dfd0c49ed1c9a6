//! The issuer's key set. With the feature `rs256`, RSA keys are among its keys.

use embedded_jwt::{Error, KeySet, PublicKey};

/// More than any issuer publishes at a time: the current key, the next one and keys of other algorithms.
const CAPACITY: usize = 16;

#[cfg(feature = "rs256")]
type Set = KeySet<CAPACITY, embedded_jwt::OwnedKey>;
#[cfg(feature = "rs256")]
const EMPTY: Set = KeySet::with_rsa();

#[cfg(not(feature = "rs256"))]
type Set = KeySet<CAPACITY>;
#[cfg(not(feature = "rs256"))]
const EMPTY: Set = KeySet::new();

pub struct Keys(Set);

impl Keys {
    pub const NONE: Self = Self(EMPTY);

    pub fn from_jwks(json: &mut [u8]) -> Result<Self, Error> {
        let mut keys = Self::NONE;
        keys.0.replace_from_jwks(json)?;
        Ok(keys)
    }

    /// The keys, to verify with.
    pub fn to_vec(&self) -> Vec<PublicKey<'_>> {
        #[cfg(feature = "rs256")]
        return self.0.as_keys().to_vec();
        #[cfg(not(feature = "rs256"))]
        self.0.to_vec()
    }

    /// The number of keys that cannot be used.
    pub fn skipped(&self) -> usize {
        self.0.skipped()
    }
}
