//! Verification in two steps, for callers that verify the signature themselves.

use core::fmt;

use super::token::{KeyChoices, issuer_of};
use super::{Issuer, Token, Verified};
use crate::error::{Claim, Error};
use crate::jose::algorithm::DecodedSignature;
use crate::jose::media_type::MediaType;
use crate::jose::{Algorithm, BackendError, Key, Signature, SignatureAlgorithm};

/// A token whose signature the caller has to verify, by any means. It comes from [`Token::prepare`].
///
/// The issuer's key is chosen, and inputs that must never reach a verifier are refused: an ES256 `r` or `s` out of
/// 1..n-1, an Ed25519 `S` >= L, and a key or an `R` that is of small order or has `y` >= p. The verifier has to check
/// whether the key is on its curve. The payload is not decoded yet.
///
/// A `Prepared` is `Send`, whatever the issuer's backends are. So is a future that holds it across an `await`, unless
/// it holds the issuer too. The buffer stays borrowed until the caller answers.
///
/// Its claims cannot be read,
///
/// ```compile_fail,E0599
/// # fn f(prepared: embedded_jwt::Prepared<'_, '_>) {
/// prepared.subject();
/// # }
/// ```
///
/// and it accepts only one answer:
///
/// ```compile_fail,E0382
/// # use embedded_jwt::{BackendError, Prepared};
/// # fn f(prepared: Prepared<'_, '_>) {
/// let first = prepared.caller_asserts(Err(BackendError::InvalidSignature));
/// let second = prepared.caller_asserts(Ok(()));
/// # }
/// ```
#[must_use = "the signature has not been verified yet"]
pub struct Prepared<'t, 'b> {
    token: Token<'t>,
    issuer: &'t str,
    key: &'t Key,
    signature: DecodedSignature,
    media_type: Option<MediaType>,
    buf: &'b mut [u8],
}

impl<'t> Token<'t> {
    /// Prepares a token for a caller that verifies the signature itself: with a secure element, an async driver or
    /// another core. It does everything that [`verify`](Self::verify) does before it verifies the signature.
    ///
    /// The issuer needs no backend for this, only [`CallerVerifies`](crate::CallerVerifies) with the algorithm. DPoP
    /// proofs and the signature cache have no such form.
    ///
    /// With several issuers, prepare the token for one after the other, at most [`MAX_ISSUERS`](crate::MAX_ISSUERS).
    /// Go on to the next issuer where [`verify_any`](Self::verify_any) does, which is after [`Error::UnknownKey`],
    /// [`Error::AmbiguousKey`], [`Error::UnsupportedAlgorithm`], [`Error::InvalidKey`], [`Error::InvalidSignature`] and
    /// [`Error::Mismatch`] of `iss`.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify), up to the signature. Numbers out of range and points of small order are refused
    /// here, before the caller verifies anything ([`Error::InvalidSignature`], [`Error::InvalidKey`]).
    ///
    /// # Example: an async driver
    ///
    /// ```
    /// # use embedded_jwt::{Algorithm, BackendError, CallerVerifies, Error, Issuer, Key, Signature, Token};
    /// # struct SecureElement;
    /// # impl SecureElement {
    /// #     async fn verify(&mut self, _: &Key, _: &[u8], _: Signature<'_>) -> Result<(), BackendError> { Ok(()) }
    /// # }
    /// # async fn f(bearer: &[u8], keys: &[Key], secure_element: &mut SecureElement) -> Result<(), Error> {
    /// let mut buf = [0; 1024];
    /// let prepared = Token::parse(bearer)?
    ///     .prepare(&Issuer::new("https://idp.example.com", keys, &[&CallerVerifies(Algorithm::Es256)]), &mut buf)?;
    /// let outcome = secure_element.verify(prepared.key(), prepared.message(), prepared.signature()).await;
    /// let verified = prepared.caller_asserts(outcome)?;
    /// # Ok(()) }
    /// # fn is_send(_: impl Send) {}
    /// # is_send(f(b"", &[], &mut SecureElement));
    /// ```
    pub fn prepare<'b>(&self, issuer: &Issuer<'t>, buf: &'b mut [u8]) -> Result<Prepared<'t, 'b>, Error> {
        let mut choices = KeyChoices::new();
        let (algorithm, refusal, media_type) = self.choose_keys(&[issuer], buf, &mut choices)?;
        let signature = self.signature(algorithm)?;
        let choice = choices.first().ok_or(refusal)?;
        choice.check_encoding(signature.as_signature())?;
        Ok(Prepared { token: *self, issuer: choice.issuer, key: choice.key(), signature, media_type, buf })
    }
}

impl<'t, 'b> Prepared<'t, 'b> {
    /// The algorithm to verify the signature with, which is the key's algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// The issuer's key to verify the signature with.
    pub fn key(&self) -> &'t Key {
        self.key
    }

    /// The signed message, not hashed: the token's text from its first byte to its last dot, exclusive
    /// ([RFC 7515 section 5.2](https://www.rfc-editor.org/rfc/rfc7515#section-5.2), step 8).
    pub fn message(&self) -> &'t [u8] {
        self.token.signing_input
    }

    /// The SHA-256 digest of the [message](Self::message), for hardware that verifies an ES256 signature of a digest.
    /// **Not** for EdDSA, which takes the message itself. Each call computes it again.
    pub fn message_digest(&self) -> [u8; 32] {
        self.token.signing_input_digest()
    }

    /// The signature: for ES256 `r` and `s`, 32 bytes each and big-endian
    /// ([RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)); for EdDSA `R` and `S` as
    /// [RFC 8032 section 5.1.6](https://www.rfc-editor.org/rfc/rfc8032#section-5.1.6) encodes them.
    pub fn signature(&self) -> Signature<'_> {
        self.signature.as_signature()
    }

    /// Completes the verification, as [`Token::verify`] does, with the caller's verdict on the signature.
    ///
    /// With `Ok(())`, **the caller asserts** that [the signature](Self::signature) over [the message](Self::message) is
    /// valid for [the key](Self::key). This crate does not check it again.
    ///
    /// **The outcome must be the answer to this very request.** If several requests are in progress at once, number
    /// them and match the replies. If replies arrive over a bus or a network, anyone who can write there decides which
    /// tokens are accepted.
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::InvalidKey`], [`Error::InvalidSignature`], [`Error::BackendUnavailable`]: `outcome` is this error.
    /// - [`Error::Malformed`], [`Error::DuplicateName`], [`Error::TooDeep`], [`Error::TooManyMembers`]: the payload
    ///   cannot be parsed.
    /// - [`Error::Missing`], [`Error::Invalid`], [`Error::Mismatch`]: `iss` is absent, not a string, or not the
    ///   issuer's name.
    pub fn caller_asserts(self, outcome: Result<(), BackendError>) -> Result<Verified<'t, 'b>, Error> {
        outcome?;
        let Self { token, issuer, key, media_type, .. } = self;
        let (payload, scratch) = token.payload(self.buf)?;
        if issuer_of(&payload)? != issuer {
            return Err(Error::Mismatch(Claim::Issuer));
        }
        Ok(Verified { payload, scratch, media_type, issuer, key, signing_input: token.signing_input })
    }
}

/// A replacement for a backend in [`Issuer::new`](crate::Issuer::new): the caller verifies signatures of this
/// algorithm, with [`Token::prepare`].
///
/// It links no code. Functions that need a backend, such as [`Token::verify`], fail with
/// [`Error::BackendUnavailable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerVerifies(pub Algorithm);

impl SignatureAlgorithm for CallerVerifies {
    fn algorithm(&self) -> Algorithm {
        self.0
    }

    fn verify(&self, _: &Key, _: &[u8], _: Signature<'_>) -> Result<(), BackendError> {
        Err(BackendError::Unavailable)
    }
}

/// Omits the text, as [`Token`] does.
impl fmt::Debug for Prepared<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}
