//! The port to where visitor state is kept.

use std::fmt;
use std::sync::Arc;

use super::applied::Applied;
use super::key::StateKey;
use super::state::{GoalMark, StateChange, VisitorState};

/// Keeps visitors' state. Called on the caller's own thread, so an implementation should answer in well under a
/// millisecond; a store behind a network belongs behind the asynchronous port.
///
/// `apply` and `mark_goal` must be atomic: two calls for one visitor at the same time, from any process that shares
/// the store, must end as if one had come after the other. A failing store never fails a decision: the SDK goes on
/// with what it has and reports the failure.
pub trait DataStore: fmt::Debug + Send + Sync + 'static {
    /// The visitor's state; `None` where nothing is stored.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    fn load(&self, key: &StateKey) -> Result<Option<VisitorState>, StoreError>;

    /// Takes a change into the visitor's state, and answers which of its decisions it had already, as
    /// [`VisitorState::apply`] does: those were announced before.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be written.
    fn apply(&self, key: &StateKey, change: &StateChange) -> Result<Applied, StoreError>;

    /// Marks a goal as reached, as [`VisitorState::mark_goal`] does; true if it was not marked before.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read or written.
    fn mark_goal(&self, key: &StateKey, mark: &GoalMark) -> Result<bool, StoreError>;

    /// A number that changes whenever the visitor's state may have changed, if that is known without a load.
    ///
    /// Where a store knows it, a context keeps the state that it has loaded for as long as the number stays. The
    /// default is `None`: every call loads.
    fn version(&self, key: &StateKey) -> Option<u64> {
        let _ = key;
        None
    }
}

impl<S: DataStore + ?Sized> DataStore for Arc<S> {
    fn load(&self, key: &StateKey) -> Result<Option<VisitorState>, StoreError> {
        (**self).load(key)
    }

    fn apply(&self, key: &StateKey, change: &StateChange) -> Result<Applied, StoreError> {
        (**self).apply(key, change)
    }

    fn mark_goal(&self, key: &StateKey, mark: &GoalMark) -> Result<bool, StoreError> {
        (**self).mark_goal(key, mark)
    }

    fn version(&self, key: &StateKey) -> Option<u64> {
        (**self).version(key)
    }
}

/// Why a store could not be read or written.
#[derive(Debug)]
pub struct StoreError {
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl StoreError {
    /// Wraps the store's own error, or a text.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { source: source.into() }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "visitor store failed: {}", self.source)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.source.as_ref())
    }
}
