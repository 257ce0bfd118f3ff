//! An official SDK, run beside.

use std::fmt;
use std::process::Command;
use std::str::FromStr;

use serde_json::Value;

use super::child::{Answers, Program, Questions, python, script};
use crate::fault::Fault;

/// Which official SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OracleKind {
    /// The JavaScript SDK: the npm package, or the module that `ORACLE_SDK` names.
    Node,
    /// The Python SDK, of the Python that `PARITY_PYTHON` names.
    Python,
}

impl FromStr for OracleKind {
    type Err = Fault;

    fn from_str(name: &str) -> Result<Self, Fault> {
        match name {
            "node" => Ok(Self::Node),
            "python" => Ok(Self::Python),
            _ => Err(Fault::Usage(format!("no oracle is called {name:?}; there are: node, python"))),
        }
    }
}

/// What an oracle says of itself.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Description {
    /// The SDK's name.
    pub sdk: String,
    /// Its version.
    pub version: String,
    /// What of a scenario it does not have, or does in another way that is on record.
    lacks: Vec<String>,
    /// What every release of it does in another way than this SDK, on purpose.
    #[serde(default)]
    differs: Vec<String>,
    /// The families that it is compared on; all, where it names none.
    #[serde(default)]
    families: Option<Vec<String>>,
}

impl Description {
    /// The rewrites that a scenario needs before this oracle can be compared on it.
    pub(crate) fn rewrites(&self) -> Vec<String> {
        self.lacks.iter().chain(&self.differs).cloned().collect()
    }

    pub(super) fn must_know(&self, family: &str) -> Result<(), Fault> {
        match &self.families {
            Some(families) if !families.iter().any(|known| known == family) => {
                Err(Fault::Usage(format!("{} is compared on these families only: {}", self.sdk, families.join(", "))))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.sdk, self.version)?;
        if self.lacks.is_empty() { Ok(()) } else { write!(f, " (without {})", self.lacks.join(", ")) }
    }
}

/// What an oracle answers to one scenario.
#[derive(Debug, serde::Deserialize)]
pub struct Answer {
    /// The scenario's id.
    pub id: String,
    /// The outcome of each step.
    pub outcomes: Vec<Value>,
}

impl Answer {
    /// Whether the SDK threw an exception in some step.
    #[must_use]
    pub fn threw(&self) -> bool {
        self.outcomes.iter().any(|outcome| outcome.get("threw").is_some())
    }
}

/// A running oracle.
#[derive(Debug)]
pub struct Oracle {
    program: Program,
    questions: Option<Questions>,
    answers: Answers,
    description: Description,
}

impl Oracle {
    /// Starts it.
    ///
    /// # Errors
    /// [`Fault::Missing`] where the program or the SDK is not installed.
    pub fn start(kind: OracleKind) -> Result<Self, Fault> {
        Self::launch(kind, &[])
    }

    /// Starts the JavaScript SDK so that its requests go to the collector at `base`. With an SDK key and its secret, the
    /// config comes from there.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_on_the_wire(base: &str, key: Option<(&str, &str)>) -> Result<Self, Fault> {
        let (key, secret) = key.unzip();
        let arguments: Vec<&str> = ["--wire", base].into_iter().chain(key).chain(secret).collect();
        Self::launch(OracleKind::Node, &arguments)
    }

    fn launch(kind: OracleKind, arguments: &[&str]) -> Result<Self, Fault> {
        let description = {
            let mut program = launch(kind, &["--describe"])?;
            let line = program.take_lines()?.next()?;
            program.finish()?;
            let line = line.ok_or_else(|| Fault::Broken("the oracle does not describe itself".to_owned()))?;
            serde_json::from_str(&line).map_err(|error| Fault::broken("the oracle's description", error))?
        };
        let mut program = launch(kind, arguments)?;
        let questions = Some(program.take_questions()?);
        let answers = program.take_lines()?;
        Ok(Self { program, questions, answers, description })
    }

    /// What it says of itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Runs one scenario.
    ///
    /// # Errors
    /// [`Fault::Broken`] where the oracle fails.
    pub fn run(&mut self, line: &str) -> Result<Answer, Fault> {
        let questions = self.questions.as_mut().ok_or_else(|| Fault::Broken("the oracle is busy".to_owned()))?;
        questions.ask(line).map_err(|error| Fault::broken("the oracle", error))?;
        self.answer()
    }

    /// Takes the asking side away, for another thread to ask ahead of the answers.
    pub(super) fn take_questions(&mut self) -> Result<Questions, Fault> {
        self.questions.take().ok_or_else(|| Fault::Broken("the oracle is busy".to_owned()))
    }

    /// Ends the program.
    pub(super) fn end(&mut self) {
        self.program.end();
    }

    /// The next answer.
    pub(super) fn answer(&mut self) -> Result<Answer, Fault> {
        let line = self.answers.next()?;
        let answer = line.as_deref().map(serde_json::from_str);
        match answer {
            Some(Ok(answer)) => Ok(answer),
            // Cut short, or nothing any more: how the program ended says why.
            Some(Err(error)) => {
                self.program.finish()?;
                Err(Fault::broken("an answer of the oracle", error))
            }
            None => {
                self.program.finish()?;
                Err(Fault::Broken("the oracle ended early".to_owned()))
            }
        }
    }
}

fn launch(kind: OracleKind, arguments: &[&str]) -> Result<Program, Fault> {
    match kind {
        OracleKind::Node => {
            let mut command = Command::new("node");
            command.arg(script("oracle.cjs")).args(arguments);
            Program::start("the JavaScript oracle", &mut command, "install Node 18 or newer")
        }
        OracleKind::Python => {
            let mut command = python();
            command.arg(script("oracle.py")).args(arguments);
            Program::start("the Python oracle", &mut command, "install Python 3.9 or newer")
        }
    }
}
