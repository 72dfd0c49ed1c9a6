//! An oracle for JSON: `serde_json`, with three rules of this crate that `serde_json` does not have.

use std::collections::HashSet;
use std::fmt;

use embedded_jwt::{Error, MAX_DEPTH, MAX_OPEN_MEMBERS, Part};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The value of `text`, or the reason why it is refused.
pub fn parse(text: &[u8], part: Part) -> Result<Value, Error> {
    let malformed = |_| Error::Malformed(part);
    let value = serde_json::from_slice(text).map_err(malformed)?;
    let shape: Shape = serde_json::from_slice(text).map_err(malformed)?;
    shape.check(0, 0, part)?;
    Ok(value)
}

/// Compares a refusal of the crate with the oracle's. They are equal, except where the crate's single pass finds a
/// violation of its own rules before it reaches the syntax error.
///
/// Refusals are compared by their `Debug` form: the crate's unit tests have their own `Error` type.
#[track_caller]
pub fn assert_same_refusal(ours: impl fmt::Debug, oracle: Error) {
    let ours = format!("{ours:?}");
    let is_met_first = match oracle {
        Error::Malformed(part) => [Error::DuplicateName(part), Error::TooDeep(part), Error::TooManyMembers(part)]
            .iter()
            .any(|rule| format!("{rule:?}") == ours),
        _ => false,
    };
    assert!(ours == format!("{oracle:?}") || is_met_first, "ours {ours}, oracle {oracle:?}");
}

/// Whether an object could be mistaken for a number: `serde_json` keeps the digits of a number in an object with this
/// name.
pub fn is_ambiguous(text: &[u8]) -> bool {
    text.windows(12).any(|window| window == b"$serde_json:")
}

/// The structure of a document, for the three rules. `Value` does not have it all: it drops members of equal names.
enum Shape {
    Scalar,
    Array(Vec<Shape>),
    Object(Vec<(String, Shape)>),
}

impl Shape {
    /// Checks the rules in the order in which a left-to-right parser finds violations.
    fn check(&self, depth: usize, members_around: usize, part: Part) -> Result<(), Error> {
        if !matches!(self, Self::Scalar) && depth == MAX_DEPTH {
            return Err(Error::TooDeep(part));
        }
        match self {
            Self::Scalar => Ok(()),
            Self::Array(elements) => {
                elements.iter().try_for_each(|element| element.check(depth + 1, members_around, part))
            }
            Self::Object(members) => {
                let mut names = HashSet::new();
                members.iter().zip(members_around..).try_for_each(|((name, value), open)| {
                    if !names.insert(name) {
                        return Err(Error::DuplicateName(part));
                    }
                    if open == MAX_OPEN_MEMBERS {
                        return Err(Error::TooManyMembers(part));
                    }
                    value.check(depth + 1, open + 1, part)
                })
            }
        }
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Shape, A::Error> {
        let mut shape = Vec::new();
        while let Some(element) = elements.next_element()? {
            shape.push(element);
        }
        Ok(Shape::Array(shape))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Shape, A::Error> {
        let mut shape = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            // Any other number: `serde_json` passes it on with all its digits.
            if name == "$serde_json::private::Number" {
                members.next_value::<IgnoredAny>()?;
                return Ok(Shape::Scalar);
            }
            shape.push((name, members.next_value()?));
        }
        Ok(Shape::Object(shape))
    }
}
