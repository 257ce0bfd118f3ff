//! A server on this machine, as the tests of its life and of its protocols have it.

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use convert_axum::core::Core;
use convert_axum::{ConvertContext, ConvertLayer, ServeReport, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// A served app.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) report: JoinHandle<ServeReport>,
}

impl Server {
    pub(crate) async fn start(core: &Core, app: Router, drain_deadline: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = serve(listener, app.layer(ConvertLayer::new(core)), core)
            .shutdown_signal(async { stopped.await.unwrap() })
            .drain_deadline(drain_deadline);
        Self { address, stop, report: tokio::spawn(serve.into_future()) }
    }

    /// Connects, and asks for a page.
    pub(crate) async fn ask(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\n\r\n").as_bytes()).await.unwrap();
        stream
    }

    pub(crate) async fn stop(self) -> ServeReport {
        self.stop.send(()).unwrap();
        self.report.await.unwrap()
    }
}

/// Serves an app whose connections have so much time for any request's head, and connects to it with some text.
pub(crate) async fn impatient(
    core: &Core,
    app: Router,
    deadline: Duration,
) -> (JoinHandle<ServeReport>, impl AsyncFn(&str) -> TcpStream) {
    with_deadlines(core, app, deadline, deadline).await
}

/// Serves an app whose connections have so much time for a first head, and so much for another one.
pub(crate) async fn with_deadlines(
    core: &Core,
    app: Router,
    head: Duration,
    idle: Duration,
) -> (JoinHandle<ServeReport>, impl AsyncFn(&str) -> TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = serve(listener, app, core).shutdown_signal(std::future::pending());
    let connect = async move |text: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    };
    (tokio::spawn(server.head_deadline(head).idle_deadline(idle).into_future()), connect)
}

/// All that comes until the connection is closed, however it is.
pub(crate) async fn rest(mut stream: TcpStream) -> String {
    let (mut text, mut part) = (Vec::new(), [0; 1024]);
    while let Ok(length @ 1..) = stream.read(&mut part).await {
        text.extend_from_slice(&part[..length]);
    }
    String::from_utf8(text).unwrap()
}

/// A page that is under way until it is let go.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    pub(crate) entered: Arc<Notify>,
    pub(crate) open: Arc<Notify>,
}

impl Gate {
    pub(crate) fn page(&self) -> axum::routing::MethodRouter {
        let gate = self.clone();
        get(async move |convert: ConvertContext| {
            gate.entered.notify_one();
            gate.open.notified().await;
            format!("bought: {}", convert.track_conversion("purchase").is_queued())
        })
    }
}
