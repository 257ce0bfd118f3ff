//! Runs vectors through a surface and compares.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::compare::outcome_matches;
use crate::fault::Fault;
use crate::scenario::Scenario;
use crate::surface::Surface;

/// What came of a check.
#[derive(Debug, Default)]
pub struct Report {
    families: BTreeMap<String, Count>,
    differences: Vec<Difference>,
}

#[derive(Debug, Default)]
struct Count {
    scenarios: usize,
    matching: usize,
    steps: usize,
}

/// One step whose outcome is not the expected one.
#[derive(Debug)]
pub struct Difference {
    /// The scenario's id.
    pub scenario: String,
    /// The step's place, from 0.
    pub step: usize,
    /// What was expected.
    pub expected: Value,
    /// What came.
    pub actual: Value,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} step {}", self.scenario, self.step)?;
        writeln!(f, "  expected {}", self.expected)?;
        write!(f, "  actual   {}", self.actual)
    }
}

impl Report {
    /// Runs one vector and takes its result in.
    ///
    /// # Errors
    /// [`Fault`] where the vector has no expectation, or the surface could not run it.
    pub fn check(&mut self, surface: &mut dyn Surface, scenario: &Scenario) -> Result<(), Fault> {
        let expected = scenario.expected.as_deref();
        let expected = expected.ok_or_else(|| Fault::Usage(format!("{} expects nothing", scenario.id)))?;
        let actual = surface.run(scenario)?;
        let differences = differences(scenario, expected, &actual)?;
        let count = self.families.entry(scenario.family.clone()).or_default();
        count.scenarios += 1;
        count.matching += usize::from(differences.is_empty());
        count.steps += scenario.steps.len();
        self.differences.extend(differences);
        Ok(())
    }

    /// The steps that differ, in the order they were met.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// How many scenarios were checked.
    #[must_use]
    pub fn scenarios(&self) -> usize {
        self.families.values().map(|count| count.scenarios).sum()
    }
}

/// One line per family, then the sum.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sum = Count::default();
        for (family, count) in &self.families {
            writeln!(f, "{family:12} {count}")?;
            sum.scenarios += count.scenarios;
            sum.matching += count.matching;
            sum.steps += count.steps;
        }
        write!(f, "{:12} {sum}", "all")
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} scenarios match, {} steps", self.matching, self.scenarios, self.steps)
    }
}

/// The steps of a scenario whose outcome is not the expected one.
///
/// # Errors
/// [`Fault::Broken`] where either side has not one outcome for each step.
pub fn differences(scenario: &Scenario, expected: &[Value], actual: &[Value]) -> Result<Vec<Difference>, Fault> {
    let steps = scenario.steps.len();
    if expected.len() != steps || actual.len() != steps {
        let (expected, actual) = (expected.len(), actual.len());
        return Err(Fault::Broken(format!(
            "{}: {steps} steps, {expected} outcomes expected, {actual} given",
            scenario.id
        )));
    }
    let outcomes = scenario.steps.iter().zip(expected).zip(actual).enumerate();
    Ok(outcomes
        .filter(|(_, ((step, expected), actual))| !outcome_matches(&step.action, expected, actual))
        .map(|(step, ((_, expected), actual))| Difference {
            scenario: scenario.id.clone(),
            step,
            expected: expected.clone(),
            actual: actual.clone(),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Fixed(Vec<Value>);

    impl Surface for Fixed {
        fn run(&mut self, _: &Scenario) -> Result<Vec<Value>, Fault> {
            Ok(self.0.clone())
        }
    }

    fn scenario(expected: &Value) -> Scenario {
        let steps = json!([{"op": "create_context", "visitor_id": "v"}, {"op": "flush"}]);
        let text = json!({"id": "s", "family": "f", "config": {}, "steps": steps, "expected": expected});
        Scenario::parse(&text.to_string()).unwrap()
    }

    #[test]
    fn counts_by_family_and_keeps_each_difference() {
        let mut report = Report::default();
        let mut surface = Fixed(vec![Value::Null, json!({"a": 1})]);
        report.check(&mut surface, &scenario(&json!([null, {"a": 1.0}]))).unwrap();
        report.check(&mut surface, &scenario(&json!([null, {"a": 2}]))).unwrap();
        assert_eq!(report.differences().len(), 1);
        assert_eq!(report.differences()[0].step, 1);
        assert!(report.to_string().contains("f            1 of 2 scenarios match, 4 steps"), "{report}");
    }

    #[test]
    fn an_outcome_too_few_is_a_fault() {
        let fault = Report::default().check(&mut Fixed(vec![Value::Null]), &scenario(&json!([null, null])));
        assert!(matches!(fault, Err(Fault::Broken(_))));
    }
}
