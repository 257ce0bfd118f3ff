//! When an outcome counts as the expected one.

use serde_json::Value;

use crate::scenario::Action;

/// Stands in an expected outcome for a number that the reference cast to NaN or infinity; matches anything.
pub const ANYTHING: &str = "__nonfinite__";

/// Whether `actual` is the expected outcome of `action`.
#[must_use]
pub fn outcome_matches(action: &Action, expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Array(expected), Value::Array(actual)) if action.answers_features() => same_items(expected, actual),
        _ => same(expected, actual),
    }
}

/// Whether two values are equal: numbers by value, objects without regard to order, [`ANYTHING`] to anything.
#[must_use]
pub fn same(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::String(text), _) if text == ANYTHING => true,
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

/// Whether two lists hold the same items in any order.
fn same_items(expected: &[Value], actual: &[Value]) -> bool {
    if expected.len() != actual.len() {
        return false;
    }
    // Items that match anything choose last, so that they take no other item's only partner.
    let mut expected: Vec<&Value> = expected.iter().collect();
    expected.sort_by_key(|item| holds_anything(item));
    let mut left: Vec<&Value> = actual.iter().collect();
    expected.iter().all(|item| match left.iter().position(|other| same(item, other)) {
        Some(found) => {
            left.swap_remove(found);
            true
        }
        None => false,
    })
}

fn holds_anything(value: &Value) -> bool {
    match value {
        Value::String(text) => text == ANYTHING,
        Value::Array(items) => items.iter().any(holds_anything),
        Value::Object(members) => members.values().any(holds_anything),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scenario::Step;

    fn features() -> Action {
        serde_json::from_str::<Step>(r#"{"op":"run_features"}"#).unwrap().action
    }

    #[test]
    fn numbers_compare_by_value_and_never_equal_booleans() {
        assert!(same(&json!(1), &json!(1.0)));
        assert!(same(&json!(0), &json!(-0.0)));
        assert!(!same(&json!(1), &json!(true)));
        assert!(!same(&json!(1), &json!("1")));
        assert!(!same(&json!(9_007_199_254_740_993_u64), &json!(9_007_199_254_740_995_u64)));
    }

    #[test]
    fn objects_have_no_order_and_lists_have() {
        assert!(same(&json!({"a": 1, "b": [1, 2]}), &json!({"b": [1, 2], "a": 1})));
        assert!(!same(&json!({"a": [1, 2]}), &json!({"a": [2, 1]})));
        assert!(!same(&json!({"a": null}), &json!({})));
        assert!(!same(&json!({}), &json!({"a": null})));
    }

    #[test]
    fn a_value_that_the_reference_cannot_write_matches_anything() {
        assert!(same(&json!({"p": "__nonfinite__"}), &json!({"p": "12px"})));
        assert!(!same(&json!({"p": "12px"}), &json!({"p": "__nonfinite__"})));
        assert!(!same(&json!({"p": "__nonfinite__"}), &json!({})));
    }

    #[test]
    fn lists_of_features_have_no_order() {
        let one = json!({"feature_id": "1", "variables": {"p": "__nonfinite__"}});
        let two = json!({"feature_id": "1", "variables": {"p": 2}});
        let three = json!({"feature_id": "1", "variables": {"p": 3}});
        let matches =
            |expected: &[&Value], actual: &[&Value]| outcome_matches(&features(), &json!(expected), &json!(actual));
        assert!(matches(&[&one, &two], &[&two, &three]));
        assert!(matches(&[&two, &three], &[&three, &two]));
        assert!(!matches(&[&two, &two], &[&two, &three]));
        assert!(!matches(&[&two], &[&two, &two]));
        assert!(!same(&json!([two, three]), &json!([three, two])));
    }
}
