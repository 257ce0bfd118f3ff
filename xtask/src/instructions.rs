//! How many instructions the hot paths take: callgrind's counts repeat exactly, wherever the same compiler built them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::toolchain::Compiler;
use crate::{Outcome, cargo, not_run, output, say};

/// The committed counts.
const FIGURES: &str = "convert-core/benches/instructions.json";
const OPERATIONS: [&str; 7] =
    ["floor", "decide", "tracked-decision", "read-back", "fresh-visitor", "transaction", "visit"];
/// The difference of two runs is what so many operations take.
const RUNS: [u64; 2] = [1_000, 3_000];
/// A clone of an `Arc` and its drop are more instructions than this.
const TOLERANCE: f64 = 5.0;
/// What another release of the compiler may add, in hundredths.
const OTHER_COMPILER: f64 = 10.0;

type Counts = BTreeMap<String, f64>;

/// Counts, and what they hold for.
struct Figures {
    rustc: String,
    target: String,
    counts: Counts,
}

/// Compares what the hot paths take with the committed counts; more is an error. `write` puts new ones in their place.
pub(crate) fn check(write: bool) -> Outcome {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return not_run("instructions: valgrind is not installed");
    }
    let Compiler { release: rustc, host: target } = Compiler::at_hand()?;
    if write {
        return Figures { rustc, target, counts: count(&build()?)? }.write();
    }
    let known = Figures::read()?;
    if known.target != target {
        return not_run(&format!("instructions: the counts are for {}, this is {target}", known.target));
    }
    compare(&Figures { rustc, target, counts: count(&build()?)? }, &known)
}

impl Figures {
    fn read() -> Result<Self, String> {
        let text = std::fs::read_to_string(FIGURES).map_err(|error| format!("{FIGURES}: {error}"))?;
        let figures: Value = serde_json::from_str(&text).map_err(|error| format!("{FIGURES}: {error}"))?;
        let text = |name: &str| figures.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let counts = figures.get("instructions").and_then(Value::as_object).into_iter().flatten();
        let counts = counts.filter_map(|(operation, count)| Some((operation.clone(), count.as_f64()?))).collect();
        Ok(Self { rustc: text("rustc"), target: text("target"), counts })
    }

    fn write(&self) -> Outcome {
        let figures = json!({"rustc": self.rustc, "target": self.target, "instructions": self.counts});
        std::fs::write(FIGURES, format!("{figures:#}\n")).map_err(|error| format!("{FIGURES}: {error}"))
    }
}

fn compare(now: &Figures, known: &Figures) -> Outcome {
    let same_compiler = now.rustc == known.rustc;
    if !same_compiler {
        say(&format!(
            "instructions: the counts are for rustc {}, this is {}: {OTHER_COMPILER} % more are let pass; \
             `cargo xtask instructions --write` takes new ones",
            known.rustc, now.rustc
        ));
    }
    let mut grown = Vec::new();
    for (operation, count) in &now.counts {
        let known = known.counts.get(operation).ok_or(format!("{FIGURES} has no {operation}"))?;
        say(&format!("{operation:>16} {count:8.1} instructions, committed {known:8.1}"));
        let allowed = known + if same_compiler { TOLERANCE } else { known * OTHER_COMPILER / 100.0 };
        if *count < known - TOLERANCE {
            say(&format!(
                "{operation:>16} has room to grow unseen: `cargo xtask instructions --write` takes the new count"
            ));
        }
        // The floor is there to compare with.
        if *count > allowed && operation != "floor" {
            grown.push(format!("{operation} takes {:.1} more", count - known));
        }
    }
    if grown.is_empty() {
        return Ok(());
    }
    let grown = grown.join(", ");
    Err(format!("{grown}; where that is meant to be, `cargo xtask instructions --write` and commit {FIGURES}"))
}

/// Builds the operations, in one unit each crate: what is inlined then hangs less on what stands beside it.
fn build() -> Result<PathBuf, String> {
    let messages = output(cargo().args([
        "build",
        "--profile=instructions",
        "--package=convert-core",
        "--bench=instructions",
        "--no-default-features",
        "--features=testing,web",
        "--message-format=json",
        "--quiet",
    ]))?;
    let built = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = built.filter_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)));
    let program = programs.next().ok_or("cargo names no executable")?;
    // As the profile names it.
    program.canonicalize().map_err(|error| format!("{}: {error}", program.display()))
}

fn count(program: &Path) -> Result<Counts, String> {
    let mut counts = Counts::new();
    for operation in OPERATIONS {
        let [few, many] = RUNS.map(|times| instructions(program, operation, times));
        let per_operation = many?.saturating_sub(few?) as f64 / (RUNS[1] - RUNS[0]) as f64;
        counts.insert(operation.to_owned(), (per_operation * 10.0).round() / 10.0);
    }
    Ok(counts)
}

/// The instructions of one run in the program itself: those of the C library differ from system to system.
fn instructions(program: &Path, operation: &str, times: u64) -> Result<u64, String> {
    let profile = program.with_extension(format!("{operation}.callgrind"));
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind"]).arg(format!("--callgrind-out-file={}", profile.display()));
    output(valgrind.arg(program).args([operation, &times.to_string()]))?;
    let text = std::fs::read_to_string(&profile).map_err(|error| format!("{}: {error}", profile.display()))?;
    let _ = std::fs::remove_file(&profile);
    match own_cost(&text, &program.to_string_lossy()) {
        0 => Err(format!("the profile of {operation} has no line of {}", program.display())),
        cost => Ok(cost),
    }
}

/// Sums the lines of costs that stand under the program's name (callgrind's profile format).
fn own_cost(profile: &str, program: &str) -> u64 {
    let mut own_name = None;
    let (mut is_own, mut is_call, mut sum) = (false, false, 0);
    for line in profile.lines() {
        if let Some(object) = line.strip_prefix("ob=").or_else(|| line.strip_prefix("cob=")) {
            // A name comes with its first number, and then the number alone.
            let (number, name) = object.split_once(' ').unwrap_or((object, ""));
            if name == program {
                own_name = Some(number.to_owned());
            }
            if line.starts_with("ob=") {
                is_own = own_name.as_deref() == Some(number);
            }
        } else if line.starts_with("calls=") {
            // The next line has the costs of the function called.
            is_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            let cost = line.split(' ').nth(1).and_then(|cost| cost.parse::<u64>().ok()).unwrap_or_default();
            if is_own && !is_call {
                sum += cost;
            }
            is_call = false;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_own_cost_leaves_out_other_objects_and_calls() {
        let profile = "\
events: Ir
ob=(1) /lib/libc.so.6
fn=(1) malloc
10 100
ob=(2) /target/bench
fn=(2) decide
5 7
+1 20
cob=(1)
cfn=(1)
calls=1 10
* 100
-2 3
ob=(1)
11 50
ob=(2)
6 1
";
        assert_eq!(own_cost(profile, "/target/bench"), 7 + 20 + 3 + 1);
        assert_eq!(own_cost(profile, "/lib/libc.so.6"), 100 + 50);
        assert_eq!(own_cost(profile, "/target/other"), 0);
    }

    #[test]
    fn more_than_the_tolerance_is_an_error_and_the_floor_is_not_held() {
        let figures = |decide, floor| Figures {
            rustc: "1.95".to_owned(),
            target: "here".to_owned(),
            counts: Counts::from([("decide".to_owned(), decide), ("floor".to_owned(), floor)]),
        };
        let known = figures(1000.0, 800.0);
        assert!(compare(&figures(1000.0 + TOLERANCE, 900.0), &known).is_ok());
        assert!(compare(&figures(1000.1 + TOLERANCE, 800.0), &known).is_err_and(|error| error.contains("decide")));
        assert!(compare(&figures(900.0, 800.0), &known).is_ok());
    }
}
