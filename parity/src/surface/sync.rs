//! `Core` and `Context`.

use convert_core::web::Cores;
use convert_core::{Context, Core, CoreBuilder};
use serde_json::Value;

use super::requestwise::Face;
use super::setup::{self, PATIENCE, Posts};
use super::stepwise::{self, Stepwise};
use super::{Surface, translate};
use crate::fault::Fault;
use crate::scenario::{Action, CreateContext, Scenario};

/// Runs scenarios through the synchronous SDK.
#[derive(Debug)]
pub(super) struct Sync;

impl Surface for Sync {
    fn run(&mut self, scenario: &Scenario) -> Result<Vec<Value>, Fault> {
        stepwise::run::<Sdk>(scenario)
    }
}

/// The SDK of one scenario.
pub(super) struct Sdk {
    core: Core,
    posts: Posts,
}

impl Sdk {
    pub(super) fn new(scenario: &Scenario, mut builder: CoreBuilder, posts: Posts) -> Result<Self, Fault> {
        if let Some(store) = setup::store(scenario)? {
            builder = builder.data_store(store);
        }
        let core = builder.build().map_err(|error| Fault::broken(&scenario.id, error))?;
        Ok(Self { core, posts })
    }

    pub(super) fn into_core(self) -> Core {
        self.core
    }
}

impl Stepwise for Sdk {
    type Context = Context;

    fn open(scenario: &Scenario) -> Result<Self, Fault> {
        let posts = Posts::default();
        Self::new(scenario, setup::builder(scenario, &posts), posts)
    }

    fn create_context(&self, asked: &CreateContext) -> Result<Option<Context>, Fault> {
        setup::accepted(self.core.create_context_with(asked.visitor_id.as_str(), setup::context_options(asked)?))
    }

    fn step(&self, context: &Context, action: &Action) -> Result<Value, Fault> {
        step(context, action)
    }

    fn flush(&mut self) -> Result<Value, Fault> {
        self.core.flush(PATIENCE).map_err(|error| Fault::broken("flush", error))?;
        self.posts.next()
    }
}

impl Face for Sdk {
    fn cores(&self) -> Cores {
        Cores::from(&self.core)
    }
}

/// The outcome of a step on a context.
pub(super) fn step(context: &Context, action: &Action) -> Result<Value, Fault> {
    Ok(match action {
        Action::RunExperience(asked, call) => {
            let decision = context.run_experience_with(&asked.key, &translate::options(call)?);
            decision.as_ref().map_or(Value::Null, translate::decision)
        }
        Action::RunExperiences(call) => {
            context.run_experiences_with(&translate::options(call)?).iter().map(translate::decision).collect()
        }
        Action::RunFeature(asked, call) => {
            translate::features(&[context.run_feature_with(&asked.key, &translate::options(call)?)])?
        }
        Action::RunFeatures(call) => translate::features(&context.run_features_with(&translate::options(call)?))?,
        Action::TrackConversion(asked) => {
            translate::tracked(&context.track_conversion_with(&asked.goal, &translate::conversion(asked)?))
        }
        Action::SetDefaultSegments(asked) => {
            context.set_default_segments(translate::attributes(&asked.segments)?);
            Value::Null
        }
        Action::RunCustomSegments(asked) => {
            let keys = translate::keys(asked);
            // A scenario asks for the segments themselves in a step of its own.
            let _ = match &asked.rule_data {
                Some(data) => context.run_custom_segments_with(&keys, translate::attributes(data)?),
                None => context.run_custom_segments(&keys),
            };
            Value::Null
        }
        Action::SetPreview(asked) => {
            context.set_preview(&translate::preview(asked));
            Value::Null
        }
        Action::ConfigEntity(lookup) => translate::entity(context.config(), lookup)?,
        Action::VisitorSegments => translate::written(&context.segments())?,
        Action::StoredState => translate::stored(&context.visitor_state())?,
        Action::CreateContext(_) | Action::Flush => return Err(setup::not_on_a_context()),
    })
}
