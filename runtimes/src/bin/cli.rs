//! A command-line tool or a batch: an explicit flush at the end, and the exit hook for every other way out.
//!
//! `cargo run -p runtimes --bin collector -- cargo run -p runtimes --bin cli -- ada grace`
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::process;
use std::time::Duration;

use convert_core::Core;

fn main() -> Result<(), Box<dyn Error>> {
    runtimes::log();
    let core = Core::from_env()?;
    // For `process::exit` below, for `?`, and for libraries that exit. Windows has no such hook.
    core.register_exit_flush(Duration::from_secs(5));

    for name in std::env::args().skip(1) {
        if name == "--give-up" {
            process::exit(3);
        }
        let visitor = core.create_context(name)?;
        visitor.track_conversion("purchase");
    }

    let report = core.flush(Duration::from_secs(5))?;
    println!("flushed: {report}");
    Ok(())
}
