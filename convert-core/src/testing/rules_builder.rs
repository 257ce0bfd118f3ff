//! Builders of rules, in the JSON that the config endpoint serves.

use serde_json::{Map, Value, json};

/// One rule: a key of the attributes, an operator and a value.
#[derive(Clone, Debug)]
#[must_use]
pub struct Rule(Map<String, Value>);

impl Rule {
    /// A rule with any operator (`match_type`), such as `startsWith` or `regexMatches`.
    pub fn new(match_type: &str, key: &str, value: impl Into<Value>) -> Self {
        Self::of_type("generic_text_key_value", match_type).set("key", key).set("value", value)
    }

    /// The attribute equals the value, without regard to case.
    pub fn matches(key: &str, value: impl Into<Value>) -> Self {
        Self::new("matches", key, value)
    }

    /// The attribute's text contains the value, without regard to case.
    pub fn contains(key: &str, value: &str) -> Self {
        Self::new("contains", key, value)
    }

    /// The attribute is less than the value.
    pub fn less(key: &str, value: impl Into<Value>) -> Self {
        Self::new("less", key, value)
    }

    /// The attribute is one of the values, in lower case.
    pub fn is_in<'a>(key: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        Self::new("isIn", key, values.into_iter().collect::<Vec<_>>())
    }

    /// The attribute is there, and neither null nor empty.
    pub fn exists(key: &str) -> Self {
        Self::of_type("generic_text_key_value", "exists").set("key", key)
    }

    /// The visitor has a variation of the experience with this key (in audiences only).
    pub fn is_bucketed_into(experience_key: &str) -> Self {
        Self::of_type("bucketed_into_experience_key", "equals").set("value", experience_key)
    }

    /// Turns the rule around.
    pub fn negated(mut self) -> Self {
        if let Some(negated) = self.0.get_mut("matching").and_then(|matching| matching.get_mut("negated")) {
            *negated = true.into();
        }
        self
    }

    /// Sets any member to any value.
    pub fn set(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.0.insert(member.to_owned(), value.into());
        self
    }

    fn of_type(rule_type: &str, match_type: &str) -> Self {
        Self(Map::new())
            .set("rule_type", rule_type)
            .set("matching", json!({"match_type": match_type, "negated": false}))
    }
}

impl From<Rule> for Value {
    fn from(rule: Rule) -> Self {
        Value::Object(rule.0)
    }
}

/// A tree of rules: alternatives, of which each is a list of conditions, of which each is a list of rules.
#[derive(Clone, Debug)]
#[must_use]
pub struct Rules(Value);

impl Rules {
    /// Every rule must hold.
    pub fn all(rules: impl IntoIterator<Item = Rule>) -> Self {
        let conditions: Vec<Value> = rules.into_iter().map(|rule| json!({"OR_WHEN": [Value::from(rule)]})).collect();
        Self(json!({"OR": [{"AND": conditions}]}))
    }

    /// At least one rule must hold.
    pub fn any(rules: impl IntoIterator<Item = Rule>) -> Self {
        let rules: Vec<Value> = rules.into_iter().map(Value::from).collect();
        Self(json!({"OR": [{"AND": [{"OR_WHEN": rules}]}]}))
    }

    /// Any JSON in the place of a tree, also one that is no tree.
    pub fn raw(json: impl Into<Value>) -> Self {
        Self(json.into())
    }
}

impl From<Rule> for Rules {
    fn from(rule: Rule) -> Self {
        Self::all([rule])
    }
}

impl From<Rules> for Value {
    fn from(rules: Rules) -> Self {
        rules.0
    }
}
