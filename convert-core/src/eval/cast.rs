//! Casting of feature variables to their declared kind, with the JavaScript SDK's coercions.

use crate::config::{VariableKind, VariableValue};
use crate::js;
use crate::json::Json;
use crate::text::Text;

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
        other => Cast::Value(VariableValue::Text(Text::new(other.js_string()))),
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
    Cast::Value(if (-LIMIT..LIMIT).contains(&value) {
        VariableValue::I64(value as i64)
    } else {
        VariableValue::F64(value)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// The value after the cast, as a caller sees it, and whether the cast failed.
    fn after(kind: &str, served: &str) -> (Value, bool) {
        let json = Json::parse(served).unwrap();
        match cast(&VariableKind::from_served(kind), &json) {
            Cast::AsServed => (VariableValue::from_json(&json).to_json(), false),
            Cast::Value(value) => (value.to_json(), false),
            Cast::Failed => (VariableValue::from_json(&json).to_json(), true),
        }
    }

    /// Numbers compare as numbers: 1 equals 1.0.
    fn same(a: &Value, b: &Value) -> bool {
        match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a == b,
            _ => a == b,
        }
    }

    #[test]
    fn casts_are_those_of_the_official_sdk() {
        let Some(rows) = crate::vectors::vectors("cast.jsonl") else { return };
        let mut count = 0;
        for row in rows.lines() {
            let row: Value = serde_json::from_str(row).unwrap();
            let (kind, served) = (row["t"].as_str().unwrap(), &row["v"]);
            let (value, failed) = after(kind, &served.to_string());
            // Where the official SDK makes NaN or an infinity, this one keeps the served value and says so.
            let expected = row.get("out").unwrap_or(served);
            assert!(same(&value, expected), "{row}: {value}");
            assert_eq!(failed, row.get("nonfinite").is_some(), "{row}");
            count += 1;
        }
        assert_eq!(count, 216);
    }

    #[test]
    fn whole_numbers_are_integers_where_they_fit() {
        for (served, expected) in [
            ("9223372036854775807", VariableValue::I64(i64::MAX)),
            ("-9223372036854775808.0", VariableValue::I64(i64::MIN)),
            ("9223372036854775808.0", VariableValue::F64(9_223_372_036_854_775_808.0)),
            ("18446744073709551615", VariableValue::U64(u64::MAX)),
            ("\"9223372036854775807\"", VariableValue::F64(9_223_372_036_854_775_808.0)),
            ("-0.5", VariableValue::I64(0)),
        ] {
            let json = Json::parse(served).unwrap();
            let value = match cast(&VariableKind::Integer, &json) {
                Cast::Value(value) => value,
                Cast::AsServed => VariableValue::from_json(&json),
                Cast::Failed => panic!("{served}"),
            };
            assert_eq!(value, expected, "{served}");
        }
    }

    proptest! {
        #[test]
        fn a_cast_makes_what_the_kind_says_or_fails(text in ".{0,12}", number in any::<f64>()) {
            for served in [Json::Str(text.as_str().into()), Json::F64(number)] {
                let is_number = |value: &VariableValue| value.as_f64().is_some_and(f64::is_finite);
                if let Cast::Value(value) = cast(&VariableKind::Integer, &served) {
                    prop_assert!(is_number(&value) && value.as_f64().unwrap().fract() == 0.0);
                }
                if let Cast::Value(value) = cast(&VariableKind::Float, &served) {
                    prop_assert!(is_number(&value));
                }
                if let Cast::Value(value) = cast(&VariableKind::Boolean, &served) {
                    prop_assert!(value.as_bool().is_some());
                }
                if let Cast::Value(value) = cast(&VariableKind::String, &served) {
                    prop_assert!(value.as_str().is_some());
                }
                prop_assert_eq!(cast(&VariableKind::Other("x".into()), &served), Cast::AsServed);
            }
        }
    }
}
