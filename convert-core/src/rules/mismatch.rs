//! Which rules of a tree do not match, for explanations. Deciding does not come here.

use std::fmt;

use serde::Serialize;

use super::compare::Operator;
use super::data::{Lookup, RuleInput, RuleItem, RuleSource};
use super::item::{Comparison, Item};
use super::tree::{RuleOutcome, RuleTree};
use crate::attributes::Attributes;

/// A rule that does not match. It names what the rule looks at, and never shows the visitor's value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RuleMismatch {
    /// There is no such attribute. A rule on an absent attribute does not match, even if it is negated.
    #[non_exhaustive]
    Missing {
        /// The attribute's name in the rule; where a provider of rule data answers, the rule's key or its type.
        attribute: String,
        /// An attribute that is there, and whose name differs only in case.
        similar: Option<String>,
    },
    /// The attribute has another value than the rule asks for, or the one that it excludes.
    #[non_exhaustive]
    Differs {
        /// As in [`Missing`](Self::Missing).
        attribute: String,
    },
    /// The attribute's value is of a kind that the rule cannot compare, such as a text where the order of numbers is asked.
    #[non_exhaustive]
    NotComparable {
        /// As in [`Missing`](Self::Missing).
        attribute: String,
    },
    /// The rule is about being in another experience.
    #[non_exhaustive]
    Exclusion {
        /// That experience's key.
        experience_key: String,
        /// Whether the visitor is in it.
        is_in: bool,
    },
    /// The rule can never match; [`ProjectConfig::warnings`](crate::ProjectConfig::warnings) says what is wrong with it.
    Unusable,
}

impl fmt::Display for RuleMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { attribute, similar: None } => write!(f, "`{attribute}` is not given"),
            Self::Missing { attribute, similar: Some(similar) } => {
                write!(f, "`{attribute}` is not given, but `{similar}` is")
            }
            Self::Differs { attribute } => write!(f, "`{attribute}` does not match"),
            Self::NotComparable { attribute } => write!(f, "`{attribute}` cannot be compared"),
            Self::Exclusion { experience_key, is_in: true } => write!(f, "in experience `{experience_key}`"),
            Self::Exclusion { experience_key, is_in: false } => write!(f, "not in experience `{experience_key}`"),
            Self::Unusable => f.write_str("a rule that can never match: see the config's warnings"),
        }
    }
}

impl RuleTree {
    /// The rules that keep the tree from matching: of each alternative those of its first condition that does not hold.
    /// `None` where it matches.
    #[cold]
    pub(crate) fn mismatches(&self, input: &RuleInput<'_>) -> Option<Vec<RuleMismatch>> {
        let mut found = Vec::new();
        for block in &self.blocks {
            let failed = block.iter().find_map(|group| {
                // One rule that matches is enough for a condition.
                group.iter().map(|item| item.mismatch(input)).collect::<Option<Vec<_>>>()
            });
            if failed.is_none() && !block.is_empty() {
                return None;
            }
            for mismatch in failed.into_iter().flatten() {
                if !found.contains(&mismatch) {
                    found.push(mismatch);
                }
            }
        }
        Some(found)
    }
}

impl Item {
    /// `None` where it matches.
    fn mismatch(&self, input: &RuleInput<'_>) -> Option<RuleMismatch> {
        if self.evaluate(input) == RuleOutcome::Matched {
            return None;
        }
        Some(match (self, input.exclusion) {
            (Self::Invalid, _) => RuleMismatch::Unusable,
            (Self::Comparison(comparison), _) => comparison.cause(input),
            (Self::Exclusion(leaf), None) => return leaf.elsewhere.mismatch(input),
            (Self::Exclusion(leaf), Some(_)) if leaf.negated.is_none() => RuleMismatch::Unusable,
            (Self::Exclusion(leaf), Some(lookup)) => RuleMismatch::Exclusion {
                experience_key: leaf.experience_key.to_string(),
                is_in: lookup.is_bucketed_into(&leaf.experience_key),
            },
        })
    }
}

impl Comparison {
    /// Why it does not match.
    fn cause(&self, input: &RuleInput<'_>) -> RuleMismatch {
        let (key, rule_type) = (self.key.as_deref(), self.rule_type.as_deref());
        match (input.data, key, rule_type) {
            _ if matches!(self.operator, Operator::Undecidable) => RuleMismatch::Unusable,
            (RuleSource::Attributes(attributes), Some(key), _) => {
                self.cause_in(attributes, key, input.keys_case_sensitive)
            }
            (RuleSource::Custom(data), _, Some(rule_type)) => {
                let attribute = key.unwrap_or(rule_type).to_owned();
                match data.lookup(&RuleItem { rule_type, key, negated: self.negated }) {
                    Lookup::Value(_) => RuleMismatch::Differs { attribute },
                    _ => RuleMismatch::Missing { attribute, similar: None },
                }
            }
            // It names nothing that could be looked up.
            (RuleSource::Attributes(_), None, _) | (RuleSource::Custom(_), _, None) => RuleMismatch::Unusable,
        }
    }

    fn cause_in(&self, attributes: &Attributes, key: &str, case_sensitive: bool) -> RuleMismatch {
        let attribute = key.to_owned();
        let value = if case_sensitive { attributes.get(key) } else { attributes.get_ignoring_case(key) };
        match value {
            None => RuleMismatch::Missing { attribute, similar: similar(attributes, key) },
            Some(value) if !self.operator.is_comparable(value) => RuleMismatch::NotComparable { attribute },
            Some(_) => RuleMismatch::Differs { attribute },
        }
    }
}

/// The name of an attribute that is equal but for case.
fn similar(attributes: &Attributes, key: &str) -> Option<String> {
    let lowered = crate::js::lower(key);
    attributes.iter().find(|(name, _)| crate::js::lower(name) == lowered).map(|(name, _)| name.to_owned())
}
