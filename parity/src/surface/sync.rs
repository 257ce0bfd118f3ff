//! `Core` and `Context`.

use std::collections::HashMap;

use convert_core::Context;
use serde_json::Value;

use super::bench::Bench;
use super::{Surface, steps};
use crate::fault::Fault;
use crate::scenario::{Action, Scenario};

/// Runs scenarios through the synchronous SDK.
#[derive(Debug)]
pub(super) struct Sync;

impl Surface for Sync {
    fn run(&mut self, scenario: &Scenario) -> Result<Vec<Value>, Fault> {
        let mut bench = Bench::open(scenario)?;
        // A context that was refused answers nothing.
        let mut contexts: HashMap<&str, Option<Context>> = HashMap::new();
        let mut outcomes = Vec::with_capacity(scenario.steps.len());
        for step in &scenario.steps {
            let outcome = match &step.action {
                Action::CreateContext(create) => {
                    contexts.insert(&step.context, bench.create_context(create)?);
                    Value::Null
                }
                Action::Flush => bench.flush()?,
                action => match contexts.get(step.context.as_str()) {
                    Some(Some(context)) => steps::run(context, action)?,
                    Some(None) => steps::nothing(action),
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
}
