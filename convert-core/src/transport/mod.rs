//! How requests leave the process: the ports, and the bundled adapter.
//!
//! Nothing here decides when to send or whether to send again; that is the delivery worker's and the config fetch's part.

mod endpoint;
mod error;
mod http_url;
mod redirect;
mod request;
#[cfg(feature = "reqwest")]
mod reqwest;
mod response;
mod retry_after;

use std::future::Future;
use std::pin::Pin;

pub use self::endpoint::EndpointError;
pub(crate) use self::endpoint::{EndpointOptions, Endpoints};
pub use self::error::{TransportError, TransportErrorKind};
pub(crate) use self::http_url::host_of;
pub use self::redirect::RedirectError;
pub(crate) use self::redirect::redirected;
pub use self::request::{Request, RequestKind};
#[cfg(feature = "reqwest")]
pub use self::reqwest::ReqwestTransport;
pub use self::response::Response;
use crate::worker::Worker;

/// A future on the heap that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A blocking way to send requests, for apps with an HTTP client of their own. Runs on threads of the SDK.
///
/// An implementation sends the method, URL, headers and body it is given, follows no redirect, tries once, gives up after
/// [`Request::timeout`], and reads at most [`Request::max_response_bytes`] of the answer.
///
/// ```
/// use convert_core::{Request, Response, Transport, TransportError};
///
/// struct Offline;
///
/// impl Transport for Offline {
///     fn send(&self, _request: &Request) -> Result<Response, TransportError> {
///         Err(TransportError::not_sent("this host has no network"))
///     }
/// }
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Sends one request and waits for the answer; any status is an answer.
    ///
    /// # Errors
    /// [`TransportError`] when there was no answer. Whether the request was surely not sent decides if the events in it
    /// may reach the server twice: see [`TransportError::not_sent`] and [`TransportError::ambiguous`].
    fn send(&self, request: &Request) -> Result<Response, TransportError>;
}

/// An asynchronous way to send requests.
pub trait AsyncTransport: Send + Sync + 'static {
    /// Sends one request; any status is an answer. Dropping the future abandons the request: the SDK does so at the
    /// request's deadline, so an implementation needs no timeout of its own.
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, TransportError>>;

    /// Hosts the SDK's background work on the calling thread, which is the SDK's own, until the work ends.
    ///
    /// The futures of [`send`](Self::send) are polled in here only. A transport whose futures need a runtime enters it
    /// here and polls the worker inside; see [`Worker`].
    fn drive(&self, worker: Worker) {
        worker.run();
    }
}
