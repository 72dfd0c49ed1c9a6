//! The issuer's key set. With the feature `rs256`, RSA keys are among its keys.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use embedded_jwt::{Error, KeySet, PublicKey};
use serde::de::IgnoredAny;

use crate::object::{Json, Object};

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

    /// Why a key set is refused.
    pub fn describe_refusal(json: &[u8], error: Error) -> String {
        let json = json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(json);
        let is_json = serde_json::from_slice::<IgnoredAny>(json).is_ok();
        let has_keys = || {
            let set = serde_json::from_slice::<Object>(json).ok();
            set.is_some_and(|set| set.get("keys").is_some_and(Json::is_array))
        };
        let hint = match error {
            // For example, a single key or an array of keys.
            Error::Malformed(_) if is_json && !has_keys() => "; a set has the form {\"keys\":[...]}",
            _ => "",
        };
        format!("{error} [{error:?}]{hint}")
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
