//! Tokens of a device's own kinds, identified by their `typ`.

use core::fmt;
use core::ops::Deref;
use core::time::Duration;

use super::Pending;
use super::pending::{Act, Signed, Uses};
use super::stores::{StoreChecks, store_setters};
use crate::claims::rules::time_rule_setters;
use crate::claims::{Claims, CommonRules, Confirmation, RegisteredClaims};
use crate::error::Error;
use crate::storage::TokenIdentity;
use crate::time::Now;
use crate::verify::Verified;

/// The requirements of a device for JWTs of its own kind, such as signed commands, with their own `typ`
/// ([RFC 8725 section 3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11)).
///
/// Checked: `typ`; `aud`; `exp` and `nbf`; the types of the registered claims; and whatever `with_...` adds, such as
/// revocation and single use. A token that is bound to a key (`cnf`) is refused, since nothing shows that its presenter
/// holds the key. The signature and `iss` were checked before. **Not** checked: all other claims of the kind.
///
/// # Example: a command that is carried out once
///
/// ```
/// use embedded_jwt::{Error, ReplayWindow, TypedPolicy, UnixTime, Verified};
///
/// fn open_valve(verified: Verified<'_, '_>, used: &ReplayWindow<32, 8>, now: UnixTime) -> Result<(), Error> {
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
    allows_bound: bool,
    stores: StoreChecks<'a>,
}

impl<'a> TypedPolicy<'a> {
    /// A policy for tokens of the media type `typ`, such as `cmd+jwt`, and for this audience. It has the leeway
    /// [`DEFAULT_LEEWAY`](crate::DEFAULT_LEEWAY), and no limits on lifetime and age.
    ///
    /// A policy for an empty `typ` or for `JWT`, which names no kind, refuses every token ([`Error::WrongType`]); so
    /// does a policy for an empty `audience` ([`Error::Unconfigured`]).
    pub const fn new(typ: &'a str, audience: &'a str) -> Self {
        Self::with_rules(typ, CommonRules::new(audience))
    }

    /// A policy for tokens of the type `typ` that, by their standard, have no audience and need not expire, such as
    /// signed key sets. A token with an `aud` is refused, since it is not for everyone ([`Error::Mismatch`]). Prefer
    /// [`new`](Self::new) for your own kinds.
    pub const fn new_without_audience(typ: &'a str) -> Self {
        Self::with_rules(typ, CommonRules::new_without_audience())
    }

    const fn with_rules(typ: &'a str, rules: CommonRules<'a>) -> Self {
        Self { rules, typ, allows_bound: false, stores: StoreChecks::NONE }
    }

    /// A policy for tokens of the type `typ` that an issuer publishes for everyone, such as key sets and status lists:
    /// without `aud`, and with an `iat` that is not in the future. Any limit on the age requires such an `iat`.
    pub(super) const fn new_published(typ: &'a str) -> Self {
        Self::new_without_audience(typ).with_max_token_age(Duration::MAX)
    }

    time_rule_setters!();
    store_setters!(|policy| policy.stores);

    /// Also accepts tokens that are bound to a key, without a proof of possession. For callers that check
    /// [`TypedToken::confirmation`] themselves.
    pub const fn with_unchecked_confirmation(mut self) -> Self {
        self.allows_bound = true;
        self
    }
}

impl<'t, 'b> Verified<'t, 'b> {
    /// Validates the claims as a token of the policy's type.
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::Unconfigured`]: the policy's audience is empty.
    /// - [`Error::WrongType`]: `typ` is not the policy's.
    /// - [`Error::Missing`], [`Error::Invalid`]: `iss`, `exp` or `aud` is absent, or a registered claim has the wrong
    ///   type.
    /// - [`Error::Mismatch`]: `aud` lacks the policy's audience.
    /// - [`Error::ClockNotSet`], [`Error::Expired`], [`Error::NotYetValid`], [`Error::TimeUnknown`]: the token is not
    ///   valid at this time, or the time is not known well enough.
    /// - [`Error::Missing`], [`Error::Invalid`], [`Error::NotYetValid`], [`Error::LifetimeTooLong`], [`Error::TooOld`]:
    ///   a limit on lifetime or age is set, and `iat` is absent, later than `exp`, in the future, or too long ago.
    /// - [`Error::BufferTooSmall`]: see [`Token::buffer_len`](crate::Token::buffer_len).
    /// - [`Error::SenderConstrained`]: the token is bound to a key; [`Error::Invalid`]: the policy accepts that, and
    ///   `cnf` cannot be read.
    /// - [`Error::Missing`], [`Error::Invalid`], [`Error::Revoked`], or another error of
    ///   [`Revocations`](crate::Revocations): the policy asks for single use and the token has no `jti` or an empty one,
    ///   or no `exp`; or the token is revoked.
    /// - [`Error::Replayed`], [`Error::ShareFull`], [`Error::Full`], or another error of
    ///   [`ReplayCheck`](crate::ReplayCheck): the token was used before, or no further use can be stored.
    ///
    /// A token that is refused is not consumed.
    pub fn into_typed(self, policy: &TypedPolicy<'_>, now: impl Into<Now>) -> Result<TypedToken<'b>, Error> {
        self.accept_typed(policy, None, now.into())
    }

    /// Validates the claims as [`into_typed`](Self::into_typed) does, and consumes nothing yet. The application can make
    /// a check of its own before it calls [`Pending::consume`].
    ///
    /// # Errors
    ///
    /// As [`into_typed`](Self::into_typed). Where the time is not known, a window that is full is reported by `consume`.
    pub fn validate_typed<'p>(
        self,
        policy: &TypedPolicy<'p>,
        now: impl Into<Now>,
    ) -> Result<Pending<'p, TypedToken<'b>>, Error>
    where
        't: 'p,
    {
        let (mut uses, now) = (Uses::NOTHING, now.into());
        let signed = Signed { key: self.key, text: self.text, leeway: policy.rules.leeway };
        let token = self.check_typed(policy, None, now, Act::Collect(&mut uses))?;
        Ok(Pending { token, uses, revocations: policy.stores.revocations, signed, now })
    }

    /// Validates and consumes. `iss` is required, unless the caller names the issuer that verification has found.
    pub(super) fn accept_typed(
        self,
        policy: &TypedPolicy<'_>,
        issuer: Option<&'b str>,
        now: Now,
    ) -> Result<TypedToken<'b>, Error> {
        self.check_typed(policy, issuer, now, Act::Consume)
    }

    fn check_typed<'p>(
        self,
        policy: &TypedPolicy<'p>,
        issuer: Option<&'b str>,
        now: Now,
        act: Act<'_, 'p>,
    ) -> Result<TypedToken<'b>, Error> {
        let Self { payload, mut scratch, media_type, key, text, .. } = self;
        policy.rules.check_configured()?;
        let typ = media_type.filter(|typ| !typ.is("") && !typ.is("JWT")).ok_or(Error::WrongType)?;
        if !typ.is(policy.typ) {
            return Err(Error::WrongType);
        }
        let ([cnf], registered) = payload.members_of_both(["cnf"], RegisteredClaims::NAMES).unwrap_or_default();
        let registered = RegisteredClaims::read(payload, registered)?;
        let claims = match issuer {
            Some(issuer) => registered.validate_for(issuer, &policy.rules, false, now, &mut scratch)?,
            None => registered.validate(&policy.rules, false, now, &mut scratch)?,
        };
        match cnf {
            Some(_) if !policy.allows_bound => return Err(Error::SenderConstrained),
            cnf => cnf.map(Confirmation::parse).transpose()?,
        };
        let identity = TokenIdentity { claims: &claims, client_id: None, key, text, leeway: policy.rules.leeway };
        let mut uses = Uses::NOTHING;
        policy.stores.check(&identity, policy.typ, None, now, &mut uses)?;
        act.on(uses, now)?;
        Ok(TypedToken { claims })
    }
}

/// An accepted token of the type that a [`TypedPolicy`] names.
///
/// It is not an access token:
///
/// ```compile_fail,E0308
/// # use embedded_jwt::{AccessToken, Error, TypedPolicy, UnixTime, Verified};
/// # fn f<'b>(verified: Verified<'_, 'b>, policy: &TypedPolicy<'_>, now: UnixTime) -> Result<(), Error> {
/// let token: AccessToken = verified.into_typed(policy, now)?;
/// # Ok(()) }
/// ```
///
/// and its policy does not produce one:
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

impl<'b> TypedToken<'b> {
    /// The key or certificate that the token is bound to, if any. Only a policy made
    /// [`with_unchecked_confirmation`](TypedPolicy::with_unchecked_confirmation) accepts such a token: **nothing has
    /// shown that the presenter holds the key**.
    pub fn confirmation(&self) -> Option<Confirmation<'b>> {
        self.claims.confirmation()
    }
}

impl<'b> Deref for TypedToken<'b> {
    type Target = Claims<'b>;

    fn deref(&self) -> &Claims<'b> {
        &self.claims
    }
}

/// Omits the values, which may be personal data.
impl fmt::Debug for TypedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedToken").finish_non_exhaustive()
    }
}
