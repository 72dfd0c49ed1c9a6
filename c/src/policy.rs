//! The parts that several policies have.

use core::ffi::{c_int, c_void};

use jwt::{Claims, Error};

use crate::memory::{ARGUMENT, Failure};
use crate::time::ejwt_limit;
use crate::token::{Accepted, ejwt_token};

/// The rules of time of a policy. Zeroed, the device's clock and the issuer's must agree to the second.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ejwt_times {
    /// How far the issuer's clock and the device's may differ, in seconds: `EJWT_DEFAULT_LEEWAY` as a rule. More than
    /// 300 counts as 300.
    pub leeway: u32,
    /// The longest time from `iat` to `exp`.
    pub max_lifetime: ejwt_limit,
    /// The longest time since `iat`, plus leeway.
    pub max_token_age: ejwt_limit,
    /// The longest lifetime of a token that is accepted although the time is not known.
    pub max_unproven_lifetime: ejwt_limit,
}

impl ejwt_times {
    /// Refuses values that are no limits, before the limits are added.
    // One function for three limits: reading each with its error takes 100 bytes more.
    #[inline(never)]
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let are_valid =
            self.max_lifetime.is_valid() && self.max_token_age.is_valid() && self.max_unproven_lifetime.is_valid();
        if are_valid { Ok(()) } else { Err(ARGUMENT) }
    }
}

/// Adds the rules of time to a policy of the crate.
macro_rules! add_times {
    ($policy:expr, $times:expr) => {{
        let (policy, times): (&mut _, &$crate::policy::ejwt_times) = ($policy, $times);
        times.check()?;
        *policy = policy.with_leeway(core::time::Duration::from_secs(times.leeway.into()));
        if let Some(limit) = times.max_lifetime.duration() {
            *policy = policy.with_max_lifetime(limit);
        }
        if let Some(limit) = times.max_token_age.duration() {
            *policy = policy.with_max_token_age(limit);
        }
        if let Some(limit) = times.max_unproven_lifetime.duration() {
            *policy = policy.with_max_unproven_lifetime(limit);
        }
    }};
}
pub(crate) use add_times;

/// The application's own check of a token that passes all others, before anything is consumed. Zeroed, there is none.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ejwt_application {
    /// Returns 0 if the token may be used; anything else refuses it (`EJWT_E_DENIED`), and nothing is consumed. The token
    /// is valid during the call only, and its scopes and its client cannot be read yet.
    pub check: Option<unsafe extern "C" fn(context: *mut c_void, token: *const ejwt_token) -> c_int>,
    /// Handed to `check`.
    pub context: *mut c_void,
}

impl ejwt_application {
    pub(crate) fn allows(&self, claims: Claims<'static>) -> Result<(), Failure> {
        let Some(check) = self.check else { return Ok(()) };
        // SAFETY: a token has only integers and pointers that may be null, so that zeros are valid.
        let mut token: ejwt_token = unsafe { core::mem::zeroed() };
        token.set(Accepted::Pending(claims));
        // SAFETY: the pointer is to a local variable. The rest is the promise of the callback.
        let answer = unsafe { check(self.context, &raw const token) };
        token.invalidate();
        if answer == 0 { Ok(()) } else { Err(Error::Denied.into()) }
    }
}
