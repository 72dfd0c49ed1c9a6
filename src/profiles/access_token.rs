//! OAuth 2.0 access tokens (RFC 9068): the policy, its validation, and the accepted token.

mod optional_checks;
mod possession;
mod token;

pub use token::AccessToken;

use optional_checks::OptionalChecks;
use possession::ProofOfPossession;

use super::DpopProof;
use super::stores::store_setters;
use crate::claims::authentication::authentication_setters;
use crate::claims::field::{required, required_string, space_separated, string};
use crate::claims::marks::Marks;
use crate::claims::rules::time_rule_setters;
use crate::claims::{CommonRules, RegisteredClaims};
use crate::error::{Claim, Error};
use crate::jose::Thumbprint;
use crate::jose::media_type::MediaType;
use crate::storage::{ReplayCheck, TokenIdentity};
use crate::time::Now;
use crate::verify::Verified;

/// The requirements of a device for OAuth 2.0 access tokens
/// ([RFC 9068 section 4](https://www.rfc-editor.org/rfc/rfc9068#section-4)).
///
/// Checked: `typ`; that `iss`, `exp`, `aud`, `sub`, `client_id`, `iat` and `jti` are present and have the right types;
/// `aud`; `exp` and `nbf`; that a token bound to a key (`cnf`) is presented by the holder of that key; and whatever
/// `with_...` adds. The signature and `iss` were checked before.
///
/// **Not** checked unless added: whether the token was revoked, and whether it was used before. **Not** checked at all:
/// the presenter of a token that is bound to no key. Anyone with a copy of such a bearer token can use it, so accept
/// it over encrypted transport only.
#[derive(Clone, Copy, Debug)]
pub struct AccessTokenPolicy<'a> {
    rules: CommonRules<'a>,
    profile: Profile,
    required_scope: Option<&'a str>,
    optional: OptionalChecks<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Profile {
    Rfc9068,
    Untyped,
}

impl<'a> AccessTokenPolicy<'a> {
    /// A policy with all rules of RFC 9068. `audience` is the device's resource indicator: the name that the issuer
    /// puts into `aud` for this device. The policy has the leeway [`DEFAULT_LEEWAY`](crate::DEFAULT_LEEWAY), no limits
    /// on lifetime and age, and no required scope.
    ///
    /// An empty `audience` refuses every token ([`Error::Unconfigured`]).
    pub const fn new(audience: &'a str) -> Self {
        Self {
            rules: CommonRules::new(audience),
            profile: Profile::Rfc9068,
            required_scope: None,
            optional: OptionalChecks::NONE,
        }
    }

    /// A policy for issuers older than RFC 9068, whose access tokens have the `typ` `JWT` or none. `typ` may be absent,
    /// `JWT` or `at+jwt`, and `sub`, `client_id`, `iat` and `jti` may be absent. Everything else is as with
    /// [`new`](Self::new).
    ///
    /// This has a cost: an ID token of the same issuer can be distinguished from an access token only by its audience.
    /// Make sure that no client has this `audience` as its client id. Prefer to have the issuer mark its tokens as
    /// `at+jwt`.
    pub const fn untyped(audience: &'a str) -> Self {
        Self { profile: Profile::Untyped, ..Self::new(audience) }
    }

    time_rule_setters!();
    authentication_setters!(|policy| policy.optional.enable().authentication);
    store_setters!(|policy| policy.optional.enable().stores);

    /// Requires this scope, or all of several scopes separated by spaces. This replaces the scopes given before. A
    /// string without any scope refuses every token ([`Error::Unconfigured`]).
    pub const fn with_required_scope(mut self, scope: &'a str) -> Self {
        self.required_scope = Some(scope);
        self
    }

    /// Accepts only a token that is bound to the key of this DPoP proof, and consumes the proof if the token is
    /// accepted ([RFC 9449 section 7.1](https://www.rfc-editor.org/rfc/rfc9449#section-7.1)). The proof must have been
    /// verified for the text of this same token ([`DpopPolicy::new`](crate::DpopPolicy::new)).
    ///
    /// Of this setter, [`with_certificate`](Self::with_certificate),
    /// [`with_certificate_thumbprint`](Self::with_certificate_thumbprint) and
    /// [`with_unchecked_confirmation`](Self::with_unchecked_confirmation), the last call counts.
    pub const fn with_dpop(self, proof: &'a DpopProof<'a>, replay: &'a dyn ReplayCheck) -> Self {
        self.with_possession(ProofOfPossession::Dpop(proof, replay))
    }

    /// Accepts only a token that is bound to this certificate (DER), with which the client authenticated in mutual TLS
    /// ([RFC 8705 section 3](https://www.rfc-editor.org/rfc/rfc8705#section-3)).
    pub fn with_certificate(self, der: &[u8]) -> Self {
        self.with_certificate_thumbprint(Thumbprint::of_certificate(der))
    }

    /// Accepts only a token that is bound to the certificate with this SHA-256 fingerprint. Use it instead of
    /// [`with_certificate`](Self::with_certificate) if only the fingerprint is known.
    pub const fn with_certificate_thumbprint(self, thumbprint: Thumbprint) -> Self {
        self.with_possession(ProofOfPossession::Certificate(thumbprint))
    }

    /// Also accepts tokens that are bound to a key, without a proof of possession. For callers that check
    /// [`AccessToken::confirmation`] themselves.
    pub const fn with_unchecked_confirmation(self) -> Self {
        self.with_possession(ProofOfPossession::Unchecked)
    }

    const fn with_possession(mut self, possession: ProofOfPossession<'a>) -> Self {
        self.optional.enable().possession = possession;
        self
    }

    /// Accepts only a token that was issued to answer this challenge (`cnonce`, [RFC 9200 section
    /// 5.3.1](https://www.rfc-editor.org/rfc/rfc9200#section-5.3.1)). The device gives the challenge to the client, and
    /// the client passes it on to the issuer. The answer shows that the token is no older than the challenge, even
    /// where the time is not known ([`Now::AtLeast`]). Generate a new random challenge for each token, and accept only
    /// one token for it.
    ///
    /// An empty challenge refuses every token ([`Error::Unconfigured`]).
    pub const fn with_challenge(mut self, challenge: &'a str) -> Self {
        self.optional.enable().challenge = Some(challenge);
        self
    }

    fn accepts_type(&self, media_type: Option<&MediaType>) -> bool {
        match (self.profile, media_type) {
            (Profile::Rfc9068, None) => false,
            (Profile::Rfc9068, Some(typ)) => typ.is("at+jwt"),
            (Profile::Untyped, None) => true,
            (Profile::Untyped, Some(typ)) => typ.is("at+jwt") || typ.is("JWT"),
        }
    }
}

impl<'b> Verified<'_, 'b> {
    /// Validates the claims as an access token, by the steps of [RFC 9068 section
    /// 4](https://www.rfc-editor.org/rfc/rfc9068#section-4). Decryption (the second step) is not supported.
    /// [`Token::verify`](crate::Token::verify) has already compared `iss` (the third) and verified the signature (the
    /// fifth).
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::Unconfigured`]: the policy's audience or required scope is empty.
    /// - [`Error::WrongType`]: `typ` is not the type of an access token, or an untyped token is a security event
    ///   (`events`).
    /// - [`Error::Missing`], [`Error::Invalid`]: a required claim is absent, or a registered claim has the wrong type.
    /// - [`Error::Mismatch`]: `aud` lacks the policy's audience.
    /// - [`Error::ClockNotSet`], [`Error::Expired`], [`Error::NotYetValid`], [`Error::TimeUnknown`]: the token is not
    ///   valid at this time, or the time is not known well enough.
    /// - [`Error::Missing`], [`Error::Invalid`], [`Error::NotYetValid`], [`Error::LifetimeTooLong`], [`Error::TooOld`]:
    ///   a limit on lifetime or age is set, and `iat` is absent, later than `exp`, in the future, or too long ago.
    /// - [`Error::BufferTooSmall`]: see [`Token::buffer_len`](crate::Token::buffer_len).
    /// - [`Error::InsufficientScope`]: a required scope is not granted.
    /// - [`Error::SenderConstrained`], [`Error::Missing`], [`Error::Invalid`], [`Error::Mismatch`]: the token is bound
    ///   to a key (`cnf`), and the policy has no proof of possession; or the policy has a proof, and the token is not
    ///   bound to its key.
    /// - [`Error::TooOld`]: the DPoP proof is no longer fresh.
    /// - [`Error::Unconfigured`], [`Error::Missing`], [`Error::Invalid`], [`Error::Mismatch`], [`Error::NotYetValid`],
    ///   [`Error::AuthenticationTooOld`]: the user's login (`acr`, `auth_time`) does not meet the policy's
    ///   requirements.
    /// - [`Error::Unconfigured`], [`Error::Missing`], [`Error::Invalid`], [`Error::Mismatch`]: the policy has a
    ///   challenge, and the token does not answer it.
    /// - [`Error::Missing`], [`Error::Revoked`], or another error of [`Revocations`](crate::Revocations): the policy
    ///   asks for single use and the token has no `jti`, or the token is revoked.
    /// - [`Error::Replayed`], [`Error::Full`]: the DPoP proof or the token was used before, or no further use can be
    ///   stored.
    pub fn into_access_token(
        self,
        policy: &AccessTokenPolicy<'_>,
        now: impl Into<Now>,
    ) -> Result<AccessToken<'b>, Error> {
        self.validate_access_token(policy, now.into())
    }

    fn validate_access_token(self, policy: &AccessTokenPolicy<'_>, now: Now) -> Result<AccessToken<'b>, Error> {
        let Self { payload, mut scratch, media_type, key, signing_input, .. } = self;

        policy.rules.check_configured()?;
        if policy.required_scope.is_some_and(|scope| space_separated(scope).next().is_none()) {
            return Err(Error::Unconfigured(Claim::Scope));
        }

        // Section 4, first step: the type.
        if !policy.accepts_type(media_type.as_ref()) {
            return Err(Error::WrongType);
        }
        if matches!(policy.profile, Profile::Untyped) && !Marks::find(payload).fit_access_token() {
            return Err(Error::WrongType);
        }

        // Section 2.2: the required claims.
        let ([client_id, scope, cnf], registered) =
            payload.members_of_both(["client_id", "scope", "cnf"], RegisteredClaims::NAMES).unwrap_or_default();
        let client_id = string(client_id, Claim::ClientId)?;
        let scope = string(scope, Claim::Scope)?;
        let registered = RegisteredClaims::read(payload, registered)?;
        if let Profile::Rfc9068 = policy.profile {
            required_string(registered.sub, Claim::Subject)?;
            required_string(client_id, Claim::ClientId)?;
            required(registered.iat, Claim::IssuedAt)?;
            required_string(registered.jti, Claim::JwtId)?;
        }

        // Section 4, fourth and last step: the audience and the time.
        let token = AccessToken {
            claims: registered.validate(&policy.rules, policy.optional.has_challenge(), now, &mut scratch)?,
            client_id: client_id.map(|client_id| client_id.unescape_into(&mut scratch)).transpose()?,
            scope: scope.map(|scope| scope.unescape_into(&mut scratch)).transpose()?.unwrap_or_default(),
        };
        // Section 4, after the steps: the scopes that the policy requires.
        if !space_separated(policy.required_scope.unwrap_or_default()).all(|scope| token.has_scope(scope)) {
            return Err(Error::InsufficientScope);
        }
        let identity = TokenIdentity { claims: &token.claims, client_id: token.client_id, key, signing_input };
        policy.optional.check(&identity, cnf, policy.rules.leeway, now)?;
        Ok(token)
    }
}
