//! Attribute values: what an app says about a visitor, a location or a conversion.

mod convert;
mod merge;
mod set;

use std::fmt;

use crate::js::{JsKind, JsValue};
use crate::text::Text;

pub use set::Attributes;

/// A value of a visitor, location or rule-data attribute.
///
/// Rules compare attributes with the JavaScript SDK's coercions, so `1`, `1.0` and `"1"` are equal to a rule that asks
/// for `1`. Build one from the common Rust types with [`From`], or from a `serde_json::Value` with [`TryFrom`].
///
/// A value has at most [`MAX_DEPTH`](Self::MAX_DEPTH) levels of lists and maps. What is read from JSON is held to that;
/// a list built by hand is not, and one nested tens of thousands of levels deep overflows the stack when it is cloned,
/// compared, printed or dropped, as any nested `Vec` does. The SDK itself takes such values apart level by level.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AttributeValue {
    /// No value, but a present key: compares as the text `null`, and `exists` is false for it.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer. Conversions choose [`I64`](Self::I64) where the number fits it.
    U64(u64),
    /// A floating-point number; NaN and the infinities are allowed and compare as in JavaScript.
    F64(f64),
    /// Text.
    Text(Text),
    /// A list.
    List(Vec<AttributeValue>),
    /// A map.
    Map(Attributes),
}

impl AttributeValue {
    /// Levels of lists and maps that a value may have.
    pub const MAX_DEPTH: usize = 128;

    /// Whether the value has at most `levels` of lists and maps, itself included. Looks no deeper than that.
    #[inline]
    pub(crate) fn fits_in(&self, levels: usize) -> bool {
        !matches!(self, Self::List(_) | Self::Map(_)) || self.nested_fits_in(levels)
    }

    fn nested_fits_in(&self, levels: usize) -> bool {
        match self {
            Self::List(items) => levels > 0 && items.iter().all(|item| item.fits_in(levels - 1)),
            Self::Map(map) => levels > 0 && map.values().all(|value| value.fits_in(levels - 1)),
            _ => true,
        }
    }

    /// The value, or `None` where it is nested too deep; then it is taken apart level by level.
    pub(crate) fn unless_too_deep(self) -> Option<Self> {
        if self.fits_in(Self::MAX_DEPTH) {
            return Some(self);
        }
        // A set of attributes drops without recursion.
        drop(Attributes::new().with("", self));
        None
    }
}

impl JsValue for AttributeValue {
    #[inline]
    fn kind(&self) -> JsKind<'_, Self> {
        match self {
            Self::Null => JsKind::Null,
            Self::Bool(flag) => JsKind::Bool(*flag),
            Self::I64(number) => JsKind::Number(*number as f64),
            Self::U64(number) => JsKind::Number(*number as f64),
            Self::F64(number) => JsKind::Number(*number),
            Self::Text(text) => JsKind::Text(text),
            Self::List(items) => JsKind::List(items),
            Self::Map(_) => JsKind::Map,
        }
    }
}

/// Why a value cannot be an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttributeError {
    /// Lists and maps are nested deeper than [`AttributeValue::MAX_DEPTH`] levels.
    TooDeep,
    /// A set of attributes can only be made of an object.
    NotAnObject,
}

impl fmt::Display for AttributeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooDeep => {
                write!(f, "the attribute is nested deeper than {} levels; flatten it", AttributeValue::MAX_DEPTH)
            }
            Self::NotAnObject => f.write_str("attributes are made of a JSON object; wrap the value in one"),
        }
    }
}

impl std::error::Error for AttributeError {}

#[cfg(test)]
mod tests;
