//! Which of several issuers' errors is reported.

use super::Error;

impl Error {
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
