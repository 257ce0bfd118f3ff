//! The project's own commands: `cargo xtask <command>`.

mod api;
mod bench;
mod build_cost;
mod deps;
mod features;
mod fuzz;
mod instructions;
mod links;
mod load;
mod markdown;
mod model;
mod package;
mod repeat;
mod toolchain;

use std::process::{Command, ExitCode};

const USAGE: &str = "usage: cargo xtask <command>
  ci         what the hosted checks run, in order
  features   build each feature of each crate alone, without the others
  api [--write]
             compare the public API of each crate with its list in `api`, and the crates it names with the table in
             the guide on stability; with --write, renew the lists
  deps       check how many dependencies the core has, and that no web framework is among them
  links      check that every link of the documents leads to a file, and to a heading of it
  package    check what each published crate is packaged with; `cargo package --workspace` builds it, too
  bench [FILTER]
             time the core's work, beside a floor written by hand
  build-cost build the core from nothing, alone and with its default features: crates and seconds
  instructions [--write]
             count the instructions of the core's hot paths, and hold them to the committed counts; with --write,
             renew these
  faults [N] run the fault and concurrency tests N times (default 100), stopping at the first failure
  fuzz [TARGET] [SECONDS]
             fuzz each target in `fuzz`, or one of them, for so many seconds (default 60)
  model      check the queue's concurrency on a small model: every interleaving of a few threads
  load CRATE [SECONDS]
             load on a web crate's server, such as `load axum`, with SIGTERM after so many seconds (default 30);
             `load actix` does so with one worker and with four";

type Outcome = Result<(), String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        _ if api::stands_in() => api::rustdoc(),
        ["ci"] => run(Command::new("bash").arg(".ci/run")),
        ["api"] => api::check(false),
        ["api", "--write"] => api::check(true),
        ["features"] => features::check(),
        ["deps"] => deps::check(),
        ["links"] => links::check(),
        ["package"] => package::check(),
        ["bench", arguments @ ..] => bench::core(arguments),
        ["build-cost"] => build_cost::measure(),
        ["instructions"] => instructions::check(false),
        ["instructions", "--write"] => instructions::check(true),
        ["faults"] => repeat::faults(100),
        ["faults", times] => times.parse().map_err(|_| format!("`{times}` is not a number")).and_then(repeat::faults),
        ["fuzz"] => fuzz::fuzz(None, 60),
        ["fuzz", argument] => match argument.parse() {
            Ok(seconds) => fuzz::fuzz(None, seconds),
            Err(_) => fuzz::fuzz(Some(argument), 60),
        },
        ["fuzz", target, seconds] => {
            let seconds = seconds.parse().map_err(|_| format!("`{seconds}` is not a number"));
            seconds.and_then(|seconds| fuzz::fuzz(Some(target), seconds))
        }
        ["model"] => model::check(),
        ["load", web_crate, arguments @ ..] => load::load(web_crate, arguments),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&message);
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::print_stderr, reason = "a command-line tool talks to its terminal")]
fn say(message: &str) {
    eprintln!("{message}");
}

/// Says what cannot be done on this machine; an error where `CI_COMPLETE` asks for all of it.
fn not_run(what: &str) -> Outcome {
    let message = format!("not run: {what}");
    if std::env::var_os("CI_COMPLETE").is_some_and(|set| !set.is_empty()) {
        return Err(message);
    }
    say(&message);
    Ok(())
}

fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What cargo says of this package would make build scripts that look at it build anew, and again outside of here.
    let own = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(own)) {
        command.env_remove(name);
    }
    command
}

/// Runs a command with its output shown; an error where it fails.
fn run(command: &mut Command) -> Outcome {
    say(&format!("$ {}", shown(command)));
    let status = command.status().map_err(|error| format!("{}: {error}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("failed: {}", shown(command))) }
}

/// The standard output of a command; an error where it fails.
fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{}: {error}", shown(command)))?;
    if output.status.success() {
        String::from_utf8(output.stdout).map_err(|error| error.to_string())
    } else {
        Err(format!("failed: {}\n{}", shown(command), String::from_utf8_lossy(&output.stderr)))
    }
}

fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program()).file_stem().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
