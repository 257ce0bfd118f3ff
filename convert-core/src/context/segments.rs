//! Errors of segment calls.

use std::fmt;

/// Why custom segments could not be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SegmentError {
    /// No config is loaded yet.
    SdkNotReady,
}

impl fmt::Display for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SdkNotReady => f.write_str("no config is loaded yet; wait until the core is ready"),
        }
    }
}

impl std::error::Error for SegmentError {}
