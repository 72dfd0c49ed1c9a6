//! DPoP proofs of possession (RFC 9449), and their nonces.

use core::ffi::c_int;

use jwt::{DpopNonce, DpopPolicy, DpopProof, SignatureAlgorithm, Token};

use crate::memory::{
    ARGUMENT, Lent, Opaque, answer, bytes_mut, ejwt_str, fill, opaque, produce, reference, value, value_or_new,
};
use crate::time::{ejwt_limit, ejwt_now};
use crate::verifier::{ALGORITHMS, NO_VERIFIER, ejwt_verifier, verifiers};

/// The nonces that are accepted at a time: the current one and the one before.
pub const EJWT_DPOP_NONCE_COUNT: usize = 2;
/// The size of the nonces, in words of 8 bytes.
pub const EJWT_DPOP_NONCES_WORDS: usize = 5;
/// The size of a proof, in words of 8 bytes.
#[cfg(target_pointer_width = "64")]
pub const EJWT_DPOP_PROOF_WORDS: usize = 17;
/// The size of a proof, in words of 8 bytes.
#[cfg(target_pointer_width = "32")]
pub const EJWT_DPOP_PROOF_WORDS: usize = 15;

/// The nonces that the device has issued. Zeroed, there are none, and every proof that needs one is refused.
#[repr(C, align(8))]
pub struct ejwt_dpop_nonces {
    opaque: [u64; EJWT_DPOP_NONCES_WORDS],
}

// SAFETY: `repr(C)`, of integers only.
unsafe impl Opaque for ejwt_dpop_nonces {
    type Value = [DpopNonce; EJWT_DPOP_NONCE_COUNT];
    const MARK: u32 = 0x656a_6e01;
}

/// A proof that was verified for one access token. Zeroed, it is none.
#[repr(C, align(8))]
pub struct ejwt_dpop_proof {
    opaque: [u64; EJWT_DPOP_PROOF_WORDS],
}

// SAFETY: `repr(C)`, of integers only.
unsafe impl Opaque for ejwt_dpop_proof {
    type Value = DpopProof<'static>;
    const MARK: u32 = 0x656a_6401;
}

/// A proof, and the request that it must belong to. Zeroed, it is refused.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ejwt_dpop_request {
    /// The value of the only header `DPoP`.
    pub proof: ejwt_str,
    /// The method of the request.
    pub method: ejwt_str,
    /// Its URI with scheme and authority, as the client knows it.
    pub uri: ejwt_str,
    /// The text of the access token that came with it.
    pub access_token: ejwt_str,
    /// What verifies proofs.
    pub verifiers: *const *const ejwt_verifier,
    /// The number of verifiers.
    pub verifier_count: usize,
    /// The nonces of the device, or null. If there are any, the proof must have one of them. They must outlive the proof. Verification
    /// writes them.
    pub nonces: *mut ejwt_dpop_nonces,
    /// How far the client's clock and the device's may differ, in seconds: `EJWT_DEFAULT_LEEWAY` as a rule. More than
    /// 300 counts as 300.
    pub leeway: u32,
    /// The longest time since the proof was made, plus leeway: 60 seconds if it is not set.
    pub max_age: ejwt_limit,
    /// The current time.
    pub now: ejwt_now,
    /// Memory for the decoded proof, apart from the token's buffer: three quarters of the proof's length. The proof
    /// points into it.
    pub buffer: *mut u8,
    /// The length of the buffer.
    pub buffer_len: usize,
}

/// Verifies a proof. Verify the access token itself with the proof in its `ejwt_access_checks`: only this consumes the
/// proof, and checks that the token is bound to its key.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_verify_dpop(request: *const ejwt_dpop_request, out: *mut ejwt_dpop_proof) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        fill(out, &[Lent::value(request)], |made| {
            let from = reference(request)?;
            let now = from.now.read()?;
            let buffer = Lent::bytes(from.buffer.cast_const(), from.buffer_len);
            for other in [from.proof, from.method, from.uri, from.access_token] {
                buffer.check_apart_from(&[Lent::bytes(other.ptr, other.len)])?;
            }
            buffer.check_apart_from(&[
                Lent::value(out),
                Lent::value(request),
                Lent::value(from.nonces.cast_const()),
            ])?;
            let (method, uri) = (from.method.text()?, from.uri.text()?);
            let mut policy = DpopPolicy::new(method, uri, from.access_token.bytes()?)
                .with_leeway(core::time::Duration::from_secs(from.leeway.into()));
            if let Some(max_age) = from.max_age.read()? {
                policy = policy.with_max_token_age(max_age);
            }
            if !from.nonces.is_null() {
                policy = policy.with_nonces(value(from.nonces.cast_const())?.map_or(&[], |nonces| nonces));
            }
            let mut slots: [&dyn SignatureAlgorithm; ALGORITHMS] = [&NO_VERIFIER; ALGORITHMS];
            let algorithms = verifiers(from.verifiers, from.verifier_count, &mut slots)?;
            let token = Token::parse(from.proof.bytes()?)?;
            let proof = token.verify_dpop(&policy, algorithms, now, bytes_mut(from.buffer, from.buffer_len)?)?;
            *made = opaque(proof);
            Ok(())
        })
    }
}

/// Accepts proofs with this nonce from now on, and with the one before. Put it into the header `DPoP-Nonce`: a new random
/// text of at least 128 bits each time. An empty text issues nothing.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_dpop_nonces_rotate(nonces: *mut ejwt_dpop_nonces, nonce: ejwt_str) -> c_int {
    // SAFETY: the caller's promise.
    let rotate = || unsafe {
        let nonce = nonce.text()?;
        if nonce.is_empty() {
            return Err(ARGUMENT);
        }
        DpopNonce::rotate(value_or_new(nonces, || [DpopNonce::new(), DpopNonce::new()])?, nonce);
        Ok(())
    };
    answer(rotate())
}

/// Accepts proofs with none of the nonces any more.
///
/// # Safety
///
/// The pointer is null or points to nonces.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_dpop_nonces_withdraw(nonces: *mut ejwt_dpop_nonces) -> c_int {
    // SAFETY: the caller's promise.
    let withdraw = || unsafe {
        value_or_new(nonces, || [DpopNonce::new(), DpopNonce::new()])?.iter().for_each(DpopNonce::withdraw);
        Ok(())
    };
    answer(withdraw())
}

/// The thumbprint of the key that signed a proof: 32 bytes.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_dpop_proof_key(proof: *const ejwt_dpop_proof, thumbprint: *mut [u8; 32]) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { produce(thumbprint, || Ok(*value(proof)?.ok_or(ARGUMENT)?.thumbprint().as_bytes())) }
}
