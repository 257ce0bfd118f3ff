//! The test kit.

mod collector;

pub use collector::{CollectedEvent, CollectedRequest, Collector, Fault, Route};
