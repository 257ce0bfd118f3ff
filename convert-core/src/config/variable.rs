//! Feature variables as a variation delivers them.

use std::borrow::Cow;

use serde::ser::{Error as _, Serialize, Serializer};

use super::feature::FeatureDeclaration;
use super::places::Places;
use crate::eval::cast::{Cast, cast};
use crate::json::Json;
use crate::text::Text;

/// The value of a feature variable.
///
/// Lists and objects are kept as JSON text; [`to_json`](Self::to_json) parses them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum VariableValue {
    /// JSON `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer above `i64::MAX`.
    U64(u64),
    /// A number with a fraction, or out of the integers' range; finite.
    F64(f64),
    /// Text.
    Text(Text),
    /// A list or an object, as compact JSON text.
    Json(Box<str>),
}

impl VariableValue {
    /// The boolean, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, if it is an integer within `i64`.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::I64(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, if it is one; integers beyond 2^53 are rounded.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::I64(value) => Some(*value as f64),
            Self::U64(value) => Some(*value as f64),
            Self::F64(value) => Some(*value),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(value) => Some(value),
            _ => None,
        }
    }

    /// The value as a JSON tree. Lists and objects are parsed at each call.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::I64(value) => (*value).into(),
            Self::U64(value) => (*value).into(),
            Self::F64(value) => (*value).into(),
            Self::Text(value) => value.as_str().into(),
            // Written by this crate from a parsed document, so it parses.
            Self::Json(text) => serde_json::from_str(text).unwrap_or_default(),
        }
    }

    /// The value as JSON text. Free for lists and objects.
    #[must_use]
    pub fn to_json_text(&self) -> Cow<'_, str> {
        match self {
            Self::Json(text) => Cow::Borrowed(text),
            Self::Text(text) => Cow::Owned(Json::Str(Cow::Borrowed(text)).to_text()),
            other => Cow::Owned(other.to_json().to_string()),
        }
    }

    pub(crate) fn from_json(json: &Json<'_>) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::I64(value) => Self::I64(*value),
            Json::U64(value) => Self::U64(*value),
            Json::F64(value) if value.is_finite() => Self::F64(*value),
            Json::F64(_) => Self::Null,
            Json::Str(value) => Self::Text(Text::new(value)),
            Json::Array(_) | Json::Object(_) => Self::Json(json.to_text().into_boxed_str()),
        }
    }
}

impl Serialize for VariableValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::I64(value) => serializer.serialize_i64(*value),
            Self::U64(value) => serializer.serialize_u64(*value),
            Self::F64(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Json(text) => {
                serde_json::from_str::<serde_json::Value>(text).map_err(S::Error::custom)?.serialize(serializer)
            }
        }
    }
}

/// A variable of a feature, as one variation delivers it: the value as served, and the value cast to the declared kind.
#[derive(Clone, Debug)]
pub struct Variable {
    key: Text,
    raw: VariableValue,
    cast: Cast,
}

impl Variable {
    /// The variable's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value cast to the declared kind; the value as served where the variable is not declared, or cannot be cast.
    #[must_use]
    pub fn value(&self) -> &VariableValue {
        match &self.cast {
            Cast::Value(value) => value,
            Cast::AsServed | Cast::Failed => &self.raw,
        }
    }

    /// The value as served.
    #[must_use]
    pub fn raw(&self) -> &VariableValue {
        &self.raw
    }

    /// Whether the value as served cannot be read as the declared kind: `"abc"` for an integer, for example.
    #[must_use]
    pub fn is_cast_failure(&self) -> bool {
        matches!(self.cast, Cast::Failed)
    }

    /// The variables of one change. Of two members with one name the later counts, at the place of the earlier.
    pub(super) fn read_all(members: &[(Cow<'_, str>, Json<'_>)], declared: Option<&FeatureDeclaration>) -> Box<[Self]> {
        let mut variables: Vec<Self> = Vec::with_capacity(members.len());
        let mut by_key = Places::default();
        for (key, served) in members {
            let kind = declared.and_then(|feature| feature.kind_of(key));
            let variable = Self {
                key: Text::new(key),
                raw: VariableValue::from_json(served),
                cast: kind.map_or(Cast::AsServed, |kind| cast(kind, served)),
            };
            let earlier = by_key.find_in_growing(&variables, key, Self::key);
            match earlier.and_then(|at| variables.get_mut(at)) {
                Some(earlier) => *earlier = variable,
                None => variables.push(variable),
            }
        }
        variables.into_boxed_slice()
    }
}
