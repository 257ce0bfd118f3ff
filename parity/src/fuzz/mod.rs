//! The random search: fresh scenarios from a seed, through an official SDK and through this one.

mod child;
mod oracle;
pub(crate) mod restrict;
mod shrink;

use std::fmt;
use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use serde_json::Value;

pub use oracle::{Description, Oracle, OracleKind};

use crate::check::{Difference, differences};
use crate::fault::Fault;
use crate::scenario::Scenario;
use crate::surface::{Surface, SurfaceKind};

/// Scenarios that wait between the generator, the oracle and this process.
const WAITING: usize = 256;

/// What to search.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The family of scenarios, as `generate.py` names it.
    pub family: String,
    /// How many scenarios.
    pub count: u64,
    /// The seed they are made from.
    pub seed: u64,
    /// The official SDK to compare with.
    pub oracle: OracleKind,
    /// The face of this SDK.
    pub surface: SurfaceKind,
    /// Where differences are written.
    pub out: PathBuf,
    /// How many differences are shrunk and written; the rest are counted.
    pub keep: usize,
}

/// What came of a search.
#[derive(Debug, Default)]
pub struct Findings {
    /// Scenarios run through both sides.
    pub scenarios: u64,
    /// Their steps.
    pub steps: u64,
    /// Scenarios of which something was taken away that the official SDK does not have, or does differently.
    pub restricted: u64,
    /// Scenarios left out because the official SDK threw an exception.
    pub threw: u64,
    /// Scenarios whose outcomes differ.
    pub differing: u64,
    /// The files that differences were written to.
    pub written: Vec<PathBuf>,
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenarios, steps, restricted, threw, differing, .. } = self;
        write!(
            f,
            "{scenarios} scenarios, {steps} steps: {differing} differ ({restricted} restricted to what both \
             SDKs have, {threw} left out because the official one threw)"
        )
    }
}

/// Searches, and says on `log` what it finds.
///
/// # Errors
/// [`Fault::Usage`] where there is no such family; [`Fault::Missing`] where Python, Node or an SDK is not installed;
/// [`Fault`] where a side fails as a whole.
pub fn run(plan: &Plan, log: &mut dyn Write) -> Result<Findings, Fault> {
    let mut surface = plan.surface.open();
    // No scenario: before anything else is started, it says whether it knows the family.
    child::generator(&plan.family, 0, plan.seed)?.finish()?;
    let mut generator = child::generator(&plan.family, plan.count, plan.seed)?;
    let mut oracle = Oracle::start(plan.oracle)?;
    let broken = |error| Fault::broken("the log", error);
    writeln!(log, "{} against {}", plan.surface, oracle.description()).map_err(broken)?;
    oracle.description().must_know(&plan.family)?;
    let rewrites = oracle.description().rewrites();
    let mut questions = oracle.take_questions()?;
    let mut lines = generator.take_lines()?;
    let (asked, waiting) = mpsc::sync_channel::<Result<Asked, Fault>>(WAITING);

    thread::scope(|scope| {
        scope.spawn(move || {
            while let Some(line) = lines.next().transpose() {
                let question = line.and_then(|line| Asked::new(&line, &rewrites));
                // Where the oracle has ended, the reader of its answers says so.
                let written = question.as_ref().is_ok_and(|asked| questions.ask(&asked.line).is_ok());
                if asked.send(question).is_err() || !written {
                    return;
                }
            }
        });
        let mut search = Search { plan, surface: surface.as_mut(), second: None, findings: Findings::default() };
        let searched = search.all(waiting, &mut oracle, log);
        // The asking thread may be blocked on a side that nobody listens to any more.
        oracle.end();
        searched?;
        generator.finish()?;
        Ok(search.findings)
    })
}

/// A scenario as it was put to the oracle.
struct Asked {
    line: String,
    value: Value,
    restricted: bool,
}

impl Asked {
    fn new(line: &str, rewrites: &[String]) -> Result<Self, Fault> {
        let mut value: Value = serde_json::from_str(line).map_err(|error| Fault::broken("the generator", error))?;
        let restricted = restrict::restrict(&mut value, rewrites)?;
        Ok(Self { line: value.to_string(), value, restricted })
    }
}

struct Search<'a> {
    plan: &'a Plan,
    surface: &'a mut dyn Surface,
    /// An oracle for shrinking, beside the one that is being streamed through.
    second: Option<Oracle>,
    findings: Findings,
}

impl Search<'_> {
    fn all(
        &mut self,
        asked: mpsc::Receiver<Result<Asked, Fault>>,
        oracle: &mut Oracle,
        log: &mut dyn Write,
    ) -> Result<(), Fault> {
        for asked in asked {
            let asked = asked?;
            let answer = oracle.answer()?;
            if let Some(found) = self.compare(&asked, &answer)? {
                writeln!(log, "{found}").map_err(|error| Fault::broken("the log", error))?;
            }
        }
        Ok(())
    }

    fn compare(&mut self, asked: &Asked, answer: &oracle::Answer) -> Result<Option<String>, Fault> {
        if answer.threw() {
            self.findings.threw += 1;
            return Ok(None);
        }
        let scenario = Scenario::parse(&asked.line)?;
        if scenario.id != answer.id {
            return Err(Fault::Broken(format!("the oracle answers {} where {} was asked", answer.id, scenario.id)));
        }
        self.findings.scenarios += 1;
        self.findings.steps += scenario.steps.len() as u64;
        self.findings.restricted += u64::from(asked.restricted);
        if compare(self.surface, &scenario, &answer.outcomes)?.is_none() {
            return Ok(None);
        }
        self.findings.differing += 1;
        if self.findings.written.len() >= self.plan.keep {
            return Ok(None);
        }
        let small = self.shrink(asked.value.clone())?;
        let (path, found) = self.write(small)?;
        self.findings.written.push(path);
        Ok(Some(found))
    }

    fn shrink(&mut self, scenario: Value) -> Result<Value, Fault> {
        let oracle = match &mut self.second {
            Some(oracle) => oracle,
            none => none.insert(Oracle::start(self.plan.oracle)?),
        };
        let surface = &mut *self.surface;
        shrink::shrink(scenario, &mut |candidate| {
            let line = candidate.to_string();
            let Ok(scenario) = Scenario::parse(&line) else { return Ok(false) };
            let answer = oracle.run(&line)?;
            Ok(!answer.threw() && compare(surface, &scenario, &answer.outcomes)?.is_some())
        })
    }

    /// Writes a difference as a vector that expects what the official SDK answers.
    fn write(&mut self, mut scenario: Value) -> Result<(PathBuf, String), Fault> {
        let line = scenario.to_string();
        let parsed = Scenario::parse(&line)?;
        let oracle = self.second.as_mut().ok_or_else(|| Fault::Broken("no oracle to ask".to_owned()))?;
        let outcomes = oracle.run(&line)?.outcomes;
        let difference = compare(self.surface, &parsed, &outcomes)?;
        if let Some(members) = scenario.as_object_mut() {
            members.insert("expected".to_owned(), Value::Array(outcomes));
        }
        let path = self.plan.out.join(format!("{}.jsonl", parsed.id));
        save(&path, &format!("{scenario}\n"))?;
        let difference = difference.unwrap_or_else(|| "differs only now and then".to_owned());
        let found = format!("{difference}\n  written to {}", path.display());
        Ok((path, found))
    }
}

fn save(path: &Path, text: &str) -> Result<(), Fault> {
    let broken = |error| Fault::broken(path.display(), error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(broken)?;
    }
    fs::write(path, text).map_err(broken)
}

/// The first difference, in words; a panic is one too.
fn compare(surface: &mut dyn Surface, scenario: &Scenario, expected: &[Value]) -> Result<Option<String>, Fault> {
    match catch_unwind(AssertUnwindSafe(|| surface.run(scenario))) {
        Ok(actual) => {
            let differences = differences(scenario, expected, &actual?)?;
            Ok(differences.first().map(Difference::to_string))
        }
        Err(_) => Ok(Some(format!("{}: this SDK panicked", scenario.id))),
    }
}
