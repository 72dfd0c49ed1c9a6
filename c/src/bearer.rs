//! The HTTP headers `Authorization` and `WWW-Authenticate`.

use core::ffi::c_int;
use core::fmt;

use jwt::Error;
use jwt::bearer::{Challenge, Scheme, from_authorization};

use crate::error::{EJWT_E_ARGUMENT, to_error};
use crate::memory::{ARGUMENT, Failure, bytes_mut, ejwt_str, produce, reference};
use crate::time::ejwt_limit;
use crate::token::Text;

/// The scheme `Bearer`.
pub const EJWT_BEARER: u32 = 1;
/// The scheme `DPoP`.
pub const EJWT_DPOP: u32 = 2;

/// The content of a request's `Authorization` header.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ejwt_credentials {
    /// `EJWT_BEARER` or `EJWT_DPOP`.
    pub scheme: u32,
    /// The token, in the header's memory. It is not verified.
    pub token: ejwt_str,
}

/// Reads the value of the header `Authorization`, without its line end.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_authorization(value: ejwt_str, out: *mut ejwt_credentials) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        produce(out, || {
            let credentials = from_authorization(value.bytes()?)?;
            let scheme = match credentials.scheme() {
                Scheme::Bearer => EJWT_BEARER,
                Scheme::Dpop => EJWT_DPOP,
            };
            let token = credentials.token();
            Ok(ejwt_credentials { scheme, token: ejwt_str { ptr: token.as_ptr().cast(), len: token.len() } })
        })
    }
}

/// The answer of a server that refuses a request. Zeroed, it is refused.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ejwt_challenge {
    /// The name of the protected resource, for people to read.
    pub realm: ejwt_str,
    /// `EJWT_BEARER`, or `EJWT_DPOP` if the resource demands proofs.
    pub scheme: u32,
    /// The scope that a token must have, or none.
    pub scope: ejwt_str,
    /// The accepted authentication contexts, or none.
    pub acr_values: ejwt_str,
    /// The longest time since the user's login.
    pub max_age: ejwt_limit,
}

/// The answer to a request that is refused.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ejwt_refusal {
    /// The status of the response.
    pub status: u32,
    /// The length of the header's value; 0: no header.
    pub len: usize,
}

/// # Safety
///
/// Pointers that are not null point to what their types say.
unsafe fn challenge<'a>(from: &'a ejwt_challenge) -> Result<Challenge<'a>, Failure> {
    // SAFETY: the caller's promise, here and below.
    let realm = unsafe { from.realm.optional()? }.ok_or(ARGUMENT)?;
    let mut challenge = match from.scheme {
        EJWT_BEARER => Challenge::new(realm),
        EJWT_DPOP => Challenge::dpop(realm),
        _ => return Err(ARGUMENT),
    };
    // SAFETY: the caller's promise.
    let (scope, acr_values) = unsafe { (from.scope.optional()?, from.acr_values.optional()?) };
    if let Some(scope) = scope {
        challenge = challenge.with_scope(scope);
    }
    if let Some(acr_values) = acr_values {
        challenge = challenge.with_acr_values(acr_values);
    }
    if let Some(max_age) = from.max_age.read()? {
        challenge = challenge.with_max_age(max_age);
    }
    Ok(challenge)
}

/// Writes one kind of challenge: for the access token, or for its proof.
///
/// # Safety
///
/// As `ejwt_challenge_write`.
unsafe fn write_challenge(
    from: *const ejwt_challenge,
    error: c_int,
    text: *mut u8,
    size: usize,
    out: *mut ejwt_refusal,
    write: fn(&Challenge<'_>, Error, &mut dyn fmt::Write) -> Result<u16, fmt::Error>,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        produce(out, || {
            let challenge = challenge(reference(from)?)?;
            let mut text = Text::new(bytes_mut(text, size)?);
            if error == EJWT_E_ARGUMENT {
                return Ok(ejwt_refusal { status: 500, len: 0 });
            }
            let error = to_error(error).ok_or(ARGUMENT)?;
            let status = write(&challenge, error, &mut text).map_err(|_| Error::BufferTooSmall)?;
            Ok(ejwt_refusal { status: status.into(), len: text.len })
        })
    }
}

/// Writes the value of the header `WWW-Authenticate` for an error of the access token, and the status of the response. For
/// `EJWT_E_ARGUMENT`, which is a fault of the firmware, the status is 500 and there is no header.
///
/// `EJWT_E_BUFFER_TOO_SMALL`: the value does not fit `size` bytes, or a string of the challenge has a character that no
/// header may have.
///
/// # Safety
///
/// Pointers are null or point to what their types say, `text` to `size` bytes.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_challenge_write(
    from: *const ejwt_challenge,
    error: c_int,
    text: *mut u8,
    size: usize,
    out: *mut ejwt_refusal,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { write_challenge(from, error, text, size, out, |challenge, error, text| challenge.write(error, text)) }
}

/// Writes the value of the header `WWW-Authenticate` for an error of `ejwt_verify_dpop`, as `ejwt_challenge_write` does.
///
/// # Safety
///
/// As `ejwt_challenge_write`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_challenge_write_dpop(
    from: *const ejwt_challenge,
    error: c_int,
    text: *mut u8,
    size: usize,
    out: *mut ejwt_refusal,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { write_challenge(from, error, text, size, out, |challenge, error, text| challenge.write_dpop(error, text)) }
}
