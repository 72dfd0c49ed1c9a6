//! Checks of RSA keys and RS256 signatures, before any backend gets them, and the block that a valid signature encodes.

use sha2::{Digest, Sha256};

use super::{BackendError, Signature};
use crate::jose::PublicKey;

/// The length of a modulus of 2,048 bits, and of a signature by it, in bytes.
pub(in crate::jose) const MODULUS_LEN: usize = 256;

/// The modulus of the key and the number of the signature, both big-endian.
///
/// # Errors
///
/// - [`BackendError::InvalidKey`]: the modulus is not [acceptable](is_acceptable_modulus).
/// - [`BackendError::InvalidSignature`]: the number is not below the modulus
///   ([RFC 8017 section 5.2.2](https://www.rfc-editor.org/rfc/rfc8017#section-5.2.2)).
pub(super) fn numbers<'n>(key: &'n PublicKey<'_>, signature: Signature<'n>) -> Result<Numbers<'n>, BackendError> {
    let modulus: &[u8; MODULUS_LEN] = key.public_key().try_into().map_err(|_| BackendError::InvalidKey)?;
    if !is_acceptable_modulus(modulus) {
        return Err(BackendError::InvalidKey);
    }
    let signature = signature.fixed()?;
    if signature < modulus { Ok(Numbers { modulus, signature }) } else { Err(BackendError::InvalidSignature) }
}

pub(super) struct Numbers<'n> {
    pub(super) modulus: &'n [u8; MODULUS_LEN],
    pub(super) signature: &'n [u8; MODULUS_LEN],
}

/// Whether a big-endian number has exactly 2,048 bits and is odd. A shorter one is weaker, and an even one is no product
/// of two large primes.
pub(in crate::jose) const fn is_acceptable_modulus(modulus: &[u8; MODULUS_LEN]) -> bool {
    let [first, .., last] = modulus;
    *first >= 0x80 && *last & 1 == 1
}

/// The only block whose signature is valid for the message, by
/// [RFC 8017 section 9.2](https://www.rfc-editor.org/rfc/rfc8017#section-9.2). It is compared whole: verifiers that parse
/// the block have overlooked bytes in it (CVE-2006-4339 and its successors).
pub(super) fn encoded_block(message: &[u8]) -> [u8; MODULUS_LEN] {
    let mut block = [0xff; MODULUS_LEN];
    if let Some(start) = block.first_chunk_mut() {
        *start = [0x00, 0x01];
    }
    if let Some((rest, digest)) = block.split_last_chunk_mut() {
        *digest = Sha256::digest(message).into();
        if let Some(prefix) = rest.last_chunk_mut() {
            *prefix = DIGEST_PREFIX;
        }
    }
    block
}

/// The zero after the padding, and the DER encoding of `DigestInfo` for SHA-256 up to the digest
/// ([RFC 8017 section 9.2](https://www.rfc-editor.org/rfc/rfc8017#section-9.2), note 1).
const DIGEST_PREFIX: [u8; 20] = [
    0x00, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
    0x20,
];
