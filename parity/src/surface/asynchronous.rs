//! `AsyncCore` and `AsyncContext`.

use convert_core::web::Cores;
use convert_core::{AsyncContext, AsyncCore, Offloaded};
use futures_executor::block_on;
use serde_json::Value;

use super::requestwise::Face;
use super::setup::{self, PATIENCE, Posts};
use super::stepwise::{self, Stepwise};
use super::{Surface, translate};
use crate::fault::Fault;
use crate::scenario::{Action, CreateContext, Scenario};

/// Runs scenarios through the asynchronous SDK. An app's store answers from another thread, so calls do wait.
#[derive(Debug)]
pub(super) struct Async;

impl Surface for Async {
    fn run(&mut self, scenario: &Scenario) -> Result<Vec<Value>, Fault> {
        stepwise::run::<Sdk>(scenario)
    }
}

/// The SDK of one scenario.
pub(super) struct Sdk {
    core: AsyncCore,
    posts: Posts,
}

impl Stepwise for Sdk {
    type Context = AsyncContext;

    fn open(scenario: &Scenario) -> Result<Self, Fault> {
        let posts = Posts::default();
        let mut builder = setup::builder(scenario, &posts);
        if let Some(store) = setup::store(scenario)? {
            builder = builder.async_data_store(Offloaded::new(store));
        }
        let core = block_on(builder.build_async()).map_err(|error| Fault::broken(&scenario.id, error))?;
        Ok(Self { core, posts })
    }

    fn create_context(&self, asked: &CreateContext) -> Result<Option<AsyncContext>, Fault> {
        setup::accepted(self.core.create_context_with(asked.visitor_id.as_str(), setup::context_options(asked)?))
    }

    fn step(&self, context: &AsyncContext, action: &Action) -> Result<Value, Fault> {
        block_on(step(context, action))
    }

    fn flush(&mut self) -> Result<Value, Fault> {
        block_on(self.core.flush(PATIENCE)).map_err(|error| Fault::broken("flush", error))?;
        self.posts.next()
    }
}

impl Face for Sdk {
    fn cores(&self) -> Cores {
        Cores::from(&self.core)
    }
}

async fn step(context: &AsyncContext, action: &Action) -> Result<Value, Fault> {
    Ok(match action {
        Action::RunExperience(asked, call) => {
            let decision = context.run_experience_with(&asked.key, &translate::options(call)?).await;
            decision.as_ref().map_or(Value::Null, translate::decision)
        }
        Action::RunExperiences(call) => {
            context.run_experiences_with(&translate::options(call)?).await.iter().map(translate::decision).collect()
        }
        Action::RunFeature(asked, call) => {
            translate::features(&[context.run_feature_with(&asked.key, &translate::options(call)?).await])?
        }
        Action::RunFeatures(call) => translate::features(&context.run_features_with(&translate::options(call)?).await)?,
        Action::TrackConversion(asked) => {
            translate::tracked(&context.track_conversion_with(&asked.goal, &translate::conversion(asked)?).await)
        }
        Action::SetDefaultSegments(asked) => {
            context.set_default_segments(translate::attributes(&asked.segments)?).await;
            Value::Null
        }
        Action::RunCustomSegments(asked) => {
            let keys = translate::keys(asked);
            // A scenario asks for the segments themselves in a step of its own.
            let _ = match &asked.rule_data {
                Some(data) => context.run_custom_segments_with(&keys, translate::attributes(data)?).await,
                None => context.run_custom_segments(&keys).await,
            };
            Value::Null
        }
        Action::SetPreview(asked) => {
            context.set_preview(&translate::preview(asked)).await;
            Value::Null
        }
        Action::ConfigEntity(lookup) => translate::entity(context.config(), lookup)?,
        Action::VisitorSegments => translate::written(&context.segments().await)?,
        Action::StoredState => translate::stored(&context.visitor_state().await)?,
        Action::CreateContext(_) | Action::Flush => return Err(setup::not_on_a_context()),
    })
}
