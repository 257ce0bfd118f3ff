//! The first config, fetched with the SDK key.

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::clock::{Clock, Jitter};
use crate::completion::{Completion, Waited, completion};
use crate::config::{Fetch, FetchError, FetchPolicy, FetchStep, Fetched};
use crate::events::{Event, EventBus};
use crate::transport::Endpoints;
use crate::worker::Background;

use super::error::BuildError;
use super::shared::Shared;

/// The fetch ends by its own deadline; this is for a transport that holds the SDK's thread up.
const GRACE: Duration = Duration::from_secs(5);

/// How the first fetch goes.
pub(super) struct Startup {
    pub(super) endpoints: Arc<Endpoints>,
    pub(super) jitter: Arc<dyn Jitter>,
    pub(super) timeout: Duration,
    pub(super) start_unready: bool,
}

impl Startup {
    /// Fetches the first config on the SDK's thread, and blocks until it is there unless the core may start without.
    pub(super) fn fetch(self, shared: &Arc<Shared>) -> Result<(), BuildError> {
        if self.start_unready {
            return self.fetch_in_the_background(shared);
        }
        let deadline = self.deadline(shared);
        let fetching = self.start(shared, deadline)?;
        match fetching.wait(shared.clock().as_ref(), deadline.saturating_add(GRACE)) {
            Waited::Done(fetched) => install_first(shared, Some(fetched)),
            Waited::Gone | Waited::TimedOut => install_first(shared, None),
        }
    }

    /// The same without blocking.
    #[cfg(feature = "async")]
    pub(super) async fn fetch_async(self, shared: &Arc<Shared>) -> Result<(), BuildError> {
        if self.start_unready {
            return self.fetch_in_the_background(shared);
        }
        let deadline = self.deadline(shared);
        install_first(shared, self.start(shared, deadline)?.await)
    }

    fn deadline(&self, shared: &Shared) -> Duration {
        shared.clock().now().saturating_add(self.timeout)
    }

    fn start(
        self,
        shared: &Arc<Shared>,
        deadline: Duration,
    ) -> Result<Completion<Result<Fetched, FetchError>>, BuildError> {
        let (done, fetched) = completion();
        let fetching = self.fetching(shared, FetchPolicy::until(deadline))?;
        shared.delivery.background().spawn(Box::pin(async move { done.complete(fetching.run().await) }));
        Ok(fetched)
    }

    fn fetch_in_the_background(self, shared: &Arc<Shared>) -> Result<(), BuildError> {
        let fetching = self.fetching(shared, FetchPolicy::for_ever())?;
        let shared_later: Weak<Shared> = Arc::downgrade(shared);
        shared.delivery.background().spawn(Box::pin(async move {
            let fetched = fetching.run().await;
            let (Ok(Fetched::Config { config, .. }), Some(shared)) = (fetched, shared_later.upgrade()) else { return };
            if let Err(error) = shared.install(*config) {
                tracing::error!(target: "convert", %error, "the fetched config cannot be used");
            }
        }));
        Ok(())
    }

    fn fetching(self, shared: &Arc<Shared>, policy: FetchPolicy) -> Result<Fetching, BuildError> {
        let request = self.endpoints.config_request(None).ok_or(BuildError::NoSource)?;
        let fetch = Fetch::new(request, self.endpoints.debug_token().cloned(), policy);
        Ok(Fetching {
            fetch,
            background: shared.delivery.background(),
            clock: Arc::clone(shared.clock()),
            jitter: self.jitter,
            bus: Arc::clone(&shared.bus),
        })
    }
}

fn install_first(shared: &Shared, fetched: Option<Result<Fetched, FetchError>>) -> Result<(), BuildError> {
    match fetched {
        Some(Ok(Fetched::Config { config, .. })) => Ok(shared.install(*config)?),
        Some(Err(error)) => Err(BuildError::Fetch(error)),
        Some(Ok(Fetched::NotModified)) | None => Err(BuildError::Fetch(FetchError::Timeout)),
    }
}

/// A fetch with all that it needs to run on the SDK's thread. It does not hold the core.
struct Fetching {
    fetch: Fetch,
    background: Background,
    clock: Arc<dyn Clock>,
    jitter: Arc<dyn Jitter>,
    bus: Arc<EventBus>,
}

impl Fetching {
    async fn run(mut self) -> Result<Fetched, FetchError> {
        let mut step = self.fetch.next(self.background.now());
        loop {
            step = match step {
                FetchStep::Send(request) => {
                    // Gone only when the core is closed: nobody waits then.
                    let outcome = self.background.fetch(request).await.ok_or(FetchError::Timeout)?;
                    let (now, unix_time) = (self.background.now(), self.clock.unix_time());
                    self.fetch.answered(outcome, now, unix_time, self.jitter.fraction())
                }
                FetchStep::WaitUntil { time, error } => {
                    self.report(&error, Some(time.saturating_sub(self.background.now())));
                    self.background.sleep_until(time).await;
                    self.fetch.next(self.background.now())
                }
                FetchStep::Done(result) => {
                    if let Err(error) = &result {
                        self.report(error, None);
                    }
                    return result;
                }
            };
        }
    }

    fn report(&self, error: &FetchError, retry_in: Option<Duration>) {
        tracing::warn!(target: "convert", %error, ?retry_in, "the config could not be fetched");
        self.bus.emit(|| Event::ConfigFetchFailed { error: error.to_string(), retry_in });
    }
}
