//! The committed scenarios are those that the generator makes from the seed in their ids.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

use std::fs;
use std::process::Command;

use parity::vectors;
use serde_json::Value;

#[test]
fn the_generator_makes_the_committed_scenarios() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("python3 is not installed; the generator is not checked");
        return;
    }
    for file in vectors::scenario_files().unwrap() {
        let committed: Vec<Value> = fs::read_to_string(&file).unwrap().lines().map(scenario).collect();
        let family = committed[0]["family"].as_str().unwrap();
        if file.ends_with("deviations.jsonl") || file.ends_with("found.jsonl") {
            continue; // Written by hand, or shrunk.
        }
        let seed = committed[0]["id"].as_str().unwrap().strip_prefix(family).unwrap();
        let seed = seed.split('-').nth(1).unwrap();
        let generator = vectors::home().join("scripts/generate.py");
        let made =
            Command::new("python3").arg(generator).args([family, &committed.len().to_string(), seed]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let made: Vec<Value> = String::from_utf8(made.stdout).unwrap().lines().map(scenario).collect();
        assert!(made == committed, "the scenarios of {family} have changed");
    }
}

fn scenario(line: &str) -> Value {
    let mut scenario: Value = serde_json::from_str(line).unwrap();
    scenario.as_object_mut().unwrap().remove("expected");
    scenario
}
