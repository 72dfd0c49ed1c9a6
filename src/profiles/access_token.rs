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
use crate::claims::field::{required, space_separated, string};
use crate::claims::rules::{refuse_security_event, time_rule_setters};
use crate::claims::{CommonRules, RegisteredClaims};
use crate::error::{Claim, Error};
use crate::jose::Thumbprint;
use crate::jose::media_type::MediaType;
use crate::storage::{ReplayCheck, TokenIdentity};
use crate::time::Now;
use crate::verify::Verified;

/// What a device demands of an OAuth 2.0 access token
/// ([RFC 9068 section 4](https://www.rfc-editor.org/rfc/rfc9068#section-4)).
///
/// Checked: `typ`; that `iss`, `exp`, `aud`, `sub`, `client_id`, `iat` and `jti` are there and of their types; `aud`;
/// `exp` and `nbf`; that a token which is bound to a key (`cnf`) is presented by who holds that key; and what is added
/// by `with_...`. The signature and `iss` were checked before.
///
/// **Not** checked, unless it is added: whether the token was revoked, and whether it is used a second time. **Not** checked
/// at all: who presents one that is bound to no key: whoever holds a bearer token can use it, so take it over an encrypted
/// transport only.
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
    /// RFC 9068 in full. `audience` is the device's resource indicator: the name that the issuer puts into `aud` for
    /// this device. With [`DEFAULT_LEEWAY`](crate::DEFAULT_LEEWAY), and without limits on lifetime and age, or a
    /// required scope.
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

    /// For issuers older than RFC 9068, whose access tokens are marked `JWT` or not at all: `typ` may be absent, `JWT`
    /// or `at+jwt`, and `sub`, `client_id`, `iat` and `jti` may be absent. Everything else is as with
    /// [`new`](Self::new).
    ///
    /// What is given up: an ID token of the same issuer cannot be told from an access token, except by its audience.
    /// Make sure that no client has the `audience` given here as its client id. Prefer to make the issuer mark its
    /// tokens.
    pub const fn untyped(audience: &'a str) -> Self {
        Self { profile: Profile::Untyped, ..Self::new(audience) }
    }

    time_rule_setters!();
    authentication_setters!(|policy| policy.optional.enable().authentication);
    store_setters!(|policy| policy.optional.enable().stores);

    /// The scope without which no token is accepted; several, separated by spaces, are all required. It replaces the
    /// one given before, and without any scope in it refuses every token ([`Error::Unconfigured`]).
    pub const fn with_required_scope(mut self, scope: &'a str) -> Self {
        self.required_scope = Some(scope);
        self
    }

    /// Only a token that is bound to the key of this DPoP proof, which is used up if the token is accepted
    /// ([RFC 9449 section 7.1](https://www.rfc-editor.org/rfc/rfc9449#section-7.1)). The proof has to be verified for the
    /// text of this very token ([`DpopPolicy::new`](crate::DpopPolicy::new)). Of this and the next three, the last one given
    /// counts.
    pub const fn with_dpop(self, proof: &'a DpopProof<'a>, replay: &'a dyn ReplayCheck) -> Self {
        self.with_possession(ProofOfPossession::Dpop(proof, replay))
    }

    /// Only a token that is bound to this certificate, with which the client has authenticated in mutual TLS; given as
    /// DER ([RFC 8705 section 3](https://www.rfc-editor.org/rfc/rfc8705#section-3)).
    pub fn with_certificate(self, der: &[u8]) -> Self {
        self.with_certificate_thumbprint(Thumbprint::of_certificate(der))
    }

    /// As [`with_certificate`](Self::with_certificate), for who has only the SHA-256 fingerprint of the certificate.
    pub const fn with_certificate_thumbprint(self, thumbprint: Thumbprint) -> Self {
        self.with_possession(ProofOfPossession::Certificate(thumbprint))
    }

    /// Also a token that is bound to a key, from anyone who presents it. For callers that check
    /// [`AccessToken::confirmation`] themselves.
    pub const fn with_unchecked_confirmation(self) -> Self {
        self.with_possession(ProofOfPossession::Unchecked)
    }

    const fn with_possession(mut self, possession: ProofOfPossession<'a>) -> Self {
        self.optional.enable().possession = possession;
        self
    }

    /// Only a token that was issued to answer this challenge (`cnonce`,
    /// [RFC 9200 section 5.3.1](https://www.rfc-editor.org/rfc/rfc9200#section-5.3.1)): the device gave it to the client, and
    /// the client passed it on to the issuer. It shows that the token is no older than the challenge, also where the time is
    /// not known ([`Now::AtLeast`]). Draw a new one at random for each token, and take it for one token only.
    ///
    /// An empty one refuses every token ([`Error::Unconfigured`]).
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
    /// Judges the claims as those of an access token. The steps are those of
    /// [RFC 9068 section 4](https://www.rfc-editor.org/rfc/rfc9068#section-4): of these, decryption (the second) is not
    /// supported, and [`Token::verify`](crate::Token::verify) has compared `iss` and verified the signature (the third
    /// and fifth).
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::Unconfigured`]: the policy's audience or required scope is empty.
    /// - [`Error::WrongType`]: `typ` is not that of an access token, or an untyped token is a security event (`events`).
    /// - [`Error::Missing`], [`Error::Invalid`]: a required claim is absent, or a registered one is of the wrong type.
    /// - [`Error::Mismatch`]: `aud` lacks the policy's audience.
    /// - [`Error::ClockNotSet`], [`Error::Expired`], [`Error::NotYetValid`], [`Error::TimeUnknown`]: it is not the token's
    ///   time, or it cannot be known to be.
    /// - [`Error::Missing`], [`Error::Invalid`], [`Error::NotYetValid`], [`Error::LifetimeTooLong`], [`Error::TooOld`]:
    ///   a limit on lifetime or age is set, and `iat` is absent, later than `exp`, still to come, or too long ago.
    /// - [`Error::BufferTooSmall`]: see [`Token::buffer_len`](crate::Token::buffer_len).
    /// - [`Error::InsufficientScope`]: a required scope is not granted.
    /// - [`Error::SenderConstrained`], [`Error::Missing`], [`Error::Invalid`], [`Error::Mismatch`]: the token is bound to
    ///   a key (`cnf`), and the policy has no proof of it; or has one, and the token is not bound to that key.
    /// - [`Error::TooOld`]: the DPoP proof was verified too long ago.
    /// - [`Error::Unconfigured`], [`Error::Missing`], [`Error::Invalid`], [`Error::Mismatch`], [`Error::NotYetValid`],
    ///   [`Error::AuthenticationTooOld`]: the user's login (`acr`, `auth_time`) is not what the policy asks for.
    /// - [`Error::Unconfigured`], [`Error::Missing`], [`Error::Invalid`], [`Error::Mismatch`]: the policy has a challenge,
    ///   and the token does not answer it.
    /// - [`Error::Missing`], [`Error::Revoked`], or another of [`Revocations`](crate::Revocations): the token has no `jti` and
    ///   is for a single use, or it is revoked.
    /// - [`Error::Replayed`], [`Error::Full`]: the DPoP proof or the token was used before, or nothing more can be remembered.
    pub fn into_access_token(
        self,
        policy: &AccessTokenPolicy<'_>,
        now: impl Into<Now>,
    ) -> Result<AccessToken<'b>, Error> {
        self.validate_access_token(policy, now.into())
    }

    fn validate_access_token(self, policy: &AccessTokenPolicy<'_>, now: Now) -> Result<AccessToken<'b>, Error> {
        let Self { payload, mut scratch, media_type, key, signing_input } = self;

        policy.rules.check_configured()?;
        if policy.required_scope.is_some_and(|scope| space_separated(scope).next().is_none()) {
            return Err(Error::Unconfigured(Claim::Scope));
        }

        // Section 4, first step: the type.
        if !policy.accepts_type(media_type.as_ref()) {
            return Err(Error::WrongType);
        }
        if matches!(policy.profile, Profile::Untyped) {
            refuse_security_event(payload.member("events"))?;
        }

        // Section 2.2: the required claims.
        let ([client_id, scope, cnf], registered) =
            payload.members_of_both(["client_id", "scope", "cnf"], RegisteredClaims::NAMES).unwrap_or_default();
        let client_id = string(client_id, Claim::ClientId)?;
        let scope = string(scope, Claim::Scope)?;
        let registered = RegisteredClaims::read(payload, registered)?;
        if let Profile::Rfc9068 = policy.profile {
            required(registered.sub, Claim::Subject)?;
            required(client_id, Claim::ClientId)?;
            required(registered.iat, Claim::IssuedAt)?;
            required(registered.jti, Claim::JwtId)?;
        }

        // Section 4, fourth and last step: the audience and the time.
        let token = AccessToken {
            claims: registered.validate(&policy.rules, policy.optional.has_challenge(), now, &mut scratch)?,
            client_id: client_id.map(|client_id| client_id.unescape_into(&mut scratch)).transpose()?,
            scope: scope.map(|scope| scope.unescape_into(&mut scratch)).transpose()?.unwrap_or_default(),
        };
        // Section 4, after the steps: the scope, as far as the policy knows it.
        if !space_separated(policy.required_scope.unwrap_or_default()).all(|scope| token.has_scope(scope)) {
            return Err(Error::InsufficientScope);
        }
        let identity = TokenIdentity { claims: &token.claims, client_id: token.client_id, key, signing_input };
        policy.optional.check(&identity, cnf, policy.rules.leeway, now)?;
        Ok(token)
    }
}
