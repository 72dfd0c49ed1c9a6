//! The text of an error, without formatting machinery.

use core::fmt;

use super::Error;

impl Error {
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
            Self::Deserialize(_) => "the claims do not fit the requested type: ",
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
            Self::Disturbed => "the check was disturbed: its two runs differ",
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
            Self::Deserialize(misfit) => misfit.name(),
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
