//! The result of verification: a token that is authentic and not validated yet.

use core::fmt;

use crate::jose::PublicKey;
use crate::jose::json::Value;
use crate::jose::media_type::MediaType;

/// A token whose signature and issuer are verified, and whose claims are not validated yet. This crate has verified the
/// signature, unless the token comes from [`Prepared::caller_asserts`](crate::Prepared::caller_asserts).
///
/// Its only use is to become a token of one kind, with the policy of that kind:
/// [`into_access_token`](Self::into_access_token), [`into_id_token`](Self::into_id_token) or
/// [`into_typed`](Self::into_typed). It has no claims to read,
///
/// ```compile_fail,E0599
/// # fn f(verified: embedded_jwt::Verified<'_, '_>) {
/// verified.subject();
/// # }
/// ```
///
/// and it cannot outlive the buffer that it was decoded into (`'b`; `'t` is the lifetime of its text and of the keys):
///
/// ```compile_fail,E0515
/// # use embedded_jwt::{Error, Issuer, Token, Verified};
/// fn verify<'t, 'b>(token: Token<'t>, issuer: &Issuer<'t>) -> Result<Verified<'t, 'b>, Error> {
///     let mut buf = [0; 1024];
///     token.verify(issuer, &mut buf)
/// }
/// ```
///
/// It can be validated only once:
///
/// ```compile_fail,E0382
/// # use embedded_jwt::{AccessTokenPolicy, Error, TypedPolicy, UnixTime, Verified};
/// # fn f(verified: Verified<'_, '_>, policy: &AccessTokenPolicy<'_>, other: &TypedPolicy<'_>, now: UnixTime) {
/// let token = verified.into_access_token(policy, now);
/// let other = verified.into_typed(other, now);
/// # }
/// ```
#[must_use = "the claims have not been validated yet"]
pub struct Verified<'t, 'b> {
    pub(crate) payload: Value<'b>,
    /// The rest of the buffer, for unescaped strings.
    pub(crate) scratch: &'b mut [u8],
    pub(crate) media_type: Option<MediaType>,
    /// The name of the issuer whose key verified the signature: the issuer of a status list without `iss`.
    #[cfg_attr(not(feature = "status-list"), expect(dead_code, reason = "every other token has `iss`"))]
    pub(crate) issuer: &'t str,
    /// The key that verified the signature.
    pub(crate) key: &'t PublicKey<'t>,
    /// The token's text.
    pub(crate) text: &'t [u8],
}

/// Omits the claims: they must not be read yet, not even in a log.
impl fmt::Debug for Verified<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").finish_non_exhaustive()
    }
}
