//! A server's life: what ends it, how long its requests may take then, and the last delivery.

mod report;
mod trigger;

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use self::trigger::Trigger;
use super::Cores;
use crate::{FlushReport, Stats};

pub use self::report::RunReport;

/// Together they fit into the 30 seconds that Kubernetes gives a pod.
const DRAIN_DEADLINE: Duration = Duration::from_secs(20);
const FLUSH_DEADLINE: Duration = Duration::from_secs(5);

/// The life of a server, for the helpers of the web crates: when it stops, how long its requests may take then, and the
/// last delivery. Needs tokio around it, with its timer.
///
/// ```
/// use std::time::Duration;
/// use convert_core::Core;
/// use convert_core::web::Lifespan;
///
/// # let config = r#"{"account_id": "1", "project": {"id": "2"}}"#;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let (stop, stopped) = tokio::sync::oneshot::channel();
/// let server = async { stopped.await.is_ok() };
/// let lifespan = Lifespan::new(Core::from_json(config).unwrap())
///     .shutdown_signal(async {}) // by default Ctrl-C or SIGTERM
///     .drain_deadline(Duration::from_secs(10));
/// let report = lifespan.run(server, || drop(stop.send(()))).await;
/// assert_eq!(report.to_string(), "stopped; last events: 0 delivered, 0 dropped, 0 pending");
/// # });
/// ```
///
/// One that is dropped in the middle of its run has what is queued sent, without waiting for it.
#[must_use]
pub struct Lifespan {
    cores: Cores,
    trigger: Trigger,
    drain_deadline: Duration,
    flush_deadline: Duration,
    under_way: bool,
}

impl Lifespan {
    /// The life of a server that ends at Ctrl-C or SIGTERM.
    pub fn new(core: impl Into<Cores>) -> Self {
        Self {
            cores: core.into(),
            trigger: Trigger::Signals(None),
            drain_deadline: DRAIN_DEADLINE,
            flush_deadline: FLUSH_DEADLINE,
            under_way: false,
        }
    }

    /// It ends when this future is done, instead of at Ctrl-C or SIGTERM. Nobody listens to a second signal then: what ends the
    /// wait is the drain deadline.
    pub fn shutdown_signal(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.trigger = Trigger::Own(Some(Box::pin(signal)));
        self
    }

    /// How long requests may take to finish, counted from the signal; 20 seconds by default.
    pub fn drain_deadline(mut self, deadline: Duration) -> Self {
        self.drain_deadline = deadline;
        self
    }

    /// How long the last delivery may take, counted from when the server has ended; 5 seconds by default.
    pub fn flush_deadline(mut self, deadline: Duration) -> Self {
        self.flush_deadline = deadline;
        self
    }

    /// How long requests may take to finish, as it was told.
    #[doc(hidden)]
    #[must_use]
    pub fn drains_within(&self) -> Duration {
        self.drain_deadline
    }

    /// Runs a server until it ends, and then delivers what is queued. At the signal `stop` tells it to end; where it has
    /// not at the drain deadline, or at a second signal, it is dropped.
    pub async fn run<S: Future>(mut self, server: S, stop: impl FnOnce()) -> RunReport<S::Output> {
        let output = self.until_ended(server, stop).await;
        let (flush, stats) = self.close().await;
        RunReport { output, flush, stats }
    }

    async fn until_ended<S: Future>(&mut self, server: S, stop: impl FnOnce()) -> Option<S::Output> {
        let mut server = pin!(server);
        tokio::select! {
            // Listens before the server serves.
            biased;
            () = self.signalled() => {}
            output = &mut server => return Some(output),
        }
        stop();
        tokio::select! {
            output = &mut server => Some(output),
            () = self.overdue() => None,
        }
    }

    /// Waits for the signal. From now on the life is under way. For the web crates: first this, once, then
    /// [`overdue`](Self::overdue), then [`close`](Self::close).
    #[doc(hidden)]
    pub async fn signalled(&mut self) {
        self.under_way = true;
        self.trigger.fired().await;
    }

    /// Waits for the end of patience, from the signal on: the drain deadline, or the second signal of whoever does not want
    /// to wait.
    #[doc(hidden)]
    pub async fn overdue(&mut self) {
        tokio::select! {
            () = self.trigger.hurried() => {}
            () = tokio::time::sleep(self.drain_deadline) => {}
        }
    }

    /// Delivers what is queued, until the flush deadline, and closes the core. Answers with what became of that, and of
    /// every event since the core was made.
    #[doc(hidden)]
    pub async fn close(mut self) -> (FlushReport, Stats) {
        self.under_way = false;
        let core = self.cores.asynchronous();
        let flush = core.close(self.flush_deadline).await;
        (flush, core.stats())
    }
}

impl Drop for Lifespan {
    fn drop(&mut self) {
        let core = self.cores.asynchronous();
        let pending = core.stats().pending.total();
        if !self.under_way || pending == 0 {
            return;
        }
        tracing::warn!(target: "convert", pending, "the server was dropped: its events are sent, but nobody waits for it");
        // One look begins a flush, which goes on by itself. To wait here could block the runtime.
        let _ = pin!(core.flush(self.flush_deadline)).poll(&mut Context::from_waker(Waker::noop()));
    }
}

impl fmt::Debug for Lifespan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifespan")
            .field("drain_deadline", &self.drain_deadline)
            .field("flush_deadline", &self.flush_deadline)
            .finish_non_exhaustive()
    }
}
