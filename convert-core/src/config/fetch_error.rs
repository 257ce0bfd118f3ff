//! Why a config could not be fetched.

use std::error::Error;
use std::fmt;

use super::ConfigError;
use crate::transport::{EndpointError, RedirectError, TransportError};

/// Why the config endpoint gave no usable config. After retries, the reason of the last try.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FetchError {
    /// The endpoint did not answer in time.
    Timeout,
    /// No answer came.
    #[non_exhaustive]
    Transport {
        /// What went wrong.
        source: TransportError,
    },
    /// The endpoint refuses the SDK key or its secret.
    #[non_exhaustive]
    Unauthorized {
        /// The HTTP status, 401 or 403.
        status: u16,
    },
    /// The endpoint knows no such SDK key.
    NotFound,
    /// The endpoint answered with a failure.
    #[non_exhaustive]
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// The answer is longer than a config may be.
    #[non_exhaustive]
    TooLarge {
        /// The most bytes allowed.
        limit: usize,
    },
    /// The endpoint redirects to where the request must not go.
    #[non_exhaustive]
    Redirect {
        /// What is wrong with it.
        source: RedirectError,
    },
    /// What came names an account or project that no tracking URL can be made of.
    #[non_exhaustive]
    Project {
        /// What is wrong with it.
        source: EndpointError,
    },
    /// What came is no usable config; an error payload is among these.
    #[non_exhaustive]
    Config {
        /// What is wrong with it.
        source: ConfigError,
    },
}

impl FetchError {
    /// Whether another try within seconds would end the same: the request itself is at fault, not the moment.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Timeout | Self::Transport { .. } | Self::Config { .. } => false,
            Self::Status { status } => !matches!(status, 408 | 429 | 500..),
            Self::Unauthorized { .. }
            | Self::NotFound
            | Self::TooLarge { .. }
            | Self::Redirect { .. }
            | Self::Project { .. } => true,
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => {
                f.write_str("the config endpoint did not answer in time: check the network, or allow more time")
            }
            Self::Transport { source } => write!(f, "the config endpoint could not be asked: {source}"),
            Self::Unauthorized { status } => {
                write!(f, "the config endpoint answered {status}: check the SDK key, its secret and the debug token")
            }
            Self::NotFound => f.write_str("the config endpoint answered 404: check the SDK key and the environment"),
            Self::Status { status } => write!(f, "the config endpoint answered {status}: try again later"),
            Self::TooLarge { limit } => {
                write!(f, "the config is longer than {limit} bytes: check the config endpoint")
            }
            Self::Redirect { source } => source.fmt(f),
            Self::Project { source } => source.fmt(f),
            Self::Config { source } => source.fmt(f),
        }
    }
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // Those are shown whole, so the chain goes on behind them.
            Self::Transport { source } => source.source(),
            Self::Redirect { source } => source.source(),
            Self::Project { source } => source.source(),
            Self::Config { source } => source.source(),
            _ => None,
        }
    }
}
