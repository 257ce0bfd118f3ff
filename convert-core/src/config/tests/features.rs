//! Features: who delivers them, and their variables.

use serde_json::{Value, json};

use super::{config, warnings};
use crate::config::{Change, ProjectConfig, VariableKind, VariableValue};

fn delivering(changes: Value) -> ProjectConfig {
    config(json!({
        "features": [{"id": 501, "key": "f", "variables": [
            {"key": "on", "type": "boolean"}, {"key": "size", "type": "integer"}, {"key": "price", "type": "float"},
            {"key": "label", "type": "string"}, {"key": "data", "type": "json"}, {"key": "odd", "type": "colour"},
            {"key": "untyped"}, {"key": "size", "type": "string"}, {"type": "string"}, null,
        ]}],
        "experiences": [{"id": "10", "key": "e", "variations": [{"id": "101", "changes": changes}]}],
    }))
}

fn changes(config: &ProjectConfig) -> &[Change] {
    config.experience("e").unwrap().variations()[0].changes()
}

#[test]
fn declared_variables_are_read() {
    let config = delivering(json!([]));
    let kinds: Vec<_> = config.feature("f").unwrap().variables().iter().map(|v| (v.key(), v.kind().cloned())).collect();
    assert_eq!(
        kinds,
        [
            ("on", Some(VariableKind::Boolean)),
            ("size", Some(VariableKind::Integer)),
            ("price", Some(VariableKind::Float)),
            ("label", Some(VariableKind::String)),
            ("data", Some(VariableKind::Json)),
            ("odd", Some(VariableKind::Other("colour".into()))),
            ("untyped", None),
            ("size", Some(VariableKind::String)),
        ]
    );
    assert_eq!(config.warning_count(), 2);
}

#[test]
fn variables_are_cast_to_the_first_declaration_and_kept_as_served() {
    let config = delivering(json!([{"type": "fullStackFeature", "data": {"feature_id": "501", "variables_data": {
        "on": "false", "size": "7px", "price": "1.5", "label": 5, "data": "{\"a\":[1, 2]}", "odd": "7", "untyped": true,
        "undeclared": {"x": null},
    }}}]));
    let variables = changes(&config)[0].variables().unwrap();
    let value = |key: &str| {
        let variable = variables.iter().find(|variable| variable.key() == key).unwrap();
        (variable.value().to_json(), variable.raw().to_json())
    };
    assert_eq!(variables.len(), 8);
    for (key, cast, raw) in [
        ("on", json!(false), json!("false")),
        ("size", json!(7), json!("7px")),
        ("price", json!(1.5), json!("1.5")),
        ("label", json!("5"), json!(5)),
        ("data", json!({"a": [1, 2]}), json!("{\"a\":[1, 2]}")),
        ("odd", json!("7"), json!("7")),
        ("untyped", json!(true), json!(true)),
        ("undeclared", json!({"x": null}), json!({"x": null})),
    ] {
        assert_eq!(value(key), (cast, raw), "{key}");
    }
    assert!(variables.iter().all(|variable| !variable.is_cast_failure()));
}

#[test]
fn a_variable_that_cannot_be_cast_keeps_its_raw_value() {
    let config = delivering(json!([{"type": "fullStackFeature", "data": {"feature_id": 501, "variables_data": {
        "size": "many", "price": null,
    }}}]));
    for variable in changes(&config)[0].variables().unwrap() {
        assert!(variable.is_cast_failure());
        assert_eq!(variable.value(), variable.raw());
    }
}

#[test]
fn variables_data_may_be_missing_or_odd() {
    let variables = |data: Value| {
        let config = delivering(json!([{"type": "fullStackFeature", "data": data}]));
        (changes(&config)[0].variables().map(<[_]>::len), config.warning_count() - 2)
    };
    assert_eq!(variables(json!({"feature_id": 501})), (None, 0));
    assert_eq!(variables(json!({"feature_id": 501, "variables_data": null})), (None, 0));
    assert_eq!(variables(json!({"feature_id": 501, "variables_data": {}})), (Some(0), 0));
    assert_eq!(variables(json!({"feature_id": 501, "variables_data": ["x"]})), (None, 1));
}

#[test]
fn changes_of_other_types_and_without_a_feature_are_kept_and_deliver_nothing() {
    let config = delivering(json!([
        null, "x",
        {"id": 1, "type": "customCode", "data": {"js": "x()", "feature_id": 501}},
        {"type": "FullStackFeature", "data": {"feature_id": 501}},
        {"type": "fullStackFeature", "data": {"feature_id": 0, "note": "n"}},
        {"type": "fullStackFeature"},
        {"id": 2, "type": "fullStackFeature", "data": {"feature_id": 999, "variables_data": {"a": 1}, "note": "n"}},
    ]));
    let extra = |change: &Change| Some(serde_json::from_str::<Value>(change.extra()?).unwrap());
    let seen: Vec<_> = changes(&config)
        .iter()
        .map(|change| (change.id(), change.kind(), change.feature_id(), extra(change)))
        .collect();
    assert_eq!(
        seen,
        [
            ("1", "customCode", None, Some(json!({"data":{"js":"x()","feature_id":501}}))),
            ("", "FullStackFeature", None, Some(json!({"data":{"feature_id":501}}))),
            ("", "fullStackFeature", None, Some(json!({"data":{"feature_id":0,"note":"n"}}))),
            ("", "fullStackFeature", None, None),
            ("2", "fullStackFeature", Some("999"), Some(json!({"data":{"note":"n"}}))),
        ]
    );
    let undeclared = changes(&config)[4].feature().unwrap();
    assert_eq!(undeclared.declaration, None);
    assert_eq!(
        undeclared.variables.as_ref().map(|variables| variables[0].value().clone()),
        Some(VariableValue::I64(1))
    );
    assert_eq!(config.warning_count(), 2 + 4);
}

#[test]
fn carriers_are_found_whatever_the_status_or_traffic_of_the_variation() {
    let change = |feature: Value| json!([{"type": "fullStackFeature", "data": {"feature_id": feature}}]);
    let config = config(json!({
        "features": [{"id": "501", "key": "a"}, {"id": "502", "key": "b"}, {"id": "503", "key": "c"}],
        "experiences": [
            {"id": "1", "variations": [{"id": "11"}, {"id": "12", "status": "stopped", "changes": change(json!(501))}]},
            {"id": "2", "variations": [{"id": "21", "changes": [{"type": "customCode", "data": {"feature_id": 501}}]}]},
            // Skipped for its id: carries nothing, and does not shift the positions.
            {"id": "1", "variations": [{"id": "31", "changes": change(json!(502))}]},
            {"id": "4", "variations": [{"id": "41", "changes": change(json!("999"))}]},
            {"id": "5", "variations": [
                {"id": "51", "traffic_allocation": 0, "changes": change(json!("502"))},
                {"id": "52", "changes": change(json!("501"))}, {"id": "53", "changes": change(json!(501))},
                {"changes": change(json!(503))},
            ]},
        ],
    }));
    let carriers = |key: &str| config.feature(key).unwrap().carriers().to_vec();
    assert_eq!(carriers("a"), [0, 3]);
    assert_eq!(carriers("b"), [3]);
    assert_eq!(carriers("c"), [3]);
    assert_eq!(config.feature_carriers(), [0, 2, 3]);
    assert_eq!(config.experiences()[3].id(), "5");
    assert_eq!(warnings(&config).len(), 2);
}

#[test]
fn values_have_typed_readings() {
    let served = json!({"b": true, "i": -7, "u": u64::MAX, "f": 1.5, "t": "x\"", "n": null, "l": [1, {"a": "b"}]});
    let config = delivering(json!([{"type": "fullStackFeature", "data": {"feature_id": 9, "variables_data": served}}]));
    let variables = changes(&config)[0].variables().unwrap();
    let value = |key: &str| variables.iter().find(|variable| variable.key() == key).unwrap().value();
    assert_eq!(value("b").as_bool(), Some(true));
    assert_eq!((value("i").as_i64(), value("i").as_f64()), (Some(-7), Some(-7.0)));
    assert_eq!((value("u").as_i64(), value("u").as_f64()), (None, Some(u64::MAX as f64)));
    assert_eq!((value("f").as_i64(), value("f").as_f64()), (None, Some(1.5)));
    assert_eq!((value("t").as_str(), value("t").as_bool()), (Some("x\""), None));
    for variable in variables {
        let served = &served[variable.key()];
        assert_eq!(&variable.value().to_json(), served);
        assert_eq!(serde_json::from_str::<Value>(&variable.value().to_json_text()).unwrap(), *served);
        assert_eq!(serde_json::to_value(variable.value()).unwrap(), *served);
    }
}
