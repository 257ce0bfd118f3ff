//! The one path on which events leave, whatever released them.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::flight::{Answer, Flight};
use super::machine::{Action, Input, Machine, Outcome, Settings};
use super::shared::{Flush, Shared, Target};
use crate::chain::Chain;
use crate::events::Event;
use crate::tracking::payload::{self, Envelope};
use crate::tracking::{DeliveryError, Entry, Fate, FlushError, ReleaseReason, TrackingEvent};
use crate::transport::host_of;

/// Bytes per request at most, except for an event that is larger alone.
const MAX_BYTES: usize = 500_000;

/// What a close leaves its last try for the answer.
const LAST_TRY: Duration = Duration::from_secs(1);
/// The least pause between a failure and the last try.
const LAST_PAUSE: Duration = Duration::from_millis(250);

/// Carries out what the machine decides.
pub(super) struct Releases {
    machine: Machine,
    /// The batch of the request in flight.
    batch: Vec<Entry<TrackingEvent>>,
    flight: Option<Flight>,
    reason: ReleaseReason,
    visitors: usize,
    flushes: Vec<Flush>,
    last_try: LastTry,
    closed: bool,
}

/// A close whose next regular try would come too late makes one more before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LastTry {
    NotNeeded,
    At(Duration),
    Made,
}

impl Releases {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            machine: Machine::new(settings),
            batch: Vec::new(),
            flight: None,
            reason: ReleaseReason::Size,
            visitors: 0,
            flushes: Vec::new(),
            last_try: LastTry::NotNeeded,
            closed: false,
        }
    }

    pub(super) fn flush(&mut self, now: Duration, flush: Flush) {
        self.machine.next(now, Input::Flush { ticket: flush.ticket, reason: flush.reason });
        self.flushes.push(flush);
    }

    /// One step: sends, or takes an answer. True when there may be more to do.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, shared: &Shared, now: Duration) -> bool {
        let more = match &mut self.flight {
            Some(flight) => match flight.poll(cx, now, &shared.agenda) {
                Poll::Ready(answer) => {
                    self.flight = None;
                    self.ended(shared, now, answer);
                    true
                }
                Poll::Pending => false,
            },
            None => self.release(shared, now),
        };
        self.resolve(shared, now);
        more
    }

    /// Whether a close has got what it can get.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    fn release(&mut self, shared: &Shared, now: Duration) -> bool {
        // Events come of a config, and with the config comes the target.
        let Some(target) = shared.target() else { return false };
        self.try_last(shared, now);
        match self.machine.next(now, Input::Idle(shared.queue.view())) {
            Action::Send { reason, max_events } => {
                self.reason = reason;
                self.send(shared, now, &target, max_events);
                true
            }
            Action::Wait { until, wake_at } => {
                if let Some(until) = until {
                    shared.agenda.note(until);
                }
                !shared.queue.arm(wake_at)
            }
            Action::Nothing | Action::Settle { .. } => false,
        }
    }

    fn send(&mut self, shared: &Shared, now: Duration, target: &Target, max_events: usize) {
        let config = &shared.config;
        let envelope = Envelope {
            enrich_data: config.enrich_data,
            account_id: &target.account_id,
            project_id: &target.project_id,
            source: &config.source,
        };
        let room = MAX_BYTES.saturating_sub(envelope.size_bound());
        shared.queue.take(max_events, room, &mut self.batch);
        if self.batch.is_empty() {
            return;
        }
        let body = payload::write(&envelope, self.batch.iter().map(|entry| &entry.event));
        self.visitors = body.visitors;
        let request = config.endpoints.tracking_request(target.url.clone(), body.bytes);
        tracing::debug!(
            target: "convert", events = self.batch.len(), visitors = self.visitors, reason = %self.reason,
            "sending tracking events"
        );
        self.flight = Some(Flight::start(&*config.transport, request, now));
    }

    fn ended(&mut self, shared: &Shared, now: Duration, answer: Answer) {
        let outcome = match &answer {
            Ok(response) => Outcome::Answered {
                status: response.status(),
                retry_after: response.retry_after(shared.config.clock.unix_time()),
            },
            Err(error) if error.surely_not_sent() => Outcome::NotSent,
            Err(_) => Outcome::NoAnswer,
        };
        let result = match answer {
            Ok(response) if response.is_success() => Ok(response.status()),
            Ok(response) => Err(DeliveryError::Status { status: response.status() }),
            Err(source) => Err(DeliveryError::Transport { source }),
        };
        let events = self.batch.len();
        let draw = shared.config.jitter.fraction();
        let action = self.machine.next(now, Input::Ended { outcome, events, draw });
        let Action::Settle { fate, ambiguous, failed_flushes } = action else { return };
        shared.queue.settle(&mut self.batch, fate, ambiguous);

        if let Ok(status) = &result {
            tracing::debug!(target: "convert", events, status, "tracking events delivered");
        }
        if let Err(error) = &result {
            let host = shared.target().map(|target| Arc::clone(&target.url));
            let host = host.as_deref().map(host_of).unwrap_or_default();
            let then = if fate == Fate::Return { "they stay queued" } else { "they are dropped" };
            tracing::warn!(target: "convert", events, "tracking events not delivered to {host}: {}; {then}", Chain(error));
        }
        let (reason, visitors) = (self.reason, self.visitors);
        let told = result.clone();
        shared.bus.emit(move || Event::QueueReleased { reason, visitors, events, result: told });
        shared.report_drops();
        if let Err(error) = result {
            if let Some(id) = failed_flushes {
                self.fail(shared, id, &error);
            }
            self.plan_last_try(now);
        }
    }

    fn first_close(&self) -> Option<&Flush> {
        self.flushes.iter().filter(|flush| flush.closing).min_by_key(|flush| flush.deadline)
    }

    /// After a failure: a close whose deadline comes before the next try makes a last one, unless it has, or the endpoint
    /// asked to be spared for longer, or no time is left. Then it ends.
    fn plan_last_try(&mut self, now: Duration) {
        let Some(deadline) = self.first_close().map(|close| close.deadline) else { return };
        if self.machine.held_until().is_none_or(|next| next < deadline) {
            return;
        }
        let earliest = now.saturating_add(LAST_PAUSE).max(self.machine.spared_until().unwrap_or_default());
        if self.last_try == LastTry::Made || earliest >= deadline {
            self.closed = true;
        } else {
            self.last_try = LastTry::At(deadline.saturating_sub(LAST_TRY).max(earliest));
        }
    }

    /// Has the last try made once it is time.
    fn try_last(&mut self, shared: &Shared, now: Duration) {
        let LastTry::At(time) = self.last_try else { return };
        if now < time {
            shared.agenda.note(time);
        } else if let Some((ticket, reason)) = self.first_close().map(|close| (close.ticket, close.reason)) {
            self.last_try = LastTry::Made;
            self.machine.next(now, Input::Flush { ticket, reason });
        }
    }

    /// Ends the flushes that the attempt was made for.
    fn fail(&mut self, shared: &Shared, id: u64, error: &DeliveryError) {
        for flush in std::mem::take(&mut self.flushes) {
            if flush.ticket.id > id {
                self.flushes.push(flush);
            } else if flush.closing {
                // It has until its deadline: what failed is tried again.
                self.flushes.push(flush);
            } else {
                let report = shared.queue.end_claim(flush.ticket).unwrap_or_default();
                let failed = FlushError::Failed { report, source: error.clone() };
                flush.done.complete(if report.is_complete() { Ok(report) } else { Err(failed) });
            }
        }
    }

    /// Ends the flushes that have nothing more to wait for, or no more time.
    fn resolve(&mut self, shared: &Shared, now: Duration) {
        for flush in std::mem::take(&mut self.flushes) {
            let complete = shared.queue.report(flush.ticket).is_complete();
            if !complete && now < flush.deadline {
                shared.agenda.note(flush.deadline);
                self.flushes.push(flush);
            } else if flush.closing {
                self.closed = true;
                self.flushes.push(flush);
            } else {
                let report = shared.queue.end_claim(flush.ticket).unwrap_or_default();
                flush.done.complete(if complete { Ok(report) } else { Err(FlushError::TimedOut { report }) });
            }
        }
    }

    /// Everything is accounted for: lets every flush know.
    pub(super) fn end(&mut self, shared: &Shared) {
        self.flight = None;
        self.batch.clear();
        for flush in self.flushes.drain(..) {
            let report = shared.queue.end_claim(flush.ticket).unwrap_or_default();
            flush.done.complete(Ok(report));
        }
    }

    /// The worker is dropped early: a request under way may have been sent.
    pub(super) fn put_back(&mut self, shared: &Shared) {
        if !self.batch.is_empty() {
            shared.queue.settle(&mut self.batch, Fate::Return, self.flight.is_some());
        }
    }
}
