//! Why an attempt to deliver events failed.

use std::error::Error;
use std::fmt;

use crate::transport::TransportError;

/// Why an attempt to deliver events failed. What became of the events is in [`Stats`](crate::Stats): most failures are
/// retried.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryError {
    /// The endpoint answered, and not with success.
    #[non_exhaustive]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// No answer came.
    #[non_exhaustive]
    Transport {
        /// What went wrong.
        source: TransportError,
    },
}

impl DeliveryError {
    /// The HTTP status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status } => Some(*status),
            Self::Transport { .. } => None,
        }
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status: status @ 300..=399 } => {
                write!(f, "the endpoint answered {status}, a redirect, which is not followed; check the track endpoint")
            }
            Self::Status { status } => write!(f, "the endpoint answered {status}"),
            Self::Transport { source } => source.fmt(f),
        }
    }
}

impl Error for DeliveryError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Status { .. } => None,
            // It is shown whole, so the chain goes on behind it.
            Self::Transport { source } => source.source(),
        }
    }
}
