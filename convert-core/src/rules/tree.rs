//! The tree: any block, all of its groups, any of their items.

use super::data::RuleInput;
use super::item::Item;
use crate::config::Warnings;
use crate::json::Json;

/// What a rule tree says of a visitor, a location or a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleOutcome {
    Matched,
    NotMatched,
    NoDataFound,
    NeedMoreData,
}

impl From<bool> for RuleOutcome {
    fn from(matched: bool) -> Self {
        if matched { Self::Matched } else { Self::NotMatched }
    }
}

/// A compiled rule tree. What was not a tree, or an empty level of one, is an empty slice: it matches nothing.
#[derive(Debug)]
pub(crate) struct RuleTree {
    /// `OR`.
    pub(super) blocks: Box<[Block]>,
}

/// `AND`.
pub(super) type Block = Box<[Group]>;
/// `OR_WHEN`.
pub(super) type Group = Box<[Item]>;

impl RuleTree {
    /// Compiles the served form; `None` where `rules` is falsy. `place` names it in warnings.
    pub(crate) fn compile(rules: &Json<'_>, place: &str, warnings: &mut Warnings) -> Option<Self> {
        if rules.is_falsy() {
            return None;
        }
        let blocks = level(rules, "OR", place, warnings, |block, warnings| {
            level(block, "AND", place, warnings, |group, warnings| {
                level(group, "OR_WHEN", place, warnings, |item, warnings| Item::compile(item, place, warnings))
            })
        });
        Some(Self { blocks })
    }

    #[inline]
    pub(crate) fn evaluate(&self, input: &RuleInput<'_>) -> RuleOutcome {
        any(&self.blocks, |block| all(block, |group| any(group, |item| item.evaluate(input))))
    }
}

fn level<T>(
    json: &Json<'_>,
    name: &str,
    place: &str,
    warnings: &mut Warnings,
    mut compile: impl FnMut(&Json<'_>, &mut Warnings) -> T,
) -> Box<[T]> {
    let elements = json.get(name).and_then(Json::as_array).unwrap_or_default();
    if elements.is_empty() {
        warnings.push(place, format!("a rule level has no {name} list with elements; it matches nothing"));
    }
    elements.iter().map(|element| compile(element, warnings)).collect()
}

/// The first that matches wins; where none does, the first that could not be decided.
fn any<T>(parts: &[T], evaluate: impl Fn(&T) -> RuleOutcome) -> RuleOutcome {
    let mut outcome = RuleOutcome::NotMatched;
    for part in parts {
        match evaluate(part) {
            RuleOutcome::Matched => return RuleOutcome::Matched,
            RuleOutcome::NotMatched => {}
            undecided => {
                if outcome == RuleOutcome::NotMatched {
                    outcome = undecided;
                }
            }
        }
    }
    outcome
}

/// The first that does not match decides. No parts match nothing.
fn all<T>(parts: &[T], evaluate: impl Fn(&T) -> RuleOutcome) -> RuleOutcome {
    let mut outcome = RuleOutcome::NotMatched;
    for part in parts {
        outcome = evaluate(part);
        if outcome != RuleOutcome::Matched {
            break;
        }
    }
    outcome
}
