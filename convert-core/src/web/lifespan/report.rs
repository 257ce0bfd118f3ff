//! How a server ended.

use std::fmt;

use crate::{FlushReport, Stats};

/// How the run of a server ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunReport<T> {
    /// What the server's future answered with; `None` where it was dropped at the drain deadline.
    pub output: Option<T>,
    /// What became of the events that were queued when the server had ended.
    pub flush: FlushReport,
    /// What became of every event since the core was made.
    pub stats: Stats,
}

impl<T> fmt::Display for RunReport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = if self.output.is_some() { "stopped" } else { "dropped at the drain deadline" };
        write!(f, "{server}; last events: {}", self.flush)
    }
}
