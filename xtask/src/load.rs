//! Load on the servers of the web crates.

use crate::{Outcome, cargo, run};

/// Runs the example `load` of a web crate, optimised.
pub(crate) fn load(web_crate: &str, arguments: &[&str]) -> Outcome {
    let package = format!("convert-{web_crate}");
    run(cargo().args(["run", "--quiet", "--release", "--package", &package, "--example", "load", "--"]).args(arguments))
}
