//! Explanations: why a call answers as it does, by the same path and without effects.

use std::fmt;

use serde::Serialize;

use crate::eval::{Mismatch, Reason};

use super::decision::Decision;

/// Why an experience is decided as it is.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The key asked for.
    pub experience_key: String,
    /// Why.
    pub reason: Reason,
    /// The audiences, locations or segments that the reason is about, and which of their rules do not match. Names only:
    /// the visitor's values are not in here.
    pub mismatches: Vec<Mismatch>,
    /// The decision, where there is one.
    pub decision: Option<Decision>,
}

impl Explanation {
    pub(super) fn new(key: &str, decision: Result<Decision, Reason>, mismatches: Vec<Mismatch>) -> Self {
        let (reason, decision) = match decision {
            Ok(decision) => (Reason::Resolved(decision.source()), Some(decision)),
            Err(reason) => (reason, None),
        };
        Self { experience_key: key.to_owned(), reason, mismatches, decision }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "experience `{}`: {}", self.experience_key, self.reason)?;
        if let Some(decision) = &self.decision {
            write!(f, " (variation `{}`)", decision.variation_key())?;
        }
        for (at, mismatch) in self.mismatches.iter().enumerate() {
            write!(f, "{}{mismatch}", if at == 0 { " (" } else { "; " })?;
        }
        if self.mismatches.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}

/// Why a feature is enabled or disabled.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FeatureExplanation {
    /// The key asked for.
    pub feature_key: String,
    /// Why.
    pub reason: FeatureReason,
    /// What became of each experience that can carry the feature.
    pub experiences: Vec<Explanation>,
}

impl fmt::Display for FeatureExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let carried = !self.experiences.is_empty() || self.reason != FeatureReason::NotInSelectedVariations;
        if !carried {
            return write!(f, "feature `{}`: no variation of any experience delivers it", self.feature_key);
        }
        write!(f, "feature `{}`: {}", self.feature_key, self.reason)?;
        self.experiences.iter().try_for_each(|experience| write!(f, "; {experience}"))
    }
}

/// The outcome of a feature call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FeatureReason {
    /// Some variation that the visitor is in delivers it.
    Resolved,
    /// No config is loaded yet.
    SdkNotReady,
    /// The config declares no feature with this key.
    FeatureNotFound,
    /// No variation that the visitor is in delivers it.
    NotInSelectedVariations,
}

impl FeatureReason {
    /// The code that the Python SDK's `diagnose_feature` gives for it; `None` where it raises an exception instead.
    #[must_use]
    pub fn python_code(self) -> Option<&'static str> {
        match self {
            Self::Resolved => Some("resolved"),
            Self::SdkNotReady => None,
            Self::FeatureNotFound => Some("feature_not_found"),
            Self::NotInSelectedVariations => Some("feature_not_in_selected_variations"),
        }
    }
}

impl fmt::Display for FeatureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolved => "a variation that the visitor is in delivers it",
            Self::SdkNotReady => "no config is loaded yet",
            Self::FeatureNotFound => "the config declares no feature with this key",
            Self::NotInSelectedVariations => "no variation that the visitor is in delivers it",
        })
    }
}

/// What a conversion of a goal would find, and of which goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GoalExplanation {
    /// The key asked for.
    pub goal_key: String,
    /// What it would find.
    pub reason: GoalReason,
}

impl fmt::Display for GoalExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "goal `{}`: {}", self.goal_key, self.reason)
    }
}

/// What a conversion of a goal would find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GoalReason {
    /// It would be queued.
    Resolved,
    /// No config is loaded yet.
    SdkNotReady,
    /// The config has no goal with this key.
    GoalNotFound,
    /// The visitor has reached the goal before.
    AlreadyReached,
    /// The goal's rules do not match the rule data, or the goal has none.
    RuleNotMatched,
    /// A provider of rule data had no data.
    RuleNoData,
    /// A provider of rule data needs more data.
    RuleNeedMoreData,
    /// The goal data holds what the wire cannot carry.
    InvalidGoalData,
    /// Tracking is off (without consent, for instance), a preview is active, or the core is closed.
    Suppressed,
}

impl GoalReason {
    /// The code that the Python SDK's `diagnose_goal` gives for it; `None` where it has none.
    #[must_use]
    pub fn python_code(self) -> Option<&'static str> {
        match self {
            Self::Resolved | Self::AlreadyReached => Some("resolved"),
            Self::GoalNotFound => Some("goal_not_found"),
            _ => None,
        }
    }
}

impl fmt::Display for GoalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolved => "a conversion would be queued",
            Self::SdkNotReady => "no config is loaded yet",
            Self::GoalNotFound => "the config has no goal with this key",
            Self::AlreadyReached => "the visitor has reached the goal before",
            Self::RuleNotMatched => "the goal's rules do not match the rule data, or the goal has none",
            Self::RuleNoData => "a provider of rule data had no data",
            Self::RuleNeedMoreData => "a provider of rule data needs more data",
            Self::InvalidGoalData => "the goal data holds what the wire cannot carry",
            Self::Suppressed => {
                "tracking is off (without consent, for instance), a preview is active, or the core is closed"
            }
        })
    }
}
