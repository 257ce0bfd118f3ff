//! How requests leave the process: the ports, and the bundled adapter.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::redact::Secret;
use crate::worker::Worker;

/// A future on the heap that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a request is for. Requests of one kind never overlap; different kinds run side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestKind {
    /// The project config.
    Config,
    /// One experience's config, for a preview.
    Preview,
    /// A batch of tracking events.
    Tracking,
}

/// One HTTP request. Cheap to clone; `Debug` shows neither secrets nor the query.
#[derive(Clone)]
pub struct Request {
    pub(crate) kind: RequestKind,
    pub(crate) url: Arc<str>,
    pub(crate) authorization: Option<Secret>,
    pub(crate) if_none_match: Option<Arc<str>>,
    /// The body to POST; a request without one is a GET.
    pub(crate) body: Option<Arc<[u8]>>,
    pub(crate) timeout: Duration,
    pub(crate) max_response_bytes: usize,
}

/// What a server answered.
#[derive(Clone, Default)]
pub struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Why a request got no answer.
#[derive(Debug)]
pub struct TransportError {
    pub(crate) kind: TransportErrorKind,
    pub(crate) surely_not_sent: bool,
    pub(crate) source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransportErrorKind {
    Connect,
    Tls,
    Timeout,
    Io,
    TooLarge,
    Busy,
    Other,
}

/// A blocking way to send requests, for apps with an HTTP client of their own. Runs on threads of the SDK.
pub trait Transport: Send + Sync + 'static {
    /// Sends one request and waits for the answer; any status is an answer.
    ///
    /// # Errors
    /// [`TransportError`] when there was no answer.
    fn send(&self, request: &Request) -> Result<Response, TransportError>;
}

/// An asynchronous way to send requests.
pub trait AsyncTransport: Send + Sync + 'static {
    /// Sends one request; any status is an answer. Dropping the future abandons the request.
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, TransportError>>;

    /// Hosts the SDK's background work on the calling thread, which is the SDK's own, until the work ends.
    ///
    /// The futures of [`send`](Self::send) are polled in here only. A transport whose futures need a runtime enters it
    /// here and polls the worker inside; see [`Worker`].
    fn drive(&self, worker: Worker) {
        worker.run();
    }
}
