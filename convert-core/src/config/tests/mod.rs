mod attributes_of_experiences;
mod documents;
mod features;
mod hostile;
mod traffic;

use serde_json::{Value, json};

use super::ProjectConfig;

/// A config with these members beside the required ones.
fn config(members: Value) -> ProjectConfig {
    let mut root = json!({"account_id": "1", "project": {"id": "2"}});
    root.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    ProjectConfig::parse(root.to_string()).unwrap()
}

fn warnings(config: &ProjectConfig) -> Vec<String> {
    config.warnings().iter().map(ToString::to_string).collect()
}

/// A rule tree of one rule.
fn rules(key: &str, value: &str) -> Value {
    json!({"OR": [{"AND": [{"OR_WHEN": [{
        "rule_type": "generic_text_key_value", "matching": {"match_type": "matches", "negated": false},
        "key": key, "value": value,
    }]}]}]})
}
