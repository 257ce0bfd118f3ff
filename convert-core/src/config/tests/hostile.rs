//! No text may panic, overflow the stack, or cost a good neighbour its place.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::rules;
use crate::config::{ConfigError, ProjectConfig};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "0",
            "1",
            "10",
            "101",
            "501",
            "running",
            "fullStackFeature",
            "all",
            "NaN",
            "0x1",
            "ß"
        ])
        .prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        let name = prop_oneof![
            prop::sample::select(vec![
                "id",
                "key",
                "name",
                "account_id",
                "project",
                "error",
                "experiences",
                "variations",
                "changes",
                "type",
                "data",
                "feature_id",
                "variables_data",
                "features",
                "variables",
                "goals",
                "audiences",
                "segments",
                "locations",
                "rules",
                "site_area",
                "settings",
                "matching_options",
                "version",
                "environment",
                "status",
                "traffic_allocation",
                "archived_experiences",
                "OR",
                "AND",
                "OR_WHEN",
                "matching",
                "match_type",
                "negated",
                "value",
            ])
            .prop_map(String::from),
            ".{0,4}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn good_config() -> Value {
    json!({
        "account_id": "1", "project": {"id": "2", "name": "p"},
        "audiences": [{"id": "501", "key": "a", "type": "permanent", "rules": rules("country", "US")}],
        "segments": [{"id": "502", "key": "s", "rules": rules("plan", "gold")}],
        "locations": [{"id": "503", "key": "l", "rules": rules("url", "/a")}],
        "goals": [{"id": "504", "key": "g", "type": "revenue", "rules": null}],
        "features": [{"id": "505", "key": "f", "variables": [{"key": "v", "type": "integer"}, {"key": "w", "type": "json"}]}],
        "archived_experiences": ["999"],
        "experiences": [
            {"id": "10", "key": "e", "name": "E", "version": 11, "environment": null, "audiences": ["501", "502"],
             "locations": ["503"], "site_area": null, "settings": {"matching_options": {"audiences": "all"}},
             "variations": [
                {"id": "101", "key": "a", "status": "running", "traffic_allocation": 50.0, "changes": []},
                {"id": "102", "key": "b", "traffic_allocation": 50, "is_baseline": false, "changes": [
                    {"id": 7, "type": "fullStackFeature", "data": {"feature_id": 505, "variables_data": {"v": "12", "w": "{}"}}}]},
             ]},
            {"id": "20", "key": "later", "version": "12", "site_area": rules("url", "/b"), "variations": [{"id": "201"}]},
        ],
    })
}

/// Pointers to every value inside a document.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Array(items) => items.iter().enumerate().map(|(i, item)| (i.to_string(), item)).collect(),
        Value::Object(members) => members.iter().map(|(name, item)| (name.clone(), item)).collect(),
        _ => return,
    };
    for (name, item) in inner {
        let at = format!("{at}/{name}");
        pointers(item, &at, all);
        all.push(at);
    }
}

/// Uses everything that was read, so that nothing waits to panic.
fn exercise(config: &ProjectConfig) {
    for experience in config.experiences() {
        assert!(!experience.id().is_empty());
        assert!(config.experience_by_id(experience.id()).is_some_and(|found| std::ptr::eq(found, experience)));
        assert!(experience.key().is_empty() || config.experience(experience.key()).is_some());
        for value in [0, 1, 4999, 5000, 9999, 10_000, u32::MAX] {
            if let Some(position) = experience.layout.select(value) {
                assert!(experience.variation_at(position).is_some());
            }
        }
        for position in experience.audiences.iter() {
            assert!(config.audiences.at(*position).is_some());
        }
        for change in experience.variations().iter().flat_map(|variation| variation.changes()) {
            for variable in change.variables().unwrap_or_default() {
                let _ = (variable.value().to_json(), variable.raw().to_json_text());
            }
        }
    }
    for position in config.feature_carriers() {
        assert!(config.experiences.at(*position).is_some());
    }
}

proptest! {
    #[test]
    fn any_json_is_a_config_or_an_error(value in any_json()) {
        if let Ok(config) = ProjectConfig::parse(value.to_string()) {
            exercise(&config);
        }
    }

    #[test]
    fn any_members_beside_the_required_ones_are_a_config(
        lists in prop::collection::hash_map(prop::sample::select(vec![
            "experiences", "features", "goals", "audiences", "segments", "locations", "archived_experiences",
        ]), any_json(), 0..7),
    ) {
        let mut root = json!({"account_id": "1", "project": {"id": "2"}});
        for (name, value) in lists {
            root[name] = value;
        }
        exercise(&ProjectConfig::parse(root.to_string()).unwrap());
    }

    #[test]
    fn a_config_with_one_value_replaced_loads_or_says_why(which in any::<prop::sample::Index>(), by in any_json()) {
        let mut root = good_config();
        let mut all = Vec::new();
        pointers(&root, "", &mut all);
        let at = which.get(&all);
        *root.pointer_mut(at).unwrap() = by;
        match ProjectConfig::parse(root.to_string()) {
            Ok(config) => {
                exercise(&config);
                // What is odd in one experience does not reach the other.
                if at.starts_with("/experiences/0/variations/") {
                    prop_assert!(config.experience("later").is_some());
                }
            }
            Err(error) => {
                prop_assert!(at.starts_with("/account_id") || at.starts_with("/project"), "{at}: {error}");
            }
        }
    }

    #[test]
    fn any_bytes_are_an_error_or_a_config(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = ProjectConfig::parse(bytes);
    }

    #[test]
    fn a_config_with_one_byte_changed_does_not_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = good_config().to_string().into_bytes();
        *at.get_mut(&mut bytes) = byte;
        if let Ok(config) = ProjectConfig::parse(bytes) {
            exercise(&config);
        }
    }
}

#[test]
fn every_prefix_of_a_config_is_an_error() {
    let text = good_config().to_string();
    for end in 0..text.len() {
        assert!(ProjectConfig::parse(&text.as_bytes()[..end]).is_err());
    }
    let config = ProjectConfig::parse(&text).unwrap();
    assert_eq!(config.warning_count(), 0);
    exercise(&config);
}

#[test]
fn deep_nesting_costs_no_more_than_the_entity_it_stands_in() {
    for depth in [200, 20_000] {
        let deep = |open: &str, close: &str| format!("{}0{}", open.repeat(depth), close.repeat(depth));
        for deep in [deep("[", "]"), deep("{\"OR\":[", "]}"), deep("{\"a\":", "}")] {
            let parse = |members: &str| {
                ProjectConfig::parse(format!(
                    r#"{{"account_id":"1","project":{{"id":"2","settings":{deep}}},{members}}}"#
                ))
            };
            assert_eq!(parse(&format!(r#""unknown":{deep}"#)).unwrap().warning_count(), 0);
            assert_eq!(parse(&format!(r#""experiences":{deep}"#)).unwrap().warning_count(), 1);
            let entity = parse(&format!(r#""goals":[{{"id":"1","rules":{deep}}},{{"id":"2"}}]"#)).unwrap();
            assert_eq!((entity.goals().len(), entity.warning_count()), (1, 1));
            assert_eq!(parse(&format!(r#""error":{deep}"#)).unwrap_err(), ConfigError::TooDeep);
            assert_eq!(parse(&format!(r#""account_id":{deep}"#)).unwrap_err(), ConfigError::TooDeep);
            assert_eq!(parse(&format!(r#""project":{deep}"#)).unwrap_err(), ConfigError::MissingProjectId);
        }
    }
    // A text that says it is JSON, as a variable may be, has a limit of its own.
    let inner = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let mut root = good_config();
    root["experiences"][0]["variations"][1]["changes"][0]["data"]["variables_data"]["w"] = json!(inner);
    exercise(&ProjectConfig::parse(root.to_string()).unwrap());
}

#[test]
fn what_only_javascript_can_read_costs_no_more_than_the_entity_it_stands_in() {
    // Half of a surrogate pair, and a number beyond the range of a double.
    for odd in [r#""\ud800""#, "1e999"] {
        let text = format!(
            r#"{{"account_id":"1","project":{{"id":"2","name":{odd}}},"is_debug":{odd},
                "goals":[{{"id":"1","name":{odd}}},{{"id":"2"}}],"archived_experiences":[{odd}]}}"#
        );
        let config = ProjectConfig::parse(text).unwrap();
        assert!(config.goal_by_id("2").is_some());
    }
}

#[test]
fn warnings_are_kept_up_to_a_thousand_and_counted() {
    let goals = vec![Value::Null; 5000];
    let config = super::config(json!({ "goals": goals }));
    assert_eq!(config.warnings().len(), 1000);
    assert_eq!(config.warning_count(), 5000);
}

/// Lists of siblings are read in time that grows with their length: with its square, this test would take minutes.
#[test]
fn a_hundred_thousand_siblings_are_read_in_one_go() {
    const MANY: usize = 100_000;
    let variations: Vec<Value> =
        (0..MANY).map(|i| json!({"id": format!("v{i}"), "key": "v", "traffic_allocation": 0.001})).collect();
    let declared: Vec<Value> = (0..MANY).map(|i| json!({"key": format!("k{i}"), "type": "integer"})).collect();
    let values: serde_json::Map<String, Value> = (0..MANY).map(|i| (format!("k{i}"), json!(i.to_string()))).collect();
    let change = json!({"type": "fullStackFeature", "data": {"feature_id": "1", "variables_data": values}});
    let config = super::config(json!({
        "features": [{"id": "1", "key": "f", "variables": declared}],
        "experiences": [
            {"id": "10", "key": "packed", "variations": variations},
            {"id": "20", "key": "anchored", "version": 12, "variations": variations},
            {"id": "30", "key": "carrier", "variations": [{"id": "301", "changes": [change]}]},
        ],
    }));
    assert_eq!(config.warning_count(), 0, "{:?}", config.warnings().first());
    for key in ["packed", "anchored"] {
        assert_eq!(config.experience(key).unwrap().variations().len(), MANY);
    }
    // The sum of as many shares of a thousandth is a hundred percent; each takes 0.1 of the bucket values.
    let selected = config.experience("packed").unwrap().layout.select(5000).unwrap();
    assert!((49_999..=50_001).contains(&selected), "{selected}");
    let variables = config.experience("carrier").unwrap().variations()[0].changes()[0].variables().unwrap();
    assert_eq!(variables.len(), MANY);
    let last = variables.iter().find(|variable| variable.key() == "k99999").unwrap();
    assert_eq!(last.value().as_i64(), Some(99_999));
}
