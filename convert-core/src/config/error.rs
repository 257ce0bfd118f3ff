//! Why a config cannot be used.

use std::error::Error;
use std::fmt;

/// Why a text is not a usable project config.
///
/// Only the config as a whole can fail. A bad entity in it is skipped and reported in
/// [`ProjectConfig::warnings`](super::ProjectConfig::warnings).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is no text, or only white space.
    Empty,
    /// The text is larger than any project config can be.
    #[non_exhaustive]
    TooLarge {
        /// Bytes of the text.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The text ends in the middle of the document.
    Truncated,
    /// The text is not JSON.
    #[non_exhaustive]
    NotJson {
        /// What the parser expected or found, with line and column.
        reason: String,
    },
    /// Lists and objects are nested deeper than the 128 levels that are read.
    TooDeep,
    /// The document is JSON, but not an object.
    #[non_exhaustive]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// There is no usable `account_id`.
    MissingAccountId,
    /// There is no usable `project.id`.
    MissingProjectId,
    /// The config endpoint answered with an error instead of a config.
    #[non_exhaustive]
    ErrorPayload {
        /// The error as served, cut to 300 characters.
        message: String,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the config is empty; pass the JSON that the config endpoint serves"),
            Self::TooLarge { bytes, limit } => {
                write!(f, "the config has {bytes} bytes, more than the {limit} allowed; check that it is a project config")
            }
            Self::Truncated => f.write_str("the config ends in the middle of the document; fetch or copy it again, whole"),
            Self::NotJson { reason } => {
                write!(f, "the config is not JSON ({reason}); check the config endpoint, the SDK key or the file")
            }
            Self::TooDeep => {
                f.write_str("the config is nested deeper than 128 levels; check that it is a project config")
            }
            Self::NotAnObject { found } => {
                write!(f, "the config is {found}, not an object; pass the JSON that the config endpoint serves")
            }
            Self::MissingAccountId => f.write_str(
                "the config has no account_id (a non-empty text or a number); pass the JSON that the config endpoint serves",
            ),
            Self::MissingProjectId => f.write_str(
                "the config has no project.id (a non-empty text or a number); pass the JSON that the config endpoint serves",
            ),
            Self::ErrorPayload { message } => {
                write!(f, "the config endpoint answered with an error ({message}); check the SDK key and its secret")
            }
        }
    }
}

impl Error for ConfigError {}
