//! Where, when and for whom an experience is.

use serde_json::{Value, json};

use super::{config, rules, warnings};
use crate::config::layout::Layout;
use crate::config::{AudienceMode, Experience, LocationGate, ProjectConfig};

/// A config with one experience of id 10 and these members, amid audiences 1 to 3, segments 11 and 12, locations 21 and 22.
fn with_experience(members: Value) -> ProjectConfig {
    let mut experience = json!({"id": "10", "key": "e", "variations": [{"id": "101"}]});
    experience.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    config(json!({
        "audiences": [{"id": "1", "rules": rules("a", "b")}, {"id": 2, "type": "permanent"}, {"id": "3", "type": "transient"}],
        "segments": [{"id": "11"}, {"id": "12"}],
        "locations": [{"id": "21"}, {"id": 22}],
        "archived_experiences": ["9", 11],
        "experiences": [experience],
    }))
}

fn only(config: &ProjectConfig) -> &Experience {
    config.experience("e").unwrap()
}

#[test]
fn the_environment_is_a_text_or_none() {
    for open in [json!(null), json!(""), json!(false), json!(0)] {
        assert_eq!(only(&with_experience(json!({"environment": open}))).environment(), None);
    }
    assert_eq!(only(&with_experience(json!({"environments": ["live"]}))).environment(), None);
    assert_eq!(only(&with_experience(json!({"environment": "live"}))).environment(), Some("live"));
    // JavaScript compares strictly with a text: anything else is never equal, so the experience never runs.
    for never in [json!(["live"]), json!(5), json!(true)] {
        let config = with_experience(json!({"environment": never}));
        assert!(config.experience("e").is_none());
        assert_eq!(config.warning_count(), 1);
    }
}

#[test]
fn archived_ids_compare_as_text() {
    let archived = |archived: Value| {
        let config = config(json!({
            "archived_experiences": archived,
            "experiences": [{"id": "10", "key": "e"}, {"id": 20, "key": "f"}],
        }));
        config.experiences().iter().map(Experience::is_archived).collect::<Vec<_>>()
    };
    assert_eq!(archived(json!(["10"])), [true, false]);
    assert_eq!(archived(json!([10, "20", null, {}])), [true, true]);
    assert_eq!(archived(json!([])), [false, false]);
}

#[test]
fn audiences_and_segments_are_told_apart_in_config_order() {
    let config = with_experience(json!({"audiences": ["12", 3, "1", "3", "11", null, {}]}));
    let experience = only(&config);
    assert_eq!(&*experience.audiences, [0, 2]);
    assert_eq!(&*experience.segments, [0, 1]);
    assert_eq!(config.warning_count(), 0);
    let permanent: Vec<bool> = config.audiences().iter().map(|audience| audience.is_permanent()).collect();
    assert_eq!(permanent, [false, true, false]);
}

#[test]
fn unknown_audiences_are_ignored_with_a_warning() {
    let config = with_experience(json!({"audiences": ["1", "404", 405]}));
    assert_eq!(&*only(&config).audiences, [0]);
    assert_eq!(warnings(&config), ["experience 10: audiences 404, 405 are not in the config and are ignored"]);
    let open = with_experience(json!({"audiences": ["404"]}));
    assert!(only(&open).audiences.is_empty());
    assert_eq!(
        warnings(&open),
        ["experience 10: audiences 404 are not in the config and are ignored; the experience is open to every visitor"]
    );
}

#[test]
fn audiences_combine_as_any_unless_all_is_asked_for() {
    let mode = |settings: Value| only(&with_experience(json!({"settings": settings}))).audience_mode;
    assert_eq!(mode(json!({"matching_options": {"audiences": "all"}})), AudienceMode::All);
    for any in [
        json!(null),
        json!([]),
        json!({}),
        json!({"matching_options": null}),
        json!({"matching_options": {}}),
        json!({"matching_options": {"audiences": "ALL"}}),
        json!({"matching_options": {"audiences": "any", "locations": "all"}}),
    ] {
        assert_eq!(mode(any), AudienceMode::Any);
    }
}

#[test]
fn locations_come_before_the_site_area() {
    let gate = |members: Value| format!("{:?}", only(&with_experience(members)).location_gate);
    assert_eq!(gate(json!({"locations": ["22", "21", 21]})), "Locations([0, 1])");
    assert_eq!(gate(json!({"locations": ["22", "404"], "site_area": rules("a", "b")})), "Locations([1])");
    for none in [json!([]), json!(null)] {
        assert_eq!(gate(json!({"locations": none})), "Unrestricted");
        assert_eq!(gate(json!({"locations": none, "site_area": null})), "Unrestricted");
        assert!(gate(json!({"locations": none, "site_area": rules("a", "b")})).starts_with("SiteArea"));
    }
    // Empty rules are rules; they never match.
    assert!(gate(json!({"site_area": {}})).starts_with("SiteArea"));
}

#[test]
fn an_experience_whose_locations_are_all_unknown_runs_nowhere() {
    let config = with_experience(json!({"locations": ["404"]}));
    assert!(matches!(&only(&config).location_gate, LocationGate::Locations(none) if none.is_empty()));
    assert_eq!(
        warnings(&config),
        ["experience 10: none of its locations is in the config; the experience runs nowhere"]
    );
}

#[test]
fn rules_are_compiled_where_there_are_any() {
    let config = with_experience(json!({}));
    let has_rules: Vec<bool> = config.audiences().iter().map(|audience| audience.rules.is_some()).collect();
    assert_eq!(has_rules, [true, false, false]);
}

#[test]
fn the_layout_is_anchored_above_version_11() {
    let anchored = |version: Value| {
        let config = with_experience(json!({"version": version}));
        let anchored = matches!(only(&config).layout, Layout::Anchored(_));
        assert_eq!(config.has_anchored_layout(), anchored);
        anchored
    };
    for above in [json!(12), json!(11.5), json!("12"), json!("12 "), json!("0x0c"), json!([12]), json!("Infinity")] {
        assert!(anchored(above.clone()), "{above}");
    }
    for not in [
        json!(11),
        json!("11"),
        json!(null),
        json!(true),
        json!(""),
        json!("abc"),
        json!("12px"),
        json!({}),
        json!([12, 13]),
    ] {
        assert!(!anchored(not.clone()), "{not}");
    }
    assert!(!with_experience(json!({})).has_anchored_layout());
}

#[test]
fn variations_keep_what_is_served() {
    let config = with_experience(json!({"variations": [
        {"id": 101, "key": "original", "name": null, "status": "running", "traffic_allocation": 33.3,
         "is_baseline": true, "nested": {"a": [1]}},
        {"id": "102", "status": "stopped", "traffic_allocation": "25"},
        {"id": "", "key": "no-id"}, {"key": "no-id"}, null,
        {"id": "101", "key": "again"},
    ]}));
    let experience = only(&config);
    assert_eq!(experience.variations().len(), 2);
    let first = experience.variation_by_id("101").unwrap();
    assert_eq!(
        (first.key(), first.name(), first.status(), first.traffic_allocation()),
        ("original", "", "running", 33.3)
    );
    assert_eq!(first.extra(), Some(r#"{"is_baseline":true,"nested":{"a":[1]}}"#));
    let second = experience.variation_by_id("102").unwrap();
    assert_eq!(
        (second.key(), second.status(), second.traffic_allocation(), second.extra()),
        ("", "stopped", 25.0, None)
    );
    assert_eq!(experience.variation_position("102"), Some(1));
    assert_eq!(experience.variation_at(1).map(|variation| variation.id()), Some("102"));
    assert!(experience.variation("again").is_none());
    assert!(experience.variation_by_id("").is_none());
    assert_eq!(config.warning_count(), 4);
}

#[test]
fn an_experience_may_have_no_variations() {
    for none in [json!([]), json!(null), json!("x")] {
        let config = with_experience(json!({"variations": none}));
        assert!(only(&config).variations().is_empty());
        assert_eq!(only(&config).layout.select(0), None);
    }
}
