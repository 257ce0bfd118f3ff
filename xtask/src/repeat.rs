//! Fault and concurrency tests, over and over: flaky is broken.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{Outcome, cargo, output, run, say};

/// Tests of one kind: how cargo finds them, and how their names begin.
struct Suite {
    place: &'static [&'static str],
    names: &'static [&'static str],
}

const SUITES: [Suite; 7] = [
    Suite { place: &["--package", "convert-core", "--all-features", "--test", "faults"], names: &[""] },
    Suite { place: &["--package", "convert-core", "--all-features", "--test", "it"], names: &["delivery::"] },
    Suite {
        place: &["--package", "convert-core", "--all-features", "--lib"],
        names: &["worker::", "tracking::queue::"],
    },
    Suite { place: &["--package", "convert-core", "--all-features", "--test", "async_surface"], names: &[""] },
    Suite { place: &["--package", "convert-core", "--all-features", "--test", "config_refresh"], names: &[""] },
    Suite { place: &["--package", "convert-core", "--all-features", "--test", "previews"], names: &[""] },
    Suite { place: &["--package", "runtimes", "--test", "it"], names: &["short::an_exit_during"] },
];

pub(crate) fn faults(times: u32) -> Outcome {
    let mut tests = Vec::new();
    for Suite { place, names } in SUITES {
        let built = build(place)?;
        names.iter().try_for_each(|name| check_found(&built, place, name))?;
        tests.push((built, names));
    }
    for round in 1..=times {
        say(&format!("round {round} of {times}"));
        for (built, names) in &tests {
            run(built.command().arg("--quiet").args(*names))?;
        }
    }
    Ok(())
}

/// A test binary, and where cargo would run it.
struct Built {
    program: PathBuf,
    folder: PathBuf,
}

impl Built {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder);
        command
    }
}

/// Built once: what is repeated stays the same, whatever becomes of the sources meanwhile.
fn build(place: &[&str]) -> Result<Built, String> {
    let messages = output(cargo().args(["test", "--no-run", "--message-format", "json"]).args(place))?;
    let mut built = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let program = message.get("executable")?.as_str()?;
        let is_test = message.get("profile")?.get("test")?.as_bool()?;
        let folder = Path::new(message.get("manifest_path")?.as_str()?).parent()?.to_owned();
        is_test.then(|| Built { program: program.into(), folder })
    });
    built.next_back().ok_or_else(|| format!("no test binary of {}", place.join(" ")))
}

/// A name that no test has would pass in silence.
fn check_found(built: &Built, place: &[&str], name: &str) -> Outcome {
    let listed = output(built.command().args(["--list", "--format", "terse", name]))?;
    let count = listed.lines().filter(|line| line.ends_with(": test")).count();
    say(&format!("{count} tests of {} {name}", place.join(" ")));
    if count == 0 { Err(format!("no test is named {name}...")) } else { Ok(()) }
}
