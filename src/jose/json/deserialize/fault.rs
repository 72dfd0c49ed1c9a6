//! The error that a type raises while it is deserialized.

use core::fmt;

use serde::de::{Expected, Unexpected};

use crate::error::Misfit;

/// Knows the reason from the constructor that serde, a derived type or `heapless` has called.
#[derive(Debug)]
pub(super) struct Fault(pub(super) Misfit);

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self(Misfit::Refused)
    }

    fn invalid_type(_unexpected: Unexpected<'_>, _expected: &dyn Expected) -> Self {
        Self(Misfit::WrongType)
    }

    fn invalid_value(_unexpected: Unexpected<'_>, _expected: &dyn Expected) -> Self {
        Self(Misfit::Refused)
    }

    fn invalid_length(_len: usize, _expected: &dyn Expected) -> Self {
        Self(Misfit::NoRoom)
    }

    fn unknown_variant(_variant: &str, _expected: &'static [&'static str]) -> Self {
        Self(Misfit::Refused)
    }

    fn unknown_field(_field: &str, _expected: &'static [&'static str]) -> Self {
        Self(Misfit::Refused)
    }

    fn missing_field(_field: &'static str) -> Self {
        Self(Misfit::Missing)
    }
}

/// Never shown: the caller gets an [`Error`](crate::Error).
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl core::error::Error for Fault {}
