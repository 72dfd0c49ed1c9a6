//! Verification in two halves, for callers that verify the signature themselves.

use core::fmt;

use super::token::{KeyChoices, issuer_of};
use super::{Issuer, Token, Verified};
use crate::error::{Claim, Error};
use crate::jose::algorithm::DecodedSignature;
use crate::jose::media_type::MediaType;
use crate::jose::{Algorithm, BackendError, Key, Signature, SignatureAlgorithm};

/// A token whose signature is for the caller to have verified, by whatever means: [`Token::prepare`].
///
/// The issuer's key is chosen, and what no verifier may come to judge has been refused: an ES256 `r` or `s` out of
/// 1..n-1, an Ed25519 `S` >= L, a key or an `R` that is of small order or has `y` >= p. Whether the key is on its curve is
/// the verifier's to say. The payload is not decoded yet.
///
/// It is `Send`, whatever the issuer's backends are, and so is a future that waits with it, unless the issuer lives across
/// the `await` too. It holds the token's place in the buffer until then.
///
/// Nothing can be read of its claims,
///
/// ```compile_fail,E0599
/// # fn f(prepared: embedded_jwt::Prepared<'_, '_>) {
/// prepared.subject();
/// # }
/// ```
///
/// and it is answered once:
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
    /// As far as [`verify`](Self::verify) goes before it verifies the signature, which is for the caller to have done: by
    /// a secure element, an asynchronous driver, another core.
    ///
    /// The issuer needs no backend for it, only [`CallerVerifies`](crate::CallerVerifies) with the algorithm. Of several
    /// issuers, prepare the token for one after the other, at most [`MAX_ISSUERS`]: what [`verify_any`](Self::verify_any)
    /// goes on after are [`Error::UnknownKey`], [`Error::AmbiguousKey`], [`Error::UnsupportedAlgorithm`],
    /// [`Error::InvalidKey`], [`Error::InvalidSignature`] and [`Error::Mismatch`] of `iss`. Key sets, DPoP proofs and the
    /// signature cache have no such form.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify) up to the signature, which is refused before anybody is asked if its numbers are out
    /// of range or a point is of small order ([`Error::InvalidSignature`], [`Error::InvalidKey`]).
    ///
    /// # Example: a driver that is awaited
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
    /// The algorithm to verify by: that of the key.
    pub fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// The issuer's key.
    pub fn key(&self) -> &'t Key {
        self.key
    }

    /// What was signed, not hashed: the token's text from its first byte to its last dot, exclusive
    /// ([RFC 7515 section 5.2](https://www.rfc-editor.org/rfc/rfc7515#section-5.2), step 8).
    pub fn message(&self) -> &'t [u8] {
        self.token.signing_input
    }

    /// The SHA-256 digest of the [message](Self::message), for hardware that verifies ES256 of a digest. **Not** for EdDSA,
    /// which takes the message itself. It is computed anew at each call.
    pub fn message_digest(&self) -> [u8; 32] {
        self.token.signing_input_digest()
    }

    /// For ES256 `r` and `s`, 32 bytes each and big-endian
    /// ([RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)); for EdDSA `R` and `S` as
    /// [RFC 8032 section 5.1.6](https://www.rfc-editor.org/rfc/rfc8032#section-5.1.6) encodes them.
    pub fn signature(&self) -> Signature<'_> {
        self.signature.as_signature()
    }

    /// Goes on where [`Token::verify`] would after a verification of its own: with `Ok(())`, **the caller asserts** that
    /// [the signature](Self::signature) over [the message](Self::message) holds by [the key](Self::key), and this crate
    /// does not look at it again.
    ///
    /// **It must be the answer to this very question.** Where several are under way at once, number them and match the
    /// replies; where replies come over a bus or a network, whoever can write there decides which tokens are accepted.
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::InvalidKey`], [`Error::InvalidSignature`], [`Error::BackendUnavailable`]: the caller says so.
    /// - [`Error::Malformed`], [`Error::DuplicateName`], [`Error::TooDeep`], [`Error::TooManyMembers`]: the payload
    ///   cannot be read.
    /// - [`Error::Missing`], [`Error::Invalid`], [`Error::Mismatch`]: `iss` is not the issuer's name.
    pub fn caller_asserts(self, outcome: Result<(), BackendError>) -> Result<Verified<'t, 'b>, Error> {
        outcome?;
        let Self { token, key, media_type, .. } = self;
        let (payload, scratch) = token.payload(self.buf)?;
        if issuer_of(&payload)? != self.issuer {
            return Err(Error::Mismatch(Claim::Issuer));
        }
        Ok(Verified { payload, scratch, media_type, key, signing_input: token.signing_input })
    }
}

/// For [`Issuer::new`](crate::Issuer::new), in the place of a backend: the caller verifies signatures of this algorithm,
/// by [`Token::prepare`].
///
/// Nothing is linked for it, and what would need a backend after all, [`Token::verify`] for one, gets no answer:
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

/// Without the text, as of [`Token`].
impl fmt::Debug for Prepared<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}
