//! OpenID Connect ID tokens.

use core::ffi::c_int;

use heapless::Vec;
use jwt::{Error, IdTokenPolicy};

use crate::memory::{ARGUMENT, Lent, ejwt_str, fill, produce, reference, slice_of, store};
use crate::policy::{add_times, ejwt_times};
use crate::request::{ejwt_request, with_verified};
use crate::revocations::ejwt_revocation_list;
use crate::time::ejwt_limit;
use crate::token::{Accepted, ejwt_id_token};

/// The largest number of trusted audiences of a policy: an ID token has one audience as a rule.
pub const EJWT_MAX_TRUSTED_AUDIENCES: usize = 4;

/// What an application demands of ID tokens. Zeroed, it refuses every token (`EJWT_E_UNCONFIGURED`).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ejwt_id_policy {
    /// The application's client id.
    pub client_id: ejwt_str,
    /// The nonce of the authentication request, or none. Without it, a stolen ID token can be presented as one's own.
    pub nonce: ejwt_str,
    /// The access token that came with the ID token, whose hash `at_hash` must be, or none.
    pub access_token: ejwt_str,
    /// The authorization code that came with the ID token, whose hash `c_hash` must be, or none.
    pub code: ejwt_str,
    /// The accepted values of `acr`, separated by spaces; or none, to accept any.
    pub acr: ejwt_str,
    /// The longest time since the user's login (`auth_time`).
    pub max_age: ejwt_limit,
    /// Other audiences that `aud` may contain, at most `EJWT_MAX_TRUSTED_AUDIENCES`, or null.
    pub trusted_audiences: *const ejwt_str,
    /// The number of these audiences.
    pub trusted_audience_count: usize,
    /// The rules of time.
    pub times: ejwt_times,
    /// Refuses tokens that this list revokes, or null.
    pub revocations: *const ejwt_revocation_list,
}

/// Verifies an ID token by the steps of OpenID Connect Core 3.1.3.7. Returns 0 if it is accepted.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_verify_id_token(
    request: *const ejwt_request,
    policy: *const ejwt_id_policy,
    out: *mut ejwt_id_token,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        let place = Lent::value(out);
        fill(out, &[Lent::value(request), Lent::value(policy)], |out| {
            let from = reference(policy)?;
            let mut audiences = Vec::<&str, EJWT_MAX_TRUSTED_AUDIENCES>::new();
            for audience in slice_of(from.trusted_audiences, from.trusted_audience_count)? {
                audiences.push(audience.text()?).map_err(|_| ARGUMENT)?;
            }
            let mut policy = IdTokenPolicy::new(from.client_id.text()?).with_trusted_audiences(&audiences);
            add_times!(&mut policy, &from.times);
            if let Some(nonce) = from.nonce.optional()? {
                policy = policy.with_nonce(nonce);
            }
            if let Some(access_token) = from.access_token.optional()? {
                policy = policy.with_access_token(access_token.as_bytes());
            }
            if let Some(code) = from.code.optional()? {
                policy = policy.with_code(code.as_bytes());
            }
            if let Some(acr) = from.acr.optional()? {
                policy = policy.with_acr(acr);
            }
            if let Some(max_age) = from.max_age.read()? {
                policy = policy.with_max_age(max_age);
            }
            if !from.revocations.is_null() {
                policy = policy.with_revocations(store(from.revocations)?);
            }
            let lent = [place, Lent::value(request), Lent::value(from), Lent::value(from.revocations)];
            with_verified(request, &lent, &mut |verified, now| {
                out.token.set(Accepted::Id(verified.into_id_token(&policy, now)?));
                Ok(())
            })
        })
    }
}

/// How the user logged in (`acr`): points into the buffer of the request. `EJWT_E_MISSING` if it is absent or no string.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_id_token_acr(token: *const ejwt_id_token, acr: *mut ejwt_str) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        produce(acr, || {
            let Accepted::Id(token) = reference(token)?.token.accepted()? else { return Err(ARGUMENT) };
            Ok(ejwt_str::of(token.acr().ok_or(Error::Missing(jwt::Claim::AuthenticationContext))?))
        })
    }
}
