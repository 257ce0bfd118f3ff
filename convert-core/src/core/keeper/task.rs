//! The task.

use std::io;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::completion::Completer;
use crate::config::{ConfigTag, Fetch, FetchError, FetchPolicy, Fetched};
use crate::core::Shared;
use crate::off_thread::off_thread;

use super::fetcher::Failed;
use super::loading::Loading;
use super::refresh::Refreshed;
use super::saved::Saved;
use super::saving::UnderWay;

/// The first config, for a core that has none.
pub(super) struct First {
    pub(super) policy: FetchPolicy,
    /// Served if the first try fails; the policy is for one try then.
    pub(super) saved: Option<Saved>,
    /// Who waits for it.
    pub(super) done: Option<Completer<Result<(), FetchError>>>,
}

/// What is to be written to the file.
struct Unsaved {
    /// `None`: only that the config which the file holds was confirmed.
    text: Option<Arc<Vec<u8>>>,
    tag: ConfigTag,
    under_way: UnderWay,
}

/// The task's data. The core is not held, or it would never be dropped.
pub(super) struct Keeper {
    core: Weak<Shared>,
    loading: Arc<Loading>,
    /// Whether it has left by itself, with nobody waiting.
    left: bool,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if !self.left {
            self.loading.left();
        }
    }
}

impl Keeper {
    pub(super) fn new(core: Weak<Shared>, loading: Arc<Loading>) -> Self {
        Self { core, loading, left: false }
    }

    pub(super) async fn run(mut self, first: Option<First>) {
        if let Some(first) = first {
            if !self.fetch_first(first).await {
                return;
            }
        }
        while self.loading.wait_for_need().await {
            self.fetch_again().await;
        }
        self.left = true;
    }

    /// Whether there is a config now.
    async fn fetch_first(&self, first: First) -> bool {
        let First { policy, mut saved, mut done } = first;
        let Some(mut fetch) = self.fetch(policy) else { return false };
        loop {
            let Failed { error, mut retry_at, .. } = match self.loading.fetcher.attempt(&mut fetch).await {
                Ok(fetched) => {
                    let unsaved = self.take(fetched);
                    complete(&mut done, Ok(()));
                    self.save(unsaved).await;
                    return true;
                }
                Err(failed) => failed,
            };
            let restored = saved.take().is_some_and(|saved| self.restore(saved));
            if restored {
                // From now on there is time.
                let Some(patient) = self.fetch(self.loading.patience()) else { return false };
                fetch = patient;
                retry_at = Some(self.loading.fetcher.now().saturating_add(AFTER_RESTORING));
            }
            self.loading.failed(error.clone(), retry_at);
            let Some(retry_at) = retry_at else {
                complete(&mut done, Err(error));
                return false;
            };
            if restored {
                complete(&mut done, Ok(()));
            }
            self.loading.wait_until(retry_at).await;
        }
    }

    async fn fetch_again(&self) {
        let deadline = self.loading.fetcher.now().saturating_add(self.loading.request_timeout());
        let Some(mut fetch) = self.fetch(FetchPolicy::once(deadline)) else { return };
        match self.loading.fetcher.attempt(&mut fetch).await {
            Ok(fetched) => {
                let unsaved = self.take(fetched);
                self.save(unsaved).await;
            }
            Err(Failed { error, asked, .. }) => {
                let retry_at = self.loading.schedule_after_failure(asked);
                self.loading.failed(error, retry_at);
            }
        }
    }

    fn fetch(&self, policy: FetchPolicy) -> Option<Fetch> {
        let ConfigTag { etag, hash } = self.loading.tag();
        let request = self.loading.fetcher.endpoints.config_request(etag)?;
        Some(self.loading.fetcher.fetch(request, policy).knowing(hash))
    }

    /// Whether the saved config serves now.
    fn restore(&self, saved: Saved) -> bool {
        let Some(core) = self.core.upgrade() else { return false };
        tracing::warn!(target: "convert", "the last-known-good config is served; it may be stale");
        core.install_saved(saved)
    }

    /// Puts what was fetched in place, and tells who waits. Answers with what is to be saved of it.
    fn take(&self, fetched: Fetched) -> Option<Unsaved> {
        match fetched {
            Fetched::NotModified { etag } => {
                let under_way = self.loading.begin_saving();
                self.loading.confirmed(etag);
                self.loading.answer(&Ok(Refreshed::Unchanged));
                under_way.map(|under_way| Unsaved { text: None, tag: self.loading.tag(), under_way })
            }
            Fetched::Config { config, tag, text } => {
                let core = self.core.upgrade()?;
                // Before anybody knows of the config: who closes right then waits for it.
                let under_way = self.loading.begin_saving();
                core.install_fetched(*config, tag.clone());
                self.loading.answer(&Ok(Refreshed::Updated));
                under_way.map(|under_way| Unsaved { text: Some(text), tag, under_way })
            }
        }
    }

    /// Writes to the file on a thread of its own: delivery goes on meanwhile.
    async fn save(&self, unsaved: Option<Unsaved>) {
        let (Some(unsaved), Some(file)) = (unsaved, self.loading.saved.clone()) else { return };
        let (unix_time, path) = (self.loading.fetcher.clock.unix_time(), file.path().to_owned());
        let warn = move |error: io::Error| {
            tracing::warn!(target: "convert", %error, path = %path.display(), "the config could not be saved");
        };
        let cannot_write = warn.clone();
        // The task may be gone when it is written: the thread itself says whether it could be.
        let writing = off_thread(move || {
            let Unsaved { text, tag, under_way } = unsaved;
            let written = match text {
                Some(text) => file.write(&text, &tag, unix_time),
                None => file.confirm(&tag, unix_time),
            };
            written.unwrap_or_else(cannot_write);
            drop(under_way);
        });
        match writing {
            Ok(writing) => drop(writing.await),
            Err(error) => warn(error),
        }
    }
}

/// How soon the endpoint is asked again once a saved config is served.
const AFTER_RESTORING: Duration = Duration::from_secs(1);

fn complete<T>(done: &mut Option<Completer<T>>, value: T) {
    if let Some(done) = done.take() {
        done.complete(value);
    }
}
