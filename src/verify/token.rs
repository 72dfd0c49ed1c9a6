//! A token as text, and its way to [`Verified`].

use core::cell::Cell;
use core::fmt;

use heapless::Vec;
use sha2::{Digest, Sha256};

use super::issuer::KeyChoice;
use super::{Issuer, Verified};
use crate::error::{Claim, Error, Part};
use crate::jose::algorithm::DecodedSignature;
use crate::jose::header::{Header, UnverifiedHeader};
use crate::jose::json::{self, JsonStr, Value};
use crate::jose::media_type::MediaType;
use crate::jose::{Algorithm, Signature, base64url};

/// A JWT in compact form, split and not believed
/// ([RFC 7519 section 3](https://www.rfc-editor.org/rfc/rfc7519#section-3)).
///
/// Nothing of it can be used before [`verify`](Self::verify):
///
/// ```compile_fail,E0599
/// # use embedded_jwt::Token;
/// let token = Token::parse("e30.e30.AA").unwrap();
/// token.subject();
/// ```
///
/// and it cannot be judged before:
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
    pub(crate) signing_input: &'t [u8],
}

impl<'t> Token<'t> {
    /// Splits a token at its two dots. Nothing is trimmed: remove the scheme (`Bearer `) and line ends first.
    ///
    /// # Errors
    ///
    /// - [`Error::TooLarge`]: longer than [`MAX_TOKEN_LEN`], or the header is longer than [`MAX_HEADER_LEN`].
    /// - [`Error::Malformed`]: not three segments, or header or payload is empty. A token with five segments is
    ///   encrypted (JWE), which this crate does not support.
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
        let (signing_input, _) =
            text.split_at_checked(text.len().wrapping_sub(signature.len()).wrapping_sub(1)).ok_or(malformed)?;
        let token = Self { header, payload, signature, signing_input };
        if base64url::decoded_len(token.header) > MAX_HEADER_LEN {
            return Err(Error::TooLarge(Part::Header));
        }
        Ok(token)
    }

    /// The bytes of buffer that [`verify`](Self::verify) needs: the longer of header and payload, decoded; less than
    /// three quarters of the token's length.
    ///
    /// If a string that the typed token returns holds a character that JSON must escape (a subject `CORP\alice`), its
    /// plain copy goes behind the payload; twice this length always suffices.
    pub fn buffer_len(&self) -> usize {
        base64url::decoded_len(self.header).max(base64url::decoded_len(self.payload))
    }

    /// The SHA-256 digest of the signing input: header, dot and payload as they appear in the text
    /// ([RFC 7515 section 5.1](https://www.rfc-editor.org/rfc/rfc7515#section-5.1)). It identifies a token that has no
    /// `jti`. The whole text does not, since an ES256 signature can be rewritten into another valid one.
    pub fn signing_input_digest(&self) -> [u8; 32] {
        Sha256::digest(self.signing_input).into()
    }

    /// Reads the header before anything is verified: for logs, and to see which key to fetch.
    ///
    /// # Errors
    ///
    /// - [`Error::BufferTooSmall`]: the decoded header does not fit `buf`.
    /// - [`Error::Malformed`], [`Error::DuplicateName`], [`Error::TooDeep`], [`Error::TooManyMembers`]: the header
    ///   cannot be read.
    pub fn unverified_header<'b>(&self, buf: &'b mut [u8]) -> Result<UnverifiedHeader<'b>, Error> {
        let (header, scratch) = self.header(buf)?;
        UnverifiedHeader::new(header, scratch)
    }

    /// Verifies the signature with the issuer's key that the header names, and only then decodes the payload, into
    /// `buf`, and compares `iss`. What the claims allow is for the next step to say.
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::BufferTooSmall`]: `buf` is shorter than [`buffer_len`](Self::buffer_len).
    /// - [`Error::TooLarge`], [`Error::Malformed`], [`Error::DuplicateName`], [`Error::TooDeep`],
    ///   [`Error::TooManyMembers`], [`Error::CriticalHeader`]: the header cannot be read.
    /// - [`Error::UnsupportedAlgorithm`], [`Error::UnknownKey`], [`Error::AmbiguousKey`]: no key is chosen.
    /// - [`Error::WrongType`]: `typ` is longer than any can be.
    /// - [`Error::Malformed`], [`Error::InvalidKey`], [`Error::InvalidSignature`], [`Error::BackendUnavailable`]: the
    ///   signature does not hold.
    /// - [`Error::Malformed`], [`Error::DuplicateName`], [`Error::TooDeep`], [`Error::TooManyMembers`]: the payload
    ///   cannot be read.
    /// - [`Error::Missing`], [`Error::Invalid`], [`Error::Mismatch`]: `iss` is not the issuer's name.
    pub fn verify<'b>(&self, issuer: &Issuer<'t>, buf: &'b mut [u8]) -> Result<Verified<'t, 'b>, Error> {
        self.verify_any(&[issuer], buf)
    }

    /// As [`verify`](Self::verify), with the one of several issuers that the token is from.
    ///
    /// Every issuer that has a fitting key is tried, since key ids of different issuers may collide; the keys of one
    /// can never serve the other, since `iss` must be the name of the issuer whose key verified. At most one signature
    /// is verified for each issuer. If none fits, the error is that of the issuer that got furthest.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify); [`Error::TooManyIssuers`] for more than [`MAX_ISSUERS`], [`Error::Unconfigured`]
    /// for none or for one without a name.
    pub fn verify_any<'b>(&self, issuers: &[&Issuer<'t>], buf: &'b mut [u8]) -> Result<Verified<'t, 'b>, Error> {
        self.verify_with(issuers, &|choice, input, signature| choice.verify(input, signature), buf)
    }

    /// The whole way, with a signature check that may have shortcuts.
    pub(super) fn verify_with<'b>(
        &self,
        issuers: &[&Issuer<'t>],
        check_signature: &CheckSignature<'_>,
        buf: &'b mut [u8],
    ) -> Result<Verified<'t, 'b>, Error> {
        let mut choices = KeyChoices::new();
        let (algorithm, refusal, media_type) = self.choose_keys(issuers, buf, &mut choices)?;

        // RFC 7515 section 5.2, steps 7 and 8: the signature.
        let signature = self.signature(algorithm)?;
        let refusal = Cell::new(refusal);
        let is_valid =
            |choice: &KeyChoice<'_>| match check_signature(choice, self.signing_input, signature.as_signature()) {
                Ok(()) => true,
                Err(error) => {
                    refusal.set(refusal.get().furthest(error));
                    false
                }
            };
        let mut untried = choices.iter();
        let first = untried.find(|choice| is_valid(choice)).ok_or_else(|| refusal.get())?;

        // RFC 7519 section 7.2, step 10: the claims, now that they are authentic.
        let (payload, scratch) = self.payload(buf)?;

        // RFC 8725 section 3.8: the key that verified belongs to the issuer that the token names.
        let iss = issuer_of(&payload)?;
        let signer = match iss == first.issuer {
            true => Some(first),
            false => untried.find(|other| iss == other.issuer && is_valid(other)),
        };
        match signer {
            Some(signer) => {
                let (key, signing_input) = (signer.key(), self.signing_input);
                Ok(Verified { payload, scratch, media_type, key, signing_input })
            }
            // The issuer may be one whose backend gave no answer.
            None if refusal.get() == Error::BackendUnavailable => Err(Error::BackendUnavailable),
            None => Err(Error::Mismatch(Claim::Issuer)),
        }
    }

    /// Adds the key that the header names, of each issuer that has it, to the choices, or fails if no issuer has one.
    /// Returns the algorithm of them all, the furthest refusal of the other issuers, and the header's `typ`.
    pub(super) fn choose_keys(
        &self,
        issuers: &[&Issuer<'t>],
        buf: &mut [u8],
        choices: &mut KeyChoices<'t>,
    ) -> Result<(Algorithm, Error, Option<MediaType>), Error> {
        if issuers.is_empty() || issuers.iter().any(|issuer| issuer.name().is_empty()) {
            return Err(Error::Unconfigured(Claim::Issuer));
        }
        if issuers.len() > MAX_ISSUERS {
            return Err(Error::TooManyIssuers);
        }
        if buf.len() < self.buffer_len() {
            return Err(Error::BufferTooSmall);
        }

        // RFC 7515 section 5.2, steps 2 to 5: the header.
        let (header, _) = self.header(buf)?;
        header.check()?;

        // RFC 7515 section 6 and RFC 8725 section 3.1: the key, of the issuer's, and its one algorithm.
        let mut refusal = Error::UnsupportedAlgorithm;
        for issuer in issuers {
            match issuer.choose_key(&header) {
                Ok(choice) => choices.push(choice).map_err(|_| Error::TooManyIssuers)?,
                Err(error) => refusal = refusal.furthest(error),
            }
        }
        let algorithm = choices.first().ok_or(refusal)?.key().algorithm();
        let media_type = header.typ.map(MediaType::new).transpose()?;
        Ok((algorithm, refusal, media_type))
    }

    fn header<'b>(&self, buf: &'b mut [u8]) -> Result<(Header<'b>, &'b mut [u8]), Error> {
        let (json, scratch) = self.header_json(buf)?;
        Ok((Header::parse(json)?, scratch))
    }

    pub(crate) fn header_json<'b>(&self, buf: &'b mut [u8]) -> Result<(Value<'b>, &'b mut [u8]), Error> {
        let len = base64url::decode(self.header, buf, Part::Header)?;
        json::canonicalize(buf, len, Part::Header)
    }

    /// Decodes the signature, of the length that the algorithm demands.
    pub(crate) fn signature(&self, algorithm: Algorithm) -> Result<DecodedSignature, Error> {
        DecodedSignature::decode(algorithm, self.signature)
    }

    pub(crate) fn payload<'b>(&self, buf: &'b mut [u8]) -> Result<(Value<'b>, &'b mut [u8]), Error> {
        let len = base64url::decode(self.payload, buf, Part::Payload)?;
        let (json, scratch) = json::canonicalize(buf, len, Part::Payload)?;
        if json.is_object() { Ok((json, scratch)) } else { Err(Error::Malformed(Part::Payload)) }
    }
}

/// Before and behind the first dot. Sixteen characters at a time, which vector registers compare at once.
fn split_at_dot(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (blocks, _) = text.as_chunks::<16>();
    let has_dot = |block: &[u8; 16]| block.iter().fold(false, |found, byte| found | (*byte == b'.'));
    let mut dot = blocks.iter().take_while(|block| !has_dot(block)).count().wrapping_mul(16);
    while *text.get(dot)? != b'.' {
        dot = dot.wrapping_add(1);
    }
    let (before, behind) = text.split_at_checked(dot)?;
    Some((before, behind.get(1..)?))
}

/// In the caller's place, since moving them takes a fifth of all stack that is not the curve's at opt-level z.
pub(super) type KeyChoices<'t> = Vec<KeyChoice<'t>, MAX_ISSUERS>;

/// Who the token says it is from.
pub(super) fn issuer_of<'b>(payload: &Value<'b>) -> Result<JsonStr<'b>, Error> {
    let iss = payload.member("iss").ok_or(Error::Missing(Claim::Issuer))?;
    iss.string().ok_or(Error::Invalid(Claim::Issuer))
}

/// [`KeyChoice::verify`], or what leads to the same verdict.
pub(super) type CheckSignature<'f> = dyn Fn(&KeyChoice<'_>, &[u8], Signature<'_>) -> Result<(), Error> + 'f;

/// Without the text: whoever reads it in a log could use it.
impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

/// Longest token, in bytes: far beyond what fits an HTTP header (8 to 16 KiB by default), and lengths fit 16 bits on
/// the way to the decoded payload.
pub const MAX_TOKEN_LEN: usize = 64 * 1024;

/// Longest decoded header, in bytes: `alg`, `kid`, `typ` and a few URLs fit. It is parsed before the signature is
/// verified, so it is kept small.
pub const MAX_HEADER_LEN: usize = 512;

/// Most issuers of one call: it bounds the signatures that one forged token makes a device compute.
pub const MAX_ISSUERS: usize = 4;
