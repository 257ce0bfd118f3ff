//! The core: one project's config, its visitors' state, its events and their delivery.

#[cfg(feature = "async")]
mod async_core;
mod builder;
mod environment;
mod error;
mod keeper;
mod previews;
mod shared;
mod waiters;

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::config::ProjectConfig;
use crate::context::{Context, ContextOptions, Preview, PreviewOutcome, load_preview};
use crate::events::{Event, Subscription};
use crate::tracking::{FlushError, FlushReport, Stats};
use crate::visitor::DataStore;

#[cfg(feature = "async")]
pub use async_core::AsyncCore;
pub use builder::CoreBuilder;
pub use error::{BuildError, ContextError};
pub use keeper::{ConfigOrigin, ConfigStatus, Refresh, RefreshConfig, RefreshError, Refreshed};
pub(crate) use previews::PreviewFetch;
pub(crate) use shared::{Shared, Snapshot};

/// One Convert project in this process: makes contexts, queues their events and delivers them.
///
/// A cheap handle: clones share everything. Make one when the app starts, keep it for the app's life, and
/// [`close`](Self::close) it when the app ends. Dropping the last handle without closing never waits: it warns with the
/// number of events lost.
#[derive(Clone)]
pub struct Core {
    shared: Arc<Shared>,
    store: Arc<dyn DataStore>,
}

impl Core {
    /// A builder, for all that the shortcuts below do not say.
    pub fn builder() -> CoreBuilder {
        CoreBuilder::new()
    }

    /// A core for the project of an SDK key. Waits until the config is fetched.
    ///
    /// # Errors
    /// [`BuildError`] where the key cannot be used, or no config could be fetched in time.
    pub fn from_sdk_key(sdk_key: impl Into<String>) -> Result<Self, BuildError> {
        Self::builder().sdk_key(sdk_key).build()
    }

    /// A core for a served config, as JSON text. Fetches nothing.
    ///
    /// # Errors
    /// [`BuildError`] where the config cannot be used.
    pub fn from_json(config: impl Into<String>) -> Result<Self, BuildError> {
        Self::builder().config_json(config).build()
    }

    /// A core for a served config, as a JSON value. Fetches nothing.
    ///
    /// # Errors
    /// [`BuildError`] where the config cannot be used.
    pub fn from_data(config: &Value) -> Result<Self, BuildError> {
        Self::builder().config_data(config).build()
    }

    /// A core for a served config in a file. Fetches nothing.
    ///
    /// # Errors
    /// [`BuildError`] where the file cannot be read or the config cannot be used.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, BuildError> {
        Self::builder().config_file(path.as_ref()).build()
    }

    /// A core as the environment variables say; see [`CoreBuilder::from_env`].
    ///
    /// # Errors
    /// [`BuildError`] where they say too little, something impossible, or the config cannot be had.
    pub fn from_env() -> Result<Self, BuildError> {
        CoreBuilder::from_env()?.build()
    }

    /// Whether a config is loaded.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.shared.epoch() > 0
    }

    /// Waits until a config is loaded, or `timeout` has passed; whether one is.
    ///
    /// Of interest after [`CoreBuilder::start_unready`] only: any other core is ready from the start.
    #[must_use]
    pub fn wait_ready(&self, timeout: Duration) -> bool {
        self.shared.wait_ready(timeout)
    }

    /// A context for a visitor, without attributes.
    ///
    /// # Errors
    /// [`ContextError`] where the visitor id is empty or white space only.
    ///
    /// ```
    /// # #[cfg(not(feature = "reqwest"))]
    /// # fn main() {}
    /// # #[cfg(feature = "reqwest")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let core = convert_core::Core::from_json(r#"{"account_id": "1", "project": {"id": "2"}}"#)?;
    /// let context = core.create_context("visitor-1")?;
    /// assert!(context.run_experience("pricing-page").is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_context(&self, visitor_id: impl Into<Arc<str>>) -> Result<Context, ContextError> {
        self.create_context_with(visitor_id, ContextOptions::new())
    }

    /// A context for a visitor, with attributes and other options.
    ///
    /// # Errors
    /// [`ContextError`] where the visitor id is empty or white space only, or the attributes nest too deep.
    pub fn create_context_with(
        &self,
        visitor_id: impl Into<Arc<str>>,
        options: ContextOptions,
    ) -> Result<Context, ContextError> {
        let visitor_id = checked(visitor_id.into(), &options)?;
        Ok(Context::new(Arc::clone(&self.shared), Arc::clone(&self.store), visitor_id, options))
    }

    /// A context whose visitor id and attributes were checked before.
    #[cfg(feature = "web")]
    pub(crate) fn open_context(&self, visitor_id: Arc<str>, options: ContextOptions) -> Context {
        Context::new(Arc::clone(&self.shared), Arc::clone(&self.store), visitor_id, options)
    }

    /// The config in use; `None` while none is loaded.
    #[must_use]
    pub fn config(&self) -> Option<Arc<ProjectConfig>> {
        self.shared.snapshot().map(|snapshot| Arc::clone(&snapshot.config))
    }

    /// Where the config in use comes from, and how fresh it is.
    #[must_use]
    pub fn config_status(&self) -> ConfigStatus {
        self.shared.loading.status()
    }

    /// Fetches the config again, whatever the [`RefreshConfig`]. Does not block: await the answer,
    /// [`wait`](Refresh::wait) for it, or let it go on by itself. Who asks while a fetch is under way gets its outcome.
    ///
    /// Contexts see a newer config from their next call on, unless they are
    /// [pinned](ContextOptions::pinned).
    pub fn refresh_now(&self) -> Refresh {
        self.shared.loading.refresh_now(&self.shared)
    }

    /// Has a preview's experience at hand for 60 seconds: it is fetched with the SDK key where the config in use does not
    /// have it, as a draft or a paused one. Meanwhile contexts that are
    /// [made with the preview](ContextOptions::preview), and [`Context::set_preview`], find it without waiting.
    ///
    /// The outcome is the one that they will have. The future works on any executor and does not block.
    pub fn load_preview(&self, preview: &Preview) -> impl Future<Output = PreviewOutcome> + Send + use<> {
        load_preview(&self.shared, preview)
    }

    /// Sends what is queued, and waits for the outcome until `timeout` has passed.
    ///
    /// One attempt is made at once, also while a failing endpoint is being spared. What fails stays queued. Called in
    /// an event handler on the SDK's own thread it does not wait: it answers with what is pending.
    ///
    /// # Errors
    /// [`FlushError`] where events are still queued: the endpoint failed, or `timeout` has passed.
    pub fn flush(&self, timeout: Duration) -> Result<FlushReport, FlushError> {
        self.shared.delivery.flush(timeout)
    }

    /// Sends what is queued, waits for the outcome until `timeout` has passed, and ends the SDK's work. What fails is tried
    /// again within that time, for the last time a second before its end. Where the endpoint asks to be left alone for longer,
    /// nothing more is tried or waited for.
    ///
    /// Within the same time, a config that is just being written to the
    /// [last-known-good file](CoreBuilder::last_known_good_file) is waited for.
    ///
    /// Contexts still decide afterwards, from the config they have, and store nothing. The events of these decisions count
    /// as dropped, as [`closed`](crate::Dropped::closed); conversions answer `Suppressed` and mark nothing.
    pub fn close(&self, timeout: Duration) -> FlushReport {
        let deadline = self.shared.clock().now().saturating_add(timeout);
        let report = self.shared.delivery.close(timeout);
        self.shared.loading.wait_until_saved(deadline);
        report
    }

    /// Has the events that are left flushed when the process exits, for at most `timeout`: when `main` returns and at
    /// [`std::process::exit`]. A safety net; the documented way is [`flush`](Self::flush) or [`close`](Self::close). What
    /// cannot be delivered in time is warned of, with the number of events.
    ///
    /// The core is kept until then, or until it is closed, though every handle be dropped. The hook is not called where a
    /// process does not exit by itself: `abort`, a panic that aborts, `_exit`, or a signal that ends it. In a process that
    /// was forked off, it flushes a core that was not used before the fork.
    ///
    /// False where the system has no such hook: on Windows, flush before the process ends.
    #[cfg(feature = "exit-hook")]
    pub fn register_exit_flush(&self, timeout: Duration) -> bool {
        crate::exit::register(&self.shared, timeout)
    }

    /// What became of every event so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Has `handler` called at every [`Event`], until the subscription is dropped.
    ///
    /// Handlers run on the thread where the event happens, a caller's or the SDK's: they should hand work over and
    /// return. A core that is ready tells a new handler so at once. A panic in a handler is contained.
    pub fn on(&self, handler: impl Fn(&Event) + Send + Sync + 'static) -> Subscription {
        self.shared.subscribe(Arc::new(handler))
    }

    /// Switches tracking on or off. While it is off, nothing is queued and conversions answer `Suppressed`; what was
    /// queued before is still delivered. A call that is under way ends as it began.
    pub fn set_tracking_enabled(&self, enabled: bool) {
        self.shared.delivery.set_tracking_enabled(enabled);
    }

    /// Whether events are queued.
    #[must_use]
    pub fn is_tracking_enabled(&self) -> bool {
        self.shared.delivery.is_tracking_enabled()
    }
}

/// The visitor id, if a context can be made for it with these options.
fn checked(visitor_id: Arc<str>, options: &ContextOptions) -> Result<Arc<str>, ContextError> {
    if visitor_id.trim().is_empty() {
        return Err(ContextError::EmptyVisitorId);
    }
    options.check_depth().map_err(ContextError::Attributes)?;
    Ok(visitor_id)
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("is_ready", &self.is_ready()).finish_non_exhaustive()
    }
}
