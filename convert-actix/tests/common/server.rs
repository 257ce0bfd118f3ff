//! A served app, and clients of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::rt::spawn;
use actix_web::rt::task::JoinHandle;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpServer};
use convert_actix::core::Core;
use convert_actix::{ConvertContext, ConvertMiddleware, ServeError, ServeReport, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};

/// A served app.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) handle: ServerHandle,
    pub(crate) life: JoinHandle<Result<ServeReport, ServeError>>,
    stop: oneshot::Sender<()>,
}

impl Server {
    pub(crate) fn start(
        core: &Core,
        workers: usize,
        drain_deadline: Duration,
        routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> Self {
        let convert = ConvertMiddleware::new(core);
        let app = move || App::new().configure(routes.clone()).wrap(convert.clone());
        let server = HttpServer::new(app).workers(workers).bind("127.0.0.1:0").unwrap();
        let address = *server.addrs().first().unwrap();
        let (stop, stopped) = oneshot::channel();
        // A test that drops its end stops nothing.
        let signal = async {
            if stopped.await.is_err() {
                std::future::pending().await
            }
        };
        let serving = serve(server, core).shutdown_signal(signal).drain_deadline(drain_deadline).run();
        Self { address, handle: serving.handle(), life: spawn(serving), stop }
    }

    /// Connects, and asks for a page.
    pub(crate) async fn ask(&self, path: &str) -> TcpStream {
        ask(self.address, path).await
    }

    /// Gives the signal.
    pub(crate) async fn stop(self) -> ServeReport {
        self.stop.send(()).unwrap();
        self.life.await.unwrap().unwrap()
    }
}

/// Connects, and asks for a page.
pub(crate) async fn ask(address: SocketAddr, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\n\r\n").as_bytes()).await.unwrap();
    stream
}

/// All that comes until the connection is closed, however it is.
pub(crate) async fn rest(mut stream: TcpStream) -> String {
    let (mut text, mut part) = (Vec::new(), [0; 1024]);
    while let Ok(length @ 1..) = stream.read(&mut part).await {
        text.extend_from_slice(part.get(..length).unwrap());
    }
    String::from_utf8(text).unwrap()
}

/// A page that is under way until it is let go.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    entered: Arc<Notify>,
    open: Arc<Notify>,
}

impl Gate {
    /// `/buy` is the page.
    pub(crate) fn routes(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
        let gate = self.clone();
        move |config| {
            let gate = gate.clone();
            config.route("/buy", web::get().to(move |convert| gate.clone().page(convert)));
        }
    }

    async fn page(self, convert: ConvertContext) -> String {
        self.entered.notify_one();
        self.open.notified().await;
        format!("bought: {}", convert.track_conversion("purchase").is_queued())
    }

    /// Waits until the page is asked for.
    pub(crate) async fn entered(&self) {
        self.entered.notified().await;
    }

    /// Lets the page go.
    pub(crate) fn open(&self) {
        self.open.notify_one();
    }
}

/// The whole answer to one request, on a connection of its own.
pub(crate) async fn one(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    rest(stream).await
}
