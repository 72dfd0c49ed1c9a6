//! Verifiers of signatures: the software of this library, or a callback for hardware.

use core::ffi::{c_int, c_void};
use core::fmt;

use heapless::Vec;
use jwt::{Algorithm, BackendError, EdDsa, Es256, PublicKey, SelfTest, Signature, SignatureAlgorithm, self_test};

use crate::error::{EJWT_E_INVALID_KEY, EJWT_E_INVALID_SIGNATURE};
use crate::memory::{ARGUMENT, Failure, produce, reference, slice_of};

/// ECDSA on P-256 with SHA-256.
pub const EJWT_ES256: u32 = 1;
/// Ed25519, under either of its names.
pub const EJWT_EDDSA: u32 = 2;

/// What verifies the signatures of one algorithm: `ejwt_es256`, `ejwt_eddsa`, or your own for PSA Crypto or a secure
/// element. Only what an issuer names is linked.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ejwt_verifier {
    /// `EJWT_ES256` or `EJWT_EDDSA`. Zeroed, it is refused.
    pub algorithm: u32,
    /// Verifies a signature over a message that is not hashed yet. The key is `x` and `y`, 32 bytes each, for ES256, and
    /// the encoded point of 32 bytes for EdDSA; the signature is `r` and `s`, or `R` and `S`, 32 bytes each. Numbers out of
    /// range and points of small order were refused before.
    ///
    /// Returns 0 if the signature is valid, `EJWT_E_INVALID_SIGNATURE` or `EJWT_E_INVALID_KEY` if not, and anything else
    /// if there is no answer (`EJWT_E_BACKEND_UNAVAILABLE`). It must not call this library with what the request uses.
    pub verify: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            key: *const u8,
            key_len: usize,
            message: *const u8,
            message_len: usize,
            signature: *const u8,
            signature_len: usize,
        ) -> c_int,
    >,
    /// Handed to `verify`.
    pub context: *mut c_void,
    /// The software of this library. Null in a verifier of your own.
    pub software: *const ejwt_software,
}

/// A verifier of this library, in Rust.
pub struct ejwt_software(&'static dyn SignatureAlgorithm);

// SAFETY: nothing is written to a verifier. The context belongs to the caller, whose promise it is to call from one
// thread at a time, or to make the callback fit for more.
unsafe impl Sync for ejwt_verifier {}

// SAFETY: both backends have no state.
unsafe impl Sync for ejwt_software {}

static SOFTWARE_ES256: ejwt_software = ejwt_software(&Es256);
static SOFTWARE_EDDSA: ejwt_software = ejwt_software(&EdDsa);

/// Verifies ES256 in software.
#[unsafe(no_mangle)]
pub static ejwt_es256: ejwt_verifier = software(EJWT_ES256, &SOFTWARE_ES256);

/// Verifies EdDSA (Ed25519) in software.
#[unsafe(no_mangle)]
pub static ejwt_eddsa: ejwt_verifier = software(EJWT_EDDSA, &SOFTWARE_EDDSA);

const fn software(algorithm: u32, software: &'static ejwt_software) -> ejwt_verifier {
    ejwt_verifier { algorithm, verify: None, context: core::ptr::null_mut(), software }
}

impl ejwt_verifier {
    fn named_algorithm(&self) -> Option<Algorithm> {
        match self.algorithm {
            EJWT_ES256 => Some(Algorithm::Es256),
            EJWT_EDDSA => Some(Algorithm::EdDsa),
            _ => None,
        }
    }

    /// Refuses a verifier that is zeroed, or has neither a callback nor software, or both.
    fn check(&self) -> Result<(), Failure> {
        let has_one = self.verify.is_some() == self.software.is_null();
        // SAFETY: a pointer that is not null is one of the statics above.
        let software = unsafe { self.software.as_ref() };
        let algorithm = self.named_algorithm().ok_or(ARGUMENT)?;
        let fits = software.is_none_or(|software| software.0.algorithm() == algorithm);
        if has_one && fits { Ok(()) } else { Err(ARGUMENT) }
    }
}

/// The verifiers behind pointers from C, checked.
///
/// # Safety
///
/// A pointer that is not null points to `count` pointers, each null or to a verifier.
pub(crate) unsafe fn verifiers<'a>(
    ptr: *const *const ejwt_verifier,
    count: usize,
) -> Result<Vec<&'a dyn SignatureAlgorithm, ALGORITHMS>, Failure> {
    let mut verifiers = Vec::<&dyn SignatureAlgorithm, ALGORITHMS>::new();
    // SAFETY: the caller's promise.
    for verifier in unsafe { slice_of(ptr, count)? } {
        // SAFETY: the caller's promise.
        let verifier = unsafe { reference::<ejwt_verifier>(*verifier)? };
        verifier.check()?;
        verifiers.push(verifier).map_err(|_| ARGUMENT)?;
    }
    Ok(verifiers)
}

/// The number of algorithms. An issuer needs no more verifiers.
pub(crate) const ALGORITHMS: usize = 2;

impl SignatureAlgorithm for ejwt_verifier {
    fn algorithm(&self) -> Algorithm {
        self.named_algorithm().unwrap_or(Algorithm::Es256)
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        // SAFETY: a pointer that is not null is one of the statics above.
        if let Some(software) = unsafe { self.software.as_ref() } {
            return software.0.verify(key, message, signature);
        }
        let verify = self.verify.ok_or(BackendError::Unavailable)?;
        let (key, signature) = (key.public_key(), signature.as_bytes());
        // SAFETY: the pointers are to bytes of these lengths. The rest is the promise of the callback.
        let answer = unsafe {
            verify(
                self.context,
                key.as_ptr(),
                key.len(),
                message.as_ptr(),
                message.len(),
                signature.as_ptr(),
                signature.len(),
            )
        };
        match answer {
            0 => Ok(()),
            EJWT_E_INVALID_KEY => Err(BackendError::InvalidKey),
            EJWT_E_INVALID_SIGNATURE => Err(BackendError::InvalidSignature),
            _ => Err(BackendError::Unavailable),
        }
    }
}

/// Omits the addresses.
impl fmt::Debug for ejwt_verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ejwt_verifier")
    }
}

/// Tests a verifier with signatures whose verdict is known. Call it for each verifier once at start-up.
///
/// `is_strict` may be null. It becomes 1 if the verifier itself refuses keys and signatures out of range, and 0 if it
/// relies on this library, which refuses them before.
///
/// Returns `EJWT_E_BACKEND_BROKEN` if the verifier accepts an invalid signature or refuses a valid one, and
/// `EJWT_E_BACKEND_UNAVAILABLE` if it once gave no answer.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_self_test(verifier: *const ejwt_verifier, is_strict: *mut u32) -> c_int {
    let mut unused = 0;
    let is_strict = if is_strict.is_null() { &raw mut unused } else { is_strict };
    // SAFETY: the caller's promise; `unused` is a local variable.
    unsafe {
        produce(is_strict, || {
            let verifier = reference(verifier)?;
            verifier.check()?;
            Ok(u32::from(self_test(verifier)? == SelfTest::Strict))
        })
    }
}
