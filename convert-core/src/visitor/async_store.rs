//! The asynchronous port to where visitor state is kept.

use std::fmt;
use std::sync::Arc;

use crate::transport::BoxFuture;

use super::applied::Applied;
use super::key::StateKey;
use super::state::{GoalMark, StateChange, VisitorState};
use super::store::{DataStore, StoreError};

/// Keeps visitors' state behind a network. [`DataStore`] is the port for what answers at once, and
/// [`Offloaded`](crate::Offloaded) brings a store that blocks behind this one.
///
/// What is said of [`DataStore`] holds here too: [`apply`](Self::apply) and [`mark_goal`](Self::mark_goal) are atomic,
/// and a failing store never fails a decision. In addition:
///
/// * The futures are polled by whoever awaits the call of the context: on the app's own executor.
/// * A future that is dropped must leave the whole change or none of it.
/// * Waiting is the store's to limit: a call of a context waits for as long as its store does.
pub trait AsyncDataStore: fmt::Debug + Send + Sync + 'static {
    /// The visitor's state; `None` where nothing is stored. [`StoreError`] when the store cannot be read.
    fn load<'a>(&'a self, key: &'a StateKey) -> BoxFuture<'a, Result<Option<VisitorState>, StoreError>>;

    /// Takes a change into the visitor's state, and answers which of its decisions it had already, as
    /// [`VisitorState::apply`] does: those were announced before. [`StoreError`] when the store cannot be written.
    fn apply<'a>(&'a self, key: &'a StateKey, change: &'a StateChange) -> BoxFuture<'a, Result<Applied, StoreError>>;

    /// Marks a goal as reached, as [`VisitorState::mark_goal`] does; true if it was not marked before. [`StoreError`]
    /// when the store cannot be read or written.
    fn mark_goal<'a>(&'a self, key: &'a StateKey, mark: &'a GoalMark) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// A number that changes whenever the visitor's state may have changed, if that is known without waiting; see
    /// [`DataStore::version`].
    fn version(&self, key: &StateKey) -> Option<u64> {
        let _ = key;
        None
    }
}

impl<S: AsyncDataStore + ?Sized> AsyncDataStore for Arc<S> {
    fn load<'a>(&'a self, key: &'a StateKey) -> BoxFuture<'a, Result<Option<VisitorState>, StoreError>> {
        (**self).load(key)
    }

    fn apply<'a>(&'a self, key: &'a StateKey, change: &'a StateChange) -> BoxFuture<'a, Result<Applied, StoreError>> {
        (**self).apply(key, change)
    }

    fn mark_goal<'a>(&'a self, key: &'a StateKey, mark: &'a GoalMark) -> BoxFuture<'a, Result<bool, StoreError>> {
        (**self).mark_goal(key, mark)
    }

    fn version(&self, key: &StateKey) -> Option<u64> {
        (**self).version(key)
    }
}

/// The store of an asynchronous core: of either kind.
#[derive(Clone, Debug)]
pub(crate) enum AsyncStore {
    /// Called where the context is called: nothing is awaited, and nothing put on the heap for it.
    Inline(Arc<dyn DataStore>),
    Awaited(Arc<dyn AsyncDataStore>),
}

impl AsyncStore {
    pub(crate) async fn load(&self, key: &StateKey) -> Result<Option<VisitorState>, StoreError> {
        match self {
            Self::Inline(store) => store.load(key),
            Self::Awaited(store) => store.load(key).await,
        }
    }

    pub(crate) async fn apply(&self, key: &StateKey, change: &StateChange) -> Result<Applied, StoreError> {
        match self {
            Self::Inline(store) => store.apply(key, change),
            Self::Awaited(store) => store.apply(key, change).await,
        }
    }

    pub(crate) async fn mark_goal(&self, key: &StateKey, mark: &GoalMark) -> Result<bool, StoreError> {
        match self {
            Self::Inline(store) => store.mark_goal(key, mark),
            Self::Awaited(store) => store.mark_goal(key, mark).await,
        }
    }

    pub(crate) fn version(&self, key: &StateKey) -> Option<u64> {
        match self {
            Self::Inline(store) => store.version(key),
            Self::Awaited(store) => store.version(key),
        }
    }
}
