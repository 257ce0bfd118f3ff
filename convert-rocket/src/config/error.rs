//! Why a rocket cannot ignite.

use std::error::Error;
use std::fmt;

use convert_core::{BuildError, EndpointError};
use rocket::figment::error::Kind;
use rocket::figment::{self, Figment};

use super::TABLE;

/// A key of Rocket's configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyError {
    key: String,
    problem: String,
    found_in: Option<String>,
}

impl KeyError {
    pub(super) fn new(figment: &Figment, key: &str, problem: impl Into<String>) -> Self {
        let key = format!("{TABLE}.{key}");
        let found_in = figment.find_metadata(&key).map(place);
        Self { key, problem: problem.into(), found_in }
    }

    pub(super) fn from_figment(mut error: figment::Error) -> Self {
        // The table's name comes last where it was looked for first.
        if error.path.last().is_some_and(|last| last == TABLE) {
            error.path.pop();
        }
        let field = match &error.kind {
            Kind::UnknownField(field, _) if error.path.last() != Some(field) => Some(field.as_str()),
            _ => None,
        };
        let names = std::iter::once(TABLE).chain(error.path.iter().map(String::as_str)).chain(field);
        let key = names.collect::<Vec<_>>().join(".");
        let problem = problem(&error.kind, error.path.is_empty());
        Self { key, problem, found_in: error.metadata.as_ref().map(place) }
    }

    /// The key, such as `convert.batch_size`.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where its value was found: a file or the environment, where that is known.
    #[must_use]
    pub fn found_in(&self) -> Option<&str> {
        self.found_in.as_deref()
    }
}

/// What is wrong, never with the value: a variable that figment cannot parse is one text, with the secrets in it.
fn problem(kind: &Kind, is_table: bool) -> String {
    match kind {
        Kind::InvalidType(..) | Kind::InvalidValue(..) if is_table => {
            "it must be a table, such as `{ sdk_key = \"…\" }`".to_owned()
        }
        // Rust's name of a table within the table.
        Kind::InvalidType(_, expected) if expected.starts_with("struct ") => "it must be a table".to_owned(),
        Kind::InvalidType(_, expected) => format!("invalid type, expected {expected}"),
        Kind::InvalidValue(_, expected) => format!("invalid value, expected {expected}"),
        Kind::UnknownVariant(_, expected) => format!("invalid value, expected one of: {}", expected.join(", ")),
        // A file that cannot be parsed: the further lines of the message quote it.
        Kind::Message(message) => message.lines().next().unwrap_or_default().to_owned(),
        // Of the others, those that can come show the names of keys at most.
        Kind::Unsupported(_) | Kind::UnsupportedKey(..) => "it cannot be read".to_owned(),
        other => other.to_string(),
    }
}

/// A file's path, or what else a provider calls itself.
fn place(metadata: &figment::Metadata) -> String {
    metadata.source.as_ref().map_or_else(|| metadata.name.to_string(), ToString::to_string)
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key `{}` cannot be used: {}", self.key, self.problem)?;
        match &self.found_in {
            Some(place) => write!(f, " (in {place})"),
            None => Ok(()),
        }
    }
}

impl Error for KeyError {}

/// Why the fairing's core cannot be made from Rocket's configuration.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// A key cannot be used.
    Key(KeyError),
    /// The core cannot be made; [`key`](Self::key) says which key is about that.
    Core(BuildError),
}

impl StartError {
    /// The key that is to be mended, where there is one.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        let name = match self {
            Self::Key(error) => return Some(error.key.clone()),
            Self::Core(BuildError::NoSource | BuildError::Endpoint(EndpointError::InvalidSdkKey)) => "sdk_key",
            Self::Core(BuildError::Endpoint(EndpointError::InvalidSecret)) => "sdk_key_secret",
            Self::Core(BuildError::Endpoint(
                EndpointError::InvalidUrl { endpoint, .. } | EndpointError::InsecureSecret { endpoint, .. },
            )) => return Some(format!("{TABLE}.{endpoint}_endpoint")),
            Self::Core(BuildError::File { .. } | BuildError::Config(_)) => "config_file",
            // As `refresh interval`.
            Self::Core(BuildError::InvalidSetting { setting, .. }) => {
                return Some(format!("{TABLE}.{}", setting.replace(' ', ".")));
            }
            Self::Core(_) => return None,
        };
        Some(format!("{TABLE}.{name}"))
    }

    /// Tells in Rocket's log what the launch fails of: the error that Rocket returns has the fairing's name only.
    pub(crate) fn log(&self) {
        tracing::error!(target: "convert", "Convert: {self}");
        let mut source = self.source();
        while let Some(error) = source {
            tracing::error!(target: "convert::_", "{error}");
            source = error.source();
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.key()) {
            (Self::Key(error), _) => error.fmt(f),
            (Self::Core(BuildError::NoSource), _) => write!(
                f,
                "no SDK key and no config; set `{TABLE}.sdk_key` or `{TABLE}.config_file` in Rocket's configuration \
                 (Rocket.toml is looked for in the working directory and above it)"
            ),
            (Self::Core(error), Some(key)) => write!(f, "{error}; see the key `{key}` of Rocket's configuration"),
            (Self::Core(error), None) => error.fmt(f),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Key(error) => error.source(),
            Self::Core(error) => error.source(),
        }
    }
}

impl From<KeyError> for StartError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<BuildError> for StartError {
    fn from(error: BuildError) -> Self {
        Self::Core(error)
    }
}
