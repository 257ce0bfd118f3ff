//! The table `convert` of Rocket's configuration.

mod error;
mod values;

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use convert_core::web::{CookieError, Settings, VisitorCookie};
use convert_core::{AsyncCore, CoreBuilder};
use rocket::figment::Figment;
use rocket::figment::value::magic::RelativePathBuf;
use serde::Deserialize;

use self::values::{Cookie, Refresh, Seconds, Secret, shown};

pub use self::error::{KeyError, StartError};

/// The table's name.
const TABLE: &str = "convert";

/// What Rocket's configuration says in its table `convert`.
///
/// Like all of it, it comes from `Rocket.toml`, by profile, from environment variables, and from what the app merges into
/// its figment:
///
/// ```toml
/// [default.convert]
/// sdk_key = "100123/200456"
///
/// [debug.convert]
/// config_file = "shop.json"
/// tracking = false
/// cookie = { secure = false }
///
/// [release.convert]
/// environment = "production"
/// refresh = { interval = 300 }
/// ```
///
/// ```sh
/// ROCKET_CONVERT='{ sdk_key = "100123/200456", sdk_key_secret = "…" }' cargo run --release
/// ```
///
/// | key | is | in [`CoreBuilder`] |
/// |---|---|---|
/// | `sdk_key` | text | [`sdk_key`](CoreBuilder::sdk_key) |
/// | `sdk_key_secret` | text | [`sdk_key_secret`](CoreBuilder::sdk_key_secret) |
/// | `debug_token` | text | [`debug_token`](CoreBuilder::debug_token) |
/// | `environment` | text | [`environment`](CoreBuilder::environment) |
/// | `config_file` | a path, relative to the file that says it; goes before fetching | [`config_file`](CoreBuilder::config_file) |
/// | `config_endpoint`, `track_endpoint` | a URL | [`config_endpoint`](CoreBuilder::config_endpoint), [`track_endpoint`](CoreBuilder::track_endpoint) |
/// | `low_cache` | true or false | [`low_cache`](CoreBuilder::low_cache) |
/// | `request_timeout`, `startup_timeout` | seconds | [`request_timeout`](CoreBuilder::request_timeout), [`startup_timeout`](CoreBuilder::startup_timeout) |
/// | `start_unready` | true or false | [`start_unready`](CoreBuilder::start_unready) |
/// | `refresh` | a table: `interval`, `jitter`, `max_interval` in seconds, `backoff_factor` | [`refresh`](CoreBuilder::refresh) |
/// | `last_known_good_file` | a path, relative to the file that says it | [`last_known_good_file`](CoreBuilder::last_known_good_file) |
/// | `batch_size` | a whole number above 0 | [`batch_size`](CoreBuilder::batch_size) |
/// | `auto_flush_interval` | seconds | [`auto_flush_interval`](CoreBuilder::auto_flush_interval) |
/// | `tracking` | true or false | [`tracking`](CoreBuilder::tracking) |
/// | `visitor_limit` | a whole number above 0 | [`visitor_limit`](CoreBuilder::visitor_limit) |
/// | `visitor_time_to_live` | seconds | [`visitor_time_to_live`](CoreBuilder::visitor_time_to_live) |
///
/// | key | is | in [`ConvertFairing`](crate::ConvertFairing) |
/// |---|---|---|
/// | `cookie` | a table: `name`, `path`, `domain`, `max_age` (seconds, or `"session"`), `same_site` (`"strict"`, `"lax"` or `"none"`), `secure`, `http_only` | [`cookie`](crate::ConvertFairing::cookie) |
/// | `preview`, `forced_variations`, `mint_always`, `private_responses` | true or false | the methods of these names |
/// | `flush_deadline` | seconds | [`flush_deadline`](crate::ConvertFairing::flush_deadline) |
///
/// A key that nobody knows is an error: it may be a misspelt one. So is a [cookie that browsers would
/// drop](VisitorCookie::check): the rocket does not ignite. `Debug` and Rocket's launch log show neither the SDK key nor the
/// secrets.
///
/// For the variables that the other crates of this family read (`CONVERT_SDK_KEY` and so on) give the fairing
/// [`CoreBuilder::from_env`].
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConvertConfig {
    sdk_key: Option<Secret>,
    sdk_key_secret: Option<Secret>,
    debug_token: Option<Secret>,
    environment: Option<String>,
    config_file: Option<RelativePathBuf>,
    config_endpoint: Option<String>,
    track_endpoint: Option<String>,
    low_cache: Option<bool>,
    request_timeout: Option<Seconds>,
    startup_timeout: Option<Seconds>,
    start_unready: Option<bool>,
    refresh: Option<Refresh>,
    last_known_good_file: Option<RelativePathBuf>,
    batch_size: Option<NonZeroUsize>,
    auto_flush_interval: Option<Seconds>,
    tracking: Option<bool>,
    visitor_limit: Option<NonZeroUsize>,
    visitor_time_to_live: Option<Seconds>,
    cookie: Option<Cookie>,
    preview: Option<bool>,
    forced_variations: Option<bool>,
    mint_always: Option<bool>,
    private_responses: Option<bool>,
    flush_deadline: Option<Seconds>,
}

impl ConvertConfig {
    /// Reads the table of the figment's profile; all is optional, and so is the table.
    ///
    /// For an app that makes its core before its rocket:
    ///
    /// ```no_run
    /// use convert_rocket::core::Core;
    /// use convert_rocket::{ConvertConfig, ConvertFairing, StartError};
    ///
    /// # async fn start() -> Result<(), StartError> {
    /// let figment = rocket::Config::figment();
    /// let core = ConvertConfig::from_figment(&figment)?.build_core(Core::builder()).await?;
    /// let app = rocket::custom(figment).attach(ConvertFairing::new(&core));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`KeyError`] names the key that cannot be used, or the file that cannot be read.
    pub fn from_figment(figment: &Figment) -> Result<Self, KeyError> {
        match figment.find_value(TABLE) {
            Ok(_) => {}
            Err(error) if error.missing() => return Ok(Self::default()),
            Err(error) => return Err(KeyError::from_figment(error)),
        }
        let config: Self = figment.extract_inner(TABLE).map_err(KeyError::from_figment)?;
        if let Some(cookie) = &config.cookie {
            let named = |(member, error): (_, CookieError)| {
                KeyError::new(figment, &format!("cookie.{member}"), error.to_string())
            };
            let _tried = cookie.over(VisitorCookie::new()).map_err(named)?;
        }
        Ok(config)
    }

    /// Makes the core: as the table says, and where it says nothing as the builder says. Waits for the config, where it is
    /// to be fetched.
    ///
    /// # Errors
    /// [`StartError`] says what is wrong, and which key is to be mended.
    pub async fn build_core(&self, builder: CoreBuilder) -> Result<AsyncCore, StartError> {
        Ok(self.builder(builder).build_async().await?)
    }

    fn builder(&self, mut builder: CoreBuilder) -> CoreBuilder {
        fn set<T: Clone, U>(
            builder: &mut CoreBuilder,
            value: &Option<T>,
            told: impl FnOnce(T) -> U,
            set: impl FnOnce(CoreBuilder, U) -> CoreBuilder,
        ) {
            if let Some(value) = value {
                let before = std::mem::replace(builder, convert_core::Core::builder());
                *builder = set(before, told(value.clone()));
            }
        }
        let text = |Secret(text)| text;
        let time = |Seconds(time)| time;
        let path = |path: RelativePathBuf| path.relative();
        let b = &mut builder;
        set(b, &self.sdk_key, text, CoreBuilder::sdk_key);
        set(b, &self.sdk_key_secret, text, CoreBuilder::sdk_key_secret);
        set(b, &self.debug_token, text, CoreBuilder::debug_token);
        set(b, &self.environment, |text| text, CoreBuilder::environment);
        set(b, &self.config_file, path, CoreBuilder::config_file);
        set(b, &self.config_endpoint, |url| url, CoreBuilder::config_endpoint);
        set(b, &self.track_endpoint, |url| url, CoreBuilder::track_endpoint);
        set(b, &self.low_cache, |is| is, CoreBuilder::low_cache);
        set(b, &self.request_timeout, time, CoreBuilder::request_timeout);
        set(b, &self.startup_timeout, time, CoreBuilder::startup_timeout);
        set(b, &self.start_unready, |is| is, CoreBuilder::start_unready);
        set(b, &self.refresh, |refresh| refresh.config(), CoreBuilder::refresh);
        set(b, &self.last_known_good_file, path, CoreBuilder::last_known_good_file);
        set(b, &self.batch_size, NonZeroUsize::get, CoreBuilder::batch_size);
        set(b, &self.auto_flush_interval, time, CoreBuilder::auto_flush_interval);
        set(b, &self.tracking, |is| is, CoreBuilder::tracking);
        set(b, &self.visitor_limit, |limit| limit, CoreBuilder::visitor_limit);
        set(b, &self.visitor_time_to_live, time, CoreBuilder::visitor_time_to_live);
        builder
    }

    /// What the table says of requests, over what the fairing was told.
    ///
    /// # Errors
    /// [`KeyError`] where browsers would drop the cookie that comes out of both.
    pub(crate) fn settings(&self, figment: &Figment, mut settings: Settings) -> Result<Settings, KeyError> {
        if let Some(cookie) = &self.cookie {
            let wrong = |key: &str, error: CookieError| KeyError::new(figment, key, error.to_string());
            let cookie = cookie
                .over(settings.visitor_cookie().clone())
                .map_err(|(member, error)| wrong(&format!("cookie.{member}"), error))?;
            cookie.check().map_err(|error| wrong("cookie", error))?;
            settings = settings.cookie(cookie);
        }
        if let Some(preview) = self.preview {
            settings = settings.preview(preview);
        }
        if let Some(forced_variations) = self.forced_variations {
            settings = settings.forced_variations(forced_variations);
        }
        if let Some(mint_always) = self.mint_always {
            settings = settings.mint_always(mint_always);
        }
        if let Some(private_responses) = self.private_responses {
            settings = settings.private_responses(private_responses);
        }
        Ok(settings)
    }

    pub(crate) fn flush_deadline(&self) -> Option<Duration> {
        self.flush_deadline.map(|Seconds(deadline)| deadline)
    }

    /// What is configured, line by line; of the core only where it is made so.
    pub(crate) fn said(&self, makes_core: bool) -> Vec<String> {
        let line = |(key, value)| format!("{key}: {value}");
        let of_requests = self.said_of_requests().map(line);
        if makes_core {
            self.said_of_core().map(line).chain(of_requests).collect()
        } else {
            std::iter::once("core: the app's own".to_owned()).chain(of_requests).collect()
        }
    }

    /// The keys of the core that are there, with their values as they may be shown.
    fn said_of_core(&self) -> impl Iterator<Item = (&'static str, String)> {
        let said = [
            ("sdk_key", shown(&self.sdk_key)),
            ("sdk_key_secret", shown(&self.sdk_key_secret)),
            ("debug_token", shown(&self.debug_token)),
            ("environment", shown(&self.environment)),
            ("config_file", path(&self.config_file)),
            ("config_endpoint", url(&self.config_endpoint)),
            ("track_endpoint", url(&self.track_endpoint)),
            ("low_cache", shown(&self.low_cache)),
            ("request_timeout", shown(&self.request_timeout)),
            ("startup_timeout", shown(&self.startup_timeout)),
            ("start_unready", shown(&self.start_unready)),
            ("refresh", shown(&self.refresh)),
            ("last_known_good_file", path(&self.last_known_good_file)),
            ("batch_size", shown(&self.batch_size)),
            ("auto_flush_interval", shown(&self.auto_flush_interval)),
            ("tracking", shown(&self.tracking)),
            ("visitor_limit", shown(&self.visitor_limit)),
            ("visitor_time_to_live", shown(&self.visitor_time_to_live)),
        ];
        said.into_iter().filter_map(|(key, value)| Some((key, value?)))
    }

    /// The other keys that are there.
    fn said_of_requests(&self) -> impl Iterator<Item = (&'static str, String)> {
        let said = [
            ("cookie", shown(&self.cookie)),
            ("preview", shown(&self.preview)),
            ("forced_variations", shown(&self.forced_variations)),
            ("mint_always", shown(&self.mint_always)),
            ("private_responses", shown(&self.private_responses)),
            ("flush_deadline", shown(&self.flush_deadline)),
        ];
        said.into_iter().filter_map(|(key, value)| Some((key, value?)))
    }
}

fn path(value: &Option<RelativePathBuf>) -> Option<String> {
    value.as_ref().map(|path| path.relative().display().to_string())
}

/// Credentials and queries are refused when the core is made, but may be here until then.
fn url(value: &Option<String>) -> Option<String> {
    value.as_ref().map(|url| if url.contains(['@', '?', '#']) { "[redacted]".to_owned() } else { url.clone() })
}

/// Shows what is there, and secrets not at all.
impl fmt::Debug for ConvertConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.said_of_core()).entries(self.said_of_requests()).finish()
    }
}
