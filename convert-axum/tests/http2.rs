//! Connections of HTTP/2: how they end when the server stops, and when nothing is asked on them.
#![cfg(feature = "http2")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod common;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use common::core;
use common::server::{Gate, Server, impatient};
use convert_axum::ConvertLayer;
use http_body_util::BodyExt;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use web_testing::FOR_EVER;

/// For a deadline that the test waits for. A client that is alive answers a ping within it.
const SOON: Duration = Duration::from_millis(500);

/// A connection, and its end.
struct Client {
    requests: SendRequest<Body>,
    end: JoinHandle<hyper::Result<()>>,
}

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap()).await
    }

    async fn over(stream: TcpStream) -> Self {
        let (requests, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        Self { requests, end: tokio::spawn(connection) }
    }

    /// Asks for a page. What comes back is the page.
    fn get(&self, path: &str) -> impl Future<Output = hyper::Result<String>> + Send + use<> {
        let mut requests = self.requests.clone();
        let request = Request::get(format!("http://shop.example{path}")).body(Body::empty()).unwrap();
        async move {
            let body = requests.send_request(request).await?.into_body();
            Ok(String::from_utf8(body.collect().await?.to_bytes().to_vec()).unwrap())
        }
    }
}

fn app(gate: &Gate) -> Router {
    Router::new().route("/", get(async || "hello")).route("/buy", gate.page())
}

#[tokio::test]
async fn a_stopping_server_answers_what_is_under_way_and_refuses_what_comes() {
    let (core, gate) = (core(), Gate::default());
    let server = Server::start(&core, app(&gate), FOR_EVER).await;
    let client = Client::connect(server.address).await;
    let answer = tokio::spawn(client.get("/buy"));
    gate.entered.notified().await;
    let stopping = tokio::spawn(server.stop());
    // Until the client has heard of it, its requests are answered.
    let refused = loop {
        match client.get("/").await {
            Ok(page) => assert_eq!(page, "hello"),
            Err(error) => break error,
        }
    };
    assert!(refused.is_canceled(), "it was not sent, and can be sent elsewhere: {refused:?}");
    gate.open.notify_one();
    assert_eq!(answer.await.unwrap().unwrap(), "bought: true");
    client.end.await.unwrap().unwrap();
    let report = stopping.await.unwrap();
    assert_eq!((report.dropped_connections, report.flush.delivered, report.flush.pending), (0, 1, 0));
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_a_stopping_server() {
    let core = core();
    let server = Server::start(&core, app(&Gate::default()), FOR_EVER).await;
    let client = Client::connect(server.address).await;
    assert_eq!(client.get("/").await.unwrap(), "hello");
    assert_eq!(server.stop().await.dropped_connections, 0);
    client.end.await.unwrap().unwrap();
}

#[tokio::test]
async fn streams_end_with_the_deadline() {
    let (core, gate) = (core(), Gate::default());
    let server = Server::start(&core, app(&gate), Duration::ZERO).await;
    let client = Client::connect(server.address).await;
    let answer = tokio::spawn(client.get("/buy"));
    gate.entered.notified().await;
    assert_eq!(Arc::strong_count(&gate.open), 2 + 1, "the test's, the router's and the request's");
    let report = server.stop().await;
    assert_eq!(report.dropped_connections, 1);
    assert_eq!(Arc::strong_count(&gate.open), 1, "the request was dropped, and the router with the server");
    assert!(answer.await.unwrap().is_err());
}

#[tokio::test]
async fn a_connection_on_which_nothing_more_is_asked_is_closed_and_what_is_under_way_is_not() {
    let (core, gate) = (core(), Gate::default());
    let app = app(&gate).layer(ConvertLayer::new(&core));
    let (server, connect) = impatient(&core, app, SOON).await;
    let slow = Client::over(connect("").await).await;
    let answer = tokio::spawn(slow.get("/buy"));
    gate.entered.notified().await;
    let idle = Client::over(connect("").await).await;
    assert_eq!(idle.get("/").await.unwrap(), "hello");
    // Closed in order, though its client wants to keep it.
    idle.end.await.unwrap().unwrap();
    assert!(idle.requests.is_closed());
    // The other one has come to the same end by now, but for what was asked on it before.
    gate.open.notify_one();
    assert_eq!(answer.await.unwrap().unwrap(), "bought: true");
    slow.end.await.unwrap().unwrap();
    server.abort();
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_dropped() {
    let core = core();
    let (server, connect) = impatient(&core, app(&Gate::default()), Duration::from_millis(20)).await;
    let mut client = connect("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    // Settings, and then the head of the first request: GET, /, http, and the authority `a`. Nothing ever after.
    client.write_all(b"\0\0\0\x04\0\0\0\0\0").await.unwrap();
    client.write_all(b"\0\0\x06\x01\x05\0\0\0\x01\x82\x84\x86\x41\x01a").await.unwrap();
    let (mut answer, mut part) = (Vec::<u8>::new(), [0; 1024]);
    while let Ok(length @ 1..) = client.read(&mut part).await {
        answer.extend(part.iter().take(length));
    }
    assert!(answer.windows(5).any(|part| part == b"hello"), "the request was answered: {answer:?}");
    server.abort();
}
