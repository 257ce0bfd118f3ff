//! What the core costs an app to build: crates and seconds.

use std::path::Path;
use std::time::Instant;

use crate::deps::dependencies;
use crate::{Outcome, cargo, run};

/// Apart from the builds of every day, and removed afterwards.
const FOLDER: &str = "target/build-cost";

/// Builds the core from nothing, alone and with its default features, and prints a table.
pub(crate) fn measure() -> Outcome {
    // Downloads are not the build's.
    run(cargo().args(["fetch", "--locked"]))?;
    let mut rows = Vec::new();
    for (name, arguments) in
        [("alone, without default features", &["--no-default-features"][..]), ("with defaults", &[])]
    {
        let crates = dependencies(arguments)?.len() + 1;
        let dev = seconds(arguments, &[])?;
        let release = seconds(arguments, &["--release"])?;
        rows.push(format!("| {name} | {crates} | {dev:.0} | {release:.0} |"));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let head = format!("| convert-core, {cores} cores | crates | clean dev build, s | clean release build, s |");
    print(&format!("{head}\n|---|---|---|---|\n{}", rows.join("\n")));
    Ok(())
}

fn seconds(features: &[&str], profile: &[&str]) -> Result<f64, String> {
    remove()?;
    let start = Instant::now();
    let build = ["build", "--quiet", "--locked", "--package", "convert-core", "--target-dir", FOLDER];
    run(cargo().args(build).args(features).args(profile))?;
    let took = start.elapsed().as_secs_f64();
    remove()?;
    Ok(took)
}

fn remove() -> Outcome {
    if !Path::new(FOLDER).exists() {
        return Ok(());
    }
    std::fs::remove_dir_all(FOLDER).map_err(|error| format!("{FOLDER}: {error}"))
}

#[allow(clippy::print_stdout, reason = "the table is to be kept, apart from what is said meanwhile")]
fn print(table: &str) {
    println!("{table}");
}
