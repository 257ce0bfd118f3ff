//! Why a core, or a context, cannot be made.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::attributes::AttributeError;
use crate::chain::Chain;
use crate::config::{ConfigError, FetchError};
use crate::transport::EndpointError;

/// Why a [`Core`](crate::Core) cannot be made.
///
/// `Debug` shows the sentence of `Display` with all its causes: it is what a `main` prints that returns the error.
#[non_exhaustive]
pub enum BuildError {
    /// Neither an SDK key nor a config was given.
    NoSource,
    /// No transport was given, and the crate is built without one: without the feature `reqwest`.
    NoTransport,
    /// A setting is out of its range.
    #[non_exhaustive]
    InvalidSetting {
        /// The setting's name, or the environment variable's.
        setting: &'static str,
        /// What it must be.
        must_be: &'static str,
    },
    /// An endpoint, the SDK key or its secret cannot be used.
    Endpoint(EndpointError),
    /// The config file cannot be read.
    #[non_exhaustive]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The config cannot be used.
    Config(ConfigError),
    /// The config could not be fetched in time.
    #[non_exhaustive]
    Fetch {
        /// Where it was asked for: the config endpoint's host, with its port where it has one.
        host: String,
        /// Why, of the last try.
        source: FetchError,
    },
}

impl BuildError {
    pub(super) fn of_fetch(host: &str, error: FetchError) -> Self {
        match error {
            FetchError::Project { source } => Self::Endpoint(source),
            source => Self::Fetch { host: host.to_owned(), source },
        }
    }
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Chain(self), f)
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSource => f.write_str("no SDK key and no config; give the builder one of them"),
            Self::NoTransport => {
                f.write_str("no transport; enable the feature `reqwest-rustls` or give the builder a transport")
            }
            Self::InvalidSetting { setting, must_be } => write!(f, "`{setting}` must be {must_be}"),
            Self::Endpoint(error) => error.fmt(f),
            Self::File { path, .. } => write!(f, "cannot read the config file {}", path.display()),
            Self::Config(_) => f.write_str("the config cannot be used"),
            Self::Fetch { host, .. } => write!(f, "the config could not be fetched from {host}"),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoSource | Self::NoTransport | Self::InvalidSetting { .. } => None,
            // It is shown whole.
            Self::Endpoint(error) => error.source(),
            Self::File { source, .. } => Some(source),
            Self::Config(source) => Some(source),
            Self::Fetch { source, .. } => Some(source),
        }
    }
}

impl From<EndpointError> for BuildError {
    fn from(error: EndpointError) -> Self {
        Self::Endpoint(error)
    }
}

impl From<ConfigError> for BuildError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

/// Why a [`Context`](crate::Context) cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContextError {
    /// The visitor id is empty or white space only.
    EmptyVisitorId,
    /// The attributes cannot be used.
    Attributes(AttributeError),
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyVisitorId => f.write_str("the visitor id is empty; give every visitor a stable id"),
            Self::Attributes(_) => f.write_str("the attributes cannot be used"),
        }
    }
}

impl std::error::Error for ContextError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::EmptyVisitorId => None,
            Self::Attributes(source) => Some(source),
        }
    }
}
