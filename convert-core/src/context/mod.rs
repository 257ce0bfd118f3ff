//! A visitor's context: what a visitor sees, and what is known of the visitor.

mod conversion;
mod decision;
mod explain;
mod feature;
mod inner;
mod operations;
mod options;
mod preview;
mod segments;
mod sync;
mod view;

pub use conversion::{ConversionOptions, ConversionOutcome, GoalDataKey};
pub use decision::{Decision, OwnedDecision};
pub use explain::{Explanation, FeatureExplanation, FeatureReason, GoalReason};
pub use feature::{Feature, FeatureDelivery, FeatureStatus, VariableError};
pub use options::{CallOptions, ContextOptions};
pub use preview::{Preview, PreviewOutcome};
pub use segments::SegmentError;
pub use sync::Context;
