//! How long connections are waited for while the server serves.

use std::time::Duration;

/// As hyper has it.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);

/// Longer than the balancers of the large clouds keep connections.
const IDLE_DEADLINE: Duration = Duration::from_secs(620);

/// The deadlines of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// From the connection to the first head.
    pub(super) head: Option<Duration>,
    /// From a response to the next head.
    pub(super) idle: Option<Duration>,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Some(HEAD_DEADLINE), idle: Some(IDLE_DEADLINE) }
    }
}

/// A deadline that hyper can count to: it adds it to the time of now, and panics where that is too much.
pub(super) fn countable(deadline: Option<Duration>) -> Option<Duration> {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    deadline.filter(|deadline| *deadline <= YEAR)
}
