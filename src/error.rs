//! The errors of the whole crate: small, `Copy`, and with a stable number each.

mod claim;
mod part;

pub use claim::Claim;
pub use part::Part;

use core::fmt;

/// Why a token, a key set or a configuration was refused.
///
/// Small, `Copy`, and without detail that would help an attacker: a signature
/// that does not hold is [`InvalidSignature`](Error::InvalidSignature) and no
/// more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// The caller's buffer is shorter than [`Token::buffer_len`](crate::Token::buffer_len) or a decoded status list,
    /// or has no room left for a string that must be unescaped.
    BufferTooSmall,
    /// More issuers were given than [`MAX_ISSUERS`](crate::MAX_ISSUERS).
    TooManyIssuers,
    /// What is expected of this claim was left empty, so nothing could be checked against it.
    Unconfigured(Claim),
    /// A part exceeds its limit.
    TooLarge(Part),
    /// A part breaks its grammar: compact form
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
    /// The open objects have more than [`MAX_OPEN_MEMBERS`](crate::MAX_OPEN_MEMBERS) members together.
    TooManyMembers(Part),
    /// The header has `crit`, and no extension is understood
    /// ([RFC 7515 section 4.1.11](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11)).
    CriticalHeader,
    /// `alg` names no algorithm that the issuer accepts
    /// ([RFC 8725 section 3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1)).
    UnsupportedAlgorithm,
    /// No key of the issuer has this `kid` and this algorithm
    /// ([RFC 7515 section 4.1.4](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.4)):
    /// the moment to fetch its key set again.
    UnknownKey,
    /// Several keys of the issuer fit, so none is chosen.
    AmbiguousKey,
    /// The chosen key is no acceptable point of its curve
    /// ([RFC 8725 section 3.4](https://www.rfc-editor.org/rfc/rfc8725#section-3.4)), or what a DPoP proof has for a key is
    /// no public key of its algorithm.
    InvalidKey,
    /// The signature does not hold
    /// ([RFC 7515 section 5.2](https://www.rfc-editor.org/rfc/rfc7515#section-5.2), step 8).
    InvalidSignature,
    /// The signature backend gave no answer, which says nothing about the token; or there is none, but
    /// [`CallerVerifies`](crate::CallerVerifies).
    BackendUnavailable,
    /// `typ` is not the one of this kind of token
    /// ([RFC 8725 section 3.11](https://www.rfc-editor.org/rfc/rfc8725#section-3.11)).
    WrongType,
    /// A required claim is absent.
    Missing(Claim),
    /// A claim has the wrong JSON type or a value out of range.
    Invalid(Claim),
    /// A claim has another value than the expected one.
    Mismatch(Claim),
    /// The time given is not after 1970-01-01: the clock was never set. A clock that restarts at a later date cannot be
    /// told from one that is right.
    ClockNotSet,
    /// `exp` has passed ([RFC 7519 section 4.1.4](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4)).
    Expired,
    /// `nbf`, or `iat` where it counts, is still to come
    /// ([RFC 7519 section 4.1.5](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.5)).
    NotYetValid,
    /// The token was issued for longer than the policy allows.
    LifetimeTooLong,
    /// The token was issued longer ago than the policy allows.
    TooOld,
    /// `scope` lacks a scope that the policy requires
    /// ([RFC 6750 section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    InsufficientScope,
    /// The claims do not have the shape of the type asked for: a member is absent or of another type, a `heapless`
    /// collection is too small, a borrowed string or one over 256 bytes holds an escape, or the type has to look ahead.
    Deserialize,
    /// The key set has more usable keys than the `KeySet` has places.
    TooManyKeys,
    /// The user logged in longer ago than the policy allows: time to log in again
    /// ([RFC 9470 section 3](https://www.rfc-editor.org/rfc/rfc9470#section-3)).
    AuthenticationTooOld,
    /// The token is bound to a key or a certificate (`cnf`), and the policy has nothing that proves possession
    /// ([RFC 9449 section 7.2](https://www.rfc-editor.org/rfc/rfc9449#section-7.2)).
    SenderConstrained,
    /// What may be used once has been used before.
    Replayed,
    /// The key set or the snapshot is older than one that was accepted before.
    RolledBack,
    /// The request has no credentials, or those of another scheme
    /// ([RFC 6750 section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    NoCredentials,
    /// The token was revoked before it expired.
    Revoked,
    /// What the device keeps has no place left, and nothing in it may go: it holds as many revocations, or ids that were
    /// used, as it can; or a snapshot holds more. Nothing was dropped.
    Full,
    /// The clock is not set, and nothing else shows that the token has not expired.
    TimeUnknown,
    /// A signature backend gave a wrong verdict on a known answer ([`self_test`](crate::self_test())): do not use it.
    BackendBroken,
    /// The token's status is not known: the status list is out of date, or that of another URI ([Token Status List
    /// section 8.3](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list-21#section-8.3)).
    StatusUnknown,
}

impl Error {
    /// A stable number for logs and wire formats that carry no text, never reused for another meaning. Its high byte is
    /// the variant's place in the list above, counted from 1; its low byte is that of the [`Part`] or [`Claim`], or 0.
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
        };
        u16::from_be_bytes([variant, detail])
    }

    /// Whether newer keys of the issuer might change the verdict: its key set may be out of date, so fetch it again, but
    /// no more than once in some minutes, since anyone can send a token that fails so. Keys that are replaced without a
    /// new `kid` show as a signature that does not hold. Of a DPoP proof it means nothing: that brings its own key.
    pub const fn suggests_key_refresh(self) -> bool {
        matches!(self, Self::UnknownKey | Self::InvalidSignature)
    }

    /// Of the refusals of two issuers, the one that got further.
    pub(crate) const fn furthest(self, other: Self) -> Self {
        if other.stage() > self.stage() { other } else { self }
    }

    /// How far [`Token::verify_any`](crate::Token::verify_any) gets with an issuer before this error: later stages tell
    /// more about the token. Only these errors let it go on to the next issuer.
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
            Self::CriticalHeader => "the header has a critical extension, and none is understood",
            Self::UnsupportedAlgorithm => "the algorithm is not accepted",
            Self::UnknownKey => "the issuer has no such key",
            Self::AmbiguousKey => "several keys of the issuer fit",
            Self::InvalidKey => "the key is none, or no acceptable point of its curve",
            Self::InvalidSignature => "the signature does not hold",
            Self::BackendUnavailable => "the signature backend gave no answer",
            Self::WrongType => "the token is of another type",
            Self::Missing(_) => "missing: ",
            Self::Invalid(_) => "of the wrong type or out of range: ",
            Self::Mismatch(_) => "not the expected value: ",
            Self::ClockNotSet => "the clock is not set",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not yet valid",
            Self::LifetimeTooLong => "the token's lifetime is longer than allowed",
            Self::TooOld => "the token was issued too long ago",
            Self::InsufficientScope => "a required scope is not granted",
            Self::Deserialize => "the claims do not have the shape asked for",
            Self::TooManyKeys => "the key set has more keys than there are places",
            Self::AuthenticationTooOld => "the user logged in too long ago",
            Self::SenderConstrained => "the token is bound to a key, and possession is not proven",
            Self::Replayed => "it was used before",
            Self::RolledBack => "the key set or the snapshot is older than one accepted before",
            Self::NoCredentials => "the request has no credentials",
            Self::Revoked => "the token was revoked",
            Self::Full => "no place is left to keep it",
            Self::TimeUnknown => "the time is not known, and the token may have expired",
            Self::BackendBroken => "the signature backend judges known answers wrongly",
            Self::StatusUnknown => "the token's status is not known",
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

/// One static phrase, and what it is about: no formatting machinery is linked.
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

    /// Each variant, one of its details if it has any, and its code. The match has no wildcard, so that a new variant
    /// does not compile until it is here.
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
    }

    #[test]
    fn the_testkit_lists_every_error() {
        assert!(ALL.iter().all(|(error, _)| is_listed(*error)));
        let variant = |error: &dyn fmt::Debug| format!("{error:?}").split('(').next().unwrap().to_owned();
        let ours: BTreeSet<_> = ALL.iter().map(|(error, _)| variant(error)).collect();
        assert_eq!(ours, testkit::errors::all().map(testkit::errors::variant).collect());
    }

    /// Codes are for wire formats: a change here breaks those who read them.
    #[test]
    fn codes_are_stable() {
        for (error, code) in ALL {
            assert_eq!(error.code(), *code, "{error:?}");
        }
        let details = |error: testkit::embedded_jwt::Error| error.code() & 0xff;
        assert!(testkit::errors::PARTS.map(testkit::embedded_jwt::Error::TooLarge).map(details).into_iter().eq(1..=10));
        assert!(testkit::errors::CLAIMS.map(testkit::embedded_jwt::Error::Missing).map(details).into_iter().eq(1..=22));
    }

    #[test]
    fn each_error_reads_as_a_phrase_of_its_own() {
        let phrases: BTreeSet<_> = ALL.iter().map(|(error, _)| error.to_string()).collect();
        assert_eq!(phrases.len(), ALL.len());
        assert_eq!(Error::Malformed(Part::KeySet).to_string(), "malformed: the key set");
        assert_eq!(Error::Missing(Claim::Audience).to_string(), "missing: audience (aud)");
        assert_eq!(Error::Expired.to_string(), "the token has expired");
        let named = [Error::TooLarge(Part::Kid), Error::Invalid(Claim::Other), Error::Mismatch(Claim::Scope)];
        assert!(named.iter().all(|error| !error.to_string().ends_with(": ")));
    }

    #[test]
    fn the_error_of_the_later_stage_is_kept() {
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
