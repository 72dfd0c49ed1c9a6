//! A set of decoded status lists, for an issuer that has several.

use super::bitmap::{ListId, Status, StatusBitmap, reference_of};
use crate::claims::StatusReference;
use crate::error::Error;
use crate::storage::{Revocations, TokenIdentity};
use crate::time::Now;

/// Several decoded status lists. Each token is checked against the list that it names. An array of [`Revocations`] would
/// ask every list, and refuse every token, since no token is in all of them.
///
/// # Example: an issuer with two lists
///
/// ```
/// use embedded_jwt::{AccessToken, AccessTokenPolicy, Error, StatusBitmap, StatusLists, UnixTime, Verified};
///
/// fn validate<'b>(
///     verified: Verified<'_, 'b>,
///     bitmaps: &[StatusBitmap<'_>; 2],
///     now: UnixTime,
/// ) -> Result<AccessToken<'b>, Error> {
///     let lists = StatusLists::new(bitmaps);
///     verified.into_access_token(&AccessTokenPolicy::new("urn:device:pump-7").with_revocations(&lists), now)
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct StatusLists<'a> {
    bitmaps: &'a [StatusBitmap<'a>],
}

impl<'a> StatusLists<'a> {
    /// The lists in these bitmaps, in any order.
    pub const fn new(bitmaps: &'a [StatusBitmap<'a>]) -> Self {
        Self { bitmaps }
    }

    /// The status of an accepted token, in the list that it names. Of several lists with the same URI that are for the
    /// token's issuer, the one with the latest `iat` decides.
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::StatusUnknown`]: no list has the URI that the token names and is for the token's issuer.
    /// - As [`StatusBitmap::status_of`].
    pub fn status_of(&self, reference: &StatusReference<'_>, now: impl Into<Now>) -> Result<Status, Error> {
        let id = ListId::of(reference);
        let lists = self.bitmaps.iter().filter(|bitmap| bitmap.has_id(&id));
        let newest = lists.max_by_key(|bitmap| bitmap.issued_at()).ok_or(Error::StatusUnknown)?;
        newest.status_at(reference.index(), now.into())
    }
}

/// As part of a policy, the lists accept only tokens that name one of them and have the status
/// [`Valid`](Status::Valid) in it.
impl Revocations for StatusLists<'_> {
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
