//! Tokens of a device's own kinds, such as signed commands.

use core::ffi::c_int;

use jwt::TypedPolicy;

use crate::memory::{Lent, ejwt_str, fill, reference, store};
use crate::policy::{add_times, ejwt_application, ejwt_times};
use crate::replay::ejwt_replay_window;
use crate::request::{ejwt_request, with_verified};
use crate::revocations::ejwt_revocation_list;
use crate::token::{Accepted, ejwt_typed_token};

/// The demands of a device on tokens of a kind of its own. Zeroed, it refuses every token (`EJWT_E_UNCONFIGURED`).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ejwt_typed_policy {
    /// The media type, such as `cmd+jwt`.
    pub media_type: ejwt_str,
    /// The device's name as a recipient, which `aud` must contain.
    pub audience: ejwt_str,
    /// The rules of time.
    pub times: ejwt_times,
    /// Refuses tokens that this list revokes, or null.
    pub revocations: *const ejwt_revocation_list,
    /// Accepts each token once, or null. Verification writes it.
    pub single_use: *mut ejwt_replay_window,
    /// The application's own check.
    pub application: ejwt_application,
}

/// Verifies a token of a kind of your own. Returns 0 if it is accepted.
///
/// # Safety
///
/// Pointers are null or point to what their types say.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_verify_typed_token(
    request: *const ejwt_request,
    policy: *const ejwt_typed_policy,
    out: *mut ejwt_typed_token,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        let place = Lent::value(out);
        fill(out, &[Lent::value(request), Lent::value(policy)], |out| {
            let from = reference(policy)?;
            let mut policy = TypedPolicy::new(from.media_type.text()?, from.audience.text()?);
            add_times!(&mut policy, &from.times);
            if !from.revocations.is_null() {
                policy = policy.with_revocations(store(from.revocations)?);
            }
            if !from.single_use.is_null() {
                policy = policy.with_single_use(store(from.single_use.cast_const())?);
            }
            let lent = [
                place,
                Lent::value(request),
                Lent::value(from),
                Lent::value(from.revocations),
                Lent::value(from.single_use),
            ];
            with_verified(request, &lent, &mut |verified, now| {
                let pending = verified.validate_typed(&policy, now)?;
                from.application.allows(*pending)?;
                out.token.set(Accepted::Typed(pending.consume()?));
                Ok(())
            })
        })
    }
}
