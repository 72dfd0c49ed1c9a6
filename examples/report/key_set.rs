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

/// The texts of a set's entries. `None` if it does not have the form of a set.
pub fn entries(json: &[u8]) -> Option<Vec<Json>> {
    let set: Object = serde_json::from_slice(without_mark(json)).ok()?;
    set.get("keys")?.elements()
}

/// The text without the byte order mark that it may start with.
fn without_mark(json: &[u8]) -> &[u8] {
    json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(json)
}

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
        let is_json = serde_json::from_slice::<IgnoredAny>(without_mark(json)).is_ok();
        let hint = match error {
            // For example, a single key or an array of keys.
            Error::Malformed(_) if is_json && entries(json).is_none() => "; a set has the form {\"keys\":[...]}",
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
