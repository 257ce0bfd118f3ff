//! A long-lived process with threads of its own: events leave every second, and the rest at the end.
//!
//! `cargo run -p runtimes --bin collector -- cargo run -p runtimes --bin workers`, and an empty line to end it.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::io::{BufRead, stdin};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use convert_core::CoreBuilder;

fn main() -> Result<(), Box<dyn Error>> {
    runtimes::log();
    let core = CoreBuilder::from_env()?.auto_flush_interval(Duration::from_secs(1)).build()?;

    let (give, work) = channel::<String>();
    let work = Mutex::new(work);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(name) = next else { break };
                    if let Ok(visitor) = core.create_context(name) {
                        visitor.track_conversion("purchase");
                    }
                }
            });
        }
        // One visitor a line, until an empty one.
        for line in stdin().lock().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
            let _ = give.send(line);
        }
        drop(give);
    });

    // The workers have ended; what they tracked is delivered.
    println!("closed: {}", core.close(Duration::from_secs(5)));
    Ok(())
}
