//! The run of a scenario on a web crate: each run of consecutive steps of one context is one request, and a preview that a
//! link can carry begins the next.

use std::collections::HashMap;
use std::marker::PhantomData;

use convert_core::web::Cores;
use serde_json::Value;

use super::stepwise::Stepwise;
use super::told::{Requests, Told};
use super::{Surface, translate};
use crate::fault::Fault;
use crate::scenario::{Action, CreateContext, Scenario, Step};

/// One of the SDK's two kinds, as a web crate is given it.
pub(super) trait Face: Stepwise {
    /// What the middleware is made of.
    fn cores(&self) -> Cores;
}

/// A web crate's server, and a client that knows its visitors.
pub(super) trait Requestwise: Sized {
    /// The kind of SDK, and with it that of the contexts that the handler extracts.
    type Sdk: Face;

    /// A request under way: its handler has the context, and waits to be let go.
    type Request;

    /// The middleware around a scenario's SDK.
    fn open(sdk: &Self::Sdk) -> Result<Self, Fault>;

    /// Sends a request that is told this, and answers when its handler has extracted the visitor's context.
    fn begin(&self, told: &Told) -> Result<(Self::Request, ContextOf<Self>), Fault>;

    /// Has the handler answer.
    fn end(&self, request: Self::Request) -> Result<(), Fault>;
}

/// What the handler of a web crate extracts.
pub(super) type ContextOf<W> = <<W as Requestwise>::Sdk as Stepwise>::Context;

/// What each request of a context is told; `None` where the SDK refuses the id, which the middleware would replace.
fn first_told(asked: &CreateContext) -> Result<Option<Told>, Fault> {
    let attributes = asked.attributes.as_ref().map(translate::attributes).transpose()?.unwrap_or_default();
    let told = Told { visitor_id: asked.visitor_id.clone(), attributes, preview: None };
    Ok(Some(told).filter(|told| !told.visitor_id.trim().is_empty()))
}

impl Told {
    /// Leaves the report segments that are stored out of later requests: a scenario says them once, and to tell them again
    /// would undo what its later steps set.
    fn leave_out(&mut self, stored: &Value) {
        let segments = stored.get("segments").and_then(Value::as_object);
        segments.into_iter().flatten().for_each(|(name, _)| drop(self.attributes.remove(name)));
    }
}

/// Runs scenarios on a web crate, and counts the requests.
pub(super) struct OnRequests<W> {
    requests: Requests,
    web: PhantomData<W>,
}

impl<W> OnRequests<W> {
    pub(super) fn new() -> Self {
        Self { requests: Requests::default(), web: PhantomData }
    }
}

impl<W: Requestwise> Surface for OnRequests<W> {
    fn run(&mut self, scenario: &Scenario) -> Result<Vec<Value>, Fault> {
        run::<W>(scenario, &mut self.requests)
    }

    fn requests(&self) -> Option<Requests> {
        Some(self.requests)
    }
}

/// The outcome of each step of a scenario.
fn run<W: Requestwise>(scenario: &Scenario, requests: &mut Requests) -> Result<Vec<Value>, Fault> {
    let sdk = W::Sdk::open(scenario)?;
    let web = W::open(&sdk)?;
    let mut session = Session { sdk, web, requests, visitors: HashMap::new(), under_way: None };
    let mut outcomes = Vec::with_capacity(scenario.steps.len());
    for Step { context, action } in &scenario.steps {
        outcomes.push(match action {
            // It belongs to no visitor, and comes in between.
            Action::Flush => session.sdk.flush()?,
            Action::CreateContext(asked) => {
                session.end()?;
                session.visitors.insert(context, first_told(asked)?);
                Value::Null
            }
            action => session.step(&scenario.id, context, action)?,
        });
    }
    session.end()?;
    Ok(outcomes)
}

struct Session<'a, W: Requestwise> {
    sdk: W::Sdk,
    web: W,
    requests: &'a mut Requests,
    visitors: HashMap<&'a str, Option<Told>>,
    under_way: Option<UnderWay<'a, W>>,
}

struct UnderWay<'a, W: Requestwise> {
    /// The context's name in the scenario.
    name: &'a str,
    request: W::Request,
    context: ContextOf<W>,
}

impl<'a, W: Requestwise> Session<'a, W> {
    fn step(&mut self, scenario: &str, name: &'a str, action: &Action) -> Result<Value, Fault> {
        let unknown = || Fault::Usage(format!("scenario {scenario}: {name} is used before it is created"));
        let Some(told) = self.visitors.get_mut(name).ok_or_else(unknown)? else {
            return Ok(translate::nothing(action));
        };
        if let Action::SetPreview(asked) = action {
            told.preview = Some(asked.clone());
            if told.has_link() {
                self.end()?;
                return Ok(Value::Null);
            }
        }
        let told = told.clone();
        if self.under_way.as_ref().is_none_or(|current| current.name != name) {
            self.end()?;
            self.under_way = Some(self.begin(name, &told)?);
        }
        let UnderWay { context, .. } = self.under_way.as_ref().ok_or_else(unknown)?;
        let outcome = self.sdk.step(context, action)?;
        let is_read = matches!(action, Action::StoredState | Action::VisitorSegments | Action::ConfigEntity(_));
        // A context with a preview stores nothing.
        if !is_read && told.preview.is_none() {
            let stored = self.sdk.step(context, &Action::StoredState)?;
            self.visitors.get_mut(name).into_iter().flatten().for_each(|told| told.leave_out(&stored));
        }
        Ok(outcome)
    }

    fn begin(&mut self, name: &'a str, told: &Told) -> Result<UnderWay<'a, W>, Fault> {
        let (request, context) = self.web.begin(told)?;
        self.requests.count(told);
        if let Some(preview) = told.preview.as_ref().filter(|_| !told.has_link()) {
            self.sdk.step(&context, &Action::SetPreview(preview.clone()))?;
        }
        Ok(UnderWay { name, request, context })
    }

    fn end(&mut self) -> Result<(), Fault> {
        match self.under_way.take() {
            Some(UnderWay { request, .. }) => self.web.end(request),
            None => Ok(()),
        }
    }
}
