//! A core for both kinds of code.

use crate::{AsyncCore, Core};

/// One core, as asynchronous and as synchronous code see it: what a middleware is given.
///
/// Made from a [`Core`] or from an [`AsyncCore`].
#[derive(Clone, Debug)]
pub struct Cores {
    asynchronous: AsyncCore,
    synchronous: Option<Core>,
}

impl Cores {
    /// The core for asynchronous code.
    #[must_use]
    pub fn asynchronous(&self) -> &AsyncCore {
        &self.asynchronous
    }

    /// The core for synchronous code; `None` where the visitor store is one that must be awaited.
    #[must_use]
    pub fn synchronous(&self) -> Option<&Core> {
        self.synchronous.as_ref()
    }
}

impl From<Core> for Cores {
    fn from(core: Core) -> Self {
        Self { asynchronous: AsyncCore::from(core.clone()), synchronous: Some(core) }
    }
}

impl From<AsyncCore> for Cores {
    fn from(core: AsyncCore) -> Self {
        Self { synchronous: core.to_sync(), asynchronous: core }
    }
}

impl From<&Core> for Cores {
    fn from(core: &Core) -> Self {
        core.clone().into()
    }
}

impl From<&AsyncCore> for Cores {
    fn from(core: &AsyncCore) -> Self {
        core.clone().into()
    }
}
