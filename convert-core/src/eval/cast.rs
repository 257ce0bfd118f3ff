//! Casting of feature variables to their declared kind, with the JavaScript SDK's coercions.

use smol_str::SmolStr;

use crate::config::{VariableKind, VariableValue};
use crate::js;
use crate::json::Json;

/// What a cast makes of a served value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cast {
    /// The served value is of the kind already, or the kind asks for nothing.
    AsServed,
    /// The served value, converted.
    Value(VariableValue),
    /// The served value has no reading as the kind (JavaScript gives NaN or an infinity).
    Failed,
}

/// Casts a served value. Never fails as a whole: what has no reading is [`Cast::Failed`].
pub(crate) fn cast(kind: &VariableKind, served: &Json<'_>) -> Cast {
    match kind {
        VariableKind::Boolean => boolean(served),
        VariableKind::Integer => integer(served),
        VariableKind::Float => float(served),
        VariableKind::String => text(served),
        VariableKind::Json => json(served),
        VariableKind::Other(_) => Cast::AsServed,
    }
}

fn boolean(served: &Json<'_>) -> Cast {
    let value = match served {
        Json::Bool(_) => return Cast::AsServed,
        Json::Str(text) if text == "true" => true,
        Json::Str(text) if text == "false" => false,
        other => !other.is_falsy(),
    };
    Cast::Value(VariableValue::Bool(value))
}

fn integer(served: &Json<'_>) -> Cast {
    match served {
        Json::I64(_) | Json::U64(_) => Cast::AsServed,
        Json::F64(value) => whole_number(value.trunc()),
        Json::Bool(value) => Cast::Value(VariableValue::I64(i64::from(*value))),
        other => js::parse_int_prefix(&other.js_string()).map_or(Cast::Failed, whole_number),
    }
}

fn float(served: &Json<'_>) -> Cast {
    match served {
        Json::I64(_) | Json::U64(_) | Json::F64(_) => Cast::AsServed,
        Json::Bool(value) => Cast::Value(VariableValue::F64(f64::from(u8::from(*value)))),
        other => match js::parse_float_prefix(&other.js_string()) {
            Some(value) if value.is_finite() => Cast::Value(VariableValue::F64(value)),
            _ => Cast::Failed,
        },
    }
}

fn text(served: &Json<'_>) -> Cast {
    match served {
        Json::Str(_) => Cast::AsServed,
        other => Cast::Value(VariableValue::Text(SmolStr::new(other.js_string()))),
    }
}

/// A text that is JSON becomes what it says; any other text stays.
fn json(served: &Json<'_>) -> Cast {
    let Json::Str(text) = served else { return Cast::AsServed };
    match serde_json::from_str::<Json<'_>>(text) {
        Ok(parsed) => Cast::Value(VariableValue::from_json(&parsed)),
        Err(_) => Cast::AsServed,
    }
}

/// A double without a fraction, as an integer where it fits one.
fn whole_number(value: f64) -> Cast {
    /// 2^63: the first double above `i64::MAX`; its negative is `i64::MIN`.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if !value.is_finite() {
        return Cast::Failed;
    }
    Cast::Value(if (-LIMIT..LIMIT).contains(&value) { VariableValue::I64(value as i64) } else { VariableValue::F64(value) })
}
