//! The connections of a server.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::watch;

use super::connection::{App, Served};
use super::patience::Patience;
use super::tasks::Tasks;

/// How long dropped tasks are waited for. Only one that blocks its thread takes longer.
const ABORT_GRACE: Duration = Duration::from_secs(1);

/// The open connections.
pub(super) struct Connections<S> {
    app: S,
    patience: Patience,
    tasks: Tasks,
    open: Arc<AtomicUsize>,
    stopping: watch::Sender<bool>,
}

impl<S: App> Connections<S> {
    pub(super) fn new(app: S, patience: Patience) -> Self {
        Self { app, patience, tasks: Tasks::default(), open: Arc::default(), stopping: watch::Sender::new(false) }
    }

    /// Serves a connection. (Not `&self`: an app need not be `Sync`.)
    pub(super) fn accept(&mut self, stream: TcpStream) {
        let open = Open::new(&self.open);
        let (tasks, stopping, patience) = (self.tasks.clone(), self.stopping.subscribe(), self.patience);
        let served = self.app.clone().serve(stream, Served { tasks, stopping, patience });
        self.tasks.spawn(async move {
            served.await;
            drop(open);
        });
    }

    /// Lets requests under way finish, until `overdue` is done, and drops what is left. Answers with how many connections
    /// that were.
    pub(super) async fn drain(self, overdue: impl Future<Output = ()>) -> usize {
        self.stopping.send_replace(true);
        tokio::select! {
            () = self.tasks.all_ended() => return 0,
            () = overdue => {}
        }
        let dropped = self.open.load(Ordering::Relaxed);
        self.tasks.abort();
        let _ = tokio::time::timeout(ABORT_GRACE, self.tasks.all_ended()).await;
        dropped
    }
}

/// Each connection holds the set that it is in, so that the set never goes by itself.
impl<S> Drop for Connections<S> {
    fn drop(&mut self) {
        self.tasks.abort();
    }
}

/// Counts a connection for as long as it lives.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
