//! An accepted access token.

use core::fmt;
use core::ops::Deref;

use crate::claims::field::space_separated;
use crate::claims::{Claims, Confirmation};

/// An accepted access token. It states what its bearer may do, and only that ([RFC
/// 9068](https://www.rfc-editor.org/rfc/rfc9068)). It has passed an [`AccessTokenPolicy`](crate::AccessTokenPolicy), and
/// cannot be made in any other way:
///
/// ```compile_fail,E0451
/// # use embedded_jwt::{AccessToken, Claims};
/// # fn f(claims: Claims<'static>) {
/// let forged = AccessToken { claims, client_id: None, scope: "pump:write" };
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
    pub(super) scope: &'b str,
}

impl<'b> AccessToken<'b> {
    /// The client that the token was issued to (`client_id`, [RFC 8693 section
    /// 4.3](https://www.rfc-editor.org/rfc/rfc8693#section-4.3)).
    pub fn client_id(&self) -> Option<&'b str> {
        self.client_id
    }

    /// The scopes that the token grants (`scope`, [RFC 8693 section
    /// 4.2](https://www.rfc-editor.org/rfc/rfc8693#section-4.2)).
    pub fn scopes(&self) -> impl Iterator<Item = &'b str> + use<'b> {
        space_separated(self.scope)
    }

    /// Whether the token grants `scope`: one scope, compared byte for byte. A token without the claim grants nothing.
    pub fn has_scope(&self, scope: &str) -> bool {
        // As `scopes`, but on bytes, since a comparison needs no UTF-8 decoding.
        let mut granted = self.scope.as_bytes().split(|byte| *byte == b' ');
        !scope.is_empty() && granted.any(|granted| granted == scope.as_bytes())
    }

    /// The key or certificate that the token is bound to, if any. The policy has checked that the presenter holds it,
    /// unless it was made [`with_unchecked_confirmation`](crate::AccessTokenPolicy::with_unchecked_confirmation).
    pub fn confirmation(&self) -> Option<Confirmation<'b>> {
        self.claims.payload().member("cnf").and_then(|cnf| Confirmation::parse(cnf).ok())
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
