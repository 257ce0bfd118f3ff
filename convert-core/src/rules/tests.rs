use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::*;
use crate::attributes::Attributes;
use crate::config::Warnings;
use crate::json::Json;

/// The rows of the official JavaScript SDK's own comparisons: match type, the visitor's value (absent where its key is
/// missing), the rule's value, the result and the negated result.
#[test]
fn comparisons_agree_with_the_javascript_sdk() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../parity/vectors/rule_comparisons.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let mut rows = 0;
    let mut faults: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for line in text.lines() {
        rows += 1;
        let row = Json::parse(line).unwrap();
        let data = match row.get("v") {
            Some(value) => Attributes::from([("k", value.clone())]),
            None => Attributes::new(),
        };
        let match_type = row.get("m").and_then(Json::as_str).unwrap();
        for (negated, expected) in [(false, "p"), (true, "n")] {
            let rules = format!(
                r#"{{"OR":[{{"AND":[{{"OR_WHEN":[{{"key":"k","value":{},"matching":{{"match_type":"{match_type}","negated":{negated}}}}}]}}]}}]}}"#,
                row.get("r").unwrap().to_text(),
            );
            let tree = RuleTree::compile(&Json::parse(&rules).unwrap(), "row", &mut Warnings::default()).unwrap();
            let input = RuleInput { data: RuleSource::Attributes(&data), exclusion: None, keys_case_sensitive: true };
            let expected = RuleOutcome::from(row.get(expected).and_then(Json::as_bool).unwrap());
            if tree.evaluate(&input) != expected {
                faults.entry(match_type.to_owned()).or_default().push(line);
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(rows, 41_548);
}
