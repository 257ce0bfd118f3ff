//! Timings of the core.

use crate::{Outcome, cargo, run};

/// Runs the benchmarks of the core.
pub(crate) fn core(arguments: &[&str]) -> Outcome {
    let bench = [
        "bench",
        "--quiet",
        "--package=convert-core",
        "--bench=timings",
        "--no-default-features",
        "--features=testing",
        "--",
    ];
    run(cargo().args(bench).args(arguments))
}
