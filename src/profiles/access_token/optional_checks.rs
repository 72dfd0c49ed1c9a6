//! The checks that an access token policy makes only where a setter asks for them.
//!
//! Setters can reach the [`Demands`] only through [`OptionalChecks::enable`], which also installs the function that
//! checks them. No setter can therefore store a demand that is never checked. The function is called through a pointer,
//! so that firmware whose policies take only plain bearer tokens links none of these checks.

use core::fmt;

use super::possession::ProofOfPossession;
use crate::claims::authentication::{Authentication, AuthenticationRules};
use crate::claims::field::{refuse_empty, required, string};
use crate::error::{Claim, Error};
use crate::jose::json::Value;
use crate::profiles::pending::{Act, Uses};
use crate::profiles::stores::StoreChecks;
use crate::storage::{Revocations, TokenIdentity};
use crate::time::Now;

/// The demands of a policy, and the function that checks them.
#[derive(Clone, Copy)]
pub(super) struct OptionalChecks<'a> {
    demands: Demands<'a>,
    check: Check,
}

/// A function that checks a token and its `cnf` against the demands, and consumes the token or collects the ids to consume.
type Check = for<'a> fn(&Demands<'a>, &TokenIdentity<'_>, Option<Value<'_>>, Now, Act<'_, 'a>) -> Result<(), Error>;

/// The requirements that the setters have added.
#[derive(Clone, Copy)]
pub(super) struct Demands<'a> {
    pub(super) authentication: AuthenticationRules<'a>,
    pub(super) possession: ProofOfPossession<'a>,
    pub(super) challenge: Option<&'a str>,
    pub(super) stores: StoreChecks<'a>,
}

impl<'a> OptionalChecks<'a> {
    /// No demands: only a token that is bound to a key is refused.
    pub(super) const NONE: Self = Self {
        demands: Demands {
            authentication: AuthenticationRules::NONE,
            possession: ProofOfPossession::Bearer,
            challenge: None,
            stores: StoreChecks::NONE,
        },
        check: refuse_bound,
    };

    /// Returns the demands for a setter to change, and has them checked from now on.
    pub(super) const fn enable(&mut self) -> &mut Demands<'a> {
        self.check = check_all;
        &mut self.demands
    }

    pub(super) const fn revocations(&self) -> Option<&'a dyn Revocations> {
        self.demands.stores.revocations
    }

    /// Whether the token will be compared with a challenge, which proves that it is fresh.
    pub(super) const fn has_challenge(&self) -> bool {
        self.demands.challenge.is_some()
    }

    /// Checks the demands in order, and then does what `act` says.
    pub(super) fn check(
        &self,
        token: &TokenIdentity<'_>,
        cnf: Option<Value<'_>>,
        now: Now,
        act: Act<'_, 'a>,
    ) -> Result<(), Error> {
        (self.check)(&self.demands, token, cnf, now, act)
    }
}

/// Omits the demands: a challenge is a secret until it is answered.
impl fmt::Debug for OptionalChecks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OptionalChecks").finish_non_exhaustive()
    }
}

/// Refuses a token that is bound to a key, since it is not a bearer token (RFC 9449 section 7.2).
fn refuse_bound(
    _demands: &Demands<'_>,
    _token: &TokenIdentity<'_>,
    cnf: Option<Value<'_>>,
    _now: Now,
    _act: Act<'_, '_>,
) -> Result<(), Error> {
    if cnf.is_some() { Err(Error::SenderConstrained) } else { Ok(()) }
}

fn check_all<'a>(
    demands: &Demands<'a>,
    token: &TokenIdentity<'_>,
    cnf: Option<Value<'_>>,
    now: Now,
    act: Act<'_, 'a>,
) -> Result<(), Error> {
    // Without `..`, so that a demand that is not checked here does not compile.
    let Demands { authentication, possession, challenge, stores } = demands;

    // RFC 9449 section 7.1, RFC 8705 section 3: the presenter holds the key.
    let mut uses = Uses::NOTHING;
    possession.check(cnf, token, now, &mut uses)?;

    // RFC 9470 section 5: how the user logged in.
    let payload = token.payload();
    if !authentication.is_none() {
        authentication.check_configured()?;
        authentication.check(&Authentication::find(payload), &token.time_bounds(now, token.leeway)?)?;
    }

    // RFC 9200 section 5.3.1: the challenge.
    if let Some(challenge) = challenge {
        refuse_empty([(Some(challenge.as_bytes()), Claim::Challenge)])?;
        let cnonce = string(payload.member("cnonce"), Claim::Challenge)?;
        if required(cnonce, Claim::Challenge)? != *challenge {
            return Err(Error::Mismatch(Claim::Challenge));
        }
    }

    // The device's stores, last.
    stores.check(token, "at+jwt", possession.proof_key(), now, &mut uses)?;
    act.on(uses, now)
}
