//! The queue's concurrency, on a model.

use crate::{Outcome, cargo, run};

/// Runs the tests that the cfg adds. The other tests do not run with the model's locks.
pub(crate) fn check() -> Outcome {
    let test = ["test", "--locked", "--package", "convert-core", "--no-default-features", "--lib"];
    let tests = ["--target-dir", "target/model", "--", "worker::tests::model::"];
    run(cargo().env("RUSTFLAGS", "--cfg convert_model").args(test).args(tests))
}
