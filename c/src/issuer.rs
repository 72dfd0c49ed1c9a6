//! Issuers as trust anchors.

use heapless::Vec;
use jwt::{Error, Issuer, Key, MAX_ISSUERS, Now, SignatureAlgorithm};

use crate::key::{ejwt_key, ejwt_key_set, unexpired};
use crate::memory::{ARGUMENT, Failure, Lent, ejwt_str, slice_of};
use crate::verifier::{ALGORITHMS, NO_VERIFIER, ejwt_verifier, verifiers};

/// The largest number of issuers of a request.
pub const EJWT_MAX_ISSUERS: usize = 4;
/// The largest number of keys in flash (`ejwt_issuer.keys`) of all issuers of a request. They are on the stack during
/// the verification, some 170 bytes each. Keys in a key set are not.
pub const EJWT_MAX_STATIC_KEYS: usize = 4;

const _: () = assert!(EJWT_MAX_ISSUERS == MAX_ISSUERS);

/// A trust anchor: the name of an issuer, its keys, and the algorithms that it may sign with. Zeroed, it refuses every
/// token.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ejwt_issuer {
    /// What `iss` must be, byte for byte.
    pub name: ejwt_str,
    /// Keys in flash, or null.
    pub keys: *const ejwt_key,
    /// The number of keys in flash: 0 with a key set.
    pub key_count: usize,
    /// A key set instead, or null. Verification writes it: retired keys whose overlap is over are dropped.
    pub key_set: *mut ejwt_key_set,
    /// The verifiers of its signatures: no other algorithm is accepted or linked.
    pub verifiers: *const *const ejwt_verifier,
    /// The number of verifiers.
    pub verifier_count: usize,
    /// 1: tokens without a `kid` are refused, and keys without a `kid` are never tried.
    pub requires_kid: u32,
}

// SAFETY: an issuer only points to memory that the caller lends for a call.
unsafe impl Sync for ejwt_issuer {}

/// Hands the issuers to `run` as the crate wants them. The keys in flash are on the stack meanwhile. The buffer must be
/// apart from their key sets.
///
/// # Safety
///
/// Pointers that are not null point to what their types say. The key sets are used by nobody else.
pub(crate) unsafe fn with_issuers(
    issuers: &[ejwt_issuer],
    buffer: Lent,
    now: Now,
    run: &mut dyn FnMut(&[&Issuer<'_>]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if issuers.len() > MAX_ISSUERS {
        return Err(Error::TooManyIssuers.into());
    }
    let mut flash = Vec::<Key, EJWT_MAX_STATIC_KEYS>::new();
    for issuer in issuers {
        if !issuer.key_set.is_null() && issuer.key_count > 0 {
            return Err(ARGUMENT);
        }
        buffer.check_apart_from(&[Lent::value(issuer.key_set)])?;
        // SAFETY: the caller's promise.
        unsafe { add_keys(issuer, &mut flash)? };
    }

    let mut algorithms: [&dyn SignatureAlgorithm; MAX_ISSUERS * ALGORITHMS] = [&NO_VERIFIER; MAX_ISSUERS * ALGORITHMS];
    let (algorithms, _) = algorithms.as_chunks_mut::<ALGORITHMS>();
    let mut trusted = Vec::<Issuer<'_>, MAX_ISSUERS>::new();
    let mut flash = flash.as_slice();
    for (issuer, algorithms) in issuers.iter().zip(algorithms) {
        let (own, rest) = flash.split_at_checked(issuer.key_count).ok_or(ARGUMENT)?;
        flash = rest;
        // A set that several issuers share is lent once.
        let shared = issuers.iter().zip(&trusted).find(|(other, _)| other.key_set == issuer.key_set);
        let keys = match shared {
            _ if issuer.key_set.is_null() => own,
            Some((_, other)) => other.keys(),
            // SAFETY: the caller's promise, and no other reference to this set is alive.
            None => unsafe { unexpired(issuer.key_set, now)? },
        };
        // SAFETY: the caller's promise.
        let (name, algorithms) =
            unsafe { (issuer.name.text()?, verifiers(issuer.verifiers, issuer.verifier_count, algorithms)?) };
        let anchor = Issuer::new(name, keys, algorithms);
        let anchor = if issuer.requires_kid == 0 { anchor } else { anchor.with_required_kid() };
        trusted.push(anchor).map_err(|_| ARGUMENT)?;
    }
    let mut references = Vec::<&Issuer<'_>, MAX_ISSUERS>::new();
    for issuer in &trusted {
        references.push(issuer).map_err(|_| ARGUMENT)?;
    }
    run(&references)
}

/// Copies the keys in flash to the stack.
///
/// # Safety
///
/// Pointers that are not null point to what their types say.
// Not inlined, so that its frame is gone when the curve arithmetic is called.
#[inline(never)]
unsafe fn add_keys(issuer: &ejwt_issuer, flash: &mut Vec<Key, EJWT_MAX_STATIC_KEYS>) -> Result<(), Failure> {
    // SAFETY: the caller's promise.
    for key in unsafe { slice_of(issuer.keys, issuer.key_count)? } {
        // SAFETY: the caller's promise.
        flash.push(unsafe { key.read()? }).map_err(|_| Failure::from(Error::TooManyKeys))?;
    }
    Ok(())
}
