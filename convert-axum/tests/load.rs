//! The load program, for a number of requests that a test has time for.
#![cfg(all(feature = "serve", unix))]
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::path::PathBuf;
use std::process::Command;

#[test]
fn what_is_promised_holds_under_load_and_through_sigterm() {
    let tests = std::env::current_exe().unwrap();
    // Cargo builds examples beside the tests.
    let load: PathBuf = tests.parent().unwrap().parent().unwrap().join("examples/load");
    let output = Command::new(load).args(["3000", "requests"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}
