//! The errors of the whole crate: small, `Copy`, and each with a stable number.

mod claim;
mod part;

pub use claim::Claim;
pub use part::Part;

use core::fmt;

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
    BufferTooSmall,
    /// More issuers were given than [`MAX_ISSUERS`](crate::MAX_ISSUERS).
    TooManyIssuers,
    /// No expected value is configured for this claim, so nothing can be checked against it.
    Unconfigured(Claim),
    /// A part exceeds its limit.
    TooLarge(Part),
    /// A part violates its grammar: compact form
    /// ([RFC 7515 section 7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1)), unpadded base64url
    /// ([section 2](https://www.rfc-editor.org/rfc/rfc7515#section-2)),
    /// JSON ([RFC 8259](https://www.rfc-editor.org/rfc/rfc8259)) or, in a status list,
    /// ZLIB ([RFC 1950](https://www.rfc-editor.org/rfc/rfc1950)).
    Malformed(Part),
    /// An object has two members of the same name
    /// ([RFC 7515 section 4](https://www.rfc-editor.org/rfc/rfc7515#section-4),
    /// [RFC 7519 section 4](https://www.rfc-editor.org/rfc/rfc7519#section-4)).
    DuplicateName(Part),
    /// Objects and arrays nest deeper than [`MAX_DEPTH`](crate::MAX_DEPTH).
    TooDeep(Part),
    /// The open objects together have more than [`MAX_OPEN_MEMBERS`](crate::MAX_OPEN_MEMBERS) members.
    TooManyMembers(Part),
    /// The header has `crit`, and no extension is supported
    /// ([RFC 7515 section 4.1.11](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11)).
    CriticalHeader,
    /// `alg` is not an algorithm that the issuer accepts
    /// ([RFC 8725 section 3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1)).
    UnsupportedAlgorithm,
    /// No key of the issuer with this algorithm has this `kid` or none ([RFC 7515 section
    /// 4.1.4](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.4)), or the token has no `kid` and the issuer [requires
    /// one](crate::Issuer::with_required_kid): fetch the issuer's key set again.
    UnknownKey,
    /// More keys of the issuer match than are tried ([`MAX_SIGNATURES`](crate::MAX_SIGNATURES)), and the signature is
    /// invalid for those that were tried.
    AmbiguousKey,
    /// The chosen key is not an acceptable point of its curve ([RFC 8725 section
    /// 3.4](https://www.rfc-editor.org/rfc/rfc8725#section-3.4)), or an RSA modulus that is even or does not have 2,048
    /// bits; or a DPoP proof has no public key of its algorithm.
    InvalidKey,
    /// The signature is invalid
    /// ([RFC 7515 section 5.2](https://www.rfc-editor.org/rfc/rfc7515#section-5.2), step 8).
    InvalidSignature,
    /// The signature backend gave no answer, so it is unknown whether the signature is valid; or there is no backend,
    /// only [`CallerVerifies`](crate::CallerVerifies).
    BackendUnavailable,
    /// `typ` does not belong to this kind of token
    /// ([RFC 8725 section 3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11)).
    WrongType,
    /// A required claim is absent.
    Missing(Claim),
    /// A claim has the wrong JSON type or a value out of range.
    Invalid(Claim),
    /// A claim does not have the expected value.
    Mismatch(Claim),
    /// The given time is before 2010: the clock was never set. A clock that restarts at a later date cannot be
    /// distinguished from a correct one.
    ClockNotSet,
    /// `exp` has passed ([RFC 7519 section 4.1.4](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4)).
    Expired,
    /// `nbf` is in the future; or `iat` or `auth_time` is, where an age or a lifetime is computed from it
    /// ([RFC 7519 section 4.1.5](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.5)).
    NotYetValid,
    /// The token's lifetime is longer than the policy allows.
    LifetimeTooLong,
    /// The token or status list was issued longer ago than the policy allows.
    TooOld,
    /// `scope` lacks a scope that the policy requires
    /// ([RFC 6750 section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    InsufficientScope,
    /// The claims do not fit the requested type: a member is absent or of another type, a `heapless` collection is too
    /// small, a borrowed string or one over 256 bytes contains an escape, or the type has to look ahead.
    Deserialize,
    /// The key set has more usable keys than the `KeySet` has slots.
    TooManyKeys,
    /// The user logged in longer ago than the policy allows, and has to log in again
    /// ([RFC 9470 section 3](https://www.rfc-editor.org/rfc/rfc9470#section-3)).
    AuthenticationTooOld,
    /// The token is bound to a key or a certificate (`cnf`), and the policy has no proof of possession
    /// ([RFC 9449 section 7.2](https://www.rfc-editor.org/rfc/rfc9449#section-7.2)).
    SenderConstrained,
    /// A token that may be used once was used before.
    Replayed,
    /// The key set, the status list or the snapshot is older than one that was accepted before.
    RolledBack,
    /// The request has no credentials, or has credentials of another scheme
    /// ([RFC 6750 section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    NoCredentials,
    /// The token was revoked before it expired.
    Revoked,
    /// A store is full, and no entry can be evicted: it has as many revocations or used ids as it can hold, or a
    /// snapshot has more. Nothing was dropped.
    Full,
    /// The clock is not set, and nothing else shows that the token has not expired.
    TimeUnknown,
    /// A signature backend gave a wrong answer to a known signature ([`self_test`](crate::self_test())): do not use it.
    BackendBroken,
    /// The token's status is not known: the status list is out of date, or belongs to another URI ([Token Status List
    /// section 8.3](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list-21#section-8.3)).
    StatusUnknown,
    /// The entry of a store, or the overlap of a key rotation, would be over at once: `until` is not after `now`.
    EntryExpired,
    /// The store is closed: it was neither restored nor started empty since the device has started, so it may lack
    /// entries.
    NotOpened,
    /// The client has as many used ids in the store as one client can have. Nothing was dropped.
    ShareFull,
    /// The application refuses the request. The crate never returns this: it is for the application's own check between
    /// validation and [`Pending::consume`](crate::Pending::consume).
    Denied,
    /// A DPoP proof was used before.
    ProofReplayed,
    /// The DPoP proof was made longer ago than its policy allows.
    ProofTooOld,
}

impl Error {
    /// A stable number for logs and wire formats that carry no text. It is never reused for another meaning. The high
    /// byte is the variant's position in the list above, counted from 1. The low byte is the number of the [`Part`] or
    /// [`Claim`], or 0.
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
            Self::Deserialize => (26, 0),
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

    /// Returns the error with the later stage, given the errors of two issuers.
    pub(crate) const fn furthest(self, other: Self) -> Self {
        if other.stage() > self.stage() { other } else { self }
    }

    /// The stage at which [`Token::verify_any`](crate::Token::verify_any) fails with this error: a later stage says
    /// more about the token. Only after these errors is the next issuer tried.
    const fn stage(self) -> u8 {
        match self {
            Self::UnsupportedAlgorithm => 1,
            Self::UnknownKey => 2,
            Self::AmbiguousKey => 3,
            Self::InvalidKey => 4,
            Self::InvalidSignature => 5,
            Self::BackendUnavailable => 6,
            _ => 0,
        }
    }

    const fn phrase(self) -> &'static str {
        match self {
            Self::BufferTooSmall => "the buffer is too small",
            Self::TooManyIssuers => "too many issuers were given",
            Self::Unconfigured(_) => "no expected value is configured: ",
            Self::TooLarge(_) => "too large: ",
            Self::Malformed(_) => "malformed: ",
            Self::DuplicateName(_) => "a member name occurs twice in ",
            Self::TooDeep(_) => "nested too deeply: ",
            Self::TooManyMembers(_) => "too many members in ",
            Self::CriticalHeader => "the header has a critical extension, and none is supported",
            Self::UnsupportedAlgorithm => "the algorithm is not accepted",
            Self::UnknownKey => "the issuer has no matching key",
            Self::AmbiguousKey => "more keys of the issuer match than are tried",
            Self::InvalidKey => "the key is not a valid public key",
            Self::InvalidSignature => "the signature is invalid",
            Self::BackendUnavailable => "the signature backend gave no answer",
            Self::WrongType => "the token has the wrong type",
            Self::Missing(_) => "missing: ",
            Self::Invalid(_) => "wrong type or out of range: ",
            Self::Mismatch(_) => "not the expected value: ",
            Self::ClockNotSet => "the clock is not set",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not yet valid",
            Self::LifetimeTooLong => "the token's lifetime is longer than allowed",
            Self::TooOld => "the token was issued too long ago",
            Self::InsufficientScope => "a required scope is not granted",
            Self::Deserialize => "the claims do not fit the requested type",
            Self::TooManyKeys => "the key set has more keys than slots",
            Self::AuthenticationTooOld => "the user logged in too long ago",
            Self::SenderConstrained => "the token is bound to a key, and possession is not proven",
            Self::Replayed => "the token was used before",
            Self::RolledBack => "the key set, the status list or the snapshot is older than one accepted before",
            Self::NoCredentials => "the request has no credentials",
            Self::Revoked => "the token was revoked",
            Self::Full => "the store is full",
            Self::TimeUnknown => "the time is not known, and the token may have expired",
            Self::BackendBroken => "the signature backend gives wrong answers to known signatures",
            Self::StatusUnknown => "the token's status is not known",
            Self::EntryExpired => "the entry would be over at once",
            Self::NotOpened => "the store was neither restored nor started empty",
            Self::ShareFull => "the client has used its share of the store",
            Self::Denied => "the application refuses the request",
            Self::ProofReplayed => "the proof was used before",
            Self::ProofTooOld => "the proof was made too long ago",
        }
    }

    const fn subject(self) -> &'static str {
        match self {
            Self::TooLarge(part)
            | Self::Malformed(part)
            | Self::DuplicateName(part)
            | Self::TooDeep(part)
            | Self::TooManyMembers(part) => part.name(),
            Self::Unconfigured(claim) | Self::Missing(claim) | Self::Invalid(claim) | Self::Mismatch(claim) => {
                claim.name()
            }
            _ => "",
        }
    }
}

/// Writes a static phrase, and the part or claim if there is one, so that no formatting machinery is linked.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.phrase())?;
        f.write_str(self.subject())
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
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
        0x1a00 Deserialize,
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

    #[test]
    fn error_of_the_later_stage_is_kept() {
        let stages = [
            Error::UnsupportedAlgorithm,
            Error::UnknownKey,
            Error::AmbiguousKey,
            Error::InvalidKey,
            Error::InvalidSignature,
            Error::BackendUnavailable,
        ];
        for (earlier, one) in stages.into_iter().enumerate() {
            for other in stages.into_iter().skip(earlier) {
                assert_eq!(one.furthest(other), other);
                assert_eq!(other.furthest(one), other);
            }
        }
    }
}
