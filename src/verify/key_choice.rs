//! The choice of the keys that a token may be signed with, over all issuers of a call.

use heapless::Vec;

use super::{Issuer, Token};
use crate::error::{Claim, Error};
use crate::jose::header::Header;
use crate::jose::json::{JsonStr, Value};
use crate::jose::media_type::MediaType;
use crate::jose::{Algorithm, PublicKey, Signature, SignatureAlgorithm};

impl<'t> Token<'t> {
    /// Adds to `choices` the keys that may have signed the token, and fails if there is none: the first candidate of
    /// each issuer, then the second of each, and so on.
    // Not inlined, so that its frame is gone when the curve arithmetic, which needs most of the stack, is called.
    #[inline(never)]
    pub(super) fn choose_keys(
        &self,
        issuers: &[&Issuer<'t>],
        buf: &mut [u8],
        choices: &mut KeyChoices<'t>,
    ) -> Result<Found<'t>, Error> {
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

        // RFC 7515 section 6 and RFC 8725 section 3.1: the keys, each with its only algorithm.
        let mut refusal = Error::UnsupportedAlgorithm;
        let mut candidates = Vec::<_, MAX_ISSUERS>::new();
        for issuer in issuers {
            match issuer.candidates(&header) {
                Ok(of_issuer) => candidates.push(of_issuer).map_err(|_| Error::TooManyIssuers)?,
                Err(error) => refusal = refusal.furthest(error),
            }
        }
        for _round in 0..MAX_SIGNATURES {
            for of_issuer in &mut candidates {
                if !choices.is_full()
                    && let Some(choice) = of_issuer.next()
                {
                    choices.push(choice).map_err(|_| Error::AmbiguousKey)?;
                }
            }
        }
        let mut untried = Vec::new();
        for choice in candidates.iter_mut().filter_map(Iterator::next) {
            untried.push(choice.issuer).map_err(|_| Error::TooManyIssuers)?;
        }
        if !candidates.is_empty() {
            refusal = refusal.furthest(Error::UnknownKey);
        }
        let algorithm = choices.first().ok_or(refusal)?.key().algorithm();
        let media_type = header.typ.map(MediaType::new).transpose()?;
        Ok(Found { algorithm, media_type, refusal, untried, has_one_issuer: issuers.len() == 1 })
    }
}

/// The keys to try, in their order. The caller allocates the list, since moving it takes a fifth of the stack that the
/// curve arithmetic does not use, at opt-level z.
pub(super) type KeyChoices<'t> = Vec<KeyChoice<'t>, MAX_SIGNATURES>;

/// The result of reading the header, without the keys.
pub(super) struct Found<'t> {
    /// The algorithm of all the keys.
    pub(super) algorithm: Algorithm,
    pub(super) media_type: Option<MediaType>,
    /// The furthest refusal of the issuers without a candidate.
    pub(super) refusal: Error,
    /// The issuers that have more candidates than are tried.
    untried: Vec<&'t str, MAX_ISSUERS>,
    /// Whether the caller gave exactly one issuer.
    has_one_issuer: bool,
}

/// The issuer that a payload names.
#[derive(Clone, Copy)]
pub(super) enum Iss<'b> {
    Named(JsonStr<'b>),
    /// None: the token comes from the only issuer.
    Only,
}

impl Iss<'_> {
    pub(super) fn is(self, issuer: &str) -> bool {
        match self {
            Self::Named(iss) => iss == *issuer,
            Self::Only => true,
        }
    }
}

impl Found<'_> {
    /// The issuer that the payload names. A status list need not name it, if the caller gave exactly one issuer: its key
    /// has verified the list. Without the feature `status-list`, nothing accepts such a token.
    pub(super) fn issuer_of<'b>(&self, payload: Value<'b>) -> Result<Iss<'b>, Error> {
        let may_lack_iss = cfg!(feature = "status-list") && self.has_one_issuer;
        match payload.member("iss") {
            Some(iss) => iss.string().map(Iss::Named).ok_or(Error::Invalid(Claim::Issuer)),
            None if may_lack_iss && self.media_type.as_ref().is_some_and(|typ| typ.is("statuslist+jwt")) => {
                Ok(Iss::Only)
            }
            None => Err(Error::Missing(Claim::Issuer)),
        }
    }

    /// The error after all signatures were tried: `refusal` is the one that got furthest, and `iss` is known if a
    /// signature was valid.
    pub(super) fn refuse(&self, refusal: Error, iss: Option<Iss<'_>>) -> Error {
        match iss {
            // The token may come from an issuer whose backend gave no answer.
            _ if refusal == Error::BackendUnavailable => refusal,
            _ if self.untried.iter().any(|issuer| iss.is_none_or(|iss| iss.is(issuer))) => Error::AmbiguousKey,
            Some(_) => Error::Mismatch(Claim::Issuer),
            None => refusal,
        }
    }
}

impl<'a> Issuer<'a> {
    /// The keys that may have signed a token with this header, in the issuer's order. Those with its `kid`; if there
    /// are none, those without a `kid`, since a `kid` is a hint
    /// ([RFC 7515 section 4.1.4](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.4)); for a token without a `kid`, all
    /// keys of its algorithm ([RFC 7515 appendix D](https://www.rfc-editor.org/rfc/rfc7515#appendix-D)). Other members
    /// about keys (`jwk`, `jku`, `x5u`, `x5c`) have no effect
    /// ([RFC 8725 section 3.10](https://www.rfc-editor.org/rfc/rfc8725#section-3.10)).
    pub(super) fn candidates<'h>(&self, header: &Header<'h>) -> Result<Candidates<'a, 'h>, Error> {
        let backend = header.choose_backend(self.algorithms)?;
        let has = |kid| self.keys.iter().any(|key| key.algorithm() == backend.algorithm() && key.has_kid(kid));
        let chosen = match header.kid.filter(|kid| !kid.is(b"")) {
            Some(kid) if has(kid) => Chosen::WithKid(kid),
            _ if self.requires_kid => Chosen::None,
            Some(_) => Chosen::WithoutKid,
            None => Chosen::All,
        };
        Ok(Candidates { issuer: self.name, backend, keys: self.keys, chosen, next: 0 })
    }
}

/// The keys of one issuer that a token may be signed with. Equal keys are one candidate.
pub(super) struct Candidates<'a, 'h> {
    issuer: &'a str,
    backend: &'a dyn SignatureAlgorithm,
    keys: &'a [PublicKey<'a>],
    chosen: Chosen<'h>,
    next: usize,
}

/// Which keys of the algorithm are candidates.
#[derive(Clone, Copy)]
enum Chosen<'h> {
    WithKid(JsonStr<'h>),
    WithoutKid,
    All,
    None,
}

impl<'a> Candidates<'a, '_> {
    fn is_candidate(&self, key: &PublicKey<'_>) -> bool {
        key.algorithm() == self.backend.algorithm()
            && match self.chosen {
                Chosen::WithKid(kid) => key.has_kid(kid),
                Chosen::WithoutKid => key.kid().is_none(),
                Chosen::All => true,
                Chosen::None => false,
            }
    }
}

impl<'a> Iterator for Candidates<'a, '_> {
    type Item = KeyChoice<'a>;

    fn next(&mut self) -> Option<KeyChoice<'a>> {
        loop {
            let (earlier, [key, ..]) = self.keys.split_at_checked(self.next)? else { return None };
            self.next = self.next.wrapping_add(1);
            let is_repeated = || earlier.iter().any(|other| self.is_candidate(other) && other.is_same_key(key));
            if self.is_candidate(key) && !is_repeated() {
                return Some(KeyChoice { issuer: self.issuer, key, backend: self.backend });
            }
        }
    }
}

/// The key of an issuer that a token claims to be signed with, and the backend to verify with.
#[derive(Clone, Copy)]
pub(crate) struct KeyChoice<'a> {
    pub(super) issuer: &'a str,
    key: &'a PublicKey<'a>,
    backend: &'a dyn SignatureAlgorithm,
}

impl<'a> KeyChoice<'a> {
    /// A choice of a key that belongs to no issuer: its signature proves only possession of that key.
    pub(crate) fn for_embedded_jwk(key: &'a PublicKey<'a>, backend: &'a dyn SignatureAlgorithm) -> Self {
        Self { issuer: "", key, backend }
    }

    pub(super) fn key(&self) -> &'a PublicKey<'a> {
        self.key
    }

    /// Refuses keys and signatures that must never reach a backend.
    pub(super) fn check_encoding(&self, signature: Signature<'_>) -> Result<(), Error> {
        self.key.algorithm().check_encoding(self.key, signature)
    }

    pub(crate) fn verify(&self, signing_input: &[u8], signature: Signature<'_>) -> Result<(), Error> {
        self.check_encoding(signature)?;
        Ok(self.backend.verify(self.key, signing_input, signature)?)
    }
}

/// Maximum number of issuers for one call.
pub const MAX_ISSUERS: usize = 4;

/// Maximum number of signatures that one token makes a device compute, over all issuers of a call: one for each of
/// [`MAX_ISSUERS`], or the old and the new key of two issuers whose keys have no `kid`. It bounds the work that a forged
/// token causes.
pub const MAX_SIGNATURES: usize = 4;
