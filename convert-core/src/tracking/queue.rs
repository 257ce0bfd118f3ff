//! The bounded queue between the callers and the delivery, and the counters that always add up.
//!
//! One lock guards all of it, so that a snapshot is consistent. Std only, generic over the event, without clock or logs:
//! its concurrency is checked on a model.

mod untold;

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::time::Duration;

pub(crate) use self::untold::DropNews;
use self::untold::Untold;
use super::event::{DropReason, EventType};
use super::stats::{EventCounts, FlushReport, Stats};
use crate::sync::{Mutex, MutexGuard};

/// An empty queue keeps room for this many events; what a backlog needed beyond it is given back.
const KEPT_ROOM: usize = 1_024;

/// What one queue holds at most, the batch in flight included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

impl Limits {
    fn are_half_used(self, events: usize, bytes: usize) -> bool {
        events > self.events / 2 || bytes > self.bytes / 2
    }
}

/// A queued event.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    pub(crate) event: T,
    kind: EventType,
    /// The place in the order of acceptance.
    seq: u64,
    bytes: u32,
    /// Whether it was in a request that got no answer.
    ambiguous: bool,
}

/// What a push asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Pushed {
    Quiet,
    /// The worker must look.
    Wake,
    /// The event came after the close and was dropped.
    Late,
}

/// What becomes of a batch whose request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Delivered,
    /// Back to the front.
    Return,
    Drop(DropReason),
}

/// What the worker decides by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// Events queued, not counting a batch in flight.
    pub(crate) queued: usize,
    /// The oldest queued event's place; with an empty queue, the next one's.
    pub(crate) oldest: u64,
    /// The next accepted event's place.
    pub(crate) next: u64,
    /// When the first event since the last release was queued; kept only where pushes are stamped.
    pub(crate) since: Option<Duration>,
    /// More than half of what the queue may hold is there.
    pub(crate) half_full: bool,
}

/// A flush's claim on the events that were pending at its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) id: u64,
    /// The events before this place are meant.
    pub(crate) upto: u64,
}

#[derive(Debug)]
struct Claim {
    ticket: Ticket,
    claimed: u64,
    delivered: u64,
    in_flight: u64,
}

#[derive(Debug, Default)]
struct InFlight {
    events: u64,
    bytes: usize,
    counts: EventCounts,
    /// Those not yet counted as ambiguous.
    unmarked: EventCounts,
}

#[derive(Debug)]
struct Inner<T> {
    ring: VecDeque<Entry<T>>,
    /// Of queued and in-flight events.
    bytes: usize,
    next_seq: u64,
    wake_at: usize,
    since: Option<Duration>,
    closed: bool,
    in_flight: Option<InFlight>,
    claims: Vec<Claim>,
    next_claim: u64,
    stats: Stats,
    untold: Untold,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    limits: Limits,
    inner: Mutex<Inner<T>>,
}

impl<T> Queue<T> {
    /// An empty queue whose first wake-up comes at `wake_at` queued events.
    pub(crate) fn new(limits: Limits, wake_at: usize) -> Self {
        Self {
            limits,
            inner: Mutex::new(Inner {
                ring: VecDeque::new(),
                bytes: 0,
                next_seq: 0,
                wake_at,
                since: None,
                closed: false,
                in_flight: None,
                claims: Vec::new(),
                next_claim: 0,
                stats: Stats::default(),
                untold: Untold::default(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts an event. `bytes` bounds its size on the wire; `now` stamps it where a periodic release is wanted.
    pub(crate) fn push(&self, event: T, kind: EventType, bytes: u32, now: Option<Duration>) -> Pushed {
        let size = bytes as usize;
        let mut inner = self.lock();
        inner.stats.accepted.add(kind, 1);
        if inner.closed {
            inner.stats.dropped.closed.add(kind, 1);
            inner.untold.late(kind);
            return Pushed::Late;
        }
        if size > self.limits.bytes {
            inner.drop_one(DropReason::TooLarge, kind);
            return Pushed::Wake;
        }
        let was_half_full = inner.is_half_full(self.limits);
        let mut begins_to_drop = false;
        while inner.pending() >= self.limits.events || inner.bytes.saturating_add(size) > self.limits.bytes {
            let oldest = inner.ring.pop_front();
            if let Some(oldest) = &oldest {
                inner.bytes = inner.bytes.saturating_sub(oldest.bytes as usize);
                inner.stats.pending.remove(oldest.kind);
            }
            let dropped = oldest.as_ref().map_or(kind, |oldest| oldest.kind);
            inner.stats.dropped.queue_full.add(dropped, 1);
            begins_to_drop |= inner.untold.evicted(dropped);
            if oldest.is_none() {
                // Everything else is in flight: the new event is the oldest one that can go.
                return if begins_to_drop { Pushed::Wake } else { Pushed::Quiet };
            }
        }
        let seq = inner.next_seq;
        inner.next_seq = seq.saturating_add(1);
        inner.bytes = inner.bytes.saturating_add(size);
        inner.stats.pending.add(kind, 1);
        if inner.since.is_none() {
            inner.since = now;
        }
        inner.ring.push_back(Entry { event, kind, seq, bytes, ambiguous: false });
        let batch_is_full = inner.ring.len() >= inner.wake_at;
        if batch_is_full {
            inner.wake_at = usize::MAX;
        }
        let fills_up = !was_half_full && inner.is_half_full(self.limits);
        if batch_is_full || fills_up || begins_to_drop { Pushed::Wake } else { Pushed::Quiet }
    }

    /// What there is to decide by.
    pub(crate) fn view(&self) -> View {
        let inner = self.lock();
        View {
            queued: inner.ring.len(),
            oldest: inner.ring.front().map_or(inner.next_seq, |entry| entry.seq),
            next: inner.next_seq,
            since: inner.since,
            half_full: inner.is_half_full(self.limits),
        }
    }

    /// Asks for a wake-up at `wake_at` queued events. False when there are as many already.
    pub(crate) fn arm(&self, wake_at: usize) -> bool {
        let mut inner = self.lock();
        if inner.ring.len() >= wake_at {
            return false;
        }
        inner.wake_at = wake_at;
        true
    }

    /// Moves the oldest events into `batch`, at least one if there is any; they stay pending, now in flight.
    pub(crate) fn take(&self, max_events: usize, max_bytes: usize, batch: &mut Vec<Entry<T>>) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let mut flight = InFlight::default();
        while let Some(entry) = inner.ring.front() {
            let bytes = flight.bytes.saturating_add(entry.bytes as usize);
            if !batch.is_empty() && (batch.len() >= max_events || bytes > max_bytes) {
                break;
            }
            let Some(entry) = inner.ring.pop_front() else { break };
            flight.events = flight.events.saturating_add(1);
            flight.bytes = bytes;
            flight.counts.add(entry.kind, 1);
            if !entry.ambiguous {
                flight.unmarked.add(entry.kind, 1);
            }
            for claim in inner.claims.iter_mut().filter(|claim| entry.seq < claim.ticket.upto) {
                claim.in_flight = claim.in_flight.saturating_add(1);
            }
            batch.push(entry);
        }
        if !batch.is_empty() {
            if inner.ring.is_empty() {
                inner.since = None;
            }
            inner.wake_at = usize::MAX;
            inner.in_flight = Some(flight);
            inner.stats.requests = inner.stats.requests.saturating_add(1);
        }
    }

    /// Accounts for the batch in flight and empties `batch`. A batch that was abandoned meanwhile is let go.
    pub(crate) fn settle(&self, batch: &mut Vec<Entry<T>>, fate: Fate, ambiguous: bool) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let Some(flight) = inner.in_flight.take() else {
            batch.clear();
            return;
        };
        if ambiguous {
            inner.stats.ambiguous.add_all(flight.unmarked);
        }
        for claim in &mut inner.claims {
            let settled = std::mem::take(&mut claim.in_flight);
            if fate == Fate::Delivered {
                claim.delivered = claim.delivered.saturating_add(settled);
            }
        }
        if fate == Fate::Return {
            for mut entry in batch.drain(..).rev() {
                entry.ambiguous |= ambiguous;
                inner.ring.push_front(entry);
            }
            return;
        }
        inner.bytes = inner.bytes.saturating_sub(flight.bytes);
        inner.unpend(flight.counts);
        match fate {
            Fate::Drop(reason) => inner.drop_all(reason, flight.counts),
            Fate::Delivered | Fate::Return => inner.stats.delivered.add_all(flight.counts),
        }
        batch.clear();
        if inner.ring.is_empty() && inner.ring.capacity() > KEPT_ROOM {
            inner.ring = VecDeque::new();
        }
        if !inner.is_half_full(self.limits) {
            inner.untold.end_episode();
        }
    }

    /// Accepts no more events: later ones count as dropped.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    /// Gives up everything pending, the batch in flight included, and accepts no more. Answers what was lost.
    pub(crate) fn abandon(&self) -> EventCounts {
        let mut guard = self.lock();
        let inner = &mut *guard;
        inner.closed = true;
        if let Some(flight) = inner.in_flight.take() {
            inner.stats.ambiguous.add_all(flight.unmarked);
        }
        for claim in &mut inner.claims {
            claim.in_flight = 0;
        }
        let lost = std::mem::take(&mut inner.stats.pending);
        inner.drop_all(DropReason::Closed, lost);
        inner.bytes = 0;
        inner.untold.end_episode();
        let ring = std::mem::take(&mut inner.ring);
        // Freed without the lock: a full queue takes a while.
        drop(guard);
        drop(ring);
        lost
    }

    /// What there is to tell of dropped events since the last call, those that came late aside.
    pub(crate) fn take_news(&self) -> DropNews {
        self.lock().untold.take()
    }

    /// Lets the next news hold the events that came after the close, too.
    pub(crate) fn release_late(&self) {
        self.lock().untold.release_late();
    }

    /// Claims what is pending now; `None` when nothing is.
    pub(crate) fn claim(&self) -> Option<Ticket> {
        let mut inner = self.lock();
        let claimed = inner.stats.pending.total();
        if claimed == 0 {
            return None;
        }
        let ticket = Ticket { id: inner.next_claim, upto: inner.next_seq };
        inner.next_claim = ticket.id.saturating_add(1);
        let in_flight = inner.in_flight.as_ref().map_or(0, |flight| flight.events);
        inner.claims.push(Claim { ticket, claimed, delivered: 0, in_flight });
        Some(ticket)
    }

    /// What became of the claimed events so far.
    pub(crate) fn report(&self, ticket: Ticket) -> FlushReport {
        let inner = self.lock();
        let found = inner.claims.iter().find(|claim| claim.ticket == ticket);
        found.map(|claim| inner.report(claim)).unwrap_or_default()
    }

    /// Ends a claim with its last report; `None` where somebody else has ended it, who has the report.
    pub(crate) fn end_claim(&self, ticket: Ticket) -> Option<FlushReport> {
        let mut inner = self.lock();
        let at = inner.claims.iter().position(|claim| claim.ticket == ticket)?;
        let claim = inner.claims.swap_remove(at);
        Some(inner.report(&claim))
    }

    /// The counters.
    pub(crate) fn stats(&self) -> Stats {
        self.lock().stats
    }
}

impl<T> Inner<T> {
    fn pending(&self) -> usize {
        let in_flight = self.in_flight.as_ref().map_or(0, |flight| flight.events);
        self.ring.len().saturating_add(usize::try_from(in_flight).unwrap_or(usize::MAX))
    }

    fn is_half_full(&self, limits: Limits) -> bool {
        limits.are_half_used(self.pending(), self.bytes)
    }

    fn drop_one(&mut self, reason: DropReason, kind: EventType) {
        let mut counts = EventCounts::default();
        counts.add(kind, 1);
        self.drop_all(reason, counts);
    }

    fn drop_all(&mut self, reason: DropReason, counts: EventCounts) {
        self.stats.dropped.by_mut(reason).add_all(counts);
        self.untold.add(reason, counts);
    }

    fn unpend(&mut self, counts: EventCounts) {
        let pending = &mut self.stats.pending;
        pending.bucketing = pending.bucketing.saturating_sub(counts.bucketing);
        pending.conversions = pending.conversions.saturating_sub(counts.conversions);
    }

    fn report(&self, claim: &Claim) -> FlushReport {
        let queued = self.ring.partition_point(|entry| entry.seq < claim.ticket.upto) as u64;
        let pending = queued.saturating_add(claim.in_flight);
        let dropped = claim.claimed.saturating_sub(claim.delivered).saturating_sub(pending);
        FlushReport { delivered: claim.delivered, dropped, pending }
    }
}

#[cfg(test)]
mod tests;
