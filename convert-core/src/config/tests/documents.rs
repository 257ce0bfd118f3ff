//! What is no config, and what is one although it looks odd.

use serde_json::json;

use super::{config, warnings};
use crate::config::{ConfigError, EntityKind, ProjectConfig};

fn error(text: impl AsRef<[u8]>) -> ConfigError {
    ProjectConfig::parse(text).unwrap_err()
}

#[test]
fn a_text_that_is_no_config_is_a_typed_error() {
    assert_eq!(error(""), ConfigError::Empty);
    assert_eq!(error(" \n\t "), ConfigError::Empty);
    assert_eq!(error("\u{feff}"), ConfigError::Empty);
    assert_eq!(error(r#"{"account_id":"1","project":{"id":"#), ConfigError::Truncated);
    assert!(matches!(error("<html>"), ConfigError::NotJson { .. }));
    assert!(matches!(error(b"{\"account_id\":\"\xff\"}"), ConfigError::NotJson { .. }));
    assert!(matches!(error("{} {}"), ConfigError::NotJson { .. }));
    assert_eq!(error("[".repeat(100_000)), ConfigError::TooDeep);
    assert_eq!(
        error(vec![b' '; 64 * 1024 * 1024 + 1]),
        ConfigError::TooLarge { bytes: 64 * 1024 * 1024 + 1, limit: 64 * 1024 * 1024 }
    );
    for (text, found) in
        [("null", "null"), ("true", "a boolean"), ("1.5", "a number"), ("\"x\"", "a text"), ("[]", "a list")]
    {
        assert_eq!(error(text), ConfigError::NotAnObject { found });
    }
}

#[test]
fn account_and_project_are_needed() {
    for account in [json!(null), json!(""), json!(0), json!([]), json!(true)] {
        let root = json!({"account_id": account, "project": {"id": "2"}});
        assert_eq!(error(root.to_string()), ConfigError::MissingAccountId);
    }
    for project in [json!(null), json!("2"), json!([]), json!({}), json!({"id": null}), json!({"id": ""})] {
        let root = json!({"account_id": "1", "project": project});
        assert_eq!(error(root.to_string()), ConfigError::MissingProjectId);
    }
    let numeric = ProjectConfig::parse(r#"{"account_id":100123,"project":{"id":200456}}"#).unwrap();
    assert_eq!((numeric.account_id(), numeric.project_id()), ("100123", "200456"));
}

#[test]
fn an_error_payload_is_an_error_with_its_message() {
    assert_eq!(
        error(r#"{"error":{"message":"no such key","code":404}}"#),
        ConfigError::ErrorPayload { message: "no such key".into() }
    );
    assert_eq!(error(r#"{"error":{"code":404}}"#), ConfigError::ErrorPayload { message: r#"{"code":404}"#.into() });
    // With an error in it, nothing else in the document counts.
    let both = json!({"account_id": "1", "project": {"id": "2"}, "error": "x".repeat(1000)});
    assert_eq!(error(both.to_string()), ConfigError::ErrorPayload { message: "x".repeat(300) });
    for none in [json!(null), json!(false), json!(""), json!(0)] {
        assert_eq!(config(json!({"error": none})).project_id(), "2");
    }
}

#[test]
fn errors_read_as_sentences_that_say_what_to_do() {
    for error in [
        ConfigError::Empty,
        ConfigError::TooLarge { bytes: 2, limit: 1 },
        ConfigError::Truncated,
        ConfigError::NotJson { reason: "x".into() },
        ConfigError::TooDeep,
        ConfigError::NotAnObject { found: "a list" },
        ConfigError::MissingAccountId,
        ConfigError::MissingProjectId,
        ConfigError::ErrorPayload { message: "x".into() },
    ] {
        let text = error.to_string();
        assert!(text.starts_with("the config "), "{text}");
        assert!(["pass", "check", "fetch"].iter().any(|advice| text.contains(advice)), "{text}");
    }
}

#[test]
fn a_byte_order_mark_is_skipped() {
    assert!(ProjectConfig::parse("\u{feff}{\"account_id\":1,\"project\":{\"id\":2}}").is_ok());
}

#[test]
fn lists_may_be_missing_null_or_wrong() {
    for list in [json!(null), json!({}), json!("x"), json!(7)] {
        let is_odd = !list.is_null();
        let config = config(json!({
            "experiences": list, "features": list, "goals": list, "audiences": list, "segments": list,
            "locations": list, "archived_experiences": list,
        }));
        assert!(config.experiences().is_empty() && config.goals().is_empty());
        assert_eq!(config.warning_count(), if is_odd { 7 } else { 0 });
    }
    assert_eq!(config(json!({})).warning_count(), 0);
}

#[test]
fn a_bad_entity_is_skipped_alone() {
    let config = config(json!({"goals": [
        null, 7, "x", [], {}, {"id": null, "key": "a"}, {"id": "", "key": "b"}, {"id": 0}, {"id": "10", "key": "good"},
    ]}));
    assert_eq!(config.goals().len(), 1);
    assert_eq!(config.goal("good").unwrap().id(), "10");
    assert_eq!(config.warning_count(), 8);
    assert_eq!(
        warnings(&config)[0],
        "config: `goals[0]` has no usable id (a non-empty text or a number) and is skipped"
    );
}

#[test]
fn a_later_entity_with_a_known_id_or_key_is_skipped() {
    let config = config(json!({"goals": [
        {"id": "1", "key": "a", "name": "first"},
        {"id": 1, "key": "b"},
        {"id": "2", "key": "a"},
        // Its id and key were only those of entities that are not there.
        {"id": "2", "key": "b"},
        {"id": "3"}, {"id": "4", "key": null},
    ]}));
    let ids: Vec<&str> = config.goals().iter().map(|goal| goal.id()).collect();
    assert_eq!(ids, ["1", "2", "3", "4"]);
    assert_eq!(config.goal("a").unwrap().name(), "first");
    assert_eq!(config.goal("b").unwrap().id(), "2");
    assert_eq!(
        warnings(&config),
        [
            "goal 1: an earlier goal has the same id; this one, with key `b`, is skipped",
            "goal 2: an earlier goal has the same key; this one, with key `a`, is skipped",
        ]
    );
}

#[test]
fn entities_are_found_by_kind() {
    let entity = |id: &str| json!([{"id": id, "key": format!("key-{id}"), "name": format!("name {id}")}]);
    let config = config(json!({
        "features": entity("1"), "goals": entity("2"), "audiences": entity("3"), "segments": entity("4"),
        "locations": entity("5"),
        "experiences": [{"id": "6", "key": "key-6", "name": "name 6", "variations": entity("7")}],
    }));
    for (kind, id) in [
        (EntityKind::Feature, "1"),
        (EntityKind::Goal, "2"),
        (EntityKind::Audience, "3"),
        (EntityKind::Segment, "4"),
        (EntityKind::Location, "5"),
        (EntityKind::Experience, "6"),
        (EntityKind::Variation, "7"),
    ] {
        let key = format!("key-{id}");
        for entity in [config.entity(kind, &key).unwrap(), config.entity_by_id(kind, id).unwrap()] {
            assert_eq!((entity.id(), entity.key(), entity.name()), (id, key.as_str(), format!("name {id}").as_str()));
        }
        assert!(config.entity(kind, id).is_none());
        assert!(config.entity_by_id(kind, &key).is_none());
        assert!(config.entity(kind, "").is_none());
    }
}

#[test]
fn debug_shows_counts_and_not_the_config() {
    let config = config(json!({"goals": [{"id": "900", "key": "purchase"}]}));
    let debug = format!("{config:?}");
    assert!(debug.contains("goals: 1") && !debug.contains("purchase"), "{debug}");
}
