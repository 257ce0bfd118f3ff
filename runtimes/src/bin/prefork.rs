//! A server that forks its workers before they serve. A core that was made without network has no thread yet, so each worker
//! process starts one of its own; the config is read once, by the parent.
//!
//! A core that fetched its config has a thread, which does not come along into a forked process: fork first then.
//!
//! `CONVERT_CONFIG_FILE=convert-core/examples/shop.json cargo run -p runtimes --bin collector -- cargo run -p runtimes --bin prefork`
#![allow(unsafe_code, reason = "to fork is unsafe")]
#![cfg_attr(not(unix), allow(dead_code, unused_imports, reason = "only Unix forks"))]

#[cfg(not(unix))]
fn main() {}

use std::error::Error;
use std::time::Duration;

use convert_core::{Core, CoreBuilder};

const WORKERS: u32 = 3;

#[cfg(unix)]
fn main() -> Result<(), Box<dyn Error>> {
    runtimes::log();
    let core = CoreBuilder::from_env()?.auto_flush_interval(Duration::from_secs(1)).build()?;
    for worker in 0..WORKERS {
        // SAFETY: this process has one thread, so the new one has all of them.
        if unsafe { libc::fork() } == 0 {
            return work(&core, worker);
        }
    }
    let mut failed = false;
    for _ in 0..WORKERS {
        let mut status = 0;
        // SAFETY: it waits for a child, and writes an integer.
        unsafe { libc::wait(&raw mut status) };
        failed |= status != 0;
    }
    if failed { Err("a worker failed".into()) } else { Ok(()) }
}

fn work(core: &Core, worker: u32) -> Result<(), Box<dyn Error>> {
    for n in 0..20 {
        core.create_context(format!("visitor-{worker}-{n}"))?.track_conversion("purchase");
    }
    let report = core.close(Duration::from_secs(5));
    if report.is_complete() { Ok(()) } else { Err(report.to_string().into()) }
}
