//! What the loader found odd and went on with.

use std::fmt;

use crate::rules::Patterns;

/// Something odd in a served config that the loader skipped or read leniently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigWarning {
    place: String,
    message: String,
}

impl ConfigWarning {
    /// The entity it is about, such as `experience 100334665`.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What was found and how it is read.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ConfigWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// The warnings of one load. Keeps the first thousand and counts the rest.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    list: Vec<ConfigWarning>,
    total: usize,
    /// The regular expressions of the config, which its rules share.
    pub(crate) patterns: Patterns,
}

impl Warnings {
    const KEPT: usize = 1000;

    pub(crate) fn push(&mut self, place: impl Into<String>, message: impl Into<String>) {
        self.total += 1;
        if self.list.len() < Self::KEPT {
            self.list.push(ConfigWarning { place: place.into(), message: message.into() });
        }
    }

    pub(crate) fn list(&self) -> &[ConfigWarning] {
        &self.list
    }

    pub(crate) fn total(&self) -> usize {
        self.total
    }
}
