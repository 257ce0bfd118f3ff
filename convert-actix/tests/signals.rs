//! The signals of the operating system. Alone in its process, since they go to all of it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::net::SocketAddr;

use actix_web::rt::spawn;
use actix_web::rt::task::JoinHandle;
use actix_web::{App, HttpServer};
use common::server::{Gate, ask, rest};
use convert_actix::core::Core;
use convert_actix::{ConvertMiddleware, ServeError, ServeReport, serve};
use tokio::net::TcpStream;
use web_testing::{FOR_EVER, interrupt, terminate};

fn start(core: &Core, gate: &Gate) -> (SocketAddr, JoinHandle<Result<ServeReport, ServeError>>) {
    let (convert, routes) = (ConvertMiddleware::new(core), gate.routes());
    let app = move || App::new().configure(routes.clone()).wrap(convert.clone());
    let server = HttpServer::new(app).workers(1).bind("127.0.0.1:0").unwrap();
    let address = *server.addrs().first().unwrap();
    (address, spawn(serve(server, core).drain_deadline(FOR_EVER).run()))
}

#[actix_web::test]
async fn a_signal_stops_the_server_and_a_second_one_ends_the_wait() {
    // Ctrl-C and SIGTERM alike let a request under way finish.
    for signal in [interrupt, terminate] {
        let (core, gate) = (common::core(), Gate::default());
        let (address, server) = start(&core, &gate);
        let client = ask(address, "/buy").await;
        // The server listens to signals from before its first connection on.
        gate.entered().await;
        signal();
        // The signal has arrived when the server accepts no more.
        while TcpStream::connect(address).await.is_ok() {}
        gate.open();
        assert!(rest(client).await.ends_with("bought: true"));
        let report = server.await.unwrap().unwrap();
        assert_eq!((report.drained, report.flush.delivered), (true, 1));
    }

    let (core, gate) = (common::core(), Gate::default());
    let (address, server) = start(&core, &gate);
    let client = ask(address, "/buy").await;
    gate.entered().await;
    terminate();
    while TcpStream::connect(address).await.is_ok() {}
    assert!(!server.is_finished());
    terminate();
    assert!(!server.await.unwrap().unwrap().drained);
    assert_eq!(rest(client).await, "");
}
