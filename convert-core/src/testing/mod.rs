//! The test kit.

mod collector;
mod jitter;
mod manual_clock;
mod recording;

pub use collector::{CollectedEvent, CollectedRequest, Collector, Fault, Route};
pub use jitter::FixedJitter;
pub use manual_clock::ManualClock;
pub use recording::{Answer, RecordingTransport};
