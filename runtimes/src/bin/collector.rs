//! Runs a program against an endpoint on this machine, and says what arrived there. No account is needed.
//!
//! `cargo run -p runtimes --bin collector -- cargo run -p runtimes --bin cli -- ada grace`
//!
//! It runs any program that starts with `Core::from_env()`, over the config of `convert-core/examples/shop.json`, or with
//! `CONVERT_CONFIG_FILE` over that file.
#![allow(clippy::print_stdout, reason = "it is all that it does")]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use convert_core::shutdown_signal;
use convert_core::testing::Collector;
use tokio::process::Command;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut words = std::env::args_os().skip(1);
    let program = words.next().ok_or("name a program to run")?;
    let collector = Collector::start()?;
    collector.serve_config(runtimes::shop()?);
    let mut command = Command::new(&program);
    // What cargo says of this package would make a `cargo run` in here build dependencies anew.
    let own = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(own)) {
        command.env_remove(name);
    }
    let mut running = command
        .args(words)
        .env("CONVERT_SDK_KEY", "100123/200456")
        .env("CONVERT_CONFIG_ENDPOINT", collector.config_endpoint())
        .env("CONVERT_TRACK_ENDPOINT", collector.track_endpoint())
        .spawn()
        .map_err(|error| format!("the program {} cannot be run: {error}", Path::new(&program).display()))?;
    let status = loop {
        tokio::select! {
            status = running.wait() => break status?,
            // Ctrl-C is the program's to obey; what it delivers on its way out is counted here.
            _ = shutdown_signal() => {}
        }
    };
    println!("{} events arrived", collector.event_count());
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
