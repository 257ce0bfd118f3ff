//! Tracking events: queued by callers, delivered by the SDK's thread.

mod event;

pub use event::{DropReason, EventType, ReleaseReason};
pub(crate) use event::{EventKind, TrackingEvent, Transaction};
