use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use super::*;

#[test]
fn text_is_borrowed_where_it_has_no_escapes() {
    let json = Json::parse(r#"{"a":"plain","b":"es\"caped"}"#).unwrap();
    assert!(matches!(json.get("a"), Some(Json::Str(Cow::Borrowed("plain")))));
    assert_eq!(json.get("b").and_then(Json::as_str), Some("es\"caped"));
}

#[test]
fn numbers_keep_their_kind() {
    let json = Json::parse("[1,-1,18446744073709551615,1.5,1e3,123456789012345678901234567890]").unwrap();
    let expected = [
        Json::I64(1),
        Json::I64(-1),
        Json::U64(u64::MAX),
        Json::F64(1.5),
        Json::F64(1000.0),
        Json::F64(123_456_789_012_345_678_901_234_567_890.0),
    ];
    assert_eq!(json.as_array(), Some(expected.as_slice()));
}

#[test]
fn long_decimals_read_exactly() {
    for text in ["0.30000000000000004", "1.2345678901234567", "8.533e-68", "9007199254740993.5"] {
        assert_eq!(Json::parse(text).unwrap(), Json::F64(text.parse().unwrap()));
    }
}

#[test]
fn the_later_of_two_members_with_one_name_counts() {
    let json = Json::parse(r#"{"a":1,"a":2}"#).unwrap();
    assert_eq!(json.get("a"), Some(&Json::I64(2)));
    assert_eq!(json.get("b"), None);
}

#[test]
fn depth_is_bounded_and_told_apart() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(Json::parse(&nested(127)).is_ok());
    for levels in [129, 100_000] {
        assert!(is_too_deep(&Json::parse(&nested(levels)).unwrap_err()));
    }
    assert!(!is_too_deep(&Json::parse("[").unwrap_err()));
}

#[test]
fn depth_is_bounded_where_there_is_no_text() {
    let nested = |levels: usize| (0..levels).fold(Value::from(7), |inner, _| Value::from(vec![inner]));
    assert!(Json::deserialize(&nested(128)).is_ok());
    assert!(is_too_deep(&Json::deserialize(&nested(129)).unwrap_err()));
}

#[test]
fn a_number_as_a_map_is_a_number() {
    for (text, number) in [("12", Json::I64(12)), ("-0.5", Json::F64(-0.5)), ("1e999", Json::F64(f64::INFINITY))] {
        let map = format!(r#"{{"$serde_json::private::Number":"{text}"}}"#);
        assert_eq!(Json::parse(&map).unwrap(), number);
    }
    let other = r#"{"$serde_json::private::Number":"nan"}"#;
    assert_eq!(Json::parse(other).unwrap().to_text(), other);
}

#[test]
fn ids_are_texts_or_numbers() {
    let id = |text: &str| Json::parse(text).unwrap().id();
    assert_eq!(id("\"100\"").as_deref(), Some("100"));
    assert_eq!(id("100").as_deref(), Some("100"));
    assert_eq!(id("100.0").as_deref(), Some("100"));
    assert_eq!(id("9007199254740993").as_deref(), Some("9007199254740992"));
    for none in ["\"\"", "0", "-0.0", "null", "true", "[]", "{}"] {
        assert_eq!(id(none), None, "{none}");
    }
}

#[test]
fn values_coerce_as_in_javascript() {
    for (text, string, number, falsy) in [
        ("null", "null", 0.0, true),
        ("true", "true", 1.0, false),
        ("false", "false", 0.0, true),
        ("1.0", "1", 1.0, false),
        ("-0.0", "0", 0.0, true),
        ("123456789012345678901", "123456789012345680000", 123_456_789_012_345_680_000.0, false),
        ("\"\"", "", 0.0, true),
        ("\" 12 \"", " 12 ", 12.0, false),
        ("[12]", "12", 12.0, false),
        ("[]", "", 0.0, false),
        ("[1,null,[2,[null,\"x\"]],{},true]", "1,,2,,x,[object Object],true", f64::NAN, false),
        ("{\"a\":1}", "[object Object]", f64::NAN, false),
    ] {
        let json = Json::parse(text).unwrap();
        assert_eq!(json.js_string(), string, "{text}");
        assert!(json.js_number() == number || number.is_nan() && json.js_number().is_nan(), "{text}");
        assert_eq!(json.is_falsy(), falsy, "{text}");
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(".*", inner, 0..8).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reading_and_writing_agree_with_serde_json(value in any_value()) {
        let text = value.to_string();
        let json = Json::parse(&text).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&json.to_text()).unwrap(), value.clone());
        prop_assert_eq!(Json::deserialize(&value).unwrap(), json);
    }

    #[test]
    fn what_serde_json_refuses_is_refused(text in "[\\[\\]{}\",:0-9a-eE+. -]{0,24}") {
        prop_assert_eq!(Json::parse(&text).is_ok(), serde_json::from_str::<Value>(&text).is_ok());
    }
}
