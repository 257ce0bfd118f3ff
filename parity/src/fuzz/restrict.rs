//! Takes out of a scenario what an oracle does not have, or does differently on record.
//!
//! An oracle names these parts; each name has one rewrite here, which leaves the rest of the scenario as it is. So a
//! difference that remains is one to explain.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::fault::Fault;

/// Rewrites `scenario` for an oracle without the named parts. Whether anything had to be rewritten.
///
/// # Errors
/// [`Fault::Broken`] where no rewrite has that name.
pub(crate) fn restrict(scenario: &mut Value, parts: &[String]) -> Result<bool, Fault> {
    let before = scenario.clone();
    for part in parts {
        match part.as_str() {
            "anchored" => for_each(scenario, "/config/experiences", drop_anchored_version),
            "exclusion" => walk(scenario, &mut plain_leaf_for_exclusion),
            "existence" => walk(scenario, &mut plain_match_for_existence),
            "list-over-object" => text_for_objects_that_meet_lists(scenario),
            "preview" => drop_previews(scenario),
            "object-order" => for_each(scenario, "/config/experiences", sort_as_object_members),
            "rules-beyond-text" => {
                walk(scenario, &mut textual_leaf);
                for_each(scenario, "/steps", textual_attributes);
            }
            "visitor-hash" => drop_option(scenario, "exclude_experience_id_hash"),
            "enable_storage" | "enable_tracking" => for_each(scenario, "/steps", |step| {
                step.remove(part);
            }),
            _ => return Err(Fault::Broken(format!("the oracle is without {part}, which is not known here"))),
        }
    }
    Ok(*scenario != before)
}

fn drop_option(scenario: &mut Value, name: &str) {
    if let Some(options) = scenario.get_mut("options").and_then(Value::as_object_mut) {
        options.remove(name);
    }
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

/// JavaScript walks an object's members that are array indexes first, by number.
fn sort_as_object_members(experience: &mut Map<String, Value>) {
    if let Some(variations) = experience.get_mut("variations").and_then(Value::as_array_mut) {
        variations.sort_by_key(|variation| {
            let id = variation.get("id").and_then(Value::as_str).unwrap_or_default();
            let index = id.parse::<u32>().ok().filter(|index| *index < u32::MAX && index.to_string() == id);
            index.map_or((true, 0), |index| (false, index))
        });
    }
}

fn textual_leaf(leaf: &mut Map<String, Value>) {
    let Some(matching) = leaf.get_mut("matching").and_then(Value::as_object_mut) else { return };
    matching.entry("negated").or_insert(Value::Bool(false));
    let kind = matching.get("match_type").and_then(Value::as_str);
    if !kind.is_some_and(|kind| ["matches", "equals", "contains", "startsWith", "endsWith"].contains(&kind)) {
        matching.insert("match_type".to_owned(), json!("contains"));
    }
    if !leaf.get("value").is_some_and(Value::is_string) {
        leaf.insert("value".to_owned(), json!("US"));
    }
}

fn textual_attributes(step: &mut Map<String, Value>) {
    let attributes = step.get_mut("attributes").and_then(Value::as_object_mut);
    for value in attributes.into_iter().flat_map(Map::values_mut).filter(|value| !value.is_string()) {
        *value = json!("US");
    }
}

/// Attributes of the context itself, and of a call: the latter are merged over the former.
const CONTEXT: [&str; 2] = ["create_context", "set_default_segments"];

/// An attribute that would be merged as an object with a list becomes a text where it is an object.
fn text_for_objects_that_meet_lists(scenario: &mut Value) {
    let (mut objects, mut lists) = (Kinds::default(), Kinds::default());
    for_each_attribute(scenario, |op, name, value| match value {
        Value::Object(_) => objects.add(op, name),
        Value::Array(_) => lists.add(op, name),
        _ => {}
    });
    for_each_attribute(scenario, |_, name, value| {
        let meets_a_list = objects.anywhere.contains(name) && lists.in_context.contains(name)
            || objects.in_context.contains(name) && lists.anywhere.contains(name);
        if value.is_object() && meets_a_list {
            *value = json!("US");
        }
    });
}

/// Where attributes of one kind of value are met, by name.
#[derive(Default)]
struct Kinds {
    in_context: BTreeSet<String>,
    anywhere: BTreeSet<String>,
}

impl Kinds {
    fn add(&mut self, op: &str, name: &str) {
        if CONTEXT.contains(&op) {
            self.in_context.insert(name.to_owned());
        }
        self.anywhere.insert(name.to_owned());
    }
}

fn for_each_attribute(scenario: &mut Value, mut change: impl FnMut(&str, &str, &mut Value)) {
    for_each(scenario, "/steps", |step| {
        let op = step.get("op").and_then(Value::as_str).unwrap_or_default().to_owned();
        for part in ["attributes", "rule_data", "segments"] {
            let attributes = step.get_mut(part).and_then(Value::as_object_mut);
            attributes.into_iter().flatten().for_each(|(name, value)| change(&op, name, value));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restricted(mut scenario: Value, lack: &str) -> Value {
        assert!(restrict(&mut scenario, &[lack.to_owned()]).unwrap(), "{lack} changes the scenario");
        assert!(!restrict(&mut scenario, &[lack.to_owned()]).unwrap(), "{lack} leaves nothing to change");
        scenario
    }

    #[test]
    fn what_is_not_known_is_a_fault() {
        assert!(restrict(&mut json!({}), &["humour".to_owned()]).is_err());
    }

    #[test]
    fn variations_are_ordered_as_object_members() {
        let ids =
            |ids: [&str; 6]| json!({"config": {"experiences": [{"variations": ids.map(|id| json!({"id": id}))}]}});
        let scenario = ids(["b", "4294967295", "10", "07", "9", "a"]);
        assert_eq!(restricted(scenario, "object-order"), ids(["9", "10", "b", "4294967295", "07", "a"]));
    }

    #[test]
    fn an_object_that_meets_a_list_becomes_a_text() {
        let steps = |plan: Value| {
            json!({"steps": [
                {"op": "create_context", "attributes": {"plan": plan, "url": {"x": 1}}},
                {"op": "run_custom_segments", "rule_data": {"plan": ["gold"]}},
            ]})
        };
        assert_eq!(restricted(steps(json!({"gold": 1})), "list-over-object"), steps(json!("US")));
        // Calls are not merged with each other.
        let call = |plan: Value| json!({"op": "run_experiences", "attributes": {"plan": plan}});
        let mut calls = json!({"steps": [call(json!({"x": 1})), call(json!(["x"]))]});
        assert!(!restrict(&mut calls, &["list-over-object".to_owned()]).unwrap());
    }

    #[test]
    fn rules_and_attributes_become_textual() {
        let leaf = json!({"matching": {"match_type": "less"}, "key": "age", "value": 5});
        let steps = json!([{"op": "run_experiences", "attributes": {"age": 5, "plan": "gold"}}]);
        let plain = json!({"matching": {"match_type": "contains", "negated": false}, "key": "age", "value": "US"});
        let plain_steps = json!([{"op": "run_experiences", "attributes": {"age": "US", "plan": "gold"}}]);
        let scenario = json!({"config": [leaf], "steps": steps});
        let expected = json!({"config": [plain], "steps": plain_steps});
        assert_eq!(restricted(scenario, "rules-beyond-text"), expected);
    }

    #[test]
    fn a_scenario_that_needs_nothing_special_stays() {
        let scenario = json!({"config": {"experiences": [{"version": 11}]}, "steps": [{"op": "flush"}]});
        let mut same = scenario.clone();
        let lacks = ["anchored", "exclusion", "existence", "preview", "enable_storage"].map(str::to_owned);
        assert!(!restrict(&mut same, &lacks).unwrap());
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
