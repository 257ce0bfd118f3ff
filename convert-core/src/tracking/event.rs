//! The events that are queued and sent.

use std::fmt;
use std::sync::Arc;

use crate::attributes::{AttributeValue, Attributes};
use crate::text::Text;

/// The kind of a tracking event, as the wire names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventType {
    /// A visitor was bucketed into a variation.
    Bucketing,
    /// A visitor reached a goal.
    Conversion,
}

/// Why a batch of events was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReleaseReason {
    /// The batch size was reached, or the queue was half full before that.
    Size,
    /// `flush` was called.
    Explicit,
    /// The periodic flush, or a retry after a failure, came due.
    Timeout,
    /// The process exits.
    Exit,
    /// `close` was called.
    Shutdown,
}

/// In one word, such as `size`.
impl fmt::Display for ReleaseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Size => "size",
            Self::Explicit => "explicit",
            Self::Timeout => "timeout",
            Self::Exit => "exit",
            Self::Shutdown => "shutdown",
        })
    }
}

/// Why an event was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// The queue was full; the oldest event went.
    QueueFull,
    /// The endpoint refused the request (a 4xx other than 408, 413 and 429).
    Rejected,
    /// The event alone is larger than the endpoint accepts (413).
    TooLarge,
    /// The request got no answer and the policy for such requests is to drop.
    Ambiguous,
    /// The core was closed, or its last handle dropped, before the event was delivered.
    Closed,
}

/// One event, as queued. Cheap to clone: ids are inline, the rest is shared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TrackingEvent {
    pub(crate) visitor: Arc<str>,
    /// The visitor's report segments, already filtered; `None` when there are none.
    pub(crate) segments: Option<Arc<Attributes>>,
    pub(crate) kind: EventKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum EventKind {
    Bucketing {
        experience_id: Text,
        variation_id: Text,
    },
    Conversion {
        goal_id: Text,
        /// The second event of a conversion with goal data.
        transaction: Option<Arc<Transaction>>,
        /// Every stored decision of the visitor, experience id to variation id; `None` when there are none.
        bucketing: Option<Arc<[(Text, Text)]>>,
    },
}

/// The goal data of a transaction, in the caller's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Transaction {
    pub(crate) goal_data: Vec<(Text, AttributeValue)>,
}

impl TrackingEvent {
    pub(crate) fn event_type(&self) -> EventType {
        match self.kind {
            EventKind::Bucketing { .. } => EventType::Bucketing,
            EventKind::Conversion { .. } => EventType::Conversion,
        }
    }
}
