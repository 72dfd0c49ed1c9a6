//! The list of revocations, in the caller's memory.

use core::ffi::c_int;

use jwt::{Revocation, RevocationList, Thumbprint, UnixTime};

use crate::key::ejwt_key;
use crate::memory::{
    ARGUMENT, Opaque, answer, bytes_mut, ejwt_str, produce, reference, slice_of, store, store_mut, value_mut,
};
use crate::time::ejwt_now;

/// The entries that a list can hold.
pub const EJWT_REVOCATION_CAPACITY: usize = 32;
/// The length of a full list's snapshot.
pub const EJWT_REVOCATION_SNAPSHOT_LEN: usize = 1080;
/// The size of a list, in words of 8 bytes.
pub const EJWT_REVOCATION_WORDS: usize = 150;

type List = RevocationList<EJWT_REVOCATION_CAPACITY>;

const _: () = assert!(EJWT_REVOCATION_SNAPSHOT_LEN == List::SNAPSHOT_LEN);

/// The tokens that are revoked before they expire. Zeroed, it is closed, and refuses every token (`EJWT_E_NOT_OPENED`).
#[repr(C, align(8))]
pub struct ejwt_revocation_list {
    opaque: [u64; EJWT_REVOCATION_WORDS],
}

// SAFETY: `repr(C)`, of integers only.
unsafe impl Opaque for ejwt_revocation_list {
    type Value = List;
    const MARK: u32 = 0x656a_7201;
}

/// `ejwt_revocation`: the token of `issuer` with the `jti` in `name`.
pub const EJWT_REVOKE_TOKEN: u32 = 1;
/// `ejwt_revocation`: the token whose signing input has the SHA-256 digest `digest`, for a token without `jti`.
pub const EJWT_REVOKE_SIGNING_INPUT: u32 = 2;
/// `ejwt_revocation`: the tokens of `issuer` for the subject in `name`.
pub const EJWT_REVOKE_SUBJECT: u32 = 3;
/// `ejwt_revocation`: the access tokens of `issuer` for the client in `name`.
pub const EJWT_REVOKE_CLIENT: u32 = 4;
/// `ejwt_revocation`: the tokens that `key` verifies.
pub const EJWT_REVOKE_KEY: u32 = 5;
/// `ejwt_revocation`: the tokens of `issuer`.
pub const EJWT_REVOKE_ISSUER: u32 = 6;
/// `ejwt_revocation`: the tokens that are bound to the key with the thumbprint `digest`.
pub const EJWT_REVOKE_PROOF_KEY: u32 = 7;
/// `ejwt_revocation`: all tokens.
pub const EJWT_REVOKE_ALL: u32 = 8;

/// A revocation: one token, or a group of tokens. Zeroed, it is an error.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ejwt_revocation {
    /// `EJWT_REVOKE_TOKEN` or another of these. Each says which of the members it needs.
    pub kind: u32,
    /// The issuer's name (`iss`).
    pub issuer: ejwt_str,
    /// The token's id, the subject or the client.
    pub name: ejwt_str,
    /// A digest of 32 bytes.
    pub digest: *const u8,
    /// A key, whose `kid` is ignored.
    pub key: *const ejwt_key,
    /// For groups of tokens: those that have no `iat`, or one before this time. `INT64_MAX` means any time; 0 and less,
    /// which a forgotten member is, are an error.
    pub issued_before: i64,
}

/// Revokes until `until`, in seconds since 1970: from when on every policy refuses the revoked tokens
/// (`ejwt_token.refused_from`). An `until` that is not after `now` is an error.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_revoke(
    list: *mut ejwt_revocation_list,
    revocation: *const ejwt_revocation,
    until: i64,
    now: ejwt_now,
) -> c_int {
    // SAFETY: the caller's promise.
    let revoke = || unsafe {
        let (from, now) = (reference(revocation)?, now.read()?);
        let digest = || slice_of(from.digest, 32)?.first_chunk::<32>().ok_or(ARGUMENT);
        let (issuer, name) = (from.issuer.text()?, from.name.text()?);
        let issued_before = UnixTime::from_secs(from.issued_before);
        let key;
        let revocation = match from.kind {
            EJWT_REVOKE_TOKEN => Revocation::Token { issuer, jwt_id: name },
            EJWT_REVOKE_SIGNING_INPUT => Revocation::SigningInput(digest()?),
            EJWT_REVOKE_SUBJECT => Revocation::Subject { issuer, subject: name, issued_before },
            EJWT_REVOKE_CLIENT => Revocation::Client { issuer, client_id: name, issued_before },
            EJWT_REVOKE_KEY => {
                key = reference(from.key)?.read()?;
                Revocation::Key { key: &key, issued_before }
            }
            EJWT_REVOKE_ISSUER => Revocation::Issuer { issuer, issued_before },
            EJWT_REVOKE_PROOF_KEY => {
                Revocation::ProofKey { thumbprint: Thumbprint::from_bytes(*digest()?), issued_before }
            }
            EJWT_REVOKE_ALL => Revocation::All { issued_before },
            _ => return Err(ARGUMENT),
        };
        let is_group = !matches!(from.kind, EJWT_REVOKE_TOKEN | EJWT_REVOKE_SIGNING_INPUT);
        if is_group && from.issued_before <= 0 {
            return Err(ARGUMENT);
        }
        let needs_issuer =
            matches!(from.kind, EJWT_REVOKE_TOKEN | EJWT_REVOKE_SUBJECT | EJWT_REVOKE_CLIENT | EJWT_REVOKE_ISSUER);
        if needs_issuer && (issuer.is_empty() || (from.kind != EJWT_REVOKE_ISSUER && name.is_empty())) {
            return Err(ARGUMENT);
        }
        Ok(store_mut(list)?.revoke(revocation, UnixTime::from_secs(until), now)?)
    };
    answer(revoke())
}

/// Opens a list without entries: after a restart, revoked tokens are accepted again. Does nothing if the list is open.
///
/// # Safety
///
/// The pointer is null or points to a list.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_revocations_start_empty(list: *mut ejwt_revocation_list) -> c_int {
    // SAFETY: the caller's promise.
    answer(unsafe { value_mut(list, List::new) }.map(|list| list.start_empty()))
}

/// Opens a list with the entries of a snapshot of at least this generation.
///
/// # Safety
///
/// Pointers are null or point to what their types say, `snapshot` to `len` bytes.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_revocations_restore(
    list: *mut ejwt_revocation_list,
    snapshot: *const u8,
    len: usize,
    least_generation: u64,
    now: ejwt_now,
) -> c_int {
    // SAFETY: the caller's promise.
    let restore = || unsafe {
        let (now, snapshot) = (now.read()?, slice_of(snapshot, len)?);
        Ok(value_mut(list, List::new)?.restore(snapshot, least_generation, now)?)
    };
    answer(restore())
}

/// Writes a snapshot, at most `EJWT_REVOCATION_SNAPSHOT_LEN` bytes, and its length.
///
/// # Safety
///
/// Pointers are null or point to what their types say, `snapshot` to `size` bytes.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_revocations_snapshot(
    list: *const ejwt_revocation_list,
    snapshot: *mut u8,
    size: usize,
    len: *mut usize,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { produce(len, || Ok(store(list)?.snapshot(bytes_mut(snapshot, size)?)?.len())) }
}

/// The number of changes so far, to be stored with a snapshot.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_revocations_generation(list: *const ejwt_revocation_list, generation: *mut u64) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { produce(generation, || Ok(store(list)?.generation())) }
}

/// Drops all entries: revoked tokens are accepted again.
///
/// # Safety
///
/// The pointer is null or points to a list.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_revocations_clear(list: *mut ejwt_revocation_list) -> c_int {
    // SAFETY: the caller's promise.
    let clear = || unsafe { Ok(store_mut(list)?.clear()?) };
    answer(clear())
}
