//! The load program, for a number of requests that a test has time for.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::process::ExitCode;

#[path = "../examples/rocket_load.rs"]
mod example;

fn main() -> ExitCode {
    web_testing::test_program("load", example::main, |mut program| {
        assert!(program.args(["3000", "requests"]).status().unwrap().success());
    })
}
