//! What a core, its contexts and the SDK's thread share.

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::time::Duration;

use arc_swap::ArcSwapOption;

use crate::chain::Chain;
use crate::clock::Clock;
use crate::completion::{Waited, block_until, lock};
use crate::config::{ConfigTag, ConfigWarning, FetchError, ProjectConfig};
use crate::deadline::until;
use crate::eval::EvalSettings;
use crate::events::{Event, EventBus, Handler, Subscription};
use crate::tracking::{Delivery, Stats};
use crate::transport::EndpointError;
use crate::visitor::{ProjectScope, StoreError};
use crate::worker::is_inside;

use super::keeper::{Loading, Saved};
use super::previews::{PreviewFetch, Previews};
use super::waiters::{Wait, Waiters};

/// A config as installed.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) config: Arc<ProjectConfig>,
    pub(crate) scope: Arc<ProjectScope>,
    /// Counts installations, from 1.
    pub(crate) epoch: u64,
}

pub(crate) struct Shared {
    pub(crate) settings: EvalSettings,
    pub(crate) delivery: Delivery,
    pub(crate) bus: Arc<EventBus>,
    pub(super) loading: Arc<Loading>,
    pub(crate) previews: Arc<Previews>,
    snapshot: ArcSwapOption<Snapshot>,
    /// The epoch of `snapshot`, to see at the cost of one load whether there is a newer one. 0: none yet.
    epoch: AtomicU64,
    clock: Arc<dyn Clock>,
    /// What the configs before this one counted.
    regex_limit_before: AtomicU64,
    /// Who waits for the first config. Held while a config is installed.
    installing: Mutex<Waiters>,
}

impl Shared {
    pub(super) fn new(
        settings: EvalSettings,
        delivery: Delivery,
        bus: Arc<EventBus>,
        loading: Arc<Loading>,
        previews: Arc<Previews>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let snapshot = ArcSwapOption::empty();
        let (epoch, installing) = (AtomicU64::new(0), Mutex::default());
        let regex_limit_before = AtomicU64::new(0);
        Self { settings, delivery, bus, loading, previews, snapshot, epoch, clock, regex_limit_before, installing }
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Whether there is an SDK key to fetch with.
    pub(crate) fn can_fetch(&self) -> bool {
        self.loading.can_fetch()
    }

    pub(crate) fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.load_full()
    }

    #[inline]
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Puts the app's own config in place, to be refreshed from time to time if the app wants that.
    ///
    /// # Errors
    /// Where the project's id fits into no tracking URL.
    pub(super) fn start_with(self: &Arc<Self>, config: ProjectConfig) -> Result<(), EndpointError> {
        self.delivery.set_project(config.account_id(), config.project_id())?;
        self.install(config, || self.loading.given());
        self.loading.start_periodic(self);
        Ok(())
    }

    /// Puts a fetched config, whose ids were tried before, in place.
    pub(super) fn install_fetched(&self, config: ProjectConfig, tag: ConfigTag) {
        self.install_known(config, || self.loading.fetched(tag));
    }

    /// Puts a saved config in place; whether it could be used.
    pub(super) fn install_saved(&self, saved: Saved) -> bool {
        let restored = || self.loading.restored(saved.tag, saved.unix_time);
        self.install_known(saved.config, restored)
    }

    fn install_known(&self, config: ProjectConfig, noted: impl FnOnce()) -> bool {
        match self.delivery.set_project(config.account_id(), config.project_id()) {
            Ok(()) => {
                self.install(config, noted);
                true
            }
            Err(error) => {
                tracing::error!(target: "convert", "the config cannot be used, the one before stays: {error}");
                false
            }
        }
    }

    /// Puts a config in place, then tells. `noted` runs right before.
    fn install(&self, config: ProjectConfig, noted: impl FnOnce()) {
        self.warn_of(&config);
        let mut installing = lock(&self.installing);
        noted();
        let previous = self.snapshot();
        let scope = scope_of(&config, previous.as_deref());
        if let Some(previous) = &previous {
            self.regex_limit_before.fetch_add(previous.config.regex_limit_reached(), Ordering::Relaxed);
        }
        let epoch = previous.as_ref().map_or(1, |snapshot| snapshot.epoch + 1);
        self.snapshot.store(Some(Arc::new(Snapshot { config: Arc::new(config), scope, epoch })));
        self.epoch.store(epoch, Ordering::Release);
        let waiting = installing.take();
        // Whoever subscribes from now on is told by then.
        let handlers = self.bus.handlers();
        drop(installing);
        waiting.for_each(Waker::wake);
        handlers.tell(&if previous.is_none() { Event::Ready {} } else { Event::ConfigUpdated {} });
    }

    /// Says what is odd in a config, but for what was odd in the one before too.
    fn warn_of(&self, config: &ProjectConfig) {
        let before = self.snapshot();
        let known = before.iter().flat_map(|snapshot| snapshot.config.warnings());
        let known: HashSet<_> = known.map(|warning| (warning.place(), warning.message())).collect();
        let is_new = |warning: &&ConfigWarning| !known.contains(&(warning.place(), warning.message()));
        for warning in config.warnings().iter().filter(is_new) {
            let place = if warning.place() == "config" { "" } else { "config: " };
            tracing::warn!(target: "convert", "{place}{warning}");
        }
        let mixes = |config: &ProjectConfig| self.mixes_scales(config);
        if mixes(config) && !before.is_some_and(|snapshot| mixes(&snapshot.config)) {
            tracing::warn!(
                target: "convert",
                "max_traffic is not 10000, but the config has experiences of version 12 or later: their variations take \
                 up a scale of 10000"
            );
        }
    }

    /// Anchored ranges lie on a scale of 10,000, whatever the configured number of buckets.
    fn mixes_scales(&self, config: &ProjectConfig) -> bool {
        !self.settings.bucketing.has_default_scale() && config.has_anchored_layout()
    }

    /// What became of every event, and of every costly regular expression.
    pub(crate) fn stats(&self) -> Stats {
        let now = self.snapshot.load().as_ref().map_or(0, |snapshot| snapshot.config.regex_limit_reached());
        let mut stats = self.delivery.stats();
        stats.regex_limit_reached = self.regex_limit_before.load(Ordering::Relaxed) + now;
        stats
    }

    /// Ready once a config is installed. Dropped before, it leaves nothing.
    pub(crate) fn first_config(&self) -> impl Future<Output = ()> + Unpin + Send {
        Wait::new(&self.installing, || self.epoch() > 0)
    }

    /// Waits for the first config until `timeout` has passed; whether there is one.
    pub(crate) fn wait_ready(&self, timeout: Duration) -> bool {
        // The SDK's own thread would wait for itself.
        if is_inside() {
            return self.epoch() > 0;
        }
        let deadline = self.clock.now().saturating_add(timeout);
        let mut first = self.first_config();
        block_until(self.clock.as_ref(), deadline, |cx| Pin::new(&mut first).poll(cx)).is_some()
    }

    /// Waits until a preview is fetched; `None` where it fails to come in time, or must not be waited for.
    pub(crate) fn preview_fetched(
        &self,
        fetch: PreviewFetch,
    ) -> impl Future<Output = Option<Result<Arc<ProjectConfig>, FetchError>>> + Send + use<> {
        let clock = Arc::clone(&self.clock);
        let deadline = clock.now().saturating_add(self.loading.request_timeout());
        async move {
            // The SDK's own thread would wait for itself.
            if is_inside() { None } else { until(&clock, deadline, fetch).await.flatten() }
        }
    }

    /// Blocks until a preview is fetched; `None` where it fails to come, or must not be waited for.
    pub(crate) fn wait_for_preview(&self, fetch: PreviewFetch) -> Option<Result<Arc<ProjectConfig>, FetchError>> {
        if is_inside() {
            return None;
        }
        let deadline = self.clock.now().saturating_add(self.loading.request_timeout());
        match fetch.wait(self.clock.as_ref(), deadline) {
            Waited::Done(fetched) => Some(fetched),
            Waited::Gone | Waited::TimedOut => None,
        }
    }

    /// A handler that comes after the first config is told of it at once, and of nothing else that happened before.
    pub(crate) fn subscribe(&self, handler: Handler) -> Subscription {
        let installing = lock(&self.installing);
        let is_ready = self.epoch() > 0;
        let subscription = self.bus.subscribe(Arc::clone(&handler));
        drop(installing);
        if is_ready {
            EventBus::call(&*handler, &Event::Ready {});
        }
        subscription
    }

    /// Reports a failing store: the call goes on without it.
    #[cold]
    pub(crate) fn store_failed(&self, error: StoreError) {
        tracing::warn!(target: "convert", "{}; the call goes on without it", Chain(&error));
        self.bus.emit(move || Event::StoreFailed { error: Arc::new(error) });
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("epoch", &self.epoch()).finish_non_exhaustive()
    }
}

/// The same scope as before where it is the same project, so that its visitors' keys stay shared.
fn scope_of(config: &ProjectConfig, previous: Option<&Snapshot>) -> Arc<ProjectScope> {
    let scope = ProjectScope { account_id: config.account_id().into(), project_id: config.project_id().into() };
    match previous {
        Some(previous) if *previous.scope == scope => Arc::clone(&previous.scope),
        _ => Arc::new(scope),
    }
}

#[cfg(test)]
mod tests {
    use std::task::Context;

    use super::*;
    use crate::RequestKind;
    use crate::completion::Signal;
    use crate::core::Core;
    use crate::testing::{Answer, RecordingTransport};
    use crate::warned::warnings;

    fn config(goals: &str) -> ProjectConfig {
        let config = format!(r#"{{"account_id": "1", "project": {{"id": "2"}}, "goals": [{goals}]}}"#);
        ProjectConfig::parse(config).unwrap()
    }

    #[test]
    fn waits_that_end_without_a_config_leave_nothing() {
        let transport = RecordingTransport::new();
        transport.script(RequestKind::Config, [Answer::Hang]);
        let builder = Core::builder().sdk_key("1/2").async_transport(transport).start_unready(true);
        let core = builder.build().unwrap();
        let waiting = || lock(&core.shared.installing).len();
        for _ in 0..10_000 {
            let task = Arc::new(Signal::default());
            let mut first = core.shared.first_config();
            for _ in 0..2 {
                let waker = Waker::from(Arc::clone(&task));
                assert!(Pin::new(&mut first).poll(&mut Context::from_waker(&waker)).is_pending());
                assert_eq!(waiting(), 1, "one place for each that waits");
            }
            drop(first);
            assert_eq!(Arc::strong_count(&task), 1, "its waker is gone");
        }
        assert!(!core.wait_ready(Duration::ZERO));
        assert_eq!(waiting(), 0);

        let task = Arc::new(Signal::default());
        let mut first = core.shared.first_config();
        let waker = Waker::from(Arc::clone(&task));
        assert!(Pin::new(&mut first).poll(&mut Context::from_waker(&waker)).is_pending());
        core.shared.install_fetched(config(""), ConfigTag::default());
        task.wait(None);
        assert!(Pin::new(&mut first).poll(&mut Context::from_waker(&waker)).is_ready());
    }

    #[test]
    fn what_is_odd_is_said_once_as_long_as_it_stays() {
        let core = Core::from_json(r#"{"account_id": "1", "project": {"id": "2"}}"#).unwrap();
        let (odd, odder) = ("{\"key\": \"no-id\"}", "{\"key\": \"no-id\"}, 7");
        let said = |goals| warnings(|| core.shared.install_fetched(config(goals), ConfigTag::default()));
        assert_eq!(said(odd), 1);
        assert_eq!(said(odd), 0, "a refresh brought the same");
        assert_eq!(said(odder), 1, "only what is new");
        assert_eq!(said(""), 0);
        assert_eq!(said(odd), 1, "it is back");
    }
}
