//! Tokens as text, and their verification, which turns them into [`Verified`].

use core::cell::Cell;
use core::fmt;

use sha2::{Digest, Sha256};

use super::key_choice::{Found, KeyChoice, KeyChoices};
use super::{Issuer, Verified};
use crate::error::{Error, Part};
use crate::jose::algorithm::DecodedSignature;
use crate::jose::header::{Header, UnverifiedHeader};
use crate::jose::json::{self, Value};
use crate::jose::{Algorithm, Signature, base64url};

/// A JWT in compact form, split into its segments and not verified yet
/// ([RFC 7519 section 3](https://www.rfc-editor.org/rfc/rfc7519#section-3)).
///
/// Its claims cannot be read before [`verify`](Self::verify),
///
/// ```compile_fail,E0599
/// # use embedded_jwt::Token;
/// let token = Token::parse("e30.e30.AA").unwrap();
/// token.subject();
/// ```
///
/// and no policy can validate it before:
///
/// ```compile_fail,E0599
/// # use embedded_jwt::{AccessTokenPolicy, Token, UnixTime};
/// let token = Token::parse("e30.e30.AA").unwrap();
/// token.into_access_token(&AccessTokenPolicy::new("urn:device"), UnixTime::from_secs(1));
/// ```
#[derive(Clone, Copy)]
pub struct Token<'t> {
    header: &'t [u8],
    payload: &'t [u8],
    signature: &'t [u8],
    pub(super) text: &'t [u8],
}

impl<'t> Token<'t> {
    /// Splits a token at its two dots. Nothing is trimmed: remove the scheme (`Bearer `) and line ends first.
    ///
    /// # Errors
    ///
    /// - [`Error::TooLarge`]: the token is longer than [`MAX_TOKEN_LEN`], or its header is longer than
    ///   [`MAX_HEADER_LEN`].
    /// - [`Error::Malformed`]: the token does not have three segments, or its header or payload is empty. A token with
    ///   five segments is encrypted (JWE), which this crate does not support.
    pub fn parse<T: AsRef<[u8]> + ?Sized>(text: &'t T) -> Result<Self, Error> {
        Self::split(text.as_ref())
    }

    fn split(text: &'t [u8]) -> Result<Self, Error> {
        if text.len() > MAX_TOKEN_LEN {
            return Err(Error::TooLarge(Part::Token));
        }
        let malformed = Error::Malformed(Part::Token);
        let (header, rest) = split_at_dot(text).ok_or(malformed)?;
        let (payload, signature) = split_at_dot(rest).ok_or(malformed)?;
        if header.is_empty() || payload.is_empty() || split_at_dot(signature).is_some() {
            return Err(malformed);
        }
        let token = Self { header, payload, signature, text };
        if base64url::decoded_len(token.header) > MAX_HEADER_LEN {
            return Err(Error::TooLarge(Part::Header));
        }
        Ok(token)
    }

    /// The length of the buffer that [`verify`](Self::verify) needs, in bytes: the length of the decoded header or of
    /// the decoded payload, whichever is longer. It is less than three quarters of the token's length.
    ///
    /// If a string that the validated token returns contains a character that JSON must escape (a subject
    /// `CORP\alice`), its unescaped copy is written after the payload. Twice this length is always enough.
    pub fn buffer_len(&self) -> usize {
        base64url::decoded_len(self.header).max(base64url::decoded_len(self.payload))
    }

    /// The SHA-256 digest of the signing input: header, dot and payload as they appear in the text
    /// ([RFC 7515 section 5.1](https://www.rfc-editor.org/rfc/rfc7515#section-5.1)). It identifies a token that has no
    /// `jti`. The whole text cannot, since an ES256 signature can be rewritten into another valid one.
    pub fn signing_input_digest(&self) -> [u8; 32] {
        Sha256::digest(self.signing_input()).into()
    }

    /// Reads the header before anything is verified, for logs or to find out which key to fetch.
    ///
    /// # Errors
    ///
    /// - [`Error::BufferTooSmall`]: the decoded header does not fit `buf`.
    /// - [`Error::Malformed`], [`Error::DuplicateName`], [`Error::TooDeep`], [`Error::TooManyMembers`]: the header
    ///   cannot be parsed.
    pub fn unverified_header<'b>(&self, buf: &'b mut [u8]) -> Result<UnverifiedHeader<'b>, Error> {
        let (header, scratch) = self.header(buf)?;
        UnverifiedHeader::new(header, scratch)
    }

    /// Verifies the signature and `iss`, and decodes the payload into `buf`.
    ///
    /// The signature is verified with the issuer's key that the header names. Only then is the payload decoded and
    /// `iss` compared. A policy validates the other claims in the next step.
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::Unconfigured`]: the issuer has no name.
    /// - [`Error::BufferTooSmall`]: `buf` is shorter than [`buffer_len`](Self::buffer_len).
    /// - [`Error::TooLarge`], [`Error::Malformed`], [`Error::DuplicateName`], [`Error::TooDeep`],
    ///   [`Error::TooManyMembers`], [`Error::CriticalHeader`]: the header cannot be parsed, or it has
    ///   `crit`.
    /// - [`Error::UnsupportedAlgorithm`], [`Error::UnknownKey`]: the issuer does not accept the algorithm, or has no key
    ///   that fits.
    /// - [`Error::WrongType`]: `typ` is longer than [`MAX_TYPE_LEN`](crate::MAX_TYPE_LEN).
    /// - [`Error::Malformed`], [`Error::InvalidKey`], [`Error::InvalidSignature`], [`Error::AmbiguousKey`],
    ///   [`Error::BackendUnavailable`]: the signature or the key is invalid, more keys fit than are tried, or the
    ///   backend gave no answer.
    /// - [`Error::Malformed`], [`Error::DuplicateName`], [`Error::TooDeep`], [`Error::TooManyMembers`]: the payload
    ///   cannot be parsed.
    /// - [`Error::Missing`], [`Error::Invalid`], [`Error::Mismatch`]: `iss` is absent, not a string, or not the
    ///   issuer's name. With the feature `status-list`, a status list (`typ` is `statuslist+jwt`) may lack `iss`.
    pub fn verify<'b>(&self, issuer: &Issuer<'t>, buf: &'b mut [u8]) -> Result<Verified<'t, 'b>, Error> {
        self.verify_any(&[issuer], buf)
    }

    /// Verifies a token that comes from one of several issuers, as [`verify`](Self::verify) does for a single issuer.
    ///
    /// Every issuer that has a fitting key is tried, since key ids of different issuers may collide: first the first
    /// such key of each issuer, then the second of each, and so on, at most
    /// [`MAX_SIGNATURES`](crate::MAX_SIGNATURES) in all. The keys of one issuer are never accepted for another, since
    /// `iss` must be the name of the issuer whose key verified the signature. If no issuer fits, the error comes from
    /// the issuer that got furthest.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify). In addition, [`Error::TooManyIssuers`] for more than [`MAX_ISSUERS`](crate::MAX_ISSUERS), and
    /// [`Error::Unconfigured`] for no issuer or for an issuer without a name. A status list may lack `iss` only if there
    /// is exactly one issuer.
    pub fn verify_any<'b>(&self, issuers: &[&Issuer<'t>], buf: &'b mut [u8]) -> Result<Verified<'t, 'b>, Error> {
        self.verify_with(issuers, &|choice, input, signature| choice.verify(input, signature), buf)
    }

    /// The whole verification, with a signature check that may use a cache.
    pub(super) fn verify_with<'b>(
        &self,
        issuers: &[&Issuer<'t>],
        check_signature: &CheckSignature<'_>,
        buf: &'b mut [u8],
    ) -> Result<Verified<'t, 'b>, Error> {
        let mut choices = KeyChoices::new();
        let found = self.choose_keys(issuers, buf, &mut choices)?;

        // RFC 7515 section 5.2, steps 7 and 8: the signature.
        let signature = self.signature(found.algorithm)?;
        let refusal = Cell::new(found.refusal);
        let is_valid =
            |choice: &KeyChoice<'_>| match check_signature(choice, self.signing_input(), signature.as_signature()) {
                Ok(()) => true,
                Err(error) => {
                    refusal.set(refusal.get().furthest(error));
                    false
                }
            };
        let mut untried = choices.iter();
        let first = untried.find(|choice| is_valid(choice)).ok_or_else(|| found.refuse(refusal.get(), None))?;

        // RFC 7519 section 7.2, step 10: the claims, now that they are authentic.
        let (payload, scratch) = self.payload(buf)?;

        // RFC 8725 section 3.8: the key that verified belongs to the issuer that the token names.
        let iss = found.issuer_of(payload)?;
        let signer = match iss.is(first.issuer) {
            true => Some(first),
            false => untried.find(|other| iss.is(other.issuer) && is_valid(other)),
        };
        let signer = signer.ok_or_else(|| found.refuse(refusal.get(), Some(iss)))?;
        let Found { media_type, .. } = found;
        let (issuer, key, text) = (signer.issuer, signer.key(), self.text);
        Ok(Verified { payload, scratch, media_type, issuer, key, text })
    }

    /// The text from its first byte to its last dot, exclusive.
    pub(crate) fn signing_input(&self) -> &'t [u8] {
        let len = self.text.len().wrapping_sub(self.signature.len()).wrapping_sub(1);
        self.text.get(..len).unwrap_or_default()
    }

    pub(super) fn header<'b>(&self, buf: &'b mut [u8]) -> Result<(Header<'b>, &'b mut [u8]), Error> {
        let (json, scratch) = self.header_json(buf)?;
        Ok((Header::parse(json)?, scratch))
    }

    pub(crate) fn header_json<'b>(&self, buf: &'b mut [u8]) -> Result<(Value<'b>, &'b mut [u8]), Error> {
        let len = base64url::decode(self.header, buf, Part::Header)?;
        json::canonicalize(buf, len, Part::Header)
    }

    /// Decodes the signature, which must have the length that the algorithm requires.
    pub(crate) fn signature(&self, algorithm: Algorithm) -> Result<DecodedSignature, Error> {
        DecodedSignature::decode(algorithm, self.signature)
    }

    pub(crate) fn payload<'b>(&self, buf: &'b mut [u8]) -> Result<(Value<'b>, &'b mut [u8]), Error> {
        let len = base64url::decode(self.payload, buf, Part::Payload)?;
        let (json, scratch) = json::canonicalize(buf, len, Part::Payload)?;
        if json.is_object() { Ok((json, scratch)) } else { Err(Error::Malformed(Part::Payload)) }
    }
}

/// Splits text into the parts before and after its first dot. It searches sixteen characters at a time, which vector
/// registers compare at once.
fn split_at_dot(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (blocks, _) = text.as_chunks::<16>();
    let has_dot = |block: &[u8; 16]| block.iter().fold(false, |found, byte| found | (*byte == b'.'));
    let mut dot = blocks.iter().take_while(|block| !has_dot(block)).count().wrapping_mul(16);
    while *text.get(dot)? != b'.' {
        dot = dot.wrapping_add(1);
    }
    let (before, after) = text.split_at_checked(dot)?;
    Some((before, after.get(1..)?))
}

/// [`KeyChoice::verify`], or a function that reaches the same verdict.
pub(super) type CheckSignature<'f> = dyn Fn(&KeyChoice<'_>, &[u8], Signature<'_>) -> Result<(), Error> + 'f;

/// Omits the text: anyone who reads it in a log could use it.
impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

/// Maximum length of a token, in bytes. It is far beyond the limits of HTTP headers (8 to 16 KiB by default), and
/// positions in the decoded payload fit 16 bits.
pub const MAX_TOKEN_LEN: usize = 64 * 1024;

/// Maximum length of a decoded header, in bytes: one or two certificates in `x5c` fit. The limit is low because the
/// header is parsed before the signature is verified: on a Cortex-M4, a header of this length takes 5 % of the time of an
/// ES256 verification with certificates, and 41 % with 127 names that are chosen to be hard to distinguish.
///
/// The caller's buffer limits the header too, before anything is decoded: 1 KiB is enough for plain tokens, 4 KiB where a
/// server sends `x5c`.
pub const MAX_HEADER_LEN: usize = 4096;
