//! The operators, as the JavaScript SDK compares.

use std::cmp::Ordering;
use std::sync::Arc;

use super::operand::{Ordered, equals_lowered, with_lowered, with_text};
use super::pattern::Pattern;
use crate::attributes::AttributeValue;
use crate::config::Warnings;
use crate::js;
use crate::json::Json;
use crate::text::Text;

/// An operator with its rule value, in the form that it compares.
#[derive(Debug)]
pub(super) enum Operator {
    Equals(Box<Equals>),
    Less(Ordered<Text>),
    LessEqual(Ordered<Text>),
    Contains(Text),
    StartsWith(Text),
    EndsWith(Text),
    /// Sorted.
    IsIn(Box<[Text]>),
    Matches(Arc<Pattern>),
    Exists,
    DoesNotExist,
    /// As `DoesNotExist`, but undecidable where the key is missing.
    NotExists,
    /// An unknown operator, or a regular expression that cannot be run.
    Undecidable,
}

/// The rule value of `equals`: how it compares with a scalar, with a list's elements, and with a map's keys.
#[derive(Debug)]
pub(super) struct Equals {
    lowered: Text,
    value: AttributeValue,
}

impl Operator {
    pub(super) fn compile(match_type: &str, value: &Json<'_>, place: &str, warnings: &mut Warnings) -> Self {
        let lowered = || Text::from(js::lower(&value.js_string()));
        match match_type {
            "equals" | "equalsNumber" | "matches" => {
                Self::Equals(Box::new(Equals { lowered: lowered(), value: value.clone().into() }))
            }
            "less" => Self::Less(Ordered::from_rule(&value.clone().into())),
            "lessEqual" => Self::LessEqual(Ordered::from_rule(&value.clone().into())),
            // What is only white space is in every text.
            "contains" => Self::Contains(Some(lowered()).filter(|text| !js::trim(text).is_empty()).unwrap_or_default()),
            "startsWith" => Self::StartsWith(lowered()),
            "endsWith" => Self::EndsWith(lowered()),
            "isIn" => Self::is_in(value, place, warnings),
            "regexMatches" => match warnings.patterns.compile(&value.js_string()) {
                Ok(pattern) => Self::Matches(pattern),
                Err(fault) => {
                    warnings.push(place, format!("a regular expression {fault}; it matches nothing"));
                    Self::Undecidable
                }
            },
            "exists" => Self::Exists,
            "doesNotExist" => Self::DoesNotExist,
            "not_exists" => Self::NotExists,
            _ => {
                warnings.push(place, format!("the match type {match_type:?} is not known; it matches nothing"));
                Self::Undecidable
            }
        }
    }

    fn is_in(value: &Json<'_>, place: &str, warnings: &mut Warnings) -> Self {
        let mut cased = false;
        let mut token = |text: &str| {
            let lowered = js::lower(text);
            cased |= lowered != text;
            Text::from(lowered)
        };
        let mut tokens: Vec<Text> = match value {
            Json::Str(text) => text.split('|').map(&mut token).collect(),
            Json::Array(items) => items.iter().map(|item| token(&item.js_string())).collect(),
            _ => Vec::new(),
        };
        if cased {
            // The JavaScript SDK lowers the rule's side and not the visitor's; moving visitors would be worse.
            warnings.push(place, "an isIn rule lists upper-case texts; only the same texts in lower case are in it");
        }
        tokens.sort_unstable();
        tokens.dedup();
        Self::IsIn(tokens.into())
    }

    /// The result before negation; `None` where nothing can be said, which is false whether negated or not.
    #[inline]
    pub(super) fn compare(&self, visitor: Option<&AttributeValue>) -> Option<bool> {
        match (self, visitor) {
            (Self::Exists, visitor) => Some(exists(visitor)),
            (Self::DoesNotExist, visitor) => Some(!exists(visitor)),
            (_, None) | (Self::Undecidable, _) => None,
            (Self::NotExists, visitor) => Some(!exists(visitor)),
            (Self::Equals(rule), Some(visitor)) => Some(rule.equals(visitor)),
            (Self::Less(rule), Some(visitor)) => Some(rule.compare(visitor)? == Some(Ordering::Less)),
            (Self::LessEqual(rule), Some(visitor)) => {
                Some(matches!(rule.compare(visitor)?, Some(Ordering::Less | Ordering::Equal)))
            }
            (Self::Contains(rule), Some(visitor)) => {
                Some(lowered(visitor, |text| rule.is_empty() || text.contains(rule.as_str())))
            }
            (Self::StartsWith(rule), Some(visitor)) => Some(lowered(visitor, |text| text.starts_with(rule.as_str()))),
            (Self::EndsWith(rule), Some(visitor)) => Some(lowered(visitor, |text| text.ends_with(rule.as_str()))),
            (Self::IsIn(rule), Some(visitor)) => Some(with_text(visitor, |text| is_in(text, rule))),
            (Self::Matches(pattern), Some(visitor)) => lowered(visitor, |text| pattern.is_match(text)),
        }
    }
}

impl Operator {
    /// Whether values of this kind have an order with the rule's value, where the operator asks for one. For explanations.
    #[cold]
    pub(super) fn is_comparable(&self, visitor: &AttributeValue) -> bool {
        match self {
            Self::Less(rule) | Self::LessEqual(rule) => rule.compare(visitor).is_some(),
            _ => true,
        }
    }
}

impl Equals {
    #[inline]
    fn equals(&self, visitor: &AttributeValue) -> bool {
        match visitor {
            AttributeValue::Text(text) => equals_lowered(text, &self.lowered),
            AttributeValue::List(items) => items.iter().any(|item| self.is_strictly(item)),
            AttributeValue::Map(map) if !map.is_empty() => map.get(&js::string_of(&self.value)).is_some(),
            scalar => with_text(scalar, |text| equals_lowered(text, &self.lowered)),
        }
    }

    /// `===`, which differs from being one to a `Set` only in NaN, and a config holds no NaN.
    fn is_strictly(&self, item: &AttributeValue) -> bool {
        item.is_same(&self.value)
    }
}

fn lowered<R>(visitor: &AttributeValue, f: impl FnOnce(&str) -> R) -> R {
    with_text(visitor, |text| with_lowered(text, f))
}

fn exists(visitor: Option<&AttributeValue>) -> bool {
    match visitor {
        None | Some(AttributeValue::Null) => false,
        Some(AttributeValue::Text(text)) => !text.is_empty(),
        Some(_) => true,
    }
}

fn is_in(text: &str, tokens: &[Text]) -> bool {
    text.split('|').any(|token| tokens.binary_search_by(|candidate| candidate.as_str().cmp(token)).is_ok())
}
