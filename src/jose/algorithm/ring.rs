//! Backends by the crate `ring`, for targets with an operating system.

use ::ring::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};
#[cfg(feature = "rs256")]
use ::ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

use super::ed25519::check_encoding;
#[cfg(feature = "rs256")]
use super::rsa::{Numbers, numbers};
use super::sec1::uncompressed_point;
use super::{Algorithm, BackendError, Signature, SignatureAlgorithm};
use crate::jose::PublicKey;

/// ES256 by the crate `ring`: ECDSA on P-256 with SHA-256.
///
/// For gateways that run Linux or a similar system and verify many tokens: ring has P-256 in hand-written assembly for
/// x86-64 and AArch64, and took a fifth to a third of the time of `Es256` on x86-64. It needs a C compiler for the target. It does
/// not build unchanged for bare metal, where its `getrandom` has no source.
///
/// It accepts the same signatures as `Es256`, including a high `s`. Since ring gives no reasons, a key that is not a
/// point of the curve is refused with [`BackendError::InvalidSignature`].
#[derive(Clone, Copy, Debug)]
pub struct RingEs256;

impl SignatureAlgorithm for RingEs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, uncompressed_point(key)?)
            .verify(message, signature.as_bytes())
            .map_err(|_| BackendError::InvalidSignature)
    }
}

/// EdDSA by the crate `ring`: Ed25519, as strictly as `EdDsa`.
///
/// It takes as long as `EdDsa`, and saves linking `EdDsa` where ring is linked anyway: for [`RingEs256`], or for TLS.
///
/// A key that is not a point of the curve is refused with [`BackendError::InvalidSignature`] here too.
#[derive(Clone, Copy, Debug)]
pub struct RingEdDsa;

impl SignatureAlgorithm for RingEdDsa {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDsa
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        check_encoding(key, signature)?; // ring accepts points of small order
        UnparsedPublicKey::new(&ED25519, key.public_key())
            .verify(message, signature.as_bytes())
            .map_err(|_| BackendError::InvalidSignature)
    }
}

/// RS256 by the crate `ring` ([RFC 7518 section 3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3)):
/// RSASSA-PKCS1-v1_5 with SHA-256
/// ([RFC 8017 section 8.2.2](https://www.rfc-editor.org/rfc/rfc8017#section-8.2.2)), as strictly as `Rs256`.
///
/// **It uses the heap**, as no other backend of this crate does: ring computes RSA with numbers in allocated memory, and
/// allocates five times for each signature. `Rs256` needs no allocator.
///
/// A key whose modulus is even or does not have 2,048 bits is refused with [`BackendError::InvalidKey`].
///
/// # Example
///
/// ```
/// use embedded_jwt::{Issuer, KeySet, OwnedKey, RingEs256, RingRs256};
///
/// # let keys = KeySet::<6, OwnedKey>::with_rsa();
/// let borrowed = keys.as_keys(); // `keys` is a `KeySet<6, OwnedKey>`
/// let issuer = Issuer::new("https://tenant.auth0.com/", &borrowed, &[&RingRs256, &RingEs256]);
/// ```
#[cfg(feature = "rs256")]
#[derive(Clone, Copy, Debug)]
pub struct RingRs256;

#[cfg(feature = "rs256")]
impl SignatureAlgorithm for RingRs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Rs256
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        let Numbers { modulus, signature } = numbers(key, signature)?;
        RsaPublicKeyComponents { n: &modulus[..], e: &[1, 0, 1][..] }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .map_err(|_| BackendError::InvalidSignature)
    }
}
