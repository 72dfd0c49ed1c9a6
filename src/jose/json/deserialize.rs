//! Deserialization of the user's own claim types, by `serde-json-core` made strict.
//!
//! On its own, that crate returns escaped text as if it were the string, reads `null` and `1e400` as floats that are
//! not finite (`x > max` would then be false), panics on map keys that are not strings, and drops the reason for an error.
//! [`Strict`] wraps every serde trait that takes part in a deserialization, at every level.

mod fault;

use core::cell::Cell;
use core::fmt;

use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::{JsonStr, Value};
use crate::error::{Error, Misfit};
use fault::Fault;

/// Deserializes a value into the user's type.
///
/// # Errors
///
/// [`Error::Deserialize`] if the value does not have the shape of `T`.
pub(crate) fn deserialize<'b, T: Deserialize<'b>>(value: Value<'b>) -> Result<T, Error> {
    let reason = Reason(Cell::new(Misfit::WrongType));
    let mut json = serde_json_core::de::Deserializer::new(value.text().as_bytes(), None);
    let claims = T::deserialize(Strict(&mut json, &reason)).map_err(|Fault(misfit)| Error::Deserialize(misfit))?;
    json.end().map_err(|_| Error::Deserialize(Misfit::WrongType))?;
    Ok(claims)
}

struct Strict<'r, T>(T, &'r Reason);

/// A member name: always deserialized as a string, whatever type the map's keys have.
struct Name<'r, T>(T, &'r Reason);

/// The reason for an error of the user's type, on its way through `serde-json-core`, whose errors cannot carry it. For
/// errors of that crate itself, it is [`Misfit::WrongType`].
struct Reason(Cell<Misfit>);

impl Reason {
    fn put<T, E: de::Error>(&self, result: Result<T, Fault>) -> Result<T, E> {
        result.map_err(|Fault(misfit)| {
            self.0.set(misfit);
            E::custom("")
        })
    }

    fn take<T, E>(&self, result: Result<T, E>) -> Result<T, Fault> {
        result.map_err(|_| Fault(self.0.replace(Misfit::WrongType)))
    }
}

macro_rules! forward_deserialize {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self $(, $argument: $type)*, visitor: V) -> Result<V::Value, Fault> {
            self.1.take(self.0.$method($($argument,)* Strict(visitor, self.1)))
        }
    )*};
}

macro_rules! forward_visit {
    ($($method:ident($type:ty))*) => {$(
        fn $method<E: de::Error>(self, value: $type) -> Result<V::Value, E> {
            self.1.put(self.0.$method(value))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<'_, D> {
    type Error = Fault;

    forward_deserialize! {
        deserialize_bool()
        deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64()
        deserialize_f32() deserialize_f64()
        deserialize_char() deserialize_str() deserialize_string() deserialize_identifier()
        deserialize_bytes() deserialize_byte_buf()
        deserialize_option() deserialize_unit() deserialize_seq() deserialize_map()
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    /// A type that asks for any value would have to be given a copy of it, to look at it again.
    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Fault> {
        Err(Fault(Misfit::LooksAhead))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.1.take(self.0.deserialize_ignored_any(visitor))
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Name<'_, D> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.1.take(self.0.deserialize_str(Strict(visitor, self.1)))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Implements the `visit` methods that `serde-json-core` calls; all others return an error by default.
impl<'de, V: Visitor<'de>> Visitor<'de> for Strict<'_, V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(formatter)
    }

    forward_visit! {
        visit_bool(bool)
        visit_i8(i8) visit_i16(i16) visit_i32(i32) visit_i64(i64)
        visit_u8(u8) visit_u16(u16) visit_u32(u32) visit_u64(u64)
    }

    fn visit_f32<E: de::Error>(self, value: f32) -> Result<V::Value, E> {
        self.1.put(if value.is_finite() { self.0.visit_f32(value) } else { Err(Fault(Misfit::WrongType)) })
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<V::Value, E> {
        self.1.put(if value.is_finite() { self.0.visit_f64(value) } else { Err(Fault(Misfit::WrongType)) })
    }

    fn visit_borrowed_str<E: de::Error>(self, raw: &'de str) -> Result<V::Value, E> {
        self.1.put(if raw.contains('\\') { visit_unescaped(self.0, raw) } else { self.0.visit_borrowed_str(raw) })
    }

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.1.put(self.0.visit_none())
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.1.put(self.0.visit_unit())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.1.put(self.0.visit_some(Strict(deserializer, self.1)))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.1.put(self.0.visit_newtype_struct(Strict(deserializer, self.1)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        self.1.put(self.0.visit_seq(Strict(elements, self.1)))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.1.put(self.0.visit_map(Strict(members, self.1)))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.1.put(self.0.visit_enum(Strict(variant, self.1)))
    }
}

/// Passes a string with escapes on as the string that it stands for. A type that can only borrow refuses it.
fn visit_unescaped<'de, V: Visitor<'de>>(visitor: V, raw: &str) -> Result<V::Value, Fault> {
    let mut buf = [0; MAX_UNESCAPED];
    let plain = JsonStr::from_raw(raw).unescape_into(&mut &mut buf[..]).map_err(|_| Fault(Misfit::NoRoom))?;
    visitor.visit_str(plain).map_err(|Fault(misfit)| match misfit {
        Misfit::WrongType => Fault(Misfit::Escape),
        misfit => Fault(misfit),
    })
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.1.put(self.0.deserialize(Strict(deserializer, self.1)))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Name<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.1.put(self.0.deserialize(Name(deserializer, self.1)))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<'_, A> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.1.take(self.0.next_element_seed(Strict(seed, self.1)))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Strict<'_, A> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.1.take(self.0.next_key_seed(Name(seed, self.1)))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        self.1.take(self.0.next_value_seed(Strict(seed, self.1)))
    }
}

impl<'de, 'r, A: EnumAccess<'de>> EnumAccess<'de> for Strict<'r, A> {
    type Error = Fault;
    type Variant = Strict<'r, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), Fault> {
        let (value, variant) = self.1.take(self.0.variant_seed(Strict(seed, self.1)))?;
        Ok((value, Strict(variant, self.1)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Strict<'_, A> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        self.1.take(self.0.unit_variant())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        self.1.take(self.0.newtype_variant_seed(Strict(seed, self.1)))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Fault> {
        self.1.take(self.0.tuple_variant(len, Strict(visitor, self.1)))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        self.1.take(self.0.struct_variant(fields, Strict(visitor, self.1)))
    }
}

/// Maximum length, in bytes, of a string that contains an escape (`CORP\\alice`): it is unescaped on the stack. Strings
/// without escapes, nearly all, have no limit.
const MAX_UNESCAPED: usize = 256;

#[cfg(test)]
mod tests;
