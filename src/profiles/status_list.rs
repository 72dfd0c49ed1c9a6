//! Status lists of the OAuth Token Status List, by which an issuer revokes its tokens: validated, then decoded.

mod bitmap;
mod inflater;
mod lists;
mod newest;
mod policy;

pub use bitmap::{Status, StatusBitmap};
pub use inflater::{Inflater, MAX_STATUS_LIST_LEN};
pub use lists::StatusLists;
pub use newest::NewestStatusList;
pub use policy::{DEFAULT_STATUS_LIST_AGE, StatusListPolicy};

use bitmap::{ListId, Width};

use core::fmt;
use core::ops::Deref;
use core::time::Duration;

use crate::claims::field::{optional, refuse_empty, required, string};
use crate::claims::{Claims, DEFAULT_LEEWAY};
use crate::error::{Claim, Error};
use crate::jose::json::JsonStr;
use crate::time::{Now, UnixTime};
use crate::verify::Verified;

/// An accepted status list, still compressed
/// ([Token Status List](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list-21)). It has one small
/// number for each of many tokens, by which their issuer revokes some of them. Needs the feature `status-list`.
///
/// [`decode`](Self::decode) keeps the list for all later tokens; [`pick`](Self::pick) reads a few statuses of a list
/// that is longer than memory. Neither allocates: the caller provides an [`Inflater`], 10.5 KiB that are needed only
/// during the call.
///
/// **The signer of a list decides on every token of its issuer that names its URI.** Verify the list as a token of the
/// issuer of those tokens. If that issuer has another party keep its lists, verify the list as a token of that party,
/// and say whose tokens it is for ([`StatusBitmap::for_tokens_of`]).
///
/// # Example: from an accepted token to a decision
///
/// ```
/// use embedded_jwt::{
///     AccessToken, AccessTokenPolicy, Error, Inflater, Issuer, NewestStatusList, StatusBitmap, StatusListPolicy, Token,
///     UnixTime, Verified,
/// };
///
/// /// Accepts the list that was just fetched from `uri`: once for many tokens.
/// fn accept<'m>(
///     text: &[u8],
///     uri: &str,
///     issuer: &Issuer<'_>,
///     newest: &mut NewestStatusList,
///     inflater: &mut Inflater,
///     bitmap: &'m mut [u8],
///     now: UnixTime,
/// ) -> Result<StatusBitmap<'m>, Error> {
///     let mut buf = [0; 4096];
///     let verified = Token::parse(text)?.verify(issuer, &mut buf)?;
///     let policy = StatusListPolicy::new(uri).with_fetch_time(now);
///     verified.into_status_list(&policy, newest, now)?.decode(inflater, bitmap)
/// }
///
/// /// `Revoked`, unless the list says that the token is valid. `StatusUnknown`: the token names another list or comes
/// /// from another issuer, or it is time to fetch this list again.
/// fn validate<'b>(verified: Verified<'_, 'b>, bitmap: &StatusBitmap<'_>, now: UnixTime) -> Result<AccessToken<'b>, Error> {
///     let policy = AccessTokenPolicy::new("urn:device:pump-7").with_revocations(bitmap);
///     verified.into_access_token(&policy, now)
/// }
/// ```
#[derive(Clone, Copy)]
pub struct StatusList<'b> {
    claims: Claims<'b>,
    width: Width,
    /// The compressed list, in base64url.
    lst: JsonStr<'b>,
    received_at: UnixTime,
    usable_until: UnixTime,
}

impl<'t: 'b, 'b> Verified<'t, 'b> {
    /// Validates the claims as a status list for the URI of the policy ([Token Status List
    /// section 8.3](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list-21#section-8.3)), no older than
    /// the newest list that was accepted before. `newest` is the device's record of this list; it changes only if the
    /// list is accepted.
    ///
    /// The list is usable until the earliest of these times, without leeway, since a newer list is available:
    /// - `exp`;
    /// - `ttl` after the list was received, or [`DEFAULT_STATUS_LIST_TTL`] (12 hours) after it if the list has neither
    ///   `ttl` nor `exp`. A list is received when a list with this `iat` is first validated. To validate it again, as
    ///   after a restart, does not make it usable for longer, unless the policy says
    ///   [when it was fetched](StatusListPolicy::with_fetch_time).
    /// - `iat` plus the policy's [largest age](StatusListPolicy::with_max_age). Anyone who delivers lists can withhold
    ///   newer ones until then.
    ///
    /// `iss` may be absent, if the list was verified for exactly one issuer; then the list is from this issuer, whose
    /// key signed it. This is why the list borrows the issuer's name too (`'t`).
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::Unconfigured`]: the policy's URI is empty.
    /// - As [`into_typed`](Self::into_typed) for the type `statuslist+jwt`, without `aud`: `iat` is required and must
    ///   not be in the future, by more than [`DEFAULT_LEEWAY`](crate::DEFAULT_LEEWAY) (60 s); `exp` and `iss` are
    ///   optional; the time must be known ([`Error::TimeUnknown`]).
    /// - [`Error::Expired`]: `exp` has passed.
    /// - [`Error::Missing`], [`Error::Mismatch`]: `sub` is absent, or not the policy's URI.
    /// - [`Error::TooOld`]: the largest age has passed since `iat`.
    /// - [`Error::RolledBack`]: a list with a later `iat` was accepted before.
    /// - [`Error::Invalid`]: `ttl` is not an integer from 1 to 2^64 - 1, without fraction and exponent.
    /// - [`Error::Missing`], [`Error::Invalid`]: `status_list` or its `bits` or `lst` is absent or of the wrong type,
    ///   or `bits` is not 1, 2, 4 or 8.
    /// - [`Error::StatusUnknown`]: the list's `ttl` has passed: fetch the list again.
    pub fn into_status_list(
        self,
        policy: &StatusListPolicy<'_>,
        newest: &mut NewestStatusList,
        now: impl Into<Now>,
    ) -> Result<StatusList<'b>, Error> {
        self.validate_status_list(policy, newest, now.into())
    }

    fn validate_status_list(
        self,
        policy: &StatusListPolicy<'_>,
        newest: &mut NewestStatusList,
        now: Now,
    ) -> Result<StatusList<'b>, Error> {
        refuse_empty([(Some(policy.uri.as_bytes()), Claim::Subject)])?;
        let issuer = self.issuer;
        let claims = *self.accept_typed(&policy.rules, Some(issuer), now)?;
        let Now::Exact(now) = now else { return Err(Error::TimeUnknown) };
        if now >= claims.expires_at() {
            return Err(Error::Expired);
        }
        if required(claims.subject(), Claim::Subject)? != policy.uri {
            return Err(Error::Mismatch(Claim::Subject));
        }
        let issued_at = required(claims.issued_at(), Claim::IssuedAt)?;
        let too_old_at = after(issued_at, policy.max_age);
        if now >= too_old_at {
            return Err(Error::TooOld);
        }
        let received_at = newest.received_at_or(now, issued_at, policy.fetched_at)?;

        let [ttl, list] = claims.payload().members(["ttl", "status_list"]).unwrap_or_default();
        let ttl = optional(ttl, |ttl| ttl.unsigned().filter(|ttl| *ttl > 0), Claim::Status)?;
        let [bits, lst] =
            required(list, Claim::Status)?.members(["bits", "lst"]).ok_or(Error::Invalid(Claim::Status))?;
        let width = required(optional(bits, Width::read, Claim::Status)?, Claim::Status)?;
        let lst = required(string(lst, Claim::Status)?, Claim::Status)?;

        let ttl = match (ttl, claims.expires_at().as_secs()) {
            (Some(ttl), _) => ttl,
            (None, i64::MAX) => DEFAULT_STATUS_LIST_TTL.as_secs(),
            (None, _) => u64::MAX,
        };
        let usable_until = claims.expires_at().min(too_old_at).min(after(received_at, ttl));
        if now >= usable_until {
            return Err(Error::StatusUnknown);
        }
        *newest = NewestStatusList::restored(issued_at, received_at);
        Ok(StatusList { claims, width, lst, received_at, usable_until })
    }
}

fn after(time: UnixTime, secs: u64) -> UnixTime {
    UnixTime::from_secs(time.as_secs().saturating_add_unsigned(secs))
}

impl<'b> StatusList<'b> {
    /// The time from which the list is out of date, as
    /// [`into_status_list`](Verified::into_status_list) says. Fetch the list again when it suits the device, and at this
    /// time at the latest.
    pub fn usable_until(&self) -> UnixTime {
        self.usable_until
    }

    /// Decodes the list into `bitmap`, for all tokens that arrive while it is usable. With one bit for each token,
    /// 1,000 bytes hold 8,000 statuses; with eight bits, 1,000. The previous content of `bitmap` is lost, even on an
    /// error.
    ///
    /// # Errors
    ///
    /// - [`Error::Malformed`]: `lst` is not base64url, or not exactly one intact ZLIB stream.
    /// - [`Error::TooLarge`]: the list is longer than [`MAX_STATUS_LIST_LEN`].
    /// - [`Error::BufferTooSmall`]: the list is longer than `bitmap`.
    pub fn decode<'m>(&self, inflater: &mut Inflater, bitmap: &'m mut [u8]) -> Result<StatusBitmap<'m>, Error> {
        let len = inflater.inflate(self.lst, bitmap, None)?;
        let bitmap: &'m [u8] = bitmap;
        let bitmap = bitmap.get(..len).unwrap_or_default();
        let id = ListId::new(self.claims.subject().unwrap_or_default(), self.claims.issuer());
        let issued_at = self.claims.issued_at().unwrap_or(self.received_at);
        // A clock that is further back than this was set back since: then it cannot tell how old the list is.
        let usable_from = issued_at.max(self.received_at).as_secs().saturating_sub_unsigned(DEFAULT_LEEWAY.as_secs());
        let usable = UnixTime::from_secs(usable_from)..self.usable_until;
        Ok(StatusBitmap::new(bitmap, self.width, id, issued_at, usable))
    }

    /// Decodes the list through a window of 32 KiB, and keeps only the statuses at these indices. The caller has to
    /// check that the tokens with these indices name this list and come from an issuer that it speaks for, and that the
    /// list is still usable.
    ///
    /// # Errors
    ///
    /// - [`Error::Malformed`], [`Error::TooLarge`]: as [`decode`](Self::decode), whatever the indices are.
    /// - [`Error::Invalid`]: an index is beyond the list's end.
    ///
    /// # Example: one token
    ///
    /// ```
    /// # use embedded_jwt::{AccessToken, Error, Inflater, Status, StatusList, StatusReference};
    /// fn status(
    ///     list: &StatusList<'_>,
    ///     reference: &StatusReference<'_>,
    ///     inflater: &mut Inflater,
    ///     window: &mut [u8; Inflater::WINDOW_LEN],
    /// ) -> Result<Status, Error> {
    ///     if list.issuer() != reference.issuer() || list.subject().is_none_or(|uri| reference.uri() != uri) {
    ///         return Err(Error::StatusUnknown);
    ///     }
    ///     let [status] = list.pick(inflater, window, [reference.index()])?;
    ///     Ok(status)
    /// }
    /// ```
    pub fn pick<const K: usize>(
        &self,
        inflater: &mut Inflater,
        window: &mut [u8; Inflater::WINDOW_LEN],
        indices: [u64; K],
    ) -> Result<[Status; K], Error> {
        let mut picks = indices.map(|index| (self.width.place(index), None));
        let mut look = |offset: usize, piece: &[u8]| {
            for (place, status) in &mut picks {
                *status = status.or_else(|| place.as_ref()?.status_in(piece, offset));
            }
        };
        inflater.inflate(self.lst, window, Some(&mut look))?;
        if picks.iter().any(|(_, status)| status.is_none()) {
            return Err(Error::Invalid(Claim::Status));
        }
        Ok(picks.map(|(_, status)| status.unwrap_or(Status::Invalid)))
    }
}

impl<'b> Deref for StatusList<'b> {
    type Target = Claims<'b>;

    fn deref(&self) -> &Claims<'b> {
        &self.claims
    }
}

impl fmt::Debug for StatusList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusList").field("usable_until", &self.usable_until).finish_non_exhaustive()
    }
}

/// How long a status list without `ttl` and `exp` is usable after it was received: 12 hours, the `ttl` of the example in
/// [Token Status List section 5.1](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list-21#section-5.1).
pub const DEFAULT_STATUS_LIST_TTL: Duration = Duration::from_secs(43_200);
