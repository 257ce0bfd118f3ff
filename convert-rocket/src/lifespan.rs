//! The end of an app's life: requests under way, then the last delivery.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use convert_core::Stats;
use rocket::config::Shutdown as Grace;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

use crate::shared::Shared;

/// How long after the last request another one may be on its way over a connection that is open.
const QUIET: Duration = Duration::from_millis(50);

/// How long before Rocket's grace ends, at most, requests are not waited for any more.
const MARGIN: Duration = Duration::from_millis(500);

/// Counts the requests under way. A guard in each request does it: no callback of a fairing hears of a client that left.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    begun: AtomicU64,
    ended: AtomicU64,
    stopping: AtomicBool,
    some_ended: Notify,
}

/// One request, for as long as it lives.
pub(crate) struct UnderWay(Arc<Shared>);

impl UnderWay {
    pub(crate) fn begin(shared: &Arc<Shared>) -> Self {
        shared.traffic.begun.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(shared))
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let traffic = &self.0.traffic;
        traffic.ended.fetch_add(1, Ordering::SeqCst);
        if traffic.stopping.load(Ordering::SeqCst) {
            traffic.some_ended.notify_one();
        }
    }
}

impl Traffic {
    /// Whether the app was told to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// How many requests have begun, if none of them is under way.
    fn idle_after(&self) -> Option<u64> {
        let ended = self.ended.load(Ordering::SeqCst);
        (self.begun.load(Ordering::SeqCst) == ended).then_some(ended)
    }

    /// Waits until no request is under way, and none has come for a moment, or until the deadline.
    async fn ended(&self, deadline: Instant) {
        let quiet = async {
            loop {
                let Some(before) = self.idle_after() else {
                    self.some_ended.notified().await;
                    continue;
                };
                sleep(QUIET).await;
                if self.idle_after() == Some(before) {
                    return;
                }
            }
        };
        // Past the deadline Rocket ends the requests that are left.
        let _ = timeout_at(deadline, quiet).await;
    }
}

impl Shared {
    /// Waits for requests under way, delivers what is queued, and ends the SDK's work.
    pub(crate) async fn end(&self, grace: &Grace) {
        let begun = Instant::now();
        self.traffic.stopping.store(true, Ordering::SeqCst);
        let grace = Duration::from_secs(grace.grace.into());
        let waited = begun + (grace - MARGIN.min(grace / 4));
        self.traffic.ended(waited).await;
        let core = self.cores.asynchronous();
        let before = core.stats();
        let waited_for = Instant::now();
        let left = || self.flush_deadline.saturating_sub(waited_for.elapsed());
        loop {
            let before = self.traffic.begun.load(Ordering::SeqCst);
            // Not closed yet: requests that come over open connections meanwhile may track.
            let flushed = core.flush(left()).await;
            if let Err(error) = flushed {
                tracing::debug!(target: "convert", %error, "closing tries again");
            }
            if self.traffic.begun.load(Ordering::SeqCst) == before || Instant::now() >= waited {
                break;
            }
            self.traffic.ended(waited).await;
        }
        core.close(left()).await;
        self.tell(&before);
    }

    /// Delivers what a launch left, where there was no orderly end or something was tracked after it.
    pub(crate) async fn close(&self) {
        let core = self.cores.asynchronous();
        let before = core.stats();
        core.close(self.flush_deadline).await;
        if core.stats() != before {
            self.tell(&before);
        }
    }

    /// Tells what became of the last events. Rocket's log shows warnings only, in release builds: a loss is one.
    fn tell(&self, before: &Stats) {
        let now = self.cores.asynchronous().stats();
        let delivered = now.delivered.total() - before.delivered.total();
        let dropped = now.dropped.total() - before.dropped.total();
        let pending = now.pending.total();
        if dropped > 0 || pending > 0 {
            tracing::warn!(target: "convert", "Convert: last events: {delivered} delivered, {dropped} dropped, {pending} pending");
        } else {
            tracing::info!(target: "convert", "Convert: last events: {delivered} delivered, none lost");
        }
    }
}
