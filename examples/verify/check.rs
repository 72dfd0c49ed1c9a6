//! The checks, in the order in which they are made, and the outcome of each.

use embedded_jwt::{Claim, Error, MAX_HEADER_LEN, MAX_TOKEN_LEN, Part};

use crate::peek::Peek;
use crate::verification::{Profile, Refusal, Request, Step};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    Form,
    Buffer,
    Header,
    Algorithm,
    Key,
    Signature,
    Payload,
    Issuer,
    Type,
    Claims,
    Required,
    Audience,
    Clock,
    Expiration,
    NotBefore,
    Lifetime,
    Age,
    Scope,
    Binding,
    Party,
    Nonce,
    Login,
    Hash,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    Failed,
    NotReached,
}

impl Check {
    const ALL: [Self; 23] = [
        Self::Form,
        Self::Buffer,
        Self::Header,
        Self::Algorithm,
        Self::Key,
        Self::Signature,
        Self::Payload,
        Self::Issuer,
        Self::Type,
        Self::Claims,
        Self::Required,
        Self::Audience,
        Self::Clock,
        Self::Expiration,
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

    /// The checks that this request asks for.
    pub fn of(request: &Request) -> impl Iterator<Item = Self> + use<> {
        let id = request.profile == Profile::Id;
        let unasked = [
            request.max_lifetime.is_none().then_some(Self::Lifetime),
            request.max_token_age.is_none().then_some(Self::Age),
            id.then_some(Self::Binding),
            (!id).then_some(Self::Party),
            request.nonce.is_none().then_some(Self::Nonce),
            request.max_age.is_none().then_some(Self::Login),
            request.access_token.is_none().then_some(Self::Hash),
            request.scopes.is_empty().then_some(Self::Scope),
        ];
        Self::ALL.into_iter().filter(move |check| !unasked.contains(&Some(*check)))
    }

    pub fn outcome(self, request: &Request, peek: &Peek, refusal: Option<Refusal>) -> Outcome {
        match refusal {
            None => Outcome::Ok,
            Some(refusal) if self == Self::failed_by(request, peek, refusal) => Outcome::Failed,
            Some(refusal) if self < Self::reached_by(request, peek, refusal) => Outcome::Ok,
            Some(_) => Outcome::NotReached,
        }
    }

    /// The check that an error is about.
    fn failed_by(request: &Request, peek: &Peek, refusal: Refusal) -> Self {
        let id = request.profile == Profile::Id;
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
            Error::UnknownKey | Error::AmbiguousKey | Error::InvalidKey => Self::Key,
            Error::InvalidSignature | Error::BackendUnavailable => Self::Signature,
            Error::WrongType => Self::Type,
            Error::Unconfigured(Claim::Issuer) | Error::Mismatch(Claim::Issuer) => Self::Issuer,
            Error::Missing(Claim::Issuer) | Error::Invalid(Claim::Issuer) => Self::Issuer,
            Error::Unconfigured(Claim::Scope) => Self::Scope,
            Error::Unconfigured(Claim::Nonce) | Error::Missing(Claim::Nonce) | Error::Mismatch(Claim::Nonce) => {
                Self::Nonce
            }
            Error::Missing(Claim::AuthorizedParty) | Error::Mismatch(Claim::AuthorizedParty) => Self::Party,
            Error::Missing(Claim::AccessTokenHash) | Error::Mismatch(Claim::AccessTokenHash) => Self::Hash,
            Error::Missing(Claim::AuthenticationTime) => Self::Login,
            Error::Unconfigured(_) | Error::Mismatch(_) => Self::Audience,
            // In a profile that does not require `iat`, only rules that are computed from it do.
            Error::Missing(Claim::IssuedAt) if request.profile == Profile::Generic => match request.max_lifetime {
                Some(_) => Self::Lifetime,
                None => Self::Age,
            },
            Error::Missing(_) => Self::Required,
            // A valid date, but later than `exp`.
            Error::Invalid(Claim::IssuedAt) if peek.date("iat").is_some() => Self::NotBefore,
            // Only policies with a rule about the login read these claims of an access token.
            Error::Invalid(Claim::AuthenticationTime | Claim::AuthenticationContext) if !id => Self::Login,
            Error::SenderConstrained => Self::Binding,
            Error::Invalid(_) => Self::Claims,
            Error::ClockNotSet => Self::Clock,
            Error::Expired => Self::Expiration,
            Error::NotYetValid => Self::NotBefore,
            Error::LifetimeTooLong => Self::Lifetime,
            Error::TooOld => Self::Age,
            Error::AuthenticationTooOld => Self::Login,
            Error::InsufficientScope => Self::Scope,
            _ => Self::Form,
        }
    }

    /// The check before which all others passed. It is the failed one, except for errors that are found earlier or
    /// later.
    fn reached_by(request: &Request, peek: &Peek, refusal: Refusal) -> Self {
        match (refusal.error, refusal.step) {
            (Error::Unconfigured(Claim::Issuer), _) => Self::Buffer,
            // A policy with an empty expectation is refused before the token's claims are checked.
            (Error::Unconfigured(_), _) => Self::Type,
            // A `typ` that no type can have is refused before a signature is computed.
            (Error::WrongType, Step::Verify) => Self::Signature,
            // No room was left for a string that had to be unescaped.
            (Error::BufferTooSmall, Step::Validate) => Self::Scope,
            _ => Self::failed_by(request, peek, refusal),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Buffer => "buffer",
            Self::Header => "header",
            Self::Algorithm => "algorithm",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Payload => "payload",
            Self::Issuer => "issuer",
            Self::Type => "type",
            Self::Claims => "claims",
            Self::Required => "required",
            Self::Audience => "audience",
            Self::Clock => "clock",
            Self::Expiration => "expiration",
            Self::NotBefore => "not before",
            Self::Lifetime => "lifetime",
            Self::Age => "age",
            Self::Scope => "scope",
            Self::Binding => "binding",
            Self::Party => "party",
            Self::Nonce => "nonce",
            Self::Login => "login",
            Self::Hash => "hash",
        }
    }

    pub fn rule(self, request: &Request) -> String {
        let profile = request.profile;
        let leeway = request.leeway_secs();
        match self {
            Self::Form => format!("three segments, {MAX_TOKEN_LEN} bytes at most"),
            Self::Buffer => "header and payload fit the buffer".into(),
            Self::Header => format!("one JSON object, no crit, {MAX_HEADER_LEN} bytes at most"),
            Self::Algorithm => "alg is one of those accepted: ES256, EdDSA".into(),
            Self::Key => "one key of the issuer has this kid and alg".into(),
            Self::Signature => "signature over header and payload is valid".into(),
            Self::Payload => "one JSON object, no name twice".into(),
            Self::Issuer => format!("iss is {:?}", request.issuer),
            Self::Type => match profile {
                Profile::Access => "typ is at+jwt".into(),
                Profile::Generic => "typ is absent, JWT or at+jwt".into(),
                Profile::Id => "typ is absent or JWT".into(),
            },
            Self::Claims => "claims that are present have the right type".into(),
            Self::Required => match profile {
                Profile::Access => "exp aud sub client_id iat jti are present".into(),
                Profile::Generic => "exp and aud are present".into(),
                Profile::Id => "exp, aud, sub and iat are present".into(),
            },
            Self::Audience => format!("aud contains {:?}", request.audience),
            Self::Clock => "the clock is set: now is after 1970-01-01".into(),
            Self::Expiration => format!("now is before exp + {leeway} s"),
            Self::NotBefore if request.max_lifetime.or(request.max_token_age).is_some() => {
                format!("nbf and iat up to now + {leeway} s, iat up to exp")
            }
            Self::NotBefore => format!("nbf, if any, is not after now + {leeway} s"),
            Self::Lifetime => format!("exp - iat is {} s at most", request.max_lifetime.unwrap_or_default()),
            Self::Age => format!("now - iat is {} s + {leeway} s at most", request.max_token_age.unwrap_or_default()),
            Self::Scope => format!("scope contains {:?}", request.scopes),
            Self::Binding => "no cnf binds it to a key of the sender".into(),
            Self::Party => "azp (needed beside other aud) is the client".into(),
            Self::Nonce => format!("nonce is {:?}", request.nonce.as_deref().unwrap_or_default()),
            Self::Login => format!("now - auth_time is {} s + {leeway} s at most", request.max_age.unwrap_or_default()),
            Self::Hash => "at_hash is the hash of the access token".into(),
        }
    }

    /// The source of the rule.
    pub fn reference(self, request: &Request) -> &'static str {
        let profile = request.profile;
        match self {
            Self::Form => "RFC 7515 §7.1",
            Self::Buffer => "Token::buffer_len",
            Self::Header => "RFC 7515 §4",
            Self::Algorithm => "RFC 8725 §3.1",
            Self::Key => "RFC 7515 §4.1.4",
            Self::Signature => "RFC 7515 §5.2",
            Self::Payload => "RFC 7519 §7.2",
            Self::Issuer => "RFC 8725 §3.8",
            Self::Type if profile == Profile::Access => "RFC 9068 §4",
            Self::Type => "RFC 8725 §3.11",
            Self::Claims => "RFC 7519 §4.1",
            Self::Required => match profile {
                Profile::Access => "RFC 9068 §2.2",
                Profile::Generic => "RFC 8725 §3.9",
                Profile::Id => "OIDC §2",
            },
            Self::Audience => match profile {
                Profile::Access => "RFC 9068 §4",
                Profile::Generic => "RFC 7519 §4.1.3",
                Profile::Id => "OIDC §3.1.3.7(3)",
            },
            Self::Clock => "UnixTime",
            Self::Expiration => "RFC 7519 §4.1.4",
            Self::NotBefore => "RFC 7519 §4.1.5",
            Self::Lifetime | Self::Age => "RFC 7519 §4.1.6",
            Self::Scope => "RFC 6750 §3.1",
            Self::Binding => "RFC 9449 §7.2",
            Self::Party => "OIDC §3.1.3.7(4)",
            Self::Nonce => "OIDC §3.1.3.7(11)",
            Self::Login if profile == Profile::Id => "OIDC §3.1.3.7(13)",
            Self::Login => "RFC 9470 §5",
            Self::Hash => "OIDC §3.1.3.8",
        }
    }
}
