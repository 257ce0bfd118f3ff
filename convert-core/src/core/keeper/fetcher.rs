//! Runs one try of a fetch on the SDK's thread.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Jitter};
use crate::config::{ConfigError, Fetch, FetchError, FetchPolicy, FetchStep, Fetched, ProjectConfig};
use crate::off_thread::off_thread;
use crate::transport::{Endpoints, Request};
use crate::worker::Background;

/// All that a fetch needs. It does not hold the core.
pub(crate) struct Fetcher {
    pub(crate) background: Background,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) jitter: Arc<dyn Jitter>,
    pub(crate) endpoints: Arc<Endpoints>,
}

/// A try that brought nothing.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: FetchError,
    /// When the fetch's policy wants the next try; `None` where it gives up.
    pub(crate) retry_at: Option<Duration>,
    /// How long the server asks to wait.
    pub(crate) asked: Option<Duration>,
}

impl Fetcher {
    pub(crate) fn now(&self) -> Duration {
        self.background.now()
    }

    pub(crate) fn fetch(&self, request: Request, policy: FetchPolicy) -> Fetch {
        Fetch::new(request, self.endpoints.debug_token().cloned(), policy)
    }

    /// One try, with its redirects.
    pub(crate) async fn attempt(&self, fetch: &mut Fetch) -> Result<Fetched, Failed> {
        let mut step = fetch.next(self.now());
        loop {
            step = match step {
                FetchStep::Send(request) => {
                    let Some(outcome) = self.background.fetch(request).await else {
                        // Only when the core is closed: nobody waits then.
                        return Err(Failed { error: FetchError::Timeout, retry_at: None, asked: None });
                    };
                    fetch.answered(outcome, self.now(), self.clock.unix_time(), self.jitter.fraction())
                }
                FetchStep::Parse(served) => {
                    let outcome = parse(&served.text).await;
                    fetch.parsed(served, outcome, self.now(), self.jitter.fraction())
                }
                FetchStep::WaitUntil { time, error } => return Err(self.failed(fetch, error, Some(time))),
                FetchStep::Done(Err(error)) => return Err(self.failed(fetch, error, None)),
                FetchStep::Done(Ok(Fetched::Config { config, tag, text })) => {
                    match self.endpoints.tracking_url(config.account_id(), config.project_id()) {
                        Ok(_) => return Ok(Fetched::Config { config, tag, text }),
                        Err(source) => {
                            fetch.refused(FetchError::Project { source }, self.now(), self.jitter.fraction())
                        }
                    }
                }
                FetchStep::Done(Ok(unchanged @ Fetched::NotModified { .. })) => return Ok(unchanged),
            };
        }
    }

    fn failed(&self, fetch: &Fetch, error: FetchError, retry_at: Option<Duration>) -> Failed {
        Failed { error, retry_at, asked: fetch.asked_pause() }
    }
}

/// Parses a config; a large one on a thread of its own: it takes long, and delivery goes on meanwhile.
async fn parse(text: &Arc<Vec<u8>>) -> Result<ProjectConfig, ConfigError> {
    if text.len() > PARSED_AT_ONCE {
        let own = Arc::clone(text);
        if let Ok(parsing) = off_thread(move || ProjectConfig::parse(&*own)) {
            if let Some(parsed) = parsing.await {
                return parsed;
            }
        }
    }
    ProjectConfig::parse(&**text)
}

/// Bytes of a config that are parsed in less time than it takes to notice: about a millisecond.
const PARSED_AT_ONCE: usize = 64 * 1024;
