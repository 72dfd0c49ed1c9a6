//! The checks that an access token policy makes only where a setter asks for them.
//!
//! Setters can reach the [`Demands`] only through [`OptionalChecks::enable`], which also installs the function that
//! checks them. No setter can therefore store a demand that is never checked. The function is called through a pointer,
//! so that firmware whose policies take only plain bearer tokens links none of these checks.

use super::possession::ProofOfPossession;
use crate::claims::authentication::{Authentication, AuthenticationRules};
use crate::claims::field::{refuse_empty, required, string};
use crate::error::{Claim, Error};
use crate::jose::json::Value;
use crate::profiles::stores::StoreChecks;
use crate::storage::TokenIdentity;
use crate::time::Now;

/// The demands of a policy, and the function that checks them.
#[derive(Clone, Copy, Debug)]
pub(super) struct OptionalChecks<'a> {
    demands: Demands<'a>,
    check: Check,
}

/// A function that checks a token and its `cnf` against the demands, with the policy's leeway.
type Check = fn(&Demands<'_>, &TokenIdentity<'_>, Option<Value<'_>>, u64, Now) -> Result<(), Error>;

/// The requirements that the setters have added.
#[derive(Clone, Copy, Debug)]
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

    /// Whether the token will be compared with a challenge, which proves that it is fresh.
    pub(super) const fn has_challenge(&self) -> bool {
        self.demands.challenge.is_some()
    }

    /// Checks the demands in order, and consumes the proof and the token last.
    pub(super) fn check(
        &self,
        token: &TokenIdentity<'_>,
        cnf: Option<Value<'_>>,
        leeway: u64,
        now: Now,
    ) -> Result<(), Error> {
        (self.check)(&self.demands, token, cnf, leeway, now)
    }
}

/// Refuses a token that is bound to a key, since it is not a bearer token (RFC 9449 section 7.2).
fn refuse_bound(
    _demands: &Demands<'_>,
    _token: &TokenIdentity<'_>,
    cnf: Option<Value<'_>>,
    _leeway: u64,
    _now: Now,
) -> Result<(), Error> {
    if cnf.is_some() { Err(Error::SenderConstrained) } else { Ok(()) }
}

fn check_all(
    demands: &Demands<'_>,
    token: &TokenIdentity<'_>,
    cnf: Option<Value<'_>>,
    leeway: u64,
    now: Now,
) -> Result<(), Error> {
    // Without `..`, so that a demand that is not checked here does not compile.
    let Demands { authentication, possession, challenge, stores } = demands;

    // RFC 9449 section 7.1, RFC 8705 section 3: the presenter holds the key.
    possession.check(cnf, now.earliest())?;

    // RFC 9470 section 5: how the user logged in.
    let payload = token.payload();
    if !authentication.is_none() {
        authentication.check_configured()?;
        authentication.check(&Authentication::find(payload), leeway, now)?;
    }

    // RFC 9200 section 5.3.1: the challenge.
    if let Some(challenge) = challenge {
        refuse_empty([(Some(challenge.as_bytes()), Claim::Challenge)])?;
        let cnonce = string(payload.member("cnonce"), Claim::Challenge)?;
        if required(cnonce, Claim::Challenge)? != *challenge {
            return Err(Error::Mismatch(Claim::Challenge));
        }
    }

    // The device's stores. The proof is consumed before the token, since the client can make a new proof.
    stores.check(token, now)?;
    possession.use_once(now.earliest())?;
    stores.use_once(token, leeway, now)
}
