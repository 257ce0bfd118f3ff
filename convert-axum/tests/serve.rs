//! How a server ends: requests under way are answered, what stays open is dropped, what was tracked is delivered.
#![cfg(feature = "serve")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod common;

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::get;
use common::core;
use common::server::{Gate, Server, impatient, rest, with_deadlines};
use convert_axum::{ConvertContext, ConvertCore, ConvertLayer, run, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use web_testing::FOR_EVER;

/// For a deadline that the test waits for.
const SOON: Duration = Duration::from_millis(20);

#[tokio::test]
async fn a_request_under_way_is_answered_and_its_events_are_delivered() {
    let (core, gate) = (core(), Gate::default());
    let server = Server::start(&core, Router::new().route("/buy", gate.page()), FOR_EVER).await;
    let client = server.ask("/buy").await;
    gate.entered.notified().await;
    let stopping = tokio::spawn(server.stop());
    gate.open.notify_one();
    let answer = rest(client).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("bought: true"), "{answer}");
    let report = stopping.await.unwrap();
    assert_eq!((report.dropped_connections, report.flush.delivered, report.flush.pending), (0, 1, 0));
    assert_eq!(report.stats.delivered.total(), 1);
    assert_eq!(report.to_string(), "stopped: 0 connections dropped; last events: 1 delivered, 0 dropped, 0 pending");
}

#[tokio::test]
async fn what_is_open_at_the_deadline_is_dropped() {
    /// Tells when it is dropped.
    struct Held(Option<oneshot::Sender<()>>);
    impl Drop for Held {
        fn drop(&mut self) {
            let _ = self.0.take().unwrap().send(());
        }
    }
    impl futures_core::Stream for Held {
        type Item = Result<&'static str, std::convert::Infallible>;
        fn poll_next(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            std::task::Poll::Pending
        }
    }
    let (sender, dropped) = oneshot::channel();
    let sender = Arc::new(std::sync::Mutex::new(Some(sender)));
    let endless = get(async move |convert: ConvertContext| {
        assert!(convert.track_conversion("purchase").is_queued());
        Body::from_stream(Held(sender.lock().unwrap().take()))
    });
    let core = core();
    let server = Server::start(&core, Router::new().route("/stream", endless), Duration::ZERO).await;
    let mut client = server.ask("/stream").await;
    let mut head = [0; 12];
    client.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    let report = server.stop().await;
    assert_eq!((report.dropped_connections, report.flush.delivered), (1, 1));
    dropped.await.unwrap();
    assert!(!rest(client).await.is_empty(), "the rest of the head, and then the end");
}

#[tokio::test]
async fn a_server_that_is_dropped_drops_its_connections() {
    let core = core();
    let gate = Gate::default();
    let server = Server::start(&core, Router::new().route("/slow", gate.page()), FOR_EVER).await;
    let stream = server.ask("/slow").await;
    gate.entered.notified().await;
    server.report.abort();
    // Without an answer: the request was dropped with the server.
    assert_eq!(rest(stream).await, "");
}

#[tokio::test]
async fn idle_and_silent_connections_do_not_hold_the_server() {
    let core = core();
    let server = Server::start(&core, Router::new().route("/", get(async || "hello")), FOR_EVER).await;
    let silent = TcpStream::connect(server.address).await.unwrap();
    let mut idle = server.ask("/").await;
    let mut answer = vec![0; 17];
    idle.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 200 OK\r\n");
    let report = server.stop().await;
    assert_eq!(report.dropped_connections, 0);
    assert_eq!(rest(silent).await, "");
    assert!(rest(idle).await.ends_with("hello"));
}

#[tokio::test]
async fn a_half_sent_request_is_not_waited_for() {
    let core = core();
    let app = Router::new().route("/", get(async || "hello"));
    let (server, connect) = impatient(&core, app, SOON).await;
    // The third may be the start of HTTP/2, the fourth is silent, and of the last the second request is half sent.
    for half in ["GET / HTTP/1.1\r\nHost: a\r\n", "G", "PRI * HT", ""] {
        assert_eq!(rest(connect(half).await).await, "", "{half:?} is closed without an answer");
    }
    let answer = rest(connect("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n").await).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    server.abort();
}

#[tokio::test]
async fn a_request_under_way_may_take_longer_than_its_head() {
    let (core, gate) = (core(), Gate::default());
    let app = Router::new().route("/buy", gate.page()).layer(ConvertLayer::new(&core));
    let (server, connect) = impatient(&core, app, SOON).await;
    let slow = connect("GET /buy HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    gate.entered.notified().await;
    // A connection that was made later has come to its deadline meanwhile.
    assert_eq!(rest(connect("G").await).await, "");
    gate.open.notify_one();
    assert!(rest(slow).await.ends_with("bought: true"));
    server.abort();
}

#[tokio::test]
async fn an_idle_connection_is_kept_longer_than_a_new_one_is_waited_for() {
    let core = core();
    let app = Router::new().route("/", get(async || "hello"));
    let (server, connect) = with_deadlines(&core, app, SOON, FOR_EVER).await;
    let mut kept = connect("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    kept.read_exact(&mut [0; 17]).await.unwrap();
    // A connection that was made later has come to its deadline meanwhile.
    assert_eq!(rest(connect("G").await).await, "");
    kept.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    assert_eq!(rest(kept).await.matches("HTTP/1.1 200").count(), 1);
    server.abort();
}

#[tokio::test]
async fn a_deadline_that_no_clock_can_count_to_is_none() {
    let core = core();
    let app = Router::new().route("/", get(async || "hello"));
    let (server, connect) = with_deadlines(&core, app, Duration::MAX, Duration::MAX).await;
    let answer = rest(connect("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.abort();
}

#[tokio::test]
async fn half_sent_requests_do_not_hold_the_end_of_a_server() {
    let core = core();
    let server = Server::start(&core, Router::new().route("/", get(async || "hello")), FOR_EVER).await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    first.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n").await.unwrap();
    let mut second = server.ask("/").await;
    second.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut answer = [0; 17];
    second.read_exact(&mut answer).await.unwrap();
    let report = server.stop().await;
    assert_eq!(report.dropped_connections, 0);
    assert_eq!(rest(first).await, "");
}

/// A connection that speaks a protocol of its own: it answers each byte with whether the conversion of a new visitor
/// is queued.
async fn upgraded(core: ConvertCore, mut request: axum::extract::Request) -> axum::response::Response {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut socket = hyper_util::rt::TokioIo::new(upgrade.await.unwrap());
        let mut byte = [0];
        while socket.read_exact(&mut byte).await.is_ok() {
            let context = core.create_context(format!("visitor-{}", byte[0])).unwrap();
            let answer = if context.track_conversion("purchase").is_queued() { b"y" } else { b"n" };
            socket.write_all(answer).await.unwrap();
        }
    });
    axum::http::Response::builder()
        .status(axum::http::StatusCode::SWITCHING_PROTOCOLS)
        .header("connection", "upgrade")
        .header("upgrade", "bytes")
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn an_upgraded_connection_outlives_the_server_and_does_not_hold_it() {
    let core = core();
    let server = Server::start(&core, Router::new().route("/socket", get(upgraded)), FOR_EVER).await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let request = b"GET /socket HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: bytes\r\n\r\n";
    socket.write_all(request).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    socket.write_u8(1).await.unwrap();
    assert_eq!(socket.read_u8().await.unwrap(), b'y');

    let report = server.stop().await;
    assert_eq!((report.dropped_connections, report.flush.delivered, report.flush.pending), (0, 1, 0));

    // The core is closed by now.
    socket.write_u8(2).await.unwrap();
    assert_eq!(socket.read_u8().await.unwrap(), b'n');
    let stats = core.stats();
    assert_eq!((stats.accepted.conversions, stats.delivered.conversions), (1, 1));
}

#[tokio::test]
async fn a_connection_that_waits_to_be_accepted_is_served() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let app = Router::new().route("/", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()));
    let peer = client.local_addr().unwrap().to_string();
    // Told to stop before it accepts anything.
    let report = serve(listener, app, core()).shutdown_signal(async {}).await;
    assert_eq!(report.dropped_connections, 0);
    let answer = rest(client).await;
    assert!(answer.ends_with(&peer), "{answer}");
}

#[cfg(not(feature = "http2"))]
#[tokio::test]
async fn http2_is_not_spoken_unless_this_crate_is_told_to() {
    let core = core();
    let server = Server::start(&core, Router::new().route("/", get(async || "hello")), FOR_EVER).await;
    let mut client = TcpStream::connect(server.address).await.unwrap();
    // The preface of HTTP/2, and its first frame: settings.
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    assert_eq!(rest(client).await, "");
    server.stop().await;
}

#[tokio::test]
async fn any_server_can_be_run() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let core = core();
    let app = Router::new()
        .route("/", get(async |convert: ConvertContext| convert.track_conversion("purchase").is_queued().to_string()))
        .layer(ConvertLayer::new(&core));
    let (stop, stopped) = oneshot::channel::<()>();
    let server = |shutdown| axum::serve(listener, app).with_graceful_shutdown(shutdown).into_future();
    let running = tokio::spawn(run(&core, server).shutdown_signal(async { stopped.await.unwrap() }).into_future());
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(rest(client).await.ends_with("true"));
    stop.send(()).unwrap();
    let report = running.await.unwrap();
    assert!(report.output.unwrap().is_ok());
    assert_eq!((report.flush.delivered, report.stats.delivered.total()), (1, 1));
}

#[tokio::test]
async fn a_server_that_ends_by_itself_is_followed_by_the_last_delivery() {
    let core = core();
    assert!(core.create_context("v").unwrap().track_conversion("purchase").is_queued());
    let report = run(&core, |_| async { "out of order" }).await;
    assert_eq!((report.output, report.flush.delivered), (Some("out of order"), 1));
}

#[tokio::test]
async fn a_server_that_does_not_stop_is_dropped() {
    let core = core();
    let report = run(&core, |_| std::future::pending::<()>())
        .shutdown_signal(async {})
        .drain_deadline(Duration::ZERO)
        .flush_deadline(FOR_EVER)
        .await;
    assert!(report.output.is_none());
    assert_eq!(report.to_string(), "dropped at the drain deadline; last events: 0 delivered, 0 dropped, 0 pending");
}
