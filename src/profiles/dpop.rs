//! DPoP proofs of possession (RFC 9449): the policy, the verification, and the accepted proof.

mod htu;
mod nonce;
mod prepared;
mod proof;

pub use nonce::DpopNonce;
pub use prepared::PreparedDpop;
pub use proof::DpopProof;

pub(super) use nonce::PresentedNonce;

use core::fmt;
use core::time::Duration;

use sha2::{Digest, Sha256};

use crate::claims::field::{refuse_empty, required, required_string, string};
use crate::claims::{DEFAULT_LEEWAY, RegisteredClaims, bounded_leeway};
use crate::error::{Claim, Error};
use crate::jose::header::Header;
use crate::jose::jwk::{AnyKey, FromJwk};
use crate::jose::media_type::MediaType;
use crate::jose::{PublicKey, SignatureAlgorithm, base64url};
use crate::time::{Now, UnixTime};
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
    nonces: Option<&'a [DpopNonce]>,
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
            nonces: None,
            leeway: DEFAULT_LEEWAY.as_secs(),
            max_token_age: DEFAULT_PROOF_AGE.as_secs(),
        }
    }

    /// Requires the proof to contain one of these nonces, which this server has issued ([RFC 9449 section
    /// 9](https://www.rfc-editor.org/rfc/rfc9449#section-9)): the current one, or earlier ones that are still accepted.
    ///
    /// Where the time is not known ([`Now::AtLeast`]), a nonce shows that the proof is fresh. It is then withdrawn when
    /// the request is accepted. The proof's id is remembered too, until its own `iat` is too old, or its token has
    /// ended: a client whose clock is ahead takes a slot of its share for that much longer.
    ///
    /// With a clock, many proofs may have one nonce. If the device loses its clock, withdraw all nonces: otherwise a
    /// recorded proof is fresh once more.
    ///
    /// An empty list refuses every proof ([`Error::Unconfigured`]). While none of the nonces is issued, every proof is
    /// refused for its nonce ([`Error::Mismatch`]).
    pub const fn with_nonces(mut self, nonces: &'a [DpopNonce]) -> Self {
        self.nonces = Some(nonces);
        self
    }

    /// Sets how far the client's clock and the device's clock may differ, in whole seconds; a fraction is dropped, and
    /// so is what exceeds [`MAX_LEEWAY`](crate::MAX_LEEWAY).
    pub const fn with_leeway(mut self, leeway: Duration) -> Self {
        self.leeway = bounded_leeway(leeway);
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
    /// This needs a clock that is set, or a nonce: see [`DpopPolicy::with_nonces`].
    ///
    /// The steps are listed in [RFC 9449 section 4.3](https://www.rfc-editor.org/rfc/rfc9449#section-4.3). The caller
    /// does the first: it checks that the request has exactly one header `DPoP`.
    ///
    /// ```
    /// use embedded_jwt::{
    ///     AccessToken, AccessTokenPolicy, DpopPolicy, EdDsa, Error, Es256, Issuer, Now, ReplayCheck, Token,
    /// };
    ///
    /// fn authorize<'b>(
    ///     bearer: &[u8],
    ///     proof: &[u8],
    ///     issuer: &Issuer<'_>,
    ///     used: &dyn ReplayCheck, // a ReplayWindow
    ///     now: Now,
    ///     buf: &'b mut [u8],
    /// ) -> Result<AccessToken<'b>, Error> {
    ///     let verified = Token::parse(bearer)?.verify(issuer, buf)?;
    ///     let request = DpopPolicy::new("POST", "https://pump-7.local/speed", bearer);
    ///     let mut proof_buf = [0; 512];
    ///     let proof = Token::parse(proof)?.verify_dpop(&request, &[&Es256, &EdDsa], now, &mut proof_buf)?;
    ///     verified.into_access_token(&AccessTokenPolicy::new("urn:device:pump-7").with_dpop(&proof, used), now)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::Unconfigured`]: the policy's method, URI or access token is empty, or its list of nonces.
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
    /// - [`Error::Missing`], [`Error::Mismatch`]: `nonce` is none of the policy's.
    /// - [`Error::ClockNotSet`], [`Error::TimeUnknown`], [`Error::Expired`], [`Error::NotYetValid`],
    ///   [`Error::ProofTooOld`]: the clock is not set, or the time is not known and the policy has no nonces; `exp` has
    ///   passed, `nbf` or `iat` is in the future, or `iat` is too long ago. An `exp` before `iat` is no fault of its own.
    ///   Where the time is not known, `nbf` and `iat` are compared with nothing.
    pub fn verify_dpop<'b>(
        &self,
        policy: &DpopPolicy<'b>,
        algorithms: &[&dyn SignatureAlgorithm],
        now: impl Into<Now>,
        buf: &'b mut [u8],
    ) -> Result<DpopProof<'b>, Error> {
        let (key, backend) = self.embedded_key(policy, algorithms, buf)?;
        let key = key.borrow_key();
        KeyChoice::for_embedded_jwk(&key, backend)
            .verify(self.signing_input(), self.signature(key.algorithm())?.as_signature())?;
        self.validate_dpop(policy, &key, now.into(), buf)
    }

    /// Steps 2 and 4 to 6: a JWT of this type, with an accepted algorithm and a public key in the header.
    fn embedded_key<'s>(
        &self,
        policy: &DpopPolicy<'_>,
        algorithms: &[&'s dyn SignatureAlgorithm],
        buf: &mut [u8],
    ) -> Result<(AnyKey, &'s dyn SignatureAlgorithm), Error> {
        refuse_empty([
            (Some(policy.method.as_bytes()), Claim::HttpMethod),
            (Some(policy.uri.as_bytes()), Claim::HttpUri),
            (Some(policy.access_token), Claim::AccessTokenHash),
        ])?;
        if policy.nonces.is_some_and(<[_]>::is_empty) {
            return Err(Error::Unconfigured(Claim::Nonce));
        }
        if buf.len() < self.buffer_len() {
            return Err(Error::BufferTooSmall);
        }
        let (json, _) = self.header_json(buf)?;
        let header = Header::parse(json)?;
        header.check()?;
        let typ = header.typ.map(MediaType::new).transpose()?;
        if !typ.is_some_and(|typ| typ.is("dpop+jwt")) {
            return Err(Error::WrongType);
        }
        let backend = header.choose_backend(algorithms)?;
        let key =
            json.member("jwk").and_then(AnyKey::embedded_key).filter(|key| key.algorithm() == backend.algorithm());
        Ok((key.ok_or(Error::InvalidKey)?, backend))
    }

    /// The other steps, once the signature (step 7) is valid.
    fn validate_dpop<'b>(
        &self,
        policy: &DpopPolicy<'b>,
        key: &PublicKey<'_>,
        now: Now,
        buf: &'b mut [u8],
    ) -> Result<DpopProof<'b>, Error> {
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
        let token_digest: [u8; 32] = Sha256::digest(policy.access_token).into();
        if !base64url::encode(&token_digest, &mut [0; 43]).is_some_and(|expected| ath == *expected) {
            return Err(Error::Mismatch(Claim::AccessTokenHash));
        }

        // Step 10: the nonce.
        let nonce = match policy.nonces {
            None => None,
            Some(nonces) => {
                let presented = required(nonce, Claim::Nonce)?;
                Some(PresentedNonce::find(nonces, presented).ok_or(Error::Mismatch(Claim::Nonce))?)
            }
        };

        // Step 11: the time. A proof need not have `exp` and `nbf` (RFC 7519 sections 4.1.4 and 4.1.5).
        let known = now.known().ok_or(Error::ClockNotSet)?.as_secs();
        let latest = known.saturating_add_unsigned(policy.leeway);
        let expires_at = registered.exp.map(|exp| exp.floor.saturating_add_unsigned(policy.leeway));
        let oldest_at = iat.floor.saturating_add_unsigned(policy.max_token_age).saturating_add_unsigned(policy.leeway);
        let too_old_at = oldest_at.saturating_add(1);
        let is_fresh_by_nonce = match now {
            Now::Exact(_) => false,
            Now::AtLeast(_) if nonce.is_some() => true,
            Now::AtLeast(_) => return Err(Error::TimeUnknown),
        };
        if expires_at.is_some_and(|expires_at| known >= expires_at) {
            return Err(Error::Expired);
        }
        if !is_fresh_by_nonce {
            if registered.nbf.is_some_and(|nbf| nbf.ceil > latest) || iat.ceil > latest {
                return Err(Error::NotYetValid);
            }
            if known > oldest_at {
                return Err(Error::ProofTooOld);
            }
        }

        Ok(DpopProof {
            thumbprint: key.thumbprint(),
            jwt_id: jti.unescape_into(&mut scratch)?,
            issued_at: UnixTime::from_secs(iat.floor),
            usable_until: UnixTime::from_secs(expires_at.map_or(too_old_at, |expires_at| expires_at.min(too_old_at))),
            token_digest,
            nonce: nonce.filter(|_| is_fresh_by_nonce),
        })
    }
}

/// Omits the access token and the nonces.
impl fmt::Debug for DpopPolicy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DpopPolicy").field("method", &self.method).field("uri", &self.uri).finish_non_exhaustive()
    }
}

/// The default limit on the time since a proof was made, without the leeway: 60 s. Proofs are made for each request,
/// and a replay check has to remember each for this long.
pub const DEFAULT_PROOF_AGE: Duration = Duration::from_secs(60);
