//! Attribute values: what an app says about a visitor, a location or a conversion.

use std::fmt;

use smol_str::SmolStr;

/// A value of a visitor, location or rule-data attribute.
///
/// Rules compare attributes with the JavaScript SDK's coercions, so `1`, `1.0` and `"1"` are equal to a rule that asks
/// for `1`. Build one from the common Rust types with [`From`], or from a `serde_json::Value` with [`TryFrom`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AttributeValue {
    /// No value, but a present key: compares as the text `null`, and `exists` is false for it.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A floating-point number; NaN and the infinities are allowed and compare as in JavaScript.
    F64(f64),
    /// Text.
    Text(SmolStr),
    /// A list.
    List(Vec<AttributeValue>),
    /// A map.
    Map(Attributes),
}

/// A set of named [`AttributeValue`]s.
///
/// Kept sorted by name: a lookup in a set of the usual size costs a few nanoseconds and no hash.
#[derive(Clone, Default, PartialEq)]
pub struct Attributes {
    entries: Vec<(SmolStr, AttributeValue)>,
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries.iter().map(|(k, v)| (k, v))).finish()
    }
}
