//! Where the config in use comes from, and how fresh it is.

use std::time::Duration;

use crate::config::FetchError;

/// Where a config comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigOrigin {
    /// The app gave it, as text or as a file.
    Given,
    /// It was fetched from the config endpoint.
    Fetched,
    /// It was read from the [last-known-good file](crate::CoreBuilder::last_known_good_file), since the config endpoint
    /// gave none.
    LastKnownGood,
}

/// How fresh the config in use is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConfigStatus {
    /// Where it comes from; `None` while none is loaded.
    pub origin: Option<ConfigOrigin>,
    /// The time since the config endpoint last said that this is the present config; `None` where it never did.
    pub age: Option<Duration>,
    /// Fetches that failed in a row, up to now.
    pub failures: u32,
    /// Why the last fetch failed; `None` after one that did not.
    pub error: Option<FetchError>,
}

impl ConfigStatus {
    /// Whether there may be a newer config that could not be fetched.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.origin == Some(ConfigOrigin::LastKnownGood) || (self.origin.is_some() && self.failures > 0)
    }
}
