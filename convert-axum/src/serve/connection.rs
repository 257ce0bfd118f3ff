//! One connection.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum_core::BoxError;
use axum_core::body::Body;
use http::{Request, Response};
use hyper::body::{Body as HttpBody, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower_service::Service;

use super::heard::{Heard, passed};
use super::patience::Patience;
use super::protocol::protocol;
use super::tasks::Tasks;

/// How long a connection that never said anything is waited for when the server stops: a request may be on its way.
const SILENT_GRACE: Duration = Duration::from_millis(100);

/// How long a first request of which only a part has come is waited for when the server stops.
const HALF_SENT_GRACE: Duration = Duration::from_secs(1);

/// What can be served.
pub(super) trait App: Clone + Send + 'static {
    /// The service for one connection.
    fn serve(self, stream: TcpStream, served: Served) -> impl Future<Output = ()> + Send;
}

/// What a connection is told.
pub(super) struct Served {
    /// For what it spawns.
    pub(super) tasks: Tasks,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) patience: Patience,
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
        let Served { tasks, mut stopping, patience } = served;
        let Ok(peer) = stream.peer_addr() else { return };
        // Without it small answers wait for the client's acknowledgement. A connection works either way.
        let _ = stream.set_nodelay(true);
        if !speaks(&stream, &mut stopping, patience.head).await {
            return;
        }
        let heard = &Heard::default();
        let service = TowerToHyperService::new(FromPeer { app: self, peer });
        let service = service_fn(move |request: Request<Incoming>| {
            heard.request(request.version());
            hyper::service::Service::call(&service, request)
        });
        let protocol = protocol(tasks, patience);
        let mut connection = pin!(protocol.serve_connection_with_upgrades(TokioIo::new(stream), service));
        tokio::select! {
            // First reads what has come: a connection that is told to stop before it read anything just closes.
            biased;
            // What fails is this connection alone, and by the client's doing.
            _ = &mut connection => return,
            () = stopped(&mut stopping) => connection.as_mut().graceful_shutdown(),
            () = heard.nothing(patience.head) => return,
            () = heard.nothing_more(patience.idle) => connection.as_mut().graceful_shutdown(),
        }
        tokio::select! {
            _ = connection => {}
            () = heard.nothing(Some(HALF_SENT_GRACE)) => {}
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
