//! The run of a scenario on a surface whose contexts live as long as the scenario.

use std::collections::HashMap;

use serde_json::Value;

use super::translate::nothing;
use crate::fault::Fault;
use crate::scenario::{Action, CreateContext, Scenario};

/// An SDK that takes one step after the other.
pub(super) trait Stepwise: Sized {
    /// A visitor's context.
    type Context;

    /// Sets the SDK of a scenario up.
    fn open(scenario: &Scenario) -> Result<Self, Fault>;

    /// Opens a context; `None` where the SDK refuses the visitor id.
    fn create_context(&self, asked: &CreateContext) -> Result<Option<Self::Context>, Fault>;

    /// The outcome of a step on a context.
    fn step(&self, context: &Self::Context, action: &Action) -> Result<Value, Fault>;

    /// Releases the queue: the body that was posted, without `source`; null where nothing was.
    fn flush(&mut self) -> Result<Value, Fault>;
}

/// The outcome of each step of a scenario.
pub(super) fn run<S: Stepwise>(scenario: &Scenario) -> Result<Vec<Value>, Fault> {
    run_on(&mut S::open(scenario)?, scenario)
}

/// The same on an SDK that is set up already.
pub(super) fn run_on<S: Stepwise>(sdk: &mut S, scenario: &Scenario) -> Result<Vec<Value>, Fault> {
    // A context that was refused answers nothing.
    let mut contexts: HashMap<&str, Option<S::Context>> = HashMap::new();
    let mut outcomes = Vec::with_capacity(scenario.steps.len());
    for step in &scenario.steps {
        let outcome = match &step.action {
            Action::CreateContext(asked) => {
                contexts.insert(&step.context, sdk.create_context(asked)?);
                Value::Null
            }
            Action::Flush => sdk.flush()?,
            action => match contexts.get(step.context.as_str()) {
                Some(Some(context)) => sdk.step(context, action)?,
                Some(None) => nothing(action),
                None => {
                    let (id, context) = (&scenario.id, &step.context);
                    return Err(Fault::Usage(format!("scenario {id}: {context} is used before it is created")));
                }
            },
        };
        outcomes.push(outcome);
    }
    Ok(outcomes)
}
