//! What connections speak: HTTP/1.1, and with the feature `http2` HTTP/2 too, whichever a client begins with. Without it
//! HTTP/2 is off even where another crate has switched it on in hyper.

use hyper_util::rt::TokioTimer;

use super::patience::Patience;
use super::tasks::Tasks;

#[cfg(feature = "http2")]
pub(super) fn protocol(tasks: Tasks, patience: Patience) -> hyper_util::server::conn::auto::Builder<Tasks> {
    /// How long a client may take to answer a ping, as hyper has it.
    const PING_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(20);

    let mut builder = hyper_util::server::conn::auto::Builder::new(tasks);
    // Counts from a response on. Who has not sent a first head is sent away before.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience.idle);
    // Finds clients that are gone: an idle connection is ended with a message, which they would never answer.
    let ping_timeout = patience.head.map_or(PING_TIMEOUT, |deadline| deadline.min(PING_TIMEOUT));
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(patience.head).keep_alive_timeout(ping_timeout);
    builder
}

#[cfg(not(feature = "http2"))]
pub(super) fn protocol(_: Tasks, patience: Patience) -> Http1 {
    let mut builder = hyper::server::conn::http1::Builder::new();
    // Counts from a response on. Who has not sent a first head is sent away before.
    builder.timer(TokioTimer::new()).header_read_timeout(patience.idle);
    Http1(builder)
}

/// HTTP/1.1 alone.
#[cfg(not(feature = "http2"))]
pub(super) struct Http1(hyper::server::conn::http1::Builder);

#[cfg(not(feature = "http2"))]
impl Http1 {
    /// Called as the builder of both protocols has it.
    pub(super) fn serve_connection_with_upgrades<I, S>(
        &self,
        io: I,
        service: S,
    ) -> hyper::server::conn::http1::UpgradeableConnection<I, S>
    where
        I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
        S: hyper::service::HttpService<hyper::body::Incoming, ResBody: 'static, Error: Into<axum_core::BoxError>>,
        <S::ResBody as hyper::body::Body>::Error: Into<axum_core::BoxError>,
    {
        self.0.serve_connection(io, service).with_upgrades()
    }
}
