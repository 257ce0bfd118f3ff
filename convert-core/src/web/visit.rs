//! One request's visitor and contexts.

use std::sync::OnceLock;

use crate::context::{AsyncContext, Context, ContextOptions};

use super::{Cores, Visitor};

/// The visitor of one request, and the contexts that its handlers share. Nothing is evaluated, loaded or stored until a
/// context is asked something.
#[derive(Debug)]
pub struct Visit {
    visitor: Visitor,
    options: ContextOptions,
    synchronous: OnceLock<Context>,
    asynchronous: OnceLock<AsyncContext>,
}

impl Visit {
    /// A visit of a visitor, whose contexts get these options. Attributes that are nested too deep are left out with a
    /// warning.
    #[must_use]
    pub fn new(visitor: Visitor, options: ContextOptions) -> Self {
        let options = options.without_too_deep();
        Self { visitor, options, synchronous: OnceLock::new(), asynchronous: OnceLock::new() }
    }

    /// Who it is.
    #[must_use]
    pub fn visitor(&self) -> &Visitor {
        &self.visitor
    }

    /// The visitor's context for synchronous code; `None` where the visitor store is one that must be awaited.
    #[must_use]
    pub fn context(&self, cores: &Cores) -> Option<Context> {
        let core = cores.synchronous()?;
        let context = || core.open_context(self.visitor.shared_id(), self.options.clone());
        Some(self.synchronous.get_or_init(context).clone())
    }

    /// The visitor's context for asynchronous code.
    #[must_use]
    pub fn async_context(&self, cores: &Cores) -> AsyncContext {
        let context = || cores.asynchronous().open_context(self.visitor.shared_id(), self.options.clone());
        self.asynchronous.get_or_init(context).clone()
    }
}
