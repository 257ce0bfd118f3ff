//! How a server ends: requests under way are answered, what stays open is dropped, what was tracked is delivered.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may panic")]

mod common;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorBadGateway;
use actix_web::middleware::{Next, from_fn};
use actix_web::rt::spawn;
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{App, Error, HttpResponse, HttpServer};
use common::core;
use common::server::{Gate, Server, rest};
use convert_actix::core::{Event, FlushReport};
use convert_actix::{ConvertContext, ConvertExt, serve};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use web_testing::FOR_EVER;

fn settled(flush: &FlushReport) -> (u64, u64, u64) {
    (flush.delivered, flush.dropped, flush.pending)
}

#[actix_web::test]
async fn a_request_under_way_is_answered_and_its_events_are_delivered() {
    let (core, gate) = (core(), Gate::default());
    let server = Server::start(&core, 2, FOR_EVER, gate.routes());
    let client = server.ask("/buy").await;
    gate.entered().await;
    let address = server.address;
    let stopping = spawn(server.stop());
    // It has begun to stop when it accepts no more.
    while TcpStream::connect(address).await.is_ok() {}
    gate.open();
    let answer = rest(client).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("bought: true"), "{answer}");
    let report = stopping.await.unwrap();
    assert_eq!((report.drained, settled(&report.flush)), (true, (1, 0, 0)));
    assert_eq!(report.stats.delivered.total(), 1);
    assert_eq!(report.to_string(), "stopped; last events: 1 delivered, 0 dropped, 0 pending");
}

#[actix_web::test]
async fn a_stop_by_the_handle_is_followed_by_the_last_delivery() {
    for graceful in [true, false] {
        let (core, gate) = (core(), Gate::default());
        assert!(core.create_context("v").unwrap().track_conversion("purchase").is_queued());
        let server = Server::start(&core, 1, FOR_EVER, gate.routes());
        let client = server.ask("/buy").await;
        gate.entered().await;
        let stopped = server.handle.stop(graceful);
        if graceful {
            gate.open();
        }
        let answer = rest(client).await;
        assert_eq!(answer.ends_with("bought: true"), graceful, "{answer}");
        let report = server.life.await.unwrap().unwrap();
        stopped.await;
        assert_eq!((report.drained, settled(&report.flush)), (true, (if graceful { 2 } else { 1 }, 0, 0)));
    }
}

/// Tells when it is dropped.
struct Held(Option<oneshot::Sender<()>>);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.take().unwrap().send(());
    }
}

impl futures_core::Stream for Held {
    type Item = Result<Bytes, Error>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Pending
    }
}

#[actix_web::test]
async fn what_is_open_at_the_deadline_is_dropped() {
    let (sender, dropped) = oneshot::channel();
    let sender = Arc::new(Mutex::new(Some(sender)));
    let routes = move |config: &mut ServiceConfig| {
        let sender = Arc::clone(&sender);
        let endless = move |convert: ConvertContext| {
            assert!(convert.track_conversion("purchase").is_queued());
            let held = Held(sender.lock().unwrap().take());
            async { HttpResponse::Ok().streaming(held) }
        };
        config.route("/stream", web::get().to(endless));
    };
    let core = core();
    let server = Server::start(&core, 1, Duration::ZERO, routes);
    let mut client = server.ask("/stream").await;
    let mut head = [0; 12];
    client.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    let report = server.stop().await;
    assert_eq!((report.drained, settled(&report.flush)), (false, (1, 0, 0)));
    assert_eq!(report.to_string(), "dropped at the drain deadline; last events: 1 delivered, 0 dropped, 0 pending");
    dropped.await.unwrap();
    assert!(rest(client).await.contains("convert_visitor_id="), "the rest of the head, and then the end");
}

#[actix_web::test]
async fn idle_connections_do_not_hold_the_server() {
    let core = core();
    let hello = |config: &mut ServiceConfig| {
        config.route("/", web::get().to(async || "hello"));
    };
    let server = Server::start(&core, 1, FOR_EVER, hello);
    let mut idle = server.ask("/").await;
    let mut answer = vec![0; 17];
    idle.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 200 OK\r\n");
    assert!(server.stop().await.drained);
    assert!(rest(idle).await.ends_with("hello"));
}

#[actix_web::test]
async fn a_server_that_is_dropped_stops_and_its_events_are_sent() {
    let (core, gate) = (core(), Gate::default());
    let (sender, mut released) = tokio::sync::mpsc::unbounded_channel();
    let _subscription = core.on(move |event| {
        if let Event::QueueReleased { .. } = event {
            let _ = sender.send(());
        }
    });
    let server = Server::start(&core, 1, FOR_EVER, gate.routes());
    let client = server.ask("/buy").await;
    gate.entered().await;
    assert!(core.create_context("v").unwrap().track_conversion("purchase").is_queued());
    server.life.abort();
    assert!(server.life.await.unwrap_err().is_cancelled());
    assert_eq!(rest(client).await, "");
    assert!(TcpStream::connect(server.address).await.is_err());
    released.recv().await.unwrap();
    assert_eq!(core.stats().delivered.total(), 1);
    // The core is not closed: the app may go on with it.
    assert!(core.create_context("w").unwrap().track_conversion("purchase").is_queued());
}

#[actix_web::test]
async fn a_server_that_cannot_start_is_followed_by_the_last_delivery() {
    let core = core();
    assert!(core.create_context("v").unwrap().track_conversion("purchase").is_queued());
    let app = || App::new().data_factory(async || Err::<(), _>("no database"));
    let server = HttpServer::new(app).workers(1).bind("127.0.0.1:0").unwrap();
    let error = serve(server, &core).await.unwrap_err();
    assert_eq!((error.report().drained, error.report().flush.delivered), (false, 1));
    assert_eq!(error.report().stats, core.stats());
    let told = format!("the server failed: {}; last events: 1 delivered, 0 dropped, 0 pending", error.error());
    assert_eq!(error.to_string(), told);
    // An app that knows errors of input and output only loses nothing of it.
    let kind = error.error().kind();
    let error = std::io::Error::from(error);
    assert_eq!((error.kind(), error.to_string()), (kind, told));
}

#[actix_web::test]
async fn errors_and_unknown_pages_leave_the_server_with_the_cookie() {
    async fn fail(request: ServiceRequest, _: Next<impl MessageBody>) -> Result<ServiceResponse, Error> {
        request.convert_context()?;
        Err(ErrorBadGateway("no answer"))
    }
    async fn lost(_: ConvertContext) -> HttpResponse {
        HttpResponse::NotFound().finish()
    }
    let routes = |config: &mut ServiceConfig| {
        config.service(web::scope("/broken").wrap(from_fn(fail))).default_service(web::to(lost));
    };
    let core = core();
    let server = Server::start(&core, 1, FOR_EVER, routes);
    for (path, status) in [("/broken", "502"), ("/nowhere", "404")] {
        let answer = common::server::one(server.address, path).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert_eq!(answer.matches("set-cookie: convert_visitor_id=").count(), 1, "{answer}");
    }
    assert!(server.stop().await.drained);
}

#[actix_web::test]
async fn parallel_first_requests_to_several_workers_do_not_mix() {
    async fn whoami(convert: ConvertContext) -> String {
        assert!(convert.track_conversion("purchase").is_queued());
        format!("{} {:?}", convert.visitor_id(), std::thread::current().id())
    }
    let core = core();
    let routes = |config: &mut ServiceConfig| {
        config.route("/me", web::get().to(whoami));
    };
    let server = Server::start(&core, 4, FOR_EVER, routes);
    let requests: Vec<_> = (0..64).map(|_| spawn(common::server::one(server.address, "/me"))).collect();
    let (mut ids, mut workers) = (HashSet::new(), HashSet::new());
    for request in requests {
        let answer = request.await.unwrap();
        let body = answer.lines().last().unwrap();
        let (id, worker) = body.split_once(' ').unwrap();
        let set = format!("set-cookie: convert_visitor_id={id};");
        assert!(answer.contains(&set), "each response sets the id that its handler saw: {answer}");
        assert!(ids.insert(id.to_owned()));
        workers.insert(worker.to_owned());
    }
    assert_eq!(workers.len(), 4);
    let report = server.stop().await;
    assert_eq!((report.drained, report.stats.delivered.total()), (true, 64));
}
