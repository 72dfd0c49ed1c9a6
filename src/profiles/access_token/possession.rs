//! Proof of possession: how the presenter of an access token shows that it holds the key that the token is bound to.

use crate::claims::Confirmation;
use crate::error::{Claim, Error};
use crate::jose::Thumbprint;
use crate::jose::json::Value;
use crate::profiles::DpopProof;
use crate::storage::ReplayCheck;
use crate::time::UnixTime;

/// The proof that the presenter of an access token holds the key or certificate that the token is bound to.
#[derive(Clone, Copy, Debug)]
pub(super) enum ProofOfPossession<'a> {
    /// No proof: only tokens that are bound to no key are accepted.
    Bearer,
    /// No proof, but bound tokens are accepted too.
    Unchecked,
    /// Mutual TLS with this certificate.
    Certificate(Thumbprint),
    /// This DPoP proof.
    Dpop(&'a DpopProof<'a>, &'a dyn ReplayCheck),
}

impl ProofOfPossession<'_> {
    /// Checks the key or certificate that the token is bound to.
    ///
    /// # Errors
    ///
    /// - [`Error::SenderConstrained`]: the token is bound to a key, and there is no proof of possession.
    /// - [`Error::Invalid`]: `cnf` cannot be read.
    /// - [`Error::Missing`], [`Error::Mismatch`]: the token is not bound to the proven key.
    /// - [`Error::TooOld`]: the proof is no longer fresh.
    pub(super) fn check(&self, cnf: Option<Value<'_>>, now: UnixTime) -> Result<(), Error> {
        let is_proven = match (self, cnf) {
            (Self::Bearer, None) => true,
            (Self::Bearer, Some(_)) => return Err(Error::SenderConstrained),
            (Self::Unchecked, cnf) => cnf.map(Confirmation::parse).transpose().map(|_| true)?,
            (_, None) => return Err(Error::Missing(Claim::Confirmation)),
            (Self::Certificate(thumbprint), Some(cnf)) => Confirmation::parse(cnf)?.is_by_certificate(*thumbprint),
            (Self::Dpop(proof, _), Some(_)) if now > proof.usable_until() => return Err(Error::TooOld),
            (Self::Dpop(proof, _), Some(cnf)) => Confirmation::parse(cnf)?.is_by_key(proof.thumbprint()),
        };
        if is_proven { Ok(()) } else { Err(Error::Mismatch(Claim::Confirmation)) }
    }

    /// Consumes the proof. Called last, so that a refused request consumes nothing.
    pub(super) fn use_once(&self, now: UnixTime) -> Result<(), Error> {
        match self {
            Self::Dpop(proof, replay) => {
                replay.use_once(proof.thumbprint().as_bytes(), proof.jwt_id(), proof.usable_until(), now)
            }
            _ => Ok(()),
        }
    }
}
