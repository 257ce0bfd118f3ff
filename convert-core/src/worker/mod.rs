//! The SDK's one background thread: delivery, config and preview requests, each waiting for none of the others.

mod agenda;
mod background;
mod backoff;
mod blocking;
mod current;
mod flight;
mod lane;
mod machine;
mod notify;
mod release;
mod shared;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

pub(crate) use self::background::Background;
pub(crate) use self::blocking::Blocking;
pub(crate) use self::current::is_inside;
use self::lane::Lane;
pub use self::machine::AmbiguousPolicy;
use self::release::Releases;
pub(crate) use self::shared::{DeliveryConfig, Flush, Shared, Target};
use crate::completion::{Signal, lock};
use crate::transport::{BoxFuture, RequestKind};

/// Work in the background that takes its own time.
pub(crate) type Task = BoxFuture<'static, ()>;

/// The SDK's background work: delivery, config fetches, preview fetches.
///
/// An [`AsyncTransport`](crate::AsyncTransport) gets it in [`drive`](crate::AsyncTransport::drive), on a thread that is
/// its to use until the work ends. A transport that needs no runtime calls [`run`](Self::run); one that does polls the
/// worker inside it: [`poll`](Self::poll) whenever its waker is woken or [`wake_in`](Self::wake_in) has passed.
pub struct Worker {
    shared: Arc<Shared>,
    releases: Releases,
    config: Lane,
    preview: Lane,
    tasks: Vec<Task>,
    ended: bool,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let releases = Releases::new(shared.settings());
        Self { shared, releases, config: Lane::default(), preview: Lane::default(), tasks: Vec::new(), ended: false }
    }

    /// Works on this thread until the core is closed or dropped.
    pub fn run(mut self) {
        let signal = Arc::new(Signal::default());
        let waker = Waker::from(Arc::clone(&signal));
        let mut cx = Context::from_waker(&waker);
        while self.poll(&mut cx).is_pending() {
            signal.wait(self.wake_in());
        }
    }

    /// Does what can be done now. Ready when the work has ended and the thread may go.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let _inside = current::enter();
        while !self.ended {
            // Before looking, so that nothing comes between the look and the wait.
            self.shared.notify.listen(cx.waker());
            self.shared.config.clock.on_advance(cx.waker());
            self.shared.agenda.clear();
            let now = self.shared.now();

            let stop = self.take_commands(now);
            self.poll_fetches(cx, now);
            self.tasks.retain_mut(|task| poll_task(task, cx).is_pending());
            let more = self.releases.poll(cx, &self.shared, now);
            self.shared.report_drops();
            if stop || self.releases.is_closed() {
                self.end();
            } else if !more {
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    /// The longest time, in real time, after which [`poll`](Self::poll) is due even if nothing woke its waker; `None`
    /// is "not before the waker is woken". Valid until the next poll.
    #[must_use]
    pub fn wake_in(&self) -> Option<Duration> {
        self.shared.config.clock.real_time_until(self.shared.agenda.next()?)
    }

    /// How long a tracking request may take.
    #[cfg(feature = "reqwest")]
    pub(crate) fn request_timeout(&self) -> Duration {
        self.shared.config.endpoints.request_timeout()
    }

    fn take_commands(&mut self, now: Duration) -> bool {
        let commands = std::mem::take(&mut *lock(&self.shared.commands));
        for flush in commands.flushes {
            self.releases.flush(now, flush);
        }
        for fetch in commands.fetches {
            match fetch.request.kind() {
                RequestKind::Preview => self.preview.push(fetch),
                RequestKind::Config | RequestKind::Tracking => self.config.push(fetch),
            }
        }
        self.tasks.extend(commands.tasks);
        commands.stop
    }

    fn poll_fetches(&mut self, cx: &mut Context<'_>, now: Duration) {
        let (transport, agenda) = (&*self.shared.config.transport, &self.shared.agenda);
        self.config.poll(cx, transport, now, agenda);
        self.preview.poll(cx, transport, now, agenda);
    }

    /// Gives up what is left and lets everybody who waits know.
    fn end(&mut self) {
        self.ended = true;
        self.shared.queue.abandon();
        self.shared.report_drops();
        self.tasks.clear();
        self.config = Lane::default();
        self.preview = Lane::default();
        self.shared.worker_left(true);
        self.releases.end(&self.shared);
    }
}

/// A task that panics ends; the other work goes on.
fn poll_task(task: &mut Task, cx: &mut Context<'_>) -> Poll<()> {
    catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(cx))).unwrap_or_else(|_| {
        tracing::error!(target: "convert", "a background task panicked; the panic was contained");
        Poll::Ready(())
    })
}

/// A worker that is dropped before its end, by a transport that left [`drive`](crate::AsyncTransport::drive), loses no
/// event: the next need starts another.
impl Drop for Worker {
    fn drop(&mut self) {
        if !self.ended {
            self.releases.put_back(&self.shared);
            self.shared.worker_left(false);
        }
    }
}

#[cfg(test)]
mod tests;
