//! The core for asynchronous code.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::config::ProjectConfig;
use crate::context::{AsyncContext, ContextOptions, Preview, PreviewOutcome, load_preview};
use crate::deadline::until;
use crate::events::{Event, Subscription};
use crate::off_thread::off_thread;
use crate::tracking::{FlushError, FlushReport, ReleaseReason, Stats};
use crate::visitor::AsyncStore;
use crate::worker::is_inside;

use super::builder::Source;
use super::error::{BuildError, ContextError};
use super::{ConfigStatus, Core, CoreBuilder, Refresh, Shared, checked};

/// One Convert project in this process, for asynchronous code: [`Core`] with `async` where there is something to wait
/// for.
///
/// It works on any executor: its futures need no runtime, and the SDK's own work runs on a thread of the SDK. Every
/// future is `Send`, and may be dropped at any time; see [`AsyncContext`](crate::AsyncContext#dropped-futures).
///
/// A core is made into an asynchronous one with [`From`]: both share config, queue and visitors' state.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use convert_core::AsyncCore;
///
/// # futures_executor::block_on(async {
/// let core = AsyncCore::from_json(r#"{"account_id": "100", "project": {"id": "200"}}"#)?;
/// let context = core.create_context("visitor-1")?;
/// assert!(context.run_experience("pricing-page").await.is_none());
/// core.close(Duration::from_secs(5)).await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone)]
pub struct AsyncCore {
    shared: Arc<Shared>,
    store: AsyncStore,
}

impl AsyncCore {
    /// A builder, for all that the shortcuts below do not say. End it with [`CoreBuilder::build_async`].
    pub fn builder() -> CoreBuilder {
        CoreBuilder::new()
    }

    /// A core for the project of an SDK key. Waits until the config is fetched.
    ///
    /// # Errors
    /// [`BuildError`] where the key cannot be used, or no config could be fetched in time.
    pub async fn from_sdk_key(sdk_key: impl Into<String>) -> Result<Self, BuildError> {
        Self::builder().sdk_key(sdk_key).build_async().await
    }

    /// A core for a served config, as JSON text. Fetches nothing.
    ///
    /// # Errors
    /// [`BuildError`] where the config cannot be used.
    pub fn from_json(config: impl Into<String>) -> Result<Self, BuildError> {
        Core::from_json(config).map(Self::from)
    }

    /// A core for a served config, as a JSON value. Fetches nothing.
    ///
    /// # Errors
    /// [`BuildError`] where the config cannot be used.
    pub fn from_data(config: &Value) -> Result<Self, BuildError> {
        Core::from_data(config).map(Self::from)
    }

    /// A core for a served config in a file. Fetches nothing.
    ///
    /// # Errors
    /// [`BuildError`] where the file cannot be read or the config cannot be used.
    pub async fn from_file(path: impl AsRef<Path>) -> Result<Self, BuildError> {
        let builder = Self::builder().config_file(path.as_ref());
        builder.build_async().await
    }

    /// A core as the environment variables say; see [`CoreBuilder::from_env`].
    ///
    /// # Errors
    /// [`BuildError`] where they say too little, something impossible, or the config cannot be had.
    pub async fn from_env() -> Result<Self, BuildError> {
        CoreBuilder::from_env()?.build_async().await
    }

    /// The same project for synchronous code, sharing everything; `None` where the visitor store is one that must be
    /// awaited.
    #[must_use]
    pub fn to_sync(&self) -> Option<Core> {
        match &self.store {
            AsyncStore::Inline(store) => Some(Core { shared: Arc::clone(&self.shared), store: Arc::clone(store) }),
            AsyncStore::Awaited(_) => None,
        }
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
    pub async fn wait_ready(&self, timeout: Duration) -> bool {
        // The SDK's own thread would wait for itself.
        if self.is_ready() || is_inside() {
            return self.is_ready();
        }
        let clock = self.shared.clock();
        until(clock, clock.now().saturating_add(timeout), self.shared.first_config()).await.is_some()
    }

    /// A context for a visitor, without attributes.
    ///
    /// # Errors
    /// [`ContextError`] where the visitor id is empty or white space only.
    pub fn create_context(&self, visitor_id: impl Into<Arc<str>>) -> Result<AsyncContext, ContextError> {
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
    ) -> Result<AsyncContext, ContextError> {
        let visitor_id = checked(visitor_id.into(), &options)?;
        Ok(AsyncContext::new(Arc::clone(&self.shared), self.store.clone(), visitor_id, options))
    }

    /// A context whose visitor id and attributes were checked before.
    #[cfg(feature = "web")]
    pub(crate) fn open_context(&self, visitor_id: Arc<str>, options: ContextOptions) -> AsyncContext {
        AsyncContext::new(Arc::clone(&self.shared), self.store.clone(), visitor_id, options)
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

    /// Fetches the config again; see [`Core::refresh_now`]. It goes on if it is not awaited.
    pub fn refresh_now(&self) -> Refresh {
        self.shared.loading.refresh_now(&self.shared)
    }

    /// Has a preview's experience at hand for 60 seconds; see [`Core::load_preview`].
    pub fn load_preview(&self, preview: &Preview) -> impl Future<Output = PreviewOutcome> + Send + use<> {
        load_preview(&self.shared, preview)
    }

    /// Sends what is queued, and waits for the outcome until `timeout` has passed.
    ///
    /// One attempt is made at once, also while a failing endpoint is being spared. What fails stays queued. A flush that
    /// is dropped goes on by itself. Awaited in an event handler on the SDK's own thread it does not wait: it answers with
    /// what is pending.
    ///
    /// # Errors
    /// [`FlushError`] where events are still queued: the endpoint failed, or `timeout` has passed.
    pub async fn flush(&self, timeout: Duration) -> Result<FlushReport, FlushError> {
        let flushing = self.shared.delivery.start_flush(ReleaseReason::Explicit, timeout);
        // There, waiting for the SDK's thread would be for ever.
        if is_inside() { flushing.wait() } else { flushing.ended().await }
    }

    /// Sends what is queued, waits for the outcome until `timeout` has passed, and ends the SDK's work. What fails is tried
    /// again within that time, as [`Core::close`] does. A close that is dropped goes on by itself. Within the same time, a
    /// config that is just being written to the [last-known-good file](CoreBuilder::last_known_good_file) is waited for.
    ///
    /// Events that come later are counted as dropped. Contexts still decide, from the config they have, and store nothing.
    pub async fn close(&self, timeout: Duration) -> FlushReport {
        let deadline = self.shared.clock().now().saturating_add(timeout);
        let closing = self.shared.delivery.start_close(timeout);
        if is_inside() {
            return closing.wait();
        }
        let report = closing.ended().await;
        self.shared.loading.until_saved(deadline).await;
        report
    }

    /// Has the events that are left flushed when the process exits; see [`Core::register_exit_flush`].
    #[cfg(feature = "exit-hook")]
    pub fn register_exit_flush(&self, timeout: Duration) -> bool {
        crate::exit::register(&self.shared, timeout)
    }

    /// What became of every event so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Has `handler` called at every [`Event`], until the subscription is dropped; see [`Core::on`].
    pub fn on(&self, handler: impl Fn(&Event) + Send + Sync + 'static) -> Subscription {
        self.shared.subscribe(Arc::new(handler))
    }

    /// Switches tracking on or off; see [`Core::set_tracking_enabled`].
    pub fn set_tracking_enabled(&self, enabled: bool) {
        self.shared.delivery.set_tracking_enabled(enabled);
    }

    /// Whether events are queued.
    #[must_use]
    pub fn is_tracking_enabled(&self) -> bool {
        self.shared.delivery.is_tracking_enabled()
    }
}

/// The same project for asynchronous code, sharing config, queue and visitors' state. The visitor store is called where
/// the context is called, so it should not block; the bundled one does not.
impl From<Core> for AsyncCore {
    fn from(core: Core) -> Self {
        Self { shared: core.shared, store: AsyncStore::Inline(core.store) }
    }
}

impl fmt::Debug for AsyncCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncCore").field("is_ready", &self.is_ready()).finish_non_exhaustive()
    }
}

impl CoreBuilder {
    /// Makes the core for asynchronous code. Where the config is to be fetched, waits for it until the startup timeout,
    /// unless [`start_unready`](Self::start_unready) is set.
    ///
    /// A [`data_store`](Self::data_store) is called where the context is called. One that blocks belongs in
    /// [`Offloaded`](crate::Offloaded), as an [`async_data_store`](Self::async_data_store).
    ///
    /// # Errors
    /// [`BuildError`] says what is wrong with the settings, the config, or its fetch.
    pub async fn build_async(self) -> Result<AsyncCore, BuildError> {
        let store = self.open_async_store();
        let parts = self.assemble()?;
        match parts.source {
            Some(source) => parts.shared.start_with(load(source, parts.startup.max_config_bytes).await?)?,
            None => parts.startup.fetch_async(&parts.shared).await?,
        }
        Ok(AsyncCore { shared: parts.shared, store })
    }
}

/// Reads a file on a thread of its own, since reading blocks.
async fn load(source: Source, limit: usize) -> Result<ProjectConfig, BuildError> {
    let Source::File(path) = &source else { return source.load(limit) };
    let path = path.clone();
    match off_thread(move || source.load(limit)) {
        Ok(loading) => loading.await.unwrap_or(Err(BuildError::NoSource)),
        Err(source) => Err(BuildError::File { path, source }),
    }
}
