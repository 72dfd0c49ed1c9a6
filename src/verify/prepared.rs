//! Verification in two steps, for callers that verify the signature themselves.

use core::fmt;

use heapless::Vec;

use super::key_choice::{Found, KeyChoices};
use super::{Issuer, MAX_SIGNATURES, Token, Verified};
use crate::error::Error;
use crate::jose::algorithm::DecodedSignature;
use crate::jose::json::Value;
use crate::jose::{Algorithm, BackendError, PublicKey, Signature, SignatureAlgorithm};

/// A token whose signature the caller has to verify, by any means. It comes from [`Token::prepare`].
///
/// A key is chosen, and inputs that must never reach a verifier are refused: an ES256 `r` or `s` out of 1..n-1, an
/// Ed25519 `S` >= L, and a key or an `R` that is of small order or has `y` >= p; an RSA modulus that is even or does not
/// have 2,048 bits, and an RS256 signature that is not below it. The verifier has to check whether a key is on its
/// curve. The payload is not decoded before a signature is valid.
///
/// A `Prepared` contains the signature: 64 bytes, or 256 with the feature `rs256`, whatever the algorithm is.
///
/// A `Prepared` is `Send`, whatever the issuers' backends are. So is a future that holds it across an `await`, unless
/// it holds an issuer too. The buffer stays borrowed until the caller answers.
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
    candidate: Candidate<'t>,
    /// The candidates to try after this one, the next one last.
    others: Others<'t>,
    found: Found<'t>,
    signature: DecodedSignature,
    content: Content<'b>,
}

/// An issuer's name and a key of it: a [`KeyChoice`](super::issuer::KeyChoice) without a backend.
#[derive(Clone, Copy)]
struct Candidate<'t> {
    issuer: &'t str,
    key: &'t PublicKey<'t>,
}

type Others<'t> = Vec<Candidate<'t>, MAX_SIGNATURES>;

/// The buffer before a signature is valid, and the payload in it afterwards.
enum Content<'b> {
    Undecoded(&'b mut [u8]),
    Decoded(Value<'b>, &'b mut [u8]),
}

/// The result of [`Prepared::caller_asserts`].
#[must_use = "the token may have to be verified with another key"]
#[allow(clippy::large_enum_variant, reason = "there is no heap to box it on")]
#[derive(Debug)]
pub enum Answer<'t, 'b> {
    /// The signature is valid, and the key belongs to the token's issuer.
    Verified(Verified<'t, 'b>),
    /// Another key has to be tried: the signature is invalid for the last one, or that key belongs to another issuer
    /// than the token names.
    Next(Prepared<'t, 'b>),
}

impl<'t> Token<'t> {
    /// Prepares a token for a caller that verifies the signature itself: with a secure element, an async driver or
    /// another core. It does everything that [`verify`](Self::verify) does before it verifies the signature.
    ///
    /// The issuer needs no backend for this, only [`CallerVerifies`](crate::CallerVerifies) with the algorithm. For
    /// DPoP proofs there is [`prepare_dpop`](Self::prepare_dpop). The signature cache has no such form.
    ///
    /// Several keys may fit, of one issuer or of several. They are handed out one after the other, at most
    /// [`MAX_SIGNATURES`], in the order in which [`verify_any`](Self::verify_any) tries them.
    ///
    /// # Errors
    ///
    /// As [`verify_any`](Self::verify_any), up to the signature. Numbers out of range and points of small order are
    /// refused here, before the caller verifies anything ([`Error::InvalidSignature`], [`Error::InvalidKey`]).
    ///
    /// # Example: an async driver
    ///
    /// ```
    /// # use embedded_jwt::{
    /// #     Algorithm, Answer, BackendError, CallerVerifies, Error, Issuer, PublicKey, Signature, Token, Verified,
    /// # };
    /// # struct SecureElement;
    /// # impl SecureElement {
    /// #     async fn verify(&mut self, _: &PublicKey<'_>, _: &[u8], _: Signature<'_>) -> Result<(), BackendError> { Ok(()) }
    /// # }
    /// async fn verify<'t, 'b>(
    ///     bearer: &'t [u8],
    ///     keys: &'t [PublicKey<'t>],
    ///     secure_element: &mut SecureElement,
    ///     buf: &'b mut [u8],
    /// ) -> Result<Verified<'t, 'b>, Error> {
    ///     let issuer = Issuer::new("https://idp.example.com", keys, &[&CallerVerifies(Algorithm::Es256)]);
    ///     let mut prepared = Token::parse(bearer)?.prepare(&[&issuer], buf)?;
    ///     loop {
    ///         let outcome = secure_element.verify(prepared.key(), prepared.message(), prepared.signature()).await;
    ///         match prepared.caller_asserts(outcome)? {
    ///             Answer::Verified(verified) => return Ok(verified),
    ///             Answer::Next(next) => prepared = next,
    ///         }
    ///     }
    /// }
    /// # fn is_send(_: impl Send) {}
    /// # let mut prepared = |p: embedded_jwt::Prepared<'_, '_>| is_send(p);
    /// ```
    pub fn prepare<'b>(&self, issuers: &[&Issuer<'t>], buf: &'b mut [u8]) -> Result<Prepared<'t, 'b>, Error> {
        let mut choices = KeyChoices::new();
        let found = self.choose_keys(issuers, buf, &mut choices)?;
        let signature = self.signature(found.algorithm)?;
        let mut others = Vec::new();
        for choice in choices.iter().rev() {
            let candidate = Candidate { issuer: choice.issuer, key: choice.key() };
            others.push(candidate).map_err(|_| Error::AmbiguousKey)?;
        }
        next(*self, others, found, signature, Content::Undecoded(buf))
    }
}

/// The next candidate that a verifier may see, or the refusal if there is none.
fn next<'t, 'b>(
    token: Token<'t>,
    mut others: Others<'t>,
    mut found: Found<'t>,
    signature: DecodedSignature,
    content: Content<'b>,
) -> Result<Prepared<'t, 'b>, Error> {
    let iss = match &content {
        Content::Undecoded(_) => None,
        Content::Decoded(payload, _) => Some(found.issuer_of(*payload)?),
    };
    while let Some(candidate) = others.pop() {
        if iss.is_some_and(|iss| !iss.is(candidate.issuer)) {
            continue;
        }
        match found.algorithm.check_encoding(candidate.key, signature.as_signature()) {
            Ok(()) => return Ok(Prepared { token, candidate, others, found, signature, content }),
            Err(error) => found.refusal = found.refusal.furthest(error),
        }
    }
    Err(found.refuse(found.refusal, iss))
}

impl<'t, 'b> Prepared<'t, 'b> {
    /// The algorithm to verify the signature with, which is the key's algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.candidate.key.algorithm()
    }

    /// The issuer's key to verify the signature with.
    pub fn key(&self) -> &'t PublicKey<'t> {
        self.candidate.key
    }

    /// The signed message, not hashed: the token's text from its first byte to its last dot, exclusive
    /// ([RFC 7515 section 5.2](https://www.rfc-editor.org/rfc/rfc7515#section-5.2), step 8).
    pub fn message(&self) -> &'t [u8] {
        self.token.signing_input()
    }

    /// The SHA-256 digest of the [message](Self::message), for hardware that verifies an ES256 or RS256 signature of a
    /// digest. **Not** for EdDSA, which takes the message itself. Each call computes it again.
    pub fn message_digest(&self) -> [u8; 32] {
        self.token.signing_input_digest()
    }

    /// The signature: for ES256 `r` and `s`, 32 bytes each and big-endian
    /// ([RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)); for EdDSA `R` and `S` as
    /// [RFC 8032 section 5.1.6](https://www.rfc-editor.org/rfc/rfc8032#section-5.1.6) encodes them; for RS256 a
    /// big-endian number of 256 bytes.
    pub fn signature(&self) -> Signature<'_> {
        self.signature.as_signature()
    }

    /// Completes the verification, as [`Token::verify`] does, with the caller's verdict on the signature.
    ///
    /// With `Ok(())`, **the caller asserts** that [the signature](Self::signature) over [the message](Self::message) is
    /// valid for [the key](Self::key). This crate does not check it again.
    ///
    /// **The outcome must be the answer to this very request.** If several requests are in progress at once, number
    /// them and match the replies. If replies arrive over a bus or a network, write access to it decides which
    /// tokens are accepted.
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::InvalidKey`], [`Error::InvalidSignature`], [`Error::BackendUnavailable`]: `outcome` is this error, or
    ///   an earlier one was, and no other key is left.
    /// - [`Error::AmbiguousKey`]: no key is left to try, but the issuer has more that fit.
    /// - [`Error::Malformed`], [`Error::DuplicateName`], [`Error::TooDeep`], [`Error::TooManyMembers`]: the payload
    ///   cannot be parsed.
    /// - [`Error::Missing`], [`Error::Invalid`], [`Error::Mismatch`]: `iss` is absent, not a string, or not the name of
    ///   an issuer whose key verified the signature.
    pub fn caller_asserts(self, outcome: Result<(), BackendError>) -> Result<Answer<'t, 'b>, Error> {
        let Self { token, candidate, others, mut found, signature, mut content } = self;
        match outcome {
            Err(error) => found.refusal = found.refusal.furthest(error.into()),
            Ok(()) => {
                let (payload, scratch) = match content {
                    Content::Undecoded(buf) => token.payload(buf)?,
                    Content::Decoded(payload, scratch) => (payload, scratch),
                };
                if found.issuer_of(payload)?.is(candidate.issuer) {
                    let Found { media_type, .. } = found;
                    let (Candidate { issuer, key }, text) = (candidate, token.text);
                    return Ok(Answer::Verified(Verified { payload, scratch, media_type, issuer, key, text }));
                }
                content = Content::Decoded(payload, scratch);
            }
        }
        next(token, others, found, signature, content).map(Answer::Next)
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

    fn verify(&self, _: &PublicKey<'_>, _: &[u8], _: Signature<'_>) -> Result<(), BackendError> {
        Err(BackendError::Unavailable)
    }
}

/// Omits the text, as [`Token`] does.
impl fmt::Debug for Prepared<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}
