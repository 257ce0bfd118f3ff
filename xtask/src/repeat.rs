//! Fault and concurrency tests, over and over: flaky is broken.

use crate::{Outcome, cargo, run, say};

pub(crate) fn faults(times: u32) -> Outcome {
    for round in 1..=times {
        say(&format!("round {round} of {times}"));
        run(cargo().args(["test", "--quiet", "--package", "convert-core", "--all-features", "--test", "delivery"]))?;
        run(cargo().args(["test", "--quiet", "--package", "convert-core", "--all-features", "--lib", "worker::"]))?;
    }
    Ok(())
}
