//! How a server ended.

use std::fmt;

use convert_core::{FlushReport, Stats};

/// How [`serve`](super::serve) ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServeReport {
    /// Connections that were still open at the drain deadline, and dropped.
    pub dropped_connections: usize,
    /// What became of the events that were queued when the server had ended.
    pub flush: FlushReport,
    /// What became of every event since the core was made.
    pub stats: Stats,
}

impl fmt::Display for ServeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stopped: {} connections dropped; last events: {}", self.dropped_connections, self.flush)
    }
}
