mod possession;

use core::fmt;
use core::ops::Deref;

use possession::ProofOfPossession;

use crate::claims::authentication::{self, Authentication, AuthenticationRules};
use crate::claims::{self, Claims, CommonRules, Confirmation, RegisteredClaims, required, space_separated};
use crate::error::{Claim, Error};
use crate::jose::Thumbprint;
use crate::jose::json::Value;
use crate::jose::media_type::MediaType;
use crate::profiles::DpopProof;
use crate::profiles::stores::{self, StoreChecks};
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
    authentication: AuthenticationRules<'a>,
    possession: ProofOfPossession<'a>,
    challenge: Option<&'a str>,
    stores: StoreChecks<'a>,
    /// A pointer, so that what looks further than at a plain bearer token is linked only where a policy asks for it.
    check_further: CheckFurther,
}

/// Of a token, and its `cnf`.
type CheckFurther = fn(&AccessTokenPolicy<'_>, &TokenIdentity<'_>, Option<Value<'_>>, Now) -> Result<(), Error>;

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
            authentication: AuthenticationRules::NONE,
            possession: ProofOfPossession::Bearer,
            challenge: None,
            stores: StoreChecks::NONE,
            check_further: refuse_bound,
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

    claims::time_rule_setters!();
    authentication::authentication_setters!(check_further = check_all_else);
    stores::store_setters!(check_further = check_all_else);

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
        self.possession = possession;
        self.check_further = check_all_else;
        self
    }

    /// Only a token that was issued to answer this challenge (`cnonce`,
    /// [RFC 9200 section 5.3.1](https://www.rfc-editor.org/rfc/rfc9200#section-5.3.1)): the device gave it to the client, and
    /// the client passed it on to the issuer. It shows that the token is no older than the challenge, also where the time is
    /// not known ([`Now::AtLeast`]). Draw a new one at random for each token, and take it for one token only.
    ///
    /// An empty one refuses every token ([`Error::Unconfigured`]).
    pub const fn with_challenge(mut self, challenge: &'a str) -> Self {
        self.challenge = Some(challenge);
        self.rules.has_challenge = true;
        self.check_further = check_all_else;
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

/// RFC 9449 section 7.2: what is bound to a key is no bearer token.
fn refuse_bound(
    _policy: &AccessTokenPolicy<'_>,
    _token: &TokenIdentity<'_>,
    cnf: Option<Value<'_>>,
    _now: Now,
) -> Result<(), Error> {
    if cnf.is_some() { Err(Error::SenderConstrained) } else { Ok(()) }
}

/// RFC 9449 section 7.1 and RFC 8705 section 3: who presents it. RFC 9470 section 5: how the user logged in. RFC 9200
/// section 5.3.1: which challenge it answers. Then what the device keeps, and at the very end, what may be used once is used
/// up: the proof first, since a new one can be made.
fn check_all_else(
    policy: &AccessTokenPolicy<'_>,
    token: &TokenIdentity<'_>,
    cnf: Option<Value<'_>>,
    now: Now,
) -> Result<(), Error> {
    let payload = token.payload();
    policy.possession.check(cnf, now.earliest())?;
    if !policy.authentication.is_none() {
        policy.authentication.check_configured()?;
        policy.authentication.check(&Authentication::read(payload)?, policy.rules.leeway, now)?;
    }
    if let Some(challenge) = policy.challenge {
        claims::refuse_empty([(Some(challenge.as_bytes()), Claim::Challenge)])?;
        let cnonce = claims::string(payload.member("cnonce"), Claim::Challenge)?;
        if required(cnonce, Claim::Challenge)? != *challenge {
            return Err(Error::Mismatch(Claim::Challenge));
        }
    }
    policy.stores.check(token, now)?;
    policy.possession.use_once(now.earliest())?;
    policy.stores.use_once(token, policy.rules.leeway, now)
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
        // RFC 8417 section 2.2: a security event, such as a logout, which need not have a type of its own.
        if matches!(policy.profile, Profile::Untyped) && payload.member("events").is_some() {
            return Err(Error::WrongType);
        }

        // Section 2.2: the required claims.
        let ([client_id, scope, cnf], registered) =
            payload.members_of_both(["client_id", "scope", "cnf"], RegisteredClaims::NAMES).unwrap_or_default();
        let client_id = claims::string(client_id, Claim::ClientId)?;
        let scope = claims::string(scope, Claim::Scope)?;
        let registered = RegisteredClaims::read(payload, registered)?;
        if let Profile::Rfc9068 = policy.profile {
            required(registered.sub, Claim::Subject)?;
            required(client_id, Claim::ClientId)?;
            required(registered.iat, Claim::IssuedAt)?;
            required(registered.jti, Claim::JwtId)?;
        }

        // Section 4, fourth and last step: the audience and the time.
        let token = AccessToken {
            claims: registered.accept(&policy.rules, now, &mut scratch)?,
            client_id: client_id.map(|client_id| client_id.unescape_into(&mut scratch)).transpose()?,
            scope: scope.map(|scope| scope.unescape_into(&mut scratch)).transpose()?.unwrap_or_default(),
        };
        // Section 4, after the steps: the scope, as far as the policy knows it.
        if !space_separated(policy.required_scope.unwrap_or_default()).all(|scope| token.has_scope(scope)) {
            return Err(Error::InsufficientScope);
        }
        let identity = TokenIdentity { claims: &token.claims, client_id: token.client_id, key, signing_input };
        (policy.check_further)(policy, &identity, cnf, now)?;
        Ok(token)
    }
}

/// An accepted access token: it says what its bearer may do, and only that
/// ([RFC 9068](https://www.rfc-editor.org/rfc/rfc9068)). Who holds one has passed an [`AccessTokenPolicy`]; there is no
/// other way to make one:
///
/// ```compile_fail,E0451
/// # use embedded_jwt::{AccessToken, Claims};
/// # fn f(claims: Claims<'static>) {
/// let forged = AccessToken { claims, client_id: None, scope: "pump:write" };
/// # }
/// ```
///
/// While it lives, its buffer cannot be used for another:
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
    claims: Claims<'b>,
    client_id: Option<&'b str>,
    scope: &'b str,
}

impl<'b> AccessToken<'b> {
    /// The client that the token was issued to (`client_id`, [RFC 8693 section
    /// 4.3](https://www.rfc-editor.org/rfc/rfc8693#section-4.3)).
    pub fn client_id(&self) -> Option<&'b str> {
        self.client_id
    }

    /// What the token allows (`scope`, [RFC 8693 section 4.2](https://www.rfc-editor.org/rfc/rfc8693#section-4.2)).
    pub fn scopes(&self) -> impl Iterator<Item = &'b str> + use<'b> {
        space_separated(self.scope)
    }

    /// Whether the token allows `scope`: one scope, compared byte for byte. Without the claim, nothing is allowed.
    pub fn has_scope(&self, scope: &str) -> bool {
        // As `scopes`, but of bytes: nothing need be decoded to be compared.
        let mut granted = self.scope.as_bytes().split(|byte| *byte == b' ');
        !scope.is_empty() && granted.any(|granted| granted == scope.as_bytes())
    }

    /// The key that the token is bound to, if it is. The policy has checked it, unless it was told not to
    /// ([`with_unchecked_confirmation`](AccessTokenPolicy::with_unchecked_confirmation)).
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

/// Without the values: they may be personal data.
impl fmt::Debug for AccessToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").finish_non_exhaustive()
    }
}
