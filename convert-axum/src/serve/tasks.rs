//! The tasks of a server.

use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinSet;

/// Tasks that end with the server: unlike `tokio::spawn`'s, they can be dropped.
#[derive(Clone, Default)]
pub(super) struct Tasks {
    set: Arc<Mutex<JoinSet<()>>>,
}

impl Tasks {
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut set = self.set();
        // The outcome of finished tasks is kept until somebody takes it. Panics were reported when they happened.
        while set.try_join_next().is_some() {}
        set.spawn(task);
    }

    /// Waits until every task has ended, those that start meanwhile included.
    pub(super) async fn all_ended(&self) {
        while poll_fn(|cx| self.set().poll_join_next(cx)).await.is_some() {}
    }

    /// Has every task dropped where it waits next.
    pub(super) fn abort(&self) {
        self.set().abort_all();
    }

    fn set(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For what a connection spawns: its HTTP/2 streams.
impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}
