//! The reasons why claims do not fit a type.

/// Why the claims do not fit the requested type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Misfit {
    /// A member is absent that is not an `Option` (`0x01`).
    Missing,
    /// A value has another JSON type, or is a number out of range (`0x02`).
    WrongType,
    /// A `heapless` string or collection is too small, a tuple has another length, or a string with an escape has more than
    /// 256 bytes (`0x03`).
    NoRoom,
    /// A borrowed `&str` cannot hold a string with an escape: use `heapless::String` (`0x04`).
    Escape,
    /// The type refuses the value itself: an unknown variant or field, or a check of its own (`0x05`).
    Refused,
    /// The type has to look ahead, which works only with an allocator: `flatten`, an untagged or internally tagged enum
    /// (`0x06`).
    LooksAhead,
}

impl Misfit {
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Missing => 1,
            Self::WrongType => 2,
            Self::NoRoom => 3,
            Self::Escape => 4,
            Self::Refused => 5,
            Self::LooksAhead => 6,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Missing => "a member is absent",
            Self::WrongType => "a value has another type or is out of range",
            Self::NoRoom => "a string or list has another length than there is room for",
            Self::Escape => "a borrowed string contains an escape",
            Self::Refused => "the type refuses a value",
            Self::LooksAhead => "the type has to look ahead",
        }
    }
}
