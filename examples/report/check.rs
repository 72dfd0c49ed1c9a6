//! The checks, in the order in which they are made, and the outcome of each.

mod rules;

use embedded_jwt::{Claim, Error, Part};

use crate::peek::Peek;
use crate::profile::Profile;
use crate::request::Request;
use crate::verification::{Refusal, Step};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    Form,
    Buffer,
    Header,
    Algorithm,
    Key,
    Signature,
    Payload,
    Issuer,
    Proof,
    Type,
    Kind,
    Claims,
    Required,
    Audience,
    Clock,
    Expiration,
    Freshness,
    NotBefore,
    Lifetime,
    Age,
    Scope,
    Binding,
    Party,
    Nonce,
    Login,
    Hash,
    Method,
    Uri,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    Failed,
    NotReached,
}

impl Check {
    /// The checks of access tokens and ID tokens, in order.
    const OF_TOKENS: &[Self] = &[
        Self::Form,
        Self::Buffer,
        Self::Header,
        Self::Algorithm,
        Self::Key,
        Self::Signature,
        Self::Payload,
        Self::Issuer,
        Self::Proof,
        Self::Type,
        Self::Kind,
        Self::Claims,
        Self::Required,
        Self::Audience,
        Self::Clock,
        Self::Expiration,
        Self::Freshness,
        Self::NotBefore,
        Self::Lifetime,
        Self::Age,
        Self::Scope,
        Self::Binding,
        Self::Party,
        Self::Nonce,
        Self::Login,
        Self::Hash,
    ];

    /// The checks of DPoP proofs, in order.
    const OF_PROOFS: &[Self] = &[
        Self::Form,
        Self::Buffer,
        Self::Header,
        Self::Type,
        Self::Algorithm,
        Self::Key,
        Self::Signature,
        Self::Payload,
        Self::Claims,
        Self::Method,
        Self::Uri,
        Self::Hash,
        Self::Nonce,
        Self::Clock,
        Self::Freshness,
        Self::Expiration,
        Self::NotBefore,
        Self::Age,
    ];

    fn of_profile(profile: Profile) -> &'static [Self] {
        if profile == Profile::Dpop { Self::OF_PROOFS } else { Self::OF_TOKENS }
    }

    /// The checks that this request asks for.
    pub fn of(request: &Request) -> impl Iterator<Item = Self> + use<> {
        let profile = request.profile;
        let (access, dpop) = (profile.is_for_access_tokens(), profile == Profile::Dpop);
        let no_clock = !request.has_clock();
        let unasked = [
            (!profile.looks_at_marks()).then_some(Self::Kind),
            request.longest_lifetime().is_none().then_some(Self::Lifetime),
            (if dpop { no_clock } else { request.max_token_age.is_none() }).then_some(Self::Age),
            (!access).then_some(Self::Binding),
            access.then_some(Self::Party),
            request.proof.is_none().then_some(Self::Proof),
            (access || request.nonce.is_none()).then_some(Self::Nonce),
            (!no_clock).then_some(Self::Freshness),
            no_clock.then_some(Self::Clock),
            no_clock.then_some(Self::NotBefore),
            request.max_age.is_none().then_some(Self::Login),
            request.access_token.is_none().then_some(Self::Hash),
            (request.scopes.is_none() && request.scope_claim.is_none()).then_some(Self::Scope),
        ];
        Self::of_profile(profile).iter().copied().filter(move |check| !unasked.contains(&Some(*check)))
    }

    pub fn outcome(self, request: &Request, peek: &Peek, refusal: Option<Refusal>) -> Outcome {
        let order = Self::of_profile(request.profile);
        let position = |check| order.iter().position(|other| *other == check);
        match refusal {
            None => Outcome::Ok,
            Some(refusal) if self == Self::failed_by(request, peek, refusal) => Outcome::Failed,
            Some(refusal) if position(self) < position(Self::reached_by(request, peek, refusal)) => Outcome::Ok,
            Some(_) => Outcome::NotReached,
        }
    }

    /// The check that an error is about.
    fn failed_by(request: &Request, peek: &Peek, refusal: Refusal) -> Self {
        let profile = request.profile;
        if refusal.step == Step::Proof {
            return Self::Proof;
        }
        match refusal.error {
            Error::BufferTooSmall => Self::Buffer,
            Error::TooLarge(part)
            | Error::Malformed(part)
            | Error::DuplicateName(part)
            | Error::TooDeep(part)
            | Error::TooManyMembers(part) => match part {
                Part::Header => Self::Header,
                Part::Signature => Self::Signature,
                Part::Payload => Self::Payload,
                _ => Self::Form,
            },
            Error::CriticalHeader => Self::Header,
            Error::UnsupportedAlgorithm => Self::Algorithm,
            Error::UnknownKey | Error::InvalidKey => Self::Key,
            // Some of the keys that fit were tried, and there are more.
            Error::AmbiguousKey => Self::Signature,
            Error::InvalidSignature | Error::BackendUnavailable => Self::Signature,
            Error::WrongType if profile.looks_at_marks() && profile.accepts_type(peek.typ()) => Self::Kind,
            Error::WrongType => Self::Type,
            Error::Unconfigured(Claim::HttpMethod) | Error::Mismatch(Claim::HttpMethod) => Self::Method,
            Error::Unconfigured(Claim::HttpUri) | Error::Mismatch(Claim::HttpUri) => Self::Uri,
            Error::Unconfigured(Claim::Issuer) | Error::Mismatch(Claim::Issuer) => Self::Issuer,
            Error::Missing(Claim::Issuer) | Error::Invalid(Claim::Issuer) if profile != Profile::Dpop => Self::Issuer,
            Error::Unconfigured(Claim::Scope) => Self::Scope,
            Error::Unconfigured(Claim::Nonce) | Error::Missing(Claim::Nonce) | Error::Mismatch(Claim::Nonce) => {
                Self::Nonce
            }
            Error::Missing(Claim::AuthorizedParty) | Error::Mismatch(Claim::AuthorizedParty) => Self::Party,
            Error::Unconfigured(Claim::AccessTokenHash) | Error::Mismatch(Claim::AccessTokenHash) => Self::Hash,
            // All claims of a proof are read in one step.
            Error::Missing(_) if profile == Profile::Dpop => Self::Claims,
            Error::Missing(Claim::AccessTokenHash) => Self::Hash,
            Error::Missing(Claim::AuthenticationTime) => Self::Login,
            Error::Missing(Claim::Confirmation) | Error::Invalid(Claim::Confirmation) => Self::Binding,
            Error::Mismatch(Claim::Confirmation) => Self::Binding,
            Error::Unconfigured(_) | Error::Mismatch(_) => Self::Audience,
            // If the profile does not require `iat`, only rules that are computed from it do.
            Error::Missing(Claim::IssuedAt) if matches!(profile, Profile::Typed | Profile::Generic) => {
                if request.longest_lifetime().is_some() { Self::Lifetime } else { Self::Age }
            }
            Error::Missing(_) => Self::Required,
            // A valid date, but later than `exp`.
            Error::Invalid(Claim::IssuedAt) if peek.date("iat").is_some() => Self::NotBefore,
            // Only policies with a rule about these claims read them.
            Error::Invalid(Claim::AuthenticationTime | Claim::AuthenticationContext) => Self::Login,
            Error::Invalid(Claim::Nonce) if profile == Profile::Id => Self::Nonce,
            Error::Invalid(Claim::AccessTokenHash) if profile == Profile::Id => Self::Hash,
            Error::SenderConstrained => Self::Binding,
            Error::Invalid(_) => Self::Claims,
            Error::ClockNotSet => Self::Clock,
            Error::TimeUnknown => Self::Freshness,
            Error::Expired => Self::Expiration,
            Error::NotYetValid => Self::NotBefore,
            Error::LifetimeTooLong => Self::Lifetime,
            Error::TooOld | Error::ProofTooOld => Self::Age,
            Error::AuthenticationTooOld => Self::Login,
            Error::InsufficientScope => Self::Scope,
            _ => Self::Form,
        }
    }

    /// The check before which all others passed. It is the failed one, except for errors that are found earlier or
    /// later.
    fn reached_by(request: &Request, peek: &Peek, refusal: Refusal) -> Self {
        let dpop = request.profile == Profile::Dpop;
        match (refusal.error, refusal.step) {
            (Error::Unconfigured(Claim::Issuer), _) => Self::Buffer,
            (Error::Unconfigured(_), _) if dpop => Self::Buffer,
            // A policy with an empty expectation is refused before the token's claims are checked.
            (Error::Unconfigured(_), _) => Self::Type,
            // A `typ` that no type can have is refused before a signature is computed.
            (Error::WrongType, Step::Verify) if !dpop => Self::Signature,
            // No room was left for a string that had to be unescaped.
            (Error::BufferTooSmall, Step::Validate) => {
                if dpop {
                    Self::Age
                } else {
                    Self::Scope
                }
            }
            _ => Self::failed_by(request, peek, refusal),
        }
    }
}
