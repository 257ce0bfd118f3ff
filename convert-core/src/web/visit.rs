//! One request's visitor and contexts.

use std::sync::OnceLock;

use crate::context::{AsyncContext, Context, ContextOptions};

use super::{Cores, Visitor};

/// The visitor of one request, and the contexts that its handlers share. Nothing is evaluated, loaded or stored until a
/// context is asked something.
#[derive(Debug)]
pub struct Visit {
    visitor: Visitor,
    contexts: Contexts,
}

#[derive(Debug)]
enum Contexts {
    /// The asynchronous one is made beside it, at first need.
    Synchronous(Context, OnceLock<AsyncContext>),
    /// The visitor store must be awaited.
    Asynchronous(AsyncContext),
}

impl Visit {
    /// A visit of a visitor, whose contexts get these options. Attributes that are nested too deep are left out with a
    /// warning.
    #[must_use]
    pub fn new(visitor: Visitor, options: ContextOptions, cores: &Cores) -> Self {
        let (id, options) = (visitor.shared_id(), options.without_too_deep());
        let contexts = match cores.synchronous() {
            Some(core) => Contexts::Synchronous(core.open_context(id, options), OnceLock::new()),
            None => Contexts::Asynchronous(cores.asynchronous().open_context(id, options)),
        };
        Self { visitor, contexts }
    }

    /// Who it is.
    #[must_use]
    pub fn visitor(&self) -> &Visitor {
        &self.visitor
    }

    /// The visitor's context for synchronous code; `None` where the visitor store is one that must be awaited.
    #[must_use]
    pub fn context(&self) -> Option<Context> {
        match &self.contexts {
            Contexts::Synchronous(context, _) => Some(context.clone()),
            Contexts::Asynchronous(_) => None,
        }
    }

    /// The visitor's context for asynchronous code.
    #[must_use]
    pub fn async_context(&self) -> AsyncContext {
        match &self.contexts {
            Contexts::Synchronous(context, beside) => beside.get_or_init(|| AsyncContext::beside(context)).clone(),
            Contexts::Asynchronous(context) => context.clone(),
        }
    }
}
