//! The marks by which a payload says which kind of token it is, where the header does not.

use crate::jose::json::Value;

/// The marks in a payload. Issuers that sign several kinds of tokens without a `typ` of their own, or with `JWT`, can
/// only be told apart by them ([RFC 8725 section 3.12](https://www.rfc-editor.org/rfc/rfc8725#section-3.12)).
#[derive(Clone, Copy)]
pub(crate) struct Marks<'b> {
    /// Only security events have it, such as logout tokens
    /// ([RFC 8417 section 2.2](https://www.rfc-editor.org/rfc/rfc8417#section-2.2)).
    events: Option<Value<'b>>,
    /// Only ID tokens have it, and `c_hash`
    /// ([OpenID Connect Core section 3.3.2.11](https://openid.net/specs/openid-connect-core-1_0.html#HybridIDToken)).
    at_hash: Option<Value<'b>>,
    c_hash: Option<Value<'b>>,
    /// The kind, as Keycloak writes it: `Bearer`, `DPoP`, `ID`, `Refresh`, `Offline`, `Logout`.
    typ: Option<Value<'b>>,
    /// The kind, as Cognito writes it: `access` or `id`.
    token_use: Option<Value<'b>>,
}

impl<'b> Marks<'b> {
    pub(crate) fn find(payload: Value<'b>) -> Self {
        let [events, at_hash, c_hash, typ, token_use] =
            payload.members(["events", "at_hash", "c_hash", "typ", "token_use"]).unwrap_or_default();
        Self { events, at_hash, c_hash, typ, token_use }
    }

    /// Whether no mark names another kind than an access token.
    pub(crate) fn fit_access_token(&self) -> bool {
        [self.events, self.at_hash, self.c_hash].iter().all(Option::is_none)
            && !self.has_typ(&["id", "refresh", "offline", "logout"])
            && (self.token_use.is_none() || self.has_use("access"))
    }

    /// Whether no mark names another kind than an ID token.
    pub(crate) fn fit_id_token(&self) -> bool {
        self.events.is_none()
            && !self.has_typ(&["bearer", "dpop", "refresh", "offline", "logout"])
            && (self.token_use.is_none() || self.has_use("id"))
    }

    /// Whether `token_use` is exactly this string.
    pub(crate) fn has_use(&self, token_use: &str) -> bool {
        self.token_use.and_then(Value::string).is_some_and(|string| string == *token_use)
    }

    /// Whether `typ` is one of these kinds, in any case. None of them has a character that stays escaped.
    fn has_typ(&self, kinds: &[&str]) -> bool {
        let typ = self.typ.and_then(Value::string).and_then(|typ| typ.as_str());
        typ.is_some_and(|typ| kinds.iter().any(|kind| typ.eq_ignore_ascii_case(kind)))
    }
}
