//! The parts of the input that errors can name.

/// The part of the input that an [`Error`](crate::Error) is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Part {
    /// The compact text as a whole.
    Token,
    /// The JOSE header.
    Header,
    /// The signature.
    Signature,
    /// The payload.
    Payload,
    /// The JWK Set.
    KeySet,
    /// A public key outside of a JWK Set: SubjectPublicKeyInfo, PEM or a point.
    Key,
    /// The value of an HTTP header `Authorization`.
    Authorization,
    /// The snapshot of a [`RevocationList`](crate::RevocationList) or a [`ReplayWindow`](crate::ReplayWindow).
    Snapshot,
    /// The compressed list of statuses in a status list.
    StatusList,
}

impl Part {
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Token => 1,
            Self::Header => 2,
            // 3 belonged to a part that no longer exists. Codes are never reused.
            Self::Signature => 4,
            Self::Payload => 5,
            Self::KeySet => 6,
            Self::Key => 7,
            Self::Authorization => 8,
            Self::Snapshot => 9,
            Self::StatusList => 10,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Token => "the token",
            Self::Header => "the header",
            Self::Signature => "the signature",
            Self::Payload => "the payload",
            Self::KeySet => "the key set",
            Self::Key => "the key",
            Self::Authorization => "the authorization header",
            Self::Snapshot => "the snapshot",
            Self::StatusList => "the status list",
        }
    }
}
