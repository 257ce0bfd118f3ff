//! Rule trees: compiled at load, evaluated without allocation.

use crate::attributes::Attributes;
use crate::config::Warnings;
use crate::json::Json;

/// A compiled rule tree.
#[derive(Debug)]
pub(crate) struct RuleTree {}

/// What a rule tree says of a visitor, a location or a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleOutcome {
    Matched,
    NotMatched,
    NoDataFound,
    NeedMoreData,
}

/// What a rule tree is evaluated against.
#[derive(Clone, Copy)]
pub(crate) struct RuleInput<'a> {
    pub(crate) data: RuleSource<'a>,
    /// Answers `bucketed_into_experience_key` leaves; `None` outside audiences.
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
pub trait RuleData: std::fmt::Debug + Send + Sync {}

impl RuleTree {
    /// Compiles the served form; `None` where `rules` is falsy. `place` names it in warnings.
    pub(crate) fn compile(rules: &Json<'_>, place: &str, warnings: &mut Warnings) -> Option<Self> {
        let _ = (rules, place, warnings);
        None
    }

    pub(crate) fn evaluate(&self, input: &RuleInput<'_>) -> RuleOutcome {
        let _ = input;
        RuleOutcome::NotMatched
    }
}
