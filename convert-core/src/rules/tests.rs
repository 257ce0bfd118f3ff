use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::attributes::{AttributeValue, Attributes};
use crate::config::Warnings;
use crate::json::Json;
use crate::vectors::vectors;

fn tree(text: &str) -> (Option<RuleTree>, Warnings) {
    let mut warnings = Warnings::default();
    let tree = RuleTree::compile(&Json::parse(text).unwrap(), "audience 1", &mut warnings);
    (tree, warnings)
}

/// A tree of one item.
fn leaf(item: &str) -> String {
    format!(r#"{{"OR":[{{"AND":[{{"OR_WHEN":[{item}]}}]}}]}}"#)
}

fn item(match_type: &str, key: &str, value: &str, negated: bool) -> String {
    format!(r#"{{"key":"{key}","value":{value},"matching":{{"match_type":"{match_type}","negated":{negated}}}}}"#)
}

fn input(data: &Attributes) -> RuleInput<'_> {
    RuleInput { data: RuleSource::Attributes(data), exclusion: None, keys_case_sensitive: true }
}

fn evaluate(rules: &str, data: &Attributes) -> RuleOutcome {
    tree(rules).0.unwrap().evaluate(&input(data))
}

/// The rows of the official JavaScript SDK's own comparisons: match type, the visitor's value (absent where its key is
/// missing), the rule's value, the result and the negated result.
#[test]
fn comparisons_agree_with_the_javascript_sdk() {
    let Some(text) = vectors("rule_comparisons.jsonl") else { return };
    let mut warnings = Warnings::default();
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
        let value = row.get("r").unwrap().to_text();
        for (negated, expected) in [(false, "p"), (true, "n")] {
            let rules = leaf(&item(match_type, "k", &value, negated));
            let tree = RuleTree::compile(&Json::parse(&rules).unwrap(), "row", &mut warnings).unwrap();
            let expected = RuleOutcome::from(row.get(expected).and_then(Json::as_bool).unwrap());
            if tree.evaluate(&input(&data)) != expected {
                faults.entry(match_type.to_owned()).or_default().push(line);
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(rows, 41_548);
}

#[test]
fn any_block_all_groups_any_item() {
    let data = Attributes::from([("a", 1), ("b", 2)]);
    let yes = item("equals", "a", "1", false);
    let no = item("equals", "b", "1", false);
    for (rules, expected) in [
        (format!(r#"{{"OR":[{{"AND":[{{"OR_WHEN":[{no},{yes}]}}]}}]}}"#), RuleOutcome::Matched),
        (format!(r#"{{"OR":[{{"AND":[{{"OR_WHEN":[{yes}]}},{{"OR_WHEN":[{no}]}}]}}]}}"#), RuleOutcome::NotMatched),
        (
            format!(r#"{{"OR":[{{"AND":[{{"OR_WHEN":[{no}]}}]}},{{"AND":[{{"OR_WHEN":[{yes}]}}]}}]}}"#),
            RuleOutcome::Matched,
        ),
    ] {
        assert_eq!(evaluate(&rules, &data), expected, "{rules}");
    }
}

#[test]
fn what_is_no_tree_matches_nothing() {
    for falsy in ["null", "0", "\"\"", "false"] {
        assert!(tree(falsy).0.is_none(), "{falsy}");
    }
    for rules in [
        "true",
        "[]",
        "{}",
        r#"{"OR":[]}"#,
        r#"{"OR":{}}"#,
        r#"{"OR":[null]}"#,
        r#"{"OR":[{"AND":[]}]}"#,
        r#"{"OR":[{"AND":[null]}]}"#,
        r#"{"OR":[{"AND":[{"OR_WHEN":[]}]}]}"#,
        r#"{"OR":[{"AND":[{"OR_WHEN":[null]}]}]}"#,
        r#"{"OR":[{"AND":[{"OR_WHEN":[7]}]}]}"#,
    ] {
        assert_eq!(evaluate(rules, &Attributes::new()), RuleOutcome::NotMatched, "{rules}");
        assert!(tree(rules).1.total() > 0, "{rules}");
    }
}

#[test]
fn items_are_valid_as_in_the_javascript_sdk() {
    let data = Attributes::from([("k", "v")]);
    for (matched, item) in [
        (true, r#"{"key":"k","value":"V","matching":{"match_type":"equals","negated":false}}"#),
        (false, r#"{"key":"k","value":"V","matching":{"match_type":"equals"}}"#),
        (false, r#"{"key":"k","value":"x","matching":{"match_type":"equals","negated":"true"}}"#),
        (false, r#"{"key":"k","value":"x","matching":{"negated":true}}"#),
        (false, r#"{"key":"k","value":"x","matching":null}"#),
        (false, r#"{"key":"k","value":"x"}"#),
        (false, r#"{"key":"k","matching":{"match_type":"equals","negated":true}}"#),
        (true, r#"{"key":"k","value":null,"matching":{"match_type":"equals","negated":true}}"#),
        (true, r#"{"key":"k","matching":{"match_type":"exists","negated":false}}"#),
        (true, r#"{"key":"x","matching":{"match_type":"doesNotExist","negated":false}}"#),
        (false, r#"{"key":"k","matching":{"match_type":"not_exists","negated":true}}"#),
        (true, r#"{"key":"k","value":1,"matching":{"match_type":"not_exists","negated":true}}"#),
        (false, r#"{"key":"k","value":1,"matching":{"match_type":"toString","negated":true}}"#),
        (false, r#"{"value":"v","matching":{"match_type":"equals","negated":false}}"#),
        (true, r#"{"matching":{"match_type":"exists","negated":true}}"#),
    ] {
        assert_eq!(evaluate(&leaf(item), &data), matched.into(), "{item}");
    }
}

#[test]
fn keys_are_case_sensitive_unless_asked() {
    let data = Attributes::from([("Plan", "gold")]);
    let (tree, _) = tree(&leaf(&item("equals", "plan", "\"gold\"", false)));
    let tree = tree.unwrap();
    assert_eq!(tree.evaluate(&input(&data)), RuleOutcome::NotMatched);
    let lenient = RuleInput { keys_case_sensitive: false, ..input(&data) };
    assert_eq!(tree.evaluate(&lenient), RuleOutcome::Matched);
}

#[test]
fn odd_rules_are_warned_of_once_each() {
    for (item, warns) in [
        (item("equals", "k", "1", false), false),
        (item("almost", "k", "1", false), true),
        (item("regexMatches", "k", "\"(?i)a\"", false), true),
        (item("regexMatches", "k", "\"^a\"", false), false),
        (item("isIn", "k", "\"US|ca\"", false), true),
        (item("isIn", "k", "\"us|ca\"", false), false),
        (item("isIn", "k", "[\"US\"]", false), true),
    ] {
        let (_, warnings) = tree(&leaf(&item));
        assert_eq!(warnings.total(), usize::from(warns), "{item}");
        assert!(warnings.list().iter().all(|warning| warning.place() == "audience 1"));
    }
}

#[test]
fn a_regular_expression_over_its_limit_is_false_negated_or_not_and_counted() {
    let data = Attributes::from([("k", format!("{}!", "a".repeat(60)))]);
    for negated in [false, true] {
        let (tree, warnings) = tree(&leaf(&item("regexMatches", "k", r#""^(?=((a+)+)+\\2$)x?""#, negated)));
        assert_eq!(tree.unwrap().evaluate(&input(&data)), RuleOutcome::NotMatched);
        assert_eq!(warnings.patterns.over_limit(), 1);
    }
}

struct Bucketed(&'static str);

impl ExclusionLookup for Bucketed {
    fn is_bucketed_into(&self, experience_key: &str) -> bool {
        experience_key == self.0
    }
}

#[test]
fn exclusion_is_an_ordinary_leaf_in_a_mixed_tree() {
    let data = Attributes::from([("k", "v")]);
    let exclusion = |rest: &str| format!(r#"{{"rule_type":"bucketed_into_experience_key","value":"exp"{rest}}}"#);
    let with = |rules: &str, bucketed: &'static str| {
        let exclusion = Bucketed(bucketed);
        tree(rules).0.unwrap().evaluate(&RuleInput { exclusion: Some(&exclusion), ..input(&data) })
    };
    for (rest, bucketed, expected) in [
        ("", "exp", true),
        ("", "other", false),
        (r#","matching":{"negated":true}"#, "exp", false),
        (r#","matching":{"negated":true}"#, "other", true),
        (r#","matching":{"match_type":5,"negated":false}"#, "exp", true),
        (r#","matching":{"negated":1}"#, "exp", false),
        (r#","matching":{"negated":null}"#, "other", false),
    ] {
        assert_eq!(with(&leaf(&exclusion(rest)), bucketed), expected.into(), "{rest} {bucketed}");
    }
    let mixed = format!(
        r#"{{"OR":[{{"AND":[{{"OR_WHEN":[{}]}},{{"OR_WHEN":[{}]}}]}}]}}"#,
        exclusion(""),
        item("equals", "k", "\"other\"", false),
    );
    assert_eq!(with(&mixed, "exp"), RuleOutcome::NotMatched);
    // Outside audiences it has no key to look up.
    assert_eq!(evaluate(&leaf(&exclusion("")), &data), RuleOutcome::NotMatched);
}

#[derive(Debug)]
struct Provider;

impl RuleData for Provider {
    fn lookup(&self, item: &RuleItem<'_>) -> Lookup<'_> {
        match item.rule_type() {
            "text" => Lookup::from("v"),
            "key" => Lookup::from(item.key().unwrap_or("none")),
            "yes" | "js_condition" => Lookup::from(true),
            "deep" => Lookup::from((0..100_000).fold(AttributeValue::from(1), |inner, _| vec![inner].into())),
            "no data" => Lookup::NoDataFound,
            "more data" => Lookup::NeedMoreData,
            _ => Lookup::Missing,
        }
    }
}

fn asked(rule_type: &str, match_type: &str, value: &str, negated: bool) -> String {
    format!(
        r#"{{"rule_type":"{rule_type}","key":"k","value":{value},"matching":{{"match_type":"{match_type}","negated":{negated}}}}}"#
    )
}

#[test]
fn a_provider_answers_by_rule_type() {
    let evaluate = |rules: &str| {
        let input = RuleInput { data: RuleSource::Custom(&Provider), exclusion: None, keys_case_sensitive: true };
        tree(rules).0.unwrap().evaluate(&input)
    };
    for (item, expected) in [
        (asked("text", "equals", "\"V\"", false), RuleOutcome::Matched),
        (asked("text", "equals", "\"V\"", true), RuleOutcome::NotMatched),
        (asked("key", "equals", "\"k\"", false), RuleOutcome::Matched),
        (asked("other", "equals", "\"v\"", true), RuleOutcome::NotMatched),
        (asked("other", "doesNotExist", "1", false), RuleOutcome::Matched),
        (asked("js_condition", "equals", "\"never\"", true), RuleOutcome::Matched),
        (asked("deep", "equals", "\"1\"", true), RuleOutcome::NotMatched),
        (asked("no data", "equals", "1", false), RuleOutcome::NoDataFound),
        (asked("more data", "exists", "1", true), RuleOutcome::NeedMoreData),
        (item("equals", "k", "\"v\"", true), RuleOutcome::NotMatched),
    ] {
        assert_eq!(evaluate(&leaf(&item)), expected, "{item}");
    }
    // Where nothing matches any missing data wins, wherever it stands; a match wins over it.
    let (missing, no, yes) = (
        asked("no data", "equals", "1", false),
        asked("text", "equals", "\"x\"", false),
        asked("text", "equals", "\"v\"", false),
    );
    for (items, expected) in [
        (format!("{missing},{no}"), RuleOutcome::NoDataFound),
        (format!("{no},{missing}"), RuleOutcome::NoDataFound),
        (format!("{missing},{yes}"), RuleOutcome::Matched),
    ] {
        assert_eq!(evaluate(&leaf(&items)), expected, "{items}");
    }
    let blocks = format!(
        r#"{{"OR":[{{"AND":[{{"OR_WHEN":[{yes}]}},{{"OR_WHEN":[{missing}]}}]}},{{"AND":[{{"OR_WHEN":[{no}]}}]}}]}}"#
    );
    assert_eq!(evaluate(&blocks), RuleOutcome::NoDataFound);
}

const MATCH_TYPES: [&str; 9] =
    ["equals", "less", "lessEqual", "contains", "isIn", "startsWith", "endsWith", "regexMatches", "exists"];

fn any_scalar() -> impl Strategy<Value = Json<'static>> {
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        (-20_i64..20).prop_map(Json::I64),
        (-4_i32..4).prop_map(|n| Json::F64(f64::from(n) / 2.0)),
        "[aAéÉ1,.| -]{0,4}".prop_map(|text| Json::Str(text.into())),
    ]
}

proptest! {
    #[test]
    fn negation_flips_what_can_be_decided(
        value in any_scalar(),
        visitor in any_scalar(),
        match_type in prop::sample::select(MATCH_TYPES.as_slice()),
    ) {
        let data = Attributes::from([("k", visitor.clone())]);
        let outcome = |negated| evaluate(&leaf(&item(match_type, "k", &value.to_text(), negated)), &data);
        let (plain, negated) = (outcome(false), outcome(true));
        // Both false is for what cannot be decided: types that do not compare, and what is no regular expression.
        prop_assert!(plain != negated || plain == RuleOutcome::NotMatched);
        prop_assert!(plain != negated || matches!(match_type, "less" | "lessEqual" | "regexMatches"));
    }

    #[test]
    fn scalars_are_equal_where_their_lower_case_texts_are(value in any_scalar(), visitor in any_scalar()) {
        let data = Attributes::from([("k", visitor.clone())]);
        let equal = value.js_string().to_lowercase() == visitor.js_string().to_lowercase();
        prop_assert_eq!(evaluate(&leaf(&item("equals", "k", &value.to_text(), false)), &data), equal.into());
    }

    #[test]
    fn less_is_less_equal_and_not_equal(value in any_scalar(), visitor in any_scalar()) {
        let data = Attributes::from([("k", visitor.clone())]);
        let holds = |match_type| {
            evaluate(&leaf(&item(match_type, "k", &value.to_text(), false)), &data) == RuleOutcome::Matched
        };
        prop_assert!(!holds("less") || holds("lessEqual"));
        if let (Json::I64(a), Json::I64(b)) = (&visitor, &value) {
            prop_assert_eq!((holds("less"), holds("lessEqual")), (a < b, a <= b));
        }
    }
}
