//! A visitor's context: what a visitor sees, and what is known of the visitor.

#[cfg(feature = "async")]
mod async_context;
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

#[cfg(feature = "async")]
pub use async_context::AsyncContext;
pub use conversion::{ConversionOptions, ConversionOutcome, GoalDataKey};
pub use decision::{Decision, OwnedDecision};
pub use explain::{Explanation, FeatureExplanation, FeatureReason, GoalExplanation, GoalReason};
pub use feature::{Feature, FeatureDelivery, FeatureStatus, VariableError};
pub use options::{CallOptions, ContextOptions};
pub(crate) use preview::load_preview;
pub use preview::{Preview, PreviewOutcome};
pub use segments::SegmentError;
pub use sync::Context;
