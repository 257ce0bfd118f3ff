//! A job worker on apalis: each job flushes at its end, so that a worker which is stopped between two jobs has nothing left.
//!
//! `cargo run -p runtimes --bin collector -- cargo run -p runtimes --bin jobs -- ada grace`, and Ctrl-C
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::{Data, Error, MemoryStorage, MessageQueue, Monitor, WorkerBuilder, WorkerFactoryFn};
use convert_core::{AsyncCore, shutdown_signal};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Purchase {
    visitor: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    runtimes::log();
    let core = AsyncCore::from_env().await?;
    let mut jobs = MemoryStorage::new();
    for visitor in std::env::args().skip(1) {
        jobs.enqueue(Purchase { visitor }).await.map_err(|()| "the job could not be queued")?;
    }

    let worker = WorkerBuilder::new("purchases").data(core.clone()).backend(jobs).build_fn(purchase);
    Monitor::new().register(worker).run_with_signal(shutdown_signal()).await?;
    println!("closed: {}", core.close(Duration::from_secs(5)).await);
    Ok(())
}

async fn purchase(job: Purchase, core: Data<AsyncCore>) -> Result<(), Error> {
    let visitor = core.create_context(job.visitor.as_str()).map_err(|error| Error::Failed(Arc::new(error.into())))?;
    visitor.track_conversion("purchase").await;
    // The job has done what it is for; an endpoint that is down does not make it fail.
    let flushed = core.flush(Duration::from_secs(5)).await;
    println!("{}: {}", job.visitor, if flushed.is_ok() { "delivered" } else { "to be delivered" });
    Ok(())
}
