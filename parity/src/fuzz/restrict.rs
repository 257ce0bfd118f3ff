//! Takes out of a scenario what an oracle does not have.
//!
//! An oracle names what it lacks; each name has one rewrite here, which leaves the rest of the scenario as it is. So a
//! difference that remains is one to explain.

use serde_json::{Map, Value, json};

/// Rewrites `scenario` for an oracle that lacks the named parts. Whether anything had to be rewritten.
pub(super) fn restrict(scenario: &mut Value, lacks: &[String]) -> bool {
    if lacks.is_empty() {
        return false;
    }
    let before = scenario.clone();
    for lack in lacks {
        match lack.as_str() {
            "anchored" => for_each(scenario, "/config/experiences", drop_anchored_version),
            "exclusion" => walk(scenario, &mut plain_leaf_for_exclusion),
            "existence" => walk(scenario, &mut plain_match_for_existence),
            "preview" => drop_previews(scenario),
            // What is left are call options, by their names.
            option => for_each(scenario, "/steps", |step| {
                step.remove(option);
            }),
        }
    }
    *scenario != before
}

fn for_each(scenario: &mut Value, list: &str, mut change: impl FnMut(&mut Map<String, Value>)) {
    let items = scenario.pointer_mut(list).and_then(Value::as_array_mut);
    items.into_iter().flatten().filter_map(Value::as_object_mut).for_each(&mut change);
}

fn walk(value: &mut Value, change: &mut dyn FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, change)),
        Value::Object(members) => {
            change(members);
            members.values_mut().for_each(|member| walk(member, change));
        }
        _ => {}
    }
}

/// The packed layout serves every version up to 11.
fn drop_anchored_version(experience: &mut Map<String, Value>) {
    let number = match experience.get("version") {
        Some(Value::Number(version)) => version.as_f64(),
        Some(Value::String(version)) => version.parse().ok(),
        _ => None,
    };
    if number.is_some_and(|version| version > 11.0) {
        experience.remove("version");
    }
}

fn plain_leaf_for_exclusion(leaf: &mut Map<String, Value>) {
    if leaf.get("rule_type").is_some_and(|kind| kind == "bucketed_into_experience_key") {
        leaf.insert("rule_type".to_owned(), json!("generic_text_key_value"));
        leaf.insert("key".to_owned(), json!("plan"));
    }
}

fn plain_match_for_existence(leaf: &mut Map<String, Value>) {
    let Some(matching) = leaf.get_mut("matching").and_then(Value::as_object_mut) else { return };
    let kind = matching.get("match_type").and_then(Value::as_str);
    if kind.is_some_and(|kind| ["exists", "not_exists", "doesNotExist"].contains(&kind)) {
        matching.insert("match_type".to_owned(), json!("contains"));
        leaf.entry("value").or_insert_with(|| json!("US"));
    }
}

fn drop_previews(scenario: &mut Value) {
    if let Some(steps) = scenario.get_mut("steps").and_then(Value::as_array_mut) {
        steps.retain(|step| step.get("op").is_none_or(|op| op != "set_preview"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restricted(mut scenario: Value, lack: &str) -> Value {
        assert!(restrict(&mut scenario, &[lack.to_owned()]), "{lack} changes the scenario");
        assert!(!restrict(&mut scenario, &[lack.to_owned()]), "{lack} leaves nothing to change");
        scenario
    }

    #[test]
    fn a_scenario_that_needs_nothing_special_stays() {
        let scenario = json!({"config": {"experiences": [{"version": 11}]}, "steps": [{"op": "flush"}]});
        let mut same = scenario.clone();
        let lacks = ["anchored", "exclusion", "existence", "preview", "enable_storage"].map(str::to_owned);
        assert!(!restrict(&mut same, &lacks));
        assert_eq!(same, scenario);
    }

    #[test]
    fn versions_over_eleven_go() {
        let scenario = json!({"config": {"experiences": [{"version": 12}, {"version": "12"}, {"version": "11"}]}});
        let versions = json!({"config": {"experiences": [{}, {}, {"version": "11"}]}});
        assert_eq!(restricted(scenario, "anchored"), versions);
    }

    #[test]
    fn special_leaves_become_plain_ones() {
        let leaf = json!({"rule_type": "bucketed_into_experience_key", "matching": {}, "value": "e"});
        let plain = json!({"rule_type": "generic_text_key_value", "matching": {}, "key": "plan", "value": "e"});
        assert_eq!(restricted(json!([{"OR": [leaf]}]), "exclusion"), json!([{"OR": [plain]}]));
        let leaf = json!({"matching": {"match_type": "exists", "negated": true}, "key": "plan"});
        let plain = json!({"matching": {"match_type": "contains", "negated": true}, "key": "plan", "value": "US"});
        assert_eq!(restricted(leaf, "existence"), plain);
    }

    #[test]
    fn steps_and_options_go() {
        let steps = json!({"steps": [{"op": "set_preview"}, {"op": "run_experiences", "enable_storage": false}]});
        let without = json!({"steps": [{"op": "run_experiences", "enable_storage": false}]});
        assert_eq!(restricted(steps, "preview"), without);
        assert_eq!(restricted(without, "enable_storage"), json!({"steps": [{"op": "run_experiences"}]}));
    }
}
