//! How a server ended.

use std::error::Error;
use std::fmt;
use std::io;

use convert_core::web::RunReport;
use convert_core::{FlushReport, Stats};

/// How [`serve`](crate::serve()) ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServeReport {
    /// Whether the server's own stop came to its end. Where it did not until the drain deadline, or a second signal, open
    /// connections were dropped. A stop by the [handle](crate::Serving::handle) always counts as one that did, also where it
    /// dropped connections. In the report of a [`ServeError`] it is false.
    pub drained: bool,
    /// What became of the events that were queued when the server had ended.
    pub flush: FlushReport,
    /// What became of every event since the core was made.
    pub stats: Stats,
}

impl fmt::Display for ServeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = if self.drained { "stopped" } else { "dropped at the drain deadline" };
        write!(f, "{server}; last events: {}", self.flush)
    }
}

/// Why a server failed, and what became of its events: they are delivered all the same.
///
/// As an [`io::Error`], for an app whose `main` returns one, it keeps its kind and its text.
#[derive(Debug)]
pub struct ServeError {
    error: io::Error,
    report: Box<ServeReport>,
}

impl ServeError {
    /// What failed.
    #[must_use]
    pub fn error(&self) -> &io::Error {
        &self.error
    }

    /// How the server ended, and what became of the events.
    #[must_use]
    pub fn report(&self) -> &ServeReport {
        &self.report
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server failed: {}; last events: {}", self.error, self.report.flush)
    }
}

impl Error for ServeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

impl From<ServeError> for io::Error {
    fn from(error: ServeError) -> Self {
        Self::new(error.error.kind(), error)
    }
}

/// What the run of a server answers with.
pub(crate) fn ended(report: RunReport<io::Result<()>>) -> Result<ServeReport, ServeError> {
    let RunReport { output, flush, stats, .. } = report;
    match output {
        Some(Err(error)) => Err(ServeError { error, report: Box::new(ServeReport { drained: false, flush, stats }) }),
        stopped => Ok(ServeReport { drained: stopped.is_some(), flush, stats }),
    }
}
