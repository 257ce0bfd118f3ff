//! Errors of segment calls.

use std::fmt;

use crate::eval::Reason;

/// Why custom segments could not be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SegmentError {
    /// No config is loaded yet.
    SdkNotReady,
    /// A rule could not be answered: [`Reason::RuleNoData`] or [`Reason::RuleNeedMoreData`].
    Rule(Reason),
}

impl fmt::Display for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SdkNotReady => f.write_str("no config is loaded yet; wait until the core is ready"),
            Self::Rule(reason) => write!(f, "a segment's rule could not be answered: {reason}"),
        }
    }
}

impl std::error::Error for SegmentError {}
