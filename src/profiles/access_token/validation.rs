//! The validation of an access token, in the steps of RFC 9068.

use super::profile::ClientAndScope;
use super::scope::Scopes;
use super::{AccessToken, AccessTokenPolicy};
use crate::claims::field::{required, required_string, space_separated, string};
use crate::claims::{RegisteredClaims, Strings};
use crate::error::{Claim, Error};
use crate::profiles::Pending;
use crate::profiles::pending::{Act, Signed, Uses};
use crate::storage::TokenIdentity;
use crate::time::Now;
use crate::verify::Verified;

impl<'t, 'b> Verified<'t, 'b> {
    /// Validates the claims as an access token, by the steps of [RFC 9068 section
    /// 4](https://www.rfc-editor.org/rfc/rfc9068#section-4). Decryption (the second step) is not supported.
    /// [`Token::verify`](crate::Token::verify) has already compared `iss` (the third) and verified the signature (the
    /// fifth).
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::Unconfigured`]: the policy's audience, client id or required scope is empty, or its scope claim is
    ///   not allowed.
    /// - [`Error::WrongType`]: `typ` is not the type of an access token, or the payload is marked as another kind of
    ///   token and the policy looks at its marks; by [`for_client`](AccessTokenPolicy::for_client), also if `token_use`
    ///   is not `access` or absent.
    /// - [`Error::Missing`], [`Error::Invalid`]: a registered claim, a required claim or the claim with the scopes has
    ///   the wrong type, or a required claim is absent or an empty string.
    /// - [`Error::Mismatch`]: `client_id` is not the policy's; `aud` lacks the policy's audience, or is present
    ///   although the policy has none.
    /// - [`Error::ClockNotSet`], [`Error::Expired`], [`Error::NotYetValid`], [`Error::TimeUnknown`]: the token is not
    ///   valid at this time, or the time is not known well enough.
    /// - [`Error::Missing`], [`Error::Invalid`], [`Error::NotYetValid`], [`Error::LifetimeTooLong`], [`Error::TooOld`]:
    ///   a limit on lifetime or age is set, and `iat` is absent, later than `exp`, in the future, or too long ago.
    /// - [`Error::BufferTooSmall`]: see [`Token::buffer_len`](crate::Token::buffer_len).
    /// - [`Error::InsufficientScope`]: a required scope is not granted.
    /// - [`Error::SenderConstrained`], [`Error::Missing`], [`Error::Invalid`], [`Error::Mismatch`],
    ///   [`Error::ProofTooOld`]: the token is bound to a key (`cnf`), and the policy has no proof of possession; or the
    ///   policy has a proof, and the token is not bound to its key, or the proof was verified for another token or is
    ///   no longer fresh.
    /// - [`Error::Unconfigured`], [`Error::Missing`], [`Error::Invalid`], [`Error::Mismatch`], [`Error::NotYetValid`],
    ///   [`Error::AuthenticationTooOld`]: the user's login (`acr`, `auth_time`) does not meet the policy's
    ///   requirements.
    /// - [`Error::Unconfigured`], [`Error::Missing`], [`Error::Invalid`], [`Error::Mismatch`]: the policy has a
    ///   challenge, and the token does not answer it.
    /// - [`Error::Missing`], [`Error::Invalid`], [`Error::Revoked`], or another error of
    ///   [`Revocations`](crate::Revocations): the policy asks for single use and the token has no `jti` or an empty
    ///   one, or the latest representable `exp`; or the token is revoked.
    /// - [`Error::ProofReplayed`], [`Error::Replayed`], [`Error::ShareFull`], [`Error::Full`], or another error of
    ///   [`ReplayCheck`](crate::ReplayCheck): the DPoP proof or the token was used before, or no further use can be
    ///   stored.
    ///
    /// A request that is refused consumes nothing.
    pub fn into_access_token(
        self,
        policy: &AccessTokenPolicy<'_>,
        now: impl Into<Now>,
    ) -> Result<AccessToken<'b>, Error> {
        self.check_access_token(policy, now.into(), Act::Consume)
    }

    /// Validates the claims as [`into_access_token`](Self::into_access_token) does, and consumes nothing yet. The
    /// application can make a check of its own before it calls [`Pending::consume`].
    ///
    /// # Errors
    ///
    /// As [`into_access_token`](Self::into_access_token). Where the time is not known, a window that is full is reported
    /// by `consume`, so that the [`TimeFloor`](crate::TimeFloor) can learn from the token first.
    pub fn validate_access_token<'p>(
        self,
        policy: &AccessTokenPolicy<'p>,
        now: impl Into<Now>,
    ) -> Result<Pending<'p, AccessToken<'b>>, Error>
    where
        't: 'p,
    {
        let (mut uses, now) = (Uses::NOTHING, now.into());
        let signed = Signed { key: self.key, text: self.text, leeway: policy.rules.leeway };
        let token = self.check_access_token(policy, now, Act::Collect(&mut uses))?;
        Ok(Pending { token, uses, revocations: policy.optional.revocations(), signed, now })
    }

    fn check_access_token<'p>(
        self,
        policy: &AccessTokenPolicy<'p>,
        now: Now,
        act: Act<'_, 'p>,
    ) -> Result<AccessToken<'b>, Error> {
        let Self { payload, mut scratch, media_type, key, text, .. } = self;

        policy.rules.check_configured()?;
        if policy.required_scope.is_some_and(|scope| space_separated(scope).next().is_none()) {
            return Err(Error::Unconfigured(Claim::Scope));
        }
        let other_scope_claim = policy.scope_claim.map(|claim| claim.find(payload)).transpose()?;

        // Section 4, first step: the type.
        let is_access_token = match policy.profile {
            None => media_type.is_some_and(|typ| typ.is("at+jwt")),
            Some(profile) => (profile.accepts)(media_type.as_ref(), payload),
        };
        if !is_access_token {
            return Err(Error::WrongType);
        }

        // Section 2.2: the required claims.
        let ([client_id, scope, cnf], registered) =
            payload.members_of_both(["client_id", "scope", "cnf"], RegisteredClaims::NAMES).unwrap_or_default();
        let scope = other_scope_claim.unwrap_or(scope);
        let registered = RegisteredClaims::read(payload, registered)?;
        let ClientAndScope { client_id, scope, scope_array } = match policy.profile {
            None => {
                required_string(registered.sub, Claim::Subject)?;
                required(registered.iat, Claim::IssuedAt)?;
                required_string(registered.jti, Claim::JwtId)?;
                let client_id = required_string(string(client_id, Claim::ClientId)?, Claim::ClientId)?;
                let scope = string(scope, Claim::Scope)?;
                ClientAndScope { client_id: Some(client_id), scope, scope_array: Strings::NONE }
            }
            Some(profile) => (profile.read)(&policy.rules, client_id, scope)?,
        };

        // Section 4, fourth and last step: the audience and the time.
        let claims = registered.validate(&policy.rules, policy.optional.has_challenge(), now, &mut scratch)?;
        let client_id = client_id.map(|client_id| client_id.unescape_into(&mut scratch)).transpose()?;
        let scope = scope.map(|scope| scope.unescape_into(&mut scratch)).transpose()?.unwrap_or_default();
        let scopes = Scopes { text: scope, elements: scope_array };
        // Section 4, after the steps: the scopes that the policy requires.
        if !space_separated(policy.required_scope.unwrap_or_default()).all(|scope| scopes.contains(scope)) {
            return Err(Error::InsufficientScope);
        }
        let token = AccessToken { claims, client_id, scopes };
        let leeway = policy.rules.leeway;
        let identity = TokenIdentity { claims: &token.claims, client_id: token.client_id, key, text, leeway };
        policy.optional.check(&identity, cnf, now, act)?;
        Ok(token)
    }
}
