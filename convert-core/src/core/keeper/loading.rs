//! What the keeper's task and the core share: who waits for a fetch, when the next one is due, how fresh the config is.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::chain::Chain;
use crate::completion::{Completer, completion, lock};
use crate::config::{ConfigTag, FetchError, FetchPolicy};
use crate::events::{Event, EventBus};

use super::fetcher::Fetcher;
use super::refresh::{Refresh, Refreshed};
use super::refresh_config::RefreshConfig;
use super::saved::SavedConfig;
use super::saving::{Saving, UnderWay};
use super::status::{ConfigOrigin, ConfigStatus};
use super::task::{First, Keeper};
use crate::core::Shared;

pub(crate) struct Loading {
    pub(super) fetcher: Arc<Fetcher>,
    bus: Arc<EventBus>,
    /// `None`: only when asked for.
    refresh: Option<RefreshConfig>,
    pub(super) saved: Option<SavedConfig>,
    saving: Arc<Saving>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whether a task is there, or about to be.
    runs: bool,
    waiting: Vec<Completer<Result<Refreshed, FetchError>>>,
    /// When the next periodic fetch starts.
    due: Option<Duration>,
    tag: ConfigTag,
    origin: Option<ConfigOrigin>,
    confirmed: Option<Confirmed>,
    failures: u32,
    error: Option<FetchError>,
}

/// When the endpoint last said that this is the present config: that long before that time on the clock.
#[derive(Clone, Copy)]
struct Confirmed {
    before: Duration,
    time: Duration,
}

impl Loading {
    pub(crate) fn new(
        fetcher: Arc<Fetcher>,
        bus: Arc<EventBus>,
        refresh: Option<RefreshConfig>,
        saved: Option<SavedConfig>,
    ) -> Arc<Self> {
        Arc::new(Self { fetcher, bus, refresh, saved, saving: Arc::default(), state: Mutex::default() })
    }

    pub(crate) fn status(&self) -> ConfigStatus {
        let (state, now) = (lock(&self.state), self.fetcher.now());
        ConfigStatus {
            origin: state.origin,
            age: state.confirmed.map(|confirmed| confirmed.before.saturating_add(now.saturating_sub(confirmed.time))),
            failures: state.failures,
            error: state.error.clone(),
        }
    }

    /// Starts the task for what is due from time to time, if anything is.
    pub(in crate::core) fn start_periodic(self: &Arc<Self>, core: &Arc<Shared>) {
        if self.refresh.is_some() {
            self.schedule(0, None);
            self.start(core, None);
        }
    }

    /// For a first config that is fetched until it is there: no slower than a config is fetched again.
    pub(super) fn patience(&self) -> FetchPolicy {
        FetchPolicy::for_ever(self.refresh.as_ref().map_or(Duration::MAX, RefreshConfig::slowest))
    }

    /// Whether there is an SDK key.
    pub(in crate::core) fn can_fetch(&self) -> bool {
        self.fetcher.endpoints.config_request(None).is_some()
    }

    /// Where configs are asked for.
    pub(super) fn host(&self) -> &str {
        self.fetcher.endpoints.config_host()
    }

    /// How long one request may take.
    pub(in crate::core) fn request_timeout(&self) -> Duration {
        self.fetcher.endpoints.request_timeout()
    }

    /// Asks for a fetch, or joins the one under way.
    pub(in crate::core) fn refresh_now(self: &Arc<Self>, core: &Arc<Shared>) -> Refresh {
        let clock = Arc::clone(&self.fetcher.clock);
        if !self.can_fetch() {
            return Refresh::impossible(clock);
        }
        let (done, outcome) = completion();
        lock(&self.state).waiting.push(done);
        self.start(core, None);
        Refresh::new(clock, outcome)
    }

    /// Sees to it that the task is there, and looks at what there is to do.
    pub(super) fn start(self: &Arc<Self>, core: &Arc<Shared>, first: Option<First>) {
        let runs = std::mem::replace(&mut lock(&self.state).runs, true);
        if runs {
            self.fetcher.background.wake();
        } else {
            let keeper = Keeper::new(Arc::downgrade(core), Arc::clone(self));
            // Where there is no thread for it, the task is dropped, and whoever waits is told.
            self.fetcher.background.spawn(Box::pin(keeper.run(first)));
        }
    }

    /// Waits until somebody asks or the next fetch is due. False where neither will ever be: then the task is gone.
    pub(super) async fn wait_for_need(&self) -> bool {
        poll_fn(|cx| {
            let mut state = lock(&self.state);
            if !state.waiting.is_empty() {
                return Poll::Ready(true);
            }
            match state.due {
                Some(due) => self.poll_time(cx, due).map(|()| true),
                None => {
                    state.runs = false;
                    Poll::Ready(false)
                }
            }
        })
        .await
    }

    /// Waits until `time`, or until somebody asks for a fetch.
    pub(super) async fn wait_until(&self, time: Duration) {
        poll_fn(|cx| if lock(&self.state).waiting.is_empty() { self.poll_time(cx, time) } else { Poll::Ready(()) })
            .await;
    }

    fn poll_time(&self, cx: &mut Context<'_>, time: Duration) -> Poll<()> {
        Pin::new(&mut self.fetcher.background.sleep_until(time)).poll(cx)
    }

    /// The task is gone early: the core is closed. Nobody waits in vain.
    pub(super) fn left(&self) {
        let waiting = {
            let mut state = lock(&self.state);
            state.runs = false;
            std::mem::take(&mut state.waiting)
        };
        drop(waiting);
    }

    /// A config is there that is to be saved: whoever closes from now on waits until what this answers with is dropped.
    pub(super) fn begin_saving(&self) -> Option<UnderWay> {
        self.saved.is_some().then(|| self.saving.begin())
    }

    /// Blocks until the config is saved, where that is under way, or the clock reaches `deadline`.
    pub(in crate::core) fn wait_until_saved(&self, deadline: Duration) {
        self.saving.wait(self.fetcher.clock.as_ref(), deadline);
    }

    /// The same without blocking.
    #[cfg(feature = "async")]
    pub(in crate::core) async fn until_saved(&self, deadline: Duration) {
        self.saving.ended(&self.fetcher.clock, deadline).await;
    }

    /// Of the config in use, if it was served.
    pub(super) fn tag(&self) -> ConfigTag {
        lock(&self.state).tag.clone()
    }

    /// The app gave the config that is about to be installed.
    pub(in crate::core) fn given(&self) {
        lock(&self.state).origin = Some(ConfigOrigin::Given);
    }

    /// A config that the endpoint served at that time, in an earlier process, is about to be installed.
    pub(in crate::core) fn restored(&self, tag: ConfigTag, unix_time: Duration) {
        let before = self.fetcher.clock.unix_time().saturating_sub(unix_time);
        let mut state = lock(&self.state);
        state.origin = Some(ConfigOrigin::LastKnownGood);
        state.tag = tag;
        state.confirmed = Some(Confirmed { before, time: self.fetcher.now() });
    }

    /// A fetched config is about to be installed.
    pub(in crate::core) fn fetched(&self, tag: ConfigTag) {
        lock(&self.state).tag = tag;
        self.confirmed(None);
    }

    /// The endpoint says that the config in use is the present one, and perhaps what it calls it now.
    pub(super) fn confirmed(&self, etag: Option<Arc<str>>) {
        let time = self.fetcher.now();
        let mut state = lock(&self.state);
        if etag.is_some() {
            state.tag.etag = etag;
        }
        state.origin = Some(ConfigOrigin::Fetched);
        state.confirmed = Some(Confirmed { before: Duration::ZERO, time });
        state.failures = 0;
        state.error = None;
        drop(state);
        self.schedule(0, None);
    }

    /// A try failed; the next one is at `retry_at`, if one is planned.
    pub(super) fn failed(&self, error: FetchError, retry_at: Option<Duration>) {
        {
            let mut state = lock(&self.state);
            state.failures = state.failures.saturating_add(1);
            state.error = Some(error.clone());
        }
        let retry_in = retry_at.map(|time| time.saturating_sub(self.fetcher.now()));
        let (host, cause) = (self.host(), Chain(&error));
        match retry_in.map(|pause| pause.as_secs_f64()) {
            Some(pause) => tracing::warn!(
                target: "convert", "the config could not be fetched from {host}: {cause}; trying again in {pause:.1} s"
            ),
            None => tracing::warn!(target: "convert", "the config could not be fetched from {host}: {cause}"),
        }
        self.bus.emit(|| Event::ConfigFetchFailed { error: error.clone(), retry_in });
        self.answer(&Err(error));
    }

    /// Tells all who wait.
    pub(super) fn answer(&self, outcome: &Result<Refreshed, FetchError>) {
        let waiting = std::mem::take(&mut lock(&self.state).waiting);
        for done in waiting {
            done.complete(outcome.clone());
        }
    }

    /// When the next periodic fetch is due after one that failed; `asked` is how long the server asks to wait.
    pub(super) fn schedule_after_failure(&self, asked: Option<Duration>) -> Option<Duration> {
        let failures = lock(&self.state).failures.saturating_add(1);
        self.schedule(failures, asked)
    }

    fn schedule(&self, failures: u32, asked: Option<Duration>) -> Option<Duration> {
        let delay = self.refresh.as_ref()?.delay(failures, self.fetcher.jitter.fraction());
        let due = self.fetcher.now().saturating_add(delay.max(asked.unwrap_or_default()));
        lock(&self.state).due = Some(due);
        Some(due)
    }
}

impl fmt::Debug for Loading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loading").field("refresh", &self.refresh).finish_non_exhaustive()
    }
}
