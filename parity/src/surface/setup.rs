//! An SDK set up as a scenario asks for it, with nothing but memory around it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use convert_core::testing::RecordingTransport;
use convert_core::{
    BucketingOptions, ContextError, ContextOptions, Core, CoreBuilder, JsonStore, KeyValue, RequestKind, StoreError,
};
use serde_json::Value;

use super::translate::attributes;
use crate::fault::Fault;
use crate::scenario::{CreateContext, Scenario};

/// More than any scenario queues, so that nothing is released by size.
const BATCH: usize = 100_000;

/// How long a release may take. It does no input or output, so this only ends a run that hangs.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// What the SDK posts.
#[derive(Debug, Default)]
pub(super) struct Posts {
    transport: RecordingTransport,
    seen: usize,
}

impl Posts {
    /// The body that was posted since the last call, without `source`; null where nothing was.
    pub(super) fn next(&mut self) -> Result<Value, Fault> {
        let bodies = self.transport.bodies(RequestKind::Tracking);
        let new = bodies.get(self.seen..).unwrap_or_default();
        self.seen = bodies.len();
        match new {
            [] => Ok(Value::Null),
            [body] => {
                let mut body: Value = serde_json::from_str(body).map_err(|error| Fault::broken("the body", error))?;
                if let Some(members) = body.as_object_mut() {
                    members.remove("source");
                }
                Ok(body)
            }
            several => Err(Fault::Broken(format!("one release made {} requests", several.len()))),
        }
    }
}

/// The settings of a scenario's SDK, but for its [`store`].
pub(super) fn builder(scenario: &Scenario, posts: &Posts) -> CoreBuilder {
    settings(scenario).config_json(scenario.config.get()).async_transport(posts.transport.clone())
}

/// The same without a config and a transport.
pub(super) fn settings(scenario: &Scenario) -> CoreBuilder {
    let options = &scenario.options;
    let mut builder = Core::builder()
        .bucketing(BucketingOptions::new().exclude_experience_id(options.exclude_experience_id_hash))
        .batch_size(BATCH);
    if let Some(environment) = &options.environment {
        builder = builder.environment(environment);
    }
    if !options.data_store && !options.stored.is_empty() {
        // What is stored before the first step needs a store of ours; the events still say that the app has none.
        builder = builder.enrich_data(true);
    }
    builder
}

/// The store that the app of a scenario has; `None` where it is the bundled one.
pub(super) fn store(scenario: &Scenario) -> Result<Option<JsonStore<Texts>>, Fault> {
    let options = &scenario.options;
    if options.data_store || !options.stored.is_empty() { Texts::of(scenario).map(Some) } else { Ok(None) }
}

/// The options of a context.
pub(super) fn context_options(asked: &CreateContext) -> Result<ContextOptions, Fault> {
    let options = ContextOptions::new();
    Ok(match &asked.attributes {
        Some(given) => options.attributes(attributes(given)?),
        None => options,
    })
}

/// The context, or `None` where the SDK refuses the visitor id.
pub(super) fn accepted<C>(created: Result<C, ContextError>) -> Result<Option<C>, Fault> {
    match created {
        Ok(context) => Ok(Some(context)),
        Err(ContextError::EmptyVisitorId) => Ok(None),
        Err(error) => Err(Fault::broken("create_context", error)),
    }
}

/// A step that the run of a scenario should have taken itself.
pub(super) fn not_on_a_context() -> Fault {
    Fault::Broken("this step is not one on a context".to_owned())
}

/// An app's store: texts under keys, as another SDK may have left them.
#[derive(Debug)]
pub(super) struct Texts(Mutex<HashMap<String, String>>);

impl Texts {
    fn of(scenario: &Scenario) -> Result<JsonStore<Self>, Fault> {
        let scope: Scope =
            serde_json::from_str(scenario.config.get()).map_err(|error| Fault::broken("the config's ids", error))?;
        let text = |(visitor_id, state): (&String, &Value)| {
            (format!("{}-{}-{visitor_id}", scope.account_id, scope.project.id), state.to_string())
        };
        let texts = scenario.options.stored.iter().map(text).collect();
        Ok(JsonStore::new(Self(Mutex::new(texts))))
    }
}

#[derive(serde::Deserialize)]
struct Scope {
    account_id: String,
    project: Project,
}

#[derive(serde::Deserialize)]
struct Project {
    id: String,
}

impl KeyValue for Texts {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    fn set(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), value.to_owned());
        Ok(())
    }
}
