//! Status lists of the OAuth Token Status List, by which an issuer revokes its tokens: validated, then decoded.

mod bitmap;
mod inflater;

pub use bitmap::{Status, StatusBitmap};
pub use inflater::{Inflater, MAX_STATUS_LIST_LEN};

use bitmap::Width;

use core::fmt;
use core::ops::Deref;
use core::time::Duration;

use crate::claims::Claims;
use crate::claims::field::{optional, refuse_empty, required, string};
use crate::error::{Claim, Error};
use crate::jose::json::JsonStr;
use crate::profiles::TypedPolicy;
use crate::time::UnixTime;
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
///     AccessToken, AccessTokenPolicy, Error, Inflater, Issuer, StatusBitmap, Token, UnixTime, Verified,
/// };
///
/// /// Accepts the list that was fetched from `uri`: once for many tokens.
/// fn accept<'m>(
///     text: &[u8],
///     uri: &str,
///     issuer: &Issuer<'_>,
///     inflater: &mut Inflater,
///     bitmap: &'m mut [u8],
///     now: UnixTime,
/// ) -> Result<StatusBitmap<'m>, Error> {
///     let mut buf = [0; 4096];
///     let verified = Token::parse(text)?.verify(issuer, &mut buf)?;
///     verified.into_status_list(uri, now)?.decode(inflater, bitmap)
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
    usable_until: UnixTime,
}

impl<'t: 'b, 'b> Verified<'t, 'b> {
    /// Validates the claims as a status list that was fetched from `uri` ([Token Status List
    /// section 8.3](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list-21#section-8.3)).
    ///
    /// `exp` has no leeway, since a newer list is available. Anyone who delivers lists can withhold newer ones until
    /// then, and deliver older ones again: compare `iat`, which every list has, with the `iat` of the previous list.
    ///
    /// `iss` may be absent, if the list was verified for exactly one issuer; then the list is from this issuer, whose
    /// key signed it. This is why the list borrows the issuer's name too (`'t`).
    ///
    /// # Errors
    ///
    /// In this order:
    /// - [`Error::Unconfigured`]: `uri` is empty.
    /// - As [`into_typed`](Self::into_typed) for the type `statuslist+jwt`, without `aud`: `iat` is required and must
    ///   not be in the future; `exp` and `iss` are optional.
    /// - [`Error::Expired`]: `exp` has passed.
    /// - [`Error::Missing`], [`Error::Mismatch`]: `sub` is absent, or not `uri`.
    /// - [`Error::Invalid`]: `ttl` is not an integer from 1 to 2^64 - 1, without fraction and exponent.
    /// - [`Error::Missing`], [`Error::Invalid`]: `status_list` or its `bits` or `lst` is absent or of the wrong type,
    ///   or `bits` is not 1, 2, 4 or 8.
    pub fn into_status_list(self, uri: &str, now: UnixTime) -> Result<StatusList<'b>, Error> {
        const POLICY: TypedPolicy<'_> = TypedPolicy::new_published("statuslist+jwt");
        refuse_empty([(Some(uri.as_bytes()), Claim::Subject)])?;
        let issuer = self.issuer;
        let claims = *self.validate_typed(&POLICY, Some(issuer), now.into())?;
        if now >= claims.expires_at() {
            return Err(Error::Expired);
        }
        if required(claims.subject(), Claim::Subject)? != uri {
            return Err(Error::Mismatch(Claim::Subject));
        }

        let [ttl, list] = claims.payload().members(["ttl", "status_list"]).unwrap_or_default();
        let ttl = optional(ttl, |ttl| ttl.unsigned().filter(|ttl| *ttl > 0), Claim::Status)?;
        let [bits, lst] =
            required(list, Claim::Status)?.members(["bits", "lst"]).ok_or(Error::Invalid(Claim::Status))?;
        let width = required(optional(bits, Width::read, Claim::Status)?, Claim::Status)?;
        let lst = required(string(lst, Claim::Status)?, Claim::Status)?;
        Ok(StatusList { claims, width, lst, usable_until: usable_until(&claims, ttl, now) })
    }
}

fn usable_until(claims: &Claims<'_>, ttl: Option<u64>, now: UnixTime) -> UnixTime {
    let longest = match (ttl, claims.expires_at().as_secs()) {
        (Some(ttl), _) => ttl,
        (None, i64::MAX) => DEFAULT_STATUS_LIST_TTL.as_secs(),
        (None, _) => u64::MAX,
    };
    claims.expires_at().min(UnixTime::from_secs(now.as_secs().saturating_add_unsigned(longest)))
}

impl<'b> StatusList<'b> {
    /// The moment from which the list is out of date: the earlier of `exp` and `ttl` seconds after the list was
    /// validated, or [`DEFAULT_STATUS_LIST_TTL`] after validation if it has neither. An issuer may choose a long time:
    /// fetch the list again when it suits the device, and at this moment at the latest.
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
        let uri = self.claims.subject().unwrap_or_default();
        let bitmap = bitmap.get(..len).unwrap_or_default();
        Ok(StatusBitmap::new(bitmap, self.width, uri, self.claims.issuer(), self.usable_until))
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

/// How long a status list without `ttl` and `exp` is usable: 12 hours, the `ttl` of the example in
/// [Token Status List section 5.1](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list-21#section-5.1).
pub const DEFAULT_STATUS_LIST_TTL: Duration = Duration::from_secs(43_200);
