//! An accepted access token.

use core::fmt;
use core::ops::Deref;

use super::scope::Scopes;
use crate::claims::{Claims, Confirmation};

/// An accepted access token. It states what its bearer may do, and only that ([RFC
/// 9068](https://www.rfc-editor.org/rfc/rfc9068)). It has passed an [`AccessTokenPolicy`](crate::AccessTokenPolicy),
/// and cannot be made in any other way:
///
/// ```compile_fail,E0451
/// # use embedded_jwt::{AccessToken, Claims};
/// # fn f(claims: Claims<'static>, other: AccessToken<'static>) {
/// let forged = AccessToken { claims, ..other };
/// # }
/// ```
///
/// While it is in use, its buffer cannot hold another token:
///
/// ```compile_fail,E0499
/// # use embedded_jwt::{AccessTokenPolicy, Error, Issuer, Token, UnixTime};
/// # const POLICY: AccessTokenPolicy = AccessTokenPolicy::new("urn:device");
/// # fn f(one: Token<'_>, two: Token<'_>, issuer: &Issuer<'_>, now: UnixTime) -> Result<(), Error> {
/// let mut buf = [0; 1024];
/// let first = one.verify(issuer, &mut buf)?.into_access_token(&POLICY, now)?;
/// let second = two.verify(issuer, &mut buf)?.into_access_token(&POLICY, now)?;
/// first.has_scope("pump:write");
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct AccessToken<'b> {
    pub(super) claims: Claims<'b>,
    pub(super) client_id: Option<&'b str>,
    pub(super) scopes: Scopes<'b>,
}

impl<'b> AccessToken<'b> {
    /// The client that the token was issued to (`client_id`, [RFC 8693 section
    /// 4.3](https://www.rfc-editor.org/rfc/rfc8693#section-4.3)). `None` if `client_id` is absent or not a string,
    /// which only [`at_jwt`](crate::AccessTokenPolicy::at_jwt) and [`untyped`](crate::AccessTokenPolicy::untyped)
    /// accept.
    pub fn client_id(&self) -> Option<&'b str> {
        self.client_id
    }

    /// The scopes that the token grants (`scope`, [RFC 8693 section
    /// 4.2](https://www.rfc-editor.org/rfc/rfc8693#section-4.2), or the claim that the policy
    /// [names](crate::AccessTokenPolicy::with_scope_claim)). None of them is empty.
    pub fn scopes(&self) -> impl Iterator<Item = &'b str> + use<'b> {
        self.scopes.iter()
    }

    /// Whether the token grants `scope`: one scope, compared byte for byte. A token without the claim grants nothing.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.contains(scope)
    }

    /// The key or certificate that the token is bound to, if any. The policy has checked that the presenter holds it,
    /// unless it was made [`with_unchecked_confirmation`](crate::AccessTokenPolicy::with_unchecked_confirmation).
    pub fn confirmation(&self) -> Option<Confirmation<'b>> {
        self.claims.confirmation()
    }
}

impl<'b> Deref for AccessToken<'b> {
    type Target = Claims<'b>;

    fn deref(&self) -> &Claims<'b> {
        &self.claims
    }
}

/// Omits the values, which may be personal data.
impl fmt::Debug for AccessToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").finish_non_exhaustive()
    }
}
