//! The synchronous core inside asynchronous code. Its contexts never block on the bundled store, so they are used where they
//! are needed; `flush` and `close` wait, so they are awaited through the asynchronous twin, or moved off the loop.
//!
//! `cargo run -p runtimes --bin collector -- cargo run -p runtimes --bin sync_in_async`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::time::Duration;

use convert_core::{AsyncCore, Core};
use tokio::time::interval;

// One thread: whatever blocks it blocks everything.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    runtimes::log();
    // Fetching waits, so it is done off the loop; `AsyncCore::from_env().await` would do as well.
    let core = tokio::task::spawn_blocking(Core::from_env).await??;

    tokio::spawn(async {
        let mut clock = interval(Duration::from_millis(10));
        loop {
            clock.tick().await;
            println!("the loop goes on");
        }
    });

    let visitor = core.create_context("ada")?;
    visitor.track_conversion("purchase");

    // By the twin, which shares everything.
    let twin = AsyncCore::from(core.clone());
    println!("flushed: {}", twin.flush(Duration::from_secs(10)).await?);

    // Or off the loop.
    core.create_context("grace")?.track_conversion("purchase");
    let report = tokio::task::spawn_blocking(move || core.close(Duration::from_secs(10))).await?;
    println!("closed: {report}");
    Ok(())
}
