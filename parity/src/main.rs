//! `parity run | check | answer | fuzz | wire`: see README.md.

use std::fs;
use std::io::{self, BufRead, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use parity::answer::Answers;
use parity::check::Report;
use parity::fault::Fault;
use parity::fuzz::{self, OracleKind, Plan};
use parity::scenario::Scenario;
use parity::surface::SurfaceKind;
use parity::vectors;
use parity::wire::Wire;

const USAGE: &str = "\
usage: parity run   --surface SURFACE                     scenarios from standard input, outcomes to standard output
       parity check [--surface SURFACE] [FILE ...]        the committed vectors, or those of the files
       parity answer FILE ...                             vectors of these scenarios, by the JavaScript SDK
       parity fuzz  --family FAMILY --count N --seed S    fresh scenarios against an official SDK
                    [--oracle node|python] [--surface SURFACE] [--out FOLDER] [--keep N]
       parity wire  [FILE ...]                            what both SDKs send to a server on this machine, compared

SURFACE is sync, async, axum, actix or rocket.
Exit codes: 0 all equal; 1 differences; 2 usage; 3 a program or package is not installed; 4 something failed.";

/// How many differences `check` shows.
const SHOWN: usize = 5;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let done = match arguments.next().as_deref() {
        Some("run") => Arguments::read(arguments, &["surface"]).and_then(run),
        Some("check") => Arguments::read(arguments, &["surface"]).and_then(check),
        Some("fuzz") => {
            let options = ["family", "count", "seed", "oracle", "surface", "out", "keep"];
            Arguments::read(arguments, &options).and_then(fuzz)
        }
        Some("answer") => Arguments::read(arguments, &[]).and_then(answer),
        Some("wire") => Arguments::read(arguments, &[]).and_then(wire),
        Some("help" | "--help" | "-h") => {
            writeln!(io::stdout(), "{USAGE}").map(|()| ExitCode::SUCCESS).map_err(output_failed)
        }
        _ => Err(Fault::Usage(USAGE.to_owned())),
    };
    done.unwrap_or_else(|fault| {
        // Nothing is left to tell it to where standard error is gone.
        let _ = writeln!(io::stderr(), "parity: {fault}");
        fault.exit_code()
    })
}

fn run(arguments: Arguments) -> Result<ExitCode, Fault> {
    let surface = arguments.option("surface").ok_or_else(|| Fault::Usage(USAGE.to_owned()))?;
    arguments.no_files()?;
    let mut surface = surface.parse::<SurfaceKind>()?.open();
    let mut output = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| Fault::broken("standard input", error))?;
        if line.trim().is_empty() {
            continue;
        }
        let scenario = Scenario::parse(&line)?;
        let outcomes = surface.run(&scenario)?;
        let outcomes = serde_json::json!({"id": scenario.id, "outcomes": outcomes});
        writeln!(output, "{outcomes}").map_err(output_failed)?;
    }
    output.flush().map_err(output_failed)?;
    Ok(ExitCode::SUCCESS)
}

fn check(arguments: Arguments) -> Result<ExitCode, Fault> {
    let mut surface = arguments.option("surface").unwrap_or("sync").parse::<SurfaceKind>()?.open();
    let mut report = Report::default();
    for file in arguments.files_or_vectors()? {
        for scenario in vectors::read(&file)? {
            report.check(surface.as_mut(), &scenario)?;
        }
    }
    let mut output = io::stdout().lock();
    for difference in report.differences().iter().take(SHOWN) {
        writeln!(output, "{difference}").map_err(output_failed)?;
    }
    writeln!(output, "{report}").map_err(output_failed)?;
    if report.scenarios() == 0 {
        return Err(Fault::Usage("there was no scenario to check".to_owned()));
    }
    Ok(exit_code(report.differences().is_empty()))
}

fn answer(arguments: Arguments) -> Result<ExitCode, Fault> {
    let files = arguments.files()?;
    let mut answers = Answers::start()?;
    let mut output = io::stdout().lock();
    for file in files {
        for line in lines(&file)? {
            writeln!(output, "{}", answers.vector(&line)?).map_err(output_failed)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn fuzz(arguments: Arguments) -> Result<ExitCode, Fault> {
    arguments.no_files()?;
    let needed = |name| arguments.option(name).ok_or_else(|| Fault::Usage(USAGE.to_owned()));
    let plan = Plan {
        family: needed("family")?.to_owned(),
        count: number("count", needed("count")?)?,
        seed: number("seed", needed("seed")?)?,
        oracle: arguments.option("oracle").unwrap_or("node").parse::<OracleKind>()?,
        surface: arguments.option("surface").unwrap_or("sync").parse()?,
        out: arguments.option("out").map_or_else(|| vectors::home().join("found"), PathBuf::from),
        keep: number("keep", arguments.option("keep").unwrap_or("5"))?,
    };
    let mut output = io::stdout().lock();
    let findings = fuzz::run(&plan, &mut output)?;
    writeln!(output, "{} seed {}: {findings}", plan.family, plan.seed).map_err(output_failed)?;
    says_enough(findings.scenarios, findings.threw)?;
    Ok(exit_code(findings.differing == 0))
}

fn wire(arguments: Arguments) -> Result<ExitCode, Fault> {
    let mut files = arguments.files_or_vectors()?;
    // Those differ on purpose.
    files.retain(|file| !file.ends_with("deviations.jsonl"));
    let mut wire = Wire::start()?;
    for file in files {
        for line in lines(&file)? {
            wire.compare(&line)?;
        }
    }
    let findings = wire.findings();
    let mut output = io::stdout().lock();
    for difference in findings.differences.iter().take(SHOWN) {
        writeln!(output, "{difference}").map_err(output_failed)?;
    }
    writeln!(output, "against {}: {findings}", wire.oracle()).map_err(output_failed)?;
    says_enough(findings.requests, findings.threw)?;
    Ok(exit_code(findings.differences.is_empty()))
}

/// A comparison with nothing, or with an SDK that throws more than now and then, says nothing.
fn says_enough(compared: u64, threw: u64) -> Result<(), Fault> {
    if compared == 0 || threw > compared / 20 {
        return Err(Fault::Broken(format!("{compared} were compared, and the official SDK threw in {threw}")));
    }
    Ok(())
}

/// The lines of a file that are not empty.
fn lines(file: &Path) -> Result<Vec<String>, Fault> {
    let text = fs::read_to_string(file).map_err(|error| Fault::broken(file.display(), error))?;
    Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
}

fn exit_code(equal: bool) -> ExitCode {
    if equal { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn output_failed(error: io::Error) -> Fault {
    Fault::broken("standard output", error)
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| Fault::Usage(format!("--{name} takes a number, not {text:?}")))
}

/// `--name value` pairs, and the rest.
struct Arguments {
    options: Vec<(String, String)>,
    files: Vec<String>,
}

impl Arguments {
    fn read(mut arguments: impl Iterator<Item = String>, known: &[&str]) -> Result<Self, Fault> {
        let mut read = Self { options: Vec::new(), files: Vec::new() };
        while let Some(argument) = arguments.next() {
            match argument.strip_prefix("--") {
                Some(name) if known.contains(&name) => {
                    let value = arguments.next().ok_or_else(|| Fault::Usage(format!("--{name} takes a value")))?;
                    read.options.push((name.to_owned(), value));
                }
                Some(_) => return Err(Fault::Usage(format!("{argument} is not an option here\n{USAGE}"))),
                None => read.files.push(argument),
            }
        }
        Ok(read)
    }

    fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(option, _)| option == name).map(|(_, value)| value.as_str())
    }

    /// The files that are named: at least one.
    fn files(&self) -> Result<Vec<PathBuf>, Fault> {
        match &*self.files {
            [] => Err(Fault::Usage(USAGE.to_owned())),
            files => Ok(files.iter().map(PathBuf::from).collect()),
        }
    }

    /// The files that are named, or all committed scenarios.
    fn files_or_vectors(&self) -> Result<Vec<PathBuf>, Fault> {
        if self.files.is_empty() { vectors::scenario_files() } else { self.files() }
    }

    fn no_files(&self) -> Result<(), Fault> {
        match self.files.first() {
            Some(file) => Err(Fault::Usage(format!("{file} is not taken here\n{USAGE}"))),
            None => Ok(()),
        }
    }
}
