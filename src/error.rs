//! The errors of the whole crate: small, `Copy`, and each with a stable number.

mod claim;
mod misfit;
mod part;
mod stage;
mod text;

pub use claim::Claim;
pub use misfit::Misfit;
pub use part::Part;

/// The reason why a token, a key set or a configuration was refused.
///
/// An error is small, `Copy`, and has no detail that would help an attacker: an invalid signature is
/// [`InvalidSignature`](Error::InvalidSignature) and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// The caller's buffer is shorter than [`Token::buffer_len`](crate::Token::buffer_len), a snapshot or a decoded
    /// status list, or has no room left for a string that must be unescaped.
    ///
    /// Code `0x0100`.
    BufferTooSmall,
    /// More issuers were given than [`MAX_ISSUERS`](crate::MAX_ISSUERS).
    ///
    /// Code `0x0200`.
    TooManyIssuers,
    /// No expected value is configured for this claim, so nothing can be checked against it.
    ///
    /// Code `0x03..`, with the claim in the low byte.
    Unconfigured(Claim),
    /// A part exceeds its limit.
    ///
    /// Code `0x04..`, with the part in the low byte.
    TooLarge(Part),
    /// A part violates its grammar: compact form
    /// ([RFC 7515 section 7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1)), unpadded base64url
    /// ([section 2](https://www.rfc-editor.org/rfc/rfc7515#section-2)),
    /// JSON ([RFC 8259](https://www.rfc-editor.org/rfc/rfc8259)) or, in a status list,
    /// ZLIB ([RFC 1950](https://www.rfc-editor.org/rfc/rfc1950)).
    ///
    /// Code `0x05..`, with the part in the low byte.
    Malformed(Part),
    /// An object has two members of the same name
    /// ([RFC 7515 section 4](https://www.rfc-editor.org/rfc/rfc7515#section-4),
    /// [RFC 7519 section 4](https://www.rfc-editor.org/rfc/rfc7519#section-4)).
    ///
    /// Code `0x06..`, with the part in the low byte.
    DuplicateName(Part),
    /// Objects and arrays nest deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    ///
    /// Code `0x07..`, with the part in the low byte.
    TooDeep(Part),
    /// The open objects together have more than [`MAX_OPEN_MEMBERS`](crate::MAX_OPEN_MEMBERS) members.
    ///
    /// Code `0x08..`, with the part in the low byte.
    TooManyMembers(Part),
    /// The header has `crit`, and no extension is supported
    /// ([RFC 7515 section 4.1.11](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11)).
    ///
    /// Code `0x0900`.
    CriticalHeader,
    /// `alg` is not an algorithm that the issuer accepts
    /// ([RFC 8725 section 3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1)).
    ///
    /// Code `0x0A00`.
    UnsupportedAlgorithm,
    /// No key of the issuer with this algorithm has this `kid` or none ([RFC 7515 section
    /// 4.1.4](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.4)), or the token has no `kid` and the issuer [requires
    /// one](crate::Issuer::with_required_kid): fetch the issuer's key set again.
    ///
    /// Code `0x0B00`.
    UnknownKey,
    /// More keys of the issuer match than are tried ([`MAX_SIGNATURES`](crate::MAX_SIGNATURES)), and the signature is
    /// invalid for those that were tried.
    ///
    /// Code `0x0C00`.
    AmbiguousKey,
    /// The chosen key is not an acceptable point of its curve ([RFC 8725 section
    /// 3.4](https://www.rfc-editor.org/rfc/rfc8725#section-3.4)), or an RSA modulus that is even or does not have 2,048
    /// bits; or a DPoP proof has no public key of its algorithm.
    ///
    /// Code `0x0D00`.
    InvalidKey,
    /// The signature is invalid
    /// ([RFC 7515 section 5.2](https://www.rfc-editor.org/rfc/rfc7515#section-5.2), step 8).
    ///
    /// Code `0x0E00`.
    InvalidSignature,
    /// The signature backend gave no answer, so it is unknown whether the signature is valid; or there is no backend,
    /// only [`CallerVerifies`](crate::CallerVerifies).
    ///
    /// Code `0x0F00`.
    BackendUnavailable,
    /// `typ` does not belong to this kind of token
    /// ([RFC 8725 section 3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11)).
    ///
    /// Code `0x1000`.
    WrongType,
    /// A required claim is absent.
    ///
    /// Code `0x11..`, with the claim in the low byte.
    Missing(Claim),
    /// A claim has the wrong JSON type or a value out of range.
    ///
    /// Code `0x12..`, with the claim in the low byte.
    Invalid(Claim),
    /// A claim does not have the expected value.
    ///
    /// Code `0x13..`, with the claim in the low byte.
    Mismatch(Claim),
    /// The given time is before 2010: the clock was never set. A clock that restarts at a later date cannot be
    /// distinguished from a correct one.
    ///
    /// Code `0x1400`.
    ClockNotSet,
    /// `exp` has passed ([RFC 7519 section 4.1.4](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4)).
    ///
    /// Code `0x1500`.
    Expired,
    /// `nbf` is in the future; or `iat` or `auth_time` is, where an age or a lifetime is computed from it
    /// ([RFC 7519 section 4.1.5](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.5)).
    ///
    /// Code `0x1600`.
    NotYetValid,
    /// The token's lifetime is longer than the policy allows.
    ///
    /// Code `0x1700`.
    LifetimeTooLong,
    /// The token or status list was issued longer ago than the policy allows.
    ///
    /// Code `0x1800`.
    TooOld,
    /// `scope` lacks a scope that the policy requires
    /// ([RFC 6750 section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    ///
    /// Code `0x1900`.
    InsufficientScope,
    /// The claims do not fit the requested type.
    ///
    /// Code `0x1A..`, with the misfit in the low byte.
    Deserialize(Misfit),
    /// The key set has more usable keys than the `KeySet` has slots.
    ///
    /// Code `0x1B00`.
    TooManyKeys,
    /// The user logged in longer ago than the policy allows, and has to log in again
    /// ([RFC 9470 section 3](https://www.rfc-editor.org/rfc/rfc9470#section-3)).
    ///
    /// Code `0x1C00`.
    AuthenticationTooOld,
    /// The token is bound to a key or a certificate (`cnf`), and the policy has no proof of possession
    /// ([RFC 9449 section 7.2](https://www.rfc-editor.org/rfc/rfc9449#section-7.2)).
    ///
    /// Code `0x1D00`.
    SenderConstrained,
    /// A token that may be used once was used before.
    ///
    /// Code `0x1E00`.
    Replayed,
    /// The key set, the status list or the snapshot is older than one that was accepted before.
    ///
    /// Code `0x1F00`.
    RolledBack,
    /// The request has no credentials, or has credentials of another scheme
    /// ([RFC 6750 section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    ///
    /// Code `0x2000`.
    NoCredentials,
    /// The token was revoked before it expired.
    ///
    /// Code `0x2100`.
    Revoked,
    /// A store is full, and no entry can be evicted: it has as many revocations or used ids as it can hold, or a
    /// snapshot has more. Nothing was dropped.
    ///
    /// Code `0x2200`.
    Full,
    /// The clock is not set, and nothing else shows that the token has not expired.
    ///
    /// Code `0x2300`.
    TimeUnknown,
    /// A signature backend gave a wrong answer to a known signature ([`self_test`](crate::self_test())): do not use it.
    ///
    /// Code `0x2400`.
    BackendBroken,
    /// The token's status is not known: the status list is out of date, or belongs to another URI ([Token Status List
    /// section 8.3](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list-21#section-8.3)).
    ///
    /// Code `0x2500`.
    StatusUnknown,
    /// The entry of a store, or the overlap of a key rotation, would be over at once: `until` is not after `now`.
    ///
    /// Code `0x2600`.
    EntryExpired,
    /// The store is closed: it was neither restored nor started empty since the device has started, so it may lack
    /// entries.
    ///
    /// Code `0x2700`.
    NotOpened,
    /// The client has as many used ids in the store as one client can have. Nothing was dropped.
    ///
    /// Code `0x2800`.
    ShareFull,
    /// The application refuses the request. The crate never returns this: it is for the application's own check between
    /// validation and [`Pending::consume`](crate::Pending::consume).
    ///
    /// Code `0x2900`.
    Denied,
    /// A DPoP proof was used before.
    ///
    /// Code `0x2A00`.
    ProofReplayed,
    /// The DPoP proof was made longer ago than its policy allows.
    ///
    /// Code `0x2B00`.
    ProofTooOld,
    /// The two runs of [`twice`](crate::twice()) differ: a fault has disturbed the processor, or state has changed between
    /// them. More than a few of these are an attack.
    ///
    /// Code `0x2C00`.
    Disturbed,
}

impl Error {
    /// A stable number for logs and wire formats that carry no text. It is never reused for another meaning. The high
    /// byte is the variant's position in the list above, counted from 1. The low byte is the number of the [`Part`],
    /// [`Claim`] or [`Misfit`], or 0.
    pub const fn code(self) -> u16 {
        let (variant, detail) = match self {
            Self::BufferTooSmall => (1, 0),
            Self::TooManyIssuers => (2, 0),
            Self::Unconfigured(claim) => (3, claim.code()),
            Self::TooLarge(part) => (4, part.code()),
            Self::Malformed(part) => (5, part.code()),
            Self::DuplicateName(part) => (6, part.code()),
            Self::TooDeep(part) => (7, part.code()),
            Self::TooManyMembers(part) => (8, part.code()),
            Self::CriticalHeader => (9, 0),
            Self::UnsupportedAlgorithm => (10, 0),
            Self::UnknownKey => (11, 0),
            Self::AmbiguousKey => (12, 0),
            Self::InvalidKey => (13, 0),
            Self::InvalidSignature => (14, 0),
            Self::BackendUnavailable => (15, 0),
            Self::WrongType => (16, 0),
            Self::Missing(claim) => (17, claim.code()),
            Self::Invalid(claim) => (18, claim.code()),
            Self::Mismatch(claim) => (19, claim.code()),
            Self::ClockNotSet => (20, 0),
            Self::Expired => (21, 0),
            Self::NotYetValid => (22, 0),
            Self::LifetimeTooLong => (23, 0),
            Self::TooOld => (24, 0),
            Self::InsufficientScope => (25, 0),
            Self::Deserialize(misfit) => (26, misfit.code()),
            Self::TooManyKeys => (27, 0),
            Self::AuthenticationTooOld => (28, 0),
            Self::SenderConstrained => (29, 0),
            Self::Replayed => (30, 0),
            Self::RolledBack => (31, 0),
            Self::NoCredentials => (32, 0),
            Self::Revoked => (33, 0),
            Self::Full => (34, 0),
            Self::TimeUnknown => (35, 0),
            Self::BackendBroken => (36, 0),
            Self::StatusUnknown => (37, 0),
            Self::EntryExpired => (38, 0),
            Self::NotOpened => (39, 0),
            Self::ShareFull => (40, 0),
            Self::Denied => (41, 0),
            Self::ProofReplayed => (42, 0),
            Self::ProofTooOld => (43, 0),
            Self::Disturbed => (44, 0),
        };
        u16::from_be_bytes([variant, detail])
    }

    /// Whether newer keys of the issuer might change the verdict: no key matches or too many do, the signature is
    /// invalid, or the issuer's key is no point of its curve, or an RSA modulus that is even or does not have 2,048 bits.
    /// The key set may be out of date: fetch it again, but at most once every few minutes, since anyone can send a token
    /// that fails like this. A key that was replaced without a new `kid` makes signatures invalid. For a DPoP proof, the
    /// result has no meaning, since the proof brings its own key.
    pub const fn suggests_key_refresh(self) -> bool {
        matches!(self, Self::UnknownKey | Self::AmbiguousKey | Self::InvalidKey | Self::InvalidSignature)
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use core::fmt;
    use std::collections::BTreeSet;

    use super::*;

    /// Lists each variant, one of its details if it has any, and its code. The match has no wildcard, so that a new
    /// variant does not compile until it is listed.
    macro_rules! errors {
        ($($code:literal $variant:ident $(($detail:expr))?,)*) => {
            const ALL: &[(Error, u16)] = &[$((Error::$variant $(($detail))?, $code)),*];

            const fn is_listed(error: Error) -> bool {
                match error {
                    $(Error::$variant { .. } => true,)*
                }
            }
        };
    }

    errors! {
        0x0100 BufferTooSmall,
        0x0200 TooManyIssuers,
        0x0303 Unconfigured(Claim::Audience),
        0x0401 TooLarge(Part::Token),
        0x0505 Malformed(Part::Payload),
        0x0602 DuplicateName(Part::Header),
        0x0705 TooDeep(Part::Payload),
        0x0805 TooManyMembers(Part::Payload),
        0x0900 CriticalHeader,
        0x0a00 UnsupportedAlgorithm,
        0x0b00 UnknownKey,
        0x0c00 AmbiguousKey,
        0x0d00 InvalidKey,
        0x0e00 InvalidSignature,
        0x0f00 BackendUnavailable,
        0x1000 WrongType,
        0x1102 Missing(Claim::Subject),
        0x1204 Invalid(Claim::Expiration),
        0x1301 Mismatch(Claim::Issuer),
        0x1400 ClockNotSet,
        0x1500 Expired,
        0x1600 NotYetValid,
        0x1700 LifetimeTooLong,
        0x1800 TooOld,
        0x1900 InsufficientScope,
        0x1a01 Deserialize(Misfit::Missing),
        0x1b00 TooManyKeys,
        0x1c00 AuthenticationTooOld,
        0x1d00 SenderConstrained,
        0x1e00 Replayed,
        0x1f00 RolledBack,
        0x2000 NoCredentials,
        0x2100 Revoked,
        0x2200 Full,
        0x2300 TimeUnknown,
        0x2400 BackendBroken,
        0x2500 StatusUnknown,
        0x2600 EntryExpired,
        0x2700 NotOpened,
        0x2800 ShareFull,
        0x2900 Denied,
        0x2a00 ProofReplayed,
        0x2b00 ProofTooOld,
        0x2c00 Disturbed,
    }

    #[test]
    fn testkit_lists_every_error() {
        assert!(ALL.iter().all(|(error, _)| is_listed(*error)));
        let variant = |error: &dyn fmt::Debug| format!("{error:?}").split('(').next().unwrap().to_owned();
        let listed: BTreeSet<_> = ALL.iter().map(|(error, _)| variant(error)).collect();
        assert_eq!(listed, testkit::errors::all().map(testkit::errors::variant).collect());
    }

    /// Codes are used in wire formats: a change here breaks their readers.
    #[test]
    fn codes_are_stable() {
        for (error, code) in ALL {
            assert_eq!(error.code(), *code, "{error:?}");
        }
        let details = |error: testkit::embedded_jwt::Error| error.code() & 0xff;
        let parts = testkit::errors::PARTS.map(testkit::embedded_jwt::Error::TooLarge).map(details);
        assert_eq!(parts, [1, 2, 4, 5, 6, 7, 8, 9, 10]);
        let misfits = testkit::errors::MISFITS.map(testkit::embedded_jwt::Error::Deserialize).map(details);
        assert!(misfits.into_iter().eq(1..=6));
        assert!(testkit::errors::CLAIMS.map(testkit::embedded_jwt::Error::Missing).map(details).into_iter().eq(1..=22));
    }

    #[test]
    fn each_error_has_a_distinct_message() {
        let phrases: BTreeSet<_> = ALL.iter().map(|(error, _)| error.to_string()).collect();
        assert_eq!(phrases.len(), ALL.len());
        assert_eq!(Error::Malformed(Part::KeySet).to_string(), "malformed: the key set");
        assert_eq!(Error::Missing(Claim::Audience).to_string(), "missing: audience (aud)");
        assert_eq!(Error::Expired.to_string(), "the token has expired");
        let named = [Error::TooLarge(Part::KeySet), Error::Invalid(Claim::Other), Error::Mismatch(Claim::Scope)];
        assert!(named.iter().all(|error| !error.to_string().ends_with(": ")));
    }
}
