//! An SDK set up as a scenario asks for it, with nothing but memory around it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use convert_core::testing::RecordingTransport;
use convert_core::{
    BucketingOptions, Context, ContextError, ContextOptions, Core, JsonStore, KeyValue, RequestKind, StoreError,
};
use serde_json::Value;

use super::steps::attributes;
use crate::fault::Fault;
use crate::scenario::{CreateContext, Scenario};

/// More than any scenario queues, so that nothing is released by size.
const BATCH: usize = 100_000;

/// How long a release may take. It does no input or output, so this only ends a run that hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// The SDK of one scenario.
#[derive(Debug)]
pub(super) struct Bench {
    core: Core,
    transport: RecordingTransport,
    /// Requests that earlier releases made.
    seen: usize,
}

impl Bench {
    /// Sets the SDK up.
    pub(super) fn open(scenario: &Scenario) -> Result<Self, Fault> {
        let transport = RecordingTransport::new();
        let options = &scenario.options;
        let hashing = BucketingOptions::new().exclude_experience_id(options.exclude_experience_id_hash);
        let mut builder = Core::builder()
            .config_json(scenario.config.get())
            .async_transport(transport.clone())
            .bucketing(hashing)
            .batch_size(BATCH);
        if let Some(environment) = &options.environment {
            builder = builder.environment(environment);
        }
        if options.data_store {
            builder = builder.data_store(Texts::of(scenario)?);
        } else if !options.stored.is_empty() {
            // What is stored before the first step needs a store of ours; the events still say that the app has none.
            builder = builder.data_store(Texts::of(scenario)?).enrich_data(true);
        }
        let core = builder.build().map_err(|error| Fault::broken(&scenario.id, error))?;
        Ok(Self { core, transport, seen: 0 })
    }

    /// Opens a context; `None` where the SDK refuses the visitor id.
    pub(super) fn create_context(&self, create: &CreateContext) -> Result<Option<Context>, Fault> {
        let mut options = ContextOptions::new();
        if let Some(given) = &create.attributes {
            options = options.attributes(attributes(given)?);
        }
        match self.core.create_context_with(create.visitor_id.as_str(), options) {
            Ok(context) => Ok(Some(context)),
            Err(ContextError::EmptyVisitorId) => Ok(None),
            Err(error) => Err(Fault::broken("create_context", error)),
        }
    }

    /// Releases the queue: the body that was posted, without `source`; null where nothing was.
    pub(super) fn flush(&mut self) -> Result<Value, Fault> {
        self.core.flush(PATIENCE).map_err(|error| Fault::broken("flush", error))?;
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

/// The store of an app: texts under keys, as another SDK may have left them.
#[derive(Debug)]
struct Texts(Mutex<HashMap<String, String>>);

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
