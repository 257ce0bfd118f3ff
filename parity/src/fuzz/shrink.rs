//! Makes a scenario that shows a difference as small as it gets while it still shows one.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::fault::Fault;

/// Runs of both sides that one shrinking may take.
const TRIES: usize = 3000;

/// Members without which a scenario means something well defined. Others stay, so that the search does not end in a
/// malformed config, where this SDK differs on purpose.
const OPTIONAL: [&str; 30] = [
    "archived_experiences",
    "attributes",
    "audiences",
    "bucketing",
    "changes",
    "enable_storage",
    "enable_tracking",
    "environment",
    "experience_keys",
    "features",
    "force_multiple",
    "force_variation_id",
    "goal_data",
    "goals",
    "ignore_location",
    "location",
    "locations",
    "name",
    "rule_data",
    "rules",
    "segments",
    "settings",
    "site_area",
    "status",
    "stored",
    "traffic_allocation",
    "type_casting",
    "variables",
    "variables_data",
    "version",
];

/// Objects whose members are data: each may go, and each value may become a simpler one.
const DATA: [&str; 8] =
    ["attributes", "location", "rule_data", "segments", "variables_data", "stored", "options", "bucketing"];

/// Decides whether a candidate still shows a difference.
type Shows<'a> = dyn FnMut(&Value) -> Result<bool, Fault> + 'a;

/// Shrinks `scenario` for as long as `shows` holds.
///
/// # Errors
/// What `shows` fails with.
pub(super) fn shrink(scenario: Value, shows: &mut Shows<'_>) -> Result<Value, Fault> {
    let mut best = scenario;
    let mut tries = 0;
    loop {
        let mut smaller = None;
        for edit in edits(&best) {
            let Some(candidate) = edit.apply(&best).filter(is_well_formed) else { continue };
            if tries == TRIES {
                return Ok(best);
            }
            tries += 1;
            if shows(&candidate)? {
                smaller = Some(candidate);
                break;
            }
        }
        match smaller {
            Some(smaller) => best = smaller,
            None => return Ok(best),
        }
    }
}

/// Every step's context must have been created before it.
fn is_well_formed(scenario: &Value) -> bool {
    let steps = scenario.get("steps").and_then(Value::as_array);
    let mut contexts = BTreeSet::new();
    steps.into_iter().flatten().all(|step| {
        let context = step.get("context").and_then(Value::as_str).unwrap_or("c0");
        match step.get("op").and_then(Value::as_str) {
            Some("create_context") => {
                contexts.insert(context);
                true
            }
            Some("flush") => true,
            _ => contexts.contains(context),
        }
    })
}

/// One change of a scenario.
#[derive(Debug)]
struct Edit {
    /// A JSON pointer to what changes.
    pointer: String,
    change: Change,
}

#[derive(Debug)]
enum Change {
    RemoveItems { start: usize, count: usize },
    RemoveMember(String),
    Replace(Value),
}

impl Edit {
    fn apply(&self, scenario: &Value) -> Option<Value> {
        let mut changed = scenario.clone();
        let target = changed.pointer_mut(&self.pointer)?;
        match &self.change {
            Change::RemoveItems { start, count } => {
                target.as_array_mut()?.drain(*start..start + count);
            }
            Change::RemoveMember(name) => {
                target.as_object_mut()?.remove(name)?;
            }
            Change::Replace(value) => *target = value.clone(),
        }
        Some(changed)
    }
}

/// Everything that may be tried on a scenario, what takes most away first.
fn edits(scenario: &Value) -> Vec<Edit> {
    let mut edits = Vec::new();
    for part in ["steps", "options", "config"] {
        if let Some(value) = scenario.get(part) {
            collect(value, &format!("/{part}"), DATA.contains(&part), &mut edits);
        }
    }
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.weight(scenario)));
    edits
}

impl Edit {
    /// How much text the edit takes away. Edits that take nothing away come last.
    fn weight(&self, scenario: &Value) -> usize {
        let size = |value: &Value| value.to_string().len();
        let target = scenario.pointer(&self.pointer);
        match &self.change {
            Change::RemoveItems { start, count } => {
                let items = target.and_then(Value::as_array);
                items.into_iter().flatten().skip(*start).take(*count).map(size).sum()
            }
            Change::RemoveMember(name) => target.and_then(|target| target.get(name)).map_or(0, size),
            Change::Replace(_) => 0,
        }
    }
}

fn collect(value: &Value, pointer: &str, is_data: bool, edits: &mut Vec<Edit>) {
    match value {
        Value::Array(items) => {
            let mut count = items.len();
            while count > 0 {
                let starts = (0..items.len()).step_by(count).filter(|start| start + count <= items.len());
                edits.extend(
                    starts.map(|start| Edit {
                        pointer: pointer.to_owned(),
                        change: Change::RemoveItems { start, count },
                    }),
                );
                count /= 2;
            }
            for (place, item) in items.iter().enumerate() {
                collect(item, &format!("{pointer}/{place}"), is_data, edits);
            }
        }
        Value::Object(members) => collect_members(members, pointer, is_data, edits),
        scalar if is_data || pointer.ends_with("/value") => {
            let replaced = |value| Edit { pointer: pointer.to_owned(), change: Change::Replace(value) };
            edits.extend(simpler(scalar).into_iter().map(replaced));
        }
        _ => {}
    }
}

fn collect_members(members: &Map<String, Value>, pointer: &str, is_data: bool, edits: &mut Vec<Edit>) {
    for (name, member) in members {
        if is_data || OPTIONAL.contains(&name.as_str()) {
            edits.push(Edit { pointer: pointer.to_owned(), change: Change::RemoveMember(name.clone()) });
        }
        let escaped = name.replace('~', "~0").replace('/', "~1");
        let is_data = (is_data || DATA.contains(&name.as_str())) && !member_is_entity_list(name, member);
        collect(member, &format!("{pointer}/{escaped}"), is_data, edits);
    }
}

/// A config's `segments` are entities, unlike a step's.
fn member_is_entity_list(name: &str, member: &Value) -> bool {
    name == "segments" && member.is_array()
}

/// Values that are simpler than `value`, in an order that cannot go round: shorter texts, then 0 and 1.
fn simpler(value: &Value) -> Vec<Value> {
    match value {
        Value::String(text) => shorter(text),
        Value::Number(number) if number.as_f64() != Some(0.0) && number.as_f64() != Some(1.0) => {
            vec![json!(0), json!(1)]
        }
        _ => Vec::new(),
    }
}

/// The text without each half, each quarter, and so on down to each character.
fn shorter(text: &str) -> Vec<Value> {
    let characters: Vec<char> = text.chars().collect();
    let mut shorter = Vec::new();
    let mut count = characters.len();
    while count > 0 {
        for start in (0..characters.len()).step_by(count) {
            let without = characters.iter().enumerate().filter(|(place, _)| !(start..start + count).contains(place));
            shorter.push(Value::String(without.map(|(_, character)| character).collect()));
        }
        count /= 2;
    }
    shorter
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario() -> Value {
        json!({
            "id": "s",
            "options": {"data_store": true, "stored": {"v": {"bucketing": {"1": "2"}}}},
            "config": {"experiences": [{"id": "1", "key": "e"}, {"id": "2", "key": "f", "status": "x"}]},
            "steps": [
                {"op": "create_context", "visitor_id": "v", "attributes": {"a": "longer", "b": 7}},
                {"op": "run_experience", "key": "e", "location": {"url": "/a"}},
                {"op": "run_experience", "key": "f"},
                {"op": "flush"},
            ],
        })
    }

    #[test]
    fn what_does_not_matter_goes() {
        let mut tries = 0;
        let small = shrink(scenario(), &mut |candidate| {
            tries += 1;
            let steps = candidate["steps"].as_array().unwrap();
            Ok(steps.iter().any(|step| step["key"] == "f"))
        });
        let expected = json!({
            "id": "s",
            "options": {},
            "config": {"experiences": []},
            "steps": [{"op": "create_context", "visitor_id": "v"}, {"op": "run_experience", "key": "f"}],
        });
        assert_eq!(small.unwrap(), expected);
        assert!(tries < 60, "{tries}");
    }

    #[test]
    fn data_becomes_simple_and_names_stay() {
        let small = shrink(scenario(), &mut |candidate| {
            let attributes = &candidate["steps"][0]["attributes"];
            Ok(attributes["a"].is_string() && attributes["b"].is_number())
        });
        let small = small.unwrap();
        let first = json!({"op": "create_context", "visitor_id": "v", "attributes": {"a": "", "b": 0}});
        assert_eq!(small["steps"], json!([first]));
    }

    #[test]
    fn a_text_loses_every_character_that_does_not_matter() {
        let scenario = json!({"steps": [], "config": {"rules": [{"value": "(?:ab|cé*)d"}]}});
        let small = shrink(scenario, &mut |candidate| {
            let value = candidate["config"]["rules"][0]["value"].as_str();
            Ok(value.is_some_and(|value| value.contains("é*")))
        });
        assert_eq!(small.unwrap()["config"]["rules"][0]["value"], "é*");
    }

    #[test]
    fn a_context_is_never_used_before_it_is_created() {
        shrink(scenario(), &mut |candidate| {
            assert!(is_well_formed(candidate));
            Ok(true)
        })
        .unwrap();
    }

    #[test]
    fn a_failing_side_ends_the_search() {
        let fault = shrink(scenario(), &mut |_| Err(Fault::Broken("gone".to_owned())));
        assert_eq!(fault.unwrap_err().to_string(), "gone");
    }
}
