//! The software backend for ES256.

use p256::AffinePoint;
use p256::ecdsa::VerifyingKey;
use p256::ecdsa::signature::Verifier;
use p256::elliptic_curve::point::AffineCoordinates;

use super::{Algorithm, BackendError, Signature, SignatureAlgorithm};
use crate::jose::PublicKey;

/// ES256 in software: ECDSA on P-256 with SHA-256, by the crate `p256`.
///
/// Signatures with `s` > n/2 are accepted, as in JOSE. A token therefore has two valid signatures, so that its text
/// does not identify it, neither for a revocation nor for a replay check.
#[derive(Clone, Copy, Debug)]
pub struct Es256;

impl SignatureAlgorithm for Es256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        let key = verifying_key(key)?;
        p256::ecdsa::Signature::from_bytes(&(*signature.fixed::<64>()?).into())
            .and_then(|signature| key.verify(message, &signature))
            .map_err(|_| BackendError::InvalidSignature)
    }
}

/// The key as a point of the curve. It is made from both coordinates, not from SEC 1, which would link the code that
/// decompresses points.
///
/// # Errors
///
/// [`BackendError::InvalidKey`] if it is not a point of the curve.
pub(super) fn verifying_key(key: &PublicKey<'_>) -> Result<VerifyingKey, BackendError> {
    let ([x, y], []) = key.public_key().as_chunks::<32>() else { return Err(BackendError::InvalidKey) };
    let point = AffinePoint::from_coordinates(&(*x).into(), &(*y).into()).into_option();
    VerifyingKey::from_affine(point.ok_or(BackendError::InvalidKey)?).map_err(|_| BackendError::InvalidKey)
}
