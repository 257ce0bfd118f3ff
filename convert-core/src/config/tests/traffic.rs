//! Which variation a visitor gets, against the official SDK.

use serde_json::{Value, json};

use super::{config, warnings};
use crate::config::ProjectConfig;
use crate::eval::bucketing::{BucketingOptions, bucket_value};
use crate::vectors::vectors;

fn experiment(version: Option<&Value>, variations: &Value) -> ProjectConfig {
    let mut experience = json!({"id": "301", "key": "e", "variations": variations});
    if let Some(version) = version {
        experience["version"] = version.clone();
    }
    config(json!({"experiences": [experience]}))
}

fn selected(config: &ProjectConfig, value: u32) -> Option<&str> {
    let experience = config.experience("e").unwrap();
    let position = experience.layout.select(value)?;
    Some(experience.variation_at(position).unwrap().id())
}

#[test]
fn visitors_get_the_value_and_the_variation_of_the_official_sdk() {
    let Some(text) = vectors("bucketing_extra.json") else { return };
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(cases.len(), 138);
    let mut decisions = 0;
    for case in &cases {
        let version = (!case["version_missing"].as_bool().unwrap()).then_some(&case["version"]);
        let config = experiment(version, &case["variations"]);
        for (visitor, expected) in case["expected"].as_object().unwrap() {
            let value = bucket_value("301", visitor, &BucketingOptions::new());
            assert_eq!(
                json!([value, selected(&config, value)]),
                *expected,
                "{} {} {visitor}",
                case["name"],
                case["version"]
            );
            decisions += 1;
        }
    }
    assert_eq!(decisions, 138 * 40);
}

#[test]
fn what_is_no_number_takes_100_percent_with_a_warning() {
    for odd in [
        json!(null),
        json!(""),
        json!("  "),
        json!(true),
        json!(false),
        json!("abc"),
        json!("Infinity"),
        json!([50]),
        json!({}),
    ] {
        for version in [json!(11), json!(12)] {
            let config = experiment(Some(&version), &json!([{"id": "A", "traffic_allocation": odd}, {"id": "B"}]));
            assert_eq!(config.experience("e").unwrap().variations()[0].traffic_allocation(), 100.0);
            assert_eq!(
                warnings(&config),
                ["experience 301: `traffic_allocation` of variation A is not a number and is read as 100"]
            );
            assert_eq!(selected(&config, 0), Some("A"));
            // Packed, A has the whole range. Anchored, B's range starts in the middle, but A's comes first.
            assert_eq!(selected(&config, 9999), Some("A"));
        }
    }
}

#[test]
fn a_missing_allocation_is_100_percent_and_a_numeric_text_its_number() {
    let config = experiment(None, &json!([{"id": "A", "traffic_allocation": " 12.5 "}, {"id": "B"}]));
    assert_eq!(config.warning_count(), 0);
    assert_eq!((selected(&config, 1249), selected(&config, 1250)), (Some("A"), Some("B")));
}

#[test]
fn only_running_variations_with_traffic_take_visitors() {
    for status in [json!("stopped"), json!("Running"), json!("RUNNING"), json!(" running"), json!(1), json!({})] {
        let config = experiment(None, &json!([{"id": "A", "status": status}, {"id": "B", "traffic_allocation": 10}]));
        assert_eq!(selected(&config, 0), Some("B"), "{status}");
        assert_eq!(selected(&config, 1000), None);
    }
    for status in [json!("running"), json!(""), json!(null), json!(0), json!(false)] {
        let config = experiment(None, &json!([{"id": "A", "status": status}]));
        assert_eq!(selected(&config, 9999), Some("A"), "{status}");
    }
    for allocation in [json!(0), json!("0"), json!(-5), json!("-0.1")] {
        let config = experiment(
            None,
            &json!([{"id": "A", "traffic_allocation": allocation}, {"id": "B", "traffic_allocation": 10}]),
        );
        assert_eq!(selected(&config, 0), Some("B"), "{allocation}");
    }
}

#[test]
fn the_returned_variation_is_the_first_with_the_id() {
    // The stopped first A takes no traffic; the running second A does, and stands for the first.
    let config = experiment(
        None,
        &json!([
            {"id": "A", "key": "first", "status": "stopped"}, {"id": "B", "traffic_allocation": 10},
            {"id": "A", "key": "second", "traffic_allocation": 20},
        ]),
    );
    let experience = config.experience("e").unwrap();
    assert_eq!(experience.variations().len(), 2);
    assert_eq!((selected(&config, 0), selected(&config, 1000)), (Some("B"), Some("A")));
    assert_eq!(experience.variation_by_id("A").unwrap().key(), "first");
}
