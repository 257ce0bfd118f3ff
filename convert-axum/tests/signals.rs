//! The signals of the operating system. Alone in its process, since they go to all of it.
#![cfg(all(feature = "serve", unix))]
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use convert_axum::serve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use web_testing::terminate;

#[tokio::test]
async fn sigterm_stops_the_server_and_a_second_one_ends_the_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let entered = Arc::new(Notify::new());
    let hanging = Arc::clone(&entered);
    let app = Router::new().route(
        "/",
        get(async move || {
            hanging.notify_one();
            std::future::pending::<()>().await;
        }),
    );
    let server =
        tokio::spawn(
            async move { serve(listener, app, common::core()).drain_deadline(Duration::from_secs(3600)).await },
        );
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    // The server listens to signals from before its first connection on.
    entered.notified().await;
    terminate();
    // The first signal has arrived when the server accepts no more.
    while TcpStream::connect(address).await.is_ok() {}
    assert!(!server.is_finished());
    terminate();
    assert_eq!(server.await.unwrap().dropped_connections, 1);
    assert_eq!(client.read(&mut [0; 1]).await.unwrap_or(0), 0);
}
