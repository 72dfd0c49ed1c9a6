//! Validation in two phases: a valid token waits for the application's own check before anything is consumed.

use core::fmt;
use core::ops::Deref;

use super::dpop::PresentedNonce;
use super::{AccessToken, TypedToken};
use crate::claims::{Claims, Confirmation};
use crate::error::{Claim, Error};
use crate::jose::PublicKey;
use crate::storage::{ReplayCheck, Revocations, SingleUse, TokenIdentity};
use crate::time::Now;

/// A token that its policy accepts, before its id and the id of its DPoP proof are consumed. It comes from
/// [`Verified::validate_access_token`](crate::Verified::validate_access_token) or
/// [`Verified::validate_typed`](crate::Verified::validate_typed).
///
/// Its claims can be read, so that the application can make a check of its own. A token that it refuses stays usable
/// elsewhere: it returns [`Error::Denied`], or any other error, and drops the `Pending`. Only
/// [`consume`](Self::consume) turns the `Pending` into a token to act on.
///
/// ```compile_fail,E0308
/// # use embedded_jwt::{AccessToken, Pending};
/// # fn f<'b>(pending: Pending<'_, AccessToken<'b>>) -> AccessToken<'b> {
/// *pending
/// # }
/// ```
///
/// # Example: a token for one door, used once
///
/// ```
/// use embedded_jwt::{AccessToken, AccessTokenPolicy, Error, ReplayWindow, UnixTime, Verified};
///
/// #[derive(serde::Deserialize)]
/// struct Door {
///     door: u16,
/// }
///
/// fn open<'b>(
///     verified: Verified<'_, 'b>,
///     used: &ReplayWindow<64, 16>,
///     now: UnixTime,
/// ) -> Result<AccessToken<'b>, Error> {
///     let policy = AccessTokenPolicy::new("urn:doors").with_single_use(used);
///     let pending = verified.validate_access_token(&policy, now)?;
///     if pending.claims::<Door>()?.door == 7 { pending.consume() } else { Err(Error::Denied) }
/// }
/// ```
#[must_use = "nothing has been consumed yet, and the request is not accepted"]
pub struct Pending<'p, T> {
    pub(super) token: T,
    pub(super) uses: Uses<'p>,
    pub(super) revocations: Option<&'p dyn Revocations>,
    pub(super) signed: Signed<'p>,
    pub(super) now: Now,
}

/// The parts of a token's identity that are not among its claims.
#[derive(Clone, Copy)]
pub(super) struct Signed<'p> {
    pub(super) key: &'p PublicKey<'p>,
    pub(super) text: &'p [u8],
    /// The leeway of the policy, in seconds.
    pub(super) leeway: u64,
}

impl<'b> Pending<'_, AccessToken<'b>> {
    /// Consumes the id of the token and of its proof, as far as the policy asks for that, and returns the token.
    /// Everything is consumed, or nothing, at the time of the validation: keep the check in between short.
    ///
    /// **Without this call, the token can be used again**: do not act on a `Pending`.
    ///
    /// # Errors
    ///
    /// Nothing is consumed then. The stores are asked again, since a token may have been revoked or used meanwhile. In
    /// this order:
    /// - [`Error::Revoked`], or another error of [`Revocations`](crate::Revocations).
    /// - [`Error::Mismatch`]: the nonce that shows the proof to be fresh has been withdrawn.
    /// - [`Error::Replayed`], [`Error::ProofReplayed`], [`Error::ShareFull`], [`Error::Full`], or another error of
    ///   [`ReplayCheck::use_all`](crate::ReplayCheck::use_all).
    pub fn consume(self) -> Result<AccessToken<'b>, Error> {
        self.finish(&self.token, self.token.client_id())?;
        Ok(self.token)
    }

    /// As [`AccessToken::client_id`].
    pub fn client_id(&self) -> Option<&'b str> {
        self.token.client_id()
    }

    /// As [`AccessToken::scopes`].
    pub fn scopes(&self) -> impl Iterator<Item = &'b str> + use<'b> {
        self.token.scopes()
    }

    /// As [`AccessToken::has_scope`].
    pub fn has_scope(&self, scope: &str) -> bool {
        self.token.has_scope(scope)
    }

    /// As [`AccessToken::confirmation`].
    pub fn confirmation(&self) -> Option<Confirmation<'b>> {
        self.token.confirmation()
    }
}

impl<'b> Pending<'_, TypedToken<'b>> {
    /// Consumes the id of the token, if the policy asks for that, and returns the token. The time is the
    /// time of the validation: keep the check in between short.
    ///
    /// **Without this call, the token can be used again**: do not act on a `Pending`.
    ///
    /// # Errors
    ///
    /// As [`consume`](Pending::<AccessToken<'_>>::consume) for access tokens, without the errors of a proof.
    pub fn consume(self) -> Result<TypedToken<'b>, Error> {
        self.finish(&self.token, None)?;
        Ok(self.token)
    }
}

impl<T> Pending<'_, T> {
    /// The token's id that [`consume`](Pending::<AccessToken<'_>>::consume) consumes; `None` if the policy does not ask for
    /// [single use](crate::AccessTokenPolicy::with_single_use). The id of a DPoP proof is not returned. For a look at the
    /// store after the consumption, see [`twice`](crate::twice()).
    pub fn single_use(&self) -> Option<SingleUse> {
        self.uses.token.map(|(id, _)| id)
    }

    fn finish(&self, claims: &Claims<'_>, client_id: Option<&str>) -> Result<(), Error> {
        if let Some(revocations) = self.revocations {
            let Signed { key, text, leeway } = self.signed;
            revocations.check(&TokenIdentity { claims, client_id, key, text, leeway }, self.now)?;
        }
        self.uses.consume(self.now)
    }
}

/// The token's [`Claims`](crate::Claims).
impl<T: Deref> Deref for Pending<'_, T> {
    type Target = T::Target;

    fn deref(&self) -> &T::Target {
        &self.token
    }
}

/// Omits the values, which may be personal data.
impl<T> fmt::Debug for Pending<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").finish_non_exhaustive()
    }
}

/// The ids that a request consumes. The function is called through a pointer, so that firmware whose policies consume nothing
/// does not link it.
#[derive(Clone, Copy)]
pub(super) struct Uses<'p> {
    proof: Option<Use<'p>>,
    token: Option<Use<'p>>,
    nonce: Option<PresentedNonce<'p>>,
    /// Asks the stores whether everything can be consumed and, if the flag is set, consumes it.
    run: fn(&Uses<'_>, bool, Now) -> Result<(), Error>,
}

/// An id, and the store that remembers it.
pub(super) type Use<'p> = (SingleUse, &'p dyn ReplayCheck);

/// The action of a policy on a token that passes all checks.
pub(super) enum Act<'u, 'p> {
    /// Consumes it.
    Consume,
    /// Asks whether it can be consumed, and collects the ids.
    Collect(&'u mut Uses<'p>),
}

impl<'p> Act<'_, 'p> {
    pub(super) fn on(self, uses: Uses<'p>, now: Now) -> Result<(), Error> {
        match self {
            Self::Consume => uses.consume(now),
            Self::Collect(collected) => {
                *collected = uses;
                match ((uses.run)(&uses, false, now), now) {
                    // The token itself may show that ids are over: see `TimeFloor::learn`.
                    (answer, Now::AtLeast(_)) if is_full(answer) => Ok(()),
                    (answer, _) => answer,
                }
            }
        }
    }
}

impl<'p> Uses<'p> {
    pub(super) const NOTHING: Self = Self { proof: None, token: None, nonce: None, run: |_, _, _| Ok(()) };

    pub(super) fn set_proof(&mut self, proof: Use<'p>, nonce: Option<PresentedNonce<'p>>) {
        (self.proof, self.nonce, self.run) = (Some(proof), nonce, run);
    }

    pub(super) fn set_token(&mut self, token: Use<'p>) {
        (self.token, self.run) = (Some(token), run);
    }

    /// Consumes everything, or nothing.
    pub(super) fn consume(&self, now: Now) -> Result<(), Error> {
        (self.run)(self, true, now)
    }
}

fn run(uses: &Uses<'_>, consumes: bool, now: Now) -> Result<(), Error> {
    if uses.nonce.is_some_and(|nonce| !nonce.is_issued()) {
        return Err(Error::Mismatch(Claim::Nonce));
    }
    match (&uses.proof, &uses.token) {
        // One store: its answer is for both ids, which may take two slots.
        (Some((proof, store)), Some((token, other))) if is_same(*store, *other) => {
            ask(*store, &[*proof, *token], consumes, now)?;
        }
        (Some((proof, store)), Some((token, other))) => {
            // Both are asked before one of them changes, since taking back a use is a change too. That an id was used
            // counts before that a store is full.
            let answers = [store.check_unused(&[*proof], now), other.check_unused(&[*token], now)];
            let certain = answers.into_iter().filter(|answer| !is_full(*answer));
            certain.chain(answers).collect::<Result<(), Error>>()?;
            if consumes {
                store.use_all(&[*proof], now)?;
                other.use_all(&[*token], now).inspect_err(|_| store.release(&[*proof]))?;
            }
        }
        (Some((id, store)), None) | (None, Some((id, store))) => ask(*store, &[*id], consumes, now)?,
        (None, None) => {}
    }
    if let (true, Some(nonce)) = (consumes, uses.nonce) {
        nonce.withdraw();
    }
    Ok(())
}

/// Whether a store has refused an id only because of others.
fn is_full(answer: Result<(), Error>) -> bool {
    matches!(answer, Err(Error::Full | Error::ShareFull))
}

/// Whether this is certainly one store. Pointers to trait objects cannot tell: those to one object can differ, and
/// those to objects without a size can be equal.
fn is_same(one: &dyn ReplayCheck, other: &dyn ReplayCheck) -> bool {
    one.address().is_some_and(|address| other.address() == Some(address))
}

fn ask(store: &dyn ReplayCheck, ids: &[SingleUse], consumes: bool, now: Now) -> Result<(), Error> {
    if consumes { store.use_all(ids, now) } else { store.check_unused(ids, now) }
}
