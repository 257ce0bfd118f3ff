//! The run of a scenario on a web crate: each run of consecutive steps of one context is one request.

use std::collections::HashMap;

use convert_core::Context;
use serde_json::Value;

use super::told::{Previewed, Told};
use super::{sync, translate};
use crate::fault::Fault;
use crate::scenario::{Action, CreateContext, Scenario, SetPreview, Step};

/// A web crate's server, and a client that knows its visitors.
pub(super) trait Requestwise: Sized {
    /// A request under way: its handler has the context, and waits to be let go.
    type Request;

    /// Sets the SDK of a scenario up, and the middleware around it.
    fn open(scenario: &Scenario) -> Result<Self, Fault>;

    /// Sends a request that is told this, and answers when its handler has extracted the visitor's context.
    fn begin(&self, told: &Told) -> Result<(Self::Request, Context), Fault>;

    /// Has the handler answer.
    fn end(&self, request: Self::Request) -> Result<(), Fault>;

    /// Releases the queue: the body that was posted, without `source`; null where nothing was.
    fn flush(&mut self) -> Result<Value, Fault>;
}

/// What is known of one context of a scenario, for each of its requests to be told.
struct Visitor {
    /// `None` where the SDK refuses the id. The middleware would give the request another one.
    told: Option<Told>,
}

impl Visitor {
    fn new(asked: &CreateContext) -> Result<Self, Fault> {
        let attributes = asked.attributes.as_ref().map(translate::attributes).transpose()?.unwrap_or_default();
        let told = Told { visitor_id: asked.visitor_id.clone(), attributes, preview: None };
        Ok(Self { told: Some(told).filter(|told| !told.visitor_id.trim().is_empty()) })
    }

    /// Notes what later requests need not, or must, be told again.
    fn note(&mut self, action: &Action, context: &Context) {
        let Some(told) = &mut self.told else { return };
        match action {
            Action::SetPreview(SetPreview { experience_id, variation_id }) => {
                let (experience_id, variation_id) = (experience_id.clone(), variation_id.clone());
                told.preview = Some(Previewed { experience_id, variation_id });
            }
            Action::StoredState | Action::VisitorSegments | Action::ConfigEntity(_) => {}
            // Report segments among the attributes are stored now. To tell them again would undo later changes.
            _ if told.preview.is_none() => {
                if let Some(stored) = context.visitor_state().segments() {
                    stored.iter().for_each(|(name, _)| drop(told.attributes.remove(name)));
                }
            }
            _ => {}
        }
    }
}

/// The outcome of each step of a scenario.
pub(super) fn run<W: Requestwise>(scenario: &Scenario) -> Result<Vec<Value>, Fault> {
    let mut session = Session { web: W::open(scenario)?, visitors: HashMap::new(), under_way: None };
    let mut outcomes = Vec::with_capacity(scenario.steps.len());
    for Step { context, action } in &scenario.steps {
        outcomes.push(match action {
            // It belongs to no visitor, and comes in between.
            Action::Flush => session.web.flush()?,
            Action::CreateContext(asked) => {
                session.end()?;
                session.visitors.insert(context, Visitor::new(asked)?);
                Value::Null
            }
            action => session.step(&scenario.id, context, action)?,
        });
    }
    session.end()?;
    Ok(outcomes)
}

struct Session<'a, W: Requestwise> {
    web: W,
    visitors: HashMap<&'a str, Visitor>,
    /// The context's name, the request, and the context.
    under_way: Option<(&'a str, W::Request, Context)>,
}

impl<'a, W: Requestwise> Session<'a, W> {
    fn step(&mut self, scenario: &str, name: &'a str, action: &Action) -> Result<Value, Fault> {
        let unknown = || Fault::Usage(format!("scenario {scenario}: {name} is used before it is created"));
        let Some(told) = self.visitors.get(name).ok_or_else(unknown)?.told.clone() else {
            return Ok(translate::nothing(action));
        };
        if self.under_way.as_ref().is_none_or(|(current, ..)| *current != name) {
            self.end()?;
            self.under_way = Some(self.begin(name, told)?);
        }
        let visitor = self.visitors.get_mut(name).ok_or_else(unknown)?;
        let (_, _, context) = self.under_way.as_ref().ok_or_else(unknown)?;
        let outcome = sync::step(context, action)?;
        visitor.note(action, context);
        Ok(outcome)
    }

    fn begin(&self, name: &'a str, told: Told) -> Result<(&'a str, W::Request, Context), Fault> {
        let (request, context) = self.web.begin(&told)?;
        if let Some(preview) = told.preview.and_then(|preview| preview.for_handler()) {
            context.set_preview(&preview);
        }
        Ok((name, request, context))
    }

    fn end(&mut self) -> Result<(), Fault> {
        match self.under_way.take() {
            Some((_, request, _)) => self.web.end(request),
            None => Ok(()),
        }
    }
}
