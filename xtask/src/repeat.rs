//! Fault and concurrency tests, over and over: flaky is broken.

use crate::{Outcome, cargo, output, run, say};

/// What is repeated: where the tests are, and how their names begin.
const SUITES: [(&[&str], &[&str]); 5] = [
    (&["--test", "it"], &["delivery::"]),
    (&["--lib"], &["worker::", "tracking::"]),
    (&["--test", "async_surface"], &[""]),
    (&["--test", "config_refresh"], &[""]),
    (&["--test", "previews"], &[""]),
];

pub(crate) fn faults(times: u32) -> Outcome {
    for (place, names) in SUITES {
        for name in names {
            check_found(place, name)?;
        }
    }
    for round in 1..=times {
        say(&format!("round {round} of {times}"));
        for (place, names) in SUITES {
            run(test(place).arg("--").args(names))?;
        }
    }
    Ok(())
}

/// A name that no test has would pass in silence.
fn check_found(place: &[&str], name: &str) -> Outcome {
    let listed = output(test(place).args(["--", "--list", "--format", "terse", name]))?;
    let count = listed.lines().filter(|line| line.ends_with(": test")).count();
    say(&format!("{count} tests of {} {name}", place.join(" ")));
    if count == 0 { Err(format!("no test is named {name}...")) } else { Ok(()) }
}

fn test(place: &[&str]) -> std::process::Command {
    let mut command = cargo();
    command.args(["test", "--quiet", "--package", "convert-core", "--all-features"]).args(place);
    command
}
