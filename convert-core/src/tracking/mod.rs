//! Tracking events: queued by callers, delivered by the SDK's thread.

mod delivery;
mod delivery_error;
mod event;
pub(crate) mod payload;
mod queue;
mod stats;

pub(crate) use delivery::Delivery;
#[cfg(test)]
pub(crate) use delivery::Flushing;
pub use delivery_error::DeliveryError;
pub use event::{DropReason, EventType, ReleaseReason};
pub(crate) use event::{EventKind, TrackingEvent, Transaction};
#[cfg(all(test, convert_model))]
pub(crate) use queue::Pushed;
pub(crate) use queue::{DropNews, Entry, Fate, Limits, Queue, Ticket, View};
pub use stats::{Dropped, EventCounts, FlushError, FlushReport, Stats};
