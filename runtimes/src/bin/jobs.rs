//! A job worker on apalis: each job flushes at its end, so that a worker which is stopped between two jobs has nothing left.
//!
//! `cargo run -p runtimes --bin collector -- cargo run -p runtimes --bin jobs -- ada grace`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use apalis::prelude::{Data, Error, MemoryStorage, MessageQueue, Monitor, WorkerBuilder, WorkerFactoryFn};
use convert_core::AsyncCore;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Purchase {
    visitor: String,
}

/// Tells when all jobs are done.
#[derive(Clone, Default)]
struct Open {
    jobs: Arc<AtomicUsize>,
    done: Arc<Notify>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    runtimes::log();
    let core = AsyncCore::from_env().await?;
    let (mut jobs, open) = (MemoryStorage::new(), Open::default());
    for visitor in std::env::args().skip(1) {
        open.jobs.fetch_add(1, Ordering::SeqCst);
        jobs.enqueue(Purchase { visitor }).await.map_err(|()| "the job could not be queued")?;
    }

    let worker = WorkerBuilder::new("purchases").data(core.clone()).data(open.clone()).backend(jobs).build_fn(purchase);
    let all_done = open.done;
    Monitor::new()
        .register(worker)
        .run_with_signal(async move {
            all_done.notified().await;
            Ok(())
        })
        .await?;
    println!("closed: {}", core.close(Duration::from_secs(5)).await);
    Ok(())
}

async fn purchase(job: Purchase, core: Data<AsyncCore>, open: Data<Open>) -> Result<(), Error> {
    let visitor = core.create_context(job.visitor).map_err(|error| Error::Failed(Arc::new(error.into())))?;
    visitor.track_conversion("purchase").await;
    // The job has done what it is for; an endpoint that is down does not make it fail.
    let flushed = core.flush(Duration::from_secs(5)).await;
    tracing::debug!(?flushed, "a job is done");
    if open.jobs.fetch_sub(1, Ordering::SeqCst) == 1 {
        open.done.notify_one();
    }
    Ok(())
}
