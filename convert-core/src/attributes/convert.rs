//! Where attribute values come from: Rust's own types, `serde_json` values, and anything serde reads.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;

use super::{AttributeError, AttributeValue, Attributes};
use crate::json::Json;
use crate::text::Text;

macro_rules! from_number {
    ($variant:ident($wide:ty): $($narrow:ty),*) => {
        $(impl From<$narrow> for AttributeValue {
            fn from(number: $narrow) -> Self {
                Self::$variant(<$wide>::from(number))
            }
        })*
    };
}

from_number!(I64(i64): i8, i16, i32, i64, u8, u16, u32);
from_number!(F64(f64): f32, f64);

impl From<u64> for AttributeValue {
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or(Self::U64(number), Self::I64)
    }
}

impl From<usize> for AttributeValue {
    fn from(number: usize) -> Self {
        Self::from(number as u64)
    }
}

impl From<isize> for AttributeValue {
    fn from(number: isize) -> Self {
        Self::I64(number as i64)
    }
}

impl From<bool> for AttributeValue {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<&str> for AttributeValue {
    fn from(text: &str) -> Self {
        Self::Text(Text::new(text))
    }
}

impl From<String> for AttributeValue {
    fn from(text: String) -> Self {
        Self::Text(Text::from(text))
    }
}

impl From<&String> for AttributeValue {
    fn from(text: &String) -> Self {
        Self::Text(Text::new(text))
    }
}

impl From<Text> for AttributeValue {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<Cow<'_, str>> for AttributeValue {
    fn from(text: Cow<'_, str>) -> Self {
        Self::Text(Text::from(text))
    }
}

impl From<Attributes> for AttributeValue {
    fn from(map: Attributes) -> Self {
        Self::Map(map)
    }
}

impl<T: Into<AttributeValue>> From<Vec<T>> for AttributeValue {
    fn from(items: Vec<T>) -> Self {
        items.into_iter().collect()
    }
}

impl<T: Into<AttributeValue>, const N: usize> From<[T; N]> for AttributeValue {
    fn from(items: [T; N]) -> Self {
        items.into_iter().collect()
    }
}

impl<T: Into<AttributeValue>> FromIterator<T> for AttributeValue {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

/// `None` is [`AttributeValue::Null`]: the key is present. Leave the attribute out to say that it is absent.
impl<T: Into<AttributeValue>> From<Option<T>> for AttributeValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<Json<'_>> for AttributeValue {
    fn from(json: Json<'_>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(flag) => Self::Bool(flag),
            Json::I64(number) => Self::I64(number),
            Json::U64(number) => Self::U64(number),
            Json::F64(number) => Self::F64(number),
            Json::Str(text) => Self::from(text),
            Json::Array(items) => items.into_iter().collect(),
            Json::Object(members) => Self::Map(members.into_iter().collect()),
        }
    }
}

impl TryFrom<&Value> for AttributeValue {
    type Error = AttributeError;

    fn try_from(value: &Value) -> Result<Self, AttributeError> {
        // Depth is all that can be refused: every JSON value is an attribute value.
        Json::deserialize(value).map(Self::from).map_err(|_| AttributeError::TooDeep)
    }
}

impl TryFrom<Value> for AttributeValue {
    type Error = AttributeError;

    fn try_from(value: Value) -> Result<Self, AttributeError> {
        Self::try_from(&value)
    }
}

impl TryFrom<&Value> for Attributes {
    type Error = AttributeError;

    fn try_from(value: &Value) -> Result<Self, AttributeError> {
        match AttributeValue::try_from(value)? {
            AttributeValue::Map(map) => Ok(map),
            _ => Err(AttributeError::NotAnObject),
        }
    }
}

impl TryFrom<Value> for Attributes {
    type Error = AttributeError;

    fn try_from(value: Value) -> Result<Self, AttributeError> {
        Self::try_from(&value)
    }
}

impl Serialize for AttributeValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::I64(number) => serializer.serialize_i64(*number),
            Self::U64(number) => serializer.serialize_u64(*number),
            Self::F64(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(map) => map.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for AttributeValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Json::deserialize(deserializer).map(Self::from)
    }
}
