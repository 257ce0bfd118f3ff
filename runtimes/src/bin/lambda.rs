//! A function on AWS Lambda: the core is made once, at the cold start, and flushed before the handler returns, since the
//! process is frozen from then on.
//!
//! Deploy it with `cargo lambda`, or run it with `cargo lambda watch`.

use std::time::Duration;

use convert_core::AsyncCore;
use convert_core::web::is_visitor_id;
use lambda_http::{Body, Error, Request, RequestExt, Response, run, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    runtimes::log();
    let core = AsyncCore::from_env().await?;
    run(service_fn(|request| handle(&core, request))).await
}

async fn handle(core: &AsyncCore, request: Request) -> Result<Response<Body>, Error> {
    let parameters = request.query_string_parameters();
    // Whoever is not named must not become one visitor with all others who are not.
    let Some(id) = parameters.first("visitor").filter(|id| is_visitor_id(id)) else {
        return Ok(Response::builder().status(400).body(Body::from("the query names no visitor"))?);
    };
    let visitor = core.create_context(id)?;
    let outcome = visitor.track_conversion("purchase").await;
    // A flush that fails delays no answer for long: its events stay queued, and go with the next invocation.
    let _ = core.flush(Duration::from_secs(2)).await;
    Ok(Response::new(Body::from(if outcome.is_queued() { "bought" } else { "bought before" })))
}
