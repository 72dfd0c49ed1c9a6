//! A request: the token that arrived, and where it is checked.

use core::ffi::{c_char, c_int};

use jwt::{Now, Token, Verified};

use crate::issuer::{ejwt_issuer, with_issuers};
use crate::memory::{Failure, Lent, bytes_mut, ejwt_str, produce, reference, slice_of};
use crate::time::ejwt_now;

/// A token that arrived, its possible issuers, the time, and memory for the decoded token. Zeroed, it is refused.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ejwt_request {
    /// The compact text, without the scheme (`Bearer `) and line ends.
    pub token: ejwt_str,
    /// The issuers that it may come from.
    pub issuers: *const ejwt_issuer,
    /// The number of issuers: 1 to `EJWT_MAX_ISSUERS`.
    pub issuer_count: usize,
    /// The current time.
    pub now: ejwt_now,
    /// Memory for the decoded header and payload, apart from all that the call uses: three quarters of the token's length
    /// are enough, as a rule 1 KiB. The strings of the accepted token are in it.
    pub buffer: *mut u8,
    /// The length of the buffer.
    pub buffer_len: usize,
}

/// Verifies signature and issuer, and hands the token to the policy. `lent` is the request and what else the call
/// uses: the buffer must be apart from it.
///
/// # Safety
///
/// Pointers that are not null point to what their types say. Nobody else uses the buffer.
// Not generic and not inlined, so that an image with several policies has it once.
#[inline(never)]
pub(crate) unsafe fn with_verified(
    request: *const ejwt_request,
    lent: &[Lent],
    policy: &mut dyn FnMut(Verified<'_, 'static>, Now) -> Result<(), Failure>,
) -> Result<(), Failure> {
    // SAFETY: the caller's promise.
    let request = unsafe { reference(request)? };
    let now = request.now.read()?;
    let buffer = Lent::bytes(request.buffer.cast_const(), request.buffer_len);
    // SAFETY: the caller's promise.
    let (text, issuers) = unsafe { (request.token.bytes()?, slice_of(request.issuers, request.issuer_count)?) };
    buffer.check_apart_from(lent)?;
    let inputs = [Lent::bytes(text.as_ptr(), text.len()), Lent::bytes(issuers.as_ptr(), size_of_val(issuers))];
    buffer.check_apart_from(&inputs)?;
    // SAFETY: the caller's promise. `with_issuers` calls `run` once, and `take` lends the buffer once.
    let mut buf = Some(unsafe { bytes_mut(request.buffer, request.buffer_len)? });
    let token = Token::parse(text)?;
    let mut run =
        |issuers: &[&jwt::Issuer<'_>]| policy(token.verify_any(issuers, buf.take().unwrap_or_default())?, now);
    // SAFETY: the caller's promise.
    unsafe { with_issuers(issuers, buffer, now, &mut run) }
}

/// The length of the buffer that a token needs: less than three quarters of its own. If a string of an accepted token has
/// an escape in JSON, its copy needs room too: twice this length is always enough.
///
/// # Safety
///
/// Pointers are null or point to what their types say, `token` to `len` bytes.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn ejwt_buffer_len(token: *const c_char, len: usize, out: *mut usize) -> c_int {
    let text = ejwt_str { ptr: token, len };
    // SAFETY: the caller's promise.
    unsafe { produce(out, || Ok(Token::parse(text.bytes()?)?.buffer_len())) }
}
