//! The claim `status`: where the issuer publishes whether a token has been revoked.

use core::fmt;

use super::field::optional;
use crate::claims::Claims;
use crate::error::{Claim, Error};
use crate::jose::json::{JsonStr, Value};

/// The location of a token's status: a status list and an index in it (`status_list`,
/// [Token Status List section 6.2](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list-21#section-6.2)).
///
/// Index and URI together identify the token, so that anyone who reads them can track it: keep them out of logs.
#[derive(Clone, Copy)]
pub struct StatusReference<'b> {
    index: u64,
    uri: JsonStr<'b>,
    issuer: &'b str,
}

impl<'b> Claims<'b> {
    /// The location of this token's status (`status`), or `None` if its issuer keeps none. **No policy checks it**
    /// unless it is given the list as its [`Revocations`](crate::Revocations): without it, a revoked token is accepted.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if `status` is present but not an object, has no object `status_list` (other mechanisms are
    /// not supported), or that object has no `idx` or `uri`. `idx` must be an integer from 0 to 2^64 - 1, without
    /// fraction and exponent, and `uri` a string that is not empty. Members with other names are ignored.
    pub fn status_reference(&self) -> Result<Option<StatusReference<'b>>, Error> {
        let read = |status| StatusReference::read(status, self.issuer);
        optional(self.payload().member("status"), read, Claim::Status)
    }
}

impl<'b> StatusReference<'b> {
    fn read(status: Value<'b>, issuer: &'b str) -> Option<Self> {
        let [index, uri] = status.member("status_list")?.members(["idx", "uri"])?;
        let uri = uri?.string().filter(|uri| !uri.is_empty())?;
        Some(Self { index: index?.unsigned()?, uri, issuer })
    }

    /// The index in the list, counted from 0 (`idx`).
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The URI of the list: its name, and where to fetch it (`uri`).
    pub fn uri(&self) -> JsonStr<'b> {
        self.uri
    }

    /// The issuer of the token. Different issuers may name the same URI.
    pub fn issuer(&self) -> &'b str {
        self.issuer
    }
}

/// Omits the values: together they identify the token.
impl fmt::Debug for StatusReference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusReference").finish_non_exhaustive()
    }
}
