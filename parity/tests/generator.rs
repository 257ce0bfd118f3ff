//! The committed scenarios are those that the generator makes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

use std::fs;
use std::process::Command;

use parity::vectors;
use serde_json::Value;

#[test]
fn the_generator_makes_the_committed_scenarios() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("not run: python3 is not installed");
        return;
    }
    let families = output("make_vectors.py", &["--list"]);
    assert!(families.lines().count() > 10, "{families}");
    for family in families.lines() {
        let arguments: Vec<&str> = family.split(' ').collect();
        let committed = vectors::home().join("vectors").join(arguments[0]).with_extension("jsonl");
        let committed: Vec<Value> = fs::read_to_string(committed).unwrap().lines().map(scenario).collect();
        let made: Vec<Value> = output("generate.py", &arguments).lines().map(scenario).collect();
        assert!(made == committed, "the scenarios of {family} have changed");
    }
}

fn output(script: &str, arguments: &[&str]) -> String {
    let script = vectors::home().join("scripts").join(script);
    let made = Command::new("python3").arg(script).args(arguments).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap()
}

fn scenario(line: &str) -> Value {
    let mut scenario: Value = serde_json::from_str(line).unwrap();
    scenario.as_object_mut().unwrap().remove("expected");
    scenario
}
