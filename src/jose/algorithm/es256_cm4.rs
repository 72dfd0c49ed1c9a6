//! The backend for ES256 in assembly for Cortex-M4.

use sha2::{Digest, Sha256};

use super::{Algorithm, BackendError, Signature, SignatureAlgorithm};
use crate::jose::PublicKey;

/// ES256 in assembly for Cortex-M4 and Cortex-M33: ECDSA on P-256 with SHA-256, by the crate `p256-cm4`.
///
/// It takes an eighth of the instructions of `Es256`, half of the flash of its curve and two fifths of its stack. It
/// accepts the same signatures, including a high `s`. Since the crate gives no reasons, a key that is not a point of
/// the curve is refused with [`BackendError::InvalidSignature`].
///
/// The chapter [backends](crate::guide::backends) has the targets that it builds for, and an instruction of it that the
/// architecture leaves undefined.
#[derive(Clone, Copy, Debug)]
pub struct Es256Cm4;

impl SignatureAlgorithm for Es256Cm4 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        let ([x, y], []) = key.public_key().as_chunks() else { return Err(BackendError::InvalidKey) };
        let (r, s) = signature.halves()?;
        let [x, y, r, s] = [x, y, r, s].map(words);
        match p256_cm4::verify(&x, &y, &Sha256::digest(message), &r, &s) {
            true => Ok(()),
            false => Err(BackendError::InvalidSignature),
        }
    }
}

/// The number as words, the lowest first.
fn words(number: &[u8; 32]) -> [u32; 8] {
    let mut words = [0; 8];
    let (bytes, _) = number.as_chunks();
    words.iter_mut().zip(bytes.iter().rev()).for_each(|(word, bytes)| *word = u32::from_be_bytes(*bytes));
    words
}
