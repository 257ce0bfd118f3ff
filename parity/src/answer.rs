//! Makes vectors: scenarios with what an official SDK answers to them.

use serde_json::Value;

use crate::fault::Fault;
use crate::fuzz::{Oracle, OracleKind, restrict};
use crate::scenario::Scenario;

/// An official SDK that completes scenarios.
#[derive(Debug)]
pub struct Answers {
    oracle: Oracle,
    lacks: Vec<String>,
}

impl Answers {
    /// Starts the JavaScript SDK.
    ///
    /// # Errors
    /// [`Fault::Missing`] where Node or the SDK is not installed.
    pub fn start() -> Result<Self, Fault> {
        let oracle = Oracle::start(OracleKind::Node)?;
        let lacks = oracle.description().rewrites();
        Ok(Self { oracle, lacks })
    }

    /// The scenario as a vector: what it expects, if it does, is replaced.
    ///
    /// # Errors
    /// [`Fault::Missing`] where this SDK has not what the scenario needs; [`Fault::Usage`] where it is no scenario, or the
    /// SDK throws an exception.
    pub fn vector(&mut self, line: &str) -> Result<String, Fault> {
        let id = Scenario::parse(line)?.id;
        let mut vector: Value = serde_json::from_str(line).map_err(|error| Fault::broken("the scenario", error))?;
        for part in &self.lacks {
            if restrict::restrict(&mut vector.clone(), std::slice::from_ref(part))? {
                let sdk = self.oracle.description();
                return Err(Fault::Missing(format!("{id} needs {part}, which {sdk} does not have: see README.md")));
            }
        }
        let answer = self.oracle.run(line)?;
        if let Some(error) = answer.outcomes.iter().find_map(|outcome| outcome.get("threw")) {
            return Err(Fault::Usage(format!("{id}: the official SDK throws {error}; expect by hand what is right")));
        }
        if let Some(members) = vector.as_object_mut() {
            members.insert("expected".to_owned(), Value::Array(answer.outcomes));
        }
        Ok(vector.to_string())
    }
}
