//! What the JavaScript SDK and this one send for the same scenario, as one server on this machine received it.

use std::fmt;

use convert_core::testing::{CollectedRequest, Collector};
use serde_json::Value;

use crate::compare::same;
use crate::fault::Fault;
use crate::fuzz::{Description, Oracle, restrict};
use crate::scenario::{Action, Scenario};
use crate::surface;

/// The headers that must be equal, besides the body. The others are those of the HTTP clients.
const HEADERS: [&str; 4] = ["content-type", "user-agent", "authorization", "content-encoding"];

/// The start of the SDK keys, and their secret, for SDKs that fetch their config.
const KEY: (&str, &str) = ("100/200", "sshh");

/// What came of a comparison.
#[derive(Debug, Default)]
pub struct Findings {
    /// Runs of a scenario on both sides: with its config given, and with its config fetched.
    pub runs: u64,
    /// Scenarios of which something was taken away that the official SDK does not have.
    pub restricted: u64,
    /// Runs left out because the official SDK threw an exception.
    pub threw: u64,
    /// Requests that each side sent.
    pub requests: u64,
    /// The scenarios that differ, in words.
    pub differences: Vec<String>,
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, restricted, requests, threw, differences } = self;
        write!(
            f,
            "{runs} runs, {requests} requests from each side: {} differ ({restricted} scenarios restricted to what both SDKs \
             have, {threw} runs left out because the official one threw)",
            differences.len()
        )
    }
}

/// Compares on the wire, one scenario after the other.
#[derive(Debug)]
pub struct Wire {
    collector: Collector,
    /// The official SDK with configs given, and with configs fetched.
    oracles: [(Option<(&'static str, &'static str)>, Oracle); 2],
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
        let base = collector.track_endpoint();
        let start = |key| Ok((key, Oracle::start_on_the_wire(&base, key)?));
        let oracles = [start(None)?, start(Some(KEY))?];
        let rewrites = oracles[0].1.description().rewrites();
        Ok(Self { collector, oracles, rewrites, findings: Findings::default() })
    }

    /// What the official SDK says of itself.
    #[must_use]
    pub fn oracle(&self) -> &Description {
        let [(_, oracle), _] = &self.oracles;
        oracle.description()
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
        let restricted = restrict::restrict(&mut value, &self.rewrites)?;
        let line = value.to_string();
        let scenario = Scenario::parse(&line)?;
        if !scenario.steps.iter().any(|step| matches!(step.action, Action::Flush)) {
            return Ok(());
        }
        self.findings.restricted += u64::from(restricted);
        self.collector.serve_config(scenario.config.get());
        for (key, oracle) in &mut self.oracles {
            let start = self.collector.requests().len();
            if oracle.run(&line)?.threw() {
                self.findings.threw += 1;
                continue;
            }
            let theirs = self.collector.requests().split_off(start);
            let sent_by_them = theirs.len();
            let sdk = surface::deliver(&scenario, &self.collector, *key)?;
            let ours = self.collector.requests().split_off(start + sent_by_them);
            drop(sdk);

            let (theirs, ours) = (without_previews(theirs), without_previews(ours));
            self.findings.runs += 1;
            self.findings.requests += ours.len() as u64;
            // Without one, the JavaScript SDK asks for an environment of its own.
            let environment = scenario.options.environment.is_some();
            if let Some(difference) = difference(&theirs, &ours, environment) {
                self.findings.differences.push(format!("{}: {difference}", scenario.id));
            }
        }
        Ok(())
    }
}

/// Without the fetches of previewed experiences by id: how long they are remembered, and for whom, differs on purpose.
fn without_previews(mut requests: Vec<CollectedRequest>) -> Vec<CollectedRequest> {
    requests.retain(|request| !request.query().is_some_and(|query| query.contains("exp=")));
    requests
}

/// The first difference, in words.
fn difference(theirs: &[CollectedRequest], ours: &[CollectedRequest], environment: bool) -> Option<String> {
    if theirs.len() != ours.len() {
        return Some(format!("{} requests were expected, {} came", theirs.len(), ours.len()));
    }
    theirs.iter().zip(ours).find_map(|(theirs, ours)| request_difference(theirs, ours, environment))
}

fn request_difference(theirs: &CollectedRequest, ours: &CollectedRequest, environment: bool) -> Option<String> {
    let texts = |request: &CollectedRequest| {
        let mut texts = vec![request.method().to_owned(), request.path().to_owned()];
        let mut query: Vec<&str> = request.query().unwrap_or_default().split('&').collect();
        query.retain(|part| environment || !part.starts_with("environment="));
        query.sort_unstable();
        texts.push(query.join("&"));
        texts.extend(HEADERS.iter().map(|name| format!("{name}: {}", request.header(name).unwrap_or("none"))));
        texts
    };
    let unequal = texts(theirs).into_iter().zip(texts(ours)).find(|(theirs, ours)| theirs != ours);
    if let Some((theirs, ours)) = unequal {
        return Some(format!("{theirs:?} was expected, {ours:?} came"));
    }
    if theirs.body().is_empty() && ours.body().is_empty() {
        return None;
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
