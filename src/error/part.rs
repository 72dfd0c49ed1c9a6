//! The parts of the input that errors can name.

/// The part of the input that an [`Error`](crate::Error) is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Part {
    /// The compact text as a whole (`0x01`).
    Token,
    /// The JOSE header (`0x02`).
    Header,
    /// The signature (`0x04`).
    Signature,
    /// The payload (`0x05`).
    Payload,
    /// The JWK Set (`0x06`).
    KeySet,
    /// A public key outside of a JWK Set: SubjectPublicKeyInfo, PEM or a point (`0x07`).
    Key,
    /// The value of an HTTP header `Authorization` (`0x08`).
    Authorization,
    /// The snapshot of a [`RevocationList`](crate::RevocationList) or a [`ReplayWindow`](crate::ReplayWindow) (`0x09`).
    Snapshot,
    /// The compressed list of statuses in a status list (`0x0A`).
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
