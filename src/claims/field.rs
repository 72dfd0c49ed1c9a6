//! Reading of single claims (absent, of the wrong type, or a value), and the refusal of empty expected values.

use crate::error::{Claim, Error};
use crate::jose::json::{JsonStr, Value};

/// Reads a string. Any other type is refused, even where the claim is not needed.
pub(crate) fn string(value: Option<Value<'_>>, claim: Claim) -> Result<Option<JsonStr<'_>>, Error> {
    optional(value, Value::string, claim)
}

/// Reads a claim that may be absent.
pub(crate) fn optional<'b, T>(
    value: Option<Value<'b>>,
    read: impl FnOnce(Value<'b>) -> Option<T>,
    claim: Claim,
) -> Result<Option<T>, Error> {
    value.map(|value| read(value).ok_or(Error::Invalid(claim))).transpose()
}

/// Refuses an absent claim.
pub(crate) fn required<T>(value: Option<T>, claim: Claim) -> Result<T, Error> {
    value.ok_or(Error::Missing(claim))
}

/// Refuses an absent or empty string, since it identifies nobody.
pub(crate) fn required_string(value: Option<JsonStr<'_>>, claim: Claim) -> Result<JsonStr<'_>, Error> {
    let string = required(value, claim)?;
    if string.is_empty() { Err(Error::Invalid(claim)) } else { Ok(string) }
}

/// The values of a space-separated list such as `scope` and `acr_values`
/// ([RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).
pub(crate) fn space_separated(list: &str) -> impl Iterator<Item = &str> {
    list.split([' ']).filter(|value| !value.is_empty())
}

/// Refuses an empty expected value ([`Error::Unconfigured`]), since nothing can be compared with it.
pub(crate) fn refuse_empty<const N: usize>(expectations: [(Option<&[u8]>, Claim); N]) -> Result<(), Error> {
    match expectations.into_iter().find(|(expected, _)| *expected == Some(b"")) {
        Some((_, claim)) => Err(Error::Unconfigured(claim)),
        None => Ok(()),
    }
}
