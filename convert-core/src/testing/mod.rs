//! The test kit.

mod collector;
mod config_builder;
mod jitter;
mod manual_clock;
mod recording;
mod rules_builder;
mod stores;

pub use collector::{CollectedEvent, CollectedRequest, Collector, Fault, Route};
pub use config_builder::{ConfigBuilder, EntityBuilder, ExperienceBuilder, FeatureBuilder, VariationBuilder};
pub use jitter::FixedJitter;
pub use manual_clock::ManualClock;
pub use recording::{Answer, RecordingTransport};
pub use rules_builder::{Rule, Rules};
pub use stores::{BrokenPromise, check_data_store, check_unknown_members};
