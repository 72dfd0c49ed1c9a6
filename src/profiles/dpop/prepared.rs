//! DPoP proofs in two steps, for callers that verify the signature themselves.

use core::fmt;

use super::{DpopPolicy, DpopProof};
use crate::error::Error;
use crate::jose::algorithm::DecodedSignature;
use crate::jose::jwk::{AnyKey, FromJwk};
use crate::jose::{Algorithm, BackendError, PublicKey, Signature, SignatureAlgorithm};
use crate::time::Now;
use crate::verify::Token;

/// A DPoP proof whose signature the caller has to verify, by any means. It comes from [`Token::prepare_dpop`].
///
/// As with [`Prepared`](crate::Prepared), inputs that must never reach a verifier are refused before, and the payload is
/// not decoded before the signature is valid. The verifier has to check whether the key is on its curve.
///
/// A `PreparedDpop` contains the key and the signature. With the feature `rs256`, it has room for an RSA key and
/// signature, whatever the algorithm is.
#[must_use = "the signature has not been verified yet"]
pub struct PreparedDpop<'t, 'b> {
    token: Token<'t>,
    key: AnyKey,
    signature: DecodedSignature,
    policy: DpopPolicy<'b>,
    now: Now,
    buf: &'b mut [u8],
}

impl<'t> Token<'t> {
    /// Prepares a DPoP proof for a caller that verifies the signature itself: with a secure element, an async driver or
    /// another core. It does everything that [`verify_dpop`](Self::verify_dpop) does before it verifies the signature.
    ///
    /// `algorithms` needs no backend for this, only [`CallerVerifies`](crate::CallerVerifies) with the algorithm.
    ///
    /// # Errors
    ///
    /// As [`verify_dpop`](Self::verify_dpop), up to the signature. Numbers out of range and points of small order are
    /// refused here, before the caller verifies anything ([`Error::InvalidSignature`], [`Error::InvalidKey`]).
    ///
    /// # Example: an async driver
    ///
    /// ```
    /// # use embedded_jwt::{
    /// #     Algorithm, BackendError, CallerVerifies, DpopPolicy, DpopProof, Error, PublicKey, Signature, Token, UnixTime,
    /// # };
    /// # struct SecureElement;
    /// # impl SecureElement {
    /// #     async fn verify(&mut self, _: &PublicKey<'_>, _: &[u8], _: Signature<'_>) -> Result<(), BackendError> { Ok(()) }
    /// # }
    /// async fn verify<'b>(
    ///     proof: &[u8],
    ///     request: &DpopPolicy<'b>,
    ///     secure_element: &mut SecureElement,
    ///     now: UnixTime,
    ///     buf: &'b mut [u8],
    /// ) -> Result<DpopProof<'b>, Error> {
    ///     let prepared =
    ///         Token::parse(proof)?.prepare_dpop(request, &[&CallerVerifies(Algorithm::Es256)], now, buf)?;
    ///     let outcome = secure_element.verify(&prepared.key(), prepared.message(), prepared.signature()).await;
    ///     prepared.caller_asserts(outcome)
    /// }
    /// ```
    pub fn prepare_dpop<'b>(
        &self,
        policy: &DpopPolicy<'b>,
        algorithms: &[&dyn SignatureAlgorithm],
        now: impl Into<Now>,
        buf: &'b mut [u8],
    ) -> Result<PreparedDpop<'t, 'b>, Error> {
        let (key, _) = self.embedded_key(policy, algorithms, buf)?;
        let signature = self.signature(key.algorithm())?;
        key.algorithm().check_encoding(&key.borrow_key(), signature.as_signature())?;
        Ok(PreparedDpop { token: *self, key, signature, policy: *policy, now: now.into(), buf })
    }
}

impl<'t, 'b> PreparedDpop<'t, 'b> {
    /// The algorithm to verify the signature with, which is the key's algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// The key to verify the signature with: the one in the proof's own header.
    pub fn key(&self) -> PublicKey<'_> {
        self.key.borrow_key()
    }

    /// The signed message, not hashed: the proof's text from its first byte to its last dot, exclusive
    /// ([RFC 7515 section 5.2](https://www.rfc-editor.org/rfc/rfc7515#section-5.2), step 8).
    pub fn message(&self) -> &'t [u8] {
        self.token.signing_input()
    }

    /// The SHA-256 digest of the [message](Self::message), for hardware that verifies an ES256 or RS256 signature of a
    /// digest. **Not** for EdDSA, which takes the message itself. Each call computes it again.
    pub fn message_digest(&self) -> [u8; 32] {
        self.token.signing_input_digest()
    }

    /// The signature, as [`Prepared::signature`](crate::Prepared::signature) gives it.
    pub fn signature(&self) -> Signature<'_> {
        self.signature.as_signature()
    }

    /// Completes the verification, as [`Token::verify_dpop`] does, with the caller's verdict on the signature.
    ///
    /// With `Ok(())`, **the caller asserts** that [the signature](Self::signature) over [the message](Self::message) is
    /// valid for [the key](Self::key). This crate does not check it again.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidKey`], [`Error::InvalidSignature`], [`Error::BackendUnavailable`]: `outcome` is this error.
    /// - As [`Token::verify_dpop`], from the payload on.
    pub fn caller_asserts(self, outcome: Result<(), BackendError>) -> Result<DpopProof<'b>, Error> {
        outcome?;
        self.token.validate_dpop(&self.policy, &self.key.borrow_key(), self.now, self.buf)
    }
}

/// Omits the text, as [`Token`] does.
impl fmt::Debug for PreparedDpop<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedDpop").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}
