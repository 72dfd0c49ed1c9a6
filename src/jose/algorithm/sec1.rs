//! P-256 keys in the encoding of SEC 1, for the backends that take it.

use super::BackendError;
use crate::jose::PublicKey;

/// The key as an uncompressed point ([section 2.3.3](https://www.secg.org/sec1-v2.pdf)).
pub(super) fn uncompressed_point(key: &PublicKey<'_>) -> Result<[u8; 65], BackendError> {
    let coordinates = <[u8; 64]>::try_from(key.public_key()).map_err(|_| BackendError::InvalidKey)?;
    let mut point = [UNCOMPRESSED; 65];
    let (_, rest) = point.split_at_mut(1);
    rest.copy_from_slice(&coordinates);
    Ok(point)
}

/// First byte of an uncompressed point.
const UNCOMPRESSED: u8 = 4;
