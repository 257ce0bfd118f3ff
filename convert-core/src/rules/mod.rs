//! Rule trees: compiled at load, evaluated without allocation.
//!
//! A served rule tree is `{OR: [{AND: [{OR_WHEN: [item, ...]}, ...]}, ...]}`. Compiling lowers texts, parses numbers,
//! splits lists and translates regular expressions, so that evaluating looks an attribute up and compares.

mod compare;
mod data;
mod error;
mod item;
mod mismatch;
mod operand;
mod pattern;
mod provider;
mod tree;

pub(crate) use data::{ExclusionLookup, RuleInput, RuleSource};
pub use data::{Lookup, RuleData, RuleItem};
pub use error::RuleDataError;
pub use mismatch::RuleMismatch;
pub(crate) use pattern::Patterns;
pub(crate) use provider::Provider;
pub(crate) use tree::{RuleOutcome, RuleTree};

#[cfg(test)]
mod tests;
