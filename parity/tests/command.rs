//! The command as its users meet it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use parity::vectors::home;
use serde_json::{Value, json};

fn parity(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
    command.args(arguments).env_remove("ORACLE_SDK").env_remove("PARITY_PYTHON");
    command
}

fn with_input(command: &mut Command, input: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn is_installed(program: &str) -> bool {
    let is_there = Command::new(program).arg("--version").output().is_ok();
    if !is_there {
        eprintln!("{program} is not installed; a test is left out");
    }
    is_there
}

#[test]
fn run_answers_each_scenario_in_order() {
    let vectors = fs::read_to_string(home().join("vectors/state.jsonl")).unwrap();
    let input: String = vectors.lines().take(3).flat_map(|line| [line, "\n", "\n"]).collect();
    let output = with_input(&mut parity(&["run", "--surface", "sync"]), &input);
    assert_eq!(error(&output), "");
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected: Vec<Value> = vectors
        .lines()
        .take(3)
        .map(|line| serde_json::from_str(line).unwrap())
        .map(|vector: Value| json!({"id": vector["id"], "outcomes": vector["expected"]}))
        .collect();
    assert_eq!(answers, expected);
}

#[test]
fn what_is_asked_wrongly_ends_with_two() {
    for arguments in [
        &["dance"][..],
        &["run"],
        &["run", "--surface", "moon"],
        &["check", "--loudly", "yes"],
        &["check", "--surface"],
        &["fuzz", "--family", "state"],
        &["fuzz", "--family", "state", "--count", "many", "--seed", "1"],
        &["fuzz", "--family", "state", "--count", "1", "--seed", "1", "--oracle", "delphi"],
    ] {
        let output = parity(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", error(&output));
        assert!(!error(&output).is_empty());
    }
    if is_installed("python3") {
        let output = parity(&["fuzz", "--family", "unheard-of", "--count", "1", "--seed", "1"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", error(&output));
        assert!(error(&output).contains("families: "), "{}", error(&output));
    }
    let output = with_input(&mut parity(&["run", "--surface", "sync"]), "{\"id\":\"s\"}\n");
    assert_eq!(output.status.code(), Some(2), "{}", error(&output));
}

#[test]
fn a_difference_ends_with_one_and_is_shown() {
    let vectors = fs::read_to_string(home().join("vectors/state.jsonl")).unwrap();
    let mut vector: Value = serde_json::from_str(vectors.lines().next().unwrap()).unwrap();
    vector["expected"][1] = json!("another id");
    let folder = tempfolder("difference");
    let file = folder.join("changed.jsonl");
    fs::write(&file, vector.to_string()).unwrap();
    let output = parity(&["check", file.to_str().unwrap()]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", error(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("state-101-0 step 1\n  expected \"another id\"\n"), "{text}");
    assert!(text.contains("0 of 1 scenarios match"), "{text}");
}

#[test]
fn a_search_says_what_is_not_installed() {
    let search = ["fuzz", "--family", "state", "--count", "1", "--seed", "1"];
    let output = parity(&search).env("PARITY_PYTHON", "/nowhere/python").output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", error(&output));
    assert!(error(&output).contains("/nowhere/python is not installed"), "{}", error(&output));
    if is_installed("python3") && is_installed("node") {
        let output = parity(&search).env("ORACLE_SDK", "/nowhere/sdk").output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{}", error(&output));
        assert!(error(&output).contains("the JavaScript SDK /nowhere/sdk cannot be loaded"), "{}", error(&output));
    }
}

#[test]
fn a_search_finds_a_difference_and_makes_it_small() {
    if !is_installed("python3") || !is_installed("node") {
        return;
    }
    let folder = tempfolder("search");
    let search = ["fuzz", "--family", "state", "--count", "20", "--seed", "7", "--keep", "1", "--out"];
    let output =
        parity(&search).arg(&folder).env("ORACLE_SDK", home().join("tests/fixtures/stub-sdk.cjs")).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", error(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("20 scenarios, 100 steps: "), "{text}");

    let found: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(found.len(), 1);
    let found: Value = serde_json::from_str(&fs::read_to_string(&found[0]).unwrap()).unwrap();
    // The visitor's context and one lookup are left of five steps, and one entity of the config.
    assert_eq!(found["steps"].as_array().unwrap().len(), 2, "{found}");
    assert_eq!(found["expected"], json!([null, null]));
    let lists = found["config"].as_object().unwrap().values().filter_map(Value::as_array);
    assert_eq!(lists.map(Vec::len).sum::<usize>(), 1, "{found}");
}

#[test]
fn the_wire_shows_what_only_one_side_sends() {
    if !is_installed("node") {
        return;
    }
    let scenario = json!({
        "id": "one-decision",
        "config": {
            "account_id": "1", "project": {"id": "2"},
            "experiences": [{"id": "10", "key": "e", "variations": [{"id": "11", "key": "v"}]}],
        },
        "steps": [
            {"op": "create_context", "visitor_id": "v1"},
            {"op": "run_experience", "key": "e"},
            {"op": "flush"},
        ],
    });
    let file = tempfolder("wire").join("scenario.jsonl");
    fs::write(&file, scenario.to_string()).unwrap();
    let stub = home().join("tests/fixtures/stub-sdk.cjs");
    let output = parity(&["wire", file.to_str().unwrap()]).env("ORACLE_SDK", stub).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", error(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("one-decision: another body\n  expected {\"visitors\":[]}\n"), "{text}");
    assert!(text.contains("2 runs, 3 requests from each side: 2 differ"), "{text}");
}

fn tempfolder(name: &str) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}
