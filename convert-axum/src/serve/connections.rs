//! The connections of a server.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum_core::BoxError;
use axum_core::body::Body;
use http::{Request, Response};
use hyper::body::{Body as HttpBody, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower_service::Service;

use super::tasks::Tasks;

/// How long a connection that never said anything is waited for when the server stops: a request may be on its way.
const SILENT_GRACE: Duration = Duration::from_millis(100);

/// How long a first request of which only a part has come is waited for when the server stops.
const HALF_SENT_GRACE: Duration = Duration::from_secs(1);

/// How long dropped tasks are waited for. Only one that blocks its thread takes longer.
const ABORT_GRACE: Duration = Duration::from_secs(1);

/// What can be served.
pub(super) trait App: Clone + Send + 'static {
    /// The service for one connection.
    fn serve(self, stream: TcpStream, served: Served) -> impl Future<Output = ()> + Send;
}

/// What a connection is told.
pub(super) struct Served {
    tasks: Tasks,
    stopping: watch::Receiver<bool>,
    head_deadline: Option<Duration>,
}

/// The open connections.
pub(super) struct Connections<S> {
    app: S,
    head_deadline: Option<Duration>,
    tasks: Tasks,
    open: Arc<AtomicUsize>,
    stopping: watch::Sender<bool>,
}

impl<S: App> Connections<S> {
    pub(super) fn new(app: S, head_deadline: Option<Duration>) -> Self {
        Self { app, head_deadline, tasks: Tasks::default(), open: Arc::default(), stopping: watch::Sender::new(false) }
    }

    /// Serves a connection. (Not `&self`: an app need not be `Sync`.)
    pub(super) fn accept(&mut self, stream: TcpStream) {
        let open = Open::new(&self.open);
        let (tasks, stopping) = (self.tasks.clone(), self.stopping.subscribe());
        let served = self.app.clone().serve(stream, Served { tasks, stopping, head_deadline: self.head_deadline });
        self.tasks.spawn(async move {
            served.await;
            drop(open);
        });
    }

    /// Lets requests under way finish, until `overdue` is done, and drops what is left. Answers with how many connections
    /// that were.
    pub(super) async fn drain(self, overdue: impl Future<Output = ()>) -> usize {
        self.stopping.send_replace(true);
        tokio::select! {
            () = self.tasks.all_ended() => return 0,
            () = overdue => {}
        }
        let dropped = self.open.load(Ordering::Relaxed);
        self.tasks.abort();
        let _ = tokio::time::timeout(ABORT_GRACE, self.tasks.all_ended()).await;
        dropped
    }
}

/// Each connection holds the set that it is in, so that the set never goes by itself.
impl<S> Drop for Connections<S> {
    fn drop(&mut self) {
        self.tasks.abort();
    }
}

/// Counts a connection for as long as it lives.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<S, B> App for S
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    async fn serve(self, stream: TcpStream, served: Served) {
        let Served { tasks, mut stopping, head_deadline } = served;
        let Ok(peer) = stream.peer_addr() else { return };
        // Without it small answers wait for the client's acknowledgement. A connection works either way.
        let _ = stream.set_nodelay(true);
        if !speaks(&stream, &mut stopping, head_deadline).await {
            return;
        }
        let heard = &AtomicBool::new(false);
        let service = TowerToHyperService::new(FromPeer { app: self, peer });
        let service = service_fn(move |request| {
            heard.store(true, Ordering::Relaxed);
            hyper::service::Service::call(&service, request)
        });
        let mut builder = Builder::new(tasks);
        builder.http1().timer(TokioTimer::new()).header_read_timeout(head_deadline);
        let mut connection = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
        tokio::select! {
            // First reads what has come: a connection that is told to stop before it read anything just closes.
            biased;
            // What fails is this connection alone, and by the client's doing.
            _ = &mut connection => return,
            () = stopped(&mut stopping) => connection.as_mut().graceful_shutdown(),
            () = unheard(heard, head_deadline) => return,
        }
        tokio::select! {
            _ = connection => {}
            () = unheard(heard, Some(HALF_SENT_GRACE)) => {}
        }
    }
}

/// Waits until the client says something. Browsers open connections that they may never use; a server that stops does
/// not wait for those.
async fn speaks(stream: &TcpStream, stopping: &mut watch::Receiver<bool>, deadline: Option<Duration>) -> bool {
    let mut first = [0];
    tokio::select! {
        read = stream.peek(&mut first) => read.is_ok_and(|length| length > 0),
        () = async { stopped(stopping).await; tokio::time::sleep(SILENT_GRACE).await } => false,
        () = passed(deadline) => false,
    }
}

/// Done where no request was heard for so long. Hyper's own deadline begins once it knows the protocol, and knows none for
/// HTTP/2.
async fn unheard(heard: &AtomicBool, deadline: Option<Duration>) {
    passed(deadline).await;
    if heard.load(Ordering::Relaxed) {
        std::future::pending().await
    }
}

async fn passed(deadline: Option<Duration>) {
    match deadline {
        Some(deadline) => tokio::time::sleep(deadline).await,
        None => std::future::pending().await,
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that the server is gone.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Says who the client is, and hands the request's body over as the app takes it.
#[derive(Clone)]
struct FromPeer<S> {
    app: S,
    peer: SocketAddr,
}

impl<S: Service<Request<Body>>> Service<Request<Incoming>> for FromPeer<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.app.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(self.peer));
        self.app.call(request)
    }
}
