//! A visitor store that fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use convert_core::{Applied, DataStore, GoalMark, StateChange, StateKey, StoreError, VisitorState};

/// Counts what is asked of it, and fails at everything.
#[derive(Clone, Debug, Default)]
pub struct Failing(Arc<AtomicUsize>);

impl Failing {
    /// How often it was asked for something.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn fail<T>(&self) -> Result<T, StoreError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(StoreError::new("the disk is gone"))
    }
}

impl DataStore for Failing {
    fn load(&self, _: &StateKey) -> Result<Option<VisitorState>, StoreError> {
        self.fail()
    }

    fn apply(&self, _: &StateKey, _: &StateChange) -> Result<Applied, StoreError> {
        self.fail()
    }

    fn mark_goal(&self, _: &StateKey, _: &GoalMark) -> Result<bool, StoreError> {
        self.fail()
    }
}
