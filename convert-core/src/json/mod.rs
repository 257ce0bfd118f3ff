//! A JSON document in memory, borrowed from its text where it can be.

mod de;

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::js::{self, JsKind, JsValue};
use crate::text::Text;

pub(crate) use de::is_too_deep;

/// One JSON value. Numbers are `I64` where they fit it, else `U64`, else `F64`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Str(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    /// In the order of the text. Of two members with one name the later counts; [`Json::get`] sees to it.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Levels of lists and maps that are read; one more is refused.
    pub(crate) const MAX_DEPTH: usize = 128;

    /// Reads a whole text.
    pub(crate) fn parse(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&[Json<'a>]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_object(&self) -> Option<&[(Cow<'a, str>, Json<'a>)]> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The member of an object; `None` where it has none or this is no object.
    pub(crate) fn get(&self, key: &str) -> Option<&Json<'a>> {
        self.as_object()?.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// `!x` in JavaScript.
    pub(crate) fn is_falsy(&self) -> bool {
        js::is_falsy(self)
    }

    /// `String(x)` in JavaScript.
    pub(crate) fn js_string(&self) -> Cow<'_, str> {
        js::string_of(self)
    }

    /// `Number(x)` in JavaScript.
    pub(crate) fn js_number(&self) -> f64 {
        js::number_of(self)
    }

    /// An entity's id or key: a text that is not empty, or a number other than zero as JavaScript prints it.
    pub(crate) fn id(&self) -> Option<Text> {
        match self.kind() {
            JsKind::Text(text) if !text.is_empty() => Some(Text::new(text)),
            JsKind::Number(number) if number != 0.0 && !number.is_nan() => {
                Some(Text::new(js::NumberText::new(number).as_str()))
            }
            _ => None,
        }
    }

    /// The value as compact JSON.
    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl JsValue for Json<'_> {
    fn kind(&self) -> JsKind<'_, Self> {
        match self {
            Self::Null => JsKind::Null,
            Self::Bool(flag) => JsKind::Bool(*flag),
            Self::I64(number) => JsKind::Number(*number as f64),
            Self::U64(number) => JsKind::Number(*number as f64),
            Self::F64(number) => JsKind::Number(*number),
            Self::Str(text) => JsKind::Text(text),
            Self::Array(items) => JsKind::List(items),
            Self::Object(_) => JsKind::Map,
        }
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::I64(number) => serializer.serialize_i64(*number),
            Self::U64(number) => serializer.serialize_u64(*number),
            Self::F64(number) => serializer.serialize_f64(*number),
            Self::Str(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests;
