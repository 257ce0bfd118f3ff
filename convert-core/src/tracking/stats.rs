//! What became of the events: the counters, and the reports of `flush` and `close`.

use std::fmt;

use super::delivery_error::DeliveryError;
use super::event::{DropReason, EventType};

/// Numbers of events by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventCounts {
    /// Bucketing events.
    pub bucketing: u64,
    /// Conversion events.
    pub conversions: u64,
}

impl EventCounts {
    /// Both kinds together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.bucketing.saturating_add(self.conversions)
    }

    pub(crate) fn add(&mut self, kind: EventType, n: u64) {
        let count = match kind {
            EventType::Bucketing => &mut self.bucketing,
            EventType::Conversion => &mut self.conversions,
        };
        *count = count.saturating_add(n);
    }

    pub(crate) fn remove(&mut self, kind: EventType) {
        let count = match kind {
            EventType::Bucketing => &mut self.bucketing,
            EventType::Conversion => &mut self.conversions,
        };
        *count = count.saturating_sub(1);
    }

    pub(crate) fn add_all(&mut self, other: EventCounts) {
        self.add(EventType::Bucketing, other.bucketing);
        self.add(EventType::Conversion, other.conversions);
    }
}

/// Events given up, by [`DropReason`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// The queue was full; the oldest events went.
    pub queue_full: EventCounts,
    /// The endpoint refused the request.
    pub rejected: EventCounts,
    /// Each event alone was larger than the endpoint, or the queue, accepts.
    pub too_large: EventCounts,
    /// The request got no answer, and the policy for such requests is to drop.
    pub ambiguous: EventCounts,
    /// The core was closed, or its last handle dropped, before delivery.
    pub closed: EventCounts,
}

impl Dropped {
    /// The events dropped for one reason.
    #[must_use]
    pub fn by(&self, reason: DropReason) -> EventCounts {
        match reason {
            DropReason::QueueFull => self.queue_full,
            DropReason::Rejected => self.rejected,
            DropReason::TooLarge => self.too_large,
            DropReason::Ambiguous => self.ambiguous,
            DropReason::Closed => self.closed,
        }
    }

    /// All dropped events.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.each().map(|(_, counts)| counts.total()).fold(0, u64::saturating_add)
    }

    pub(crate) fn by_mut(&mut self, reason: DropReason) -> &mut EventCounts {
        match reason {
            DropReason::QueueFull => &mut self.queue_full,
            DropReason::Rejected => &mut self.rejected,
            DropReason::TooLarge => &mut self.too_large,
            DropReason::Ambiguous => &mut self.ambiguous,
            DropReason::Closed => &mut self.closed,
        }
    }

    pub(crate) fn each(&self) -> impl Iterator<Item = (DropReason, EventCounts)> {
        [
            (DropReason::QueueFull, self.queue_full),
            (DropReason::Rejected, self.rejected),
            (DropReason::TooLarge, self.too_large),
            (DropReason::Ambiguous, self.ambiguous),
            (DropReason::Closed, self.closed),
        ]
        .into_iter()
    }
}

/// A consistent snapshot of the counters.
///
/// At any time, for each kind of event: `accepted` = `delivered` + `pending` + `dropped`, every reason summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Events that were handed to the queue.
    pub accepted: EventCounts,
    /// Events that the endpoint acknowledged with a 2xx status.
    pub delivered: EventCounts,
    /// Events in the queue or in the request under way.
    pub pending: EventCounts,
    /// Events given up.
    pub dropped: Dropped,
    /// Events, each counted once, that were in a request which got no answer though it may have been sent. They are
    /// also among `delivered`, `pending` or `dropped`; only these may have reached the endpoint twice.
    pub ambiguous: EventCounts,
    /// Tracking requests started.
    pub requests: u64,
    /// Rule evaluations that a regular expression's work limit ended with "no match".
    pub regex_limit_reached: u64,
}

/// What became of the events that were pending when `flush` or `close` was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlushReport {
    /// Events that the endpoint acknowledged.
    pub delivered: u64,
    /// Events that were given up; [`Stats::dropped`] has the reasons.
    pub dropped: u64,
    /// Events that are still queued or in flight.
    pub pending: u64,
}

impl FlushReport {
    /// Whether nothing is left to wait for.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.pending == 0
    }
}

impl fmt::Display for FlushReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} delivered, {} dropped, {} pending", self.delivered, self.dropped, self.pending)
    }
}

/// Why a flush ended before every event was settled. Nothing is lost by it: pending events stay queued.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlushError {
    /// The time was up.
    #[non_exhaustive]
    TimedOut {
        /// What was reached until then.
        report: FlushReport,
    },
    /// The attempt failed; the SDK retries on its own.
    #[non_exhaustive]
    Failed {
        /// What was reached until then.
        report: FlushReport,
        /// What went wrong.
        source: DeliveryError,
    },
    /// The SDK's thread is not there: it could not be started, or the transport left it.
    #[non_exhaustive]
    Unavailable {
        /// What was reached until then.
        report: FlushReport,
    },
}

impl FlushError {
    /// What the flush reached before it ended.
    #[must_use]
    pub fn report(&self) -> FlushReport {
        match self {
            Self::TimedOut { report } | Self::Failed { report, .. } | Self::Unavailable { report } => *report,
        }
    }
}

impl fmt::Display for FlushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut { report } => write!(f, "the flush's time was up: {report}; allow more time or flush again"),
            Self::Failed { report, source } => {
                write!(f, "the flush's attempt failed: {source}: {report}; it is retried, or flush again")
            }
            Self::Unavailable { report } => write!(f, "the SDK's background thread is not running: {report}"),
        }
    }
}

impl std::error::Error for FlushError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // It is shown whole, so the chain goes on behind it.
            Self::Failed { source, .. } => source.source(),
            Self::TimedOut { .. } | Self::Unavailable { .. } => None,
        }
    }
}
