//! Proof of possession: how the presenter of an access token shows that it holds the key that the token is bound to.

use crate::claims::Confirmation;
use crate::error::{Claim, Error};
use crate::jose::Thumbprint;
use crate::jose::json::Value;
use crate::profiles::DpopProof;
use crate::profiles::pending::Uses;
use crate::storage::{ReplayCheck, TokenIdentity};
use crate::time::Now;

/// The proof that the presenter of an access token holds the key or certificate that the token is bound to.
#[derive(Clone, Copy, Debug)]
pub(super) enum ProofOfPossession<'a> {
    /// No proof: only tokens that are bound to no key are accepted.
    Bearer,
    /// No proof, but bound tokens are accepted too.
    Unchecked,
    /// Mutual TLS with this certificate.
    Certificate(Thumbprint),
    /// This DPoP proof, checked by [`check_proof`]. The function is called through a pointer, so that firmware without
    /// DPoP does not link it.
    Dpop(&'a DpopProof<'a>, &'a dyn ReplayCheck, CheckProof),
}

/// A function that checks that the proof is for this token, and adds its id to the ids that the request consumes.
type CheckProof =
    for<'a> fn(&'a DpopProof<'a>, &'a dyn ReplayCheck, &TokenIdentity<'_>, Now, &mut Uses<'a>) -> Result<(), Error>;

impl<'a> ProofOfPossession<'a> {
    /// Checks the key or certificate that the token is bound to, and adds the id of a proof to `uses`.
    ///
    /// # Errors
    ///
    /// - [`Error::SenderConstrained`]: the token is bound to a key, and there is no proof of possession.
    /// - [`Error::Mismatch`]: the proof was verified for another token.
    /// - [`Error::Invalid`]: `cnf` cannot be read.
    /// - [`Error::Missing`], [`Error::Mismatch`]: the token is not bound to the proven key.
    /// - [`Error::ProofTooOld`]: the proof is no longer fresh.
    pub(super) fn check(
        &self,
        cnf: Option<Value<'_>>,
        token: &TokenIdentity<'_>,
        now: Now,
        uses: &mut Uses<'a>,
    ) -> Result<(), Error> {
        let is_proven = match (self, cnf) {
            (Self::Bearer, None) => true,
            (Self::Bearer, Some(_)) => return Err(Error::SenderConstrained),
            (Self::Unchecked, cnf) => cnf.map(Confirmation::parse).transpose().map(|_| true)?,
            (_, None) => return Err(Error::Missing(Claim::Confirmation)),
            (Self::Certificate(thumbprint), Some(cnf)) => Confirmation::parse(cnf)?.is_by_certificate(*thumbprint),
            (Self::Dpop(proof, replay, check_proof), Some(cnf)) => {
                check_proof(proof, *replay, token, now, uses)?;
                Confirmation::parse(cnf)?.is_by_key(proof.thumbprint())
            }
        };
        if is_proven { Ok(()) } else { Err(Error::Mismatch(Claim::Confirmation)) }
    }

    /// The thumbprint of the key of the DPoP proof.
    pub(super) fn proof_key(&self) -> Option<&'a [u8]> {
        match self {
            Self::Dpop(proof, ..) => Some(proof.thumbprint_bytes()),
            _ => None,
        }
    }
}

pub(super) fn check_proof<'a>(
    proof: &'a DpopProof<'a>,
    replay: &'a dyn ReplayCheck,
    token: &TokenIdentity<'_>,
    now: Now,
    uses: &mut Uses<'a>,
) -> Result<(), Error> {
    if !proof.is_for(token.text) {
        return Err(Error::Mismatch(Claim::AccessTokenHash));
    }
    uses.set_proof((proof.single_use(token.refused_from(), now)?, replay), proof.nonce());
    Ok(())
}
