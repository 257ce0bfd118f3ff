//! Load on this crate's server: see the `load` crate. `cargo xtask load axum` runs it.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use convert_axum::{ConvertContext, ConvertLayer, serve};
use load::{Server, is_slow};
use tokio::net::TcpListener;

pub(crate) fn main() -> ExitCode {
    load::main(|server| {
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(run(Arc::clone(server)))
    })
}

async fn run(server: Arc<Server>) -> Result<(), Box<dyn Error>> {
    let app = Router::new()
        .route("/work/{id}", get(work))
        .with_state(Arc::clone(&server))
        .layer(ConvertLayer::new(server.core()));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    server.listens_at(listener.local_addr()?);
    serve(listener, app, server.core()).flush_deadline(Duration::from_secs(10)).await;
    Ok(())
}

async fn work(State(server): State<Arc<Server>>, Path(id): Path<u64>, visitor: ConvertContext) -> String {
    server.enter(id);
    if is_slow(id) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.handle(&visitor)
}
