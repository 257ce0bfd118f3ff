//! The bundled transport, on [`reqwest`].

mod client;
mod failure;

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;

use self::client::Clients;
use self::failure::failure_of;
use super::request::Body;
use super::{AsyncTransport, BoxFuture, Request, RequestKind, Response, TransportError, TransportErrorKind};
use crate::worker::Worker;

/// How long the rest of an answer to a tracking request is read for, so that its connection can be used again.
const TRACKING_BODY_GRACE: Duration = Duration::from_millis(500);

/// The longest sleep that is asked of the timer at once.
const LONGEST_SLEEP: Duration = Duration::from_secs(24 * 60 * 60);

/// The bundled transport. Its runtime lives on the SDK's own thread: the app's runtime, if there is one, is never used.
///
/// Clients are built at first use, on that thread. Redirects, retries and the deadline of a request are the SDK's own work,
/// so reqwest's are off; only connecting is given up early, after half the request timeout or 5 seconds, whichever is less: a
/// request without a connection was surely not sent. Proxies are read from the environment, except for plain HTTP to this
/// machine, which never leaves it.
pub struct ReqwestTransport {
    clients: Arc<Clients>,
}

impl ReqwestTransport {
    /// The default TLS backend: rustls with the feature `reqwest-rustls`, else the operating system's with
    /// `reqwest-native-tls`, else none.
    #[must_use]
    pub fn new() -> Self {
        Self::over(Clients::default_backend())
    }

    /// TLS by rustls, with the ring provider and the platform's root certificates. Neither reads nor sets the process's
    /// default crypto provider, so apps may use rustls with another one.
    #[cfg(feature = "reqwest-rustls")]
    #[must_use]
    pub fn with_rustls() -> Self {
        Self::over(Clients::rustls())
    }

    /// TLS by the operating system's library.
    #[cfg(feature = "reqwest-native-tls")]
    #[must_use]
    pub fn with_native_tls() -> Self {
        Self::over(Clients::native_tls())
    }

    /// A client of the app's, for proxies, client certificates or another TLS backend.
    ///
    /// Build it with [`reqwest::redirect::Policy::none`] and [`reqwest::retry::never`]: a client that follows redirects
    /// would carry a debug token elsewhere, and one that retries would send events twice. Give it a connect timeout below
    /// the request timeout: else a connection that never came about counts as a request that got no answer. Do not share its connection
    /// pool with other parts of the app: its connections end with the SDK's thread.
    #[must_use]
    pub fn with_client(client: reqwest::Client) -> Self {
        Self::over(Clients::given(client))
    }

    fn over(clients: Clients) -> Self {
        Self { clients: Arc::new(clients) }
    }
}

impl Default for ReqwestTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport").field("backend", &self.clients.backend_name()).finish_non_exhaustive()
    }
}

impl AsyncTransport for ReqwestTransport {
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        let clients = Arc::clone(&self.clients);
        Box::pin(async move {
            if tokio::runtime::Handle::try_current().is_err() {
                return Err(TransportError::not_sent("the transport's runtime could not be started")
                    .with_kind(TransportErrorKind::Other));
            }
            exchange(&clients, &request).await
        })
    }

    fn drive(&self, worker: Worker) {
        self.clients.fit_to(worker.request_timeout());
        match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                runtime.block_on(host(worker));
                // Connections belong to the runtime they were made in.
                self.clients.forget();
                // A name lookup still under way must not hold the thread back.
                runtime.shutdown_background();
            }
            Err(error) => {
                tracing::error!(target: "convert", %error, "no runtime for the transport: nothing can be sent");
                worker.run();
            }
        }
    }
}

/// Polls the worker whenever it is woken or its time has come.
async fn host(mut worker: Worker) {
    let mut alarm = pin!(tokio::time::sleep(Duration::ZERO));
    poll_fn(|cx| {
        if worker.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if let Some(wait) = worker.wake_in() {
            alarm.as_mut().reset(tokio::time::Instant::now() + wait.min(LONGEST_SLEEP));
            if alarm.as_mut().poll(cx).is_ready() {
                // Due at once. Connections get their turn before the worker does again.
                cx.waker().wake_by_ref();
            }
        }
        Poll::Pending
    })
    .await;
}

async fn exchange(clients: &Clients, request: &Request) -> Result<Response, TransportError> {
    let client = clients
        .for_url(request.url())
        .map_err(|source| TransportError::not_sent(source).with_kind(TransportErrorKind::Tls))?;
    // What the server closed meanwhile is noticed first: the runtime looks at its sockets at the first yield, and the
    // connections act on it before the second is over.
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    let mut outgoing = match &request.body {
        Some(body) => client.post(request.url()).body(outgoing_body(body)),
        None => client.get(request.url()),
    };
    for (name, value) in request.headers() {
        outgoing = outgoing.header(name, value);
    }
    let mut incoming = outgoing.send().await.map_err(failure_of)?;

    let mut response = Response::new(incoming.status().as_u16());
    for name in Response::HEADERS {
        if let Some(value) = incoming.headers().get(name).and_then(|value| value.to_str().ok()) {
            response = response.header(name, value);
        }
    }
    if request.kind() == RequestKind::Tracking {
        // The status is the answer, whatever becomes of the body.
        let reading = read_body(&mut incoming, request.max_response_bytes(), &mut response.body);
        let _ = tokio::time::timeout(TRACKING_BODY_GRACE, reading).await;
    } else {
        read_body(&mut incoming, request.max_response_bytes(), &mut response.body).await?;
    }
    Ok(response)
}

fn outgoing_body(body: &Body) -> reqwest::Body {
    Bytes::from_owner(body.clone()).into()
}

/// Reads the body up to the limit, and not a chunk further.
async fn read_body(incoming: &mut reqwest::Response, limit: usize, body: &mut Vec<u8>) -> Result<(), TransportError> {
    let too_large = || TransportError::new(TransportErrorKind::TooLarge, false);
    let announced = incoming.content_length().map_or(Ok(0), usize::try_from).map_err(|_| too_large())?;
    if announced > limit {
        return Err(too_large());
    }
    body.reserve_exact(announced);
    while let Some(chunk) = incoming.chunk().await.map_err(failure_of)? {
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod drive_tests;
