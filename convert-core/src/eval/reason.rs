//! Why a call answered as it did.

use std::fmt;

use serde::Serialize;

use crate::rules::RuleDataError;

/// Where a decision came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DecisionSource {
    /// Read back from the visitor's state.
    Stored,
    /// Bucketed by the hash of the visitor id, in this call.
    Bucketed,
    /// Forced by the call.
    Forced,
    /// Previewed on this context.
    Preview,
}

/// Why an experience was, or was not, decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// The visitor has a variation.
    Resolved(DecisionSource),
    /// No config is loaded yet.
    SdkNotReady,
    /// The config has no experience with this key.
    ExperienceNotFound,
    /// The experience is archived.
    Archived,
    /// The experience belongs to another environment.
    EnvironmentMismatch,
    /// The experience is limited to locations, and the call gave no location attributes.
    LocationPropertiesMissing,
    /// No location of the experience matches the location attributes.
    LocationMismatch,
    /// The visitor is not in the experience's audiences.
    AudienceMismatch,
    /// The visitor is in none of the experience's segments.
    SegmentMismatch,
    /// The experience has no variations.
    NoVariations,
    /// The visitor's bucket lies outside the experience's traffic.
    OutsideTraffic,
    /// A provider of rule data had no data.
    RuleNoData,
    /// A provider of rule data needs more data.
    RuleNeedMoreData,
}

/// An error of a provider is a reason of its own.
impl From<RuleDataError> for Reason {
    fn from(error: RuleDataError) -> Self {
        match error {
            RuleDataError::NoData => Self::RuleNoData,
            RuleDataError::NeedMoreData => Self::RuleNeedMoreData,
        }
    }
}

impl Reason {
    /// Whether the visitor has a variation.
    #[must_use]
    pub fn is_resolved(self) -> bool {
        matches!(self, Self::Resolved(_))
    }

    /// The code that the Python SDK's `diagnose_experience` gives for it, which does not tell the gates apart;
    /// `None` where the Python SDK raises an exception instead.
    #[must_use]
    pub fn python_code(self) -> Option<&'static str> {
        match self {
            Self::Resolved(_) => Some("resolved"),
            Self::ExperienceNotFound => Some("experience_not_found"),
            Self::SdkNotReady => None,
            _ => Some("audience_mismatch"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolved(DecisionSource::Stored) => "decided earlier and read back",
            Self::Resolved(DecisionSource::Bucketed) => "bucketed by the visitor id",
            Self::Resolved(DecisionSource::Forced) => "forced by the call",
            Self::Resolved(DecisionSource::Preview) => "previewed on this context",
            Self::SdkNotReady => "no config is loaded yet",
            Self::ExperienceNotFound => "the config has no experience with this key",
            Self::Archived => "the experience is archived",
            Self::EnvironmentMismatch => "the experience belongs to another environment",
            Self::LocationPropertiesMissing => {
                "the experience is limited to locations and the call gave no location attributes"
            }
            Self::LocationMismatch => "no location of the experience matches the location attributes",
            Self::AudienceMismatch => "the visitor is not in the experience's audiences",
            Self::SegmentMismatch => "the visitor is in none of the experience's segments",
            Self::NoVariations => "the experience has no variations",
            Self::OutsideTraffic => "the visitor's bucket lies outside the experience's traffic",
            Self::RuleNoData => "a provider of rule data had no data",
            Self::RuleNeedMoreData => "a provider of rule data needs more data",
        })
    }
}
