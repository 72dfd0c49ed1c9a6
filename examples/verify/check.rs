//! The checks in the order in which a token meets them, and what became of each.

use embedded_jwt::{Claim, Error, MAX_HEADER_LEN, MAX_TOKEN_LEN, Part};

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
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    Failed,
    NotReached,
}

impl Check {
    const ALL: [Self; 18] = [
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
    ];

    /// The checks that this request asks for.
    pub fn of(request: &Request) -> impl Iterator<Item = Self> + use<> {
        let unasked = [
            request.max_lifetime.is_none().then_some(Self::Lifetime),
            request.max_token_age.is_none().then_some(Self::Age),
            (request.profile == Profile::Generic).then_some(Self::Required),
            request.scopes.is_empty().then_some(Self::Scope),
        ];
        Self::ALL.into_iter().filter(move |check| !unasked.contains(&Some(*check)))
    }

    pub fn outcome(self, request: &Request, refusal: Option<Refusal>) -> Outcome {
        match refusal {
            None => Outcome::Ok,
            Some(refusal) if self == Self::failed_by(request, refusal) => Outcome::Failed,
            Some(refusal) if self < Self::reached_by(request, refusal) => Outcome::Ok,
            Some(_) => Outcome::NotReached,
        }
    }

    /// The check that an error is about.
    fn failed_by(request: &Request, refusal: Refusal) -> Self {
        match refusal.error {
            Error::BufferTooSmall => Self::Buffer,
            Error::TooLarge(part)
            | Error::Malformed(part)
            | Error::DuplicateName(part)
            | Error::TooDeep(part)
            | Error::TooManyMembers(part) => match part {
                Part::Header | Part::Kid => Self::Header,
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
            Error::Unconfigured(_) | Error::Mismatch(_) => Self::Audience,
            // Without a profile that asks for `iat`, only what is computed from it does.
            Error::Missing(Claim::IssuedAt) if request.profile == Profile::Generic => match request.max_lifetime {
                Some(_) => Self::Lifetime,
                None => Self::Age,
            },
            Error::Missing(Claim::Subject | Claim::ClientId | Claim::IssuedAt | Claim::JwtId) => Self::Required,
            Error::Missing(_) | Error::Invalid(_) => Self::Claims,
            Error::ClockNotSet => Self::Clock,
            Error::Expired => Self::Expiration,
            Error::NotYetValid => Self::NotBefore,
            Error::LifetimeTooLong => Self::Lifetime,
            Error::TooOld => Self::Age,
            Error::InsufficientScope => Self::Scope,
            _ => Self::Form,
        }
    }

    /// The check before which all others held. It is the failed one, but for errors that come early or late.
    fn reached_by(request: &Request, refusal: Refusal) -> Self {
        match (refusal.error, refusal.step) {
            (Error::Unconfigured(Claim::Issuer), _) => Self::Buffer,
            // A policy that expects nothing is refused before the token's claims are.
            (Error::Unconfigured(_), _) => Self::Type,
            // A `typ` that no type can have is refused before a signature is computed.
            (Error::WrongType, Step::Verify) => Self::Signature,
            // No room was left for a string that had to be unescaped.
            (Error::BufferTooSmall, Step::Judge) => Self::Scope,
            _ => Self::failed_by(request, refusal),
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
            Self::Audience => "audience",
            Self::Clock => "clock",
            Self::Expiration => "expiration",
            Self::NotBefore => "not before",
            Self::Lifetime => "lifetime",
            Self::Age => "age",
            Self::Required => "required",
            Self::Scope => "scope",
        }
    }

    pub fn rule(self, request: &Request) -> String {
        let access = request.profile == Profile::Access;
        let leeway = request.leeway_secs();
        match self {
            Self::Form => format!("three segments, {MAX_TOKEN_LEN} bytes at most"),
            Self::Buffer => "header and payload fit the buffer".into(),
            Self::Header => format!("one JSON object, no crit, {MAX_HEADER_LEN} bytes at most"),
            Self::Algorithm => "alg is one of those accepted: ES256, EdDSA".into(),
            Self::Key => "one key of the issuer has this kid and alg".into(),
            Self::Signature => "the signature holds over header and payload".into(),
            Self::Payload => "one JSON object, no name twice".into(),
            Self::Issuer => format!("iss is {:?}", request.issuer),
            Self::Type if access => "typ is at+jwt".into(),
            Self::Type => "typ is absent, JWT or at+jwt".into(),
            Self::Claims => "iss, aud, exp are there, all of their types".into(),
            Self::Audience => format!("aud contains {:?}", request.audience),
            Self::Clock => "the clock is set: now is after 1970-01-01".into(),
            Self::Expiration => format!("now is before exp + {leeway} s"),
            Self::NotBefore if request.max_lifetime.or(request.max_token_age).is_some() => {
                format!("nbf and iat, if any, not after now + {leeway} s")
            }
            Self::NotBefore => format!("nbf, if any, is not after now + {leeway} s"),
            Self::Lifetime => format!("exp - iat is {} s at most", request.max_lifetime.unwrap_or_default()),
            Self::Age => format!("now - iat is {} s + {leeway} s at most", request.max_token_age.unwrap_or_default()),
            Self::Required => "sub, client_id, iat and jti are there".into(),
            Self::Scope => format!("scope contains {:?}", request.scopes),
        }
    }

    /// Where the rule is from.
    pub fn reference(self, request: &Request) -> &'static str {
        let access = request.profile == Profile::Access;
        match self {
            Self::Form => "RFC 7515 §7.1",
            Self::Buffer => "Token::buffer_len",
            Self::Header => "RFC 7515 §4",
            Self::Algorithm => "RFC 8725 §3.1",
            Self::Key => "RFC 7515 §4.1.4",
            Self::Signature => "RFC 7515 §5.2",
            Self::Payload => "RFC 7519 §7.2",
            Self::Issuer => "RFC 8725 §3.8",
            Self::Type if access => "RFC 9068 §4",
            Self::Type => "RFC 8725 §3.11",
            Self::Claims => "RFC 7519 §4.1",
            Self::Audience if access => "RFC 9068 §4",
            Self::Audience => "RFC 7519 §4.1.3",
            Self::Clock => "UnixTime",
            Self::Expiration => "RFC 7519 §4.1.4",
            Self::NotBefore => "RFC 7519 §4.1.5",
            Self::Lifetime | Self::Age => "RFC 7519 §4.1.6",
            Self::Required => "RFC 9068 §2.2",
            Self::Scope => "RFC 6750 §3.1",
        }
    }
}
