//! What the JavaScript SDK and this one send for the same scenario, as one server on this machine received it.

use std::fmt;

use convert_core::testing::{CollectedRequest, Collector};
use serde_json::Value;

use crate::compare::same;
use crate::fault::Fault;
use crate::fuzz::{Oracle, restrict};
use crate::scenario::{Action, Scenario};
use crate::surface;

/// The headers that must be equal, besides the body. The others are those of the HTTP clients.
const HEADERS: [&str; 4] = ["content-type", "user-agent", "authorization", "content-encoding"];

/// What came of a comparison.
#[derive(Debug, Default)]
pub struct Findings {
    /// Scenarios that ran on both sides.
    pub scenarios: u64,
    /// Scenarios left out because the official SDK threw an exception.
    pub threw: u64,
    /// Requests that each side sent.
    pub requests: u64,
    /// The scenarios that differ, in words.
    pub differences: Vec<String>,
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenarios, requests, threw, differences } = self;
        write!(
            f,
            "{scenarios} scenarios, {requests} requests from each side: {} differ ({threw} left out because the official \
             SDK threw)",
            differences.len()
        )
    }
}

/// Compares on the wire, one scenario after the other.
#[derive(Debug)]
pub struct Wire {
    collector: Collector,
    oracle: Oracle,
    rewrites: Vec<String>,
    findings: Findings,
}

impl Wire {
    /// Starts the collector and the official SDK.
    ///
    /// # Errors
    /// [`Fault::Missing`] where Node or the SDK is not installed.
    pub fn start() -> Result<Self, Fault> {
        let collector = Collector::start().map_err(|error| Fault::broken("the collector", error))?;
        let oracle = Oracle::start_on_the_wire(&collector.track_endpoint())?;
        let rewrites = oracle.description().rewrites();
        Ok(Self { collector, oracle, rewrites, findings: Findings::default() })
    }

    /// The official SDK.
    #[must_use]
    pub fn oracle(&self) -> &Oracle {
        &self.oracle
    }

    /// What came of it so far.
    #[must_use]
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    /// Runs a scenario on both sides. One that releases nothing is passed over.
    ///
    /// # Errors
    /// [`Fault`] where a side fails as a whole.
    pub fn compare(&mut self, line: &str) -> Result<(), Fault> {
        let mut value: Value = serde_json::from_str(line).map_err(|error| Fault::broken("the scenario", error))?;
        restrict::restrict(&mut value, &self.rewrites)?;
        let line = value.to_string();
        let scenario = Scenario::parse(&line)?;
        if !scenario.steps.iter().any(|step| matches!(step.action, Action::Flush)) {
            return Ok(());
        }
        let start = self.collector.requests().len();
        if self.oracle.run(&line)?.threw() {
            self.findings.threw += 1;
            return Ok(());
        }
        let theirs = self.sent_since(start);
        // As this SDK writes its endpoint: the project's id comes from the config.
        let endpoint = format!("{}/[project_id]", self.collector.track_endpoint());
        let sdk = surface::deliver(&scenario, &endpoint)?;
        let ours = self.sent_since(start + theirs.len());
        drop(sdk);

        self.findings.scenarios += 1;
        self.findings.requests += ours.len() as u64;
        if let Some(difference) = difference(&theirs, &ours) {
            self.findings.differences.push(format!("{}: {difference}", scenario.id));
        }
        Ok(())
    }

    fn sent_since(&self, start: usize) -> Vec<CollectedRequest> {
        self.collector.requests().split_off(start)
    }
}

/// The first difference, in words.
fn difference(theirs: &[CollectedRequest], ours: &[CollectedRequest]) -> Option<String> {
    if theirs.len() != ours.len() {
        return Some(format!("{} requests were expected, {} came", theirs.len(), ours.len()));
    }
    theirs.iter().zip(ours).find_map(|(theirs, ours)| request_difference(theirs, ours))
}

fn request_difference(theirs: &CollectedRequest, ours: &CollectedRequest) -> Option<String> {
    let texts = |request: &CollectedRequest| {
        let mut texts = vec![request.method().to_owned(), request.path().to_owned()];
        texts.push(request.query().unwrap_or_default().to_owned());
        texts.extend(HEADERS.iter().map(|name| format!("{name}: {}", request.header(name).unwrap_or("none"))));
        texts
    };
    let unequal = texts(theirs).into_iter().zip(texts(ours)).find(|(theirs, ours)| theirs != ours);
    if let Some((theirs, ours)) = unequal {
        return Some(format!("{theirs:?} was expected, {ours:?} came"));
    }
    match (body(theirs), body(ours)) {
        (Some(expected), Some(actual)) if same(&expected, &actual) => None,
        (expected, actual) => {
            let text = |body: Option<Value>| body.map_or("no JSON".to_owned(), |body| body.to_string());
            Some(format!("another body\n  expected {}\n  actual   {}", text(expected), text(actual)))
        }
    }
}

/// The body without what names the sender.
fn body(request: &CollectedRequest) -> Option<Value> {
    let mut body = request.json()?;
    body.as_object_mut()?.remove("source");
    Some(body)
}
