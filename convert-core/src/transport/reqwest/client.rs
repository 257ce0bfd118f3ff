//! The HTTP clients, built at first use on the thread that uses them.

use std::error::Error;
use std::sync::Mutex;
use std::time::Duration;

use crate::completion::lock;
use crate::transport::http_url::HttpUrl;

type BuildFailure = Box<dyn Error + Send + Sync>;

/// Servers close idle connections, often after a minute or less: a connection left alone this long is not used again.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// The longest time for a connection to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug)]
enum Backend {
    #[cfg(feature = "reqwest-rustls")]
    Rustls,
    #[cfg(feature = "reqwest-native-tls")]
    Native,
    #[cfg(not(any(feature = "reqwest-rustls", feature = "reqwest-native-tls")))]
    Plain,
}

/// What a client may reach.
#[derive(Clone, Copy)]
enum Reach {
    Anywhere,
    /// Plain HTTP to this machine: no proxy, no root certificates.
    Loopback,
}

enum Source {
    Built(Backend),
    Given(reqwest::Client),
}

pub(super) struct Clients {
    source: Source,
    connect_timeout: Mutex<Duration>,
    anywhere: Mutex<Option<reqwest::Client>>,
    loopback: Mutex<Option<reqwest::Client>>,
}

impl Clients {
    pub(super) fn default_backend() -> Self {
        #[cfg(feature = "reqwest-rustls")]
        return Self::rustls();
        #[cfg(all(feature = "reqwest-native-tls", not(feature = "reqwest-rustls")))]
        return Self::native_tls();
        #[cfg(not(any(feature = "reqwest-rustls", feature = "reqwest-native-tls")))]
        return Self::of(Source::Built(Backend::Plain));
    }

    #[cfg(feature = "reqwest-rustls")]
    pub(super) fn rustls() -> Self {
        Self::of(Source::Built(Backend::Rustls))
    }

    #[cfg(feature = "reqwest-native-tls")]
    pub(super) fn native_tls() -> Self {
        Self::of(Source::Built(Backend::Native))
    }

    pub(super) fn given(client: reqwest::Client) -> Self {
        Self::of(Source::Given(client))
    }

    fn of(source: Source) -> Self {
        let connect_timeout = Mutex::new(CONNECT_TIMEOUT);
        Self { source, connect_timeout, anywhere: Mutex::new(None), loopback: Mutex::new(None) }
    }

    /// Makes connecting end well before the request's deadline, which cannot tell that the request was surely not sent.
    /// For clients that are built from now on.
    pub(super) fn fit_to(&self, request_timeout: Duration) {
        *lock(&self.connect_timeout) = CONNECT_TIMEOUT.min(request_timeout / 2);
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        *lock(&self.connect_timeout)
    }

    pub(super) fn backend_name(&self) -> String {
        match &self.source {
            Source::Built(backend) => format!("{backend:?}"),
            Source::Given(_) => "Given".to_owned(),
        }
    }

    /// The client for a URL. One that could not be built is tried again at the next request.
    pub(super) fn for_url(&self, url: &str) -> Result<reqwest::Client, BuildFailure> {
        let backend = match &self.source {
            Source::Given(client) => return Ok(client.clone()),
            Source::Built(backend) => *backend,
        };
        let is_local = HttpUrl::parse(url).is_ok_and(|url| !url.is_secure() && url.is_loopback());
        let (slot, reach) =
            if is_local { (&self.loopback, Reach::Loopback) } else { (&self.anywhere, Reach::Anywhere) };
        let mut slot = lock(slot);
        if let Some(client) = &*slot {
            return Ok(client.clone());
        }
        let client = build(backend, reach, self.connect_timeout())?;
        *slot = Some(client.clone());
        Ok(client)
    }

    /// Drops the clients that were built; the next use builds new ones.
    pub(super) fn forget(&self) {
        for slot in [&self.anywhere, &self.loopback] {
            lock(slot).take();
        }
    }
}

fn build(backend: Backend, reach: Reach, connect_timeout: Duration) -> Result<reqwest::Client, BuildFailure> {
    // Cargo unites features: an app may switch on, for its own client, what must stay off in this one.
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .no_hickory_dns()
        .connect_timeout(connect_timeout)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .pool_max_idle_per_host(2);
    if let Reach::Loopback = reach {
        builder = builder.no_proxy();
    }
    Ok(with_tls(builder, backend, reach)?.build()?)
}

fn with_tls(
    builder: reqwest::ClientBuilder,
    backend: Backend,
    reach: Reach,
) -> Result<reqwest::ClientBuilder, BuildFailure> {
    match backend {
        #[cfg(feature = "reqwest-rustls")]
        Backend::Rustls => Ok(builder.tls_backend_preconfigured(rustls_config(reach)?)),
        #[cfg(feature = "reqwest-native-tls")]
        Backend::Native => {
            let _ = reach;
            Ok(builder.tls_backend_native())
        }
        #[cfg(not(any(feature = "reqwest-rustls", feature = "reqwest-native-tls")))]
        Backend::Plain => {
            let _ = reach;
            Ok(builder)
        }
    }
}

/// The provider is passed by hand: the process's default may be another, or missing, and is not this crate's to set.
#[cfg(feature = "reqwest-rustls")]
fn rustls_config(reach: Reach) -> Result<rustls::ClientConfig, BuildFailure> {
    use std::sync::Arc;

    use rustls_platform_verifier::BuilderVerifierExt;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = match reach {
        Reach::Anywhere => builder.with_platform_verifier()?,
        Reach::Loopback => builder.with_root_certificates(rustls::RootCertStore::empty()),
    };
    Ok(builder.with_no_client_auth())
}
