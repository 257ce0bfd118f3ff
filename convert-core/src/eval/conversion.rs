//! Conversions: which events a goal makes, and when it counts once only.

use std::sync::Arc;

use crate::config::Goal;
use crate::rules::{RuleDataError, RuleSource};
use crate::text::Text;
use crate::tracking::{EventKind, TrackingEvent, Transaction};
use crate::visitor::{GoalMark, OneOrMany};

use super::call::Call;
use super::qualify::outcome;

/// A conversion as the caller asks for it.
pub(crate) struct Conversion<'a> {
    /// Given, maybe empty, or not given.
    pub(crate) goal_data: Option<&'a Arc<Transaction>>,
    pub(crate) force_multiple: bool,
}

/// Why a conversion is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    GoalNotFound,
    RuleNotMatched,
    RuleError(RuleDataError),
}

/// The goal, where it exists and its rules allow the conversion.
pub(crate) fn find_goal<'c>(
    call: &Call<'c>,
    goal_key: &str,
    rule_data: Option<RuleSource<'c>>,
) -> Result<&'c Goal, Refused> {
    let goal = call.config.goal(goal_key).ok_or(Refused::GoalNotFound)?;
    let Some(data) = rule_data else { return Ok(goal) };
    // Rule data is a question to the goal's rules: a goal without rules answers no.
    let rules = goal.rules.as_ref().ok_or(Refused::RuleNotMatched)?;
    match outcome(rules.evaluate(&call.input(data, None))) {
        Ok(true) => Ok(goal),
        Ok(false) => Err(Refused::RuleNotMatched),
        Err(error) => Err(Refused::RuleError(error)),
    }
}

/// What marks the goal as reached. A mark under the goal's id counts too, unless another goal has that text as key.
pub(crate) fn goal_mark(call: &Call<'_>, goal: &Goal) -> GoalMark {
    let id_is_free = call.config.goal(goal.id()).is_none_or(|other| other.id() == goal.id());
    GoalMark::new(goal.key(), (id_is_free && goal.id() != goal.key()).then(|| goal.id().into()))
}

/// The events of a conversion: a bare one for the first, and one with the goal data where there is any.
pub(crate) fn conversion_events(
    call: &Call<'_>,
    goal: &Goal,
    conversion: &Conversion<'_>,
    is_first: bool,
) -> OneOrMany<TrackingEvent> {
    let transaction = conversion.goal_data.filter(|_| is_first || conversion.force_multiple);
    if !is_first && transaction.is_none() {
        return OneOrMany::Empty;
    }
    let bucketing: Option<Arc<[(Text, Text)]>> = match call.state.decision_pairs() {
        [] => None,
        decisions => Some(decisions.into()),
    };
    let event = |transaction| TrackingEvent {
        visitor: call.visitor.clone(),
        segments: call.segments.cloned(),
        kind: EventKind::Conversion { goal_id: goal.id().into(), transaction, bucketing: bucketing.clone() },
    };
    let bare = is_first.then(|| event(None));
    bare.into_iter().chain(transaction.map(|data| event(Some(Arc::clone(data))))).collect()
}
