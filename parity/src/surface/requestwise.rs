//! The run of a scenario on a web crate: each run of consecutive steps of one context is one request.

use std::collections::HashMap;

use convert_core::{Attributes, Context, Preview};
use serde_json::Value;

use super::{sync, translate};
use crate::fault::Fault;
use crate::scenario::{Action, CreateContext, Scenario, Step};

/// A web crate's server, and a client that knows its visitors.
pub(super) trait Requestwise: Sized {
    /// A request under way: its handler has the context, and waits to be let go.
    type Request;

    /// Sets the SDK of a scenario up, and the middleware around it.
    fn open(scenario: &Scenario) -> Result<Self, Fault>;

    /// Sends a request that is told this, and answers when its handler has extracted the visitor's context.
    fn begin(&self, told: Told) -> Result<(Self::Request, Context), Fault>;

    /// Has the handler answer.
    fn end(&self, request: Self::Request) -> Result<(), Fault>;

    /// Releases the queue: the body that was posted, without `source`; null where nothing was.
    fn flush(&mut self) -> Result<Value, Fault>;
}

/// What the functions of the app say of a request.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) visitor_id: String,
    pub(super) attributes: Attributes,
}

/// What is known of one context of a scenario, for each of its requests to be told.
struct Visitor {
    /// `None` where the SDK refuses the id. The middleware would give the request another one.
    told: Option<Told>,
    preview: Option<Preview>,
}

impl Visitor {
    fn new(asked: &CreateContext) -> Result<Self, Fault> {
        let attributes = asked.attributes.as_ref().map(translate::attributes).transpose()?.unwrap_or_default();
        let told = Told { visitor_id: asked.visitor_id.clone(), attributes };
        Ok(Self { told: Some(told).filter(|told| !told.visitor_id.trim().is_empty()), preview: None })
    }

    /// Notes what later requests need not, or must, be told again.
    fn note(&mut self, action: &Action, context: &Context) {
        match action {
            Action::SetPreview(asked) => self.preview = Some(translate::preview(asked)),
            Action::StoredState | Action::VisitorSegments | Action::ConfigEntity(_) => {}
            // Report segments among the attributes are stored now. To tell them again would undo later changes.
            _ if self.preview.is_none() => {
                let state = context.visitor_state();
                if let (Some(told), Some(stored)) = (&mut self.told, state.segments()) {
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
        let (request, context) = self.web.begin(told)?;
        if let Some(preview) = self.visitors.get(name).and_then(|visitor| visitor.preview.as_ref()) {
            context.set_preview(preview);
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
