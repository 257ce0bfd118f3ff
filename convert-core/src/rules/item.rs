//! One leaf of a tree: which value it looks up, and what it asks of it.

use std::borrow::Cow;

use super::compare::Operator;
use super::data::{Lookup, RuleInput, RuleItem, RuleSource};
use super::tree::RuleOutcome;
use crate::attributes::{AttributeValue, Attributes};
use crate::config::Warnings;
use crate::json::Json;
use crate::text::Text;

/// Its result is what the data provider answers, not a comparison.
const JS_CONDITION: &str = "js_condition";
/// Asks whether the visitor is bucketed into another experience.
const EXCLUSION: &str = "bucketed_into_experience_key";

/// A compiled leaf.
#[derive(Debug)]
pub(super) enum Item {
    /// Not a valid item: false, negated or not.
    Invalid,
    Comparison(Comparison),
    Exclusion(Box<Exclusion>),
}

#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) rule_type: Option<Text>,
    pub(super) key: Option<Text>,
    pub(super) negated: bool,
    pub(super) operator: Operator,
}

#[derive(Debug)]
pub(super) struct Exclusion {
    pub(super) experience_key: Text,
    /// `None` where it is there and no boolean: the leaf is false.
    pub(super) negated: Option<bool>,
    /// What the leaf is outside audiences.
    pub(super) elsewhere: Item,
}

impl Item {
    pub(super) fn compile(json: &Json<'_>, place: &str, warnings: &mut Warnings) -> Self {
        let text = |name: &str| json.get(name).and_then(Json::as_str).map(intern);
        let (rule_type, key) = (text("rule_type"), text("key"));
        if rule_type.as_deref() == Some(EXCLUSION) {
            // Outside audiences nothing is missing from it that would be worth a warning.
            let elsewhere = compile_comparison(json, rule_type, key, place, &mut Warnings::default());
            return Self::Exclusion(Box::new(Exclusion {
                experience_key: json.get("value").map(|value| value.js_string().into()).unwrap_or_default(),
                negated: match json.get("matching").and_then(|matching| matching.get("negated")) {
                    None => Some(false),
                    Some(negated) => negated.as_bool(),
                },
                elsewhere: elsewhere.map_or(Self::Invalid, Self::Comparison),
            }));
        }
        match compile_comparison(json, rule_type, key, place, warnings) {
            Ok(comparison) => Self::Comparison(comparison),
            Err(fault) => {
                warnings.push(place, format!("a rule item {fault}; it matches nothing"));
                Self::Invalid
            }
        }
    }

    // Always: explanations call it, too, and must not change what deciding takes.
    #[inline(always)]
    pub(super) fn evaluate(&self, input: &RuleInput<'_>) -> RuleOutcome {
        match self {
            Self::Invalid => RuleOutcome::NotMatched,
            Self::Comparison(comparison) => comparison.evaluate(input),
            Self::Exclusion(leaf) => match input.exclusion {
                Some(lookup) => {
                    leaf.negated.is_some_and(|negated| lookup.is_bucketed_into(&leaf.experience_key) != negated).into()
                }
                None => leaf.elsewhere.evaluate(input),
            },
        }
    }
}

/// The validity of the JavaScript SDK: an own `matching` with a text `match_type` and a boolean `negated`, and an own
/// `value` unless the operator needs none.
fn compile_comparison(
    json: &Json<'_>,
    rule_type: Option<Text>,
    key: Option<Text>,
    place: &str,
    warnings: &mut Warnings,
) -> Result<Comparison, &'static str> {
    let matching = json.get("matching").ok_or("has no matching")?;
    let match_type = matching.get("match_type").and_then(Json::as_str).ok_or("has no match type")?;
    let negated = matching.get("negated").and_then(Json::as_bool).ok_or("does not say whether it is negated")?;
    let value = json.get("value");
    if value.is_none() && !matches!(match_type, "exists" | "doesNotExist") {
        return Err("has no value");
    }
    let operator = Operator::compile(match_type, value.unwrap_or(&Json::Null), place, warnings);
    Ok(Comparison { rule_type, key, negated, operator })
}

impl Comparison {
    #[inline]
    fn evaluate(&self, input: &RuleInput<'_>) -> RuleOutcome {
        match input.data {
            RuleSource::Attributes(attributes) => self.compare(self.find(attributes, input.keys_case_sensitive)).into(),
            RuleSource::Custom(data) => {
                // Without a type there is nothing that the provider could be asked for.
                let lookup = match self.rule_type.as_deref() {
                    Some(rule_type) => {
                        data.lookup(&RuleItem { rule_type, key: self.key.as_deref(), negated: self.negated })
                    }
                    None => Lookup::Missing,
                };
                self.conclude(lookup)
            }
        }
    }

    #[inline]
    fn find<'a>(&self, attributes: &'a Attributes, case_sensitive: bool) -> Option<&'a AttributeValue> {
        let key = self.key.as_deref()?;
        if case_sensitive { attributes.get(key) } else { attributes.get_ignoring_case(key) }
    }

    fn conclude(&self, lookup: Lookup<'_>) -> RuleOutcome {
        match lookup {
            // Hand-built values may be nested without bound; comparing and dropping recurse.
            Lookup::Value(value) if !value.fits_in(AttributeValue::MAX_DEPTH) => {
                if let Cow::Owned(value) = value {
                    value.unless_too_deep();
                }
                RuleOutcome::NotMatched
            }
            Lookup::Value(value) if self.rule_type.as_deref() == Some(JS_CONDITION) => {
                (*value == AttributeValue::Bool(true)).into()
            }
            Lookup::Value(value) => self.compare(Some(&value)).into(),
            Lookup::Missing => self.compare(None).into(),
            Lookup::NoDataFound => RuleOutcome::NoDataFound,
            Lookup::NeedMoreData => RuleOutcome::NeedMoreData,
        }
    }

    /// What cannot be compared is false, negated or not.
    #[inline]
    fn compare(&self, value: Option<&AttributeValue>) -> bool {
        self.operator.compare(value).is_some_and(|result| result != self.negated)
    }
}

/// The usual types are all over a config; the one too long to be kept inline is shared.
fn intern(text: &str) -> Text {
    const LONG: &str = "generic_numeric_key_value";
    if text == LONG { Text::from_static(LONG) } else { Text::new(text) }
}
