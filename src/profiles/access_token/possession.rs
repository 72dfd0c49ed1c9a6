use crate::claims::Confirmation;
use crate::error::{Claim, Error};
use crate::jose::Thumbprint;
use crate::jose::json::Value;
use crate::profiles::DpopProof;
use crate::storage::ReplayCheck;
use crate::time::UnixTime;

/// What is known of who presents an access token, for one that is bound to a key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ProofOfPossession<'a> {
    /// Nothing: only tokens that are bound to no key are accepted.
    Bearer,
    /// Nothing, and bound tokens are accepted all the same.
    Unchecked,
    /// They hold the private key of this certificate.
    Certificate(Thumbprint),
    /// They signed this proof.
    Dpop(&'a DpopProof<'a>, &'a dyn ReplayCheck),
}

impl ProofOfPossession<'_> {
    /// # Errors
    ///
    /// - [`Error::SenderConstrained`]: the token is bound to a key, and nothing proves possession.
    /// - [`Error::Invalid`]: `cnf` cannot be read.
    /// - [`Error::Missing`], [`Error::Mismatch`]: the token is not bound to the key that was proven.
    /// - [`Error::TooOld`]: the proof is no longer about now.
    pub(crate) fn check(&self, cnf: Option<Value<'_>>, now: UnixTime) -> Result<(), Error> {
        let holds = match (self, cnf) {
            (Self::Bearer, None) => true,
            (Self::Bearer, Some(_)) => return Err(Error::SenderConstrained),
            (Self::Unchecked, cnf) => cnf.map(Confirmation::parse).transpose().map(|_| true)?,
            (_, None) => return Err(Error::Missing(Claim::Confirmation)),
            (Self::Certificate(thumbprint), Some(cnf)) => Confirmation::parse(cnf)?.is_by_certificate(*thumbprint),
            (Self::Dpop(proof, _), Some(_)) if now > proof.usable_until() => return Err(Error::TooOld),
            (Self::Dpop(proof, _), Some(cnf)) => Confirmation::parse(cnf)?.is_by_key(proof.thumbprint()),
        };
        if holds { Ok(()) } else { Err(Error::Mismatch(Claim::Confirmation)) }
    }

    /// Uses up what may be used once. For the very end, so that what is refused uses up nothing.
    pub(crate) fn use_once(&self, now: UnixTime) -> Result<(), Error> {
        match self {
            Self::Dpop(proof, replay) => {
                replay.use_once(proof.thumbprint().as_bytes(), proof.jwt_id(), proof.usable_until(), now)
            }
            _ => Ok(()),
        }
    }
}
