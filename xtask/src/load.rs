//! Load on the servers of the web crates.

use crate::{Outcome, cargo, run};

/// Runs the load program among the examples of a web crate, optimised.
pub(crate) fn load(web_crate: &str, arguments: &[&str]) -> Outcome {
    let (package, example) = (format!("convert-{web_crate}"), format!("{web_crate}_load"));
    let run_example = ["run", "--quiet", "--release", "--package", &package, "--example", &example, "--"];
    run(cargo().args(run_example).args(arguments))
}
