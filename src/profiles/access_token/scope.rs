//! The claim that holds the scopes of an access token.

use crate::claims::field::space_separated;
use crate::claims::{RegisteredClaims, Strings};
use crate::error::{Claim, Error};
use crate::jose::json::Value;

/// The scopes that an access token grants, read from where they stand.
#[derive(Clone, Copy)]
pub(super) struct Scopes<'b> {
    /// The scopes, if the claim is a string; otherwise empty.
    pub(super) text: &'b str,
    /// The scopes, if the claim is an array; otherwise empty. They have passed [`check_elements`].
    pub(super) elements: Strings<'b>,
}

impl<'b> Scopes<'b> {
    pub(super) fn iter(self) -> impl Iterator<Item = &'b str> + use<'b> {
        let elements = self.elements.iter().filter_map(|element| element.as_str());
        space_separated(self.text).chain(elements.filter(|scope| !scope.is_empty()))
    }

    /// Whether one of the scopes is exactly `scope`.
    pub(super) fn contains(self, scope: &str) -> bool {
        // As `iter`, but on bytes, since a comparison needs no UTF-8 decoding.
        let mut granted = self.text.as_bytes().split(|byte| *byte == b' ');
        !scope.is_empty() && (granted.any(|granted| granted == scope.as_bytes()) || self.elements.contains(scope))
    }
}

/// A claim that holds the scopes in place of `scope`. It is found through a function pointer, so that firmware whose
/// policies read `scope` does not link the search.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScopeClaim<'a> {
    name: &'a str,
    find: for<'b> fn(&str, Value<'b>) -> Result<Option<Value<'b>>, Error>,
}

impl<'a> ScopeClaim<'a> {
    pub(super) const fn new(name: &'a str) -> Self {
        Self { name, find }
    }

    /// Finds the claim.
    ///
    /// # Errors
    ///
    /// [`Error::Unconfigured`] if the name is empty, or the name of a claim that has another meaning.
    pub(super) fn find<'b>(&self, payload: Value<'b>) -> Result<Option<Value<'b>>, Error> {
        (self.find)(self.name, payload)
    }
}

fn find<'b>(name: &str, payload: Value<'b>) -> Result<Option<Value<'b>>, Error> {
    if ["", "client_id", "cnf"].iter().chain(&RegisteredClaims::NAMES).any(|other| *other == name) {
        return Err(Error::Unconfigured(Claim::Scope));
    }
    Ok(payload.member(name))
}

/// Checks the elements of an array of scopes. A scope has no space, quotation mark, backslash or control character
/// ([RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)), so it has no escape either, and can be
/// returned from where it stands. An element may be empty: it names no scope.
///
/// # Errors
///
/// [`Error::Invalid`] if an element has such a character.
pub(super) fn check_elements(elements: &Strings<'_>) -> Result<(), Error> {
    let is_scope = |text: &str| !text.contains(|character: char| character == ' ' || character.is_control());
    // A string that stays escaped has one of the other characters.
    if elements.iter().all(|element| element.as_str().is_some_and(is_scope)) {
        Ok(())
    } else {
        Err(Error::Invalid(Claim::Scope))
    }
}
