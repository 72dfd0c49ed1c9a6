//! A decoded status list, and the statuses in it.

use core::fmt;
use core::ops::Range;

use sha2::{Digest, Sha256};

use crate::claims::StatusReference;
use crate::error::{Claim, Error};
use crate::jose::json::Value;
use crate::storage::{Revocations, TokenIdentity};
use crate::time::{Now, UnixTime};

/// A decoded status list in the caller's memory. It no longer needs the list's token or its buffer.
pub struct StatusBitmap<'m> {
    bitmap: &'m [u8],
    width: Width,
    id: ListId,
    issued_at: UnixTime,
    usable_from: UnixTime,
    usable_until: UnixTime,
}

/// The list's URI and the issuer whose tokens it is for, as digests, which have a fixed size.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ListId {
    uri: [u8; 32],
    issuer: [u8; 32],
}

/// The status of a token in a status list. The token itself must have been accepted before ([Token Status List
/// section 7.1](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list-21#section-7.1)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Status {
    /// 0: the token is valid. An index that no token has can have this status too.
    Valid,
    /// 1: the token is permanently revoked.
    Invalid,
    /// 2: the token is temporarily invalid.
    Suspended,
    /// Any other value: issuer and device agree on the meaning of 3 and 12 to 15; the others are reserved.
    Other(u8),
}

impl<'m> StatusBitmap<'m> {
    pub(super) fn new(
        bitmap: &'m [u8],
        width: Width,
        id: ListId,
        issued_at: UnixTime,
        usable: Range<UnixTime>,
    ) -> Self {
        Self { bitmap, width, id, issued_at, usable_from: usable.start, usable_until: usable.end }
    }

    /// Uses the list for the tokens of this issuer, and no longer for the tokens of the list's own issuer. This is for
    /// an issuer that has another party keep its lists: **that party can then revoke and restore its tokens**. The name
    /// is compared with the `iss` of tokens exactly.
    pub fn for_tokens_of(self, issuer: &str) -> Self {
        Self { id: ListId { issuer: digest(issuer.bytes()), ..self.id }, ..self }
    }

    /// The status of an accepted token.
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::StatusUnknown`]: the token names another list, or comes from an issuer other than the list's, or than
    ///   [the one that was given](Self::for_tokens_of).
    /// - [`Error::TimeUnknown`]: only a [lower bound](Now::AtLeast) of the time is known, so that the list may be out
    ///   of date.
    /// - [`Error::ClockNotSet`]: `now` is the time of a clock that was never set.
    /// - [`Error::StatusUnknown`]: the list is out of date ([`usable_until`](Self::usable_until)); or `now` is more than
    ///   [`DEFAULT_LEEWAY`](crate::DEFAULT_LEEWAY) (60 s) before the list's `iat` or its reception, so that the clock was
    ///   set back.
    /// - [`Error::Invalid`]: the index is beyond the list's end, so that the token should be refused.
    pub fn status_of(&self, reference: &StatusReference<'_>, now: impl Into<Now>) -> Result<Status, Error> {
        if !self.has_id(&ListId::of(reference)) {
            return Err(Error::StatusUnknown);
        }
        self.status_at(reference.index(), now.into())
    }

    /// The status at this index, if the list is usable now.
    pub(super) fn status_at(&self, index: u64, now: Now) -> Result<Status, Error> {
        let Now::Exact(now) = now else { return Err(Error::TimeUnknown) };
        if now.is_unset_clock() {
            return Err(Error::ClockNotSet);
        }
        if now < self.usable_from || now >= self.usable_until {
            return Err(Error::StatusUnknown);
        }
        self.status(index)
    }

    pub(super) fn has_id(&self, id: &ListId) -> bool {
        self.id == *id
    }

    pub(super) fn issued_at(&self) -> UnixTime {
        self.issued_at
    }

    /// The status at this index, whatever the age of the list. A list ends with a whole byte, so that its last few
    /// indices may belong to no token.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the index is beyond the list's end.
    pub fn status(&self, index: u64) -> Result<Status, Error> {
        let place = self.width.place(index);
        place.and_then(|place| place.status_in(self.bitmap, 0)).ok_or(Error::Invalid(Claim::Status))
    }

    /// The moment from which the list is out of date: see
    /// [`StatusList::usable_until`](crate::StatusList::usable_until).
    pub fn usable_until(&self) -> UnixTime {
        self.usable_until
    }
}

/// As part of a policy, a bitmap accepts only tokens of its issuer that name its list and have the status
/// [`Valid`](Status::Valid).
impl Revocations for StatusBitmap<'_> {
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::Missing`], [`Error::Invalid`]: the token has no `status`, or one that cannot be read.
    /// - As [`status_of`](Self::status_of).
    /// - [`Error::Revoked`]: the status is not [`Valid`](Status::Valid).
    fn check(&self, token: &TokenIdentity<'_>, now: Now) -> Result<(), Error> {
        self.status_of(&reference_of(token)?, now)?.require_valid()
    }
}

/// The token's reference, without which a policy with status lists refuses it.
pub(super) fn reference_of<'x>(token: &TokenIdentity<'x>) -> Result<StatusReference<'x>, Error> {
    token.status_reference()?.ok_or(Error::Missing(Claim::Status))
}

impl ListId {
    /// The id of the list with this URI, for the tokens of this issuer.
    pub(super) fn new(uri: &str, issuer: &str) -> Self {
        Self { uri: digest(uri.bytes()), issuer: digest(issuer.bytes()) }
    }

    /// The id of the list that a token names.
    pub(super) fn of(reference: &StatusReference<'_>) -> Self {
        Self { uri: digest(reference.uri().bytes()), issuer: digest(reference.issuer().bytes()) }
    }
}

fn digest(text: impl Iterator<Item = u8>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    text.for_each(|byte| hasher.update([byte]));
    hasher.finalize().into()
}

impl fmt::Debug for StatusBitmap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusBitmap").field("usable_until", &self.usable_until).finish_non_exhaustive()
    }
}

impl Status {
    /// Whether the token is valid. Refuse any other status, except an [`Other`](Self::Other) whose meaning the device
    /// knows.
    pub fn is_valid(self) -> bool {
        self == Self::Valid
    }

    pub(super) fn require_valid(self) -> Result<(), Error> {
        if self.is_valid() { Ok(()) } else { Err(Error::Revoked) }
    }

    fn from_value(value: u8) -> Self {
        match value {
            0 => Self::Valid,
            1 => Self::Invalid,
            2 => Self::Suspended,
            other => Self::Other(other),
        }
    }
}

/// The number of bits of a status, such that no status spans two bytes.
#[derive(Clone, Copy)]
pub(super) struct Width {
    bits: u8,
    mask: u8,
}

impl Width {
    pub(super) fn read(bits: Value<'_>) -> Option<Self> {
        let (bits, mask) = match bits.unsigned()? {
            1 => (1, 0b1),
            2 => (2, 0b11),
            4 => (4, 0b1111),
            8 => (8, 0b1111_1111),
            _ => return None,
        };
        Some(Self { bits, mask })
    }

    /// The position of the status at `index`; `None` if no memory is that long.
    pub(super) fn place(self, index: u64) -> Option<Place> {
        let bit = index.checked_mul(self.bits.into())?;
        Some(Place { byte: usize::try_from(bit / 8).ok()?, shift: u32::try_from(bit % 8).ok()?, mask: self.mask })
    }
}

/// The position of a status in a list. Bits count from the least significant one ([Token Status List
/// section 4.1](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list-21#section-4.1)).
pub(super) struct Place {
    byte: usize,
    shift: u32,
    mask: u8,
}

impl Place {
    /// The status, if it is in this piece of the list, which begins at the byte `offset`.
    pub(super) fn status_in(&self, piece: &[u8], offset: usize) -> Option<Status> {
        let byte = piece.get(self.byte.checked_sub(offset)?)?;
        Some(Status::from_value(byte.wrapping_shr(self.shift) & self.mask))
    }
}
