//! Keys in flash, and key sets in the caller's memory.

use core::ffi::c_int;

use jwt::{Key, KeySet, SignedKeySetPolicy, UnixTime};

use crate::memory::{
    ARGUMENT, Failure, Lent, Opaque, answer, bytes_mut, ejwt_str, existing_mut, produce, reference, slice_of, value,
    value_mut,
};
use crate::request::{ejwt_request, with_verified};
use crate::time::ejwt_now;
use crate::verifier::{EJWT_EDDSA, EJWT_ES256};

/// A public key as `static const` data.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ejwt_key {
    /// `EJWT_ES256` or `EJWT_EDDSA`, the only algorithm of the key. Zeroed, it is refused.
    pub algorithm: u32,
    /// The key's id, of any length, or none.
    pub kid: ejwt_str,
    /// ES256: the big-endian x coordinate. EdDSA: the encoded point.
    pub x: [u8; 32],
    /// ES256: the big-endian y coordinate. EdDSA: zeros.
    pub y: [u8; 32],
}

// SAFETY: nothing is written to a key, nor through its pointer.
unsafe impl Sync for ejwt_key {}

impl ejwt_key {
    /// # Safety
    ///
    /// The pointer of the `kid` is null or valid.
    #[inline]
    pub(crate) unsafe fn read(&self) -> Result<Key, Failure> {
        let key = match self.algorithm {
            EJWT_ES256 => Key::es256(&self.x, &self.y),
            EJWT_EDDSA if self.y == [0; 32] => Key::ed25519(&self.x),
            _ => return Err(ARGUMENT),
        };
        // SAFETY: the caller's promise.
        Ok(key.with_kid(unsafe { self.kid.bytes()? }))
    }
}

/// The keys that a key set can hold, retired keys included.
pub const EJWT_KEY_SET_CAPACITY: usize = 8;
/// The size of a key set, in words of 8 bytes.
pub const EJWT_KEY_SET_WORDS: usize = 181;

/// The keys of a JWK Set, in the caller's memory. Zeroed, it is empty, and verifies nothing.
#[repr(C, align(8))]
pub struct ejwt_key_set {
    opaque: [u64; EJWT_KEY_SET_WORDS],
}

// SAFETY: `repr(C)`, of integers only.
unsafe impl Opaque for ejwt_key_set {
    type Value = KeySet<EJWT_KEY_SET_CAPACITY>;
    const MARK: u32 = 0x656a_6b01;
}

/// The keys to verify with at this time: retired keys are among them until their overlap is over. It can be asked for
/// the same set again.
///
/// # Safety
///
/// The pointer is null or points to a key set that nobody else uses for `'a`.
pub(crate) unsafe fn unexpired<'a>(set: *mut ejwt_key_set, now: jwt::Now) -> Result<&'a [Key], Failure> {
    // SAFETY: the caller's promise.
    Ok(unsafe { existing_mut(set)? }.map_or(&[], |set| set.expire(now)))
}

/// Replaces all keys by the keys of a JWK Set, or changes nothing if there is an error. The text is rewritten in place,
/// and is not needed afterwards.
///
/// Keys that cannot verify are skipped. More than `EJWT_KEY_SET_CAPACITY` usable keys are an error.
///
/// # Safety
///
/// Pointers are null or point to what their types say, `json` to `len` bytes apart from the set.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_key_set_replace(set: *mut ejwt_key_set, json: *mut u8, len: usize) -> c_int {
    // SAFETY: the caller's promise.
    let replace = || unsafe {
        Lent::bytes(json, len).check_apart_from(&[Lent::value(set)])?;
        let json = bytes_mut(json, len)?;
        Ok(value_mut(set, KeySet::new)?.replace_from_jwks(json)?)
    };
    answer(replace())
}

/// Replaces the keys as `ejwt_key_set_replace` does, and keeps the removed keys until `until` (seconds since 1970), for
/// tokens that they have signed.
///
/// # Safety
///
/// As `ejwt_key_set_replace`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_key_set_rotate(
    set: *mut ejwt_key_set,
    json: *mut u8,
    len: usize,
    until: i64,
    now: ejwt_now,
) -> c_int {
    // SAFETY: the caller's promise.
    let rotate = || unsafe {
        Lent::bytes(json, len).check_apart_from(&[Lent::value(set)])?;
        let (now, json) = (now.read()?, bytes_mut(json, len)?);
        Ok(value_mut(set, KeySet::new)?.rotate_from_jwks(json, UnixTime::from_secs(until), now)?)
    };
    answer(rotate())
}

/// Replaces the keys by the keys of a signed key set, which is the token of the request. It is verified with the issuer's
/// root key, which is in flash or in another set.
///
/// `newest` is the `iat` of the last set that was accepted, or the time at which the firmware was built; it becomes the
/// `iat` of this one. Store it where it survives a restart. It does not change if there is an error. 0 and less are an
/// error: with them, an old set would be accepted again.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_key_set_replace_from_signed(
    set: *mut ejwt_key_set,
    request: *const ejwt_request,
    newest: *mut i64,
) -> c_int {
    // SAFETY: the caller's promise.
    let replace = || unsafe {
        let from = reference(request)?;
        // A set is not replaced while its own keys are lent.
        if slice_of(from.issuers, from.issuer_count)?.iter().any(|issuer| issuer.key_set == set) {
            return Err(ARGUMENT);
        }
        let least = *reference(newest.cast_const())?;
        if least <= 0 {
            return Err(ARGUMENT);
        }
        let policy = SignedKeySetPolicy::new(UnixTime::from_secs(least));
        let mut issued_at = None;
        with_verified(
            request,
            &[Lent::value(request), Lent::value(newest), Lent::value(set)],
            &mut |verified, now| {
                let keys = value_mut(set, KeySet::new)?;
                issued_at = Some(keys.replace_from_signed(verified, &policy, now)?.as_secs());
                Ok(())
            },
        )?;
        newest.write(issued_at.ok_or(ARGUMENT)?);
        Ok(())
    };
    answer(replace())
}

/// The number of keys of a set, without retired keys.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_key_set_count(set: *const ejwt_key_set, keys: *mut usize) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { produce(keys, || Ok(value(set)?.map_or(0, |set| set.len()))) }
}

/// The number of entries of the last JWK Set that were skipped, since they cannot verify.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_key_set_skipped(set: *const ejwt_key_set, skipped: *mut usize) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { produce(skipped, || Ok(value(set)?.map_or(0, |set| set.skipped()))) }
}
