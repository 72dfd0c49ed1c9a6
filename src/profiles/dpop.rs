//! DPoP proofs of possession (RFC 9449): the policy, the verification, and the accepted proof.

mod htu;

use core::fmt;
use core::time::Duration;

use sha2::{Digest, Sha256};

use crate::claims::DEFAULT_LEEWAY;
use crate::claims::RegisteredClaims;
use crate::claims::field::{refuse_empty, required, required_string, string};
use crate::error::{Claim, Error};
use crate::jose::header::Header;
use crate::jose::jwk::embedded_key;
use crate::jose::media_type::MediaType;
use crate::jose::{SignatureAlgorithm, Thumbprint, base64url};
use crate::time::UnixTime;
use crate::verify::Token;
use crate::verify::key_choice::KeyChoice;

/// The request that a DPoP proof must belong to
/// ([RFC 9449 section 4.3](https://www.rfc-editor.org/rfc/rfc9449#section-4.3)).
///
/// Checked: the proof's signature, with the key in its own header; `typ`; `htm`, `htu` and `ath`; `iat`; `exp` and
/// `nbf`, if the proof has them; the types of the registered claims; and the nonce, if the policy has one. **Not**
/// checked: that the access token is bound to this key, and that the proof was not used before, which
/// [`AccessTokenPolicy::with_dpop`](crate::AccessTokenPolicy::with_dpop) checks; and the values of `iss`, `sub` and
/// `aud`, which a proof does not need.
#[derive(Clone, Copy)]
pub struct DpopPolicy<'a> {
    method: &'a str,
    uri: &'a str,
    access_token: &'a [u8],
    nonce: Option<&'a str>,
    leeway: u64,
    max_token_age: u64,
}

impl<'a> DpopPolicy<'a> {
    /// A policy for a request with this method, URI and access token. The URI has scheme and authority, as the client
    /// knows it, and the access token is the text that came with the request. The policy has the leeway
    /// [`DEFAULT_LEEWAY`], the age limit [`DEFAULT_PROOF_AGE`], and no nonce.
    ///
    /// An empty method, URI or access token refuses every proof ([`Error::Unconfigured`]).
    pub fn new<T: AsRef<[u8]> + ?Sized>(method: &'a str, uri: &'a str, access_token: &'a T) -> Self {
        Self {
            method,
            uri,
            access_token: access_token.as_ref(),
            nonce: None,
            leeway: DEFAULT_LEEWAY.as_secs(),
            max_token_age: DEFAULT_PROOF_AGE.as_secs(),
        }
    }

    /// Requires the proof to contain this nonce, which this server has issued ([RFC 9449 section
    /// 9](https://www.rfc-editor.org/rfc/rfc9449#section-9)).
    pub const fn with_nonce(mut self, nonce: &'a str) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// Sets how far the client's clock and the device's clock may differ, in whole seconds; a fraction is dropped.
    pub const fn with_leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway.as_secs();
        self
    }

    /// Limits the time since the proof was made (`iat`), in whole seconds plus leeway.
    pub const fn with_max_token_age(mut self, max_token_age: Duration) -> Self {
        self.max_token_age = max_token_age.as_secs();
        self
    }
}

impl Token<'_> {
    /// Verifies that this token is a DPoP proof for the request: its creator holds the private key of the public key in
    /// its header. The creator stays unidentified until an access token that is bound to this key is accepted with
    /// [`AccessTokenPolicy::with_dpop`](crate::AccessTokenPolicy::with_dpop), which also consumes the proof. Anyone can
    /// sign a proof, so [`verify`](Self::verify) the access token first.
    ///
    /// This needs a clock that is set: `now` must not come from a [`TimeFloor`](crate::TimeFloor).
    ///
    /// The steps are listed in [RFC 9449 section 4.3](https://www.rfc-editor.org/rfc/rfc9449#section-4.3). The caller
    /// does the first: it checks that the request has exactly one header `DPoP`.
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::Unconfigured`]: the policy's method, URI, access token or nonce is empty.
    /// - [`Error::BufferTooSmall`]: `buf` is shorter than [`buffer_len`](Self::buffer_len); also at the end, if `jti`
    ///   must be unescaped and does not fit.
    /// - [`Error::TooLarge`], [`Error::Malformed`], [`Error::DuplicateName`], [`Error::TooDeep`],
    ///   [`Error::TooManyMembers`], [`Error::CriticalHeader`]: the header cannot be read.
    /// - [`Error::WrongType`]: `typ` is not `dpop+jwt`.
    /// - [`Error::UnsupportedAlgorithm`]: `alg` is none of `algorithms`.
    /// - [`Error::InvalidKey`]: `jwk` is absent, has another algorithm, contains a private key, or would be skipped in
    ///   a [`KeySet`](crate::KeySet) for another reason. Its `kid` is not looked at.
    /// - [`Error::Malformed`], [`Error::InvalidSignature`], [`Error::BackendUnavailable`]: the signature is malformed
    ///   or invalid, or the backend gave no answer.
    /// - [`Error::Malformed`], [`Error::DuplicateName`], [`Error::TooDeep`], [`Error::TooManyMembers`]: the payload
    ///   cannot be read.
    /// - [`Error::Invalid`]: a registered claim (`iss`, `sub`, `aud`, `exp`, `nbf`, `iat`, `jti`) has the wrong type.
    /// - [`Error::Missing`], [`Error::Invalid`]: `jti`, `htm`, `htu`, `iat` or `ath` is absent, `jti` is empty, or
    ///   `htm`, `htu`, `ath` or `nonce` has the wrong type.
    /// - [`Error::Mismatch`]: `htm`, `htu` or `ath` does not match the request.
    /// - [`Error::Missing`], [`Error::Mismatch`]: `nonce` is not the policy's.
    /// - [`Error::ClockNotSet`], [`Error::Expired`], [`Error::NotYetValid`], [`Error::TooOld`]: the clock is not set,
    ///   `exp` has passed, `nbf` or `iat` is in the future, or `iat` is too long ago. An `exp` before `iat` is no fault
    ///   of its own.
    pub fn verify_dpop<'b>(
        &self,
        policy: &DpopPolicy<'_>,
        algorithms: &[&dyn SignatureAlgorithm],
        now: UnixTime,
        buf: &'b mut [u8],
    ) -> Result<DpopProof<'b>, Error> {
        refuse_empty([
            (Some(policy.method.as_bytes()), Claim::HttpMethod),
            (Some(policy.uri.as_bytes()), Claim::HttpUri),
            (Some(policy.access_token), Claim::AccessTokenHash),
            (policy.nonce.map(str::as_bytes), Claim::Nonce),
        ])?;
        if buf.len() < self.buffer_len() {
            return Err(Error::BufferTooSmall);
        }

        // Steps 2, 4 and 5: a JWT of this type, with an accepted algorithm.
        let (json, _) = self.header_json(buf)?;
        let header = Header::parse(json)?;
        header.check()?;
        let typ = header.typ.map(MediaType::new).transpose()?;
        if !typ.is_some_and(|typ| typ.is("dpop+jwt")) {
            return Err(Error::WrongType);
        }
        let backend = header.choose_backend(algorithms)?;

        // Steps 6 and 7: the signature, with the key in the header, which must be public.
        let key = json.member("jwk").and_then(embedded_key).filter(|key| key.algorithm() == backend.algorithm());
        let key = key.ok_or(Error::InvalidKey)?;
        KeyChoice::for_embedded_jwk(&key, backend)
            .verify(self.signing_input, self.signature(key.algorithm())?.as_signature())?;

        // Step 3: the required claims, and the types of the registered ones.
        let (payload, mut scratch) = self.payload(buf)?;
        let ([htm, htu, ath, nonce], registered) =
            payload.members_of_both(["htm", "htu", "ath", "nonce"], RegisteredClaims::NAMES).unwrap_or_default();
        let registered = RegisteredClaims::read(payload, registered)?;
        let jti = required_string(registered.jti, Claim::JwtId)?;
        let htm = required(string(htm, Claim::HttpMethod)?, Claim::HttpMethod)?;
        let htu = required(string(htu, Claim::HttpUri)?, Claim::HttpUri)?;
        let iat = required(registered.iat, Claim::IssuedAt)?;
        let ath = required(string(ath, Claim::AccessTokenHash)?, Claim::AccessTokenHash)?;
        let nonce = string(nonce, Claim::Nonce)?;

        // Steps 8 and 9: the request, without query and fragment.
        if htm != policy.method {
            return Err(Error::Mismatch(Claim::HttpMethod));
        }
        if !htu.as_str().is_some_and(|htu| htu::is_same_target(htu, policy.uri)) {
            return Err(Error::Mismatch(Claim::HttpUri));
        }

        // Step 12: the access token. Its own policy checks that it is bound to the key.
        let digest = Sha256::digest(policy.access_token);
        if !base64url::encode(&digest, &mut [0; 43]).is_some_and(|expected| ath == *expected) {
            return Err(Error::Mismatch(Claim::AccessTokenHash));
        }

        // Step 10: the nonce.
        if let Some(expected) = policy.nonce
            && required(nonce, Claim::Nonce)? != *expected
        {
            return Err(Error::Mismatch(Claim::Nonce));
        }

        // Step 11: the time. A proof need not have `exp` and `nbf` (RFC 7519 sections 4.1.4 and 4.1.5).
        let clock = now.as_secs();
        let latest = clock.saturating_add_unsigned(policy.leeway);
        let expires_at = registered.exp.map(|exp| exp.floor.saturating_add_unsigned(policy.leeway));
        let usable_until =
            iat.floor.saturating_add_unsigned(policy.max_token_age).saturating_add_unsigned(policy.leeway);
        if now.is_unset_clock() {
            return Err(Error::ClockNotSet);
        }
        if expires_at.is_some_and(|expires_at| clock >= expires_at) {
            return Err(Error::Expired);
        }
        if registered.nbf.is_some_and(|nbf| nbf.ceil > latest) || iat.ceil > latest {
            return Err(Error::NotYetValid);
        }
        if clock > usable_until {
            return Err(Error::TooOld);
        }
        // The proof is accepted before `expires_at`, and until `usable_until` inclusive.
        let usable_until = expires_at.map_or(usable_until, |end| usable_until.min(end.saturating_sub(1)));

        Ok(DpopProof {
            thumbprint: key.thumbprint(),
            jwt_id: jti.unescape_into(&mut scratch)?,
            issued_at: UnixTime::from_secs(iat.floor),
            usable_until: UnixTime::from_secs(usable_until),
        })
    }
}

/// A verified DPoP proof. It shows, for one request, that its creator holds a private key ([RFC
/// 9449](https://www.rfc-editor.org/rfc/rfc9449)).
#[derive(Clone, Copy)]
pub struct DpopProof<'b> {
    thumbprint: Thumbprint,
    jwt_id: &'b str,
    issued_at: UnixTime,
    usable_until: UnixTime,
}

impl<'b> DpopProof<'b> {
    /// The thumbprint of the key that signed the proof.
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// The proof's identity (`jti`). Unique only together with the key.
    pub fn jwt_id(&self) -> &'b str {
        self.jwt_id
    }

    /// The time at which the proof was made (`iat`), in whole seconds rounded down.
    pub fn issued_at(&self) -> UnixTime {
        self.issued_at
    }

    /// The latest time at which the policy accepts the proof: by its age, or by its `exp` if that is earlier.
    pub fn usable_until(&self) -> UnixTime {
        self.usable_until
    }
}

/// Omits the values: anyone who reads them in a log could use the proof.
impl fmt::Debug for DpopProof<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DpopProof").finish_non_exhaustive()
    }
}

/// Omits the access token and the nonce.
impl fmt::Debug for DpopPolicy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DpopPolicy").field("method", &self.method).field("uri", &self.uri).finish_non_exhaustive()
    }
}

/// The default limit on the time since a proof was made, without the leeway: 60 s. Proofs are made for each request,
/// and a replay check has to remember each for this long.
pub const DEFAULT_PROOF_AGE: Duration = Duration::from_secs(60);
