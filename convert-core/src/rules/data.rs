//! Where a rule finds the value it compares.

use std::borrow::Cow;
use std::fmt;

use crate::attributes::{AttributeValue, Attributes};

/// What a rule tree is evaluated against.
#[derive(Clone, Copy)]
pub(crate) struct RuleInput<'a> {
    pub(crate) data: RuleSource<'a>,
    /// Answers `bucketed_into_experience_key` leaves; `None` outside audiences, where they are ordinary leaves.
    pub(crate) exclusion: Option<&'a dyn ExclusionLookup>,
    pub(crate) keys_case_sensitive: bool,
}

/// Where a rule finds the value of its key.
#[derive(Clone, Copy)]
pub(crate) enum RuleSource<'a> {
    Attributes(&'a Attributes),
    Custom(&'a dyn RuleData),
}

/// Whether a visitor is bucketed into an experience, for mutual exclusion.
pub(crate) trait ExclusionLookup {
    fn is_bucketed_into(&self, experience_key: &str) -> bool;
}

/// An app's own provider of rule data, for locations and conversions.
///
/// It is asked once for each rule item that has a rule type, and answers with the value to compare, or with a reason
/// why there is none. What the official JavaScript SDK calls a `RuleData` object.
///
/// ```
/// use convert_core::{Lookup, RuleData, RuleItem};
///
/// #[derive(Debug)]
/// struct Request {
///     path: String,
/// }
///
/// impl RuleData for Request {
///     fn lookup(&self, item: &RuleItem<'_>) -> Lookup<'_> {
///         match item.rule_type() {
///             "url" => Lookup::from(self.path.as_str()),
///             _ => Lookup::Missing,
///         }
///     }
/// }
/// ```
pub trait RuleData: fmt::Debug + Send + Sync {
    /// The value that `item` compares.
    fn lookup(&self, item: &RuleItem<'_>) -> Lookup<'_>;
}

/// What a [`RuleData`] provider is asked about.
#[derive(Clone, Copy, Debug)]
pub struct RuleItem<'a> {
    pub(super) rule_type: &'a str,
    pub(super) key: Option<&'a str>,
    pub(super) negated: bool,
}

impl<'a> RuleItem<'a> {
    /// The rule's type, such as `generic_text_key_value` or `country`.
    #[must_use]
    pub fn rule_type(&self) -> &'a str {
        self.rule_type
    }

    /// The rule's key, for the key-value types.
    #[must_use]
    pub fn key(&self) -> Option<&'a str> {
        self.key
    }

    /// Whether the comparison's result is negated. A provider rarely needs it: the SDK applies it.
    #[must_use]
    pub fn is_negated(&self) -> bool {
        self.negated
    }
}

/// The answer of a [`RuleData`] provider.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Lookup<'a> {
    /// The value to compare. For the rule type `js_condition`, whether it is `true` is the result.
    Value(Cow<'a, AttributeValue>),
    /// There is no such value: `exists` and its negations are evaluated, any other rule is false.
    Missing,
    /// There is no data to answer with; where no rule matches, the whole evaluation answers with this reason.
    NoDataFound,
    /// The data is not complete yet; where no rule matches, the whole evaluation answers with this reason.
    NeedMoreData,
}

impl<'a> From<&'a AttributeValue> for Lookup<'a> {
    fn from(value: &'a AttributeValue) -> Self {
        Self::Value(Cow::Borrowed(value))
    }
}

impl<'a> From<Option<&'a AttributeValue>> for Lookup<'a> {
    fn from(value: Option<&'a AttributeValue>) -> Self {
        value.map_or(Self::Missing, Self::from)
    }
}

impl From<AttributeValue> for Lookup<'_> {
    fn from(value: AttributeValue) -> Self {
        Self::Value(Cow::Owned(value))
    }
}

impl From<&str> for Lookup<'_> {
    fn from(text: &str) -> Self {
        Self::from(AttributeValue::from(text))
    }
}

impl From<bool> for Lookup<'_> {
    fn from(flag: bool) -> Self {
        Self::from(AttributeValue::from(flag))
    }
}

impl From<f64> for Lookup<'_> {
    fn from(number: f64) -> Self {
        Self::from(AttributeValue::from(number))
    }
}

impl From<i64> for Lookup<'_> {
    fn from(number: i64) -> Self {
        Self::from(AttributeValue::from(number))
    }
}
