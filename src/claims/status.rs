use crate::claims;
use crate::claims::Claims;
use crate::error::{Claim, Error};
use crate::jose::json::{JsonStr, Value};

/// Where the status of a token is kept: at an index of a status list (`status_list`,
/// [Token Status List section 6.2](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list-21#section-6.2)).
///
/// Index and URI together are the token's alone, so that whoever reads them can follow it: keep them out of logs.
#[derive(Clone, Copy, Debug)]
pub struct StatusReference<'b> {
    index: u64,
    uri: JsonStr<'b>,
}

impl<'b> Claims<'b> {
    /// Where the status of this token is kept (`status`), or `None` for one whose issuer keeps none. **No policy looks
    /// at it** unless it is given the list, as its [`Revocations`](crate::Revocations): a token that was revoked is
    /// accepted until then.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if there is a `status` that is no object, has no object `status_list` (other mechanisms are
    /// not known here), or one without `idx` and `uri`: an integer from 0 to 2^64 - 1, without fraction and exponent,
    /// and a string that is not empty. Members of other names are ignored.
    pub fn status_reference(&self) -> Result<Option<StatusReference<'b>>, Error> {
        claims::optional(self.payload().member("status"), StatusReference::read, Claim::Status)
    }
}

impl<'b> StatusReference<'b> {
    fn read(status: Value<'b>) -> Option<Self> {
        let [index, uri] = status.member("status_list")?.members(["idx", "uri"])?;
        let uri = uri?.string().filter(|uri| *uri != "")?;
        Some(Self { index: index?.unsigned()?, uri })
    }

    /// The place in the list, counted from 0 (`idx`).
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Where to fetch the list, and its name (`uri`).
    pub fn uri(&self) -> JsonStr<'b> {
        self.uri
    }
}
