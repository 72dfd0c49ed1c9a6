//! OpenID Connect ID tokens: the policy, its validation, and the accepted token.

use core::fmt;
use core::ops::Deref;

use crate::claims::authentication::{Authentication, AuthenticationRules, authentication_setters};
use crate::claims::field::{optional, refuse_empty, required, string};
use crate::claims::rules::{refuse_security_event, time_rule_setters};
use crate::claims::{Claims, CommonRules, RegisteredClaims, Strings};
use crate::error::{Claim, Error};
use crate::jose::json::JsonStr;
use crate::time::{Now, UnixTime};
use crate::verify::Verified;

/// What an application demands of an OpenID Connect ID token
/// ([OpenID Connect Core section 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)).
///
/// Checked: that `typ` marks no other kind of token; that `iss`, `sub`, `aud`, `exp` and `iat` are there and of their
/// types; `aud` and `azp`; `exp` and `nbf`; and what is added by `with_...`. The signature and `iss` were checked before.
///
/// **Not** checked: whether it was revoked, `nonce`, `acr`, `auth_time` and the hashes unless the policy says so, who presents it (`cnf`), and
/// whether the user has since logged out.
#[derive(Clone, Copy)]
pub struct IdTokenPolicy<'a> {
    rules: CommonRules<'a>,
    client_id: &'a str,
    trusted_audiences: &'a [&'a str],
    authentication: AuthenticationRules<'a>,
    nonce: Option<&'a str>,
    access_token: Option<&'a [u8]>,
    code: Option<&'a [u8]>,
}

impl<'a> IdTokenPolicy<'a> {
    /// For the application with this client id. With [`DEFAULT_LEEWAY`](crate::DEFAULT_LEEWAY), and without limits on
    /// lifetime and age.
    ///
    /// An access token of an issuer older than RFC 9068 that has this audience cannot be told from an ID token: the nonce
    /// does that.
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
        }
    }

    time_rule_setters!();
    authentication_setters!(|policy| policy.authentication);

    /// The nonce of the authentication request: without it, whoever got hold of an ID token can hand it in as their own. It
    /// also shows that the token is no older than the request, where the time is not known ([`Now::AtLeast`]).
    /// An empty one refuses every token ([`Error::Unconfigured`]).
    pub const fn with_nonce(mut self, nonce: &'a str) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// The access token that came with the ID token, as text: `at_hash` must be there, and its hash
    /// ([section 3.1.3.8](https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowTokenValidation)).
    pub const fn with_access_token(mut self, access_token: &'a [u8]) -> Self {
        self.access_token = Some(access_token);
        self
    }

    /// The authorization code that came with the ID token: `c_hash` must be there, and its hash
    /// ([section 3.3.2.10](https://openid.net/specs/openid-connect-core-1_0.html#HybridTokenValidation2)).
    pub const fn with_code(mut self, code: &'a [u8]) -> Self {
        self.code = Some(code);
        self
    }

    /// Other audiences that may stand beside the client id. A token for others still is accepted if its `azp` says that
    /// it was issued to this client.
    pub const fn with_trusted_audiences(mut self, audiences: &'a [&'a str]) -> Self {
        self.trusted_audiences = audiences;
        self
    }
}

impl<'b> Verified<'_, 'b> {
    /// Judges the claims as those of an ID token. The steps are those of [OpenID Connect Core section
    /// 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation): of these, decryption (1) is not
    /// supported, and [`Token::verify`](crate::Token::verify) has compared `iss` (2) and verified the signature by a key
    /// and an algorithm of the issuer (6 to 8).
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::Unconfigured`]: the policy's client id, `acr`, nonce, access token or code is empty.
    /// - [`Error::WrongType`]: `typ` is neither absent nor `JWT`, or the token is a security event (`events`), such as a
    ///   logout token.
    /// - [`Error::Missing`], [`Error::Invalid`]: a required claim is absent, one that is known is of the wrong type, or
    ///   `sub` is longer than [`MAX_SUBJECT_LEN`].
    /// - [`Error::Mismatch`]: `aud` lacks the client id.
    /// - [`Error::ClockNotSet`], [`Error::Expired`], [`Error::NotYetValid`], [`Error::TimeUnknown`]: it is not the token's
    ///   time, or it cannot be known to be.
    /// - [`Error::Invalid`], [`Error::NotYetValid`], [`Error::LifetimeTooLong`], [`Error::TooOld`]: a limit on lifetime
    ///   or age is set, and `iat` is later than `exp`, still to come, or too long ago.
    /// - [`Error::BufferTooSmall`], here or, for `acr`, at the end: see [`Token::buffer_len`](crate::Token::buffer_len).
    /// - [`Error::Mismatch`], [`Error::Missing`]: `azp` is another client's, or absent beside an audience that is not
    ///   trusted.
    /// - [`Error::Missing`], [`Error::Mismatch`]: `nonce` or `acr` is not what the policy expects.
    /// - [`Error::Missing`], [`Error::NotYetValid`], [`Error::AuthenticationTooOld`]: the user logged in too long ago, or
    ///   is still to.
    /// - [`Error::Missing`], [`Error::Mismatch`]: `at_hash` or `c_hash` is not what the policy expects.
    pub fn into_id_token(self, policy: &IdTokenPolicy<'_>, now: impl Into<Now>) -> Result<IdToken<'b>, Error> {
        self.validate_id_token(policy, now.into())
    }

    fn validate_id_token(self, policy: &IdTokenPolicy<'_>, now: Now) -> Result<IdToken<'b>, Error> {
        let Self { payload, mut scratch, media_type, key, .. } = self;

        policy.rules.check_configured()?;
        policy.authentication.check_configured()?;
        refuse_empty([
            (policy.nonce.map(str::as_bytes), Claim::Nonce),
            (policy.access_token, Claim::AccessTokenHash),
            (policy.code, Claim::CodeHash),
        ])?;

        // RFC 8725 section 3.11: no token of another kind.
        if media_type.is_some_and(|typ| !typ.is("JWT")) {
            return Err(Error::WrongType);
        }

        // Section 2: the claims and their types.
        let names = ["azp", "nonce", "at_hash", "c_hash", "amr", "events"];
        let ([azp, nonce, at_hash, c_hash, amr, events], registered) =
            payload.members_of_both(names, RegisteredClaims::NAMES).unwrap_or_default();
        refuse_security_event(events)?;
        let azp = string(azp, Claim::AuthorizedParty)?;
        let nonce = string(nonce, Claim::Nonce)?;
        let at_hash = string(at_hash, Claim::AccessTokenHash)?;
        let c_hash = string(c_hash, Claim::CodeHash)?;
        let amr = optional(amr, Strings::of_array, Claim::AuthenticationMethods)?;
        let login = Authentication::read(payload)?;
        let registered = RegisteredClaims::read(payload, registered)?;
        let sub = required(registered.sub, Claim::Subject)?;
        if sub.bytes().nth(MAX_SUBJECT_LEN).is_some() {
            return Err(Error::Invalid(Claim::Subject));
        }
        required(registered.iat, Claim::IssuedAt)?;

        // Steps 3 (that the client is meant), 9 and 10: the audience and the time.
        let claims = registered.validate(&policy.rules, policy.nonce.is_some(), now, &mut scratch)?;

        // Steps 3 (that no other is who is not trusted), 4 and 5: to whom it was issued.
        let is_trusted = |audience: JsonStr<'_>| {
            audience == *policy.client_id || policy.trusted_audiences.iter().any(|trusted| audience == **trusted)
        };
        match azp {
            Some(azp) if azp == *policy.client_id => {}
            Some(_) => return Err(Error::Mismatch(Claim::AuthorizedParty)),
            None if claims.audience().iter().all(is_trusted) => {}
            None => return Err(Error::Missing(Claim::AuthorizedParty)),
        }

        // Step 11: the request that it answers.
        if let Some(expected) = policy.nonce
            && required(nonce, Claim::Nonce)? != *expected
        {
            return Err(Error::Mismatch(Claim::Nonce));
        }

        // Steps 12 and 13: how and when the user logged in.
        policy.authentication.check(&login, policy.rules.leeway, now)?;

        // Sections 3.1.3.8 and 3.3.2.10: what it came with.
        for (text, hash, claim) in
            [(policy.access_token, at_hash, Claim::AccessTokenHash), (policy.code, c_hash, Claim::CodeHash)]
        {
            if let Some(text) = text
                && !key.algorithm().is_half_hash(required(hash, claim)?, text)
            {
                return Err(Error::Mismatch(claim));
            }
        }

        Ok(IdToken {
            claims,
            authenticated_at: login.time.map(|time| UnixTime::from_secs(time.floor)),
            acr: login.acr.map(|acr| acr.unescape_into(&mut scratch)).transpose()?,
            amr: amr.unwrap_or(Strings::NONE),
        })
    }
}

/// An accepted ID token: it says who the user is and how they logged in, and only that
/// ([OpenID Connect Core section 2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)). What they may do is
/// for an [`AccessToken`](crate::AccessToken) to say; it is none:
///
/// ```compile_fail,E0308
/// # use embedded_jwt::{AccessToken, Error, IdTokenPolicy, UnixTime, Verified};
/// # fn f<'b>(verified: Verified<'_, 'b>, policy: &IdTokenPolicy<'_>, now: UnixTime) -> Result<(), Error> {
/// let token: AccessToken = verified.into_id_token(policy, now)?;
/// # Ok(()) }
/// ```
///
/// and has no scopes:
///
/// ```compile_fail,E0599
/// # fn f(token: embedded_jwt::IdToken<'_>) {
/// token.has_scope("pump:write");
/// # }
/// ```
///
/// # Example: who it is
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
    /// When the user logged in (`auth_time`), in whole seconds rounded down.
    pub fn authenticated_at(&self) -> Option<UnixTime> {
        self.authenticated_at
    }

    /// How strongly the user authenticated, in terms that the issuer and the client have agreed on (`acr`).
    pub fn acr(&self) -> Option<&'b str> {
        self.acr
    }

    /// By which methods the user authenticated (`amr`,
    /// [RFC 8176 section 2](https://www.rfc-editor.org/rfc/rfc8176#section-2)); empty if the token does not say.
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

/// Without the values: they are personal data.
impl fmt::Debug for IdToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdToken").finish_non_exhaustive()
    }
}

/// Without the nonce, the access token and the code.
impl fmt::Debug for IdTokenPolicy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdTokenPolicy").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Longest `sub` of an ID token, in bytes
/// ([section 2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)).
pub const MAX_SUBJECT_LEN: usize = 255;
