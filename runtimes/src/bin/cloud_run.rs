//! A container that gets CPU only while it serves, as on Cloud Run: it flushes before each answer. On Kubernetes, or with CPU
//! always on, leave the flush out of the handler. SIGTERM is `serve`'s to handle: requests under way are answered, and the
//! core is closed.
//!
//! `cargo run -p runtimes --bin collector -- cargo run -p runtimes --bin cloud_run`, and `curl 127.0.0.1:8080/buy`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use convert_axum::core::AsyncCore;
use convert_axum::{AsyncConvertContext, ConvertLayer, serve};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    runtimes::log();
    let core = AsyncCore::from_env().await?;
    let app = Router::new().route("/buy", get(buy)).layer(ConvertLayer::new(&core)).with_state(core.clone());

    // A platform that sets PORT sends requests from outside the container.
    let address = std::env::var("PORT").map_or_else(|_| "127.0.0.1:8080".to_owned(), |port| format!("0.0.0.0:{port}"));
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    // Cloud Run grants 10 seconds from SIGTERM on.
    let report =
        serve(listener, app, core).drain_deadline(Duration::from_secs(5)).flush_deadline(Duration::from_secs(4)).await;
    println!("{report}");
    Ok(())
}

async fn buy(State(core): State<AsyncCore>, visitor: AsyncConvertContext) -> &'static str {
    let outcome = visitor.track_conversion("purchase").await;
    // After the answer there is no CPU. What fails stays queued for the next request, and for SIGTERM.
    let _ = core.flush(Duration::from_secs(2)).await;
    if outcome.is_queued() { "bought" } else { "bought before" }
}
