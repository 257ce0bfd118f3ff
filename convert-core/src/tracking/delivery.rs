//! The core's handle on delivery: queue an event, flush, close, count.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use super::event::{ReleaseReason, TrackingEvent};
use super::payload;
use super::queue::{Pushed, Ticket};
use super::stats::{FlushError, FlushReport, Stats};
use crate::completion::{Completion, block_until, completion};
#[cfg(feature = "async")]
use crate::deadline::until;
use crate::events::EventBus;
use crate::transport::EndpointError;
use crate::worker::{Background, DeliveryConfig, Flush, Shared, Target, is_inside};

/// The delivery of one core. Dropped without [`close`](Self::close), it gives up what is pending, and says so.
pub(crate) struct Delivery {
    shared: Arc<Shared>,
    enabled: AtomicBool,
    closing: AtomicBool,
}

impl Delivery {
    /// A delivery whose thread starts at first need: a full batch, a flush, a fetch, a periodic release.
    pub(crate) fn new(config: DeliveryConfig, bus: Arc<EventBus>) -> Self {
        Self { shared: Shared::new(config, bus), enabled: AtomicBool::new(true), closing: AtomicBool::new(false) }
    }

    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The SDK's thread, for fetches and tasks.
    pub(crate) fn background(&self) -> Background {
        Background::new(Arc::clone(&self.shared))
    }

    /// Queues an event; never waits. Whether tracking is enabled was decided at the beginning of the call, with whatever
    /// the visitor store was told.
    #[inline]
    pub(crate) fn track(&self, event: TrackingEvent) {
        let (kind, bytes) = (event.event_type(), payload::size_bound(&event));
        let now = self.shared.config.auto_flush_interval.map(|_| self.shared.now());
        match self.shared.queue.push(event, kind, bytes, now) {
            Pushed::Quiet => {}
            Pushed::Wake => {
                if !self.shared.wake_worker() {
                    // No thread that could tell of a drop.
                    self.shared.report_drops();
                }
            }
            Pushed::Late => self.shared.report_late(),
        }
    }

    /// Says which project the events are of; to be called whenever a config is installed.
    ///
    /// # Errors
    /// When no tracking URL can be made of the ids.
    pub(crate) fn set_project(&self, account_id: &str, project_id: &str) -> Result<(), EndpointError> {
        let url = self.shared.config.endpoints.tracking_url(account_id, project_id)?;
        let known = self.shared.target();
        let same = known
            .is_some_and(|known| known.account_id == account_id && known.project_id == project_id && known.url == url);
        if !same {
            self.shared.set_target(Target { account_id: account_id.into(), project_id: project_id.into(), url });
        }
        Ok(())
    }

    /// Switches tracking. Events queued before are still delivered.
    pub(crate) fn set_tracking_enabled(&self, enabled: bool) {
        self.enabled.store(enabled, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn is_tracking_enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    /// Whether somebody closed: events count as dropped from then on.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Whether the SDK's thread is in this process, or could be: a thread does not come along when a process forks.
    #[cfg(feature = "exit-hook")]
    pub(crate) fn works_in_this_process(&self) -> bool {
        self.shared.works_in_this_process()
    }

    pub(crate) fn stats(&self) -> Stats {
        self.shared.queue.stats()
    }

    /// Sends everything that is queued now and blocks until it is settled, an attempt failed, or the time is up.
    ///
    /// # Errors
    /// When events are still pending: they stay queued.
    pub(crate) fn flush(&self, timeout: Duration) -> Result<FlushReport, FlushError> {
        self.start_flush(ReleaseReason::Explicit, timeout).wait()
    }

    /// Starts a flush; poll it or wait for it. Dropped, it goes on by itself.
    pub(crate) fn start_flush(&self, reason: ReleaseReason, timeout: Duration) -> Flushing {
        let deadline = self.shared.now().saturating_add(timeout);
        self.start(reason, deadline, false)
    }

    /// Accepts no more events, flushes, and ends the SDK's thread. What is not delivered by then counts as dropped.
    pub(crate) fn close(&self, timeout: Duration) -> FlushReport {
        self.start_close(timeout).wait()
    }

    /// Starts a close. Of several under way, the first to end ends the delivery.
    pub(crate) fn start_close(&self, timeout: Duration) -> Closing {
        let deadline = self.shared.now().saturating_add(timeout);
        self.shared.queue.close();
        self.closing.store(true, Ordering::Release);
        let flushing = self.start(ReleaseReason::Shutdown, deadline, true);
        if matches!(flushing.state, State::Settled) {
            self.shared.stop();
        }
        Closing { flushing }
    }

    fn start(&self, reason: ReleaseReason, deadline: Duration, closing: bool) -> Flushing {
        let state = match self.shared.queue.claim() {
            None => State::Settled,
            Some(ticket) => {
                let (done, result) = completion();
                let flush = Flush { ticket, reason, deadline, closing, done };
                self.shared.command(|commands| commands.flushes.push(flush));
                State::Waiting { ticket, result }
            }
        };
        Flushing { shared: Arc::clone(&self.shared), deadline, state }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        // A close that nobody waits for, as in a handler, goes on to its end.
        if self.closing.load(Ordering::Acquire) {
            self.shared.report_all_late();
            return;
        }
        let lost = self.shared.give_up();
        if lost.total() > 0 {
            tracing::warn!(
                target: "convert", bucketing = lost.bucketing, conversions = lost.conversions,
                "the core was dropped with {} undelivered tracking events; call close first", lost.total()
            );
        }
    }
}

enum State {
    /// There was nothing to deliver.
    Settled,
    Waiting {
        ticket: Ticket,
        result: Completion<Result<FlushReport, FlushError>>,
    },
}

/// A flush under way: a future that the SDK's thread ends at the deadline, if nothing holds it up. [`wait`](Self::wait), for
/// threads, and [`ended`](Self::ended) end in any case.
#[must_use]
pub(crate) struct Flushing {
    shared: Arc<Shared>,
    deadline: Duration,
    state: State,
}

impl Flushing {
    /// Blocks until the end; on the SDK's own threads it answers at once with what is pending.
    pub(crate) fn wait(mut self) -> Result<FlushReport, FlushError> {
        let State::Waiting { ticket, .. } = self.state else { return Ok(FlushReport::default()) };
        if is_inside() {
            return Ok(self.shared.queue.report(ticket));
        }
        let (shared, deadline) = (Arc::clone(&self.shared), self.deadline);
        let mut wait = |deadline| block_until(&*shared.config.clock, deadline, |cx| Pin::new(&mut self).poll(cx));
        let result = wait(deadline).or_else(|| end_flush(&shared, ticket)).or_else(|| wait(Duration::MAX));
        result.unwrap_or(Ok(FlushReport::default()))
    }

    /// The same without blocking.
    #[cfg(feature = "async")]
    pub(crate) async fn ended(mut self) -> Result<FlushReport, FlushError> {
        let State::Waiting { ticket, .. } = self.state else { return Ok(FlushReport::default()) };
        let (shared, deadline) = (Arc::clone(&self.shared), self.deadline);
        let result = until(&shared.config.clock, deadline, &mut self).await;
        match result.or_else(|| end_flush(&shared, ticket)) {
            Some(result) => result,
            None => self.await,
        }
    }
}

/// Ends a flush at its deadline, from outside of the SDK's thread, which may be held up in a handler. `None` where that
/// thread has just ended it, and is about to say how.
fn end_flush(shared: &Shared, ticket: Ticket) -> Option<Result<FlushReport, FlushError>> {
    let report = shared.queue.end_claim(ticket)?;
    Some(if report.is_complete() { Ok(report) } else { Err(FlushError::TimedOut { report }) })
}

impl Future for Flushing {
    type Output = Result<FlushReport, FlushError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let State::Waiting { ticket, result } = &mut self.state else {
            return Poll::Ready(Ok(FlushReport::default()));
        };
        let ticket = *ticket;
        Pin::new(result).poll(cx).map(|result| {
            result.unwrap_or_else(|| {
                let report = self.shared.queue.end_claim(ticket).unwrap_or_default();
                if report.is_complete() { Ok(report) } else { Err(FlushError::Unavailable { report }) }
            })
        })
    }
}

/// A close under way, as [`Flushing`] is a flush.
#[must_use]
pub(crate) struct Closing {
    flushing: Flushing,
}

impl Closing {
    /// Blocks until the end; on the SDK's own threads it answers at once with what is pending.
    pub(crate) fn wait(mut self) -> FlushReport {
        let State::Waiting { ticket, .. } = self.flushing.state else { return FlushReport::default() };
        if is_inside() {
            return self.flushing.shared.queue.report(ticket);
        }
        let (shared, deadline) = (Arc::clone(&self.flushing.shared), self.flushing.deadline);
        let mut wait = |deadline| block_until(&*shared.config.clock, deadline, |cx| Pin::new(&mut self).poll(cx));
        wait(deadline).or_else(|| end_close(&shared, ticket)).or_else(|| wait(Duration::MAX)).unwrap_or_default()
    }

    /// The same without blocking.
    #[cfg(feature = "async")]
    pub(crate) async fn ended(mut self) -> FlushReport {
        let State::Waiting { ticket, .. } = self.flushing.state else { return FlushReport::default() };
        let (shared, deadline) = (Arc::clone(&self.flushing.shared), self.flushing.deadline);
        let report = until(&shared.config.clock, deadline, &mut self).await;
        match report.or_else(|| end_close(&shared, ticket)) {
            Some(report) => report,
            None => self.await,
        }
    }
}

/// Ends a close at its deadline as [`end_flush`] does: what is left is given up.
fn end_close(shared: &Shared, ticket: Ticket) -> Option<FlushReport> {
    shared.give_up();
    shared.queue.end_claim(ticket)
}

impl Future for Closing {
    type Output = FlushReport;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.flushing).poll(cx).map(|result| {
            result.unwrap_or_else(|error| {
                // No thread will deliver the rest.
                self.flushing.shared.give_up();
                let report = error.report();
                FlushReport { dropped: report.dropped.saturating_add(report.pending), pending: 0, ..report }
            })
        })
    }
}
