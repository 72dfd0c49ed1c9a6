//! Every error of the crate.

use embedded_jwt::{Claim, Error, Misfit, Part};

/// Every value of `Error`.
pub fn all() -> impl Iterator<Item = Error> {
    let of_parts: [fn(Part) -> Error; 5] =
        [Error::TooLarge, Error::Malformed, Error::DuplicateName, Error::TooDeep, Error::TooManyMembers];
    let of_claims: [fn(Claim) -> Error; 4] = [Error::Unconfigured, Error::Missing, Error::Invalid, Error::Mismatch];
    let with_parts = of_parts.into_iter().flat_map(|error| PARTS.map(error));
    let with_claims = of_claims.into_iter().flat_map(|error| CLAIMS.map(error));
    PLAIN.into_iter().chain(with_parts).chain(with_claims).chain(MISFITS.map(Error::Deserialize))
}

const PLAIN: [Error; 34] = [
    Error::BufferTooSmall,
    Error::TooManyIssuers,
    Error::CriticalHeader,
    Error::UnsupportedAlgorithm,
    Error::UnknownKey,
    Error::AmbiguousKey,
    Error::InvalidKey,
    Error::InvalidSignature,
    Error::BackendUnavailable,
    Error::WrongType,
    Error::ClockNotSet,
    Error::Expired,
    Error::NotYetValid,
    Error::LifetimeTooLong,
    Error::TooOld,
    Error::InsufficientScope,
    Error::TooManyKeys,
    Error::AuthenticationTooOld,
    Error::SenderConstrained,
    Error::Replayed,
    Error::RolledBack,
    Error::NoCredentials,
    Error::Revoked,
    Error::Full,
    Error::TimeUnknown,
    Error::BackendBroken,
    Error::StatusUnknown,
    Error::EntryExpired,
    Error::NotOpened,
    Error::ShareFull,
    Error::Denied,
    Error::ProofReplayed,
    Error::ProofTooOld,
    Error::Disturbed,
];

#[doc(hidden)]
pub const PARTS: [Part; 9] = [
    Part::Token,
    Part::Header,
    Part::Signature,
    Part::Payload,
    Part::KeySet,
    Part::Key,
    Part::Authorization,
    Part::Snapshot,
    Part::StatusList,
];

#[doc(hidden)]
pub const MISFITS: [Misfit; 6] =
    [Misfit::Missing, Misfit::WrongType, Misfit::NoRoom, Misfit::Escape, Misfit::Refused, Misfit::LooksAhead];

#[doc(hidden)]
pub const CLAIMS: [Claim; 22] = [
    Claim::Issuer,
    Claim::Subject,
    Claim::Audience,
    Claim::Expiration,
    Claim::NotBefore,
    Claim::IssuedAt,
    Claim::JwtId,
    Claim::ClientId,
    Claim::Scope,
    Claim::Other,
    Claim::AuthorizedParty,
    Claim::Nonce,
    Claim::AuthenticationTime,
    Claim::AuthenticationContext,
    Claim::AuthenticationMethods,
    Claim::AccessTokenHash,
    Claim::CodeHash,
    Claim::Confirmation,
    Claim::HttpMethod,
    Claim::HttpUri,
    Claim::Challenge,
    Claim::Status,
];

/// The name of the error's variant, without its part, claim or misfit.
#[doc(hidden)]
pub fn variant(error: Error) -> String {
    format!("{error:?}").split('(').next().unwrap().into()
}
