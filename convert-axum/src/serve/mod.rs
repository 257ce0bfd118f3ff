//! A server's life: its shutdown signal, its drain deadline, and the last delivery.

mod connection;
mod connections;
mod heard;
mod patience;
mod protocol;
mod report;
mod run;
mod settings;
mod tasks;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::{Pin, pin};
use std::time::Duration;

use axum_core::BoxError;
use axum_core::body::Body;
use convert_core::web::{Cores, Lifespan};
use http::{Request, Response};
use hyper::body::Body as HttpBody;
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service;

use self::connection::App;
use self::connections::Connections;
use self::patience::{Patience, countable};
use self::settings::lifespan_settings;

pub use self::report::ServeReport;
pub use self::run::{Run, Shutdown, run};
pub use convert_core::web::RunReport;

/// Serves an app, a router or any other service, until it is told to stop, lets it finish what it has begun, and delivers
/// what was tracked.
///
/// It stops at Ctrl-C or SIGTERM, or at [`shutdown_signal`](Serve::shutdown_signal). From then on it accepts no connection;
/// requests under way may finish until the drain deadline, and what is still open then (streams, idle connections) is
/// dropped. A second signal ends the wait. Then the core is closed, which delivers what is queued until the flush deadline.
/// Where this future is dropped instead, connections are too, and what is queued is sent, but nobody waits for that.
///
/// Upgraded connections (WebSockets) belong to the tasks of the app that the upgrade gave them to: `serve` does not wait for
/// them, does not drop them, and does not count them. They live until their tasks end or the runtime does, and what they
/// track after the core was closed is lost: events count as dropped, and conversions answer `Suppressed`. The
/// [guide](crate::guide#websockets) has an app that ends them first.
///
/// Handlers can extract [`ConnectInfo<SocketAddr>`](axum::extract::ConnectInfo). Connections are HTTP/1.1; this crate's
/// feature `http2` adds HTTP/2, and axum's own does not. For TLS, Unix sockets, or `axum::serve`'s own options use [`run`].
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use convert_axum::{ConvertLayer, core::AsyncCore};
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// let core = AsyncCore::from_env().await?;
/// let app = Router::new().route("/", get(async || "hello")).layer(ConvertLayer::new(&core));
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
/// let report = convert_axum::serve(listener, app, core).await;
/// println!("{report}");
/// # Ok(())
/// # }
/// ```
pub fn serve<S>(listener: TcpListener, app: S, core: impl Into<Cores>) -> Serve<S> {
    Serve { listener, app, patience: Patience::default(), lifespan: Lifespan::new(core) }
}

/// A server that is about to serve; made by [`serve`]. Await it.
#[must_use = "it serves when it is awaited"]
pub struct Serve<S> {
    listener: TcpListener,
    app: S,
    patience: Patience,
    lifespan: Lifespan,
}

lifespan_settings!(Serve<S>);

impl<S> Serve<S> {
    /// How long a new connection may take to send the head of its first request; 30 seconds by default. Then it is closed, so
    /// that clients cannot hold connections that they do not use. `None`, or more than a year, waits for ever.
    ///
    /// A connection of HTTP/2 is pinged as often: a client that does not answer as quickly, or in 20 seconds, is dropped.
    pub fn head_deadline(mut self, deadline: impl Into<Option<Duration>>) -> Self {
        self.patience.head = countable(deadline.into());
        self
    }

    /// How long a connection may take from a response to the whole head of the next request; 620 seconds by default. Then it
    /// is closed. `None`, or more than a year, waits for ever.
    ///
    /// Choose longer than a proxy in front keeps connections for reuse (AWS's balancer does so for 60 seconds, Google's for
    /// 600): else now and then it sends a request to a connection that is just being closed.
    ///
    /// A connection of HTTP/2 on which no request was begun for so long takes no more of them, and is closed when those under
    /// way have ended.
    pub fn idle_deadline(mut self, deadline: impl Into<Option<Duration>>) -> Self {
        self.patience.idle = countable(deadline.into());
        self
    }
}

async fn serve_until_stopped<S: App>(serve: Serve<S>) -> ServeReport {
    let Serve { listener, app, patience, mut lifespan } = serve;
    let mut connections = Connections::new(app, patience);
    accept_until_signalled(&listener, &mut connections, &mut lifespan).await;
    accept_backlog(listener, &mut connections);
    let dropped_connections = connections.drain(lifespan.overdue()).await;
    let (flush, stats) = lifespan.close().await;
    ServeReport { dropped_connections, flush, stats }
}

async fn accept_until_signalled<S: App>(
    listener: &TcpListener,
    connections: &mut Connections<S>,
    lifespan: &mut Lifespan,
) {
    let mut signalled = pin!(lifespan.signalled());
    loop {
        tokio::select! {
            biased;
            () = &mut signalled => return,
            stream = accept(listener) => connections.accept(stream),
        }
    }
}

/// More than systems let wait by default. Clients that go on connecting must not keep the server from stopping.
const LONGEST_BACKLOG: usize = 4096;

/// Takes the connections that were made before the listener goes: they may have sent requests already.
fn accept_backlog<S: App>(listener: TcpListener, connections: &mut Connections<S>) {
    // Asks the system itself: the runtime may not have heard of them yet.
    let Ok(listener) = listener.into_std() else { return };
    for _ in 0..LONGEST_BACKLOG {
        match listener.accept() {
            Ok((stream, _)) => {
                if let Ok(stream) = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)) {
                    connections.accept(stream);
                }
            }
            Err(error) if is_of_connection(&error) || error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// The next connection. What fails is the one connection, or a limit of the system that may pass.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_of_connection(&error) => {}
            Err(error) => {
                tracing::error!(target: "convert", %error, "no connection can be accepted; trying again in a second");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

impl<S, B> IntoFuture for Serve<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Output = ServeReport;
    type IntoFuture = Pin<Box<dyn Future<Output = ServeReport> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(serve_until_stopped(self))
    }
}

impl<S> fmt::Debug for Serve<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve").field("listener", &self.listener).finish_non_exhaustive()
    }
}
