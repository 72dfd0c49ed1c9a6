//! How the policies of other constructors than `new` depart from RFC 9068: in the types that they accept, and in how
//! they read the client and the scopes.
//!
//! A policy reaches its profile through function pointers, so that firmware links only the profiles that it constructs.

use super::scope;
use crate::claims::field::{required_string, string};
use crate::claims::marks::Marks;
use crate::claims::{CommonRules, Strings};
use crate::error::{Claim, Error};
use crate::jose::json::{JsonStr, Value};
use crate::jose::media_type::MediaType;

/// The departures of one constructor.
#[derive(Debug)]
pub(super) struct Profile {
    /// Whether the header's `typ` and the payload are of an access token.
    pub(super) accepts: fn(Option<&MediaType>, Value<'_>) -> bool,
    pub(super) read: Read,
}

/// Reads `client_id` and the claim with the scopes, as the profile demands.
type Read = for<'b> fn(
    &CommonRules<'_>,
    client_id: Option<Value<'b>>,
    scope: Option<Value<'b>>,
) -> Result<ClientAndScope<'b>, Error>;

/// The claims of an access token that are not registered for every JWT.
pub(super) struct ClientAndScope<'b> {
    pub(super) client_id: Option<JsonStr<'b>>,
    /// The scopes, if the claim is a string.
    pub(super) scope: Option<JsonStr<'b>>,
    /// The scopes, if the claim is an array.
    pub(super) scope_array: Strings<'b>,
}

/// [`AccessTokenPolicy::at_jwt`](super::AccessTokenPolicy::at_jwt)
pub(super) const AT_JWT: &Profile = &Profile { accepts: is_at_jwt, read: read_any_scope };

/// [`AccessTokenPolicy::untyped`](super::AccessTokenPolicy::untyped)
pub(super) const UNTYPED: &Profile = &Profile { accepts: is_of_no_other_kind, read: read_any_scope };

/// [`AccessTokenPolicy::for_client`](super::AccessTokenPolicy::for_client)
pub(super) const FOR_CLIENT: &Profile = &Profile { accepts: is_used_for_access, read: read_for_client };

fn is_at_jwt(typ: Option<&MediaType>, _payload: Value<'_>) -> bool {
    typ.is_some_and(|typ| typ.is("at+jwt"))
}

/// RFC 8725 sections 3.11 and 3.12. `JWT` and `JOSE` name the serialization, not a kind of token.
fn is_of_no_other_kind(typ: Option<&MediaType>, payload: Value<'_>) -> bool {
    typ.is_none_or(|typ| typ.is("at+jwt") || typ.is("JWT") || typ.is("JOSE")) && Marks::find(payload).fit_access_token()
}

fn is_used_for_access(typ: Option<&MediaType>, payload: Value<'_>) -> bool {
    is_of_no_other_kind(typ, payload) && Marks::find(payload).has_use("access")
}

fn read_any_scope<'b>(
    _rules: &CommonRules<'_>,
    client_id: Option<Value<'b>>,
    scope: Option<Value<'b>>,
) -> Result<ClientAndScope<'b>, Error> {
    let scope_array = scope.and_then(Strings::of_array);
    let scope = match scope_array {
        Some(elements) => scope::check_elements(&elements).map(|()| None)?,
        None => string(scope, Claim::Scope)?,
    };
    let scope_array = scope_array.unwrap_or(Strings::NONE);
    Ok(ClientAndScope { client_id: client_id.and_then(Value::string), scope, scope_array })
}

fn read_for_client<'b>(
    rules: &CommonRules<'_>,
    client_id: Option<Value<'b>>,
    scope: Option<Value<'b>>,
) -> Result<ClientAndScope<'b>, Error> {
    let issued_to = required_string(string(client_id, Claim::ClientId)?, Claim::ClientId)?;
    if !rules.is_for_client(issued_to) {
        return Err(Error::Mismatch(Claim::ClientId));
    }
    read_any_scope(rules, client_id, scope)
}
