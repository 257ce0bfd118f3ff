//! When to send, and what an answer means for the batch: pure, without clock, queue or transport.

use std::time::Duration;

use super::backoff::Backoff;
use crate::tracking::{DropReason, Fate, ReleaseReason, Ticket, View};

/// Events per request at most.
pub(crate) const MAX_EVENTS: usize = 500;
/// How long a size that the endpoint refused (413) is remembered.
const SPLIT_MEMORY: Duration = Duration::from_secs(600);

/// What becomes of events whose request got no answer though it may have been sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AmbiguousPolicy {
    /// Send them again: none is lost, some may be counted twice.
    #[default]
    Retry,
    /// Give them up: none is counted twice, some may be lost.
    Drop,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) batch_size: usize,
    pub(crate) interval: Option<Duration>,
    pub(crate) policy: AmbiguousPolicy,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered {
        status: u16,
        retry_after: Option<Duration>,
    },
    NotSent,
    /// It may have been sent.
    NoAnswer,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Input {
    /// A flush wants everything before the ticket's place sent.
    Flush { ticket: Ticket, reason: ReleaseReason },
    /// The request with `events` events ended; `draw` is a fraction for the jitter.
    Ended { outcome: Outcome, events: usize, draw: f64 },
    /// Nothing is in flight: what now?
    Idle(View),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Nothing,
    /// Take a batch and send it.
    Send {
        reason: ReleaseReason,
        max_events: usize,
    },
    /// Look again at `until`, or when `wake_at` events are queued.
    Wait {
        until: Option<Duration>,
        wake_at: usize,
    },
    /// Account for the batch. An attempt that failed fails the flushes up to the ticket id it was made for.
    Settle {
        fate: Fate,
        ambiguous: bool,
        failed_flushes: Option<u64>,
    },
}

/// A flush's wish, or several merged.
#[derive(Clone, Copy, Debug)]
struct Demand {
    ticket: Ticket,
    reason: ReleaseReason,
}

impl Demand {
    fn merge(older: Option<Demand>, newer: Demand) -> Demand {
        let Some(older) = older else { return newer };
        let upto = older.ticket.upto.max(newer.ticket.upto);
        let id = older.ticket.id.max(newer.ticket.id);
        Demand { ticket: Ticket { id, upto }, reason: newer.reason }
    }
}

/// The release under way: everything before `upto` goes, in as many requests as it takes.
#[derive(Clone, Copy, Debug)]
struct Release {
    upto: u64,
    reason: ReleaseReason,
}

/// A request size that was refused.
#[derive(Clone, Copy, Debug)]
struct Split {
    events: usize,
    until: Duration,
    /// A single event turned out to be the one too large: feel the way back up.
    growing: bool,
}

#[derive(Debug)]
pub(crate) struct Machine {
    settings: Settings,
    backoff: Backoff,
    /// Releases other than explicit ones wait until then.
    held_until: Option<Duration>,
    /// Until when the endpoint asked not to be asked.
    spared_until: Option<Duration>,
    /// What no attempt was made for yet.
    wanted: Option<Demand>,
    /// What the request in flight was sent for.
    attempted: Option<Demand>,
    release: Option<Release>,
    split: Option<Split>,
}

impl Machine {
    pub(crate) fn new(settings: Settings) -> Self {
        let backoff = Backoff::default();
        Self {
            settings,
            backoff,
            held_until: None,
            spared_until: None,
            wanted: None,
            attempted: None,
            release: None,
            split: None,
        }
    }

    pub(crate) fn next(&mut self, now: Duration, input: Input) -> Action {
        match input {
            Input::Flush { ticket, reason } => {
                self.wanted = Some(Demand::merge(self.wanted, Demand { ticket, reason }));
                Action::Nothing
            }
            Input::Ended { outcome, events, draw } => self.ended(now, outcome, events, draw),
            Input::Idle(view) => self.idle(now, view),
        }
    }

    /// Until when deliveries are held back after a failure.
    pub(super) fn held_until(&self) -> Option<Duration> {
        self.held_until
    }

    /// Until when the endpoint itself asked to be left alone.
    pub(super) fn spared_until(&self) -> Option<Duration> {
        self.spared_until
    }

    fn idle(&mut self, now: Duration, view: View) -> Action {
        let batch_size = self.settings.batch_size.max(1);
        self.wanted = self.wanted.filter(|demand| view.oldest < demand.ticket.upto);
        self.release = self.release.filter(|release| view.oldest < release.upto);
        if view.queued == 0 {
            // With a periodic flush, the first event sets the time.
            let wake_at = if self.settings.interval.is_some() { 1 } else { batch_size };
            return Action::Wait { until: None, wake_at };
        }
        if let Some(demand) = self.wanted.take() {
            self.attempted = Some(demand);
            return self.send(now, Release { upto: demand.ticket.upto, reason: demand.reason });
        }
        if let Some(until) = self.held_until {
            if until > now {
                return Action::Wait { until: Some(until), wake_at: usize::MAX };
            }
            self.held_until = None;
        }
        if let Some(release) = self.release {
            return self.send(now, release);
        }
        // A queue that holds too little for a batch must not have to drop before it is emptied.
        if view.queued >= batch_size || view.half_full {
            return self.send(now, Release { upto: view.next, reason: ReleaseReason::Size });
        }
        let due = self.settings.interval.zip(view.since).map(|(interval, since)| since.saturating_add(interval));
        match due {
            Some(due) if due <= now => self.send(now, Release { upto: view.next, reason: ReleaseReason::Timeout }),
            _ => Action::Wait { until: due, wake_at: batch_size },
        }
    }

    fn send(&mut self, now: Duration, release: Release) -> Action {
        self.split = self.split.filter(|split| now < split.until);
        let upto = self.release.map_or(release.upto, |running| running.upto.max(release.upto));
        self.release = Some(Release { upto, reason: release.reason });
        let max_events = self.split.map_or(MAX_EVENTS, |split| split.events);
        Action::Send { reason: release.reason, max_events }
    }

    fn ended(&mut self, now: Duration, outcome: Outcome, events: usize, draw: f64) -> Action {
        let attempted = self.attempted.take();
        match outcome {
            // A redirect is not followed and says nothing of the events: whoever caused it can undo it.
            Outcome::Answered { status, retry_after } if !(is_success(status) || is_refusal(status)) => {
                self.failed(now, draw, retry_after, Fate::Return, false, attempted)
            }
            Outcome::NotSent => self.failed(now, draw, None, Fate::Return, false, attempted),
            Outcome::NoAnswer => {
                let fate = match self.settings.policy {
                    AmbiguousPolicy::Retry => Fate::Return,
                    AmbiguousPolicy::Drop => Fate::Drop(DropReason::Ambiguous),
                };
                self.failed(now, draw, None, fate, true, attempted)
            }
            Outcome::Answered { status, .. } => {
                self.backoff.reset();
                self.held_until = None;
                self.spared_until = None;
                // More of what was asked for may be queued.
                if let Some(attempted) = attempted {
                    let newer = self.wanted.unwrap_or(attempted);
                    self.wanted = Some(Demand::merge(Some(attempted), newer));
                }
                let fate = match status {
                    _ if is_success(status) => {
                        self.grow();
                        Fate::Delivered
                    }
                    413 => self.refused_size(now, events),
                    _ => Fate::Drop(DropReason::Rejected),
                };
                Action::Settle { fate, ambiguous: false, failed_flushes: None }
            }
        }
    }

    fn failed(
        &mut self,
        now: Duration,
        draw: f64,
        retry_after: Option<Duration>,
        fate: Fate,
        ambiguous: bool,
        attempted: Option<Demand>,
    ) -> Action {
        let delay = self.backoff.next_delay(draw, retry_after);
        let until = now.saturating_add(delay);
        if let Some(asked) = retry_after {
            let spared = now.saturating_add(asked.min(delay));
            self.spared_until = Some(self.spared_until.map_or(spared, |known| known.max(spared)));
        }
        // A flush may have tried while an earlier answer still holds deliveries back.
        self.held_until = Some(self.held_until.map_or(until, |held| held.max(until)));
        if let Some(release) = self.release.as_mut().filter(|release| release.reason != ReleaseReason::Shutdown) {
            release.reason = ReleaseReason::Timeout;
        }
        Action::Settle { fate, ambiguous, failed_flushes: attempted.map(|demand| demand.ticket.id) }
    }

    fn refused_size(&mut self, now: Duration, events: usize) -> Fate {
        let until = now.saturating_add(SPLIT_MEMORY);
        if events > 1 {
            self.split = Some(Split { events: events / 2, until, growing: false });
            Fate::Return
        } else {
            self.split = Some(Split { events: 1, until, growing: true });
            Fate::Drop(DropReason::TooLarge)
        }
    }

    fn grow(&mut self) {
        self.split = match self.split {
            Some(split) if split.growing => {
                let events = split.events.saturating_mul(2);
                (events < MAX_EVENTS).then_some(Split { events, ..split })
            }
            other => other,
        };
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Whether the endpoint will never accept the request as it is.
fn is_refusal(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 408 | 429)
}

#[cfg(test)]
mod tests;
