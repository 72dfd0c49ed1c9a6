//! OpenID Connect ID tokens: the policy, its validation, and the accepted token.

use core::fmt;
use core::ops::Deref;

use crate::claims::authentication::{Authentication, AuthenticationRules, authentication_setters};
use crate::claims::field::{refuse_empty, required, required_string, string};
use crate::claims::marks::Marks;
use crate::claims::rules::time_rule_setters;
use crate::claims::{Claims, CommonRules, RegisteredClaims, Strings};
use crate::error::{Claim, Error};
use crate::jose::json::JsonStr;
use crate::profiles::stores::revocation_setter;
use crate::storage::{Revocations, TokenIdentity};
use crate::time::{Now, UnixTime};
use crate::verify::Verified;

/// The requirements of an application for OpenID Connect ID tokens
/// ([OpenID Connect Core section 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)).
///
/// Checked: that neither `typ` nor a mark in the payload names another kind of token; that `iss`, `sub`, `aud`, `exp`
/// and `iat` are present and have the right types, and that `sub` is not empty; `aud` and `azp`; `exp` and `nbf`; and
/// whatever `with_...` adds. The signature and `iss` were checked before.
///
/// The marks of other kinds ([RFC 8725 section 3.12](https://www.rfc-editor.org/rfc/rfc8725#section-3.12)) are `events`
/// with any value; a `typ` in the payload that is, in any case, `Bearer`, `DPoP`, `Refresh`, `Offline` or `Logout`
/// (Keycloak); and a `token_use` other than `id` (Cognito).
///
/// **Not** checked unless added, not even its type: `nonce`, `acr`, `auth_time` and the hashes; and whether the token was
/// revoked. **Not** checked at all: `amr`, whether its presenter holds its key (`cnf`), and whether the user has logged
/// out since.
#[derive(Clone, Copy)]
pub struct IdTokenPolicy<'a> {
    rules: CommonRules<'a>,
    client_id: &'a str,
    trusted_audiences: &'a [&'a str],
    authentication: AuthenticationRules<'a>,
    nonce: Option<&'a str>,
    access_token: Option<&'a [u8]>,
    code: Option<&'a [u8]>,
    revocations: Option<&'a dyn Revocations>,
}

impl<'a> IdTokenPolicy<'a> {
    /// A policy for the application with this client id. It has the leeway [`DEFAULT_LEEWAY`](crate::DEFAULT_LEEWAY),
    /// and no limits on lifetime and age.
    ///
    /// If the issuer is older than RFC 9068 and does not mark the payload of its access tokens, only the nonce
    /// distinguishes an ID token from an access token that has this audience.
    ///
    /// An empty `client_id` refuses every token ([`Error::Unconfigured`]).
    pub const fn new(client_id: &'a str) -> Self {
        Self {
            rules: CommonRules::new(client_id),
            client_id,
            trusted_audiences: &[],
            authentication: AuthenticationRules::NONE,
            nonce: None,
            access_token: None,
            code: None,
            revocations: None,
        }
    }

    time_rule_setters!();
    authentication_setters!(|policy| policy.authentication);
    revocation_setter!(|policy| policy.revocations);

    /// Requires the nonce of the authentication request. Without it, a stolen ID token can be presented as one's
    /// own. The nonce also shows that the token is no older than the request, where the time is not known
    /// ([`Now::AtLeast`]). An empty nonce refuses every token ([`Error::Unconfigured`]).
    pub const fn with_nonce(mut self, nonce: &'a str) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// Requires that `at_hash` is the hash of this access token (its text), which came with the ID token ([section
    /// 3.1.3.8](https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowTokenValidation)).
    pub const fn with_access_token(mut self, access_token: &'a [u8]) -> Self {
        self.access_token = Some(access_token);
        self
    }

    /// Requires that `c_hash` is the hash of this authorization code, which came with the ID token ([section
    /// 3.3.2.10](https://openid.net/specs/openid-connect-core-1_0.html#HybridTokenValidation2)).
    pub const fn with_code(mut self, code: &'a [u8]) -> Self {
        self.code = Some(code);
        self
    }

    /// Sets other audiences that `aud` may contain in addition to the client id. A token for any further audience is
    /// accepted only if its `azp` is the client id.
    pub const fn with_trusted_audiences(mut self, audiences: &'a [&'a str]) -> Self {
        self.trusted_audiences = audiences;
        self
    }
}

impl<'b> Verified<'_, 'b> {
    /// Validates the claims as an ID token, by the steps of [OpenID Connect Core section
    /// 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation). Decryption (1) is not
    /// supported. [`Token::verify`](crate::Token::verify) has already compared `iss` (2) and verified the signature
    /// with a key and an algorithm of the issuer (6 to 8).
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::Unconfigured`]: the policy's client id, `acr`, nonce, access token or code is empty.
    /// - [`Error::WrongType`]: `typ` is neither absent nor `JWT`, or the payload is marked as another kind of token.
    /// - [`Error::Missing`], [`Error::Invalid`]: a required claim is absent, a registered claim or `azp` has the wrong
    ///   type, or `sub` is empty or longer than [`MAX_SUBJECT_LEN`].
    /// - [`Error::Mismatch`]: `aud` lacks the client id.
    /// - [`Error::ClockNotSet`], [`Error::Expired`], [`Error::NotYetValid`], [`Error::TimeUnknown`]: the token is not
    ///   valid at this time, or the time is not known well enough.
    /// - [`Error::Invalid`], [`Error::NotYetValid`], [`Error::LifetimeTooLong`], [`Error::TooOld`]: a limit on lifetime
    ///   or age is set, and `iat` is later than `exp`, in the future, or too long ago.
    /// - [`Error::BufferTooSmall`], here or, for `acr`, at the end: see
    ///   [`Token::buffer_len`](crate::Token::buffer_len).
    /// - [`Error::Mismatch`], [`Error::Missing`]: `azp` is another client, or is absent although an audience is not
    ///   trusted.
    /// - [`Error::Missing`], [`Error::Invalid`], [`Error::Mismatch`]: `nonce` or `acr` does not have the value that the
    ///   policy expects.
    /// - [`Error::Missing`], [`Error::Invalid`], [`Error::NotYetValid`], [`Error::AuthenticationTooOld`]: the policy
    ///   limits the time since the login, and `auth_time` is absent, no date, in the future, or too long ago.
    /// - [`Error::Missing`], [`Error::Invalid`], [`Error::Mismatch`]: `at_hash` or `c_hash` does not have the value
    ///   that the policy expects.
    /// - [`Error::Revoked`], or another error of [`Revocations`]: the token is revoked, or that is unknown.
    pub fn into_id_token(self, policy: &IdTokenPolicy<'_>, now: impl Into<Now>) -> Result<IdToken<'b>, Error> {
        self.validate_id_token(policy, now.into())
    }

    fn validate_id_token(self, policy: &IdTokenPolicy<'_>, now: Now) -> Result<IdToken<'b>, Error> {
        let Self { payload, mut scratch, media_type, key, text, .. } = self;

        policy.rules.check_configured()?;
        policy.authentication.check_configured()?;
        refuse_empty([
            (policy.nonce.map(str::as_bytes), Claim::Nonce),
            (policy.access_token, Claim::AccessTokenHash),
            (policy.code, Claim::CodeHash),
        ])?;

        // RFC 8725 sections 3.11 and 3.12: not a token of another kind.
        if media_type.is_some_and(|typ| !typ.is("JWT")) || !Marks::find(payload).fit_id_token() {
            return Err(Error::WrongType);
        }

        // Section 2: the claims, and the types of those that every policy needs.
        let names = ["azp", "nonce", "at_hash", "c_hash", "amr"];
        let ([azp, nonce, at_hash, c_hash, amr], registered) =
            payload.members_of_both(names, RegisteredClaims::NAMES).unwrap_or_default();
        let azp = string(azp, Claim::AuthorizedParty)?;
        let login = Authentication::find(payload);
        let registered = RegisteredClaims::read(payload, registered)?;
        let sub = required_string(registered.sub, Claim::Subject)?;
        if sub.bytes().nth(MAX_SUBJECT_LEN).is_some() {
            return Err(Error::Invalid(Claim::Subject));
        }
        required(registered.iat, Claim::IssuedAt)?;

        // Steps 3 (the client is an audience), 9 and 10: the audience and the time.
        let claims = registered.validate(&policy.rules, policy.nonce.is_some(), now, &mut scratch)?;

        // Steps 3 (every audience is trusted), 4 and 5: the client that the token was issued to.
        let is_trusted = |audience: JsonStr<'_>| {
            audience == *policy.client_id || policy.trusted_audiences.iter().any(|trusted| audience == **trusted)
        };
        match azp {
            Some(azp) if azp == *policy.client_id => {}
            Some(_) => return Err(Error::Mismatch(Claim::AuthorizedParty)),
            None if claims.audience().iter().all(is_trusted) => {}
            None => return Err(Error::Missing(Claim::AuthorizedParty)),
        }

        // Step 11: the authentication request that the token answers.
        if let Some(expected) = policy.nonce
            && required(string(nonce, Claim::Nonce)?, Claim::Nonce)? != *expected
        {
            return Err(Error::Mismatch(Claim::Nonce));
        }

        // Steps 12 and 13: how and when the user logged in.
        policy.authentication.check(&login, &claims.time_bounds(now, policy.rules.leeway)?)?;

        // Sections 3.1.3.8 and 3.3.2.10: the access token and the code that came with the ID token.
        for (text, hash, claim) in
            [(policy.access_token, at_hash, Claim::AccessTokenHash), (policy.code, c_hash, Claim::CodeHash)]
        {
            if let Some(text) = text
                && !key.algorithm().is_half_hash(required(string(hash, claim)?, claim)?, text)
            {
                return Err(Error::Mismatch(claim));
            }
        }

        // The device's own store.
        if let Some(revocations) = policy.revocations {
            let leeway = policy.rules.leeway;
            let token = TokenIdentity { claims: &claims, client_id: None, key, text, leeway };
            revocations.check(&token, now)?;
        }

        Ok(IdToken {
            claims,
            authenticated_at: login.time().map(|time| UnixTime::from_secs(time.floor)),
            acr: login.acr().map(|acr| acr.unescape_into(&mut scratch)).transpose()?,
            amr: amr.and_then(Strings::of_array).unwrap_or(Strings::NONE),
        })
    }
}

/// An accepted ID token. It states who the user is and how they logged in, and only that ([OpenID Connect Core section
/// 2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)). An [`AccessToken`](crate::AccessToken) states
/// the permissions, and an ID token cannot be used as one:
///
/// ```compile_fail,E0308
/// # use embedded_jwt::{AccessToken, Error, IdTokenPolicy, UnixTime, Verified};
/// # fn f<'b>(verified: Verified<'_, 'b>, policy: &IdTokenPolicy<'_>, now: UnixTime) -> Result<(), Error> {
/// let token: AccessToken = verified.into_id_token(policy, now)?;
/// # Ok(()) }
/// ```
///
/// and it has no scopes:
///
/// ```compile_fail,E0599
/// # fn f(token: embedded_jwt::IdToken<'_>) {
/// token.has_scope("pump:write");
/// # }
/// ```
///
/// # Example: the user's name
///
/// ```
/// use embedded_jwt::{Error, IdToken};
///
/// #[derive(serde::Deserialize)]
/// struct Profile<'b> {
///     name: &'b str,
///     email_verified: bool,
/// }
///
/// fn greet(token: &IdToken<'_>) -> Result<(), Error> {
///     let profile: Profile = token.claims()?;
///     println!("{}, whose account is {:?}", profile.name, token.subject());
///     Ok(())
/// }
/// ```
#[derive(Clone, Copy)]
pub struct IdToken<'b> {
    claims: Claims<'b>,
    authenticated_at: Option<UnixTime>,
    acr: Option<&'b str>,
    amr: Strings<'b>,
}

impl<'b> IdToken<'b> {
    /// The time at which the user logged in (`auth_time`), in whole seconds rounded down. `None` if `auth_time` is
    /// absent or no date.
    pub fn authenticated_at(&self) -> Option<UnixTime> {
        self.authenticated_at
    }

    /// The strength of the user's authentication, in terms that the issuer and the client have agreed on (`acr`).
    /// `None` if `acr` is absent or not a string.
    pub fn acr(&self) -> Option<&'b str> {
        self.acr
    }

    /// The methods by which the user authenticated (`amr`, [RFC 8176 section
    /// 2](https://www.rfc-editor.org/rfc/rfc8176#section-2)); empty if `amr` is absent or not an array of strings.
    pub fn amr(&self) -> Strings<'b> {
        self.amr
    }
}

impl<'b> Deref for IdToken<'b> {
    type Target = Claims<'b>;

    fn deref(&self) -> &Claims<'b> {
        &self.claims
    }
}

/// Omits the values, which are personal data.
impl fmt::Debug for IdToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdToken").finish_non_exhaustive()
    }
}

/// Omits the nonce, the access token and the code.
impl fmt::Debug for IdTokenPolicy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdTokenPolicy").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// The maximum length of `sub` in an ID token, in bytes ([section
/// 2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)).
pub const MAX_SUBJECT_LEN: usize = 255;
