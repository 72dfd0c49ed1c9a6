//! Verifiers of signatures: the software of this library, or a callback for hardware.

use core::ffi::{c_int, c_void};
use core::fmt;

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
    /// if there is no answer (`EJWT_E_BACKEND_UNAVAILABLE`). It must not call this library with memory that the request uses.
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
pub struct ejwt_software {
    algorithm: u32,
    verify: fn(&PublicKey<'_>, &[u8], Signature<'_>) -> Result<(), BackendError>,
}

// SAFETY: nothing is written to a verifier. The context belongs to the caller, whose promise it is to call from one
// thread at a time, or to make the callback fit for more.
unsafe impl Sync for ejwt_verifier {}

static SOFTWARE_ES256: ejwt_software =
    ejwt_software { algorithm: EJWT_ES256, verify: |key, message, signature| Es256.verify(key, message, signature) };
static SOFTWARE_EDDSA: ejwt_software =
    ejwt_software { algorithm: EJWT_EDDSA, verify: |key, message, signature| EdDsa.verify(key, message, signature) };

/// Verifies ES256 in software.
#[unsafe(no_mangle)]
pub static ejwt_es256: ejwt_verifier = software(&SOFTWARE_ES256);

/// Verifies EdDSA (Ed25519) in software.
#[unsafe(no_mangle)]
pub static ejwt_eddsa: ejwt_verifier = software(&SOFTWARE_EDDSA);

/// A verifier that is zeroed, for slots that are not filled in.
pub(crate) static NO_VERIFIER: ejwt_verifier =
    ejwt_verifier { algorithm: 0, verify: None, context: core::ptr::null_mut(), software: core::ptr::null() };

const fn software(software: &'static ejwt_software) -> ejwt_verifier {
    ejwt_verifier { algorithm: software.algorithm, verify: None, context: core::ptr::null_mut(), software }
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
        let fits = software.is_none_or(|software| software.algorithm == self.algorithm);
        if has_one && fits && self.named_algorithm().is_some() { Ok(()) } else { Err(ARGUMENT) }
    }
}

/// The verifiers behind pointers from C, checked, in the slots.
///
/// # Safety
///
/// A pointer that is not null points to `count` pointers, each null or to a verifier.
pub(crate) unsafe fn verifiers<'a, 's>(
    ptr: *const *const ejwt_verifier,
    count: usize,
    slots: &'s mut [&'a dyn SignatureAlgorithm; ALGORITHMS],
) -> Result<&'s [&'a dyn SignatureAlgorithm], Failure> {
    // SAFETY: the caller's promise.
    let pointers = unsafe { slice_of(ptr, count)? };
    let slots = slots.get_mut(..count).ok_or(ARGUMENT)?;
    for (slot, verifier) in slots.iter_mut().zip(pointers) {
        // SAFETY: the caller's promise.
        let verifier = unsafe { reference::<ejwt_verifier>(*verifier)? };
        verifier.check()?;
        *slot = verifier;
    }
    Ok(slots)
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
            return (software.verify)(key, message, signature);
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

/// Writes nothing: nobody prints a verifier of C, and a name would be in every image.
impl fmt::Debug for ejwt_verifier {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
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
