//! How a core comes to its first config.

use std::sync::Arc;
use std::time::Duration;

use crate::completion::{Completion, Waited, completion};
use crate::config::{FetchError, FetchPolicy};
use crate::core::Shared;
use crate::core::error::BuildError;
#[cfg(feature = "async")]
use crate::deadline::until;

use super::saved::Saved;
use super::task::First;

/// The fetch ends by its own deadline; this is for a transport that holds the SDK's thread up.
const GRACE: Duration = Duration::from_secs(5);

/// How the first fetch goes.
pub(in crate::core) struct Startup {
    pub(in crate::core) timeout: Duration,
    pub(in crate::core) start_unready: bool,
    pub(in crate::core) max_config_bytes: usize,
}

/// A first fetch that the core waits for.
struct Waiting {
    outcome: Completion<Result<(), FetchError>>,
    deadline: Duration,
}

impl Startup {
    /// Has the first config fetched, and blocks until it is there unless the core may start without.
    pub(in crate::core) fn fetch(self, shared: &Arc<Shared>) -> Result<(), BuildError> {
        let saved = shared.loading.saved.as_ref().and_then(|file| file.load(self.max_config_bytes));
        let Some(Waiting { outcome, deadline }) = self.start(shared, saved)? else { return Ok(()) };
        match outcome.wait(shared.clock().as_ref(), deadline.saturating_add(GRACE)) {
            Waited::Done(outcome) => outcome,
            Waited::Gone | Waited::TimedOut => Err(FetchError::Timeout),
        }
        .map_err(|error| BuildError::of_fetch(shared.loading.host(), error))
    }

    /// The same without blocking.
    #[cfg(feature = "async")]
    pub(in crate::core) async fn fetch_async(self, shared: &Arc<Shared>) -> Result<(), BuildError> {
        let limit = self.max_config_bytes;
        let reading = shared.loading.saved.clone().map(|file| crate::off_thread::off_thread(move || file.load(limit)));
        let saved = match reading {
            Some(Ok(reading)) => reading.await.flatten(),
            Some(Err(_)) | None => None,
        };
        let Some(Waiting { outcome, deadline }) = self.start(shared, saved)? else { return Ok(()) };
        let outcome = until(shared.clock(), deadline.saturating_add(GRACE), outcome).await.flatten();
        let outcome = outcome.unwrap_or(Err(FetchError::Timeout));
        outcome.map_err(|error| BuildError::of_fetch(shared.loading.host(), error))
    }

    /// Starts the fetch; `None` where nobody is to wait for it.
    fn start(&self, shared: &Arc<Shared>, saved: Option<Saved>) -> Result<Option<Waiting>, BuildError> {
        if self.start_unready {
            // What there is serves at once.
            if let Some(saved) = saved {
                shared.install_saved(saved);
            }
            let first = First { policy: shared.loading.patience(), saved: None, done: None };
            shared.loading.start(shared, Some(first));
            return Ok(None);
        }
        let deadline = shared.clock().now().saturating_add(self.timeout);
        let policy = if saved.is_some() { FetchPolicy::once(deadline) } else { FetchPolicy::until(deadline) };
        let (done, outcome) = completion();
        shared.loading.start(shared, Some(First { policy, saved, done: Some(done) }));
        Ok(Some(Waiting { outcome, deadline }))
    }
}
