//! A token that is authentic and not validated yet.

use core::fmt;

use crate::jose::Key;
use crate::jose::json::Value;
use crate::jose::media_type::MediaType;

/// A token whose signature and issuer are right, and whose claims nobody has judged. Of the signature this crate has
/// made sure, unless it comes of [`Prepared::caller_asserts`](crate::Prepared::caller_asserts).
///
/// Its only use is to become a token of one kind, by the policy of that kind:
/// [`into_access_token`](Self::into_access_token), [`into_id_token`](Self::into_id_token) or
/// [`into_typed`](Self::into_typed). It has no claims to read,
///
/// ```compile_fail,E0599
/// # fn f(verified: embedded_jwt::Verified<'_, '_>) {
/// verified.subject();
/// # }
/// ```
///
/// and it cannot outlive the buffer that it was decoded into (`'b`; the text and the keys that it came of are `'t`):
///
/// ```compile_fail,E0515
/// # use embedded_jwt::{Error, Issuer, Token, Verified};
/// fn verify<'t, 'b>(token: Token<'t>, issuer: &Issuer<'t>) -> Result<Verified<'t, 'b>, Error> {
///     let mut buf = [0; 1024];
///     token.verify(issuer, &mut buf)
/// }
/// ```
///
/// It is judged once:
///
/// ```compile_fail,E0382
/// # use embedded_jwt::{AccessTokenPolicy, Error, TypedPolicy, UnixTime, Verified};
/// # fn f(verified: Verified<'_, '_>, policy: &AccessTokenPolicy<'_>, other: &TypedPolicy<'_>, now: UnixTime) {
/// let token = verified.into_access_token(policy, now);
/// let other = verified.into_typed(other, now);
/// # }
/// ```
#[must_use = "the claims have not been judged yet"]
pub struct Verified<'t, 'b> {
    pub(crate) payload: Value<'b>,
    /// What of the buffer is left for unescaped strings.
    pub(crate) scratch: &'b mut [u8],
    pub(crate) media_type: Option<MediaType>,
    /// By which the signature holds.
    pub(crate) key: &'t Key,
    pub(crate) signing_input: &'t [u8],
}

/// Without the claims: they are not to be read yet, not even in a log.
impl fmt::Debug for Verified<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").finish_non_exhaustive()
    }
}
