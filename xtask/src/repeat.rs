//! Fault and concurrency tests, over and over: flaky is broken.

use crate::{Outcome, cargo, output, run, say};

/// Tests of one kind: how cargo finds them, and how their names begin.
struct Suite {
    place: &'static [&'static str],
    names: &'static [&'static str],
}

const SUITES: [Suite; 7] = [
    Suite { place: &["--package", "convert-core", "--all-features", "--test", "faults"], names: &[""] },
    Suite { place: &["--package", "convert-core", "--all-features", "--test", "it"], names: &["delivery::"] },
    Suite { place: &["--package", "convert-core", "--all-features", "--lib"], names: &["worker::", "tracking::"] },
    Suite { place: &["--package", "convert-core", "--all-features", "--test", "async_surface"], names: &[""] },
    Suite { place: &["--package", "convert-core", "--all-features", "--test", "config_refresh"], names: &[""] },
    Suite { place: &["--package", "convert-core", "--all-features", "--test", "previews"], names: &[""] },
    Suite { place: &["--package", "runtimes", "--test", "it"], names: &["short::an_exit_during"] },
];

pub(crate) fn faults(times: u32) -> Outcome {
    for Suite { place, names } in SUITES {
        names.iter().try_for_each(|name| check_found(place, name))?;
    }
    for round in 1..=times {
        say(&format!("round {round} of {times}"));
        for Suite { place, names } in SUITES {
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
    command.args(["test", "--quiet"]).args(place);
    command
}
