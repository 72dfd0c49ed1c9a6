//! OAuth 2.0 access tokens: the policies, one function for each.

use core::ffi::c_int;

use jwt::{AccessTokenPolicy, Thumbprint};

use crate::dpop::ejwt_dpop_proof;
use crate::memory::{ARGUMENT, Failure, Lent, ejwt_str, fill, reference, slice_of, store, value};
use crate::policy::{add_times, ejwt_application, ejwt_times};
use crate::replay::ejwt_replay_window;
use crate::request::{ejwt_request, with_verified};
use crate::revocations::ejwt_revocation_list;
use crate::time::ejwt_limit;
use crate::token::{Accepted, ejwt_access_token};

/// The demands of a device on access tokens. Zeroed, it refuses every token (`EJWT_E_UNCONFIGURED`).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ejwt_access_policy {
    /// The device's name as a recipient, which `aud` must contain. For `ejwt_verify_for_client`: the client id.
    pub audience: ejwt_str,
    /// The scopes that a token must grant, separated by spaces, or none.
    pub required_scope: ejwt_str,
    /// The rules of time.
    pub times: ejwt_times,
}

// SAFETY: a policy only points to memory that the caller lends for a call.
unsafe impl Sync for ejwt_access_policy {}

/// Further checks of access tokens. Zeroed, there are none, and a token that is bound to a key is refused.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ejwt_access_checks {
    /// The claim that holds the scopes, if it is not `scope`: `scp` of Okta, Entra ID and Hydra.
    pub scope_claim: ejwt_str,
    /// Refuses tokens that this list revokes, or null.
    pub revocations: *const ejwt_revocation_list,
    /// Accepts each token once, or null. Verification writes it.
    pub single_use: *mut ejwt_replay_window,
    /// The proof that came with the token, or null. With a proof, `dpop_replay` is required.
    pub dpop_proof: *const ejwt_dpop_proof,
    /// Accepts each proof once. Verification writes it.
    pub dpop_replay: *mut ejwt_replay_window,
    /// The SHA-256 digest of the client's certificate in mutual TLS (32 bytes), or null. Not together with a proof.
    pub certificate: *const u8,
    /// The value that the claim `cnonce` must have, or none.
    pub challenge: ejwt_str,
    /// The accepted values of `acr`, separated by spaces; or none, to accept any.
    pub acr: ejwt_str,
    /// The longest time since the user's login (`auth_time`).
    pub max_age: ejwt_limit,
    /// The application's own check.
    pub application: ejwt_application,
}

/// # Safety
///
/// Pointers that are not null point to what their types say.
unsafe fn complete<'a>(policy: &mut AccessTokenPolicy<'a>, from: &'a ejwt_access_policy) -> Result<(), Failure> {
    add_times!(&mut *policy, &from.times);
    // SAFETY: the caller's promise.
    if let Some(scope) = unsafe { from.required_scope.optional()? } {
        *policy = policy.with_required_scope(scope);
    }
    Ok(())
}

/// # Safety
///
/// As [`complete`].
unsafe fn with_checks<'a>(
    mut policy: AccessTokenPolicy<'a>,
    checks: &'a ejwt_access_checks,
) -> Result<AccessTokenPolicy<'a>, Failure> {
    // SAFETY: the caller's promise, here and below.
    let (claim, challenge, acr) =
        unsafe { (checks.scope_claim.optional()?, checks.challenge.optional()?, checks.acr.optional()?) };
    if let Some(claim) = claim {
        policy = policy.with_scope_claim(claim);
    }
    if let Some(challenge) = challenge {
        policy = policy.with_challenge(challenge);
    }
    if let Some(acr) = acr {
        policy = policy.with_acr(acr);
    }
    if let Some(max_age) = checks.max_age.read()? {
        policy = policy.with_max_age(max_age);
    }
    match (checks.dpop_proof.is_null(), checks.dpop_replay.is_null(), checks.certificate.is_null()) {
        (true, true, true) => {}
        (true, true, false) => {
            // SAFETY: the caller's promise.
            let digest = unsafe { slice_of(checks.certificate, 32)? };
            let digest = digest.first_chunk().ok_or(ARGUMENT)?;
            policy = policy.with_certificate_thumbprint(Thumbprint::from_bytes(*digest));
        }
        (false, false, true) => {
            // SAFETY: the caller's promise.
            let (proof, replay) =
                unsafe { (value(checks.dpop_proof)?.ok_or(ARGUMENT)?, store(checks.dpop_replay.cast_const())?) };
            policy = policy.with_dpop(proof, replay);
        }
        _ => return Err(ARGUMENT),
    }
    if !checks.revocations.is_null() {
        // SAFETY: the caller's promise.
        policy = policy.with_revocations(unsafe { store(checks.revocations)? });
    }
    if !checks.single_use.is_null() {
        // SAFETY: the caller's promise.
        policy = policy.with_single_use(unsafe { store(checks.single_use.cast_const())? });
    }
    Ok(policy)
}

/// Verifies a token and validates it by a policy without further checks.
///
/// # Safety
///
/// As [`complete`].
unsafe fn verify(
    request: *const ejwt_request,
    policy: *const ejwt_access_policy,
    new: for<'a> fn(&'a str) -> AccessTokenPolicy<'a>,
    out: *mut ejwt_access_token,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        let lent @ [inputs @ .., _] = &[Lent::value(request), Lent::value(policy), Lent::value(out)];
        fill(out, inputs, |out| {
            let from = reference(policy)?;
            let mut policy = new(from.audience.text()?);
            complete(&mut policy, from)?;
            with_verified(request, lent, &mut |verified, now| {
                out.token.set(Accepted::Access(verified.into_access_token(&policy, now)?));
                Ok(())
            })
        })
    }
}

/// Verifies a token and validates it with further checks.
///
/// # Safety
///
/// As [`complete`].
unsafe fn verify_with(
    request: *const ejwt_request,
    policy: *const ejwt_access_policy,
    checks: *const ejwt_access_checks,
    new: for<'a> fn(&'a str) -> AccessTokenPolicy<'a>,
    out: *mut ejwt_access_token,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        let place = Lent::value(out);
        fill(out, &[Lent::value(request), Lent::value(policy), Lent::value(checks)], |out| {
            let (from, checks) = (reference(policy)?, reference(checks)?);
            let mut rules = new(from.audience.text()?);
            complete(&mut rules, from)?;
            let rules = with_checks(rules, checks)?;
            // The proof points into the buffer that it was decoded in.
            let jwt_id =
                if checks.dpop_proof.is_null() { "" } else { value(checks.dpop_proof)?.ok_or(ARGUMENT)?.jwt_id() };
            let lent = [
                place,
                Lent::value(request),
                Lent::value(from),
                Lent::value(checks),
                Lent::value(checks.revocations),
                Lent::value(checks.single_use),
                Lent::value(checks.dpop_proof),
                Lent::value(checks.dpop_replay),
                Lent::bytes(jwt_id.as_ptr(), jwt_id.len()),
            ];
            with_verified(request, &lent, &mut |verified, now| {
                let pending = verified.validate_access_token(&rules, now)?;
                checks.application.allows(*pending)?;
                out.token.set(Accepted::Access(pending.consume()?));
                Ok(())
            })
        })
    }
}

/// Verifies an access token with all rules of RFC 9068. Returns 0 if it is accepted.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_verify_access_token(
    request: *const ejwt_request,
    policy: *const ejwt_access_policy,
    out: *mut ejwt_access_token,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { verify(request, policy, |audience| AccessTokenPolicy::new(audience), out) }
}

/// Verifies an access token with all rules of RFC 9068 and with further checks. Returns 0 if it is accepted.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_verify_access_token_with(
    request: *const ejwt_request,
    policy: *const ejwt_access_policy,
    checks: *const ejwt_access_checks,
    out: *mut ejwt_access_token,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { verify_with(request, policy, checks, |audience| AccessTokenPolicy::new(audience), out) }
}

/// Verifies an access token that has the type of RFC 9068 (`at+jwt`), but may lack claims other than `iss`, `exp` and
/// `aud`.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_verify_at_jwt(
    request: *const ejwt_request,
    policy: *const ejwt_access_policy,
    out: *mut ejwt_access_token,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { verify(request, policy, |audience| AccessTokenPolicy::at_jwt(audience), out) }
}

/// `ejwt_verify_at_jwt` with further checks.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_verify_at_jwt_with(
    request: *const ejwt_request,
    policy: *const ejwt_access_policy,
    checks: *const ejwt_access_checks,
    out: *mut ejwt_access_token,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { verify_with(request, policy, checks, |audience| AccessTokenPolicy::at_jwt(audience), out) }
}

/// Verifies an access token of a server that does not give it a type. Prefer `ejwt_verify_at_jwt`: only marks in the
/// payload then distinguish an access token from another kind. Require a scope.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_verify_untyped(
    request: *const ejwt_request,
    policy: *const ejwt_access_policy,
    out: *mut ejwt_access_token,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { verify(request, policy, |audience| AccessTokenPolicy::untyped(audience), out) }
}

/// `ejwt_verify_untyped` with further checks.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_verify_untyped_with(
    request: *const ejwt_request,
    policy: *const ejwt_access_policy,
    checks: *const ejwt_access_checks,
    out: *mut ejwt_access_token,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { verify_with(request, policy, checks, |audience| AccessTokenPolicy::untyped(audience), out) }
}

/// Verifies an access token without an audience that was issued to one client (Cognito): `client_id` must be the
/// policy's `audience`, and `token_use` must be `access`.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_verify_for_client(
    request: *const ejwt_request,
    policy: *const ejwt_access_policy,
    out: *mut ejwt_access_token,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { verify(request, policy, |audience| AccessTokenPolicy::for_client(audience), out) }
}

/// `ejwt_verify_for_client` with further checks.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_verify_for_client_with(
    request: *const ejwt_request,
    policy: *const ejwt_access_policy,
    checks: *const ejwt_access_checks,
    out: *mut ejwt_access_token,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { verify_with(request, policy, checks, |audience| AccessTokenPolicy::for_client(audience), out) }
}
