//! DPoP proofs that were used, in memory of a fixed bound
//! ([RFC 9449 section 11.1](https://www.rfc-editor.org/rfc/rfc9449#section-11.1)).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use embedded_jwt::{Error, ReplayCheck, UnixTime};
use sha2::{Digest, Sha256};

/// Each is remembered by a digest, since a client may choose a long `jti`. After a restart all is forgotten: a proof
/// can then be used once more, as long as it is fresh.
pub struct Replay {
    capacity: usize,
    used: Mutex<HashMap<[u8; 32], UnixTime>>,
}

impl Replay {
    pub fn new(capacity: usize) -> Self {
        Self { capacity, used: Mutex::default() }
    }
}

impl ReplayCheck for Replay {
    fn use_once(&self, scope: &[u8], id: &str, until: UnixTime, now: UnixTime) -> Result<(), Error> {
        let digest = Sha256::new()
            .chain_update(scope.len().to_be_bytes())
            .chain_update(scope)
            .chain_update(id)
            .finalize()
            .into();
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.contains_key(&digest) {
            return Err(Error::Replayed);
        }
        if used.len() >= self.capacity {
            used.retain(|_, until| *until >= now);
        }
        // Full of proofs that could still be replayed: forgetting one of them is no way out.
        if used.len() >= self.capacity {
            return Err(Error::Replayed);
        }
        used.insert(digest, until);
        Ok(())
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}
