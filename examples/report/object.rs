//! A JSON object: its members in the order of the text, and the text of each value.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

pub struct Object(Vec<(String, Json)>);

impl Object {
    /// The value of a member. Of two with the same name, it is the last one.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.iter().filter(|(other, _)| *other == name).last().map(|(_, value)| value)
    }

    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// The text of a value. A parsed value may differ from the token: numbers are rounded, and `serde_json` has names of
/// members that it takes for its own.
#[derive(Clone)]
pub struct Json(Box<RawValue>);

impl Json {
    pub fn text(&self) -> &str {
        self.0.get()
    }

    pub fn is_null(&self) -> bool {
        self.text() == "null"
    }

    pub fn is_array(&self) -> bool {
        self.text().starts_with('[')
    }

    /// `None` if it is no string.
    pub fn string(&self) -> Option<String> {
        serde_json::from_str(self.text()).ok()
    }

    /// `None` if it is no array.
    pub fn elements(&self) -> Option<Vec<Self>> {
        let elements: Vec<Box<RawValue>> = serde_json::from_str(self.text()).ok()?;
        Some(elements.into_iter().map(Self).collect())
    }

    /// `None` if it is no object.
    pub fn object(&self) -> Option<Object> {
        serde_json::from_str(self.text()).ok()
    }

    /// A date in whole seconds. It may have a fraction: `1700000000.5`, `1.7e9`. A number beyond 64 bits is not a date.
    pub fn whole_secs(&self) -> Option<i64> {
        let text = self.text();
        let in_range = |secs: &f64| secs.abs() < i64::MAX as f64;
        // Rust's parsing takes no JSON but numbers.
        text.parse().ok().or_else(|| text.parse().ok().filter(in_range).map(floor))
    }
}

/// The largest whole number up to this one. `f64::floor` needs an operating system's libraries.
fn floor(number: f64) -> i64 {
    let whole = number as i64;
    if whole as f64 > number { whole.saturating_sub(1) } else { whole }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    members.push((name, Json(value.to_owned())));
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}
