use core::fmt;
use core::ops::Deref;

use crate::claims::{self, Claims, CommonRules, RegisteredClaims};
use crate::error::Error;
use crate::profiles::stores::{self, StoreChecks};
use crate::storage::TokenIdentity;
use crate::time::Now;
use crate::verify::Verified;

/// What a device demands of a JWT of a kind of its own, with a `typ` of its own
/// ([RFC 8725 section 3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11)): a signed command, say.
///
/// Checked: `typ`; `aud`; `exp` and `nbf`; that the registered claims are of their types; and what is added by
/// `with_...`, among it revocation and repeated use. The signature and `iss` were checked before. **Not** checked: who
/// presents it (`cnf`), and every claim that the kind has besides.
///
/// # Example: a command that is carried out once
///
/// ```
/// use embedded_jwt::{Error, ReplayWindow, TypedPolicy, UnixTime, Verified};
///
/// fn open_valve(verified: Verified<'_, '_>, used: &ReplayWindow<32>, now: UnixTime) -> Result<(), Error> {
///     let policy = TypedPolicy::new("cmd+jwt", "urn:device:valve-3").with_single_use(used);
///     let command = verified.into_typed(&policy, now)?;
///     println!("opened, since {:?} asked for it", command.subject());
///     Ok(())
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TypedPolicy<'a> {
    rules: CommonRules<'a>,
    typ: &'a str,
    stores: StoreChecks<'a>,
}

impl<'a> TypedPolicy<'a> {
    /// Tokens whose `typ` is the media type `typ`, such as `cmd+jwt`, for this audience. With
    /// [`DEFAULT_LEEWAY`](crate::DEFAULT_LEEWAY), and without limits on lifetime and age.
    ///
    /// An empty `typ` and `JWT`, which names no kind, refuse every token ([`Error::WrongType`]); so does an empty
    /// `audience` ([`Error::Unconfigured`]).
    pub const fn new(typ: &'a str, audience: &'a str) -> Self {
        Self { rules: CommonRules::new(audience), typ, stores: StoreChecks::NONE }
    }

    /// Tokens of the type `typ` that by their standard are for anyone, and need not expire: a signed key set, say. One
    /// that has an `aud` is refused, since it is for somebody ([`Error::Mismatch`]). Prefer [`new`](Self::new) for kinds
    /// of your own.
    pub const fn new_without_audience(typ: &'a str) -> Self {
        Self { rules: CommonRules::for_anyone(), typ, stores: StoreChecks::NONE }
    }

    claims::time_rule_setters!();
    stores::store_setters!();
}

impl<'b> Verified<'_, 'b> {
    /// Judges the claims as those of a token of the policy's type.
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::Unconfigured`]: the policy's audience is empty.
    /// - [`Error::WrongType`]: `typ` is not the policy's.
    /// - [`Error::Missing`], [`Error::Invalid`]: `iss`, `exp` or `aud` is absent, or a registered claim is of the wrong
    ///   type.
    /// - [`Error::Mismatch`]: `aud` lacks the policy's audience.
    /// - [`Error::ClockNotSet`], [`Error::Expired`], [`Error::NotYetValid`], [`Error::TimeUnknown`]: it is not the token's
    ///   time, or it cannot be known to be.
    /// - [`Error::Missing`], [`Error::Invalid`], [`Error::NotYetValid`], [`Error::LifetimeTooLong`], [`Error::TooOld`]:
    ///   a limit on lifetime or age is set, and `iat` is absent, later than `exp`, still to come, or too long ago.
    /// - [`Error::BufferTooSmall`]: see [`Token::buffer_len`](crate::Token::buffer_len).
    /// - [`Error::Missing`], [`Error::Revoked`], or another of [`Revocations`](crate::Revocations): the token has no `jti` and
    ///   is for a single use, or it is revoked.
    /// - [`Error::Replayed`], [`Error::Full`]: it was used before, or nothing more can be remembered.
    pub fn into_typed(self, policy: &TypedPolicy<'_>, now: impl Into<Now>) -> Result<TypedToken<'b>, Error> {
        self.validate_typed(policy, now.into())
    }

    fn validate_typed(self, policy: &TypedPolicy<'_>, now: Now) -> Result<TypedToken<'b>, Error> {
        let Self { payload, mut scratch, media_type, key, signing_input } = self;
        policy.rules.check_configured()?;
        let typ = media_type.filter(|typ| !typ.is("") && !typ.is("JWT")).ok_or(Error::WrongType)?;
        if !typ.is(policy.typ) {
            return Err(Error::WrongType);
        }
        let registered = payload.members(RegisteredClaims::NAMES).unwrap_or_default();
        let claims = RegisteredClaims::read(payload, registered)?.accept(&policy.rules, now, &mut scratch)?;
        policy.stores.check(&TokenIdentity { claims: &claims, client_id: None, key, signing_input }, now)?;
        policy.stores.use_once(&claims, policy.rules.leeway, now)?;
        Ok(TypedToken { claims })
    }
}

/// An accepted token of the type that a [`TypedPolicy`] names.
///
/// It is no access token:
///
/// ```compile_fail,E0308
/// # use embedded_jwt::{AccessToken, Error, TypedPolicy, UnixTime, Verified};
/// # fn f<'b>(verified: Verified<'_, 'b>, policy: &TypedPolicy<'_>, now: UnixTime) -> Result<(), Error> {
/// let token: AccessToken = verified.into_typed(policy, now)?;
/// # Ok(()) }
/// ```
///
/// and its policy makes none:
///
/// ```compile_fail,E0308
/// # use embedded_jwt::{AccessToken, Error, TypedPolicy, UnixTime, Verified};
/// # fn f<'b>(verified: Verified<'_, 'b>, policy: &TypedPolicy<'_>, now: UnixTime) -> Result<(), Error> {
/// let token = verified.into_access_token(policy, now)?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy)]
pub struct TypedToken<'b> {
    claims: Claims<'b>,
}

impl<'b> Deref for TypedToken<'b> {
    type Target = Claims<'b>;

    fn deref(&self) -> &Claims<'b> {
        &self.claims
    }
}

/// Without the values: they may be personal data.
impl fmt::Debug for TypedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedToken").finish_non_exhaustive()
    }
}
