//! Settings of a core.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::clock::{Clock, Jitter, RandomJitter, SystemClock};
use crate::config::ProjectConfig;
use crate::eval::{BucketingOptions, EvalSettings};
use crate::events::EventBus;
use crate::redact::Secret;
use crate::text::Text;
use crate::tracking::{Delivery, Limits};
use crate::transport::{AsyncTransport, EndpointOptions, Endpoints, Transport};
#[cfg(feature = "async")]
use crate::visitor::{AsyncDataStore, AsyncStore};
use crate::visitor::{DEFAULT_VISITORS, DataStore, MemoryStore};
use crate::worker::{AmbiguousPolicy, Blocking, DeliveryConfig};

use super::Core;
use super::error::BuildError;
use super::keeper::{Fetcher, Loading, RefreshConfig, SavedConfig, Startup};
use super::previews::Previews;
use super::shared::Shared;

/// How long the first fetch may take, retries included.
const STARTUP_TIMEOUT: Duration = Duration::from_secs(30);

/// Makes a [`Core`].
///
/// ```
/// # #[cfg(not(feature = "reqwest"))]
/// # fn main() {}
/// # #[cfg(feature = "reqwest")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use convert_core::Core;
///
/// let core = Core::builder()
///     .config_json(r#"{"account_id": "100", "project": {"id": "200"}, "experiences": []}"#)
///     .environment("production")
///     .batch_size(50)
///     .build()?;
/// assert!(core.is_ready());
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct CoreBuilder {
    endpoints: EndpointOptions,
    config_text: Option<String>,
    config_file: Option<PathBuf>,
    startup_timeout: Duration,
    start_unready: bool,
    refresh: Option<RefreshConfig>,
    last_known_good: Option<PathBuf>,
    settings: EvalSettings,
    /// The app's own; `None` is the bundled one.
    store: Option<Store>,
    visitor_limit: Option<NonZeroUsize>,
    visitor_time_to_live: Option<Duration>,
    transport: Option<Arc<dyn AsyncTransport>>,
    clock: Arc<dyn Clock>,
    jitter: Arc<dyn Jitter>,
    batch_size: usize,
    auto_flush_interval: Option<Duration>,
    limits: Limits,
    ambiguous: AmbiguousPolicy,
    enrich_data: Option<bool>,
    source_name: Text,
    tracking: bool,
}

/// Where a config comes from, if it is not fetched.
pub(super) enum Source {
    Text(String),
    File(PathBuf),
}

enum Store {
    Given(Arc<dyn DataStore>),
    #[cfg(feature = "async")]
    Awaited(Arc<dyn AsyncDataStore>),
}

/// Shows neither secrets nor the config.
impl fmt::Debug for CoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoreBuilder")
            .field("settings", &self.settings)
            .field("batch_size", &self.batch_size)
            .field("tracking", &self.tracking)
            .finish_non_exhaustive()
    }
}

impl CoreBuilder {
    pub(super) fn new() -> Self {
        Self {
            endpoints: EndpointOptions::default(),
            config_text: None,
            config_file: None,
            startup_timeout: STARTUP_TIMEOUT,
            start_unready: false,
            refresh: None,
            last_known_good: None,
            settings: EvalSettings { environment: None, bucketing: BucketingOptions::new(), keys_case_sensitive: true },
            store: None,
            visitor_limit: None,
            visitor_time_to_live: None,
            transport: None,
            clock: Arc::new(SystemClock::new()),
            jitter: Arc::new(RandomJitter),
            batch_size: DeliveryConfig::BATCH_SIZE,
            auto_flush_interval: None,
            limits: DeliveryConfig::LIMITS,
            ambiguous: AmbiguousPolicy::Retry,
            enrich_data: None,
            source_name: Text::from_static("rust-sdk"),
            tracking: true,
        }
    }

    /// The SDK key of the project, `{account id}/{project id}` or a token: the config is fetched with it, and events
    /// are sent under it.
    pub fn sdk_key(mut self, sdk_key: impl Into<String>) -> Self {
        self.endpoints.sdk_key = Some(sdk_key.into());
        self
    }

    /// The secret of an SDK key that is protected by one. It is sent over TLS or to this host only, and never shown.
    pub fn sdk_key_secret(mut self, secret: impl Into<String>) -> Self {
        self.endpoints.sdk_key_secret = Some(Secret::new(secret.into()));
        self
    }

    /// A debug token, from a variation's preview panel: the fetched config then holds draft and paused experiences
    /// too. Tokens expire after 24 hours. It is never shown, and never sent with events.
    pub fn debug_token(mut self, token: impl Into<String>) -> Self {
        self.endpoints.debug_token = Some(Secret::new(token.into()));
        self
    }

    /// The environment whose experiences are decided. Without one (the default; the JavaScript SDK has `staging`)
    /// experiences of every environment are.
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        let environment = Some(environment.into()).filter(|environment| !environment.is_empty());
        self.settings.environment = environment.as_deref().map(Text::new);
        self.endpoints.environment = environment;
        self
    }

    /// Asks the config endpoint for a config that is cached for a short time only.
    pub fn low_cache(mut self, low_cache: bool) -> Self {
        self.endpoints.low_cache = low_cache;
        self
    }

    /// A served config as JSON text. Nothing is fetched, but for a refresh that the app asks for.
    pub fn config_json(mut self, config: impl Into<String>) -> Self {
        self.config_text = Some(config.into());
        self
    }

    /// A served config as a JSON value, as [`config_json`](Self::config_json).
    pub fn config_data(self, config: &Value) -> Self {
        self.config_json(config.to_string())
    }

    /// A served config in a file, read when the core is built; instead of [`config_json`](Self::config_json).
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.config_file = Some(path.into());
        self
    }

    /// Where configs are fetched; `https://cdn-4.convertexperiments.com/api/v1` by default.
    pub fn config_endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoints.config_endpoint = Some(url.into());
        self
    }

    /// Where events are sent; `https://[project_id].metrics.convertexperiments.com/v1` by default. The first
    /// `[project_id]` is replaced by the project's id.
    pub fn track_endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoints.track_endpoint = Some(url.into());
        self
    }

    /// How long one request may take; 10 seconds by default.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.endpoints.request_timeout = Some(timeout);
        self
    }

    /// The largest config that is read, in bytes; 64 MiB by default.
    pub fn max_config_bytes(mut self, bytes: usize) -> Self {
        self.endpoints.max_config_bytes = Some(bytes);
        self
    }

    /// How long the first fetch may take, retries included; 30 seconds by default.
    pub fn startup_timeout(mut self, timeout: Duration) -> Self {
        self.startup_timeout = timeout;
        self
    }

    /// Starts without waiting for the first fetch: until it succeeds nothing is decided, with the reason
    /// `SdkNotReady`, and the fetch is tried again for as long as the core lives. An unusable key or setting is still
    /// an error.
    pub fn start_unready(mut self, start_unready: bool) -> Self {
        self.start_unready = start_unready;
        self
    }

    /// Fetches the config again from time to time, with the SDK key. Off by default: one config serves for the core's
    /// life, or until [`refresh_now`](Core::refresh_now).
    pub fn refresh(mut self, refresh: RefreshConfig) -> Self {
        self.refresh = Some(refresh);
        self
    }

    /// Saves each fetched config in this file, and serves it from there when the first fetch fails, so that an app can
    /// start while the config endpoint is down. [`config_status`](Core::config_status) tells when that is the case, and
    /// the endpoint is asked again until it answers.
    ///
    /// The file is replaced whole, never half-written; where the endpoint confirms the config, only the time in its first
    /// line changes. It holds one SDK key's config of one environment: give each its
    /// own. With a debug token nothing is saved or read.
    pub fn last_known_good_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.last_known_good = Some(path.into());
        self
    }

    /// Sends requests through the app's own blocking client, on threads of the SDK.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(Blocking::new(transport)));
        self
    }

    /// Sends requests through the app's own asynchronous client.
    pub fn async_transport(mut self, transport: impl AsyncTransport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Keeps visitors' state in the app's own store.
    pub fn data_store(mut self, store: impl DataStore) -> Self {
        self.store = Some(Store::Given(Arc::new(store)));
        self
    }

    /// Keeps visitors' state in the app's own store, which is awaited. For an [`AsyncCore`](crate::AsyncCore) only: make
    /// it with [`build_async`](Self::build_async).
    #[cfg(feature = "async")]
    pub fn async_data_store(mut self, store: impl AsyncDataStore) -> Self {
        self.store = Some(Store::Awaited(Arc::new(store)));
        self
    }

    /// Whether the backend may add to events what it knows of the visitor, and drops repeated decisions (`enrichData`).
    /// By default true with the bundled store, which forgets when the process ends, and false with a store of the
    /// app's own, as in the JavaScript SDK.
    pub fn enrich_data(mut self, enrich_data: bool) -> Self {
        self.enrich_data = Some(enrich_data);
        self
    }

    /// How many visitors the bundled store keeps; 10,000 by default. The one used least recently goes first. Not
    /// for a store of the app's own, which has limits of its own.
    pub fn visitor_limit(mut self, visitors: NonZeroUsize) -> Self {
        self.visitor_limit = Some(visitors);
        self
    }

    /// How long the bundled store keeps a visitor after the last change; without a limit by default. Not for a store of
    /// the app's own.
    pub fn visitor_time_to_live(mut self, limit: Duration) -> Self {
        self.visitor_time_to_live = Some(limit);
        self
    }

    /// Takes the time from this clock, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes randomness from here, for tests.
    pub fn jitter(mut self, jitter: impl Jitter) -> Self {
        self.jitter = Arc::new(jitter);
        self
    }

    /// How many queued events make a release; 10 by default.
    pub fn batch_size(mut self, events: usize) -> Self {
        self.batch_size = events;
        self
    }

    /// Releases queued events at the latest this long after the first of them, whatever their number. Off by default.
    pub fn auto_flush_interval(mut self, interval: Duration) -> Self {
        self.auto_flush_interval = Some(interval);
        self
    }

    /// The most events, and bytes of events, that are queued; 100,000 and 32 MiB by default. The oldest go first.
    pub fn queue_limits(mut self, events: usize, bytes: usize) -> Self {
        self.limits = Limits { events, bytes };
        self
    }

    /// What becomes of events whose request got no answer; sent again by default.
    pub fn ambiguous_policy(mut self, policy: AmbiguousPolicy) -> Self {
        self.ambiguous = policy;
        self
    }

    /// Whether events are queued from the start; true by default.
    pub fn tracking(mut self, tracking: bool) -> Self {
        self.tracking = tracking;
        self
    }

    /// The name under which events are sent; `rust-sdk` by default.
    pub fn source(mut self, name: impl Into<Text>) -> Self {
        self.source_name = name.into();
        self
    }

    /// How visitors are hashed into buckets; the defaults are those of every official SDK.
    pub fn bucketing(mut self, options: BucketingOptions) -> Self {
        self.settings.bucketing = options;
        self
    }

    /// Whether rules find attributes by the exact case of their keys; true by default.
    pub fn keys_case_sensitive(mut self, case_sensitive: bool) -> Self {
        self.settings.keys_case_sensitive = case_sensitive;
        self
    }

    /// Makes the core. Where the config is to be fetched, waits for it until the startup timeout, unless
    /// [`start_unready`](Self::start_unready) is set.
    ///
    /// # Errors
    /// [`BuildError`] says what is wrong with the settings, the config, or its fetch.
    pub fn build(self) -> Result<Core, BuildError> {
        let must_be = "built with `build_async`";
        let store = self.open_store().ok_or(BuildError::InvalidSetting { setting: "async_data_store", must_be })?;
        let parts = self.assemble()?;
        match parts.source {
            Some(source) => parts.shared.start_with(source.load(parts.startup.max_config_bytes)?)?,
            None => parts.startup.fetch(&parts.shared)?,
        }
        Ok(Core { shared: parts.shared, store })
    }

    /// The store to use, unless it is one to be awaited.
    fn open_store(&self) -> Option<Arc<dyn DataStore>> {
        match &self.store {
            None => Some(self.bundled_store()),
            Some(Store::Given(store)) => Some(Arc::clone(store)),
            #[cfg(feature = "async")]
            Some(Store::Awaited(_)) => None,
        }
    }

    /// The store to use, to be awaited or not.
    #[cfg(feature = "async")]
    pub(super) fn open_async_store(&self) -> AsyncStore {
        match &self.store {
            None => AsyncStore::Inline(self.bundled_store()),
            Some(Store::Given(store)) => AsyncStore::Inline(Arc::clone(store)),
            Some(Store::Awaited(store)) => AsyncStore::Awaited(Arc::clone(store)),
        }
    }

    fn bundled_store(&self) -> Arc<dyn DataStore> {
        let visitors = self.visitor_limit.unwrap_or(DEFAULT_VISITORS);
        let store = MemoryStore::with_capacity(visitors).clock(Arc::clone(&self.clock));
        Arc::new(match self.visitor_time_to_live {
            Some(limit) => store.time_to_live(limit),
            None => store,
        })
    }

    /// All but the store and the config.
    pub(super) fn assemble(self) -> Result<Assembled, BuildError> {
        self.check_settings()?;
        let source = self.config_text.map(Source::Text).or(self.config_file.map(Source::File));
        if source.is_none() && self.endpoints.sdk_key.is_none() {
            return Err(BuildError::NoSource);
        }
        let max_config_bytes = self.endpoints.max_config_bytes.unwrap_or(Endpoints::MAX_CONFIG_BYTES);
        let endpoints = Arc::new(Endpoints::new(self.endpoints)?);
        let transport = match self.transport {
            Some(transport) => transport,
            None => default_transport()?,
        };
        let bus = EventBus::new();
        let is_bundled = self.store.is_none();
        let delivery = Delivery::new(
            DeliveryConfig {
                transport,
                clock: Arc::clone(&self.clock),
                jitter: Arc::clone(&self.jitter),
                endpoints: Arc::clone(&endpoints),
                batch_size: self.batch_size,
                auto_flush_interval: self.auto_flush_interval,
                limits: self.limits,
                ambiguous: self.ambiguous,
                enrich_data: self.enrich_data.unwrap_or(is_bundled),
                source: self.source_name,
            },
            Arc::clone(&bus),
        );
        delivery.set_tracking_enabled(self.tracking);
        let saved = self.last_known_good.filter(|_| endpoints.debug_token().is_none());
        let saved = saved.zip(endpoints.config_request(None));
        let saved = saved.map(|(path, request)| SavedConfig::new(path, request.url()));
        let background = delivery.background();
        let clock = Arc::clone(&self.clock);
        let fetcher = Arc::new(Fetcher { background, clock, jitter: self.jitter, endpoints });
        let previews = Previews::new(Arc::clone(&fetcher));
        let loading = Loading::new(fetcher, Arc::clone(&bus), self.refresh, saved);
        let (timeout, start_unready) = (self.startup_timeout, self.start_unready);
        Ok(Assembled {
            shared: Arc::new(Shared::new(self.settings, delivery, bus, loading, previews, self.clock)),
            source,
            startup: Startup { timeout, start_unready, max_config_bytes },
        })
    }

    fn check_settings(&self) -> Result<(), BuildError> {
        let is_zero = |interval: Option<Duration>| interval.is_some_and(|interval| interval.is_zero());
        let has_own_store = self.store.is_some();
        let checks = [
            (self.batch_size == 0, "batch_size", "above 0"),
            (self.limits.events == 0, "queue_limits", "above 0"),
            (self.limits.bytes == 0, "queue_limits", "above 0"),
            (is_zero(self.auto_flush_interval), "auto_flush_interval", "above 0"),
            (is_zero(self.endpoints.request_timeout), "request_timeout", "above 0"),
            (self.startup_timeout.is_zero(), "startup_timeout", "above 0"),
            (self.refresh.is_some() && self.endpoints.sdk_key.is_none(), "refresh", "used with an SDK key"),
            (has_own_store && self.visitor_limit.is_some(), "visitor_limit", FOR_THE_BUNDLED_STORE),
            (has_own_store && self.visitor_time_to_live.is_some(), "visitor_time_to_live", FOR_THE_BUNDLED_STORE),
            (self.config_text.is_some() && self.config_file.is_some(), "config_file", "left out beside `config_json`"),
        ];
        let wrong = checks.into_iter().find(|(wrong, ..)| *wrong).map(|(_, setting, must_be)| (setting, must_be));
        match wrong.or_else(|| self.refresh.as_ref().and_then(RefreshConfig::check)) {
            Some((setting, must_be)) => Err(BuildError::InvalidSetting { setting, must_be }),
            None => Ok(()),
        }
    }
}

/// What is ignored in silence would surprise.
const FOR_THE_BUNDLED_STORE: &str = "left out beside a store of the app's own, which has limits of its own";

pub(super) struct Assembled {
    pub(super) shared: Arc<Shared>,
    /// Where the config comes from; without, it is fetched.
    pub(super) source: Option<Source>,
    pub(super) startup: Startup,
}

impl Source {
    pub(super) fn load(self, limit: usize) -> Result<ProjectConfig, BuildError> {
        Ok(match self {
            Self::Text(text) => ProjectConfig::parse(text)?,
            Self::File(path) => ProjectConfig::parse(read_file(&path, limit)?)?,
        })
    }
}

/// Reads at most one byte over the limit, which the parser then refuses.
fn read_file(path: &Path, limit: usize) -> Result<Vec<u8>, BuildError> {
    let failed = |source| BuildError::File { path: path.to_owned(), source };
    let mut text = Vec::new();
    let limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path).map_err(failed)?.take(limit).read_to_end(&mut text).map_err(failed)?;
    Ok(text)
}

#[cfg(feature = "reqwest")]
fn default_transport() -> Result<Arc<dyn AsyncTransport>, BuildError> {
    Ok(Arc::new(crate::transport::ReqwestTransport::new()))
}

#[cfg(not(feature = "reqwest"))]
fn default_transport() -> Result<Arc<dyn AsyncTransport>, BuildError> {
    Err(BuildError::NoTransport)
}
